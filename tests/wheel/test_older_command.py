"""`speechmatics batch` beside the command of the older package: the same lines, the same requests, the same output."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from speechmatics import BatchClient
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from tests.wheel.test_other_clients import OLDER, environment

LINES = [
    "transcribe a.wav",
    "transcribe a.wav b.wav --lang en",
    "transcribe --language de --output-format txt a.wav",
    "transcribe --lang en --output-format json a.wav",
    "transcribe --lang en --output-format json-v2 a.wav",
    "transcribe --lang en --output-format srt a.wav",
    "transcribe --lang en bad.wav",
    "transcribe --lang en a.wav missing.wav",
    "transcribe --lang en --generate-temp-token a.wav",
    "transcribe --lang en --ssl-mode insecure a.wav",
    "transcribe --lang en --ssl-mode regular --profile work a.wav",
    "transcribe --config-file config.json a.wav",
    "transcribe --config-file config.json --lang es --domain finance a.wav",
    "submit a.wav b.wav --lang en",
    "submit --lang en --operating-point enhanced a.wav",
    "submit --lang en --operating-point standard --output-locale en-GB a.wav",
    "submit --lang en --diarization none a.wav",
    "submit --lang en --diarization speaker a.wav",
    "submit --lang en --diarization speaker --speaker-diarization-sensitivity 0.7 a.wav",
    "submit --lang en --diarization speaker --speaker-diarization-prefer-current-speaker a.wav",
    "submit --lang en --speaker-diarization-sensitivity 0.7 a.wav",
    "submit --lang en --diarization channel a.wav",
    "submit --lang en a.wav --diarization channel --channel-diarization-labels left right",
    "submit --lang en --enable-entities --remove-disfluencies --volume-threshold 3.4 a.wav",
    "submit --lang en a.wav --additional-vocab gnocchi:nokey,nochi Speechmatics",
    "submit --lang en --additional-vocab-file vocab.json a.wav",
    "submit --lang en a.wav --additional-vocab-file vocab.json --additional-vocab more",
    "submit --lang en a.wav --replacement-words from:to /[0-9]+/:number",
    "submit --lang en --replacement-words-file words.json a.wav",
    "submit --lang en --punctuation-permitted-marks '. , ?' a.wav",
    "submit --lang auto --langid-langs en,de a.wav",
    "submit --lang en --translation-langs de,fr a.wav",
    "submit --lang en --translation-languages de a.wav",
    "submit --config-file all.json --summarize a.wav",
    "submit --config-file all.json --summarize --summary-type bullets --summary-length brief a.wav",
    "submit --config-file all.json --summarize --summary-content-type auto a.wav",
    "submit --config-file all.json --sentiment-analysis --translation-langs fr a.wav",
    "submit --config-file all.json --speaker-diarization-prefer-current-speaker a.wav",
    "submit --config-file all.json --speaker-diarization-sensitivity 0.7 a.wav",
    "submit --config-file all.json a.wav --additional-vocab two three:tree",
    "submit --config-file all.json a.wav --additional-vocab-file vocab.json",
    "transcribe --config-file all.json --audio-events --event-types laughter a.wav",
    "transcribe --config-file all.json --audio-events a.wav",
    "submit --lang en --sentiment-analysis --detect-chapters a.wav",
    "submit --lang en --topics sports a.wav",
    "transcribe --lang en --audio-events a.wav",
    "transcribe --lang en --audio-events --event-types laughter,music a.wav",
    "transcribe --lang en --event-types laughter a.wav",
    "submit --lang en --operating-point best a.wav",
    "submit --lang en --no-such-option a.wav",
    "submit --lang en",
    "list-jobs",
    "job-status --job-id JOB",
    "job-status --job-id nothing",
    "job-status",
    "get-results --job-id JOB",
    "get-results --job-id JOB --output-format json-v2",
    "get-results --job-id JOB --output-format srt",
    "get-results --job-id nothing",
    "delete --job-id JOB",
    "delete --job-id JOB --force",
    "delete --job-id nothing",
]


OURS_ALONE: dict[str, dict[str, Any]] = {
    "submit --lang en --summarize --summary-type bullets a.wav": {
        "summarization_config": {"summary_type": "bullets"},
    },
    "submit --lang en --detect-topics --topics sports,politics a.wav": {
        "topic_detection_config": {"topics": ["sports", "politics"]},
    },
    "submit --lang en --audio-events a.wav": {"audio_events_config": {}},
    "submit --lang en --multichannel agent,caller a.wav": {
        "transcription_config": {
            "language": "en",
            "diarization": "channel",
            "channel_diarization_labels": ["agent", "caller"],
        },
    },
}
"""Lines at which the older command fails: without a configuration file it does not read two of its options, has not all
in `submit`, and sends labels of channels without asking for channels."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a command did: its exit code, what it printed, without ids and times, and the configurations it sent."""

    code: int
    output: str
    configs: list[dict[str, Any]]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """A server of scripted jobs, which asks for a token and makes temporary ones."""
    rules = [ScriptedRule(name="bad.wav", reject="no speech was found"), ScriptedRule(text="Hello world.")]
    with LocalServer(engine=ScriptedEngine(rules), token="the-token") as running:
        yield running


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The older command and ours, each in an environment of its own."""
    older = environment(tmp_path_factory.mktemp("older") / "venv", OLDER)
    ours = environment(tmp_path_factory.mktemp("ours") / "venv", f"{wheel}[cli]")
    return older / "speechmatics", ours / "speechmatics"


@pytest.fixture(scope="module")
def folder(server: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the lines name, and a home whose profiles reach the server."""
    folder = tmp_path_factory.mktemp("calls")
    for name in ("a.wav", "b.wav", "bad.wav"):
        (folder / name).write_bytes(name.encode())
    profile = f'batch_url = "{server.url}"\nmp_url = "{server.url.removesuffix("/v2")}"\nauth_token = "the-token"\n'
    (folder / ".speechmatics").mkdir()
    (folder / ".speechmatics" / "config").write_text(f"[default]\n{profile}[work]\n{profile}")
    (folder / ".speechmatics" / "config").chmod(0o600)
    for name, content in {
        "config.json": {
            "type": "transcription",
            "transcription_config": {"language": "fr", "diarization": "speaker", "enable_entities": True},
        },
        "all.json": {
            "type": "transcription",
            "transcription_config": {
                "language": "en",
                "diarization": "speaker",
                "speaker_diarization_config": {"speaker_sensitivity": 0.3},
                "additional_vocab": ["one"],
            },
            "summarization_config": {"content_type": "auto"},
            "audio_events_config": {"types": ["music"]},
            "translation_config": {"target_languages": ["de"]},
        },
        "vocab.json": ["one", {"content": "two", "sounds_like": ["too"]}],
        "words.json": [{"from": "a", "to": "b"}],
    }.items():
        (folder / name).write_text(json.dumps(content))
    return folder


