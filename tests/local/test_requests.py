"""What a local server remembers of requests, and what clients see where faults are met."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from speechmatics import BatchClient, InvalidInputError, JobExpiredError, SpeechmaticsError
from speechmatics.local import Fault, LocalServer
from tests.conftest import ScriptedEngine
from tests.servers.fault_clients import eventually
from tests.snippets import snippet

pytestmark = pytest.mark.slow  # waits for jobs

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
LARGE = bytes(3_000_000)
"""More than a server reads at once."""


@pytest.fixture(scope="module")
def shared() -> Iterator[LocalServer]:
    """A server that tests share."""
    with LocalServer(engine=ScriptedEngine()) as server:
        yield server


@pytest.fixture
def faulty(shared: LocalServer) -> Iterator[LocalServer]:
    """The same, without faults at the end of each test."""
    yield shared
    shared.use_faults([])


@pytest.fixture
def api(faulty: LocalServer) -> Iterator[httpx.Client]:
    """The server, as httpx sees it."""
    with httpx.Client(base_url=f"{faulty.url}/", trust_env=False, timeout=30) as client:
        yield client


def post(api: httpx.Client, audio: bytes = b"audio", query: str = "") -> httpx.Response:
    """Submits a job."""
    files = {"data_file": ("call.wav", audio)}
    return api.post(f"jobs{query}", files=files, data={"config": json.dumps(CONFIG)})


def count(api: httpx.Client) -> int:
    """Jobs that are there."""
    return len(api.get("jobs").json()["jobs"])


def submit(api: httpx.Client) -> str:
    """The id of a job that is done."""
    answer = post(api, query="?wait=20").json()
    assert answer["status"] == "done"
    return str(answer["id"])


def test_requests_are_remembered_as_they_came(engine: ScriptedEngine) -> None:
    """With query, headers, configuration and status, and after the server has stopped; no token is shown."""
    with LocalServer(engine=engine, token="secret-token") as server:
        with BatchClient(server.connection_settings) as client:
            job_id = client.submit_job(("call.wav", b"audio"), CONFIG)
            client.wait_for_completion(job_id)
        httpx.get(f"{server.url}/usage?since=&until=2030-01-01", trust_env=False)
        httpx.get(server.url.replace("/v2", "/v1/nowhere/"), trust_env=False)
    submission, *polls, usage, nowhere = server.requests
    assert (submission.method, submission.path, submission.status) == ("POST", "jobs", 201)
    assert submission.config is not None
    assert submission.config["transcription_config"] == {"language": "en"}
    assert submission.headers["authorization"] == "Bearer secret-token"
    assert {poll.path for poll in polls} <= {f"jobs/{job_id}", f"jobs/{job_id}/transcript"}
    assert all(poll.config is None for poll in polls)
    assert polls[-1].query["format"] == "txt"
    assert (usage.query, usage.status) == ({"since": "", "until": "2030-01-01"}, 401)
    assert (nowhere.path, nowhere.status) == ("v1/nowhere", 401)
    assert "secret-token" not in repr(server.requests)
    assert {request.fault for request in server.requests} == {None}


def test_a_status_is_answered_in_place_of_the_work(faulty: LocalServer, api: httpx.Client) -> None:
    """With headers, as often as asked for; large bodies are read first; the request is remembered with its fault."""
    faulty.use_faults([Fault(name="busy", method="POST", status=429, headers={"Retry-After": "7"}, times=2)])
    before = count(api)
    for audio in (b"audio", LARGE):
        answer = post(api, audio)
        assert (answer.status_code, answer.content, answer.headers["Retry-After"]) == (429, b"", "7")
        assert (faulty.requests[-1].fault, faulty.requests[-1].status) == ("busy", 429)
    assert count(api) == before
    assert post(api).status_code == 201
    assert (faulty.requests[-1].fault, faulty.requests[-1].status) == (None, 201)


@pytest.mark.parametrize(
    ("fault", "content_type"),
    [
        (Fault(status=502, body="<html>bad gateway</html>"), "text/html"),
        (Fault(status=403, body='{"code": 403}'), "application/json"),
        (Fault(status=200, body="später", content_type="text/plain; charset=utf-8"), "text/plain; charset=utf-8"),
        (Fault(body="{", headers={"Content-Type": "x/y"}), "x/y"),
    ],
)
def test_a_body_has_the_type_that_it_looks_like(
    faulty: LocalServer, api: httpx.Client, fault: Fault, content_type: str
) -> None:
    """Or the one that is given; the service's own status stays where none is given."""
    faulty.use_faults([fault])
    answer = api.get("jobs")
    assert answer.status_code == (fault.status or 200)
    assert (answer.text, answer.headers["Content-Type"]) == (fault.body, content_type)


