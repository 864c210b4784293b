"""Web pages of origins that are allowed may use a local server, as browsers ask for it; others may not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from speechmatics import InvalidInputError
from speechmatics.local import Fault, LocalServer
from tests.conftest import ScriptedEngine

pytestmark = pytest.mark.slow  # starts servers

PAGE = "https://app.example"


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """A server that two origins may use."""
    origins = ["HTTPS://App.example", "http://localhost:3000"]
    with LocalServer(engine=ScriptedEngine(), token="t", allowed_origins=origins) as running:
        yield running


def ask(server: LocalServer, method: str, path: str, origin: str | None = PAGE, **headers: str) -> httpx.Response:
    """Answers a browser."""
    given = {name.replace("_", "-"): value for name, value in headers.items()} | ({"Origin": origin} if origin else {})
    return httpx.request(method, f"{server.url}/{path}", headers=given, trust_env=False)


@pytest.mark.parametrize("origin", [PAGE, "http://localhost:3000"])
def test_what_a_browser_asks_before_is_answered_without_a_token(server: LocalServer, origin: str) -> None:
    """It sends none then; the headers that the page wants to send are those that it may."""
    wanted = {"Access_Control_Request_Method": "DELETE", "Access_Control_Request_Headers": "authorization,x-sm-app"}
    before = len(server.requests)
    answer = ask(server, "OPTIONS", "jobs/a", origin, **wanted)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, DELETE"
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization,x-sm-app"
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Private-Network" not in answer.headers
    answer = ask(server, "OPTIONS", "jobs", origin, **wanted, Access_Control_Request_Private_Network="true")
    assert answer.headers["Access-Control-Allow-Private-Network"] == "true"
    assert len(server.requests) == before


def test_a_page_may_submit_and_read_answers(server: LocalServer) -> None:
    """Errors too, and those that a fault makes."""
    files = {"data_file": ("a.wav", b"audio")}
    config = {"type": "transcription", "transcription_config": {"language": "en"}}
    headers = {"Origin": PAGE, "Authorization": "Bearer t"}
    posted = httpx.post(
        f"{server.url}/jobs", data={"config": json.dumps(config)}, files=files, headers=headers, trust_env=False
    )
    assert posted.status_code == 201
    refused = ask(server, "GET", "jobs")
    server.use_faults([Fault(path="jobs", status=503, headers={"Retry-After": "3"}, times=1)])
    failed = ask(server, "GET", "jobs")
    assert (refused.status_code, failed.status_code) == (401, 503)
    for answer in (posted, refused, failed):
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("origin", ["https://evil.example", "http://app.example", "https://app.example:444", "null"])
def test_other_pages_are_403(server: LocalServer, origin: str) -> None:
    """They learn nothing, and browsers do not let them ask."""
    for method, headers in (("GET", {}), ("OPTIONS", {"Access_Control_Request_Method": "POST"})):
        answer = ask(server, method, "jobs", origin, Authorization="Bearer t", **headers)
        assert (answer.status_code, answer.headers["Vary"]) == (403, "Origin")
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_programs_are_answered_as_ever(server: LocalServer) -> None:
    """They send no origin; caches know that it matters."""
    answer = ask(server, "GET", "jobs", None, Authorization="Bearer t")
    assert (answer.status_code, answer.headers["Vary"]) == (200, "Origin")
    assert ask(server, "OPTIONS", "jobs", None, Authorization="Bearer t").status_code == 405


def test_any_page_needs_a_token() -> None:
    """As then any page could submit jobs."""
    with pytest.raises(InvalidInputError, match="any web page could use the server: a token is needed"):
        LocalServer(engine=ScriptedEngine(), allowed_origins=["*"])
    with LocalServer(engine=ScriptedEngine(), allowed_origins=["*"], token="t") as server:
        answer = ask(server, "GET", "jobs", "null", Authorization="Bearer t")
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "null")


@pytest.mark.parametrize(
    "origin", ["app.example", "https://app.example/", "https://app.example/x", "null", "", "https://", "a://b:c", "x@y"]
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    """With how one is written."""
    with pytest.raises(InvalidInputError, match="is no origin, which is as https://"):
        LocalServer(engine=ScriptedEngine(), allowed_origins=[origin])
