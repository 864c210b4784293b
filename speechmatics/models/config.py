"""What a job is asked to do: `JobConfig` as the wire has it, `BatchTranscriptionConfig` flat for existing code.

The facts come from the API's specification and its public documentation.
"""

import json
import os
import re
import stat
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StrictBool,
    StrictFloat,
    StrictInt,
    ValidationError,
    model_validator,
)
from pydantic.config import JsonDict

from speechmatics._names import did_you_mean
from speechmatics._secrets import MASK, bare_url, forgetting_locals, is_url
from speechmatics.exceptions import ConfigError, ConfigNotFoundError, ConfigNotReadableError
from speechmatics.models._base import (
    KnownValues,
    Leniency,
    OpenValues,
    SentModel,
    Within,
    is_assigning,
    is_received,
    leniency,
    require_json,
)
from speechmatics.models._kept import is_list, is_object, keep_as_it_came
from speechmatics.models.vocabularies import (
    Diarization,
    JobType,
    LowConfidenceAction,
    MaxDelayMode,
    ModelName,
    NotificationContent,
    NotificationMethod,
    SummaryContentType,
    SummaryLength,
    SummaryType,
)

__all__ = [
    "AdditionalVocab",
    "AudioEventsConfig",
    "AudioFilteringConfig",
    "AutoChaptersConfig",
    "BatchLanguageIdentificationConfig",
    "BatchSpeakerDiarizationConfig",
    "BatchTranscriptionConfig",
    "BatchTranslationConfig",
    "ConfigSource",
    "FetchData",
    "JobConfig",
    "LanguageIdentificationConfig",
    "NotificationConfig",
    "OutputConfig",
    "PunctuationOverrides",
    "Replacement",
    "SRTOverrides",
    "SentimentAnalysisConfig",
    "SpeakerDiarizationConfig",
    "SpeakersInputItem",
    "SummarizationConfig",
    "TopicDetectionConfig",
    "TrackingData",
    "TranscriptFilteringConfig",
    "TranscriptionConfig",
    "TranslationConfig",
    "as_job_config",
]

MAX_TRANSLATION_TARGETS = 5
"""Target languages of one job (specification)."""
MAX_NOTIFICATIONS = 3
"""Callback URLs of one job (documentation)."""
MAX_SPEAKER_IDENTIFIERS = 50
"""Speaker identifiers of one job, over all speakers (specification)."""

_CHANNEL_LABEL = re.compile(r"[A-Za-z0-9._]+")
_INTERNAL_SPEAKER = re.compile(r"S\d+|UU")
_UNFIT_FOR_URL = re.compile(r"^\s|[\x00-\x1f\x7f]")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[^\s\x00-\x1f\x7f][^\x00-\x08\x0a-\x1f\x7f]*")


def _one_or_many(value: object) -> object:
    if is_received():
        return value
    one: list[object] = [value]
    return one if isinstance(value, str | Mapping | SentModel) else value


def _check(holds: bool, message: str) -> None:
    """A rule for what the user sends; what the service has taken already is not judged again."""
    if not holds and not is_received():
        raise ValueError(message)


def _check_together(holds: bool, message: str) -> None:
    """A rule between fields: it waits while fields are set one by one."""
    _check(holds or is_assigning(), message)


def _http_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        _check(False, "is not a URL")
        return url
    _check(parts.scheme in ("http", "https"), "must begin with http:// or https://")
    _check(bool(host), "has no host")
    # urlsplit passes over what begins or breaks a URL.
    _check(
        _UNFIT_FOR_URL.search(url) is None,
        "must not begin with a space, nor hold a line break or another control character",
    )
    _check(" " not in parts.netloc, "has a space in its host")
    return url


def _header(header: str) -> str:
    is_header = _HEADER.fullmatch(header) is not None
    _check(is_header, 'must have the form "Name: value" (it is not shown, being a secret)')
    return header


def _lowercase(value: object) -> object:
    return value.lower() if isinstance(value, str) and not is_received() else value


def _method(method: str) -> str:
    _check(method in get_args(NotificationMethod), f"must be post or put, not {method!r}")
    return method


def _at_most(limit: int, what: str, *, least: int = 0) -> AfterValidator:
    """A rule for the length of a list."""
    takes = f"takes {least} to {limit}" if least else f"takes at most {limit}"

    def check(items: list[Any]) -> list[Any]:
        _check(least <= len(items) <= limit, f"{takes} {what}, not {len(items)}")
        return items

    return AfterValidator(check)


