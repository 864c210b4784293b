"""Connections of a local server on which too little comes, or too much: they end, and cost the others nothing."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import httpx
import pytest

from speechmatics import InvalidInputError
from speechmatics.local import Fault, LocalServer, ScriptedEngine, ScriptedRule
from speechmatics.local.connections import MIN_BYTES, Progress
from tests.servers.fault_clients import eventually

pytestmark = pytest.mark.slow  # starts servers

HEAD = b"POST /v2/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=B\r\n"
AUDIO = b'--B\r\nContent-Disposition: form-data; name="data_file"; filename="a.wav"\r\n\r\n'
CONFIG = b'{"type": "transcription", "transcription_config": {"language": "en"}}'
TIMEOUT = {"code": 408, "error": "Request Timeout", "detail": "too little came within 0.5 s"}


@pytest.mark.parametrize("size", [1_000, 20_000, 100_000, 1_000_000])
def test_a_steady_upload_is_not_late(size: int) -> None:
    """Whatever its size: a gigabyte at 100 kB/s takes three hours; what comes in large pieces has pauses."""
    progress = Progress(60)
    every = size / 100_000
    for number in range(1_000_000_000 // size // 1000):
        assert not progress.is_late(number * every, "body", number * size)


@pytest.mark.parametrize(("rate", "late_after"), [(0, 60), (1, 60), (200, 60), (300, None)])
def test_what_drips_is_late(rate: int, late_after: int | None) -> None:
    """So much has to come within the time; a moment of speed before does not count."""
    progress = Progress(60)
    assert not progress.is_late(0, "body", 1_000_000)
    late = [second for second in range(1, 600) if progress.is_late(second, "body", 1_000_000 + rate * second)]
    assert late[:1] == ([] if late_after is None else [late_after])
    assert MIN_BYTES / 60 < 300


def test_nothing_is_late_while_nothing_is_waited_for() -> None:
    """The time begins when something is, and anew when it is something else."""
    progress = Progress(60)
    for second in range(0, 3600, 7):
        assert not progress.is_late(second, None, 0)
    assert not progress.is_late(3600, "head", 0)
    assert not progress.is_late(3659, "head", 0)
    assert not progress.is_late(3660, "body", 0)
    assert not progress.is_late(3719, "body", 0)
    assert progress.is_late(3720, "body", 0)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the jobs of the server are."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def server(data_dir: Path) -> Iterator[LocalServer]:
    """A server without patience."""
    engine = ScriptedEngine([ScriptedRule(text="Hello.", delay=3600)])
    with LocalServer(engine=engine, data_dir=data_dir, receive_timeout=0.5, max_audio_bytes=50_000_000) as running:
        yield running


@contextmanager
def connection(server: LocalServer) -> Generator[socket.socket]:
    """A plain connection."""
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port or 0), timeout=30) as made:
        yield made


def drip(made: socket.socket, piece: bytes, pause: float) -> bytes:
    """Sends more and more until the server ends the connection, and gives what it said."""
    deadline = time.monotonic() + 60
    made.settimeout(pause)
    answer = b""
    while time.monotonic() < deadline:
        try:
            made.sendall(piece)
            received = made.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return answer
        if not received:
            return answer
        answer += received
    raise AssertionError("the connection has not ended")


@pytest.mark.parametrize("begin", [b"GET /v2/jobs HT", b"GET /v2/jobs HTTP/1.1\r\nHost: localhost\r\nX-More: "])
def test_a_head_that_drips_is_408(server: LocalServer, begin: bytes) -> None:
    """In the API's form."""
    with connection(server) as made:
        made.sendall(begin)
        head, _, body = drip(made, b"x", 0.05).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert json.loads(body) == TIMEOUT


