"""Answers are read up to a limit, counted unpacked."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import anyio
import pytest

import speechmatics as sm
from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings
from tests.servers.serving import Answer, Received, serving

LIMIT = 100_000
PACKED = gzip.compress(json.dumps({"jobs": [], "padding": " " * 40 * LIMIT}).encode())


def answering(status: int, body: bytes, **headers: str) -> Callable[[Received], Answer]:
    """A function that answers so."""
    answer = Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def respond(received: Received) -> Answer:
        return answer

    return respond


def settings_of(url: str) -> ConnectionSettings:
    """Settings with a small limit."""
    return ConnectionSettings(url, trust_env=False, max_response_bytes=LIMIT, retry_attempts=1)


def failure_of(url: str, backend: str | None) -> sm.SpeechmaticsError:
    """How a list of jobs fails."""

    async def awaited() -> None:
        async with AsyncBatchClient(settings_of(url)) as client:
            await client.list_jobs()

    with pytest.raises(sm.SpeechmaticsError) as caught:
        if backend is None:
            with BatchClient(settings_of(url)) as client:
                client.list_jobs()
        else:
            anyio.run(awaited, backend=backend)
    return caught.value


@pytest.mark.parametrize("backend", [None, "asyncio"])
@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_small_answer_that_unpacks_to_much_is_not_unpacked(backend: str | None, status: int) -> None:
    """Whatever its status, error bodies too; the error names the setting."""
    assert len(PACKED) < LIMIT
    with serving(answering(status, PACKED, Content_Encoding="gzip")) as server:
        error = failure_of(server.url, backend)
    assert isinstance(error, sm.ResponseTooLargeError)
    assert "max_response_bytes" in str(error)


@pytest.mark.parametrize("backend", [None, "asyncio"])
def test_ways_of_packing_that_were_not_asked_for_are_refused(backend: str | None) -> None:
    """What unpacks them may be installed; it has no limit."""
    received: list[Received] = []

    def respond(request: Received) -> Answer:
        received.append(request)
        return Answer(200, b"anything", {"Content-Encoding": "br"})

    with serving(respond) as server:
        error = failure_of(server.url, backend)
    assert isinstance(error, sm.InvalidResponseError)
    assert "br" in str(error)
    assert received[0].headers["Accept-Encoding"] == "gzip, deflate"


def test_what_stays_below_the_limit_is_read() -> None:
    """Packed or not; None is no limit; a user's own Accept-Encoding stands."""
    body = json.dumps({"jobs": []}).encode()
    for packed, headers in ((body, {}), (gzip.compress(body), {"Content_Encoding": "gzip"})):
        with serving(answering(200, packed, **headers)) as server, BatchClient(settings_of(server.url)) as client:
            assert client.list_jobs() == []
    with serving(answering(200, PACKED, Content_Encoding="gzip")) as server:
        settings = ConnectionSettings(
            server.url, trust_env=False, max_response_bytes=None, headers={"accept-encoding": "gzip"}
        )
        with BatchClient(settings) as client:
            assert client.list_jobs() == []
        assert server.received[0].headers.get_list("Accept-Encoding") == ["gzip"]


def test_a_wait_is_not_repeated_for_an_answer_that_is_too_large() -> None:
    """It would be as large again."""
    with serving(answering(200, PACKED, Content_Encoding="gzip")) as server:
        with BatchClient(settings_of(server.url)) as client, pytest.raises(sm.ResponseTooLargeError):
            client.wait_for_completion("j")
        assert len(server.received) == 1


def test_no_cookie_is_kept() -> None:
    """Those of gateways would be sent for ever."""
    body = b'{"jobs": []}'
    with serving(answering(200, body, Set_Cookie="route=1; Path=/")) as server:
        with BatchClient(settings_of(server.url)) as client:
            for _ in range(3):
                client.list_jobs()
        assert not [request for request in server.received if "Cookie" in request.headers]
