"""A part of an answer that does not fit its type is kept as it came, and the rest is typed."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from speechmatics import (
    ConfigError,
    CreateJobResponse,
    ErrorResponse,
    FetchData,
    JobConfig,
    JobDetails,
    Notification,
    RetrieveJobResponse,
    RetrieveJobsResponse,
    Transcript,
    TranscriptionConfig,
    UsageReport,
)
from speechmatics.models import Leniency, as_job_config, leniency
from speechmatics.models._kept import is_list, is_object
from speechmatics.testing import wire_job_details
from tests.models.test_models import JSON

ID = {"id": "j", "status": "done"}


def same(one: object, other: object) -> bool:
    """Whether two values are the same JSON; Python takes True for 1."""
    if is_object(one) and is_object(other):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if is_list(one) and is_list(other):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def without_doublets(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON text, which names each field once."""
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def loaded(text: str) -> Any:
    """JSON text that names each field once."""
    return json.loads(text, object_pairs_hook=without_doublets)


def job(**parts: object) -> JobDetails:
    """A job with odd parts."""
    wire = {**ID, **parts}
    read = JobDetails.model_validate(wire)
    assert same(read.to_dict(), wire)
    assert same(loaded(read.to_json()), wire)
    assert JobDetails.from_json(json.dumps(wire)) == read
    assert loaded(read.model_dump_json()) == read.model_dump(mode="json")
    return read


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("errors", ["x"]),
        ("errors", {"message": "x"}),
        ("duration", "abc"),
        ("duration", "5"),
        ("duration", True),
        ("created_at", "yesterday"),
        ("created_at", 1700000000),
        ("tracking", 5),
        ("config", "none"),
        ("data_name", 5),
        ("lang", {"code": "en"}),
        ("request_id", 17),
        ("text_name", []),
    ],
)
def test_a_field_that_does_not_fit_is_unset_and_kept(field: str, value: object) -> None:
    """Its value is in `model_extra`; the others are typed."""
    read = job(**{field: value, **({} if field == "duration" else {"duration": 3})})
    assert (read.id, read.status) == ("j", "done")
    assert getattr(read, field) is None
    assert field not in read.model_fields_set
    assert read.model_extra == {field: value}
    assert field == "duration" or read.duration == 3


def test_the_smallest_model_that_can_hold_a_part_keeps_it() -> None:
    """Its parent does where it cannot be made without it."""
    config: dict[str, Any] = {
        "type": "transcription",
        "fetch_data": {"auth_headers": ["Authorization: x"]},
        "notification_config": {"url": "https://example.com"},
        "tracking": {"title": 1, "tags": ["a"], "reference": "r"},
        "transcription_config": {
            "language": "de",
            "model": 7,
            "additional_vocab": ["gnocchi"],
            "punctuation_overrides": {"sensitivity": "high", "permitted_marks": ["."]},
            "audio_filtering_config": {"volume_threshold": 2**60 + 1},
            "enable_entities": 1,
        },
    }
    read = job(config=config, errors=[{"message": 5, "timestamp": "t"}, {"message": "m"}])
    assert read.model_extra == {}
    assert read.errors is not None
    assert (read.errors[0].message, read.errors[0].timestamp, read.errors[1].message) == (None, "t", "m")
    assert read.errors[0].model_extra == {"message": 5}
    assert read.config is not None
    assert read.config.model_extra == {name: config[name] for name in ("fetch_data", "notification_config")}
    assert read.config.tracking is not None
    assert (read.config.tracking.title, read.config.tracking.tags, read.config.tracking.reference) == (None, ["a"], "r")
    transcription = read.config.transcription_config
    assert transcription is not None
    assert (transcription.language, transcription.model, transcription.additional_vocab) == ("de", None, None)
    assert transcription.model_extra == {"model": 7, "additional_vocab": ["gnocchi"], "enable_entities": 1}
    assert transcription.punctuation_overrides is not None
    assert transcription.punctuation_overrides.model_extra == {"sensitivity": "high"}
    assert transcription.punctuation_overrides.permitted_marks == ["."]
    assert transcription.audio_filtering_config is not None
    assert transcription.audio_filtering_config.model_extra == {"volume_threshold": 2**60 + 1}


