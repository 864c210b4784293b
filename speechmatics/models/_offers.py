"""What a configuration asks for that the service is not known to offer, refuses, or drops without a word."""

from collections.abc import Iterator
from typing import NamedTuple

from speechmatics._names import did_you_mean
from speechmatics.models.catalogue import (
    DOMAINS,
    LANGUAGES,
    LOCALES,
    NEVER_IDENTIFIED,
    PACKS,
    language_meant,
    translates,
)
from speechmatics.models.config import JobConfig
from speechmatics.models.discovery import Features
from speechmatics.models.recognition import TranscriptionConfig

__all__ = ["NotOffered", "not_offered"]

MAX_WORDS, MAX_CHARACTERS = 6, 4000
"""Words of an entry of the custom dictionary, and characters of each, beyond which it is dropped (documentation)."""

_MELIA_LACKS = ("domain", "additional_vocab", "enable_entities", "audio_filtering_config")
_MELIA_LACKS_BESIDE = (
    *("translation_config", "language_identification_config", "summarization_config", "sentiment_analysis_config"),
    *("topic_detection_config", "auto_chapters_config", "audio_events_config"),
)


class NotOffered(NamedTuple):
    """Something that may not be had.

    Attributes:
        path: Where it is asked for, from the root of the configuration.
        message: What it is.
        by_server: Whether the server itself says so.
    """

    path: tuple[str | int, ...]
    message: str
    by_server: bool = False


def not_offered(config: JobConfig, features: Features | None = None) -> Iterator[NotOffered]:
    """What is asked for and may not be had: by the documentation, and where `features` are given by the server."""
    if config.fetch_data is not None:
        scheme = config.fetch_data.url.partition(":")[0].lower()
        if scheme not in ("http", "https"):
            yield NotOffered(("fetch_data", "url"), f"the service fetches by http and https, not by {scheme}")
    transcription = config.transcription_config
    if transcription is None or config.type != "transcription":
        return
    at = ("transcription_config",)
    for name, message in (*_of_language(transcription), *_of_model(transcription), *_of_speakers(transcription)):
        yield NotOffered((*at, *name), message)
    for index, entry in enumerate(transcription.additional_vocab or ()):
        for name, message in _of_entry(entry.content, entry.sounds_like or ()):
            yield NotOffered((*at, "additional_vocab", index, *name), message)
    model = transcription.model or transcription.operating_point
    if model == "melia-1":
        for part in _MELIA_LACKS_BESIDE:
            if getattr(config, part) is not None:
                yield NotOffered((part,), "melia-1 offers no speech intelligence, translation or identification")
    yield from _of_other_languages(config, transcription.language)
    if features is not None and features.languages:
        yield from _by_server(config, transcription, features)


_Named = tuple[tuple[str | int, ...], str]


def _of_language(config: TranscriptionConfig) -> Iterator[_Named]:
    language, domain, locale = config.language, config.domain, config.output_locale
    if language not in LANGUAGES and language not in PACKS:
        yield ("language",), f"{language[:40]!r} is no language that is known to be offered{language_meant(language)}"
    if domain is not None and domain not in DOMAINS:
        yield ("domain",), f"{domain[:40]!r} is no domain that is known{did_you_mean(domain, tuple(DOMAINS))}"
    elif domain is not None and language not in DOMAINS[domain]:
        yield ("domain",), f"{domain} is offered for {', '.join(sorted(DOMAINS[domain]))}, not for {language[:40]!r}"
    elif domain == "medical" and "enhanced" not in (config.model, config.operating_point):
        yield ("domain",), "medical goes with model enhanced"
    if locale is not None and locale not in LOCALES:
        yield ("output_locale",), f"{locale[:40]!r} is no locale that is known{did_you_mean(locale, tuple(LOCALES))}"
    elif locale is not None and LOCALES[locale] != language and language in LANGUAGES:
        yield ("output_locale",), f"{locale} is a locale of {LOCALES[locale]}, not of {language!r}"


