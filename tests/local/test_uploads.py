"""Submissions as they come over the wire: in pieces, in any order, too large, malformed, or cut off."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from tests.servers.fault_clients import eventually

pytestmark = pytest.mark.slow  # waits for jobs

CONFIG = json.dumps({"type": "transcription", "transcription_config": {"language": "en"}}).encode()
LARGE = bytes(range(256)) * 20_000
MAX_BYTES = 6_000_000


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the jobs of the server are."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def server(data_dir: Path) -> Iterator[LocalServer]:
    """A server that knows one recording, and takes no large ones."""
    rules = [
        ScriptedRule(sha256=hashlib.sha256(LARGE).hexdigest(), text="It came whole."),
        ScriptedRule(name="slow.wav", text="", delay=3600),
        ScriptedRule(text="Another."),
    ]
    with LocalServer(engine=ScriptedEngine(rules), data_dir=data_dir, max_audio_bytes=MAX_BYTES) as running:
        yield running


def part(name: str, content: bytes, more: str = "") -> bytes:
    """A part of a body."""
    return f'--B\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


def post(
    server: LocalServer, body: bytes | Iterator[bytes], kind: str = "multipart/form-data; boundary=B"
) -> httpx.Response:
    """Answers a submission."""
    url, headers = f"{server.url}/jobs?wait=60&format=txt", {"Content-Type": kind}
    return httpx.post(url, content=body, headers=headers, trust_env=False, timeout=60)


def left_over(server: LocalServer, data_dir: Path) -> set[str]:
    """Files that are no job's audio."""
    jobs = httpx.get(f"{server.url}/jobs", trust_env=False).json()["jobs"]
    return {file.name for file in (data_dir / "audio").iterdir()} - {job["id"] for job in jobs}


AUDIO = part("data_file", LARGE, '; filename="a.wav"')
WHOLE = part("config", CONFIG) + AUDIO + b"--B--\r\n"


@pytest.mark.parametrize(
    "body",
    [
        WHOLE,
        AUDIO + part("config", CONFIG) + b"--B--",
        part("text_file", b"ignored")
        + AUDIO
        + part("config", CONFIG, '; filename="config.json"')
        + b"--B--\r\nepilogue",
        WHOLE.replace(b"Content-Disposition", b"content-DISPOSITION").replace(b"\r\n\r\n", b"\r\nX-More: y\r\n\r\n"),
    ],
    ids=["config first", "audio first", "others between", "other headers"],
)
def test_the_order_of_parts_does_not_matter(server: LocalServer, body: bytes) -> None:
    """Nor do other parts and headers; the audio arrives whole."""
    answer = post(server, body)
    assert (answer.status_code, answer.json().get("txt")) == (201, "It came whole.\n"), answer.text


@pytest.mark.parametrize("size", [1, 7, 1000, 70_000])
def test_a_body_may_come_in_pieces(server: LocalServer, size: int) -> None:
    """Of any size, also without a length that is known before."""
    body = part("config", CONFIG) + part("data_file", LARGE[:2000] if size < 1000 else LARGE) + b"--B--"
    answer = post(server, (body[start : start + size] for start in range(0, len(body), size)))
    assert answer.json().get("txt") == ("Another.\n" if size < 1000 else "It came whole.\n")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.wav", "a.wav"),
        ("grüß.wav", "grüß.wav"),
        ("../../a.wav", "../../a.wav"),
        ("", ""),
        ("a b;c.wav", "a b;c.wav"),
    ],
)
def test_a_file_name_is_data(server: LocalServer, data_dir: Path, given: str, kept: str) -> None:
    """It is kept as it came, and no path."""
    before = {*data_dir.parent.rglob("*")}
    answer = post(server, part("config", CONFIG) + part("data_file", b"x", f'; filename="{given}"') + b"--B--")
    details = httpx.get(f"{server.url}/jobs/{answer.json()['id']}", trust_env=False).json()["job"]
    assert details["data_name"] == kept
    eventually(lambda: {*data_dir.parent.rglob("*")} <= before | {data_dir / "audio" / answer.json()["id"]})


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "the body ends before its closing boundary"),
        (WHOLE[:-20], "the body ends before its closing boundary"),
        (b"--C\r\n\r\n", "boundary"),
        (b"--B\r\nContent Disposition: x\r\n\r\n", "header"),
        (AUDIO + AUDIO, "data_file is given twice"),
        (part("config", CONFIG) + part("config", CONFIG), "config is given twice"),
        (part("config", b"\xff{}") + b"--B--", "config in body: it is not text in UTF-8"),
        (AUDIO + b"--B--", "config in body: it is missing"),
    ],
)
def test_a_malformed_body_is_400(server: LocalServer, data_dir: Path, body: bytes, detail: str) -> None:
    """It says what is wrong with it, and nothing is kept."""
    answer = post(server, body)
    assert (answer.status_code, answer.json()["error"]) == (400, "Malformed request")
    assert detail in answer.json()["detail"]
    eventually(lambda: not left_over(server, data_dir))


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "multipart/mixed; boundary=B", ""])
def test_a_body_of_another_type_is_400(server: LocalServer, kind: str) -> None:
    """It says which is needed."""
    answer = post(server, WHOLE, kind)
    assert (answer.status_code, answer.json()["error"]) == (400, "Malformed request")
    assert answer.json()["detail"] == "a body of multipart/form-data with its boundary is needed"