_Url = Annotated[
    str, AfterValidator(_http_url), Field(json_schema_extra={"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/\\s]"})
]
_Headers = Annotated[list[Annotated[str, AfterValidator(_header)]] | None, BeforeValidator(_one_or_many)]


class _Addressed(SentModel):
    """Base of what has a URL that may be signed, and headers that authorise: no repr and no error shows them."""

    @classmethod
    def _is_secret(cls) -> bool:
        return True

    if not TYPE_CHECKING:

        def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
            """The URL without its query and credentials; unknown fields without their values."""
            for name, value in super().__repr_args__():
                if name == "url" and isinstance(value, str):
                    value = bare_url(value)
                elif name not in type(self).model_fields:
                    value = MASK
                yield name, value


class FetchData(_Addressed):
    """Where the service fetches the audio, in place of an upload."""

    url: _Url = Field(kw_only=False)
    """HTTP or HTTPS URL of the audio."""
    auth_headers: _Headers = Field(default=None, kw_only=False, repr=False)
    """Headers added to the fetch, each `Name: value`; secret, so not in the repr."""


class NotificationConfig(_Addressed):
    """A callback that the service makes when the job has ended."""

    url: _Url = Field(kw_only=False)
    """HTTP or HTTPS URL; the service adds the query parameters `id` and `status`."""
    contents: list[KnownValues[NotificationContent]] | None = Field(default=None, kw_only=False)
    """What is sent: `jobinfo`, `transcript`, `transcript.json-v2`, `transcript.txt`, `transcript.srt`, `data`, `text`.
    An empty list: an empty body. None: the transcript as a file named `data_file`."""
    method: Annotated[
        Annotated[OpenValues[NotificationMethod], AfterValidator(_method)] | None, BeforeValidator(_lowercase)
    ] = Field(default=None, kw_only=False, json_schema_extra={"enum": [*get_args(NotificationMethod), None]})
    """`post` (the service's default) or `put`, in either case."""
    auth_headers: _Headers = Field(default=None, kw_only=False, repr=False)
    """Headers added to the callback, each `Name: value`; secret, so not in the repr."""


class TrackingData(SentModel):
    """The customer's own notes on a job; they come back in job details, transcripts and callbacks."""

    title: str | None = None
    """Title of the job."""
    reference: str | None = None
    """The customer's own reference."""
    tags: list[str] | None = None
    """Labels."""
    details: dict[str, Any] | None = None
    """Any JSON object."""

    def _check_rules(self) -> None:
        """Its `details` can be written as JSON."""
        super()._check_rules()
        require_json("details", self.details)


class SRTOverrides(SentModel):
    """Limits of the SRT format."""

    max_line_length: Annotated[StrictInt, Within(1)] | None = Field(default=None, kw_only=False)
    """Characters on a line, white space included; 1 or more. The service's default is 37."""
    max_lines: Annotated[StrictInt, Within(1)] | None = Field(default=None, kw_only=False)
    """Lines of a subtitle; 1 or more. The service's default is 2."""


class OutputConfig(SentModel):
    """How transcripts are written."""

    srt_overrides: SRTOverrides | None = None
    """Limits of the SRT format."""


class TranslationConfig(SentModel):
    """Asks for translations."""

    target_languages: Annotated[list[str], _at_most(MAX_TRANSLATION_TARGETS, "languages", least=1)] = Field(
        kw_only=False, json_schema_extra={"minItems": 1, "maxItems": MAX_TRANSLATION_TARGETS}
    )
    """ISO codes, 1 to 5."""


class LanguageIdentificationConfig(SentModel):
    """How the language is identified, with `language: "auto"`."""

    expected_languages: list[str] | None = Field(default=None, kw_only=False)
    """ISO codes to choose among."""
    low_confidence_action: KnownValues[LowConfidenceAction] | None = None
    """What happens when no language is sure enough: `allow`, `reject` or `use_default_language`."""
    default_language: str | None = None
    """ISO code used with `use_default_language`."""

    def _check_rules(self) -> None:
        """What is to be done without confidence needs what it is done with."""
        super()._check_rules()
        _check_together(
            self.low_confidence_action != "use_default_language" or bool(self.default_language),
            "low_confidence_action use_default_language needs default_language",
        )


