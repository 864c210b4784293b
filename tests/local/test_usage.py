"""Usage as a local server reports it: by kind, language and model, for the days that are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from speechmatics import BatchClient
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from speechmatics.local.database import Database
from speechmatics.local.usage import report_usage

pytestmark = pytest.mark.slow  # starts servers

HOUR: dict[str, Any] = {
    "format": "2.9",
    "metadata": {"created_at": "2026-01-01T00:00:00Z", "type": "transcription"},
    "results": [],
}
ENGINE = ScriptedEngine(
    [
        ScriptedRule(name="bad.wav", reject="no speech"),
        ScriptedRule(name="long.wav", transcript={**HOUR, "job": {"id": "a", "duration": 5400}}),
        ScriptedRule(text=" ".join(["word"] * 900)),
    ]
)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A server that takes every language."""
    with LocalServer(engine=ENGINE) as running:
        yield running


def submit(server: LocalServer, name: str = "a.wav", **config: Any) -> str:
    """The id of a job that has ended."""
    whole = {"type": "transcription", "transcription_config": config}
    data, files = {"config": json.dumps(whole)}, {"data_file": (name, b"audio")}
    answer = httpx.post(f"{server.url}/jobs", params={"wait": 30}, data=data, files=files, trust_env=False, timeout=60)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_what_was_done_counts_by_language_and_model(server: LocalServer) -> None:
    """Those with most jobs first; what was rejected costs nothing, and what is deleted has been done all the same."""
    submit(server, language="de")
    submit(server, language="de", operating_point="standard")
    submit(server, language="de", model="enhanced")
    submit(server, "bad.wav", language="fr")
    deleted = submit(server, "long.wav", language="sv", operating_point="enhanced")
    with BatchClient(server.connection_settings) as client:
        client.delete_job(deleted)
        usage = client.get_usage()
    today = datetime.now(UTC).date().isoformat()
    batch = {"mode": "batch", "type": "transcription"}
    standard = {"model": "standard", "operating_point": "standard"}
    enhanced = {"model": "enhanced", "operating_point": "enhanced"}
    assert usage == {
        "since": f"{today}T00:00:00Z",
        "until": f"{today}T23:59:59Z",
        "summary": [{**batch, "count": 4, "duration_hrs": 1.8}],
        "details": [
            {**batch, "language": "de", **standard, "count": 2, "duration_hrs": 0.2},
            {**batch, "language": "de", **enhanced, "count": 1, "duration_hrs": 0.1},
            {**batch, "language": "sv", **enhanced, "count": 1, "duration_hrs": 1.5},
        ],
    }
    with BatchClient(server.connection_settings, parse=True) as parsed:
        assert [row.language for row in parsed.get_usage(since=today).details] == ["de", "de", "sv"]


def test_a_job_that_is_no_transcription_is_refused(server: LocalServer) -> None:
    """By its name, whatever else is accepted; those after it are done."""
    config = {"type": "alignment", "alignment_config": {"language": "en"}}
    data, files = {"config": json.dumps(config)}, {"data_file": ("a.wav", b"audio")}
    answer = httpx.post(f"{server.url}/jobs", data=data, files=files, trust_env=False)
    assert (answer.status_code, answer.json()["error"]) == (400, "Requested product not available")
    assert answer.json()["detail"].startswith("type 'alignment': this server only transcribes")
    submit(server, language="en")


def test_days_are_those_of_submission(tmp_path: Path) -> None:
    """Both ends are included; without them everything counts, and the days say from when to when."""
    schema = "CREATE TABLE jobs (created_at TEXT, config TEXT, duration REAL)"
    database = Database(tmp_path / "jobs.sqlite", schema, ["CREATE INDEX days ON jobs (created_at)"])
    config = json.dumps({"type": "transcription", "transcription_config": {"language": "en"}})
    days = [datetime(2026, 3, 1, 23, 59, 59, 999999) + timedelta(days=day) for day in range(4)]
    for day in days:
        database.write("INSERT INTO jobs VALUES (?, ?, ?)", f"{day.isoformat()}Z", config, 3600.0)
    for since, until, count in ((None, None, 4), (1, 2, 2), (0, 0, 1), (3, None, 1), (None, 1, 2)):
        first, last = (None if day is None else days[day].date() for day in (since, until))
        usage = report_usage(database, first, last)
        assert [(row["count"], row["duration_hrs"]) for row in usage["summary"]] == [(count, count)]
        assert usage["since"] == f"2026-03-0{(since or 0) + 1}T00:00:00Z"
        assert usage["until"] == f"2026-03-0{(3 if until is None else until) + 1}T23:59:59Z"
    assert report_usage(database, days[3].date() + timedelta(days=9), None)["details"] == []
    database.close()
