"""What the strategies promise: valid by construction, and every part of the API sometimes there and sometimes not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.strategies import SearchStrategy
from pydantic import BaseModel

from speechmatics import JobConfig, JobDetails, Transcript, validate_config, validate_transcript
from speechmatics.testing import job_configs, job_details, transcripts
from tests.test_definitions import ROWS
from tests.test_validation import is_list, is_object

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(job_configs())
def test_a_generated_configuration_is_taken(config: JobConfig) -> None:
    """Even a strict validation finds nothing."""
    assert validate_config(config, strict=True).problems == ()


@quick
@given(transcripts())
def test_a_generated_transcript_is_sound(transcript: Transcript) -> None:
    """Even a strict validation finds nothing; its text is there when there are words."""
    assert validate_transcript(transcript, strict=True).problems == ()
    assert bool(transcript.to_text()) == any(transcript.words())


@quick
@given(job_details())
def test_a_generated_job_is_sound(job: JobDetails) -> None:
    """Only what was rejected, or called somebody, has errors; a rejected job says why."""
    is_noisy = job.config is not None and bool(job.config.notification_config)
    assert job.status == "rejected" or is_noisy or not job.errors
    assert job.status != "rejected" or job.errors


def test_a_generated_job_may_be_as_servers_echo_it() -> None:
    """With the model under both its names, and with nulls for what was not asked for."""

    def has_both_names(job: JobDetails) -> bool:
        config = job.to_dict().get("config", {"transcription_config": {}})["transcription_config"]
        return "model" in config and config["model"] == config.get("operating_point")

    def has_nulls(job: JobDetails) -> bool:
        config = job.to_dict().get("config", {})
        return None in config.values() and None in config["transcription_config"].values()

    for is_echoed in (has_both_names, has_nulls):
        find(job_details(), is_echoed, settings=settings(quick, max_examples=1000, phases=[Phase.generate]))


def models_in(value: object) -> Iterator[BaseModel]:
    """A model and all models within it."""
    if isinstance(value, BaseModel):
        yield value
        for name in value.model_fields_set:
            yield from models_in(getattr(value, name))
    elif is_object(value) or is_list(value):
        for part in value.values() if is_object(value) else value:
            yield from models_in(part)


def occurrences(strategy: SearchStrategy[BaseModel]) -> Counter[tuple[str, str]]:
    """How often a model occurs in many examples, as `(model, "")`, and how often with each of its fields."""
    counted: Counter[tuple[str, str]] = Counter()

    @settings(
        max_examples=300,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(strategy)
    def count(example: BaseModel) -> None:
        for model in models_in(example):
            kind = type(model)
            counted[kind.__name__, ""] += 1
            for name in model.model_fields_set:
                if name in kind.model_fields and getattr(model, name) is not None:
                    counted[kind.__name__, kind.model_fields[name].alias or name] += 1

    count()
    return counted


def test_every_part_is_sometimes_there_and_sometimes_not() -> None:
    """Each property in the table of the API that belongs to a configuration, a job or a transcript."""
    counted = occurrences(job_configs()) + occurrences(job_details()) + occurrences(transcripts())
    reached = [row for row in ROWS if counted[row.model, ""]]
    assert {"JobConfig", "SpeakersInputItem", "JobDetailError", "RecognitionForm", "AudioEventSummaryItem"} <= {
        row.model for row in reached
    }
    assert [row for row in reached if not counted[row.model, row.name]] == []
    may_be_missing = [
        row
        for row in reached
        if row.model in {"JobConfig", "TranscriptionConfig", "TrackingData", "JobDetails", "Transcript", "JobInfo"}
        and row.presence == "optional"
        and row.name != "transcription_config"
    ]
    assert [row for row in may_be_missing if counted[row.model, row.name] == counted[row.model, ""]] == []
