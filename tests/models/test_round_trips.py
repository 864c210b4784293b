"""What is parsed and dumped again is what it was: generated configurations, jobs and transcripts."""

from __future__ import annotations

import json
import warnings
from typing import Any

from hypothesis import given

from speechmatics.models import JobConfig, JobDetails, Transcript, UnknownConfigWarning
from speechmatics.testing import (
    job_configs,
    job_details,
    transcripts,
    wire_job_configs,
    wire_job_details,
    wire_transcripts,
)


@given(job_configs())
def test_a_configuration_survives_dump_and_parse(config: JobConfig) -> None:
    """As an object and as JSON text."""
    assert JobConfig.model_validate(config.to_dict()) == config
    assert JobConfig.model_validate_json(config.to_json()) == config


@given(job_details())
def test_job_details_survive_dump_and_parse(job: JobDetails) -> None:
    """As an object and as JSON text."""
    assert JobDetails.model_validate(job.to_dict()) == job
    assert JobDetails.from_json(job.to_json()) == job


@given(transcripts())
def test_a_transcript_survives_dump_and_parse(transcript: Transcript) -> None:
    """As an object and as JSON text."""
    assert Transcript.model_validate(transcript.to_dict()) == transcript
    assert Transcript.from_json(transcript.to_json()) == transcript


@given(wire_job_configs(unknown=True))
def test_a_configuration_is_sent_as_it_was_written(wire: dict[str, Any]) -> None:
    """With unknown fields and values, which are passed on with a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownConfigWarning)
        assert JobConfig.model_validate(wire).to_dict() == wire
        assert json.loads(JobConfig.model_validate_json(json.dumps(wire)).to_json()) == wire


@given(wire_job_details(unknown=True))
def test_job_details_are_kept_as_they_came(wire: dict[str, Any]) -> None:
    """With nulls, unknown fields and unknown values."""
    assert JobDetails.model_validate(wire).to_dict() == wire
    assert json.loads(JobDetails.from_json(json.dumps(wire)).to_json()) == wire


@given(wire_transcripts(unknown=True))
def test_a_transcript_is_kept_as_it_came(wire: dict[str, Any]) -> None:
    """With nulls, unknown fields, unknown values and results of unknown types."""
    assert Transcript.model_validate(wire).to_dict() == wire
    assert json.loads(Transcript.from_json(json.dumps(wire)).to_json()) == wire
