"""Temporary keys of a local server: made with its token, accepted until they expire."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from speechmatics import BatchClient, ConnectionSettings
from speechmatics.local import LocalServer
from speechmatics.local.keys import TemporaryKeys

pytestmark = pytest.mark.slow  # starts servers


def ask(server: LocalServer, wish: Any, token: str = "test-token") -> httpx.Response:
    """Answers a request for a key."""
    url = server.url.replace("/v2", "/v1/api_keys?type=batch")
    content = wish if isinstance(wish, bytes) else json.dumps(wish)
    return httpx.post(url, content=content, headers={"Authorization": f"Bearer {token}"}, trust_env=False)


def status(server: LocalServer, token: str) -> int:
    """What a list is answered with."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{server.url}/jobs", headers=headers, trust_env=False).status_code


def test_a_key_is_a_jwt_that_is_accepted(server: LocalServer) -> None:
    """For all but making another one."""
    answer = ask(server, {"ttl": 60, "region": "eu"})
    assert (answer.status_code, set(answer.json())) == (201, {"key_value"})
    key = answer.json()["key_value"]
    payload = key.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["exp"] - claims["iat"] == 60
    assert status(server, key) == 200
    assert ask(server, {"ttl": 60}, key).status_code == 401


def test_a_key_that_was_changed_or_is_another_s_is_401(server: LocalServer) -> None:
    """Whatever is changed in it."""
    key = ask(server, {"ttl": 60}).json()["key_value"]
    head, payload, signature = key.split(".")
    longer = base64.urlsafe_b64encode(b'{"exp": 99999999999}').decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg": "none"}').decode().rstrip("=")
    foreign = TemporaryKeys().make(60)
    for wrong in (
        f"{head}.{longer}.{signature}",
        f"{none}.{payload}.",
        f"{head}.{payload}",
        f"{key}x",
        foreign,
        ".",
        "..",
    ):
        assert status(server, wrong) == 401, wrong


def test_a_key_expires() -> None:
    """When its seconds are over."""
    now = 1000.0
    keys = TemporaryKeys(lambda: now)
    key = keys.make(60).encode()
    now = 1059.9
    assert keys.is_valid(key)
    now = 1060.0
    assert not keys.is_valid(key)


@pytest.mark.parametrize(
    ("wish", "code", "detail"),
    [
        ({}, 400, "ttl"),
        ({"ttl": 59}, 400, "ttl"),
        ({"ttl": 86401}, 400, "ttl"),
        ({"ttl": "60"}, 400, "ttl"),
        ([], 400, ""),
        (b"{", 400, "JSON"),
        (b" " * 100_000, 413, "65536 bytes"),
        ({"ttl": 60, "client_ref": "a"}, 400, "client_ref: this server does not keep the jobs of clients apart"),
    ],
)
def test_what_is_no_request_for_a_key_is_an_error(server: LocalServer, wish: Any, code: int, detail: str) -> None:
    """It says what is wrong; what cannot be done is refused by name."""
    answer = ask(server, wish)
    assert answer.status_code == code
    assert detail in answer.json()["detail"]


def test_a_client_makes_its_own_keys(server: LocalServer) -> None:
    """With nothing but a setting."""
    root = server.url.removesuffix("/v2")
    settings = ConnectionSettings(
        server.url, auth_token="test-token", generate_temp_token=True, mp_url=root, trust_env=False
    )
    with BatchClient(settings) as client:
        assert client.list_jobs() == []
    made, listed = server.requests
    assert (made.path, made.status, listed.status) == ("v1/api_keys", 201, 200)
    assert listed.headers["Authorization"] != made.headers["Authorization"] == "Bearer test-token"
