"""What a speech engine is: it makes json-v2 results of audio; what it cannot do is refused."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from speechmatics.exceptions import MissingExtraError
from speechmatics.models.config import JobConfig
from speechmatics.models.recognition import TranscriptionConfig

__all__ = [
    "ENGLISH",
    "WITHOUT_SPACES",
    "Engine",
    "Recognition",
    "UnreadableAudio",
    "language_pack",
    "refusals",
    "require_extra",
]

ENGLISH = frozenset({"en"})
"""What an engine knows unless it says otherwise."""
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ps", "sd", "ur", "yi"})
WITHOUT_SPACES = frozenset({"cmn", "ja", "lo", "my", "th", "yue"})
"""Languages that put no spaces between words."""


class UnreadableAudio(Exception):
    """The audio cannot be decoded; the text says why."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """What an engine heard.

    Attributes:
        duration: Length of the audio in seconds.
        results: json-v2 results in order.
        language: The language that was spoken, as the API names it.
        is_identified: Whether the language was found out by the engine.
    """

    duration: float
    results: list[dict[str, Any]]
    language: str = "en"
    is_identified: bool = False


class Engine(Protocol):
    """Turns audio into results."""

    def transcribe(self, audio: Path, config: JobConfig) -> Recognition:
        """Recognises the speech of a file.

        Raises:
            UnreadableAudio: It cannot be decoded.
        """
        ...


def language_pack(language: str) -> dict[str, Any]:
    """What a transcript says of its language."""
    return {
        "language_description": "English" if language == "en" else language,
        "word_delimiter": "" if language in WITHOUT_SPACES else " ",
        "writing_direction": "right-to-left" if language in _RIGHT_TO_LEFT else "left-to-right",
        "itn": False,
        "adapted": False,
    }


def refusals(config: JobConfig, languages: Collection[str] = ENGLISH) -> Iterator[str]:
    """What a configuration asks for that an engine of these languages cannot do, each with the reason."""
    asked = config.transcription_config or TranscriptionConfig(language="en")
    if len(languages) == 1 and asked.language.split("-")[0] not in languages:
        yield f"language {asked.language!r}: this server knows English (en) only"
    elif len(languages) > 1 and asked.language.split("-")[0] not in {*languages, "auto"}:
        yield f"language {asked.language!r}: this server knows auto and {', '.join(sorted(languages))}"
    if config.language_identification_config is not None and len(languages) == 1:
        yield "language_identification_config: this server knows one language"
    for name in (
        "translation_config",
        "summarization_config",
        "sentiment_analysis_config",
        "topic_detection_config",
        "auto_chapters_config",
        "audio_events_config",
        "fetch_text",
    ):
        if getattr(config, name) is not None:
            yield f"{name}: this server does not do that"
    if asked.diarization not in (None, "none", "channel"):
        yield f"diarization {asked.diarization!r}: this server tells channels apart, but not speakers"
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
