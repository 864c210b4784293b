"""What the transport's settings do, up to the connection."""

from __future__ import annotations

import platform
import socket
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import certifi
import httpx
import pytest

import speechmatics as sm
from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings
from speechmatics._core.drivers import AwaitingDriver, BlockingDriver
from tests.servers.serving import Answer, Received, serving


@pytest.mark.parametrize("name", ["verify", "client_cert"])
def test_certificates_that_cannot_be_loaded(tmp_path: Path, name: str) -> None:
    """Are an error of the settings when the client opens, and it names them."""
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for place in (broken, tmp_path / "missing.pem"):
        with pytest.raises(sm.SettingsError, match=f"{name}: .* cannot be loaded"):
            BatchClient(
                ConnectionSettings(verify=place) if name == "verify" else ConnectionSettings(client_cert=place)
            ).connect()


def test_certificates_of_one_s_own(tmp_path: Path) -> None:
    """A file, a folder, and no check at all open a client; so does a context of one's own."""
    places: list[Path | bool] = [tmp_path, False, Path(certifi.where())]
    for verify in places:
        with BatchClient(ConnectionSettings("https://127.0.0.1:9", verify=verify, trust_env=False)) as client:
            with pytest.raises(sm.ConnectError):
                client.send_request("POST", "jobs")
    context = ssl.create_default_context()
    with BatchClient(ConnectionSettings("https://127.0.0.1:9", ssl_context=context, trust_env=False)) as client:
        with pytest.raises(sm.ConnectError):
            client.send_request("POST", "jobs")


def test_headers_of_the_settings_are_sent() -> None:
    """And the processing data of an on-premises worker as its header's JSON."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"jobs": []})

    settings = ConnectionSettings(headers={"X-Team": "one"}, processing_data={"parallel_engines": 2})
    with BatchClient(settings, http_client=httpx.Client(transport=httpx.MockTransport(answer))) as client:
        client.list_jobs()
    assert asked[0].headers["X-Team"] == "one"
    assert asked[0].headers["X-SM-Processing-Data"] == '{"parallel_engines":2}'


@pytest.mark.parametrize("given", [False, True])
def test_headers_of_each_request(settings: ConnectionSettings, given: bool) -> None:
    """The caller's go before the settings', and these before ours; an id of its own; a given client is not changed."""
    settings.headers = {"accept": "text/plain", "X-Place": "settings"}
    with httpx.Client(headers={"X-Mine": "kept", "user-agent": "mine"}, trust_env=False) as mine:
        before = list(mine.headers.raw)
        with BatchClient(settings, http_client=mine if given else None) as client:
            sent = [client.send_request("GET", "jobs", headers={"x-place": "caller"}).request.headers for _ in range(2)]
            own_id = client.send_request("GET", "jobs", headers={"X-Request-Id": "my-own"}).request.headers
        assert mine.headers.raw == before
    for headers in sent:
        assert headers["Accept"] == "text/plain"
        assert headers["User-Agent"].startswith("speechmatics-typed/")
        assert headers["X-Place"] == "caller"
        assert headers.get("X-Mine") == ("kept" if given else None)
        assert len(headers.keys()) == len(headers.multi_items())
    assert len({headers["X-Request-Id"] for headers in sent}) == 2
    assert own_id["X-Request-Id"] == "my-own"


@pytest.mark.slow
def test_http2_without_its_extra_names_it() -> None:
    """When the client opens."""
    code = """
import sys

sys.modules["h2"] = None
from speechmatics import BatchClient, ConnectionSettings, MissingExtraError
try:
    BatchClient(ConnectionSettings(http2=True)).connect()
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.startswith('HTTP/2 needs the extra "http2" of speechmatics-typed: pip install ".[http2]"'), (
        done.stderr
    )


