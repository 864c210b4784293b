"""An engine that hears nothing: rules say which transcript a job has, after which delay, or why it is rejected."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path, PurePosixPath
from typing import Any, Self

from speechmatics._documents import content_of
from speechmatics.exceptions import InvalidInputError, SpeechmaticsError
from speechmatics.local.engine import Recognition
from speechmatics.local.jobs import Job
from speechmatics.local.rules import read_rule, rules_in
from speechmatics.local.words import to_results
from speechmatics.local.worker import transcript_of
from speechmatics.models.transcript import Transcript

__all__ = ["ScriptedEngine", "ScriptedRule", "name_of"]

SECONDS_PER_WORD = 0.4
"""How long a word of a rule's `text` lasts."""
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedRule:
    """Which jobs it is about, and what becomes of them: exactly one of `transcript`, `text` and `reject`.

    Attributes:
        name: File name of the audio, without folders, or of the URL to fetch; `*`, `?` and `[...]` as in the names of
            files. None for any.
        sha256: SHA-256 of the audio, as `sha256sum` prints it; None for any.
        transcript: A json-v2 transcript, or the path of its file. The job that it came from is replaced by the one
            that was asked for.
        text: What was said; the transcript is made from it, with 0.4 s a word.
        reject: Why the job is rejected.
        delay: Seconds from the submission to the end of the job.
        times: To how many jobs of a server it applies at most, or None for all.

    Raises:
        InvalidInputError: A value is out of its range, or what becomes of the job is said twice or not at all.
    """

    name: str | None = None
    sha256: str | None = None
    transcript: Transcript | Mapping[str, Any] | str | Path | None = field(default=None, repr=False, hash=False)
    text: str | None = field(default=None, repr=False)
    reject: str | None = None
    delay: float = 0
    times: int | None = None

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise InvalidInputError(f"{self}: {problem}")

    def _problems(self) -> Iterator[str]:
        given = [name for name in ("transcript", "text", "reject") if getattr(self, name) is not None]
        if len(given) != 1:
            yield f"one of transcript, text and reject is needed, not {' and '.join(given) or 'none'}"
        if self.sha256 is not None and not _DIGEST.fullmatch(self.sha256):
            yield f"sha256 is {self.sha256!r}; it is 64 hexadecimal digits in lower case"
        if not 0 <= self.delay < math.inf:
            yield f"delay is {self.delay}; it is 0 or more"
        if self.times is not None and self.times < 1:
            yield f"times is {self.times}; it is 1 or more"

    def __str__(self) -> str:
        about = [f"{key} {value!r}" for key, value in (("name", self.name), ("sha256", self.sha256)) if value]
        return f"rule for {' and '.join(about) or 'any job'}"

    def fits(self, file_name: str, digest: Callable[[], str]) -> bool:
        """Whether the rule is about a job; the SHA-256 of its audio is computed only where it is needed."""
        if self.name is not None and not fnmatchcase(file_name, self.name):
            return False
        return self.sha256 is None or self.sha256 == digest()


class ScriptedEngine:
    """In place of a speech engine, for tests: the first rule that fits a job says what becomes of it.

    Whatever the service would take is accepted then, in any language, with any add-on and with fields that this
    package does not know. A job that no rule fits is rejected. Nothing is fetched, and nobody is notified.

    Example:
        >>> engine = ScriptedEngine([ScriptedRule(name="bad*.wav", reject="no speech"), ScriptedRule(text="Hello.")])
        >>> server = LocalServer(engine=engine)

    Args:
        rules: What becomes of jobs.

    Raises:
        InvalidInputError: A transcript cannot be read, or is none.
    """

    def __init__(self, rules: Iterable[ScriptedRule]) -> None:
        self.rules = tuple(rules)
        self._transcripts = [_read_transcript(rule) for rule in self.rules]

    @classmethod
    def from_path(cls, path: str | Path) -> Self:
        """An engine from a folder of transcripts, or from a file of rules.

        In a folder, `call.json` (json-v2) or `call.txt` (what was said) is for audio with the name `call`, or `call`
        with any suffix, and `call.wav.json` for `call.wav` alone; one whose name is a SHA-256 is for that audio
        whatever its name. Others are passed over. A TOML or JSON file has rules under `scripted`, with the fields of
        `ScriptedRule`; paths in it begin at its folder. Both are read once.

        Raises:
            InvalidInputError: It cannot be read, or something in it is wrong; the message names it.
        """
        path = Path(path).expanduser()
        return cls(_folder_rules(path) if path.is_dir() else _file_rules(path))

    def transcript_for(self, rule: int, job: Job) -> dict[str, Any]:
        """The transcript that a rule, by its number from 0, gives to a job."""
        transcript = self._transcripts[rule]
        if transcript is None:
            return _spoken(self.rules[rule].text or "", job)
        document = transcript.to_dict()
        around = transcript_of(job, Recognition(_duration(transcript), []))
        origin = transcript.job.to_dict() if transcript.job else {}
        origin.pop("tracking", None)
        return {**around, **document, "job": {**origin, **around["job"]}}