@pytest.mark.parametrize("value", [None, 5, {}])
def test_a_language_that_does_not_fit(value: object) -> None:
    """The configuration is typed all the same, with no language."""
    config = job(config={"transcription_config": {"language": value, "domain": "d"}}).config
    assert config is not None
    assert config.transcription_config is not None
    assert (config.transcription_config.language, config.transcription_config.domain) == ("", "d")
    assert config.transcription_config.model_extra == {"language": value}
    with pytest.raises(ConfigError, match=r"transcription_config\.language"):
        as_job_config(config)


@pytest.mark.parametrize("wire", [{"status": "done"}, {"id": "j"}, {**ID, "id": 5}, {**ID, "status": None}, 5, [ID]])
def test_a_job_needs_an_id_and_a_status(wire: object) -> None:
    """A wrong type of either is an error too."""
    with pytest.raises(ValidationError):
        JobDetails.model_validate(wire)


def paths(data: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """All places within a value."""
    items: list[tuple[str | int, object]] = []
    items += data.items() if is_object(data) else enumerate(data) if is_list(data) else ()
    for step, value in items:
        yield (*path, step)
        yield from paths(value, (*path, step))


WORD = {"type": "word", "start_time": 0.5, "end_time": 1, "alternatives": [{"content": "a", "confidence": 1}]}
VALUES = JSON | st.integers(-(2**70), 2**70) | st.sampled_from(["5", "true", "2026-01-01", "1e3", "yes"])


@given(wire_job_details(unknown=True), st.data())
def test_whatever_stands_in_a_field_of_a_job(wire: dict[str, Any], data: st.DataObject) -> None:
    """Is no error, in one field or several, and comes back as it came."""
    wire = json.loads(json.dumps(wire))
    wire |= data.draw(
        st.dictionaries(st.sampled_from([*{*JobDetails.model_fields} - {"id", "status"}]), VALUES, max_size=2)
    )
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([path for path in paths(wire) if path[0] not in ("id", "status")] or [()]))
        inner: Any = wire
        for step in path[:-1]:
            inner = inner[step]
        if path:
            inner[path[-1]] = data.draw(VALUES)
    read = job(**wire)
    page = RetrieveJobsResponse.model_validate({"jobs": [wire, ID]})
    assert same(page.to_dict(), {"jobs": [wire, ID]})
    assert page.jobs == [read, JobDetails.model_validate(ID)]
    assert loaded(RetrieveJobResponse(job=read).model_dump_json())["job"] == read.model_dump(mode="json")
    transcript = {"results": [WORD], "job": wire, "metadata": wire.get("config")}
    assert same(Transcript.from_json(json.dumps(transcript)).to_dict(), transcript)


def test_what_users_send_is_not_kept_but_refused() -> None:
    """Neither a configuration nor a part of one may have a wrong type, and neither is a list of one made of it."""
    for wrong in ({"additional_vocab": [7]}, {"model": 7}, {"language": None}):
        with pytest.raises(ConfigError, match=f"transcription_config.{next(iter(wrong))}"):
            as_job_config({"transcription_config": {"language": "en", **wrong}})
    with pytest.raises(ValidationError):
        TranscriptionConfig.model_validate({"language": "en", "additional_vocab": [7]})