def test_a_status_without_a_body(faulty: LocalServer, api: httpx.Client) -> None:
    """204 has none, and the connection serves on."""
    faulty.use_faults([Fault(status=204, times=1)])
    assert (api.get("jobs").status_code, api.get("jobs").status_code) == (204, 200)


def test_the_work_may_be_done_all_the_same(faulty: LocalServer, api: httpx.Client) -> None:
    """Then the job is there, although the answer is an error."""
    faulty.use_faults([Fault(method="POST", status=504, body="<html>", work="before")])
    before = count(api)
    assert post(api).status_code == 504
    assert count(api) == before + 1
    assert faulty.requests[-2].config == CONFIG


@pytest.mark.parametrize(
    ("fault", "jobs"),
    [
        (Fault(method="POST", drop="before_body", delay=0.1), 0),
        (Fault(method="POST", drop="after_body"), 0),
        (Fault(method="POST", drop="after_work"), 1),
    ],
)
def test_a_connection_is_dropped(faulty: LocalServer, api: httpx.Client, fault: Fault, jobs: int) -> None:
    """Before the body is read, after it, or after the work: no answer comes, and the server says nothing of it."""
    faulty.use_faults([fault])
    for audio in (b"audio", LARGE):
        before = count(api)
        with pytest.raises(httpx.TransportError):
            post(api, audio)
        assert faulty.requests[-1].status is None
        assert count(api) == before + jobs