def _read_transcript(rule: ScriptedRule) -> Transcript | None:
    given = rule.transcript
    if given is None or isinstance(given, Transcript):
        return given
    try:
        if isinstance(given, str | Path):
            return Transcript.from_file(given)
        return Transcript.from_json(json.dumps(dict(given)))
    except (SpeechmaticsError, TypeError, ValueError) as error:
        raise InvalidInputError(f"{rule}: {error}") from None


def _duration(transcript: Transcript) -> float:
    """Seconds of audio: what the transcript says, or until the end of its last result."""
    if transcript.job is not None and transcript.job.duration is not None:
        return transcript.job.duration
    return math.ceil(max((result.end_time or 0 for result in transcript.results), default=0))


@dataclass(frozen=True, slots=True)
class _Word:
    word: str
    start: float
    end: float
    probability: float = 1.0


def _spoken(text: str, job: Job) -> dict[str, Any]:
    words = [
        _Word(f" {word}", number * SECONDS_PER_WORD, (number + 1) * SECONDS_PER_WORD)
        for number, word in enumerate(text.split())
    ]
    duration = math.ceil(len(words) * SECONDS_PER_WORD)
    results = list(to_results(words, duration))
    transcript = transcript_of(job, Recognition(duration, results))
    language = job.config["transcription_config"]["language"]
    if language not in ("en", "auto", "multi"):
        del transcript["metadata"]["language_pack_info"]
        for result in results:
            result["alternatives"][0]["language"] = language
    return transcript


def _folder_rules(folder: Path) -> Iterator[ScriptedRule]:
    """Digests first, then whole names, then names without their suffixes, the longest first."""
    files: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix in (".json", ".txt") and file.is_file():
            if file.stem in files:
                raise InvalidInputError(f"{files[file.stem]} and {file.name} are for the same audio")
            files[file.stem] = file
    if not files:
        raise InvalidInputError(f"there is no transcript (*.json, *.txt) in {folder}")
    names = sorted((name for name in files if not _DIGEST.fullmatch(name)), key=len, reverse=True)
    for name, file in files.items():
        if _DIGEST.fullmatch(name):
            yield ScriptedRule(sha256=name, **_content(file))
    for pattern in ("{}", "{}.*"):
        for name in names:
            yield ScriptedRule(name=pattern.format(escape(name)), **_content(files[name]))


def _content(file: Path) -> dict[str, Any]:
    if file.suffix == ".json":
        return {"transcript": file}
    try:
        return {"text": content_of(file).decode("utf-8-sig")}
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"cannot read {file}: {error}") from None


def _file_rules(file: Path) -> Iterator[ScriptedRule]:
    for number, data in enumerate(rules_in(file, "scripted"), 1):
        given = data.get("transcript")
        if isinstance(given, str):
            data = {**data, "transcript": file.parent / Path(given).expanduser()}
        yield read_rule(ScriptedRule, data, f"{file}, rule {number} of scripted")


def name_of(data_name: str) -> str:
    """A file name without folders, whatever the system that it comes from."""
    return PurePosixPath(data_name.replace("\\", "/")).name