def test_a_field_that_is_set_takes_the_place_of_what_was_kept() -> None:
    """By assignment and in a copy, of an answer and of a configuration; what was kept for others stays."""
    read = job(errors=["x"], duration="abc", config={"transcription_config": {"language": None, "model": 7}})
    assert read.model_copy().to_dict() == copy.deepcopy(read).to_dict() == read.to_dict()
    assert pickle.loads(pickle.dumps(read)) == read
    changed = read.model_copy(update={"errors": None})
    assert changed.to_dict() == {**read.to_dict(), "errors": None}
    read.duration = 5
    assert read.model_extra == {"errors": ["x"]}
    assert loaded(read.model_dump_json())["duration"] == 5
    config = read.config.transcription_config if read.config else None
    assert config is not None
    config.domain = "finance"
    assert (config.language, config.model, config.model_extra) == ("", None, {"language": None, "model": 7})
    config.language = "de"
    assert config.model_extra == {"model": 7}
    assert config.to_dict() == {"language": "de", "domain": "finance", "model": 7}
    with pytest.raises(ValidationError):
        config.model = 8  # type: ignore[assignment]
    assert config.model_extra == {"model": 7}


def test_what_is_kept_is_not_shown() -> None:
    """It may be a secret: headers of a fetch that could not be read."""
    read = job(config={"fetch_data": {"auth_headers": ["Authorization: secret"]}, "output_config": {}}, errors=["x"])
    assert "secret" not in repr(read)
    assert "errors" not in repr(read)
    assert "output_config=OutputConfig" in repr(read)


def test_each_field_is_dumped_once() -> None:
    """Within another model too, of a user's own, in a union, and where Pydantic is asked for unset fields."""

    class Seen(BaseModel):
        job: JobDetails | int
        jobs: list[JobDetails]

    read = job(errors=["x"], config={"transcription_config": {"language": "en", "model": 7}})
    seen = loaded(Seen(job=read, jobs=[read]).model_dump_json())
    assert seen["job"] == seen["jobs"][0] == read.model_dump(mode="json")
    assert seen["job"]["errors"] == ["x"]
    assert loaded(TypeAdapter(list[JobDetails]).dump_json([read]).decode()) == [seen["job"]]
    called_back = Notification(id="j", status="success", jobinfo=read)
    assert loaded(called_back.model_dump_json())["jobinfo"] == seen["job"]
    transcript = Transcript.model_validate({"results": [], "summary": "text", "chapters": [{"title": 5}]})
    assert loaded(transcript.model_dump_json(indent=1))["summary"] == "text"
    assert loaded(Notification(id="j", status="success", transcript=transcript).model_dump_json())["transcript"][
        "chapters"
    ] == [{"title": 5}]


def test_the_siblings_of_jobs_are_as_lenient() -> None:
    """A transcript is not lost over its summary, nor a job's id over what comes with it, nor an error over its code."""
    wire: dict[str, Any] = {
        "results": [WORD],
        "summary": "text",
        "job": {"id": 5, "duration": "abc", "tracking": 5},
        "metadata": {"transcription_config": {"additional_vocab": [7]}, "created_at": 5, "output_config": 7},
    }
    transcript = Transcript.from_json(json.dumps(wire))
    assert (transcript.to_dict(), transcript.to_text().strip()) == (wire, "a")
    assert Transcript.model_validate(wire) == transcript
    created = CreateJobResponse.from_json('{"id": "j", "json-v2": {"results": 5}, "txt": 7}')
    assert (created.id, created.json_v2, created.model_extra) == ("j", None, {"json-v2": {"results": 5}, "txt": 7})
    assert loaded(created.model_dump_json(by_alias=True))["json-v2"] == {"results": 5}
    assert "7" not in repr(created)
    assert ErrorResponse.from_json('{"code": "x", "error": "y"}').error == "y"
    usage = {"count": 1, "duration_hrs": 0.5, "language": 5}
    assert UsageReport.model_validate({"since": 5, "summary": [usage], "details": []}).summary[0].to_dict() == usage


def test_who_asks_for_no_unknown_fields_gets_none_of_what_is_kept() -> None:
    """The rest is typed all the same."""
    read = JobDetails.model_validate({**ID, "errors": ["x"], "new": 1}, extra="ignore")
    assert (read.errors, read.model_extra, read.to_dict()) == (None, None, ID)


