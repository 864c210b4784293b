"""The server of faults does the API's work, and differs from the usual one as its quirks say."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
import trustme

from tests.servers.fault_clients import (
    CONFIG,
    LONG,
    client_of,
    connect,
    eventually,
    head_of,
    make_job,
    read_answer,
    submit,
)
from tests.servers.fault_rules import Quirks, Rule
from tests.servers.fault_server import FaultServer, transcript_of, word_of

pytestmark = pytest.mark.slow  # starts servers


@pytest.fixture
def plain() -> Iterator[tuple[FaultServer, httpx.Client]]:
    with FaultServer() as server, client_of(server) as client:
        yield server, client


def test_a_job_is_made_shown_listed_transcribed_and_deleted(plain: tuple[FaultServer, httpx.Client]) -> None:
    server, client = plain
    job_id = make_job(client, b"some audio")
    details = client.get(f"jobs/{job_id}").json()["job"]
    assert (details["id"], details["status"], details["data_name"]) == (job_id, "done", "a.wav")
    assert details["config"] == CONFIG
    assert client.get("jobs").json() == {"jobs": [details]}
    transcript = client.get(f"jobs/{job_id}/transcript").json()
    assert transcript == transcript_of(job_id, b"some audio")
    assert word_of(transcript) == hashlib.sha256(b"some audio").hexdigest() == server.jobs[job_id].audio
    assert client.get(f"jobs/{job_id}/transcript?format=txt").text == f"{word_of(transcript)}\n"
    assert client.get(f"jobs/{job_id}/transcript?format=srt").text.startswith("1\n00:00:00,000 -->")
    assert client.delete(f"jobs/{job_id}").json()["job"]["status"] == "deleted"
    assert client.get(f"jobs/{job_id}").status_code == 404
    assert client.get("jobs").json() == {"jobs": []}
    assert len(client.get("jobs?include_deleted=true").json()["jobs"]) == 1
    assert server.jobs[job_id].deleted


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "jobs/none", 404, "Job not found"),
        ("GET", "jobs/none/transcript", 404, "Job not found"),
        ("DELETE", "jobs/none", 404, "Job not found"),
        ("GET", "jobs?limit=many", 422, "limit in query must be of type int64"),
        ("GET", "jobs?limit=101", 422, "limit in query should be from 1 to 100"),
        ("GET", "jobs?created_before=now", 422, "created_before in query must be of type date-time"),
        ("PUT", "jobs", 405, "method PUT is not allowed"),
        ("GET", "elsewhere", 404, "path /v2/elsewhere was not found"),
        ("POST", "jobs", 400, "Job rejected"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_the_words_of_the_api(
    plain: tuple[FaultServer, httpx.Client], method: str, path: str, status: int, error: str
) -> None:
    answer = plain[1].request(method, path)
    assert answer.status_code == status
    assert (answer.json()["code"], answer.json()["error"]) == (status, error)


def test_a_submission_needs_audio_or_a_url(plain: tuple[FaultServer, httpx.Client]) -> None:
    server, client = plain
    files = {"config": (None, json.dumps(CONFIG))}
    assert client.post("jobs", files=files).json()["error"] == "Missing data_file"
    files = {"config": (None, json.dumps(CONFIG | {"fetch_data": {"url": "https://example.com/a"}}))}
    job_id = client.post("jobs", files=files).json()["id"]
    assert server.jobs[job_id].audio == hashlib.sha256(b"https://example.com/a").hexdigest()


def test_pages_reach_back_strictly_before_a_time(plain: tuple[FaultServer, httpx.Client]) -> None:
    _, client = plain
    made = [make_job(client) for _ in range(5)]
    first = client.get("jobs", params={"limit": 2}).json()["jobs"]
    before = first[-1]["created_at"]
    rest = client.get("jobs", params={"created_before": before}).json()["jobs"]
    assert [job["id"] for job in first + rest] == made[::-1]


def test_bodies_come_in_chunks_or_with_a_length_over_one_connection(plain: tuple[FaultServer, httpx.Client]) -> None:
    """Of any size; the bytes are not kept."""
    server, client = plain
    audio = bytes(range(256)) * 20_000
    body = client.build_request("POST", "jobs", files={"data_file": audio}, data={"config": "{}"})
    content = body.read()
    content_type = {"Content-Type": body.headers["Content-Type"]}
    chunks = [content[start : start + 99_991] for start in range(0, len(content), 99_991)]
    for way in (content, iter(chunks)):
        job_id = client.post("jobs", content=way, headers=content_type).json()["id"]
        assert server.jobs[job_id].audio == hashlib.sha256(audio).hexdigest()
        assert server.jobs[job_id].length == len(audio)
        assert server.requests[-1].body_length == len(content)
    assert server.connections == 1


def test_pieces_of_a_body_may_be_cut_anywhere(plain: tuple[FaultServer, httpx.Client]) -> None:
    """Also within a boundary and within a chunk's size."""
    server, client = plain
    request = client.build_request("POST", "jobs", files={"data_file": b"\r\n--\r\n"}, data={"config": "{}"})
    body = request.read()
    chunked = b"".join(
        f"{len(body[at : at + 7]):x}\r\n".encode() + body[at : at + 7] + b"\r\n" for at in range(0, len(body), 7)
    )
    more = f"Transfer-Encoding: chunked\r\nContent-Type: {request.headers['Content-Type']}\r\n"
    with connect(server) as connection:
        for byte in head_of("POST", more=more) + chunked + b"0\r\n\r\n":
            connection.sendall(bytes([byte]))
        status, _ = read_answer(connection)
    assert status == 201
    assert [job.audio for job in server.jobs.values()] == [hashlib.sha256(b"\r\n--\r\n").hexdigest()]


