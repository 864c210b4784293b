"""One measurement of one client, in a process of its own: `python worker.py CLIENT MEASURE URL [JSON]` prints JSON.

It runs in the environment that holds the client, and so needs nothing but Python, and gets the client by name: what it
imports is there in one environment only, hence without types.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

TOKEN = "benchmark-token"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}
CHUNK_SIZE = 64 * 1024
"""Bytes that bare httpx is fed at once: those it reads from a file at once."""


class Client(Protocol):
    """What each client is asked to do. Those that block never suspend, so that they need no event loop."""

    awaits: bool

    async def status(self, job_id: str) -> object: ...
    async def submit(self, path: Path) -> object: ...
    async def transcript(self, job_id: str) -> object: ...
    async def finish(self, path: Path) -> object: ...


class Ours:
    """`speechmatics-typed`."""

    awaits = False

    def __init__(self, url: str, parse: bool = False) -> None:
        module = import_module("speechmatics.batch_client")
        settings = import_module("speechmatics.settings")
        self._client = module.BatchClient(settings.ConnectionSettings(url=url, auth_token=TOKEN), parse=parse)

    async def status(self, job_id: str) -> object:
        return self._client.check_job_status(job_id)

    async def submit(self, path: Path) -> object:
        return self._client.submit_job(path, CONFIG)

    async def transcript(self, job_id: str) -> object:
        return self._client.get_job_result(job_id)

    async def finish(self, path: Path) -> object:
        return self._client.transcribe(path, CONFIG)


class OursAwaited:
    """`speechmatics-typed` on asyncio."""

    awaits = True

    def __init__(self, url: str, parse: bool = False) -> None:
        module = import_module("speechmatics.async_batch_client")
        settings = import_module("speechmatics.settings")
        self._client = module.AsyncBatchClient(settings.ConnectionSettings(url=url, auth_token=TOKEN), parse=parse)

    async def status(self, job_id: str) -> object:
        return await self._client.check_job_status(job_id)

    async def submit(self, path: Path) -> object:
        return await self._client.submit_job(path, CONFIG)

    async def transcript(self, job_id: str) -> object:
        return await self._client.get_job_result(job_id)

    async def finish(self, path: Path) -> object:
        return await self._client.transcribe(path, CONFIG)


class Older:
    """`speechmatics-python`."""

    awaits = False

    def __init__(self, url: str) -> None:
        settings = import_module("speechmatics.models").ConnectionSettings(url=url, auth_token=TOKEN)
        self._client = import_module("speechmatics.batch_client").BatchClient(settings).connect()

    async def status(self, job_id: str) -> object:
        return self._client.check_job_status(job_id)

    async def submit(self, path: Path) -> object:
        return self._client.submit_job(path, CONFIG)

    async def transcript(self, job_id: str) -> object:
        return self._client.get_job_result(job_id)

    async def finish(self, path: Path) -> object:
        return self._client.wait_for_completion(self._client.submit_job(path, CONFIG), "json-v2")


class Newer:
    """The blocking client of `speechmatics-batch`."""

    awaits = False

    def __init__(self, url: str) -> None:
        self._client = import_module("speechmatics.batch").Client(api_key=TOKEN, url=url)

    async def status(self, job_id: str) -> object:
        return self._client.get_job_info(job_id)

    async def submit(self, path: Path) -> object:
        return self._client.submit_job(str(path)).id

    async def transcript(self, job_id: str) -> object:
        return self._client.get_transcript(job_id)

    async def finish(self, path: Path) -> object:
        return self._client.transcribe(str(path))


class NewerAwaited:
    """The asyncio client of `speechmatics-batch`; `hold` is the `wait` it is told to submit with."""

    awaits = True

    def __init__(self, url: str, hold: int | None = None) -> None:
        self._client = import_module("speechmatics.batch").AsyncClient(api_key=TOKEN, url=url)
        self._hold = hold

    async def status(self, job_id: str) -> object:
        return await self._client.get_job_info(job_id)

    async def submit(self, path: Path) -> object:
        return (await self._client.submit_job(str(path))).id

    async def transcript(self, job_id: str) -> object:
        return await self._client.get_transcript(job_id)

    async def finish(self, path: Path) -> object:
        return await self._client.transcribe(str(path), wait=self._hold)


class Httpx:
    """Bare `httpx.Client`; uploads by `files=`, or by a multipart body from a generator."""

    awaits = False

    def __init__(self, url: str, generated: bool = False) -> None:
        self._url = url
        self._generated = generated
        self._client = import_module("httpx").Client(headers=HEADERS)

    async def status(self, job_id: str) -> object:
        return self._client.get(f"{self._url}/jobs/{job_id}").json()

    async def submit(self, path: Path) -> object:
        if self._generated:
            body = Body(path)
            response = self._client.post(f"{self._url}/jobs", content=iter(body), headers=body.headers)
        else:
            with path.open("rb") as file:
                response = self._client.post(
                    f"{self._url}/jobs", data={"config": json.dumps(CONFIG)}, files={"data_file": file}
                )
        return response.json()["id"]

    async def transcript(self, job_id: str) -> object:
        return self._client.get(f"{self._url}/jobs/{job_id}/transcript", params={"format": "json-v2"}).json()

    async def finish(self, path: Path) -> object:
        raise NotImplementedError("httpx waits for no jobs")


class HttpxAwaited:
    """Bare `httpx.AsyncClient`; otherwise as `Httpx`. It reads files on the event loop."""

    awaits = True

    def __init__(self, url: str, generated: bool = False) -> None:
        self._url = url
        self._generated = generated
        self._client = import_module("httpx").AsyncClient(headers=HEADERS)

    async def status(self, job_id: str) -> object:
        return (await self._client.get(f"{self._url}/jobs/{job_id}")).json()

    async def submit(self, path: Path) -> object:
        if self._generated:
            body = Body(path)
            response = await self._client.post(f"{self._url}/jobs", content=aiter(body), headers=body.headers)
        else:
            with path.open("rb") as file:
                response = await self._client.post(
                    f"{self._url}/jobs", data={"config": json.dumps(CONFIG)}, files={"data_file": file}
                )
        return response.json()["id"]

    async def transcript(self, job_id: str) -> object:
        url = f"{self._url}/jobs/{job_id}/transcript"
        return (await self._client.get(url, params={"format": "json-v2"})).json()

    async def finish(self, path: Path) -> object:
        raise NotImplementedError("httpx waits for no jobs")


class Socket:
    """A bare socket, to tell what the server can do: it sends bytes made before and looks for the end of the answer."""

    awaits = False

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._path = parts.path
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def status(self, job_id: str) -> object:
        self._socket.sendall(f"GET {self._path}/jobs/{job_id} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return self._answer()

    async def submit(self, path: Path) -> object:
        body = Body(path)
        lines = [f"POST {self._path}/jobs HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in body.headers.items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        for chunk in body:
            self._socket.sendall(chunk)
        return self._answer()["id"]

    async def transcript(self, job_id: str) -> object:
        raise NotImplementedError

    async def finish(self, path: Path) -> object:
        raise NotImplementedError

    def _answer(self) -> Any:
        head, _, body = self._socket.recv(65536).partition(b"\r\n\r\n")
        if b" 200 " not in head and b" 201 " not in head:
            raise AssertionError(head)
        return json.loads(body)


class Body:
    """A multipart body made by hand, a chunk at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = (
            b'--boundary\r\nContent-Disposition: form-data; name="config"\r\n\r\n'
            + json.dumps(CONFIG).encode()
            + b"\r\n"
            b'--boundary\r\nContent-Disposition: form-data; name="data_file"; filename="recording.wav"\r\n'
            b"Content-Type: audio/wav\r\n\r\n"
        )
        self._after = b"\r\n--boundary--\r\n"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that describe the body."""
        length = len(self._before) + self._path.stat().st_size + len(self._after)
        return {"Content-Type": "multipart/form-data; boundary=boundary", "Content-Length": str(length)}

    def __iter__(self) -> Iterator[bytes]:
        yield self._before
        with self._path.open("rb") as file:
            while chunk := file.read(CHUNK_SIZE):
                yield chunk
        yield self._after

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk


CLIENTS: dict[str, Callable[[str], Client]] = {
    "ours": Ours,
    "ours-parsed": lambda url: Ours(url, parse=True),
    "ours-async": OursAwaited,
    "ours-async-parsed": lambda url: OursAwaited(url, parse=True),
    "older": Older,
    "newer": Newer,
    "newer-async": NewerAwaited,
    "newer-async-wait": lambda url: NewerAwaited(url, hold=60),
    "httpx": Httpx,
    "httpx-generator": lambda url: Httpx(url, generated=True),
    "httpx-async": HttpxAwaited,
    "httpx-async-generator": lambda url: HttpxAwaited(url, generated=True),
    "socket": Socket,
}


async def measure_status(client: Client, *, calls: int) -> dict[str, float]:
    """Status calls per second on one connection, one after the other, and microseconds of processor time for each."""
    for _ in range(calls // 10):
        await client.status("ready")
    started, worked = time.perf_counter(), time.process_time()
    for _ in range(calls):
        await client.status("ready")
    seconds, work = time.perf_counter() - started, time.process_time() - worked
    return {"rate": calls / seconds, "work": work / calls * 1e6}


async def measure_upload(client: Client, *, path: str) -> dict[str, float]:
    """Megabytes per second of one upload, and the megabytes by which it raises the peak of memory."""
    await client.status("ready")
    before = _peak_memory()
    started = time.perf_counter()
    await client.submit(Path(path))
    seconds = time.perf_counter() - started
    return {"rate": Path(path).stat().st_size / 1e6 / seconds, "growth": (_peak_memory() - before) / 1e6}


async def measure_fetch(client: Client, *, job_id: str) -> float:
    """Seconds to get a transcript and read it, on a warm connection."""
    await client.status(job_id)
    started = time.perf_counter()
    transcript = await client.transcript(job_id)
    seconds = time.perf_counter() - started
    if not transcript:
        raise AssertionError("no transcript came")
    return seconds


async def measure_wait(client: Client, *, path: str) -> float:
    """The moment, on the monotonic clock, at which the transcript of a new job is in hand."""
    await client.finish(Path(path))
    return time.monotonic()


async def measure_first(client: Client) -> float:
    """The moment, on the monotonic clock, at which the first status is known."""
    await client.status("ready")
    return time.monotonic()


MEASURES: dict[str, Callable[..., Coroutine[None, None, object]]] = {
    "status": measure_status,
    "upload": measure_upload,
    "fetch": measure_fetch,
    "wait": measure_wait,
    "first": measure_first,
}


def _peak_memory() -> int:
    """Bytes; not `ru_maxrss`, which a process inherits from the one that started it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.removesuffix("kB")) * 1024
    raise AssertionError("the kernel tells no peak of memory")


def _main(client_name: str, measure: str, url: str, options: str = "{}") -> None:
    client = CLIENTS[client_name](url)
    work = MEASURES[measure](client, **json.loads(options))
    if client.awaits:
        outcome: object = import_module("asyncio").run(work)
    else:
        try:
            work.send(None)
        except StopIteration as end:
            outcome = end.value
        else:
            raise AssertionError("a blocking client does not suspend")
    print(json.dumps(outcome))


if __name__ == "__main__":
    _main(*sys.argv[1:])
