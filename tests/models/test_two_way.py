"""Nothing the server sent is lost or changed; nothing contradictory, and no None, is sent."""

from __future__ import annotations

import copy
import json
import math
import pickle
import re
import warnings
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

import speechmatics as sm
from speechmatics import JobConfig, JobDetails, Transcript, models
from speechmatics.models import Leniency, ReceivedModel, SentModel, as_job_config, leniency
from tests.models.test_definitions import ROWS, model_named

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0, 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
UNKNOWN_FIELDS = st.dictionaries(st.sampled_from(["new_field", "newer-field", "Other"]), JSON, max_size=1)
TIMES = [
    "2018-01-09T12:29:01.853047Z",
    "2026-01-09T12:29:01.123456789Z",
    "2026-01-09T12:29:01+01:00",
    "2026-01-09T12:29:01",
    "0001-01-01T00:00:00+02:00",
    "9999-12-31T23:59:59-02:00",
]
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "str": st.text(max_size=5) | st.sampled_from(["transcription", "word", "newest", "S1", ""]),
    "int": st.integers(-5, 10**6),
    "float": st.floats(-5, 1e6) | st.integers(0, 100),
    "int | float": st.floats(0, 1e6) | st.integers(0, 100),
    "bool": st.booleans(),
    "datetime": st.sampled_from(TIMES),
    "JobStatus | str": st.sampled_from(["running", "done", "brand new"]),
    "Any": JSON,
    "JsonValue": JSON,
}
NAMES = sorted({row.model for row in ROWS})


def values_of(python_type: str, depth: int) -> st.SearchStrategy[Any]:
    """What the wire may hold where the table says `python_type`."""
    if python_type in SCALARS:
        return SCALARS[python_type]
    if found := re.fullmatch(r"list\[(.*)\]", python_type):
        return st.lists(values_of(found[1], depth), max_size=2)
    if found := re.fullmatch(r"dict\[str, (.*)\]", python_type):
        return st.dictionaries(st.text(max_size=3), values_of(found[1], depth), max_size=2)
    return wire(python_type, depth - 1)


