"""What a server offers: languages, domains, locales, translations (`GET /v1/discovery/features`)."""

from typing import Any

from speechmatics.models._base import LenientPart

__all__ = ["BatchFeatures", "Features", "LanguageIdFeatures", "TranscriptionFeatures", "TranslationFeatures"]


class TranscriptionFeatures(LenientPart):
    """What one version of the engine transcribes."""

    version: str | None = None
    """For example `latest`."""
    languages: list[str] | None = None
    """ISO codes, and names of packs of several languages."""
    locales: dict[str, list[str]] | None = None
    """Output locales by language, for example `en-GB`."""
    domains: dict[str, list[str]] | None = None
    """Domains by language, for example `finance`."""


class TranslationFeatures(LenientPart):
    """What one version of the engine translates."""

    version: str | None = None
    """For example `latest`."""
    languages: dict[str, list[str]] | None = None
    """Target languages by the language that is spoken."""


class LanguageIdFeatures(LenientPart):
    """What one version of the engine identifies."""

    version: str | None = None
    """For example `latest`."""
    languages: list[str] | None = None
    """ISO codes."""


class BatchFeatures(LenientPart):
    """What is offered for recordings."""

    transcription: list[TranscriptionFeatures] | None = None
    """What is transcribed, by version."""
    translation: list[TranslationFeatures] | None = None
    """What is translated, by version."""
    languageid: list[LanguageIdFeatures] | None = None
    """What is identified, by version."""


class Features(LenientPart):
    """What a server offers (documentation, "Feature discovery"); whatever it adds is kept."""

    metadata: dict[str, Any] | None = None
    """`language_pack_info` by language, among others."""
    batch: BatchFeatures | None = None
    """What is offered for recordings; None where the server does not say."""

    @property
    def languages(self) -> frozenset[str]:
        """The languages that are transcribed, of all versions; empty where the server does not say."""
        return frozenset(language for each in self._transcription for language in each.languages or ())

    def domains(self, language: str) -> frozenset[str]:
        """The domains of a language."""
        return frozenset(domain for each in self._transcription for domain in (each.domains or {}).get(language, ()))

    def locales(self, language: str) -> frozenset[str]:
        """The output locales of a language."""
        return frozenset(locale for each in self._transcription for locale in (each.locales or {}).get(language, ()))

    def translations(self, language: str) -> frozenset[str]:
        """The languages that a language is translated into."""
        offered = (self.batch.translation if self.batch else None) or []
        return frozenset(target for each in offered for target in (each.languages or {}).get(language, ()))

    @property
    def _transcription(self) -> list[TranscriptionFeatures]:
        return (self.batch.transcription if self.batch else None) or []
