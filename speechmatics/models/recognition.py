"""How audio is transcribed."""

import re
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StrictBool,
    StrictFloat,
    model_validator,
)
from pydantic.config import JsonDict, JsonValue

from speechmatics.models._base import SentModel
from speechmatics.models._expressions import malformed
from speechmatics.models._kept import is_object, keep_as_it_came
from speechmatics.models._leniency import is_received
from speechmatics.models._markers import KnownValues, OpenText, Within
from speechmatics.models._rules import at_most, check, check_together
from speechmatics.models.vocabularies import (
    Diarization,
    MaxDelayMode,
    ModelName,
)

__all__ = [
    "HAS_TEXT",
    "AdditionalVocab",
    "AudioFilteringConfig",
    "Language",
    "PunctuationOverrides",
    "Replacement",
    "SpeakerDiarizationConfig",
    "SpeakersInputItem",
    "TranscriptFilteringConfig",
    "TranscriptionConfig",
]

MAX_ENTRIES = 1000
"""Entries of the custom dictionary of one job (documentation)."""
MAX_SPEAKER_IDENTIFIERS = 50
"""Speaker identifiers of one job, over all speakers (specification)."""

OTHER_DIARIZATIONS: list[JsonValue] = ["none", "speaker"]
"""What is no diarization by channels; of one that is not known, nothing is."""

_CHANNEL_LABEL = re.compile(r"[A-Za-z0-9._]+")
_INTERNAL_SPEAKER = re.compile(r"S\d+|UU")


class AdditionalVocab(SentModel):
    """A word or phrase that should be recognised."""

    content: str = Field(kw_only=False)
    """The word as it should be written."""
    sounds_like: list[str] | None = Field(default=None, kw_only=False)
    """Other ways it may sound, spelled out."""


def _entry(value: object) -> object:
    """A plain word, as old callers send it, as the object that the API documents."""
    return {"content": value} if isinstance(value, str) and not is_received() else value


_Entry = Annotated[AdditionalVocab, BeforeValidator(_entry, json_schema_input_type=AdditionalVocab | str)]


def _mark(mark: str) -> str:
    check(len(mark) == 1 or mark == "all", f"{mark!r} is neither one character nor all")
    return mark


class PunctuationOverrides(SentModel):
    """How punctuation is set."""

    sensitivity: Annotated[StrictFloat, Within(0, 1)] | None = None
    """0 to 1; higher gives more punctuation. The service's default is 0.5."""
    permitted_marks: (
        list[Annotated[str, AfterValidator(_mark), Field(json_schema_extra={"pattern": "^(.|all)$"})]] | None
    ) = None
    """The marks that may be used, one character each, or `all` (the service's default)."""


class AudioFilteringConfig(SentModel):
    """Leaves quiet audio out."""

    volume_threshold: Annotated[StrictFloat, Within(0, 100)] | None = None
    """0 to 100; sound below it is not transcribed."""


def _found(text: str) -> str:
    is_expression = len(text) > 1 and text.startswith("/") and text.endswith("/")
    problem = malformed(text[1:-1]) if is_expression else None
    check(problem is None, f"is a malformed regular expression, which fails the job: {problem}")
    return text


class Replacement(SentModel):
    """Replaces words in the transcript."""

    from_: Annotated[str, AfterValidator(_found)] = Field(alias="from")
    """The text to find, in just these capitals; between slashes (`/…/`) a regular expression of ECMAScript."""
    to: str
    """The text to put in its place."""


class TranscriptFilteringConfig(SentModel):
    """Changes the transcript after recognition."""

    remove_disfluencies: StrictBool | None = None
    """True removes disfluencies such as "um"; otherwise they are only tagged."""
    replacements: list[Replacement] | None = None
    """Texts to replace."""


def _speaker_label(label: str) -> str:
    check(bool(label), "must not be empty")
    check(label == label.strip(), f"{label!r} must not begin or end with a space")
    is_internal = _INTERNAL_SPEAKER.fullmatch(label) is not None
    check(not is_internal, f"{label!r} has the form that the service uses itself; choose a name")
    return label


def _speaker_identifiers(identifiers: list[str]) -> list[str]:
    check(bool(identifiers), "needs one or more")
    check(len(set(identifiers)) == len(identifiers), "must differ from one another")
    return identifiers


class SpeakersInputItem(SentModel):
    """A known speaker."""

    label: Annotated[str, AfterValidator(_speaker_label)] = Field(
        json_schema_extra={"minLength": 1, "not": {"pattern": f"^({_INTERNAL_SPEAKER.pattern})$"}}
    )
    """Name used in the transcript; not of the service's own form (`S1`, `S2`, `UU`)."""
    speaker_identifiers: Annotated[list[str], AfterValidator(_speaker_identifiers)] = Field(
        repr=False, json_schema_extra={"minItems": 1, "uniqueItems": True}
    )
    """Identifiers from an earlier job, one or more, no two alike."""


def _speakers(speakers: list[SpeakersInputItem]) -> list[SpeakersInputItem]:
    count = sum(len(speaker.speaker_identifiers) for speaker in speakers)
    check(count <= MAX_SPEAKER_IDENTIFIERS, f"takes at most {MAX_SPEAKER_IDENTIFIERS} identifiers in all, not {count}")
    return speakers