def test_a_body_that_breaks_off_makes_no_job(plain: tuple[FaultServer, httpx.Client]) -> None:
    server, _ = plain
    with connect(server) as connection:
        connection.sendall(head_of("POST", length=100) + b"half")
    eventually(lambda: server.requests and server.requests[0].body_length == 4)
    assert server.jobs == {}


def test_expect_is_answered_before_the_body(plain: tuple[FaultServer, httpx.Client]) -> None:
    with connect(plain[0]) as connection:
        connection.sendall(head_of("POST", length=1, more="Expect: 100-continue\r\n"))
        assert read_answer(connection)[0] == 100
        connection.sendall(b"x")
        assert read_answer(connection)[0] == 400


@pytest.mark.parametrize("more", ["Connection: close\r\n", ""])
def test_a_connection_is_kept_unless_the_client_says_otherwise(
    plain: tuple[FaultServer, httpx.Client], more: str
) -> None:
    with connect(plain[0]) as connection:
        connection.sendall(head_of(more=more))
        assert read_answer(connection)[0] == 200
        if more:
            assert connection.recv(1) == b""
        else:
            connection.sendall(head_of())
            assert read_answer(connection)[0] == 200


def test_requests_are_recorded(plain: tuple[FaultServer, httpx.Client]) -> None:
    server, client = plain
    client.get("jobs/some?wait=0", headers={"X-Mine": "1"})
    (request,) = server.requests
    assert (request.method, request.path, request.query) == ("GET", "jobs/some", {"wait": "0"})
    assert (request.headers["x-mine"], request.connection, request.rule) == ("1", 0, None)


def test_submissions_are_found_by_their_id(plain: tuple[FaultServer, httpx.Client]) -> None:
    server, client = plain
    made = [make_job(client), make_job(client)]
    submit(client, config={"tracking": None})
    submit(client, config={"tracking": {"details": {"other": "s2"}}})
    assert server.submissions_of("s1") == made
    assert len(server.submissions_of("s2")) == 1


