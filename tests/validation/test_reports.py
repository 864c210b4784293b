"""Reports as pipelines use them: values, pointers, sources, counts, rows, and several in one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from speechmatics import (
    ProblemCode,
    Severity,
    ValidationProblem,
    ValidationReport,
    validate_config,
    validate_transcript,
)
from speechmatics._secrets import MASK

LANGUAGE = {"language": "en"}


def word(content: str, **others: Any) -> dict[str, Any]:
    """A word of half a second."""
    reading = {"content": content, "confidence": 0.9, "language": "en"}
    return {"type": "word", "start_time": 0.0, "end_time": 0.5, "alternatives": [reading], **others}


def transcript_of(*results: dict[str, Any]) -> dict[str, Any]:
    """A transcript with these results."""
    metadata = {"created_at": "2026-01-01T00:00:00Z", "type": "transcription", "transcription_config": LANGUAGE}
    return {"format": "2.9", "metadata": metadata, "results": list(results)}


def values(report: ValidationReport) -> dict[str, str | None]:
    """What stands at each place."""
    return {problem.location: problem.value for problem in report}


def test_a_problem_has_the_value_that_is_wrong() -> None:
    """As JSON, cut where it is long; what is missing has none."""
    report = validate_transcript(
        transcript_of(
            word("a", end_time=-1),
            word("b", volume="loud"),
            word("c", channel={"name": "left"}),
            word("d", start_time=[1]),
            word("e", type="x" * 500),
            word("f", alternatives=[{"confidence": 1}]),
        )
    )
    found = values(report)
    assert found["results[0].end_time"] == "-1"
    assert found["results[1].volume"] == '"loud"'
    assert found["results[2].channel"] == "{…}"
    assert found["results[3].start_time"] == "[…]"
    assert found["results[4].type"] == '"' + "x" * 98 + "…"
    assert found["results[5].alternatives[0].content"] is None
    assert values(validate_transcript(b"[]"))["$"] == "[…]"
    assert values(validate_transcript(b"{"))["$"] == "null"


@pytest.mark.parametrize(
    ("config", "location", "value"),
    [
        ({"transcription_config": {"language": "en", "diarization": "speakers"}}, "diarization", '"speakers"'),
        ({"transcription_config": {"language": "en", "tokn": "hunter2"}}, "tokn", MASK),
        ({"transcription_config": LANGUAGE, "fetch_data": {"url": "http://user:hunter2@?hunter2"}}, "url", None),
        ({"transcription_config": LANGUAGE, "fetch_data": "hunter2"}, "fetch_data", MASK),
        ({"transcription_config": LANGUAGE, "fetch_data": {"url": 5}}, "url", MASK),
        (
            {
                "transcription_config": LANGUAGE,
                "notification_config": [{"url": "https://h", "auth_headers": "hunter2"}],
            },
            "auth_headers",
            MASK,
        ),
        (
            {
                "transcription_config": LANGUAGE,
                "notification_config": [{"url": "https://h", "auth_headers": ["https://hunter2", 5]}],
            },
            "auth_headers[1]",
            MASK,
        ),
        (
            {"transcription_config": LANGUAGE, "notification_config": [{"url": "https://h", "contents": ["all"]}]},
            "contents[0]",
            '"all"',
        ),
    ],
)
def test_a_secret_is_masked(config: dict[str, Any], location: str, value: str | None) -> None:
    """Wherever it stands, whatever is wrong with it; a URL is shown without its query and password."""
    report = validate_config(config)
    assert "hunter2" not in report.to_json()
    problem = next(problem for problem in report if problem.location.endswith(location))
    assert value is None or problem.value == value


def test_a_long_password_is_not_cut_in_two() -> None:
    """So that what is left of it looked like a host."""
    url = f"http://user:{'hunter2' * 100}@/a"
    assert "hunter2" not in validate_config({"transcription_config": LANGUAGE, "fetch_data": {"url": url}}).to_json()


def test_a_pointer_leads_to_the_place() -> None:
    """By RFC 6901, with its two escapes."""

    def pointer(*path: str | int) -> str:
        return ValidationProblem(path, ProblemCode.UNKNOWN_FIELD, Severity.WARNING, "").pointer

    assert pointer() == ""
    assert pointer("results", 3, "end_time") == "/results/3/end_time"
    assert pointer("a/b", "m~n", "") == "/a~1b/m~0n/"


@pytest.mark.parametrize("validate", [validate_config, validate_transcript])
def test_a_report_names_what_was_examined(validate: Callable[[Any], ValidationReport], tmp_path: Path) -> None:
    """A path, as it was given; data has no name."""
    file = tmp_path / "a.json"
    file.write_text("{}")
    for path in (file, str(file)):
        report = validate(path)
        assert report.source == str(file)
        assert {problem.source for problem in report} == {str(file)}
    unnamed: list[Any] = [{}, "{}", b"{}", "\ufeff{}"]
    for data in unnamed:
        assert validate(data).source is None
    assert validate("https://user:secret@host/a.json?secret").source == "https://host/a.json"
    assert validate({}).of("mine").source == "mine"


def test_a_report_is_counted_and_gone_through() -> None:
    """By itself, by code and by severity; a report with warnings alone is true, and has a length."""
    report = validate_transcript(transcript_of(word("", end_time=-1, x=1), word("b", x=1)))
    assert len(report) == len(report.problems) == len([*report]) > 0
    assert report.count_by_code()[ProblemCode.UNKNOWN_FIELD] == 2
    assert sum(report.count_by_code().values()) == len(report)
    assert report.count_by_severity() == {Severity.ERROR: len(report.errors), Severity.WARNING: 2}
    assert bool(ValidationReport()) is True
    assert (len(ValidationReport()), ValidationReport().count_by_code()) == (0, {})


def test_a_report_becomes_json_and_rows() -> None:
    """Of plain values, the same everywhere."""
    report = validate_transcript(transcript_of(word("a", end_time=-1, über=1))).of("day.jsonl:7")
    whole = report.to_dict()
    assert json.loads(report.to_json()) == json.loads(report.to_json(indent=2)) == whole
    assert "\n" not in report.to_json()
    assert whole["problems"] == report.to_records()
    assert (whole["ok"], whole["errors"], whole["warnings"]) == (False, len(report.errors), 1)
    assert report.to_records()[0] == {
        "source": "day.jsonl:7",
        "severity": "warning",
        "code": "unknown_field",
        "location": "results[0].über",
        "pointer": "/results/0/über",
        "value": "1",
        "message": report.problems[0].message,
    }


def test_reports_are_merged() -> None:
    """Each problem keeps its source; the whole has one where all of them have the same."""
    one, two = validate_config({}).of("one"), validate_config({}).of("two")
    both = one.merge(two)
    assert both.source is None
    assert [problem.source for problem in both] == ["one"] * len(one) + ["two"] * len(two)
    assert one.merge().source == one.merge(one).source == "one"
    assert not both.ok