@cache
def wire(model: str, depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """An object as the service may send it: each part there, null or missing as the table allows, and unknown ones."""
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for row in ROWS:
        if row.model != model:
            continue
        if row.presence == "required":
            required[row.name] = values_of(row.python_type, depth)
        elif row.presence == "filled":
            optional[row.name] = values_of(row.python_type, depth)
        elif depth >= 0:
            optional[row.name] = st.none() | values_of(row.python_type, depth)
    known = st.fixed_dictionaries(required, optional=optional)
    return st.tuples(UNKNOWN_FIELDS, known).map(lambda parts: {**parts[0], **parts[1]})


OPEN = {"details", "new_field", "newer-field", "Other"}
"""Parts whose shape is the customer's own or unknown: there a null is a value."""
DEFAULTS = {row.name: "transcription" if row.name == "type" else "en" for row in ROWS if row.presence == "filled"}


def expected(given_: JsonValue, dumped: JsonValue) -> JsonValue:
    """What is sent for `given_`: without its nulls, and with the defaults that `dumped` shows."""
    if isinstance(given_, dict) and isinstance(dumped, dict):
        parts: dict[str, JsonValue] = {name: value for name, value in DEFAULTS.items() if name in dumped}
        for name, part in given_.items():
            if part is not None:
                parts[name] = part if name in OPEN else expected(part, dumped.get(name))
        return parts
    if isinstance(given_, list) and isinstance(dumped, list):
        return [expected(part, dumped[position]) for position, part in enumerate(given_)]
    return given_


@pytest.mark.parametrize("name", [name for name in NAMES if issubclass(model_named(name), ReceivedModel)])
@given(data=st.data())
def test_every_answer_is_kept_whole(name: str, data: st.DataObject) -> None:
    """Parse and dump gives back what was sent, nulls, unknown fields and unknown values included, in silence."""
    model = model_named(name)
    assert issubclass(model, ReceivedModel)
    sent = data.draw(wire(name))
    parsed = model.from_json(json.dumps(sent))
    assert parsed.to_dict() == sent
    assert json.loads(parsed.to_json()) == sent
    assert model.from_json(parsed.to_json()) == parsed
    assert model.model_validate(sent) == parsed


@pytest.mark.parametrize("name", [name for name in NAMES if issubclass(model_named(name), SentModel)])
@given(data=st.data())
def test_no_configuration_sends_none(name: str, data: st.DataObject) -> None:
    """Whatever a configuration holds, its null fields are left out, and all else is sent as it was given."""
    model = model_named(name)
    assert issubclass(model, SentModel)
    given_ = data.draw(wire(name))
    with leniency(Leniency.RECEIVED):
        dumped = model.model_validate(given_).to_dict()
        assert model.model_validate(dumped).to_dict() == dumped
    assert dumped == expected(given_, dumped)


@pytest.mark.parametrize("levels", [1, 2])
def test_sentiments_of_one_level_and_of_two(levels: int) -> None:
    """Segments and counts are found in one place, and a dump has the levels that were read."""
    analysis = {"segments": [{"text": "good", "sentiment": "positive"}], "summary": {"overall": {"positive_count": 1}}}
    sent: dict[str, Any] = {
        "results": [],
        "sentiment_analysis": analysis if levels == 1 else {"sentiment_analysis": analysis},
    }
    transcript = Transcript.from_json(json.dumps(sent))
    found = transcript.sentiment_analysis
    assert found is not None
    assert found.segments is not None
    assert found.segments[0].sentiment == "positive"
    assert found.summary is not None
    assert found.summary.overall is not None
    assert found.summary.overall.positive_count == 1
    assert transcript.to_dict() == json.loads(transcript.to_json()) == sent
    assert Transcript.model_validate(transcript.to_dict()) == Transcript.model_validate(transcript.model_dump())


def test_unknown_result_types_survive() -> None:
    """A transcript whose items are of a type to come is read, rendered without them, and written as it was."""
    sent = {
        "format": "3.0",
        "results": [
            {"type": "gesture", "start_time": 0.1, "hand": {"left": True}},
            {"type": "word", "start_time": 0.2, "end_time": 0.4, "alternatives": [{"content": "Hi"}]},
            {"type": "punctuation", "attaches_to": "above", "alternatives": [{"content": "!"}]},
        ],
    }
    transcript = Transcript.from_json(json.dumps(sent))
    assert transcript.to_dict() == sent
    assert "Hi" in transcript.to_text()


def test_a_time_is_a_datetime_and_keeps_how_it_was_written() -> None:
    """To the nanosecond, which Python does not count; a time that a program sets is written as ISO 8601."""
    written = "2026-01-09T12:29:01.123456789Z"
    job = JobDetails.model_validate({"id": "a", "status": "done", "created_at": written})
    assert job.created_at == datetime(2026, 1, 9, 12, 29, 1, 123456, tzinfo=UTC)
    assert job.to_dict()["created_at"] == written
    for copied in (copy.copy(job), copy.deepcopy(job), pickle.loads(pickle.dumps(job)), job.model_copy(deep=True)):
        assert copied == job
        assert copied.to_json() == job.to_json()
    assert job.created_at is not None
    job.created_at += timedelta(days=1)
    assert job.to_dict()["created_at"] == "2026-01-10T12:29:01.123456Z"
    made = JobDetails(id="a", status="done", created_at=datetime(2026, 1, 9, 12, 29, 1, tzinfo=UTC))
    assert json.loads(made.to_json())["created_at"] == "2026-01-09T12:29:01Z"


def test_a_known_status_is_a_member_and_a_new_one_a_string() -> None:
    """So `is` and `match` work on those that are known, and nothing breaks on others."""
    for status in models.JobStatus:
        for job in (
            JobDetails.model_validate({"id": "a", "status": status.value}),
            JobDetails.from_json(json.dumps({"id": "a", "status": status.value})),
        ):
            assert job.status is status
            assert job.is_running == (status is models.JobStatus.RUNNING)
    assert JobDetails.from_json('{"id": "a", "status": "paused"}').is_running
    assert type(JobDetails.from_json('{"id": "a", "status": "paused"}').status) is str


def test_a_null_configuration_part_is_kept() -> None:
    """The nulls that the service puts into a job's configuration come back out; a new job does not get them."""
    config = {
        "type": "transcription",
        "transcription_config": {"language": "en", "model": "enhanced", "additional_vocab": None},
        "notification_config": None,
        "auto_chapters_config": {},
    }
    job = JobDetails.model_validate({"id": "a", "status": "done", "config": config})
    assert job.to_dict()["config"] == config
    assert job.config is not None
    assert as_job_config(job.config).to_dict() == {
        "type": "transcription",
        "transcription_config": {"language": "en", "model": "enhanced"},
        "auto_chapters_config": {},
    }


def test_both_names_of_the_model_are_the_service_s_to_give() -> None:
    """An answer may hold `model` and `operating_point`; a user may not set both."""
    config = {"transcription_config": {"language": "en", "model": "enhanced", "operating_point": "enhanced"}}
    assert JobDetails.model_validate({"id": "a", "status": "done", "config": config}).to_dict()["config"] == config
    with pytest.raises(sm.ConfigError, match="set model only"):
        as_job_config(config)


def test_the_service_s_spelling_of_a_method_is_kept() -> None:
    """`POST` in an answer stays so; what a user writes is sent in lower case."""
    config = {"notification_config": [{"url": "https://example.com", "method": "POST"}]}
    assert JobDetails.model_validate({"id": "a", "status": "done", "config": config}).to_dict()["config"] == config
    assert sm.NotificationConfig(url="https://example.com", method="PUT").method == "put"


def test_a_url_that_the_service_took_is_not_judged_again() -> None:
    """A job whose configuration holds what this package would refuse is still read."""
    config = {"fetch_data": {"url": "https://[::1", "auth_headers": ["no colon"]}}
    assert JobDetails.model_validate({"id": "a", "status": "done", "config": config}).to_dict()["config"] == config


@pytest.mark.parametrize(
    "name",
    ["auto_chapters_config", "sentiment_analysis_config", "topic_detection_config", "audio_events_config"],
)
def test_empty_configs_that_switch_something_on_are_sent(name: str) -> None:
    """`{}` reaches the wire from a dict, from a model and from the flat configuration."""
    from_dict = as_job_config({"transcription_config": {"language": "en"}, name: {}})
    assert json.loads(from_dict.to_json())[name] == {}
    flat = models.BatchTranscriptionConfig(language="en")
    setattr(flat, name, {})
    assert json.loads(flat.as_config())[name] == {}
    assert name not in json.loads(models.BatchTranscriptionConfig(language="en").as_config())


TRANSCRIPTION = {"language": "en"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"transcription_config": {"language": "en", "enable_entities": "yes"}}, "valid boolean"),
        ({"transcription_config": {"language": "en", "punctuation_overrides": {"sensitivity": "0.5"}}}, "valid number"),
        (
            {"transcription_config": {"language": "en", "punctuation_overrides": {"sensitivity": math.nan}}},
            "from 0 to 1",
        ),
        ({"transcription_config": {"language": 7}}, "valid string"),
        ({"transcription_config": {"language": "en", "language_hints_strict": True}}, "needs language_hints"),
        ({"transcription_config": {"language": "en", "additional_vocab": [{"sounds_like": ["x"]}]}}, "content"),
        ({"output_config": {"srt_overrides": {"max_lines": 0}}}, "at least 1"),
        ({"output_config": {"srt_overrides": {"max_lines": True}}}, "valid integer"),
        ({"output_config": {"srt_overrides": {"max_line_length": 30.0}}}, "valid integer"),
        ({"translation_config": {"target_languages": []}}, "takes 1 to 5 languages, not 0"),
        ({"translation_config": {}}, "target_languages"),
        ({"fetch_data": {"auth_headers": ["A: b"]}}, "url"),
        ({"fetch_data": {"url": "https://"}}, "no host"),
        ({"fetch_data": {"url": "https://[::1"}}, "not a URL"),
        ({"fetch_data": {"url": "https://example.com:99999"}}, "not a URL"),
        ({"fetch_data": {"url": " https://example.com"}}, "must not begin with a space"),
        ({"fetch_data": {"url": "https://example.com/a\r\nX: y"}}, "line break"),
        ({"fetch_data": {"url": "https://example com/a.wav"}}, "space in its host"),
        ({"fetch_data": {"url": "https://example.com", "auth_headers": ["A: b\r\nC: d"]}}, "Name: value"),
        ({"fetch_data": {"url": "https://example.com", "auth_headers": ["A:\n b"]}}, "Name: value"),
        ({"fetch_data": {"url": "https://example.com", "auth_headers": ["A:"]}}, "Name: value"),
        ({"fetch_data": {"url": "https://example.com", "auth_headers": ["A B: c"]}}, "Name: value"),
        ({"notification_config": [{"url": "https://example.com", "auth_headers": ["Bearer"]}]}, "Name: value"),
        ({"notification_config": [{"url": "https://example.com", "method": "patch"}]}, "post or put"),
        ({"tracking": {"details": {"a": object()}}}, "must be JSON"),
        ({"tracking": {"details": {"a": math.inf}}}, "must be JSON"),
        ({"tracking": {"tags": "one"}}, "valid list"),
        ({"type": "transcription", "transcription_config": None}, "transcription_config is missing"),
    ],
)
def test_what_the_documentation_rules_out_is_refused(config: dict[str, Any], message: str) -> None:
    """As an error that names the place, before anything is sent."""
    with pytest.raises(sm.ConfigError, match=message):
        as_job_config({"transcription_config": TRANSCRIPTION, **config})