def test_over_tls() -> None:
    """Answers, drops and cut bodies alike."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.tempfile() as path:
        context.load_cert_chain(path)
    trusting = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    rules = [Rule(name="gone", times=1, after=1, drop="after_work"), Rule(name="cut", times=1, after=2, truncate=3)]
    with FaultServer(rules, tls=context) as server, client_of(server, verify=trusting) as client:
        assert server.url.startswith("https://")
        make_job(client)
        with pytest.raises(httpx.TransportError):
            make_job(client)
        with pytest.raises(httpx.TransportError):
            make_job(client)
        make_job(client)
        assert len(server.jobs) == 4


def test_a_hundred_connections_are_served_at_once() -> None:
    """Each is held until its job is done; leaving the server lets go of all."""
    with FaultServer(quirks=Quirks(work_seconds=LONG)) as server, client_of(server) as client:
        job_id = make_job(client)
        connections = [connect(server) for _ in range(100)]
        for connection in connections:
            connection.sendall(head_of(path=f"jobs/{job_id}?wait={LONG}"))
        eventually(lambda: len(server.requests) == 101)
        server.finish(job_id)
        for connection in connections:
            status, body = read_answer(connection)
            assert (status, json.loads(body)["job"]["status"]) == (200, "done")
            connection.close()


@pytest.mark.parametrize(
    "rule",
    [
        None,
        Rule(name="", hang=True),
        Rule(name="", delay=LONG),
        Rule(name="", drip_head=LONG),
        Rule(name="", status=503, early=0, ending="stop"),
        Rule(name="", drop="before_body", ending="close"),
        Rule(name="", drop="after_body", work="late", work_delay=LONG),
    ],
)
def test_leaving_ends_connections_and_threads(rule: Rule | None) -> None:
    """Whatever they are at."""
    before = threading.active_count()
    with FaultServer([rule] if rule else []) as server:
        connection = connect(server)
        connection.sendall(head_of(length=5))
        eventually(lambda: server.requests)
    assert threading.active_count() == before
    with connection, pytest.raises(ConnectionRefusedError):
        connect(server)


def listed(client: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    """The jobs of a page of the list."""
    jobs: list[dict[str, Any]] = client.get("jobs", params=params).raise_for_status().json()["jobs"]
    return jobs


def test_a_job_shows_late_in_the_list_and_in_its_details() -> None:
    for quirks, in_list, alone in ((Quirks(list_lag=LONG), 0, 200), (Quirks(details_lag=LONG), 1, 404)):
        with FaultServer(quirks=quirks) as server, client_of(server) as client:
            job_id = make_job(client)
            assert len(listed(client)) == in_list
            assert client.get(f"jobs/{job_id}").status_code == alone
    with FaultServer(quirks=Quirks(list_lag=0.05, details_lag=0.05)) as server, client_of(server) as client:
        job_id = make_job(client)
        eventually(lambda: listed(client) and client.get(f"jobs/{job_id}").status_code == 200)


def test_a_page_may_be_shorter_than_asked_for() -> None:
    with FaultServer(quirks=Quirks(page_cap=2)) as server, client_of(server) as client:
        made = [make_job(client) for _ in range(3)]
        assert [job["id"] for job in listed(client, limit=100)] == made[:0:-1]
        assert [job["id"] for job in listed(client, limit=1)] == made[:1:-1]


def test_the_clock_of_the_answers_may_be_ahead_or_absent() -> None:
    with FaultServer(quirks=Quirks(clock_offset=LONG)) as server, client_of(server) as client:
        answer = submit(client)
        ahead = parsedate_to_datetime(answer.headers["Date"]) - server.jobs[answer.json()["id"]].created_at
        assert ahead > timedelta(seconds=LONG - 60)
    with FaultServer(quirks=Quirks(date=False)) as server, client_of(server) as client:
        assert "Date" not in submit(client).headers


def test_times_may_be_whole_seconds_or_absent() -> None:
    """Then the list is ordered and cut by the whole seconds."""
    with FaultServer(quirks=Quirks(created_at="seconds")) as server, client_of(server) as client:
        made = [make_job(client) for _ in range(3)]
        jobs = listed(client)
        assert [job["id"] for job in jobs] == made[::-1]
        assert all(len(job["created_at"]) == len("2026-01-01T00:00:00Z") for job in jobs)
        assert made[0] not in [job["id"] for job in listed(client, created_before=jobs[-1]["created_at"])]
    with FaultServer(quirks=Quirks(created_at="absent")) as server, client_of(server) as client:
        make_job(client)
        assert "created_at" not in listed(client)[0]


@pytest.mark.parametrize(
    ("quirks", "in_list", "alone"),
    [
        (Quirks(), True, True),
        (Quirks(tracking="not_in_list"), False, True),
        (Quirks(tracking="never"), False, False),
    ],
)
def test_tracking_may_be_hidden(quirks: Quirks, in_list: bool, alone: bool) -> None:
    with FaultServer(quirks=quirks) as server, client_of(server) as client:
        job_id = make_job(client)
        assert ("tracking" in listed(client)[0]["config"]) == in_list
        assert ("tracking" in client.get(f"jobs/{job_id}").json()["job"]["config"]) == alone
        assert server.submissions_of("s1") == [job_id]


def test_config_and_data_name_may_be_hidden() -> None:
    with FaultServer(quirks=Quirks(config=False, data_name=False)) as server, client_of(server) as client:
        job_id = make_job(client)
        details = client.get(f"jobs/{job_id}").json()["job"]
        assert "config" not in listed(client)[0]
        assert "config" in details
        assert "data_name" not in details
        assert server.jobs[job_id].data_name == "a.wav"


def test_a_job_runs_for_a_while() -> None:
    """Unless it is finished; until then it has no transcript, and cannot be deleted without force."""
    with FaultServer(quirks=Quirks(work_seconds=LONG)) as server, client_of(server) as client:
        job_id, other = make_job(client), make_job(client)
        assert client.get(f"jobs/{job_id}").json()["job"]["status"] == "running"
        assert client.get(f"jobs/{job_id}/transcript").json() == {"code": 404, "error": "Transcription not ready"}
        assert client.delete(f"jobs/{job_id}").json() == {"code": 423, "error": "Resource Locked"}
        assert client.delete(f"jobs/{other}?force=true").status_code == 200
        server.finish(job_id)
        assert client.get(f"jobs/{job_id}").json()["job"]["status"] == "done"
        assert client.get(f"jobs/{job_id}/transcript").status_code == 200


def test_a_held_poll_is_answered_when_the_job_is_done_or_the_wait_over() -> None:
    with FaultServer(quirks=Quirks(work_seconds=0.2)) as server, client_of(server) as client:
        job_id = make_job(client)
        assert client.get(f"jobs/{job_id}/transcript?wait=30").status_code == 200
    with FaultServer(quirks=Quirks(work_seconds=LONG)) as server, client_of(server) as client:
        job_id = make_job(client)
        assert client.get(f"jobs/{job_id}?wait=1").json()["job"]["status"] == "running"
        assert client.get(f"jobs/{job_id}/transcript?wait=1").status_code == 404


def test_wait_may_be_ignored() -> None:
    with FaultServer(quirks=Quirks(work_seconds=LONG, honours_wait=False)) as server, client_of(server) as client:
        job_id = make_job(client)
        assert client.get(f"jobs/{job_id}?wait={LONG}").json()["job"]["status"] == "running"


def test_a_list_may_be_of_active_jobs() -> None:
    with FaultServer(quirks=Quirks(active_jobs=True)) as server, client_of(server) as client:
        job_id = make_job(client)
        assert [job["id"] for job in client.get("jobs").json()["active_jobs"]] == [job_id]


def test_jobs_of_others_are_listed_as_they_are() -> None:
    """Ordered by their time, or by that of the server's beginning where they have none."""
    old = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    foreign = ({"id": "old", "created_at": old}, {"id": "odd", "created_at": "yesterday", "errors": ["x"]}, {"lang": 1})
    with FaultServer(quirks=Quirks(foreign_jobs=foreign)) as server, client_of(server) as client:
        job_id = make_job(client)
        assert [job.get("id") for job in listed(client)] == [job_id, None, "odd", "old"]
        assert listed(client)[1:3] == [foreign[2], foreign[1]]
        assert [job["id"] for job in listed(client, created_before=old)] == []
        assert client.get("jobs/odd").json() == {"job": foreign[1]}


def test_too_many_submissions_or_running_jobs_are_refused() -> None:
    with FaultServer(quirks=Quirks(max_rate=1 / LONG)) as server, client_of(server) as client:
        make_job(client)
        assert submit(client).json() == {"code": 429, "error": "Too Many Requests"}
    with FaultServer(quirks=Quirks(max_running=1, work_seconds=LONG)) as server, client_of(server) as client:
        job_id = make_job(client)
        refused = submit(client)
        assert (refused.status_code, refused.json()["error"]) == (429, "Max concurrent running jobs exceeded")
        server.finish(job_id)
        make_job(client)


def test_a_small_receive_buffer_makes_a_slow_reader_felt() -> None:
    """Most of a body that is not read is not taken."""
    rule = Rule(name="stuck", status=503, early=0, ending="stop")
    with FaultServer([rule], quirks=Quirks(receive_buffer=4096)) as server, connect(server) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.sendall(head_of("POST", length=50_000_000) + bytes(50_000_000))