class SummarizationConfig(SentModel):
    """Asks for a summary."""

    content_type: KnownValues[SummaryContentType] | None = Field(default=None, kw_only=False)
    """`conversational`, `informative`, or `auto`."""
    summary_length: KnownValues[SummaryLength] | None = Field(default=None, kw_only=False)
    """`brief` (the service's default) or `detailed`."""
    summary_type: KnownValues[SummaryType] | None = Field(default=None, kw_only=False)
    """`paragraphs` or `bullets`."""


class SentimentAnalysisConfig(SentModel):
    """Asks for the sentiment of each segment; has no fields, its presence switches it on."""


class TopicDetectionConfig(SentModel):
    """Asks for the topics of each segment; its presence switches it on."""

    topics: list[str] | None = Field(default=None, kw_only=False)
    """Topics to look for; None for the service's own list."""


class AutoChaptersConfig(SentModel):
    """Asks for chapters; has no fields, its presence switches it on."""


class AudioEventsConfig(SentModel):
    """Asks for sounds that are not speech; its presence switches it on."""

    types: list[str] | None = Field(default=None, kw_only=False)
    """Kinds of events to look for, for example `music`; None for all."""


class AdditionalVocab(SentModel):
    """A word or phrase that should be recognised."""

    content: str = Field(kw_only=False)
    """The word as it should be written."""
    sounds_like: list[str] | None = Field(default=None, kw_only=False)
    """Other ways it may sound, spelled out."""


def _mark(mark: str) -> str:
    _check(len(mark) == 1 or mark == "all", f"{mark!r} is neither one character nor all")
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


class Replacement(SentModel):
    """Replaces words in the transcript."""

    from_: str = Field(alias="from")
    """The text to find."""
    to: str
    """The text to put in its place."""


class TranscriptFilteringConfig(SentModel):
    """Changes the transcript after recognition."""

    remove_disfluencies: StrictBool | None = None
    """True removes disfluencies such as "um"; otherwise they are only tagged."""
    replacements: list[Replacement] | None = None
    """Texts to replace."""


def _speaker_label(label: str) -> str:
    _check(bool(label), "must not be empty")
    is_internal = _INTERNAL_SPEAKER.fullmatch(label) is not None
    _check(not is_internal, f"{label!r} has the form that the service uses itself; choose a name")
    return label


def _speaker_identifiers(identifiers: list[str]) -> list[str]:
    _check(bool(identifiers), "needs one or more")
    _check(len(set(identifiers)) == len(identifiers), "must differ from one another")
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
    _check(count <= MAX_SPEAKER_IDENTIFIERS, f"takes at most {MAX_SPEAKER_IDENTIFIERS} identifiers in all, not {count}")
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
    _check(bool(language.strip()), "must not be empty")
    return language


def _channel_label(label: str) -> str:
    is_label = _CHANNEL_LABEL.fullmatch(label) is not None
    _check(is_label, f"{label!r} may hold letters, digits, dots and underscores only")
    return label


_ChannelLabel = Annotated[
    str, AfterValidator(_channel_label), Field(json_schema_extra={"pattern": f"^{_CHANNEL_LABEL.pattern}$"})
]


_Language = Annotated[str, AfterValidator(_language)]
_HAS_TEXT: JsonDict = {"pattern": r"\S"}


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
            "then": {"properties": {"diarization": {"const": "channel"}}, "required": ["diarization"]},
        }
    )

    language: _Language = Field(kw_only=False, json_schema_extra=_HAS_TEXT)
    """ISO code of the language, `auto` to identify it, `multi` for multilingual models. Empty in a configuration that
    came back without one."""
    domain: str | None = None
    """A specialised language pack, for example `finance` or `medical`."""
    output_locale: str | None = None
    """Locale of the written output, for example `en-GB`."""
    model: KnownValues[ModelName] | None = None
    """`standard`, `enhanced` or `melia-1`."""
    operating_point: KnownValues[ModelName] | None = None
    """The old name of `model`; set one of the two."""
    additional_vocab: list[AdditionalVocab] | None = None
    """Words and phrases that should be recognised."""
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
        _check_together(
            self.model is None or self.operating_point is None,
            "model and operating_point are two names of one thing; set model only",
        )
        _check_together(
            not self.channel_diarization_labels or self.diarization == "channel",
            'channel_diarization_labels needs diarization="channel"',
        )
        _check_together(
            not self.language_hints_strict or bool(self.language_hints), "language_hints_strict needs language_hints"
        )