def test_too_much_audio_is_413(server: LocalServer, data_dir: Path) -> None:
    """As soon as the limit is passed, however much more would come; nothing is kept, and the limit itself is taken."""

    def endless() -> Iterator[bytes]:
        yield part("config", CONFIG) + b'--B\r\nContent-Disposition: form-data; name="data_file"\r\n\r\n'
        for _ in range(100):
            yield bytes(1_000_000)

    answer = post(server, endless())
    assert (answer.status_code, answer.json()["detail"]) == (413, "6000000 bytes is the most that is taken")
    eventually(lambda: not left_over(server, data_dir))
    body = part("config", CONFIG) + part("data_file", bytes(MAX_BYTES)) + b"--B--"
    assert post(server, body).status_code == 201


def head(server: LocalServer, length: int) -> tuple[socket.socket, bytes]:
    """A connection, and the head of a submission of so many bytes."""
    url = httpx.URL(server.url)
    connection = socket.create_connection((url.host, url.port or 0), timeout=30)
    lines = "Host: localhost\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=B\r\n"
    return connection, f"POST /v2/jobs HTTP/1.1\r\n{lines}Content-Length: {length}\r\n\r\n".encode()


def test_a_length_that_is_too_large_is_413_at_once(server: LocalServer) -> None:
    """Before a byte of the body has come."""
    connection, text = head(server, 100_000_000)
    with connection:
        connection.sendall(text)
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_an_upload_that_is_cut_off_leaves_nothing(
    server: LocalServer, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No file, no job, and nothing in the log: clients go away."""
    connection, text = head(server, len(WHOLE))
    jobs = httpx.get(f"{server.url}/jobs", trust_env=False).json()
    with connection:
        connection.sendall(text + WHOLE[:3_000_000])
        eventually(lambda: left_over(server, data_dir))
    eventually(lambda: not left_over(server, data_dir))
    assert httpx.get(f"{server.url}/jobs", trust_env=False).json() == jobs
    assert caplog.records == []


def test_config_that_is_endless_is_413(server: LocalServer) -> None:
    """It is kept in memory, and so bounded."""
    answer = post(server, part("config", bytes(17 * 1024 * 1024)) + b"--B--")
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["jobs/", "jobs//", "usage/"])
def test_a_slash_at_the_end_is_passed_over(server: LocalServer, path: str) -> None:
    """It is answered, and not redirected, as public clients have it."""
    assert httpx.get(f"{server.url}/{path}", trust_env=False).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "jobs", "GET, POST"), ("POST", "jobs/a", "GET, DELETE"), ("DELETE", "usage", "GET")],
)
def test_405_says_what_is_allowed(server: LocalServer, method: str, path: str, allowed: str) -> None:
    """As HTTP asks for."""
    answer = httpx.request(method, f"{server.url}/{path}", trust_env=False)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


def test_head_is_answered_as_get_without_a_body(server: LocalServer) -> None:
    """As HTTP asks for."""
    answer = httpx.head(f"{server.url}/jobs", trust_env=False)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == "application/json"


def test_those_who_wait_hold_no_thread(server: LocalServer) -> None:
    """There may be more of them than threads; another is answered meanwhile, and all are when the job is deleted."""
    body = part("config", CONFIG) + part("data_file", b"x", '; filename="slow.wav"') + b"--B--"
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    job_id = httpx.post(f"{server.url}/jobs", content=body, headers=headers, trust_env=False).json()["id"]
    limits = httpx.Limits(max_connections=100)
    with httpx.Client(base_url=f"{server.url}/", trust_env=False, timeout=60, limits=limits) as api:
        before = len(server.requests)
        with ThreadPoolExecutor(60) as pool:
            held = [pool.submit(api.get, f"jobs/{job_id}", params={"wait": 60}) for _ in range(60)]
            eventually(lambda: len(server.requests) == before + 60)
            assert api.get("usage").status_code == 200
            assert not any(answer.done() for answer in held)
            api.delete(f"jobs/{job_id}", params={"force": True})
            assert {answer.result().json()["job"]["status"] for answer in held} == {"deleted"}
