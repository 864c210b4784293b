"""Deadlines over real sockets: a server that is silent, or drips its answer, does not hold a client for longer."""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import anyio
import pytest

import speechmatics as sm
from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings

pytestmark = pytest.mark.slow  # waits for time-outs

DRIP = 0.04
"""Seconds between two bytes: no read of the client's ever times out, and the answer takes many seconds."""
DEADLINE = 0.5
EXACT = 0.1
TRIES = 10
"""A machine that is busy may be late; a client that ignores the deadline is late each time, by seconds."""

CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}
RUNNING = {"job": {"id": "j", "status": "running"}}
DONE = {"job": {"id": "j", "status": "done"}}
LISTED = {"jobs": [{"id": "j", "status": "running"}, {"id": "k", "status": "running"}]}


class Dripping:
    """Answers each request for a path that ends so with a silence or byte by byte, and all others at once."""

    def __init__(self, how: str, path: str = "") -> None:
        self._how = how
        self._path = path
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v2"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Ends all that goes on."""
        self._over.set()
        self._listener.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while line := stream.readline():
                    while stream.readline() not in (b"\r\n", b""):
                        pass
                    self._answer(connection, line.decode().split(" ")[1].partition("?")[0])
            except OSError:
                return

    def _answer(self, connection: socket.socket, path: str) -> None:
        content = DONE if self._path else LISTED if path.endswith("/jobs") else RUNNING
        body = json.dumps(content).encode() + b" " * 200
        head = f"HTTP/1.1 200 OK\r\nX-Padding: {'x' * 200}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        if not path.endswith(self._path):
            connection.sendall(head + body)
            return
        if self._how == "silent":
            self._over.wait(10)
            return
        if self._how == "drips the body":
            connection.sendall(head)
            head = b""
        for byte in head + body:
            connection.sendall(bytes([byte]))
            if self._over.wait(DRIP):
                return


@pytest.fixture(params=["silent", "drips the headers", "drips the body"])
def how(request: pytest.FixtureRequest) -> str:
    """Each way of not answering."""
    return str(request.param)


@pytest.fixture
def dripping(how: str) -> Iterator[Dripping]:
    """A server that never answers in time."""
    with closing(Dripping(how)) as server:
        yield server


@pytest.fixture
def late(how: str) -> Iterator[Dripping]:
    """A server whose transcripts never come in time."""
    with closing(Dripping(how, "/transcript")) as server:
        yield server


def patient(dripping: Dripping) -> ConnectionSettings:
    """Settings that would wait for long, if no deadline were given."""
    return ConnectionSettings(dripping.url, auth_token="token", trust_env=False, retry_attempts=1)


def on_time(took: list[float]) -> bool:
    """Whether the last try ended at the deadline, to a tenth of a second; fails after some that did not."""
    assert took[-1] >= DEADLINE, "it gave up too early"
    assert took[-1] <= DEADLINE + EXACT or len(took) < TRIES, took
    return took[-1] <= DEADLINE + EXACT


def waited(wait: Callable[[], object]) -> float:
    """Seconds until a wait ends with a `WaitTimeoutError`."""
    began = time.monotonic()
    with pytest.raises(sm.WaitTimeoutError):
        wait()
    return time.monotonic() - began


def test_a_wait_ends_at_its_deadline(dripping: Dripping) -> None:
    """However the server does not answer."""
    took: list[float] = []
    with BatchClient(patient(dripping)) as client:
        while not took or not on_time(took):
            took.append(waited(lambda: client.wait_for_completion("j", timeout=DEADLINE)))


def test_what_is_left_behind_ends(dripping: Dripping, how: str) -> None:
    """A thread that still reads when the time is over ends soon, or with the client."""
    with BatchClient(patient(dripping)) as client:
        waited(lambda: client.wait_for_completion("j", timeout=DEADLINE))
        left = [thread for thread in threading.enumerate() if thread.name == "speechmatics-exchange"]
        if how == "drips the headers":
            client.close()
        for thread in left:
            thread.join(5)
            assert not thread.is_alive()


@pytest.mark.parametrize("jobs", [["j", "k", "l"], ["j", "k"], ["j"]])
def test_a_wait_for_many_ends_at_its_deadline(dripping: Dripping, jobs: list[str]) -> None:
    """A listing, several looks and a long poll are all bound by it."""
    took: list[float] = []
    with BatchClient(patient(dripping)) as client:
        while not took or not on_time(took):
            took.append(waited(lambda: list(client.wait_for_many(jobs, timeout=DEADLINE))))


def test_a_transcript_that_does_not_come_in_time(late: Dripping) -> None:
    """Ends the wait, and the error does not say that the job goes on."""
    with BatchClient(patient(late)) as client:
        with pytest.raises(sm.WaitTimeoutError, match=r"j is done, but its transcript did not come within 0\.5 s"):
            client.wait_for_completion("j", timeout=DEADLINE)


@pytest.mark.anyio
async def test_a_deadline_that_never_comes(settings: ConnectionSettings) -> None:
    """Is none."""
    with BatchClient(settings) as client:
        ids = [client.submit_job(b"audio", CONFIG) for _ in range(3)]
        assert client.wait_for_completion(ids[0], timeout=math.inf)
        assert len(list(client.wait_for_many(ids, timeout=math.inf))) == 3
    async with AsyncBatchClient(settings) as awaited:
        assert await awaited.wait_for_completion(ids[0], timeout=math.inf)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_async_client_keeps_its_deadlines(dripping: Dripping, backend: str) -> None:
    """On each event loop."""

    async def main() -> None:
        async with AsyncBatchClient(patient(dripping)) as client:
            took: list[float] = []
            while not took or not on_time(took):
                began = time.monotonic()
                with pytest.raises(sm.WaitTimeoutError):
                    await client.wait_for_completion("j", timeout=DEADLINE)
                took.append(time.monotonic() - began)
            took.clear()
            while not took or not on_time(took):
                began = time.monotonic()
                with pytest.raises(sm.WaitTimeoutError):
                    async for _ in client.wait_for_many(["j", "k", "l"], timeout=DEADLINE):
                        pytest.fail("no job ends")
                took.append(time.monotonic() - began)

    anyio.run(main, backend=backend)
