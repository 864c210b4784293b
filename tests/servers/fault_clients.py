"""Clients that the tests of the server of faults share: httpx, and plain sockets."""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.servers.fault_server import FaultServer

__all__ = [
    "CONFIG",
    "LONG",
    "client_of",
    "connect",
    "eventually",
    "head_of",
    "make_job",
    "read_all",
    "read_answer",
    "submit",
]

CONFIG: dict[str, Any] = {
    "type": "transcription",
    "transcription_config": {"language": "en"},
    "tracking": {"title": "a test", "details": {"submission_id": "s1"}},
}
LONG = 3600
"""Seconds that no test waits for."""


def client_of(server: FaultServer, verify: ssl.SSLContext | bool = False) -> httpx.Client:
    """A client that waits for long."""
    return httpx.Client(base_url=f"{server.url}/", trust_env=False, timeout=30, verify=verify)


def submit(
    client: httpx.Client, audio: bytes = b"audio", config: object = CONFIG, timeout: float = 30
) -> httpx.Response:
    """Submits some audio, whatever is answered."""
    files = {"data_file": ("a.wav", audio)}
    return client.post("jobs", files=files, data={"config": json.dumps(config)}, timeout=timeout)


def make_job(client: httpx.Client, audio: bytes = b"audio") -> str:
    """Submits some audio, and gives the job's id."""
    return str(submit(client, audio).raise_for_status().json()["id"])


def connect(server: FaultServer) -> socket.socket:
    """A plain connection."""
    host, port = server.url.removeprefix("http://").removesuffix("/v2").split(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def head_of(method: str = "GET", path: str = "jobs", length: int | None = None, more: str = "") -> bytes:
    """The head of a request."""
    promised = "" if length is None else f"Content-Length: {length}\r\n"
    return f"{method} /v2/{path} HTTP/1.1\r\nHost: a\r\n{promised}{more}\r\n".encode()


def read_all(connection: socket.socket) -> bytes:
    """What comes until the end of a connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def read_answer(connection: socket.socket) -> tuple[int, bytes]:
    """Status and body of the next answer, with no byte of what follows."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    promised = re.search(rb"Content-Length: (\d+)", head)
    body = b""
    while promised and len(body) < int(promised[1]):
        body += connection.recv(int(promised[1]) - len(body))
    return int(head.split(b" ")[1]), body


def eventually(condition: Callable[[], object]) -> None:
    """Waits until something holds."""
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.002)
