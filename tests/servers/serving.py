"""A small HTTP server of the tests: it answers as a function says, over TLS where asked, and is a proxy where asked."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

__all__ = ["Answer", "Received", "Serving", "serving"]


@dataclass(frozen=True)
class Received:
    """A request as it came; `path` is the whole URL where the client takes the server for a proxy."""

    method: str
    path: str
    headers: httpx.Headers
    body: bytes
    client_cert: str | None


@dataclass(frozen=True)
class Answer:
    """What to answer; no status drops the connection."""

    status: int | None = 200
    body: bytes = b'{"jobs": []}'
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class Serving:
    """A server that runs.

    Attributes:
        url: Where it is.
        received: The requests that came, in the order of their coming.
        connections: Connections that were made to it.
    """

    url: str
    received: list[Received] = field(default_factory=list[Received])
    connections: int = 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or does not trust the certificate, is no error of the server."""


@contextmanager
def serving(
    respond: Callable[[Received], Answer] = lambda received: Answer(), tls: ssl.SSLContext | None = None
) -> Generator[Serving]:
    """Runs a server on loopback; `CONNECT` opens a tunnel, whatever `respond` says to other requests."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            running.connections += 1
            super().setup()

        def _received(self, body: bytes) -> Received:
            certificate = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
            subject = str(certificate.get("subjectAltName")) if certificate else None
            received = Received(
                self.command, self.path, httpx.Headers(list(self.headers.items())), body, client_cert=subject
            )
            running.received.append(received)
            return received

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", "0")))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self) -> None:
            answer = respond(self._received(self._body()))
            if answer.status is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_CONNECT(self) -> None:
            answer = respond(self._received(b""))
            if answer.status != 200:
                self.send_error(answer.status or 502)
                return
            host, _, port = self.path.rpartition(":")
            with socket.create_connection((host, int(port))) as beyond:
                self.send_response(200)
                self.end_headers()
                ends = {beyond: self.connection, self.connection: beyond}
                while True:
                    for end in select.select(list(ends), [], [], 10)[0]:
                        if not (data := end.recv(65536)):
                            self.close_connection = True
                            return
                        ends[end].sendall(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    server = _Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    running = Serving(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