class _JobParts(SentModel):
    """What a job may be asked for beside the transcription; the two shapes of a configuration share it."""

    fetch_data: FetchData | None = None
    """Where the service fetches the audio, in place of an upload."""
    notification_config: Annotated[
        Annotated[list[NotificationConfig], _at_most(MAX_NOTIFICATIONS, "callbacks")] | None,
        BeforeValidator(_one_or_many),
    ] = Field(default=None, json_schema_extra={"maxItems": MAX_NOTIFICATIONS})
    """Callbacks, up to 3; a single one is taken as a list of one."""
    tracking: TrackingData | None = None
    """The customer's own notes."""
    output_config: OutputConfig | None = None
    """How transcripts are written."""
    translation_config: TranslationConfig | None = None
    """Asks for translations."""
    language_identification_config: LanguageIdentificationConfig | None = None
    """How the language is identified."""
    summarization_config: SummarizationConfig | None = None
    """Asks for a summary."""
    sentiment_analysis_config: SentimentAnalysisConfig | None = None
    """Asks for sentiments; `{}` switches it on."""
    topic_detection_config: TopicDetectionConfig | None = None
    """Asks for topics; `{}` switches it on."""
    auto_chapters_config: AutoChaptersConfig | None = None
    """Asks for chapters; `{}` switches it on."""
    audio_events_config: AudioEventsConfig | None = None
    """Asks for audio events; `{}` switches it on."""


