"""What the client makes of odd answers, and of odd but permitted arguments."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime

import httpx
import pytest

import speechmatics as sm
from speechmatics import BatchClient, ConnectionSettings


def answering(content: bytes, asked: list[httpx.Request] | None = None) -> httpx.Client:
    """A transport that gives one answer to everything, and keeps what was asked."""

    def answer(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        return httpx.Response(200, content=content)

    return httpx.Client(transport=httpx.MockTransport(answer))


ASK: dict[str, Callable[[BatchClient | sm.ParsedBatchClient], object]] = {
    "list": lambda client: client.list_jobs(),
    "status": lambda client: client.check_job_status("j"),
    "transcript": lambda client: client.get_job_result("j"),
    "usage": lambda client: client.get_usage(),
}


@pytest.mark.parametrize(
    ("ask", "body", "message"),
    [
        ("list", b'{"jobs": 1}', "no list of jobs"),
        ("list", b'{"jobs": null}', "no list of jobs"),
        ("list", b"[]", "not a JSON object"),
        ("list", b"\xff\xfe", "not JSON"),
        ("status", b'{"job": {"id": "j"}}', "status"),
        ("status", b"{}", "no job"),
        ("transcript", b"{}", "Transcript"),
        ("usage", b'{"since": 1}', "UsageReport"),
    ],
)
def test_an_answer_that_lacks_what_was_promised(ask: str, body: bytes, message: str) -> None:
    """Is an error of its own that carries the body, for models."""
    with BatchClient(ConnectionSettings(), parse=True, http_client=answering(body)) as client:
        with pytest.raises(sm.InvalidResponseError, match=message) as caught:
            ASK[ask](client)
    assert caught.value.body == body


@pytest.mark.parametrize(
    ("ask", "body", "message"),
    [
        ("list", b'{"jobs": 3}', "no list of jobs"),
        ("transcript", b"not JSON", "not JSON"),
        ("usage", b"[1]", "not a JSON object"),
    ],
)
def test_an_answer_that_is_no_dict(ask: str, body: bytes, message: str) -> None:
    """Is an error for dicts too."""
    with BatchClient(ConnectionSettings(), http_client=answering(body)) as client:
        with pytest.raises(sm.InvalidResponseError, match=message) as caught:
            ASK[ask](client)
    assert caught.value.body == body


def test_what_is_no_job_is_left_out_of_the_list(caplog: pytest.LogCaptureFixture) -> None:
    """It may be anybody's; dicts need be objects only, models an id and a status, and the log says so."""
    body = b'{"jobs": [1, {"id": "x"}, {"id": "y", "status": "done"}]}'
    with BatchClient(ConnectionSettings(), http_client=answering(body)) as client:
        assert client.list_jobs() == [{"id": "x"}, {"id": "y", "status": "done"}]
    with BatchClient(ConnectionSettings(), parse=True, http_client=answering(body)) as client:
        assert [job.id for job in client.list_jobs()] == ["y"]
    assert "3 jobs are listed, of which 1 can be read" in caplog.text


def test_a_dict_may_hold_what_strict_json_may_not() -> None:
    """A lone surrogate, which Python's own decoder reads, is no reason to lose a transcript."""
    with BatchClient(ConnectionSettings(), http_client=answering(b'{"format": "\\ud800", "results": []}')) as client:
        assert client.get_job_result("j") == {"format": "\ud800", "results": []}


def test_dates_may_be_given_as_what_they_are() -> None:
    """A date, a datetime or its text, for usage; a datetime of any zone for the list's cursor."""
    asked: list[httpx.Request] = []
    with BatchClient(ConnectionSettings(), http_client=answering(b'{"jobs": []}', asked)) as client:
        client.get_usage(since=date(2026, 1, 2), until=datetime(2026, 1, 3, 12, tzinfo=UTC))
        client.get_usage(since="2026-01-02")
        client.list_jobs(created_before=datetime.fromisoformat("2026-01-02T03:04:05.678901+02:00"))
        client.list_jobs(created_before="2026-01-02T03:04:05.123456789Z")
        client.check_job_status("j", wait=30)
    assert [dict(request.url.params) for request in asked] == [
        {"since": "2026-01-02", "until": "2026-01-03"},
        {"since": "2026-01-02"},
        {"created_before": "2026-01-02T01:04:05.678901Z"},
        {"created_before": "2026-01-02T03:04:05.123456789Z"},
        {"wait": "30"},
    ]
    assert asked[-1].extensions["timeout"]["read"] >= 30


def test_a_request_of_one_s_own_keeps_its_authorization() -> None:
    """And may name the whole URL, if it is this client's server."""
    asked: list[httpx.Request] = []
    settings = ConnectionSettings("https://example.com", auth_token="secret")
    with BatchClient(settings, http_client=answering(b"{}", asked)) as client:
        client.send_request("GET", "https://example.com/v2/jobs")
        client.send_request("GET", "/jobs", headers={"Authorization": "Basic mine"})
    assert [str(request.url) for request in asked] == ["https://example.com/v2/jobs"] * 2
    assert [request.headers["Authorization"] for request in asked] == ["Bearer secret", "Basic mine"]


@pytest.mark.slow
def test_a_copy_without_its_metadata_works() -> None:
    """As in a frozen application; the user agent then says that the version is unknown."""
    code = """
import importlib.machinery, sys

class Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_distributions(cls, *context):
        return iter(())

sys.meta_path = [Finder if finder is importlib.machinery.PathFinder else finder for finder in sys.meta_path]
import httpx
from speechmatics import BatchClient, ConnectionSettings
answer = httpx.MockTransport(lambda request: httpx.Response(200, json={"jobs": [dict(request.headers)]}))
client = BatchClient(ConnectionSettings(), http_client=httpx.Client(transport=answer))
print(client.list_jobs()[0]["user-agent"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.startswith("speechmatics-typed/unknown httpx/"), done.stderr