@pytest.mark.parametrize("length", [b"Content-Length: 1000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_a_body_that_drips_is_408(server: LocalServer, data_dir: Path, length: bytes) -> None:
    """Nothing is kept of it."""
    with connection(server) as made:
        is_chunked = length.startswith(b"Transfer")
        begin = b"%x\r\n" % len(AUDIO) + AUDIO + b"\r\n" if is_chunked else AUDIO
        made.sendall(HEAD + length + begin)
        answer = drip(made, b"1\r\nx\r\n" if is_chunked else b"x", 0.05)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    eventually(lambda: not [file for file in (data_dir / "audio").iterdir() if file.suffix])


def test_an_idle_connection_ends(server: LocalServer) -> None:
    """Without a word, as nothing was asked."""
    with connection(server) as made:
        assert made.recv(100) == b""


def is_open(name: str) -> bool:
    """Whether this process, which is the server's too, has a file open."""
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            if link.readlink().name == name:
                return True
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="asks the system which files are open")
def test_a_connection_on_which_answers_are_not_read_ends(server: LocalServer, data_dir: Path) -> None:
    """What has been asked for waits in buffers of limited size until then."""
    files = {"config": (None, CONFIG), "data_file": ("a.wav", bytes(40_000_000))}
    job_id = httpx.post(f"{server.url}/jobs", files=files, trust_env=False, timeout=60).json()["id"]
    with connection(server) as made:
        made.sendall(f"GET /v2/jobs/{job_id}/data HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        eventually(lambda: is_open(job_id))
        eventually(lambda: not is_open(job_id))
        received = 0
        try:
            while data := made.recv(1_000_000):
                received += len(data)
        except ConnectionResetError:
            pass
        assert received < 40_000_000


def test_a_body_without_an_end_ends(server: LocalServer) -> None:
    """Where nobody wants it, and where it is a part that is passed over: however fast it comes."""
    piece = b"10000\r\n" + bytes(65536) + b"\r\n"
    for begin, status in (
        (HEAD.replace(b"POST /v2/jobs", b"GET /v2/jobs"), b"200"),
        (HEAD.replace(b"POST /v2/jobs", b"POST /v2/nowhere"), b"404"),
        (HEAD, b"413"),
    ):
        with connection(server) as made:
            made.sendall(begin + b"Transfer-Encoding: chunked\r\n\r\n")
            if status == b"413":
                other = AUDIO.replace(b"data_file", b"other")
                made.sendall(b"%x\r\n" % len(other) + other + b"\r\n")
            assert drip(made, piece, 0.001).startswith(b"HTTP/1.1 " + status)


def test_headers_without_an_end_are_400(server: LocalServer) -> None:
    """Of a request, and of a part of a body."""
    with connection(server) as made:
        made.sendall(b"GET /v2/jobs HTTP/1.1\r\n")
        lines = b"".join(b"X-Header-%d: %s\r\n" % (number, b"y" * 1000) for number in range(200))
        answer = drip(made, lines, 0.001)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"] == "Bad Request"
    head = b"--B\r\n" + b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1000) for number in range(200))
    kind = {"Content-Type": "multipart/form-data; boundary=B"}
    refused = httpx.post(f"{server.url}/jobs", content=head, headers=kind, trust_env=False)
    assert (refused.status_code, refused.json()["error"]) == (400, "Malformed request")


def test_those_who_wait_and_those_who_come_again_are_not_cut(server: LocalServer) -> None:
    """A held answer may take longer than the time to send; a connection has it anew for each request."""
    files = {"config": (None, CONFIG), "data_file": ("a.wav", b"audio")}
    with httpx.Client(base_url=f"{server.url}/", trust_env=False, timeout=30) as client:
        job_id = client.post("jobs", files=files).json()["id"]
        assert client.get(f"jobs/{job_id}", params={"wait": 2}).json()["job"]["status"] == "running"
        deadline = time.monotonic() + 1.5
        for number in count():
            assert client.get("usage", params={"since": f"2026-01-{number % 28 + 1:02}"}).status_code == 200
            if time.monotonic() > deadline:
                break


def test_a_client_that_waits_to_be_asked_for_its_body_is_not_late(server: LocalServer) -> None:
    """It is the server's turn, which asks nothing here, and ends the connection when the fault says so."""
    server.use_faults([Fault(path="jobs", delay=1.5, drop="before_body")])
    with connection(server) as made:
        made.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        with suppress(ConnectionResetError):
            assert made.recv(100) == b""
    server.use_faults([])


def test_no_time_at_all_is_refused() -> None:
    """Nobody could ask for anything."""
    for wrong in (0, -1, float("nan")):
        with pytest.raises(InvalidInputError, match="receive_timeout must be above 0"):
            LocalServer(engine=ScriptedEngine([]), receive_timeout=wrong)
