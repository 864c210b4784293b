"""Audio that the local server fetches: without holding anybody up, within limits, and from public addresses alone."""

from __future__ import annotations

import gzip
import http.server
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from speechmatics import BatchClient, ParsedBatchClient, TranscriptionError
from speechmatics.exceptions import InvalidInputError
from speechmatics.local import LocalServer
from tests.conftest import ScriptedEngine
from tests.servers.fault_clients import eventually

pytestmark = pytest.mark.slow  # waits for jobs

Answer = Callable[[http.server.BaseHTTPRequestHandler], object]


@contextmanager
def source(answer: Answer) -> Generator[str]:
    """The URL of a server that answers like this."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def respond(handler: http.server.BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
    """A byte now and then, until nobody reads any more."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        try:
            handler.wfile.write(b"x")
            time.sleep(0.02)
        except OSError:
            return


@contextmanager
def serving(engine: ScriptedEngine, **options: Any) -> Generator[ParsedBatchClient]:
    options = {"allow_private_addresses": True, **options}
    with LocalServer(engine=engine, **options) as server:
        with BatchClient(server.connection_settings, parse=True) as client:
            yield client


def fetched(url: str, *headers: str) -> dict[str, Any]:
    """A configuration with audio to fetch."""
    transcription = {"type": "transcription", "transcription_config": {"language": "en"}}
    return transcription | {"fetch_data": {"url": url, "auth_headers": list(headers)}}


def rejection(client: ParsedBatchClient, url: str, *headers: str) -> list[str]:
    """Why a job with audio of this URL is rejected."""
    with pytest.raises(TranscriptionError) as caught:
        client.transcribe(None, fetched(url, *headers))
    return [error.message or "" for error in caught.value.errors]


def test_a_slow_source_keeps_no_other_job_waiting(engine: ScriptedEngine) -> None:
    """Not even as many as are fetched at once; and leaving the server ends them all."""
    with source(endless) as url, serving(engine) as client:
        slow = [client.submit_job(None, fetched(url)) for _ in range(6)]
        assert client.transcribe(("a.wav", b"quick"), fetched(url) | {"fetch_data": None}).results
        assert {client.check_job_status(job_id, wait=0).status for job_id in slow} == {"running"}


def test_a_job_that_is_deleted_is_fetched_no_further(engine: ScriptedEngine, tmp_path: Path) -> None:
    """Its connection ends, and nothing is left of it."""
    ended = threading.Event()

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        endless(handler)
        ended.set()

    with source(answer) as url, serving(engine, data_dir=tmp_path) as client:
        job_id = client.submit_job(None, fetched(url))
        eventually(lambda: list((tmp_path / "audio").iterdir()))
        client.delete_job(job_id, force=True)
        assert ended.wait(20)
        eventually(lambda: not list((tmp_path / "audio").iterdir()))
    assert engine.received == []


def test_a_restart_fetches_what_was_not_there_yet(engine: ScriptedEngine, tmp_path: Path) -> None:
    """And nothing twice."""
    is_slow = True

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        endless(handler) if is_slow else respond(handler, b"fetched at last")

    with source(answer) as url:
        with serving(engine, data_dir=tmp_path) as client:
            job_id = client.submit_job(None, fetched(url))
            eventually(lambda: list((tmp_path / "audio").iterdir()))
        is_slow = False
        with serving(engine, data_dir=tmp_path) as client:
            client.wait_for_completion(job_id)
            assert client.get_job_audio(job_id) == b"fetched at last"
    assert engine.received == [b"fetched at last"]


def test_time_and_size_are_limited(engine: ScriptedEngine) -> None:
    """Each attempt says which limit it met; what is unpacked counts as it is then."""
    bomb = gzip.compress(bytes(10_000_000))
    with source(endless) as url, serving(engine, fetch_timeout=0.3) as client:
        assert rejection(client, url) == ["failed to fetch file: it took longer than 0.3 s"] * 3
    message = "failed to fetch file: it is larger than 1000000 bytes, the most that is taken"
    with serving(engine, max_audio_bytes=1_000_000) as client:
        with source(lambda handler: respond(handler, bytes(1_000_001))) as url:
            assert rejection(client, url) == [message] * 3
        with source(lambda handler: respond(handler, bomb, Content_Encoding="gzip")) as url:
            assert rejection(client, url) == [message] * 3
        with source(lambda handler: respond(handler, gzip.compress(b"small"), Content_Encoding="gzip")) as url:
            client.transcribe(None, fetched(url))
    assert engine.received == [b"small"]
    with pytest.raises(InvalidInputError, match="fetch_timeout must be above 0, not 0"):
        LocalServer(fetch_timeout=0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
def test_no_private_address_is_asked(engine: ScriptedEngine, host: str) -> None:
    """By whatever name; it is not tried again, and nothing is connected to."""
    asked: list[str] = []
    with source(lambda handler: asked.append(handler.path)) as url:
        with serving(engine, allow_private_addresses=False) as client:
            assert rejection(client, url.replace("127.0.0.1", host)) == [
                "failed to fetch file: the address is not one that this server connects to"
            ]
    assert asked == []


def test_redirects_are_followed_and_carry_no_secret_away(engine: ScriptedEngine) -> None:
    """To another origin the headers are not sent; a circle ends."""
    seen: list[tuple[str, str | None]] = []

    def there(handler: http.server.BaseHTTPRequestHandler) -> None:
        seen.append((handler.path, handler.headers.get("X-Key")))
        respond(handler, b"moved audio")

    with source(there) as target:

        def here(handler: http.server.BaseHTTPRequestHandler) -> None:
            seen.append((handler.path, handler.headers.get("X-Key")))
            moved = {"/a": "/b", "/b": f"{target}/c", "/circle": "/circle", "/odd": "ftp://127.0.0.1/x"}
            respond(handler, b"", 302, Location=moved[handler.path])

        with source(here) as url, serving(engine) as client:
            client.transcribe(None, fetched(f"{url}/a", "X-Key: s3cret"))
            assert seen == [("/a", "s3cret"), ("/b", "s3cret"), ("/c", None)]
            assert rejection(client, f"{url}/circle") == ["failed to fetch file: more than 5 redirects"] * 3
            assert "must begin with http://" in rejection(client, f"{url}/odd")[0]
    assert engine.received == [b"moved audio"]


def test_a_name_and_password_in_the_url_are_sent_and_not_shown(engine: ScriptedEngine) -> None:
    """As basic authentication; neither they nor the query nor the headers are in the log or the errors."""
    seen: list[str | None] = []

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers.get("Authorization"))
        respond(handler, b"", 403)

    with source(answer) as url, serving(engine) as client:
        secret = url.replace("//", "//me:pass%20word@") + "/a.wav?signature=s1gned"
        job_id = client.submit_job(None, fetched(secret, "X-Key: s3cret"))
        with pytest.raises(TranscriptionError) as caught:
            client.wait_for_completion(job_id)
        said = f"{[error.message for error in caught.value.errors]} {client.get_job_log(job_id)}"
    assert seen == ["Basic bWU6cGFzcyB3b3Jk"] * 3
    assert "http status 403" in said
    assert not any(part in said for part in ("pass", "s1gned", "s3cret", "me:"))
