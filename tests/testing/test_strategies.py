"""What the strategies promise: valid by construction, and every part of the API sometimes there and sometimes not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from speechmatics import JobConfig, JobDetails, Transcript, ValidationReport, validate_config, validate_transcript
from speechmatics.testing import job_configs, job_details, transcripts, wire_job_configs, wire_transcripts
from speechmatics.testing._mixing import with_unknown
from tests.models.test_definitions import ROWS, Row
from tests.validation.test_validation import is_list, is_object


@given(job_configs())
def test_a_generated_configuration_is_taken(config: JobConfig) -> None:
    """Even a strict validation finds nothing."""
    assert validate_config(config, strict=True).problems == ()


@given(transcripts())
def test_a_generated_transcript_is_sound(transcript: Transcript) -> None:
    """Even a strict validation finds nothing; its text is there when there are words."""
    assert validate_transcript(transcript, strict=True).problems == ()
    assert bool(transcript.to_text()) == any(transcript.words())


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
        find(job_details(), is_echoed, settings=settings(max_examples=1000, phases=[Phase.generate]))


def models_in(value: object) -> Iterator[BaseModel]:
    """A model and all models within it."""
    if isinstance(value, BaseModel):
        yield value
        for name in value.model_fields_set:
            yield from models_in(getattr(value, name))
    elif is_object(value) or is_list(value):
        for part in value.values() if is_object(value) else value:
            yield from models_in(part)


many = settings(
    max_examples=300,
    database=None,
    derandomize=False,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
"""For what must turn up among the examples, if not at once, then in one of the rounds, which differ even on CI."""
ROUNDS = 30
FEW = 60
few = settings(many, max_examples=FEW)


WORD = {"content": "ten", "confidence": 1, "language": "en"}
TIMES = {"start_time": 0, "end_time": 1}
SEGMENTS = {"segments": [{"text": "Ten.", "sentiment": "neutral", **TIMES}]}
CONFIG: dict[str, Any] = {
    "type": "transcription",
    "transcription_config": {"language": "en", "model": "enhanced"},
    "notification_config": [{"url": "https://example.com", "contents": ["transcript"]}],
}
TRANSCRIPT: dict[str, Any] = {
    "format": "2.9",
    "job": {"id": "j", "created_at": "2026-01-01T00:00:00Z", "data_name": "a.wav", "duration": 1},
    "metadata": {"created_at": "2026-01-01T00:00:00Z", "type": "transcription", "transcription_config": {}},
    "results": [
        {"type": "entity", "entity_class": "number", "alternatives": [WORD], **TIMES}
        | {"written_form": [{"type": "word", "alternatives": [WORD], **TIMES}]},
        {"type": "punctuation", "attaches_to": "previous", "alternatives": [WORD], **TIMES},
    ],
    "sentiment_analysis": {"sentiment_analysis": SEGMENTS},
}


def test_the_unknown_is_mixed_in_at_every_level() -> None:
    """Fields and values of a service to come, from the top to the bottom, and results of types to come."""
    places: set[tuple[str, str]] = set()

    def note(report: ValidationReport) -> None:
        for problem in report.problems:
            names = [step for step in problem.path if isinstance(step, str)]
            last = names[-1:] if problem.code == "unknown_value" else ["*"]
            places.add((problem.code, ".".join([*names[:-1], *last])))

    @many
    @given(
        with_unknown(st.just(CONFIG), JobConfig, received=False),
        with_unknown(st.just(TRANSCRIPT), Transcript, received=True),
    )
    def collect(config: dict[str, Any], transcript: dict[str, Any]) -> None:
        note(validate_config(config))
        note(validate_transcript(transcript))

    expected = {
        ("unknown_field", "*"),
        ("unknown_field", "transcription_config.*"),
        ("unknown_field", "notification_config.*"),
        ("unknown_field", "metadata.*"),
        ("unknown_field", "results.*"),
        ("unknown_field", "results.alternatives.*"),
        ("unknown_field", "results.written_form.alternatives.*"),
        ("unknown_field", "sentiment_analysis.sentiment_analysis.segments.*"),
        ("unknown_value", "transcription_config.model"),
        ("unknown_value", "notification_config.contents"),
        ("unknown_value", "results.type"),
        ("unknown_value", "results.attaches_to"),
    }
    for _ in range(ROUNDS):
        if not expected <= places:
            collect()
    assert expected - places == set()


@pytest.mark.parametrize(
    ("documents", "validate"),
    [(wire_job_configs(unknown=True), validate_config), (wire_transcripts(unknown=True), validate_transcript)],
    ids=["configurations", "transcripts"],
)
def test_what_is_generated_has_the_unknown(
    documents: st.SearchStrategy[dict[str, Any]], validate: Callable[[dict[str, Any]], ValidationReport]
) -> None:
    """Where that is asked for: fields as well as values, but not always both."""
    counted: Counter[str] = Counter()

    @few
    @given(documents)
    def count(document: dict[str, Any]) -> None:
        counted.update({problem.code for problem in validate(document).problems})

    count()
    assert min(counted["unknown_field"], counted["unknown_value"]) > 0
    assert max(counted["unknown_field"], counted["unknown_value"]) < FEW


OTHERS = re.compile(r"Response$|^Usage|^TemporaryKey|^ProcessingData$")
"""Models that none of the three strategies is about."""
OURS = {row.model for row in ROWS if not OTHERS.search(row.model)}
MAY_BE_MISSING = [
    row
    for row in ROWS
    if row.model in {"JobConfig", "TranscriptionConfig", "TrackingData", "JobDetails", "Transcript", "JobInfo"}
    and row.presence == "optional"
    and row.name != "transcription_config"
]


@pytest.mark.slow
def test_every_part_is_sometimes_there_and_sometimes_not() -> None:
    """Each property in the table of the API that belongs to a configuration, a job or a transcript."""
    counted: Counter[tuple[str, str]] = Counter()

    @many
    @given(st.tuples(job_configs(), job_details(), transcripts()))
    def count(examples: tuple[BaseModel, ...]) -> None:
        for model in (model for example in examples for model in models_in(example)):
            kind = type(model)
            counted[kind.__name__, ""] += 1
            for name in model.model_fields_set & kind.model_fields.keys():
                counted[kind.__name__, kind.model_fields[name].alias or name] += getattr(model, name) is not None

    def never() -> list[Row]:
        return [row for row in ROWS if row.model in OURS and not counted[row.model, row.name]]

    def always() -> list[Row]:
        return [row for row in MAY_BE_MISSING if counted[row.model, row.name] == counted[row.model, ""]]

    for _ in range(ROUNDS):
        if not counted or never() or always():
            count()
    assert never() == []
    assert always() == []