def test_the_name_of_the_application_goes_with_each_submission() -> None:
    """As `sm-app` of `POST /jobs`, for usage reports; without the setting there is none."""
    with serving(lambda _: Answer(201, b'{"id": "job0000001"}')) as server:
        for app in ("my app", None):
            with BatchClient(ConnectionSettings(server.url, app=app, trust_env=False)) as client:
                client.submit_job(b"audio", {"type": "transcription", "transcription_config": {"language": "en"}})
    asked = [(received.method, httpx.URL(received.path)) for received in server.received]
    assert [(method, url.path, dict(url.params)) for method, url in asked] == [
        ("POST", "/v2/jobs", {"sm-app": "my app"}),
        ("POST", "/v2/jobs", {}),
    ]


@pytest.mark.parametrize(("connect", "read", "write", "pool"), [(1.5, 2.5, 3.5, 4.5), (None, None, None, None)])
def test_time_limits_reach_the_client_that_is_opened(
    connect: float | None, read: float | None, write: float | None, pool: float | None
) -> None:
    """Each in its place, and None for no limit."""
    settings = ConnectionSettings(connect_timeout=connect, read_timeout=read, write_timeout=write, pool_timeout=pool)
    blocking, awaiting = BlockingDriver(settings), AwaitingDriver(settings)
    limits = httpx.Timeout(connect=connect, read=read, write=write, pool=pool)
    assert blocking.open().timeout == limits
    blocking.close()

    async def opened() -> httpx.Timeout:
        client = await awaiting.open()
        await awaiting.close()
        return client.timeout

    assert anyio.run(opened) == limits


def test_a_silent_server_is_given_up() -> None:
    """After `read_timeout`; the error says that the server did not answer in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = ConnectionSettings(
            f"http://127.0.0.1:{silent.getsockname()[1]}", read_timeout=0.2, retry_attempts=1, trust_env=False
        )
        began = time.monotonic()
        with BatchClient(settings) as client, pytest.raises(sm.ReadTimeout):
            client.list_jobs()
        assert 0.2 <= time.monotonic() - began < 5

        async def ask() -> None:
            async with AsyncBatchClient(settings) as client:
                with pytest.raises(sm.ReadTimeout), anyio.fail_after(5):
                    await client.list_jobs()

        anyio.run(ask)


def test_there_are_no_more_connections_than_allowed() -> None:
    """Who finds none free within `pool_timeout` is told so, and nothing is sent."""
    came, go = threading.Event(), threading.Event()

    def answer(received: Received) -> Answer:
        if not came.is_set():
            came.set()
            go.wait(20)
        return Answer()

    with serving(answer) as server, ThreadPoolExecutor(1) as other:
        settings = ConnectionSettings(
            server.url, max_connections=1, pool_timeout=0.1, retry_attempts=1, trust_env=False
        )
        with BatchClient(settings) as client:
            first = other.submit(client.list_jobs)
            assert came.wait(20)
            try:
                with pytest.raises(sm.PoolTimeout):
                    client.list_jobs()
            finally:
                go.set()
            assert first.result() == []
            assert client.list_jobs() == []
        assert (server.connections, len(server.received)) == (1, 2)


@pytest.mark.parametrize(("kept", "connections"), [(0, 2), (1, 1)])
def test_idle_connections_are_kept_as_allowed(kept: int, connections: int) -> None:
    """With `max_keepalive_connections=0` each answer ends its connection."""
    with serving() as server:
        settings = ConnectionSettings(server.url, max_keepalive_connections=kept, trust_env=False)
        with BatchClient(settings) as client:
            assert client.list_jobs() == client.list_jobs() == []
        assert (server.connections, len(server.received)) == (connections, 2)


def test_the_user_agent_names_what_speaks() -> None:
    """This package, httpx and Python, each with its version."""
    with serving() as server, BatchClient(ConnectionSettings(server.url, trust_env=False)) as client:
        client.list_jobs()
    assert server.received[0].headers["User-Agent"] == (
        f"speechmatics-typed/{sm.__version__} httpx/{httpx.__version__} python/{platform.python_version()}"
    )