def test_an_unknown_field_that_is_not_json_is_refused() -> None:
    """It could not be sent."""
    with pytest.warns(sm.UnknownConfigWarning), pytest.raises(sm.ConfigError, match="new_field must be JSON"):
        as_job_config({"transcription_config": TRANSCRIPTION, "new_field": {1, object()}})


@pytest.mark.parametrize(
    "header", ["Authorization: Bearer a.b-c", "X-Token:abc", "x_1:  two words; and = more", "A: ü\tb"]
)
def test_headers_in_the_proper_form_are_taken(header: str) -> None:
    """Of any name and value that HTTP allows."""
    assert sm.FetchData(url="https://example.com/a.wav", auth_headers=[header]).auth_headers == [header]


def test_labels_that_only_resemble_the_service_s_are_taken() -> None:
    """`S1` is the service's own, `Sam` and `S1b` are not."""
    for label in ("Sam", "S1b", "s1", "UUU"):
        item = sm.SpeakersInputItem(label=label, speaker_identifiers=["x"])
        assert item.to_dict()["label"] == label
    for label in ("S1", "S22", "UU", ""):
        with pytest.raises(ValidationError, match="label"):
            sm.SpeakersInputItem(label=label, speaker_identifiers=["x"])


def test_a_temporary_key_s_time_to_live_has_limits() -> None:
    """60 seconds to a day; the key itself is not in the repr."""
    assert models.TemporaryKeyRequest(ttl=60, region="eu").to_dict() == {"ttl": 60, "region": "eu"}
    for ttl in (59, 86401):
        with pytest.raises(ValidationError, match="from 60 to 86400"):
            models.TemporaryKeyRequest(ttl=ttl)
    assert "secret" not in repr(models.TemporaryKey(key_value="secret"))


