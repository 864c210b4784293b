"""What the transport's settings do, up to the connection."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path

import certifi
import httpx
import pytest

import speechmatics as sm
from speechmatics import BatchClient, ConnectionSettings


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
    assert done.stdout == 'HTTP/2 needs the extra "http2": pip install "speechmatics-typed[http2]"\n', done.stderr