class JobConfig(_JobParts):
    """The configuration of a job, in the shape of the wire."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"type": {"const": "transcription"}}},
            "then": {"properties": {"transcription_config": {"type": "object"}}, "required": ["transcription_config"]},
        }
    )

    type: KnownValues[JobType] = "transcription"
    """Kind of job; `transcription` is the only one."""
    fetch_text: FetchData | None = None
    """Where the service fetches a text; the API defines it without a use for transcription."""
    transcription_config: TranscriptionConfig | None = None
    """How the audio is transcribed; required for a transcription."""

    def _check_rules(self) -> None:
        """A transcription is configured."""
        super()._check_rules()
        if self.type == "transcription" and self.transcription_config is None:
            _check_together(False, f'transcription_config is missing{self._meant()}; the least is {{"language": "en"}}')

    def _meant(self) -> str:
        """What a message about a missing configuration adds where an unknown field is much like one that is known."""
        for name in self.model_extra or {}:
            if hint := did_you_mean(name, ("transcription_config",)):
                return f" (there is {name}{hint})"
            if hint := did_you_mean(name, tuple(TranscriptionConfig.model_fields)):
                return f" (there is {name}{hint} That stands in transcription_config)"
        return ""

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """Reads a JSON file; `~` is expanded.

        Raises:
            ConfigNotFoundError: There is no such file.
            ConfigNotReadableError: It cannot be read.
            ConfigError: It is not JSON, or not a valid configuration.
        """
        try:
            with forgetting_locals():
                return cls._read(path)
        finally:
            del path

    @classmethod
    def _read(cls, path: str | os.PathLike[str]) -> Self:
        place = Path(_checked_path(path))
        try:
            place = place.expanduser()
            if not stat.S_ISREG(place.stat().st_mode):
                raise ConfigNotReadableError(f"the configuration {place} is no regular file")
            content = place.read_bytes()
        except FileNotFoundError:
            raise ConfigNotFoundError(f"there is no configuration file at {place}") from None
        except ConfigNotReadableError:
            raise
        except (OSError, RuntimeError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ConfigNotReadableError(f"cannot read the configuration file {place}: {reason}") from None
        try:
            data: object = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"the configuration file {place} is not JSON: {error}") from None
        return _validated(cls, data, f"the configuration file {place}")


class BatchTranscriptionConfig(TranscriptionConfig, _JobParts):
    """The configuration of a job, flat, as existing code builds it."""

    language: _Language = Field(default="en", kw_only=False, json_schema_extra=_HAS_TEXT)
    """ISO code of the language, `auto` to identify it, `multi` for multilingual models."""
    srt_overrides: SRTOverrides | None = None
    """Limits of the SRT format."""

    def _check_rules(self) -> None:
        """A language is not passed over for its default because its name is misspelt."""
        super()._check_rules()
        if "language" not in self.model_fields_set:
            for name in self.model_extra or {}:
                hint = did_you_mean(name, ("language",))
                _check(not hint, f"{name} is not a field{hint} Without language the audio is taken to be English")

    def to_job_config(self) -> JobConfig:
        """The same configuration in the shape of the wire.

        Raises:
            ConfigError: The fields do not go together.
        """
        given = self.to_dict()
        overrides = given.pop("srt_overrides", None)
        data = {name: given.pop(name) for name in _JobParts.model_fields if name in given}
        if overrides is not None:
            data.setdefault("output_config", {})["srt_overrides"] = overrides
        data["transcription_config"] = given
        return _validated(JobConfig, data, "the configuration")

    def as_config(self) -> str:
        """The configuration as the wire's JSON text.

        Raises:
            ConfigError: The fields do not go together.
        """
        return self.to_job_config().to_json()


BatchSpeakerDiarizationConfig = SpeakerDiarizationConfig
BatchTranslationConfig = TranslationConfig
BatchLanguageIdentificationConfig = LanguageIdentificationConfig

ConfigSource = Mapping[str, Any] | JobConfig | BatchTranscriptionConfig | str | os.PathLike[str]
"""What a job's configuration may be given as: the wire's dict, a model, or the path of a JSON file."""


def as_job_config(config: ConfigSource) -> JobConfig:
    """The configuration as a `JobConfig` of its own; what the caller gave is not changed.

    Raises:
        ConfigError: It is not valid; the message names each field.
    """
    if isinstance(config, BatchTranscriptionConfig | JobConfig):
        # What is not known was reported when the model was made.
        with leniency(Leniency.SILENT):
            return config.to_job_config() if isinstance(config, BatchTranscriptionConfig) else _copied(config)
    if isinstance(config, str | os.PathLike):
        return JobConfig.from_file(config)
    return _validated(JobConfig, config, "the configuration")


def _copied(config: JobConfig) -> JobConfig:
    return _validated(JobConfig, config.to_dict(), "the configuration")


def looks_like_json(text: str) -> bool:
    """Whether text that is to be a path is JSON, which may hold what must not be shown."""
    return text.lstrip("\ufeff \t\r\n").startswith(("{", "[")) and '"' in text


def _checked_path(path: str | os.PathLike[str]) -> str:
    try:
        text = os.fsdecode(path)
    except Exception as error:  # what the caller's own class does
        raise ConfigError(f"the configuration is a {type(path).__name__} that gives no path") from error
    if not text.strip():
        raise ConfigError("the path of the configuration file is empty")
    if is_url(text):
        raise ConfigError(f"the configuration is a URL, {bare_url(text)}, where the path of a JSON file is meant")
    if looks_like_json(text):
        raise ConfigError(
            "the configuration is JSON text (it is not shown, as it may hold secrets), where a path is meant; "
            "give the dict that json.loads makes of it"
        )
    return text


_ConfigT = TypeVar("_ConfigT", bound=JobConfig)


def _validated(model: type[_ConfigT], data: object, source: str) -> _ConfigT:
    given = data
    if not isinstance(data, Mapping):
        raise ConfigError(
            f"{source} must be a dict, a JobConfig, a BatchTranscriptionConfig or the path of a JSON file, "
            f"not {type(data).__name__}"
        )
    if "language" in data and "transcription_config" not in data:
        raise ConfigError(
            f"{source} has language at the top; the wire's shape is "
            '{"type": "transcription", "transcription_config": {"language": ...}}'
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'config'}: {problem['msg'].removeprefix('Value error, ')}"
            + (_misspelt(problem["loc"], given) if problem["type"] == "missing" else "")
            for problem in error.errors(include_url=False, include_context=False, include_input=False)
        )
        raise ConfigError(f"{source} is not valid: {problems}") from None


def _misspelt(location: tuple[int | str, ...], data: object) -> str:
    """What an error about a missing field adds where a field that is not known has a name much like it."""
    *above, missing = location
    for step in above:
        if is_object(data) and isinstance(step, str):
            data = data.get(step)
        elif is_list(data) and isinstance(step, int):
            data = data[step]
    for name in data if is_object(data) else ():
        hint = did_you_mean(name, (str(missing),))
        if hint and name not in _known_names():
            return f" (there is {name}{hint})"
    return ""


@cache
def _known_names() -> frozenset[str]:
    """The names of all fields that a configuration has anywhere."""
    parts = [part for part in map(globals().get, __all__) if isinstance(part, type) and issubclass(part, SentModel)]
    return frozenset(field.alias or name for part in parts for name, field in part.model_fields.items())
