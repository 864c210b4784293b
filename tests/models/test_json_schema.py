"""The schemas of the models serve validators that know nothing of this package."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from speechmatics import BatchTranscriptionConfig, JobConfig, JobDetails, Transcript, models
from speechmatics.models import Leniency, ReceivedModel, leniency
from speechmatics.testing import wire_job_configs, wire_job_details, wire_transcripts
from tests.models.test_definitions import model_named
from tests.models.test_two_way import NAMES, wire

CONFIG: dict[str, Any] = {
    "type": "transcription",
    "transcription_config": {
        "language": "en",
        "model": "enhanced",
        "operating_point": None,
        "additional_vocab": [{"content": "gnocchi", "sounds_like": ["nyohki"]}, {"content": "CEO"}],
        "diarization": "channel",
        "channel_diarization_labels": ["Agent", "Caller_2.b"],
        "punctuation_overrides": {"sensitivity": 0.4, "permitted_marks": [".", ",", "all"]},
        "audio_filtering_config": {"volume_threshold": 3},
        "transcript_filtering_config": {"replacements": [{"from": "foo", "to": "bar"}]},
        "speaker_diarization_config": {"speakers": [{"label": "Ann", "speaker_identifiers": ["x", "y"]}]},
        "new_switch": {"anything": 1},
    },
    "fetch_data": {"url": "https://example.com/a.wav", "auth_headers": ["Authorization: Bearer x"]},
    "notification_config": [{"url": "http://example.com", "contents": ["jobinfo"], "method": "put"}],
    "tracking": {"title": "Call", "tags": ["a"], "details": {"mine": None}},
    "output_config": {"srt_overrides": {"max_line_length": 37}},
    "translation_config": {"target_languages": ["de", "fr"]},
    "language_identification_config": {"low_confidence_action": "allow"},
    "summarization_config": {"summary_length": "brief"},
    "sentiment_analysis_config": {},
    "auto_chapters_config": {},
    "topic_detection_config": None,
}
TRANSCRIPT: dict[str, Any] = {
    "format": "2.9",
    "job": {"id": "a1", "created_at": "2026-01-09T12:29:01.853047Z", "data_name": "", "duration": 4},
    "metadata": {
        "created_at": "2026-01-09T12:29:05.123456789Z",
        "type": "transcription",
        "transcription_config": {"language": "en", "additional_vocab": None},
        "language_pack_info": {"word_delimiter": " ", "writing_direction": "left-to-right"},
    },
    "results": [
        {
            "type": "word",
            "start_time": 0.5,
            "end_time": 1,
            "alternatives": [{"content": "Hello", "confidence": 1, "language": "en", "speaker": "S1"}],
        },
        {"type": "a type to come", "payload": []},
    ],
    "translations": {"de": [{"start_time": 0.5, "end_time": 1, "content": "Hallo"}]},
    "audio_event_summary": {"overall": {"music": {"count": 1, "total_duration": 2.5}}},
}
JOB: dict[str, Any] = {"id": "a1", "status": "a status to come", "created_at": "2026-01-09T12:29:01Z", "config": CONFIG}


def validator(model: type[BaseModel], mode: JsonSchemaMode = "validation") -> Any:
    """A validator of others, with formats checked."""
    schema = model.model_json_schema(mode=mode)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def changed(data: dict[str, Any], *path: str | int, to: object) -> dict[str, Any]:
    """A copy of the example with another value at a place."""
    copy: Any = dict(data)
    step, *rest = path
    if rest:
        inner = copy[step]
        if isinstance(inner, list):
            index, *below = rest
            items: list[Any] = [*inner]
            items[int(index)] = changed(items[int(index)], *below, to=to) if below else to
            copy[step] = items
        else:
            copy[step] = changed(inner, *rest, to=to)
    else:
        copy[step] = to
    return {str(name): value for name, value in copy.items()}


MODELS = [
    model
    for model in (getattr(models, name) for name in models.__all__)
    if isinstance(model, type) and issubclass(model, BaseModel) and model is not models.ConnectionSettings
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_schema_is_valid(model: type[BaseModel]) -> None:
    """Each model has a schema of draft 2020-12, for what it reads and for what it writes, every field described."""
    modes: list[JsonSchemaMode] = ["validation", "serialization"]
    for mode in modes:
        schema = model.model_json_schema(mode=mode)
        Draft202012Validator.check_schema(schema)
        for name, part in schema.get("$defs", {schema["title"]: schema}).items():
            for field, described in part.get("properties", {}).items():
                assert described.get("description"), (name, field)


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (JobConfig, CONFIG),
        (JobConfig, {"transcription_config": {"language": "en"}}),
        (Transcript, TRANSCRIPT),
        (JobDetails, JOB),
    ],
)
def test_good_data_passes(model: type[BaseModel], example: dict[str, Any]) -> None:
    """What a model takes its schema takes, and so it does what the model writes."""
    validator(model).validate(example)
    with leniency(Leniency.SILENT):
        written = model.model_validate(example).model_dump(mode="json", by_alias=True, exclude_unset=True)
    validator(model).validate(written)
    validator(model, "serialization").validate(written)


VALIDATORS = {model: validator(model) for model in (JobConfig, JobDetails, Transcript)}


def test_a_configuration_needs_a_language_where_it_is_sent() -> None:
    """One that came back without is good."""
    config: dict[str, Any] = {"transcription_config": {}}
    assert not validator(JobConfig).is_valid(config)
    assert validator(JobDetails).is_valid({**JOB, "config": config})
    assert validator(Transcript).is_valid({**TRANSCRIPT, "metadata": config})


@given(wire_job_configs(unknown=True), wire_job_details(unknown=True), wire_transcripts(unknown=True))
def test_whatever_is_valid_passes(config: dict[str, Any], job: dict[str, Any], transcript: dict[str, Any]) -> None:
    """Every part of the API, with fields and values to come: the schemas are no stricter than the models."""
    VALIDATORS[JobConfig].validate(config)
    VALIDATORS[JobDetails].validate(job)
    VALIDATORS[Transcript].validate(transcript)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if issubclass(model_named(name), ReceivedModel)])
@given(data=st.data())
def test_every_answer_that_is_read_passes(name: str, data: st.DataObject) -> None:
    """Even where a configuration comes back that would not be taken from a user."""
    model = model_named(name)
    sent = data.draw(wire(name))
    model.model_validate(sent)
    received_validator(model).validate(sent)


@cache
def received_validator(model: type[BaseModel]) -> Any:
    """A validator without formats, which the models are more generous with."""
    return Draft202012Validator(model.model_json_schema())


def test_a_configuration_that_comes_back_is_not_judged() -> None:
    """Its types are; and the schema of what is sent stays as strict as it was."""
    config = {"transcription_config": {"language": "", "model": "enhanced", "operating_point": "enhanced"}}
    callbacks = [{"url": "x", "method": "POST"}] * 4
    job = {"id": "a", "status": "done", "config": {**config, "notification_config": callbacks}}
    received_validator(JobDetails).validate(job)
    received_validator(models.RetrieveJobResponse).validate({"job": job})
    received_validator(Transcript).validate({"results": [], "metadata": config})
    assert not received_validator(JobDetails).is_valid(changed(job, "config", "notification_config", to="x"))
    assert not received_validator(Transcript).is_valid({"results": [], "metadata": {"transcription_config": []}})
    assert not validator(JobConfig).is_valid({"type": "transcription", **config})


def test_the_flat_config_s_json_passes() -> None:
    """What `as_config` gives is of the schema of `JobConfig`."""
    config = BatchTranscriptionConfig(language="de", sentiment_analysis_config=models.SentimentAnalysisConfig())
    validator(JobConfig).validate(config.to_job_config().to_dict())


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (JobConfig, {}),
        (JobConfig, {"type": "transcription", "transcription_config": None}),
        (JobConfig, changed(CONFIG, "type", to=3)),
        (JobConfig, changed(CONFIG, "transcription_config", "language", to=" ")),
        (JobConfig, changed(CONFIG, "transcription_config", "operating_point", to="enhanced")),
        (JobConfig, changed(CONFIG, "transcription_config", "diarization", to="speaker")),
        (JobConfig, changed(CONFIG, "transcription_config", "enable_entities", to="yes")),
        (JobConfig, changed(CONFIG, "transcription_config", "channel_diarization_labels", to=["a b"])),
        (JobConfig, changed(CONFIG, "transcription_config", "punctuation_overrides", to={"sensitivity": 1.1})),
        (JobConfig, changed(CONFIG, "transcription_config", "punctuation_overrides", to={"permitted_marks": ["ab"]})),
        (JobConfig, changed(CONFIG, "transcription_config", "audio_filtering_config", "volume_threshold", to=-1)),
        (JobConfig, changed(CONFIG, "transcription_config", "additional_vocab", 0, to=5)),
        (
            JobConfig,
            changed(CONFIG, "transcription_config", "speaker_diarization_config", "speakers", 0, "label", to="S1"),
        ),
        (
            JobConfig,
            changed(CONFIG, "transcription_config", "transcript_filtering_config", "replacements", to=[{"from": "a"}]),
        ),
        (JobConfig, changed(CONFIG, "fetch_data", to={})),
        (JobConfig, changed(CONFIG, "fetch_data", "url", to="example.com")),
        (JobConfig, changed(CONFIG, "notification_config", 0, "method", to="get")),
        (JobConfig, changed(CONFIG, "notification_config", to=4 * CONFIG["notification_config"])),
        (JobConfig, changed(CONFIG, "translation_config", "target_languages", to=[*"abcdef"])),
        (JobConfig, changed(CONFIG, "output_config", "srt_overrides", "max_line_length", to=0)),
        (Transcript, {}),
        (Transcript, changed(TRANSCRIPT, "results", to={})),
        (Transcript, changed(TRANSCRIPT, "results", 0, to={"alternatives": []})),
        (Transcript, changed(TRANSCRIPT, "results", 0, "start_time", to="0.5")),
        (Transcript, changed(TRANSCRIPT, "results", 0, "alternatives", to=[{"confidence": 1}])),
        (Transcript, changed(TRANSCRIPT, "translations", "de", to="Hallo")),
        (JobDetails, {"id": "a1"}),
        (JobDetails, changed(JOB, "duration", to="4")),
    ],
)
def test_wrong_data_is_refused(model: type[BaseModel], wrong: dict[str, Any]) -> None:
    """A validator of others finds types, ranges, missing fields and contradictions."""
    assert not validator(model).is_valid(wrong)
