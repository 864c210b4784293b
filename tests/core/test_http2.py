"""HTTP/2, where a server offers it and the settings ask for it."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}


@dataclass
class Serving:
    """A server that runs: where it is, how it is trusted, what came."""

    url: str
    authority: Path
    connections: int = 0
    received: list[tuple[str, str, bytes]] = field(default_factory=list[tuple[str, str, bytes]])


@contextmanager
def serving(folder: Path) -> Generator[Serving]:
    """A server on loopback that speaks HTTP/2 to those who offer it, and HTTP/1.1 to others."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    ca.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    listener = socket.create_server(("127.0.0.1", 0))
    running = Serving(f"https://127.0.0.1:{listener.getsockname()[1]}", folder / "ca.pem")

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            running.connections += 1
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    def serve(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as secure:
                if secure.selected_alpn_protocol() == "h2":
                    _speak_http2(secure, running)
                else:
                    _speak_http1(secure, running)
        except OSError:
            return

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield running
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _answer_to(method: str) -> bytes:
    return b'{"id": "job"}' if method == "POST" else b'{"jobs": []}'


def _speak_http2(secure: ssl.SSLSocket, running: Serving) -> None:
    session = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    session.initiate_connection()
    requests: dict[int, tuple[str, str, bytearray]] = {}
    secure.sendall(session.data_to_send())
    while data := secure.recv(65536):
        for event in session.receive_data(data):
            if isinstance(event, RequestReceived):
                headers = {str(name): str(value) for name, value in event.headers}
                requests[event.stream_id] = headers[":method"], headers.get("authorization", ""), bytearray()
            elif isinstance(event, DataReceived):
                requests[event.stream_id][2].extend(event.data)
                session.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                method, authorization, body = requests.pop(event.stream_id)
                running.received.append((method, authorization, bytes(body)))
                session.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/json")])
                session.send_data(event.stream_id, _answer_to(method), end_stream=True)
        secure.sendall(session.data_to_send())


def _speak_http1(secure: ssl.SSLSocket, running: Serving) -> None:
    stream = secure.makefile("rb")
    while line := stream.readline():
        method = line.split()[0].decode()
        headers: dict[str, str] = {}
        while (header := stream.readline()) != b"\r\n":
            name, _, value = header.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0")))
        running.received.append((method, headers.get("authorization", ""), body))
        answer = _answer_to(method)
        secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))


@pytest.fixture
def server(tmp_path: Path) -> Generator[Serving]:
    """A server that speaks both."""
    with serving(tmp_path) as running:
        yield running


def settings_for(server: Serving, **more: Any) -> ConnectionSettings:
    """Settings of a client that trusts the server."""
    values: dict[str, Any] = {"auth_token": "very-secret", "verify": server.authority, "trust_env": False, **more}
    return ConnectionSettings(server.url, **values)


@pytest.mark.parametrize("http2", [True, False, None])
def test_http2_is_spoken_where_it_is_asked_for(server: Serving, http2: bool | None) -> None:
    """Over one connection; a recording arrives whole. HTTP/1.1 is the default."""
    settings = settings_for(server) if http2 is None else settings_for(server, http2=http2)
    audio = bytes(range(256)) * 4000
    with BatchClient(settings) as client:
        assert client.send_request("GET", "jobs").http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        assert client.submit_job(audio, CONFIG) == "job"
    assert server.connections == 1
    assert [(method, authorization) for method, authorization, _ in server.received] == [
        ("GET", "Bearer very-secret"),
        ("POST", "Bearer very-secret"),
    ]
    assert audio in server.received[1][2]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("http2", [True, False])
def test_the_async_client_does_the_same(server: Serving, http2: bool, backend: str) -> None:
    """And many requests share the connection."""
    audio = bytes(range(256)) * 4000

    async def main() -> None:
        async with AsyncBatchClient(settings_for(server, http2=http2)) as client:
            assert (await client.send_request("GET", "jobs")).http_version == ("HTTP/2" if http2 else "HTTP/1.1")
            async with anyio.create_task_group() as tasks:
                for _ in range(5):
                    tasks.start_soon(client.submit_job, audio, CONFIG)

    anyio.run(main, backend=backend)
    assert [audio in body for method, _, body in server.received if method == "POST"] == [True] * 5
    assert not http2 or server.connections == 1


def test_clients_that_differ_do_not_change_each_other(server: Serving) -> None:
    """They offer each what its settings say, though other clients of the process offer something else."""
    with BatchClient(settings_for(server, http2=True)) as one, BatchClient(settings_for(server)) as other:
        for _ in range(2):
            assert one.send_request("GET", "jobs").http_version == "HTTP/2"
            assert other.send_request("GET", "jobs").http_version == "HTTP/1.1"


def test_no_log_of_http2_shows_the_token(server: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """Those of the libraries at DEBUG neither."""
    caplog.set_level(logging.DEBUG)
    with BatchClient(settings_for(server, http2=True)) as client:
        client.list_jobs()
    # The server's own thread logs what it decodes.
    records = [record for record in caplog.records if record.threadName == "MainThread"]
    assert any(record.name.startswith("hpack") for record in records)
    assert not [record for record in records if "very-secret" in record.getMessage()]