def _of_model(config: TranscriptionConfig) -> Iterator[_Named]:
    model = config.model or config.operating_point
    if model == "melia-1":
        if config.language not in ("multi", "auto"):
            yield ("language",), "melia-1 needs the language multi"
        for name in _MELIA_LACKS:
            if getattr(config, name) not in (None, False, []):
                yield (name,), "melia-1 does not offer this"
        filtering = config.transcript_filtering_config
        if filtering is not None and filtering.replacements:
            yield ("transcript_filtering_config", "replacements"), "melia-1 does not offer this"
    elif config.language == "multi" and model in ("standard", "enhanced", None):
        yield ("language",), "multi needs a multilingual model, such as melia-1"


def _of_speakers(config: TranscriptionConfig) -> Iterator[_Named]:
    speakers = config.speaker_diarization_config
    if speakers is None:
        return
    at = "speaker_diarization_config"
    if config.diarization in (None, "none", "channel"):
        yield (at,), 'this has no effect without diarization="speaker"'
    model = config.model or config.operating_point
    if model in ("melia-1", "oak-1"):
        if speakers.speakers:
            yield (at, "speakers"), f"{model} offers no speaker identification"
        if speakers.get_speakers:
            yield (at, "get_speakers"), f"{model} offers no speaker identification"


def _of_entry(content: str, sounds: list[str] | tuple[str, ...]) -> Iterator[_Named]:
    named: list[tuple[tuple[str | int, ...], str]] = [(("content",), content)]
    named += [(("sounds_like", index), sound) for index, sound in enumerate(sounds)]
    for name, text in named:
        words = text.split()
        if len(words) > MAX_WORDS:
            yield name, f"the service drops entries of more than {MAX_WORDS} words; this has {len(words)}"
        elif any(len(word) > MAX_CHARACTERS for word in words):
            yield name, f"the service drops entries with a word of more than {MAX_CHARACTERS:,} characters"


def _of_other_languages(config: JobConfig, language: str) -> Iterator[NotOffered]:
    for index, target in enumerate(config.translation_config.target_languages if config.translation_config else ()):
        if language in LANGUAGES and not translates(language, target):
            hint = language_meant(target) if target not in LANGUAGES else ""
            message = f"no translation from {language} into {target[:40]!r} is known{hint}"
            yield NotOffered(("translation_config", "target_languages", index), message)
    identification = config.language_identification_config
    if identification is None:
        return
    at = "language_identification_config"
    if language != "auto":
        yield NotOffered((at,), 'this has no effect without language="auto"')
    for index, expected in enumerate(identification.expected_languages or ()):
        path = (at, "expected_languages", index)
        if expected in NEVER_IDENTIFIED:
            yield NotOffered(path, f"{LANGUAGES[expected]} is never identified")
        elif expected not in LANGUAGES:
            yield NotOffered(path, f"{expected[:40]!r} is no language that is known{language_meant(expected)}")


def _by_server(config: JobConfig, transcription: TranscriptionConfig, features: Features) -> Iterator[NotOffered]:
    language, domain, locale = transcription.language, transcription.domain, transcription.output_locale
    at = "transcription_config"
    if language in ("auto", "multi"):
        return
    if language not in features.languages:
        offered = ", ".join(sorted(features.languages))
        yield NotOffered(
            (at, "language"), f"the server does not offer {language[:40]!r}, but {offered}", by_server=True
        )
        return
    if domain is not None and domain not in features.domains(language):
        message = f"the server does not offer the domain {domain[:40]!r} for {language}"
        yield NotOffered((at, "domain"), message, by_server=True)
    if locale is not None and locale not in features.locales(language):
        message = f"the server does not offer the locale {locale[:40]!r} for {language}"
        yield NotOffered((at, "output_locale"), message, by_server=True)
    for index, target in enumerate(config.translation_config.target_languages if config.translation_config else ()):
        if target not in features.translations(language):
            message = f"the server does not translate {language} into {target[:40]!r}"
            yield NotOffered(("translation_config", "target_languages", index), message, by_server=True)
