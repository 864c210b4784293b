"""A small server that misbehaves, over real sockets, at random from a seed."""

from __future__ import annotations

import hashlib
import json
import random
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any, Self

__all__ = ["FAULTS", "Misbehaving", "transcript_of"]

FAULTS = (
    "reset before the body",
    "reset during the body",
    "reset after the body",
    "work, then drop the answer",
    "work, then send half the answer",
    "promise more than is sent",
    "promise less than is sent",
    "401 page",
    "429 page",
    "429 with a delay",
    "502 page",
    "work, then 502 page",
    "503",
    "hang",
    "work, then hang",
    "work late, then drop the answer",
    "byte by byte",
    "restart",
)
PAGE = b"<html><body>Something went wrong</body></html>"
HANG = 1.5
"""Seconds that a hanging server keeps silent: longer than its clients wait."""


def transcript_of(audio: bytes) -> dict[str, Any]:
    """The transcript that the server has for some audio."""
    digest = hashlib.sha256(audio).hexdigest()
    word = {"type": "word", "start_time": 0.0, "end_time": 1.0, "alternatives": [{"content": digest, "confidence": 1}]}
    return {"format": "2.9", "metadata": {"type": "transcription"}, "results": [word]}


@dataclass
class Misbehaving:
    """Answers as the service does, except for a share of its answers.

    Attributes:
        rate: Share of the requests that go wrong, 0 to 1.
        seed: Where chance begins.
        jobs: The jobs made: id to configuration and audio.
        late: Seconds after which a job made late appears.
    """

    rate: float
    seed: int
    late: float = 0.05
    jobs: dict[str, tuple[dict[str, Any], bytes, str]] = field(
        default_factory=dict[str, tuple[dict[str, Any], bytes, str]]
    )
    met: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._address: tuple[str, int] = self._listener.getsockname()[:2]
        self._closed = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closed = True
        self._listener.close()

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"http://{self._address[0]}:{self._address[1]}/v2"

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                time.sleep(0.005)
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _restart(self) -> None:
        with self._lock:
            self._listener.close()
            time.sleep(0.02)
            while True:
                try:
                    self._listener = socket.create_server(self._address, backlog=256)
                except OSError:
                    time.sleep(0.005)
                else:
                    return

    def _fault(self) -> str | None:
        with self._lock:
            if self._chance.random() >= self.rate:
                return None
            fault = self._chance.choice(FAULTS)
            self.met.add(fault)
            return fault

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while line := stream.readline():
                    method, path, _ = line.decode().split(" ", 2)
                    headers: dict[str, str] = {}
                    while (header := stream.readline()) not in (b"\r\n", b""):
                        name, _, value = header.decode().partition(":")
                        headers[name.lower()] = value.strip()
                    if not self._exchange(connection, stream, method, path, headers):
                        return
            except (OSError, ValueError):
                return

    def _exchange(
        self, connection: socket.socket, stream: Any, method: str, path: str, headers: dict[str, str]
    ) -> bool:
        """One request and its answer; False if the connection is not to be used again."""
        fault = self._fault() or ""
        length = int(headers.get("content-length", "0"))
        if fault == "reset before the body":
            return _reset(connection)
        if fault == "reset during the body":
            stream.read(length // 2)
            return _reset(connection)
        body: bytes = stream.read(length)
        if fault == "reset after the body":
            return _reset(connection)
        if fault == "hang":
            time.sleep(HANG)
            return False
        if fault == "restart":
            self._restart()
            return _reset(connection)
        for status in (401, 429, 502):
            if fault == f"{status} page":
                return _send(connection, status, PAGE, content_type="text/html")
        if fault == "429 with a delay":
            return _send(connection, 429, b'{"code": 429, "error": "Too Many Requests"}', more="Retry-After: 0\r\n")
        if fault == "503":
            return _send(connection, 503, b'{"detail": "Server busy"}')
        if fault == "work late, then drop the answer":
            threading.Timer(self.late, self._work, (method, path, headers, body)).start()
            return _reset(connection)
        status, answer = self._work(method, path, headers, body)
        if fault == "work, then 502 page":
            return _send(connection, 502, PAGE, content_type="text/html")
        if fault == "work, then hang":
            time.sleep(HANG)
            return False
        if fault == "work, then drop the answer":
            return _reset(connection)
        if fault == "work, then send half the answer":
            _send(connection, status, answer, cut=len(answer) // 2)
            return _reset(connection)
        if fault == "promise more than is sent":
            _send(connection, status, answer, promised=len(answer) + 10)
            return False
        if fault == "promise less than is sent" and "transcript" not in path:
            _send(connection, status, answer, promised=len(answer) // 2)
            return False
        if fault == "byte by byte":
            connection.sendall(_head(status, len(answer)))
            for position in range(min(len(answer), 200)):
                connection.sendall(answer[position : position + 1])
            connection.sendall(answer[200:])
            return True
        return _send(connection, status, answer)

    def _work(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        route, _, query = path.partition("?")
        if method == "POST":
            boundary = headers["content-type"].partition("boundary=")[2].encode()
            config, audio = (part.partition(b"\r\n\r\n")[2][:-2] for part in body.split(b"--" + boundary)[1:3])
            with self._lock:
                job_id = f"job{len(self.jobs):06}"
                self.jobs[job_id] = (json.loads(config), audio, datetime.now(UTC).isoformat())
            return 201, json.dumps({"id": job_id}).encode()
        if route == "/v2/jobs":
            before = re.search("created_before=([^&]*)", query)
            moment = before[1].replace("%3A", ":").replace("Z", "+00:00") if before else "9"
            with self._lock:
                recent = [job_id for job_id in reversed(self.jobs) if self.jobs[job_id][2] < moment][:100]
            return 200, json.dumps({"jobs": [self._details(job_id) for job_id in recent]}).encode()
        job_id = route.split("/")[3]
        if job_id not in self.jobs:
            return 404, b'{"code": 404, "error": "Job not found"}'
        if route.endswith("/transcript"):
            return 200, json.dumps(transcript_of(self.jobs[job_id][1])).encode()
        return 200, json.dumps({"job": self._details(job_id)}).encode()

    def _details(self, job_id: str) -> dict[str, Any]:
        config, _, created_at = self.jobs[job_id]
        return {"id": job_id, "status": "done", "created_at": created_at, "config": config}


def _head(status: int, length: int, more: str = "", content_type: str = "application/json") -> bytes:
    lines = f"HTTP/1.1 {status} Status\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n"
    return f"{lines}Date: {formatdate(usegmt=True)}\r\n{more}\r\n".encode()


def _send(
    connection: socket.socket,
    status: int,
    answer: bytes,
    *,
    promised: int | None = None,
    cut: int | None = None,
    more: str = "",
    content_type: str = "application/json",
) -> bool:
    head = _head(status, len(answer) if promised is None else promised, more, content_type)
    connection.sendall(head + answer[:cut])
    return True


def _reset(connection: socket.socket) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False
