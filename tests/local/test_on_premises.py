"""A local server that is as the vendor's container on premises, by its documentation ("Batch persistent worker")."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from speechmatics import BatchClient, SpeechmaticsError
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule

pytestmark = pytest.mark.slow  # starts servers

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
ENGINE = ScriptedEngine([ScriptedRule(name="slow.wav", text="", delay=3600), ScriptedRule(text="Hello there.")])


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A container with two engines."""
    with LocalServer(engine=ENGINE, on_premises=True) as running:
        yield running


@pytest.fixture
def http(server: LocalServer) -> Iterator[httpx.Client]:
    """Asks it, from its root."""
    with httpx.Client(base_url=server.url.removesuffix("v2"), trust_env=False, timeout=30) as client:
        yield client


def submit(http: httpx.Client, name: str = "slow.wav", **processing: Any) -> httpx.Response:
    """Answers a submission."""
    headers = {"X-SM-Processing-Data": json.dumps(processing)} if processing else {}
    data, files = {"config": json.dumps(CONFIG)}, {"data_file": (name, b"audio")}
    return http.post("v2/jobs", params={"wait": 60}, data=data, files=files, headers=headers)


def ended(http: httpx.Client, job_id: str) -> dict[str, Any]:
    """A job once it has ended."""
    deadline = time.monotonic() + 30
    while True:
        job: dict[str, Any] = http.get(f"v2/jobs/{job_id}").json()["job"]
        if job["status"] != "running":
            return job
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_our_client_transcribes(server: LocalServer) -> None:
    """By the list too, which has those jobs that have ended; what cannot be done is an error."""
    with BatchClient(server.connection_settings) as client:
        assert client.transcribe(("a.wav", b"audio"), CONFIG, "txt") == "Hello there.\n"
        [job] = client.list_jobs()
        assert job["status"] == "done"
        transcript = client.get_job_result(job["id"])
        assert transcript and transcript["job"]["id"] == job["id"]
        assert "scripted: rule 2" in client.get_job_log(job["id"])
        with pytest.raises(SpeechmaticsError, match="405"):
            client.delete_job(job["id"])
        with pytest.raises(SpeechmaticsError, match="404"):
            client.get_usage()


def test_engines_are_counted(http: httpx.Client) -> None:
    """A job has as many as it asks for, one where it does not say; they are free when it ends."""
    assert http.get("jobs").json() == {"active_jobs": [], "max_engines": 2, "unused_engines": 2}
    assert http.get("ready").json() == {"ready": True, "engines_used": 0}
    refused = submit(http, parallel_engines=3)
    detail = "Server busy: 3 engines not available (0 engines in use, 2 parallel allowed)"
    assert (refused.status_code, refused.json()) == (503, {"detail": detail})
    ended(http, submit(http, "a.wav", parallel_engines=2, user_id="u").json()["job_id"])
    job_id = submit(http).json()["job_id"]
    assert http.get("jobs/").json() == {
        "active_jobs": [{"job_id": job_id, "parallel_engines": 1}],
        "max_engines": 2,
        "unused_engines": 1,
    }
    assert submit(http, parallel_engines=2).status_code == 503
    assert submit(http, parallel_engines=1).status_code == 201
    assert submit(http).status_code == 503
    ready = http.get("ready")
    assert (ready.status_code, ready.json()) == (503, {"ready": False, "engines_used": 2})
    assert http.get("live").json() == {"live": True}


@pytest.mark.parametrize("data", ["", "[]", "{", '{"parallel_engines": 0}', '{"parallel_engines": true}', "[" * 9999])
def test_malformed_processing_data_is_400(http: httpx.Client, data: str) -> None:
    """It says what is wrong; nothing at all is as if the header were not there."""
    files = {"config": (None, json.dumps(CONFIG).encode()), "data_file": ("a.wav", b"audio")}
    answer = http.post("v2/jobs", files=files, headers={"X-SM-Processing-Data": data})
    assert answer.status_code == (400 if data else 201)
    assert not data or answer.json()["detail"].startswith("X-SM-Processing-Data: ")


def test_wait_is_ignored(http: httpx.Client) -> None:
    """Of all that take it."""
    begin = time.monotonic()
    answer = submit(http)
    assert set(answer.json()) == {"id", "job_id"}
    job_id = answer.json()["id"]
    job = http.get(f"v2/jobs/{job_id}", params={"wait": 60}).json()["job"]
    assert (job["status"], job["request_id"]) == ("running", job_id)
    waiting = http.get(f"v2/jobs/{job_id}/transcript", params={"wait": 60})
    assert (waiting.status_code, waiting.json()) == (404, {"detail": "the job is running"})
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("DELETE", "v2/jobs/a", 405, "Method Not Allowed"),
        ("GET", "v2/usage", 404, "Not Found"),
        ("GET", "v2/jobs/a/data", 404, "Not Found"),
        ("GET", "v1/discovery/features", 404, "Not Found"),
        ("POST", "v1/api_keys", 404, "Not Found"),
        ("GET", "v2/jobs/a", 404, "there is no job a"),
        ("GET", "v2/jobs/a/transcript?format=xml", 404, "format 'xml' is not json, txt or srt"),
    ],
)
def test_errors_have_a_detail_only(http: httpx.Client, method: str, path: str, status: int, detail: str) -> None:
    """What a container has not, this one has not either."""
    answer = http.request(method, path)
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})


def test_transcripts_come_in_three_formats(http: httpx.Client) -> None:
    """By the container's name of json-v2, and by the service's."""
    job_id = submit(http, "a.wav").json()["id"]
    ended(http, job_id)
    plain, named, text = (
        http.get(f"v2/jobs/{job_id}/transcript", params={"format": name}) for name in ("json", "json-v2", "txt")
    )
    assert plain.json() == named.json() == http.get(f"v2/jobs/{job_id}/transcript").json()
    assert text.text == "Hello there.\n"
    assert "-->" in http.get(f"v2/jobs/{job_id}/transcript", params={"format": "srt"}).text


def test_a_job_of_an_earlier_server_has_one_engine(tmp_path: Path) -> None:
    """How many it asked for is not kept."""
    options: dict[str, Any] = {"engine": ENGINE, "on_premises": True, "data_dir": tmp_path}
    for used in (0, 1):
        with LocalServer(**options) as server:
            with httpx.Client(base_url=server.url.removesuffix("v2"), trust_env=False) as http:
                assert http.get("ready").json()["engines_used"] == used
                assert used or submit(http, parallel_engines=2).status_code == 201