def see(program: Path, line: str, server: LocalServer, folder: Path) -> Seen:
    """Runs a line, with a job of its own where it names one."""
    with BatchClient(server.connection_settings) as client:
        if "JOB" in line:
            config = {"type": "transcription", "transcription_config": {"language": "en"}}
            job_id = client.submit_job(("a.wav", b"a.wav"), config)
            client.wait_for_completion(job_id)
            line = line.replace("JOB", job_id)
        before = len(server.requests)
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SPEECHMATICS"))}
        done = subprocess.run(
            [program, "batch", *shlex.split(line)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=folder,
            env=environ | {"HOME": str(folder)},
            check=False,
        )
        output = done.stdout
        for job in client.iter_jobs(include_deleted=True):
            output = output.replace(job["id"], "JOB")
    configs = [comparable(request.config) for request in server.requests[before:] if request.config]
    return Seen(done.returncode, masked(output), configs)


def masked(text: str) -> str:
    """Without times and ids of submissions, which only our jobs have."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r', "tracking": {"details": {"submission_id": "sm-typed-[0-9a-f]{32}"}}', "", text)
    return re.sub(r"sm-typed-[0-9a-f]{32}", "ID", text)


def comparable(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without what says nothing: ours leaves it out, and writes each word of the vocabulary alike."""
    sent: dict[str, Any] = json.loads(json.dumps(config))
    sent.pop("tracking", None)
    if summary := sent.get("summarization_config"):
        # The older command always says what is usual.
        sent["summarization_config"] = {
            "content_type": "auto",
            "summary_length": "brief",
            "summary_type": "bullets",
        } | summary
    if sent.get("translation_config", {}).get("enable_partials") is False:
        del sent["translation_config"]["enable_partials"]  # of real time
    asked = sent["transcription_config"]
    if asked.get("speaker_diarization_config") == {}:
        del asked["speaker_diarization_config"]
    if words := asked.get("additional_vocab"):
        asked["additional_vocab"] = [word if isinstance(word, dict) else {"content": word} for word in words]
    return sent


@pytest.mark.parametrize("line", LINES)
def test_a_line_does_the_same(line: str, programs: tuple[Path, Path], server: LocalServer, folder: Path) -> None:
    """Prints, sends and ends alike; what standard error says is in words of our own."""
    older, ours = (see(program, line, server, folder) for program in programs)
    assert ours == older


@pytest.mark.parametrize("line", OURS_ALONE)
def test_a_line_at_which_the_older_one_fails(
    line: str, programs: tuple[Path, Path], server: LocalServer, folder: Path
) -> None:
    """It does what the help of the older one says of it."""
    older, ours = (see(program, line, server, folder) for program in programs)
    assert older.code in (1, 2)
    assert ours.code == 0
    usual: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
    assert ours.configs == [comparable(usual | OURS_ALONE[line])]
