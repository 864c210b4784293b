"""Status calls and uploads through the drivers, beside bare httpx in the same run, and how the memory grows.

    python -m tests.trials.transfer_speed [megabytes] [rounds]

A ratio is the speed of ours over that of bare httpx, by the medians of alternating rounds. The server is a process of
its own that reads and answers over raw sockets. Memory is the growth of the process's highest level over an upload.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import socket
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import anyio
import httpx

from speechmatics import ConnectionSettings, JobConfig
from speechmatics._core import flows
from speechmatics._core.audio_input import open_audio
from speechmatics._core.drivers import AwaitingDriver, BlockingDriver
from speechmatics._core.endpoints import create_job, get_job
from speechmatics._core.operations import Operation

MEBIBYTE = 1 << 20
CALLS = 300
"""Status calls of a round."""
ANSWER = b'{"id": "j", "job": {"id": "j", "status": "done"}}'
HEADERS = {"Authorization": "Bearer token"}


def serve(port: Connection) -> None:
    """Answers each request over each connection when its body has come."""
    listener = socket.create_server(("127.0.0.1", 0))
    port.send(listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer_all, args=(connection,), daemon=True).start()


def answer_all(connection: socket.socket) -> None:
    """Answers what comes over a connection."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = bytearray(MEBIBYTE)
    pending = b""
    while True:
        while b"\r\n\r\n" not in pending:
            if not (data := connection.recv(65536)):
                return
            pending += data
        head, _, body = pending.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        left = (int(length[1]) if length else 0) - len(body)
        pending = b""
        while left > 0:
            left -= connection.recv_into(buffer, min(left, MEBIBYTE))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER))


class Trial:
    """A server, a file, and what is measured with them."""

    def __init__(self, url: str, path: Path, rounds: int) -> None:
        self._url = url
        self._path = path
        self._rounds = rounds
        self._settings = ConnectionSettings(url, auth_token="token", trust_env=False)
        self._length = {**HEADERS, "Content-Length": str(path.stat().st_size)}

    def run_blocking(self) -> None:
        """Measures the blocking driver."""
        driver = BlockingDriver(self._settings)
        with httpx.Client(trust_env=False, timeout=60) as bare:

            def ask() -> None:
                for _ in range(CALLS):
                    driver.run(flows.send(get_job("j")))

            def ask_bare() -> None:
                for _ in range(CALLS):
                    bare.get(f"{self._url}/v2/jobs/j", headers=HEADERS)

            def send() -> None:
                driver.run(flows.send(self._submission()))

            def send_bare() -> None:
                bare.post(self._url, content=self._read(), headers=self._length)

            self._compare("blocking", "status calls", ask, ask_bare)
            self._compare("blocking", "upload", send, send_bare)
        driver.close()

    async def run_awaiting(self, backend: str) -> None:
        """Measures the other driver on an event loop."""
        driver = AwaitingDriver(self._settings)
        async with httpx.AsyncClient(trust_env=False, timeout=60) as bare:

            async def ask() -> None:
                for _ in range(CALLS):
                    await driver.run(flows.send(get_job("j")))

            async def ask_bare() -> None:
                for _ in range(CALLS):
                    await bare.get(f"{self._url}/v2/jobs/j", headers=HEADERS)

            async def send() -> None:
                await driver.run(flows.send(self._submission()))

            async def send_bare() -> None:
                await bare.post(self._url, content=self._read_awaited(), headers=self._length)

            await self._compare_awaited(backend, "status calls", ask, ask_bare)
            await self._compare_awaited(backend, "upload", send, send_bare)
        await driver.close()

    def _submission(self) -> Operation[str, str]:
        config = JobConfig.model_validate({"type": "transcription", "transcription_config": {"language": "en"}})
        return create_job(config, open_audio(self._path))

    def _read(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            while data := file.read(MEBIBYTE):
                yield data

    async def _read_awaited(self) -> AsyncIterator[bytes]:
        for data in self._read():
            yield data

    def _compare(self, who: str, what: str, ours: Callable[[], None], bare: Callable[[], None]) -> None:
        times: list[tuple[float, float]] = []
        growth = _growth_of(ours)
        for _ in range(self._rounds):
            began = time.perf_counter()
            ours()
            between = time.perf_counter()
            bare()
            times.append((between - began, time.perf_counter() - between))
        _report(who, what, times, growth)

    async def _compare_awaited(
        self, who: str, what: str, ours: Callable[[], Awaitable[None]], bare: Callable[[], Awaitable[None]]
    ) -> None:
        times: list[tuple[float, float]] = []
        before = _highest_level()
        await ours()
        growth = _highest_level() - before
        for _ in range(self._rounds):
            began = time.perf_counter()
            await ours()
            between = time.perf_counter()
            await bare()
            times.append((between - began, time.perf_counter() - between))
        _report(who, what, times, growth)


def _growth_of(run: Callable[[], None]) -> int:
    before = _highest_level()
    run()
    return _highest_level() - before


def _highest_level() -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


def _report(who: str, what: str, times: list[tuple[float, float]], growth: int) -> None:
    ours, bare = median(own for own, _ in times), median(other for _, other in times)
    print(f"{who} {what}: {ours:.3f} s, bare {bare:.3f} s, ratio {bare / ours:.2f}, memory +{growth / 1e6:.1f} MB")


def main(megabytes: int = 200, rounds: int = 9) -> None:
    """Runs the whole trial."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    server = context.Process(target=serve, args=(far,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.wav"
        with path.open("wb") as file:
            for _ in range(megabytes):
                file.write(os.urandom(1_000_000))
        trial = Trial(f"http://127.0.0.1:{near.recv()}", path, rounds)
        for backend in ("asyncio", "trio"):
            anyio.run(trial.run_awaiting, backend, backend=backend)
        trial.run_blocking()
    server.terminate()
    server.join()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
