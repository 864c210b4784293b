"""What a job is asked to do: `JobConfig` as the wire has it, `BatchTranscriptionConfig` flat for existing code.

The facts come from the API's specification and its public documentation.
"""

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from speechmatics._documents import content_of
from speechmatics._errors import ConfigError, ConfigNotFoundError, ConfigNotReadableError
from speechmatics._names import did_you_mean
from speechmatics._secrets import forgetting_locals, problems_of, sentence_of
from speechmatics._urls import bare_url, is_url
from speechmatics.models import delivery, features, recognition
from speechmatics.models._base import SentModel
from speechmatics.models._kept import is_list, is_object
from speechmatics.models._leniency import Leniency, leniency
from speechmatics.models._markers import KnownValues
from speechmatics.models._rules import at_most, check, check_together, one_or_many
from speechmatics.models.delivery import FetchData, NotificationConfig, TrackingData
from speechmatics.models.features import (
    AudioEventsConfig,
    AutoChaptersConfig,
    LanguageIdentificationConfig,
    OutputConfig,
    SentimentAnalysisConfig,
    SRTOverrides,
    SummarizationConfig,
    TopicDetectionConfig,
    TranslationConfig,
)
from speechmatics.models.recognition import (
    HAS_TEXT,
    Language,
    SpeakerDiarizationConfig,
    TranscriptionConfig,
)
from speechmatics.models.vocabularies import (
    JobType,
)

__all__ = [
    "BatchLanguageIdentificationConfig",
    "BatchSpeakerDiarizationConfig",
    "BatchTranscriptionConfig",
    "BatchTranslationConfig",
    "ConfigSource",
    "JobConfig",
    "as_job_config",
    "looks_like_json",
]

MAX_NOTIFICATIONS = 3
"""Callback URLs of one job (documentation)."""


class _JobParts(SentModel):
    """What a job may be asked for beside the transcription; the two shapes of a configuration share it."""

    fetch_data: FetchData | None = None
    """Where the service fetches the audio, in place of an upload."""
    notification_config: Annotated[
        Annotated[list[NotificationConfig], at_most(MAX_NOTIFICATIONS, "callbacks")] | None,
        BeforeValidator(one_or_many),
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
            check_together(False, f'transcription_config is missing{self._meant()}; the least is {{"language": "en"}}')

    def _meant(self) -> str:
        """What a message about a missing configuration adds where an unknown field is much like one that is known."""
        for name in self.model_extra or {}:
            if hint := did_you_mean(name, ("transcription_config",)):
                return f" (there is {name}{hint})"
            if name in TranscriptionConfig.model_fields:
                return f" ({name} stands at the top; such fields stand in transcription_config)"
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
        file = Path(_checked_path(path))
        try:
            file = file.expanduser()
            content = content_of(file)
        except FileNotFoundError:
            raise ConfigNotFoundError(f"there is no configuration file at {file}") from None
        except (OSError, RuntimeError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ConfigNotReadableError(f"cannot read the configuration file {file}: {reason}") from None
        try:
            data: object = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"the configuration file {file} is not JSON: {error}") from None
        return _validated(cls, data, f"the configuration file {file}")


class BatchTranscriptionConfig(TranscriptionConfig, _JobParts):
    """The configuration of a job, flat, as existing code builds it."""

    language: Language = Field(default="en", kw_only=False, json_schema_extra=HAS_TEXT)
    """ISO code of the language, `auto` to identify it, `multi` for multilingual models."""
    srt_overrides: SRTOverrides | None = None
    """Limits of the SRT format."""

    def _check_rules(self) -> None:
        """A language is not passed over for its default because its name is misspelt."""
        super()._check_rules()
        if "language" not in self.model_fields_set:
            for name in self.model_extra or {}:
                hint = did_you_mean(name, ("language",))
                check(not hint, f"{name} is not a field{hint} Without language the audio is taken to be English")

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

    def asdict(self) -> dict[str, Any]:
        """The fields that are set, flat, as existing code asks for them; `to_job_config` has the wire's shape."""
        return self.to_dict()

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
        problems = [
            problem._replace(message=problem.message + _misspelt(problem.location, given))
            if problem.kind == "missing"
            else problem
            for problem in problems_of(error)
        ]
        raise ConfigError(f"{source} is not valid: {sentence_of(problems, 'config')}") from None


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
    parts: list[type[SentModel]] = [JobConfig]
    for module in (delivery, features, recognition):
        for name in module.__all__:
            part: object = getattr(module, name)
            if isinstance(part, type) and issubclass(part, SentModel):
                parts.append(part)
    return frozenset(field.alias or name for part in parts for name, field in part.model_fields.items())