class SpeakerDiarizationConfig(SentModel):
    """How speakers are told apart."""

    prefer_current_speaker: StrictBool | None = None
    """True stays with the current speaker where another is only a slightly better match."""
    speaker_sensitivity: Annotated[StrictFloat, Within(0, 1)] | None = None
    """0 to 1; higher tells more speakers apart. The service's default is 0.5."""
    get_speakers: StrictBool | None = None
    """True returns speaker identifiers with the transcript."""
    speakers: Annotated[list[SpeakersInputItem], AfterValidator(_speakers)] | None = None
    """Known speakers, with at most 50 identifiers in all."""


def _language(language: str) -> str:
    check(bool(language.strip()), "must not be empty")
    return language


def _channel_label(label: str) -> str:
    is_label = _CHANNEL_LABEL.fullmatch(label) is not None
    check(is_label, f"{label!r} may hold letters, digits, dots and underscores only")
    return label


_ChannelLabel = Annotated[
    str, AfterValidator(_channel_label), Field(json_schema_extra={"pattern": f"^{_CHANNEL_LABEL.pattern}$"})
]


Language = Annotated[str, AfterValidator(_language)]
HAS_TEXT: JsonDict = {"pattern": r"\S"}


class TranscriptionConfig(SentModel):
    """How the audio is transcribed."""

    model_config = ConfigDict(
        json_schema_extra={
            "not": {
                "properties": {"model": {"type": "string"}, "operating_point": {"type": "string"}},
                "required": ["model", "operating_point"],
            },
            "if": {
                "properties": {"channel_diarization_labels": {"type": "array", "minItems": 1}},
                "required": ["channel_diarization_labels"],
            },
            "then": {"properties": {"diarization": {"not": {"enum": OTHER_DIARIZATIONS}}}, "required": ["diarization"]},
        }
    )

    language: Language = Field(kw_only=False, json_schema_extra=HAS_TEXT)
    """ISO code of the language, `auto` to identify it, `multi` for multilingual models. Empty in a configuration that
    came back without one."""
    domain: OpenText | None = None
    """A specialised language pack, for example `finance` or `medical`."""
    output_locale: str | None = None
    """Locale of the written output, for example `en-GB`."""
    model: KnownValues[ModelName] | None = None
    """`standard` (the service's default), `enhanced`, `melia-1` or `oak-1`."""
    operating_point: KnownValues[ModelName] | None = None
    """The old name of `model`; set one of the two."""
    additional_vocab: Annotated[list[_Entry], at_most(MAX_ENTRIES, "entries")] | None = Field(
        default=None, json_schema_extra={"maxItems": MAX_ENTRIES}
    )
    """Words and phrases that should be recognised, up to 1,000; a plain word stands for its object."""
    punctuation_overrides: PunctuationOverrides | None = None
    """How punctuation is set."""
    diarization: KnownValues[Diarization] | None = None
    """`none` (the service's default), `speaker` by voice, `channel` by input channel."""
    channel_diarization_labels: list[_ChannelLabel] | None = None
    """Names of the channels in order, of letters, digits, `.` and `_`; with channel diarization."""
    enable_entities: StrictBool | None = None
    """True adds entities (dates, numbers, …) with their written and spoken forms."""
    max_delay_mode: KnownValues[MaxDelayMode] | None = None
    """`fixed` or `flexible`."""
    audio_filtering_config: AudioFilteringConfig | None = None
    """Leaves quiet audio out."""
    transcript_filtering_config: TranscriptFilteringConfig | None = None
    """Changes the transcript after recognition."""
    speaker_diarization_config: SpeakerDiarizationConfig | None = None
    """How speakers are told apart."""
    language_hints: list[str] | None = None
    """ISO codes that are likely, with multilingual models."""
    language_hints_strict: StrictBool | None = None
    """True allows no other language than the hints."""

    @model_validator(mode="wrap")
    @classmethod
    def _take_without_language(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Reads a configuration that the service has taken without a language, or with one that is no text."""
        if not is_received() or not is_object(data) or isinstance(data.get("language"), str):
            return handler(data)
        given = {"language": data["language"]} if "language" in data else {}
        config = keep_as_it_came(handler({**data, "language": ""}), given)
        config.__pydantic_fields_set__.discard("language")
        return config

    def _check_rules(self) -> None:
        """Names of one thing exclude each other, and some fields need another."""
        super()._check_rules()
        check_together(
            self.model is None or self.operating_point is None,
            "model and operating_point are two names of one thing; set model only",
        )
        check_together(
            not self.channel_diarization_labels or self.diarization not in (None, *OTHER_DIARIZATIONS),
            'channel_diarization_labels needs diarization="channel"',
        )
        check_together(
            self.language != "auto" or "melia-1" not in (self.model, self.operating_point),
            "melia-1 identifies no language; it needs the language multi",
        )
        check_together(
            not self.language_hints_strict or bool(self.language_hints), "language_hints_strict needs language_hints"
        )