def test_a_transcript_is_written_and_read_back(tmp_path: Path) -> None:
    """`to_json`, `from_json` of text and bytes, and `from_file`, with or without a byte order mark."""
    sent = {"format": "2.9", "results": [{"type": "word", "alternatives": [{"content": "né"}]}]}
    transcript = Transcript.from_json(json.dumps(sent))
    assert Transcript.from_json(transcript.to_json().encode()) == transcript
    place = tmp_path / "t.json"
    for encoding in ("utf-8", "utf-8-sig"):
        place.write_text(transcript.to_json(), encoding=encoding)
        assert Transcript.from_file(place) == Transcript.from_file(str(place)) == transcript


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"format": "2.9"}', b"[" * 100_000])
def test_a_file_that_is_no_transcript_is_named(tmp_path: Path, content: bytes) -> None:
    """The error names the file and carries what it holds; a missing one is ours, and the system's error too."""
    place = tmp_path / "t.json"
    with pytest.raises(FileNotFoundError, match=r"t\.json"):
        Transcript.from_file(place)
    place.write_bytes(content)
    with pytest.raises(sm.InvalidResponseError, match=r"t\.json: not a (Transcript|json-v2 transcript)") as caught:
        Transcript.from_file(place)
    assert caught.value.body == content


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"type": 1}'])
def test_a_file_that_is_no_configuration_is_named(tmp_path: Path, content: bytes) -> None:
    """As a `ConfigError`, which is a `ValueError` too."""
    place = tmp_path / "c.json"
    place.write_bytes(content)
    with pytest.raises(sm.ConfigError, match=r"c\.json"):
        JobConfig.from_file(place)


def test_a_path_that_no_system_has_is_a_config_error() -> None:
    """Rather than a bare `ValueError` of the operating system's layer."""
    with pytest.raises(sm.ConfigNotReadableError, match="null"):
        JobConfig.from_file("a\0b.json")


def test_a_configuration_file_in_utf_8_with_a_mark_is_read(tmp_path: Path) -> None:
    """As editors on Windows write it."""
    place = tmp_path / "c.json"
    place.write_text('{"transcription_config": {"language": "en"}}', encoding="utf-8-sig")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert JobConfig.from_file(place).to_dict()["transcription_config"] == TRANSCRIPTION