class Narrow(JobDetails):
    """A job of a user's own."""

    duration: Annotated[float, Field(gt=1)] | None = None

    @field_validator("data_name")
    @classmethod
    def _no_spaces(cls, value: str | None) -> str | None:
        if value is not None and " " in value:
            raise ValueError("has a space")
        return value


class Closed(JobDetails):
    """A job without unknown fields."""

    model_config = ConfigDict(extra="forbid")


def test_a_subclass_of_a_user_s_own_is_as_strict_as_it_says() -> None:
    """Its validators, its fields and `extra="forbid"` are obeyed; what it inherits is as lenient as before."""
    assert Narrow.model_validate({**ID, "errors": ["x"]}).model_extra == {"errors": ["x"]}
    for wrong in ({"data_name": "a b"}, {"duration": 0.5}, {"duration": 0.5, "errors": ["x"]}):
        with pytest.raises(ValidationError):
            Narrow.model_validate({**ID, **wrong})
    for unknown in ({"new": 1}, {"errors": ["x"]}):
        with pytest.raises(ValidationError):
            Closed.model_validate({**ID, **unknown})


def test_one_malformed_job_breaks_no_list(caplog: pytest.LogCaptureFixture) -> None:
    """Those with an id and a status are read; of the others the log says how many, and a dump has them."""
    wire = {"jobs": [ID, 5, None, {"id": "k"}, {**ID, "id": "l", "errors": ["x"]}, {"status": "done"}], "new": 1}
    with caplog.at_level(logging.WARNING, "speechmatics"):
        page = RetrieveJobsResponse.model_validate(wire)
    assert [record.getMessage() for record in caplog.records] == [
        "6 jobs are listed, of which 2 can be read; the others are passed over"
    ]
    assert page.jobs is not None
    assert [job.id for job in page.jobs] == [job.id for job in page.listed] == ["j", "l"]
    assert page.to_dict() == loaded(page.to_json()) == wire
    assert loaded(page.model_dump_json())["jobs"] == wire["jobs"]
    assert RetrieveJobsResponse.from_json(json.dumps(wire)) == page
    page.jobs = []
    assert page.to_dict() == {"jobs": [], "new": 1}


@pytest.mark.parametrize("wire", [{"jobs": 5}, {"jobs": None}, {"active_jobs": "none"}, {}])
def test_a_page_without_a_list(wire: dict[str, Any]) -> None:
    """Has no jobs, and is kept."""
    page = RetrieveJobsResponse.model_validate(wire)
    assert (page.jobs, page.active_jobs, page.listed, page.to_dict()) == (None, None, [], wire)
    with pytest.raises(ValidationError):
        RetrieveJobsResponse.model_validate(5)


def test_active_jobs_of_a_worker_are_jobs(caplog: pytest.LogCaptureFixture) -> None:
    """Where they have ids; one without a status is running, and a dump has none."""
    wire = {"active_jobs": [{"id": "a", "user_id": "u"}, {**ID, "id": "b"}, "c"], "max_engines": 8}
    page = RetrieveJobsResponse.model_validate(wire)
    assert [(job.id, job.status) for job in page.listed] == [("a", "running"), ("b", "done")]
    assert page.active_jobs == page.listed
    assert page.listed[0].to_dict() == {"id": "a", "user_id": "u"}
    assert page.to_dict() == wire
    assert len(caplog.records) == 1


def test_a_configuration_may_be_read_as_the_service_had_it() -> None:
    """By whoever says so; the headers of a fetch stay out of its repr."""
    with leniency(Leniency.RECEIVED):
        config = JobConfig.model_validate({"transcription_config": {}, "fetch_data": {"url": 5}})
    assert config.fetch_data is None
    assert config.to_dict()["fetch_data"] == {"url": 5}
    config.fetch_data = FetchData(url="https://example.com")
    assert config.to_dict()["fetch_data"] == {"url": "https://example.com"}
