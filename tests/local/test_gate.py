"""Who may ask a local server: no web page, no name that was pointed at it, no other machine without a token."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from speechmatics import InvalidInputError
from speechmatics.local import LocalServer
from tests.conftest import ScriptedEngine

pytestmark = pytest.mark.slow  # starts servers


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """A server that has one more name."""
    with LocalServer(engine=ScriptedEngine(), allowed_hosts=["Speech.Internal"]) as running:
        yield running


def status(server: LocalServer, **headers: str) -> int:
    """Answers a list."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = httpx.get(f"{server.url}/jobs", headers=names, trust_env=False)
    assert answer.headers["Request-Id"]
    assert answer.status_code == 200 or answer.json()["error"] in ("Forbidden", "Permission Denied")
    return answer.status_code


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:80", "127.0.0.1:9", "[::1]:80", "192.168.1.7", "speech.internal:8080", "SPEECH.INTERNAL"],
)
def test_own_names_and_addresses_are_answered(server: LocalServer, host: str) -> None:
    """With any port, in any case."""
    assert status(server, Host=host) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:80", "127.0.0.1.evil.example", "[::1", "a@b", "1:2:3"]
)
def test_other_names_are_403(server: LocalServer, host: str) -> None:
    """Whoever owns one may point it at this machine."""
    assert status(server, Host=host) == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null", "", "http://[::1"])
def test_pages_are_403(server: LocalServer, origin: str) -> None:
    """Those of other servers on this machine too; a page of the server's own would be none."""
    assert status(server, Origin=origin) == 403
    own = server.url.removesuffix("/v2")
    assert status(server, Origin=own) == 200


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bearer the-token", 200),
        ("bearer the-token", 200),
        ("BEARER  the-token", 200),
        ("Bearer the-toke", 401),
        ("Bearer the-token2", 401),
        ("Basic the-token", 401),
        ("the-token", 401),
        ("Bearer tök", 401),
        ("", 401),
    ],
)
def test_a_token_is_compared(header: str, expected: int) -> None:
    """Its scheme in any case."""
    with LocalServer(engine=ScriptedEngine(), token="the-token") as server:
        answer = httpx.get(f"{server.url}/jobs", headers=[(b"Authorization", header.encode())], trust_env=False)
        assert answer.status_code == expected


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "speech.internal"])
def test_what_others_can_reach_needs_a_token(host: str) -> None:
    """Before anything is listened at."""
    with pytest.raises(InvalidInputError, match=f"other machines can reach {host}: a token is needed"):
        LocalServer(engine=ScriptedEngine(), host=host)


def test_what_others_can_reach_is_answered_with_a_token() -> None:
    """By its name too."""
    with LocalServer(engine=ScriptedEngine(), host="0.0.0.0", token="t", allowed_hosts=["speech"]) as server:
        url = server.url.replace("0.0.0.0", "127.0.0.1")
        for host, expected in (("speech:8080", 200), ("127.0.0.1", 200), ("other", 403)):
            headers = {"Host": host, "Authorization": "Bearer t"}
            assert httpx.get(f"{url}/jobs", headers=headers, trust_env=False).status_code == expected