def test_faults_are_no_errors_of_the_server(
    faulty: LocalServer, api: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is logged, by uvicorn neither."""
    for fault in (Fault(drop="before_body"), Fault(drop="after_work"), Fault(truncate=3), Fault(status=500)):
        faulty.use_faults([fault])
        try:
            api.get("jobs")
        except httpx.TransportError:
            continue
    faulty.use_faults([])
    assert count(api) >= 0
    assert [record for record in caplog.records if record.name.startswith(("uvicorn", "speechmatics"))] == []


@pytest.mark.parametrize("size", [0, 10, "half"])
def test_an_answer_is_truncated(faulty: LocalServer, api: httpx.Client, size: Any) -> None:
    """So many bytes come, or half of them, although all are promised."""
    path = f"jobs/{submit(api)}/transcript"
    whole = api.get(path).content
    faulty.use_faults([Fault(path="jobs/*/transcript", truncate=size)])
    received = b""
    with api.stream("GET", path) as answer, pytest.raises(httpx.RemoteProtocolError):
        assert int(answer.headers["Content-Length"]) == len(whole)
        for piece in answer.iter_raw():
            received += piece
    assert received == whole[: len(whole) // 2 if size == "half" else size]


def test_an_answer_that_is_short_enough_comes_whole(faulty: LocalServer, api: httpx.Client) -> None:
    """Then the connection ends after it."""
    faulty.use_faults([Fault(truncate=10_000)])
    assert api.get("jobs?limit=1").status_code == 200


def test_an_answer_is_delayed(faulty: LocalServer, api: httpx.Client) -> None:
    """The work is done before; whoever does not wait for it sees no answer, and others are answered meanwhile."""
    before = count(api)
    faulty.use_faults([Fault(method="POST", delay=3600)])
    with pytest.raises(httpx.ReadTimeout):
        api.post("jobs", files={"config": (None, json.dumps(CONFIG)), "data_file": ("a", b"a")}, timeout=1)
    eventually(lambda: count(api) == before + 1)
    faulty.use_faults([Fault(method="POST", delay=0.05)])
    assert post(api).status_code == 201


@pytest.mark.parametrize("drop", [None, "before_body", "after_work"])
def test_a_delay_does_not_keep_the_server_from_stopping(
    engine: ScriptedEngine, caplog: pytest.LogCaptureFixture, drop: Any
) -> None:
    """Who waits for its end is answered, or dropped; of one who has gone away nothing is said."""
    server = LocalServer(engine=engine, faults=[Fault(delay=3600, drop=drop)]).start()
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{server.url}/jobs", trust_env=False, timeout=0.3)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(httpx.get, f"{server.url}/jobs", trust_env=False, timeout=60)
        eventually(lambda: len(server.requests) == 2)
        server.stop()
        if drop is None:
            assert held.result().json() == {"jobs": []}
        else:
            assert isinstance(held.exception(), httpx.TransportError)
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_a_client_of_ours_survives_what_is_transient(faulty: LocalServer) -> None:
    """As a user's test would have it: one lost answer makes one job."""
    settings = faulty.connection_settings
    settings.poll_interval = 0.01
    with BatchClient(settings, parse=True) as client:
        before = {job.id for job in client.iter_jobs()}
        faulty.use_faults([Fault(name="lost", method="POST", path="jobs", drop="after_work", times=1)])
        assert client.transcribe(("a.wav", b"audio"), CONFIG).to_text() == "Hello world.\n"
        assert "lost" in {request.fault for request in faulty.requests}
        assert len({job.id for job in client.iter_jobs()} - before) == 1


def test_an_expired_job_is_gone(faulty: LocalServer, api: httpx.Client) -> None:
    """410 wherever it is asked for, in the specification's words; it is listed where deleted ones are asked for."""
    job_id = submit(api)
    faulty.expire(job_id)
    for method, path, error in (
        ("GET", "", "Job Expired"),
        ("DELETE", "", "Job Expired"),
        ("DELETE", "?force=true", "Job Expired"),
        ("GET", "/transcript", "File Expired"),
        ("GET", "/log", "File Expired"),
    ):
        answer = api.request(method, f"jobs/{job_id}{path}")
        assert (answer.status_code, answer.json()["error"]) == (410, error)
    assert job_id not in [job["id"] for job in api.get("jobs").json()["jobs"]]
    listed = api.get("jobs", params={"include_deleted": "true"}).json()["jobs"]
    assert {job["id"]: job["status"] for job in listed}[job_id] == "expired"
    with BatchClient(faulty.connection_settings) as client, pytest.raises(JobExpiredError):
        client.get_job_result(job_id)


def test_what_cannot_expire_is_an_error(server: LocalServer, engine: ScriptedEngine) -> None:
    """A job that is running or deleted, one that is not there, and a server that does not run."""
    engine.go.clear()
    with BatchClient(server.connection_settings) as client:
        job_id = client.submit_job(("a.wav", b"audio"), CONFIG)
        with pytest.raises(InvalidInputError, match=f"job {job_id} is running; a job that is done or rejected"):
            server.expire(job_id)
        client.delete_job(job_id, force=True)
    with pytest.raises(InvalidInputError, match=f"job {job_id} is deleted"):
        server.expire(job_id)
    with pytest.raises(InvalidInputError, match="there is no job 'nosuchjob0'"):
        server.expire("nosuchjob0")
    with pytest.raises(SpeechmaticsError, match="does not run"):
        LocalServer(engine=engine).expire(job_id)


def test_the_faults_of_the_guide_are_met() -> None:
    """Its snippet runs as it stands."""
    exec(compile(snippet("local-server", "Fault("), "local-server.md", "exec"), {})
