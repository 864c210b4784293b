"""A plain server for the benchmarks: it answers as the Batch v2 API does, does no work, and notes when a job ended.

Run as a program it prints its port. A base URL `http://127.0.0.1:PORT/MODE/SECONDS/ID/v2` says what becomes of a job
posted below it: it has that id and is done so many seconds after its upload. Any other job is done already. In the mode
`held`, `wait` is honoured (and taken as 2 where a GET leaves it out, as the service does); in `plain` it is ignored.
`GET /report/ID` gives what only the server knows of a job.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

__all__ = ["LONG_JOB", "REAL_TIME_FACTOR"]

LONG_JOB = "long"
"""Id of the job whose transcript is the file given to the program."""
REAL_TIME_FACTOR = 0.2
"""Seconds that a job takes for each second of its audio; one client reckons with the duration that a job tells."""
USUAL_WAIT = 2.0
"""Seconds that the service holds a GET back where it does not say how long (documentation)."""
READ_SIZE = 1024 * 1024

_CONFIG = {
    "type": "transcription",
    "transcription_config": {"language": "en", "operating_point": "enhanced", "diarization": "speaker"},
}
_WORD = {
    "type": "word",
    "start_time": 0.1,
    "end_time": 0.5,
    "alternatives": [{"content": "Hello", "confidence": 0.98, "language": "en", "speaker": "S1"}],
}


@dataclass(slots=True)
class _Job:
    """A job; times are on the monotonic clock, which all processes of a machine share."""

    id: str
    done_at: float
    duration: float
    gets: int = 0
    body_bytes: int = 0

    def details(self) -> bytes:
        status = "done" if time.monotonic() >= self.done_at else "running"
        job = {
            "created_at": "2026-01-01T00:00:00.000Z",
            "data_name": "recording.wav",
            "duration": self.duration,
            "id": self.id,
            "status": status,
            "config": _CONFIG,
        }
        return json.dumps({"job": job}).encode()

    def transcript(self) -> dict[str, object]:
        created = "2026-01-01T00:00:00.000Z"
        return {
            "format": "2.9",
            "job": {"created_at": created, "data_name": "recording.wav", "duration": self.duration, "id": self.id},
            "metadata": {"created_at": created, **_CONFIG},
            "results": [_WORD],
        }


class _Service:
    """The state that all connections share."""

    def __init__(self, long_transcript: bytes) -> None:
        self.long_transcript = long_transcript
        self._jobs: dict[str, _Job] = {}

    def posted(self, job_id: str, seconds: float, body_bytes: int) -> _Job:
        job = _Job(job_id, time.monotonic() + seconds, seconds / REAL_TIME_FACTOR, body_bytes=body_bytes)
        self._jobs[job_id] = job
        return job

    def job(self, job_id: str) -> _Job:
        return self._jobs.get(job_id) or self.posted(job_id, 0, 0)


class _Connection(asyncio.BufferedProtocol):
    """One connection: reads a request, throwing its body away, and answers it before it reads the next."""

    def __init__(self, service: _Service) -> None:
        self._service = service
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._head = b""
        self._body_left = 0
        self._body_bytes = 0
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._body_left:
            self._body_left -= nbytes
        else:
            head, end, body = (self._head + self._buffer[:nbytes]).partition(b"\r\n\r\n")
            if not end:
                self._head = head
                return
            self._head = head
            self._body_bytes = _content_length(head)
            self._body_left = self._body_bytes - len(body)
        if not self._body_left:
            head, self._head = self._head, b""
            self._handle(*head.split(b" ", 2)[:2])

    def _handle(self, method: bytes, target: bytes) -> None:
        url = urlsplit(target.decode())
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        match url.path.strip("/").split("/"):
            case ["report", job_id]:
                job = self._service.job(job_id)
                report = {"done_at": job.done_at, "gets": job.gets, "body_bytes": job.body_bytes}
                self._answer(json.dumps(report).encode())
            case [mode, seconds, job_id, "v2", "jobs"] if method == b"POST":
                job = self._service.posted(job_id, float(seconds), self._body_bytes)
                held = float(query.get("wait", 0)) if mode == "held" else 0
                self._when_done(job, held, lambda: self._created(job, query.get("format", "json-v2")))
            case [mode, _, _, "v2", "jobs", job_id, *below]:
                job = self._service.job(job_id)
                job.gets += 1
                held = float(query.get("wait", USUAL_WAIT)) if mode == "held" else 0
                if below:
                    self._when_done(job, held, lambda: self._transcript(job, query.get("format", "json-v2")))
                else:
                    self._when_done(job, held, lambda: self._answer(job.details()))
            case _:
                self._error("path not found")

    def _when_done(self, job: _Job, held: float, answer: Callable[[], None]) -> None:
        seconds = min(held, job.done_at - time.monotonic())
        if seconds > 0:
            # A timer may ring a millisecond early.
            asyncio.get_running_loop().call_later(seconds + 0.001, answer)
        else:
            answer()

    def _created(self, job: _Job, form: str) -> None:
        done = time.monotonic() >= job.done_at
        answer: dict[str, object] = {"id": job.id, "status": "done" if done else "created"}
        if done:
            answer[form] = job.transcript() if form == "json-v2" else "Hello"
        self._answer(json.dumps(answer).encode(), HTTPStatus.CREATED)

    def _transcript(self, job: _Job, form: str) -> None:
        if time.monotonic() < job.done_at:
            self._error("Transcription not ready")
        elif form != "json-v2":
            self._answer(b"Hello", media_type="text/plain")
        elif job.id == LONG_JOB:
            self._answer(self._service.long_transcript)
        else:
            self._answer(json.dumps(job.transcript()).encode())

    def _error(self, message: str) -> None:
        self._answer(json.dumps({"code": 404, "error": message}).encode(), HTTPStatus.NOT_FOUND)

    def _answer(self, body: bytes, status: HTTPStatus = HTTPStatus.OK, media_type: str = "application/json") -> None:
        if self._transport is not None:
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\nDate: {formatdate(usegmt=True)}\r\n"
                f"Content-Type: {media_type}\r\nRequest-Id: 0123456789abcdef\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            self._transport.write(head.encode() + body)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def _serve(service: _Service) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(service), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("transcript", nargs="?", type=Path, help=f"file of the transcript of the job {LONG_JOB!r}")
    given = parser.parse_args().transcript
    asyncio.run(_serve(_Service(given.read_bytes() if given else b"")))
