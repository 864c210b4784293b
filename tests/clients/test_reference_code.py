"""Code as people have it today runs unchanged."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from speechmatics.batch_client import BatchClient
from speechmatics.local import LocalServer
from speechmatics.models import BatchTranscriptionConfig, ConnectionSettings, FetchData
from tests.conftest import ScriptedEngine

pytestmark = pytest.mark.slow  # waits for jobs

CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}


@pytest.fixture
def audio_url() -> Iterator[str]:
    """The URL of a recording on a server of this machine, which wants a header."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers.get("X-Key") == "open"
            self.send_response(200 if allowed else 403)
            self.end_headers()
            self.wfile.write(b"fetched audio" if allowed else b"")

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as host:
        thread = threading.Thread(target=host.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{host.server_address[1]}/call.wav"
        host.shutdown()
        thread.join()


def test_the_reference_s_two_snippets(server: LocalServer) -> None:
    """Opening by hand and as a context manager both list the jobs."""
    settings = ConnectionSettings(url=server.url, auth_token="test-token")
    client = BatchClient(settings)
    client.connect()
    list_of_jobs = client.list_jobs()
    client.close()
    with BatchClient(settings) as client:
        assert client.list_jobs() == list_of_jobs == []


def test_a_status_error_is_httpx_s_and_has_the_api_s_detail(server: LocalServer, tmp_path: Path) -> None:
    """`except httpx.HTTPStatusError` sees the status and the body."""
    audio = tmp_path / "a.wav"
    audio.write_bytes(b"audio")
    config = {"type": "transcription", "transcription_config": {"language": "de"}}
    with BatchClient(ConnectionSettings(url=server.url, auth_token="test-token")) as client:
        with pytest.raises(httpx.HTTPStatusError) as caught:
            client.submit_job(str(audio), config)
    assert caught.value.response.status_code == 400
    assert "English" in caught.value.response.json()["detail"]


def test_a_key_alone_makes_a_client(monkeypatch: pytest.MonkeyPatch, server: LocalServer) -> None:
    """`BatchClient("key")` takes the URL from the environment or the default."""
    monkeypatch.setenv("SPEECHMATICS_URL", server.url)
    with BatchClient("test-token") as client:
        assert client.list_jobs() == []


def test_the_environment_alone_makes_a_client(monkeypatch: pytest.MonkeyPatch, server: LocalServer) -> None:
    """`BatchClient()` takes everything from the environment."""
    monkeypatch.setenv("SPEECHMATICS_URL", server.url)
    monkeypatch.setenv("SPEECHMATICS_API_KEY", "test-token")
    with BatchClient() as client:
        assert client.list_jobs() == []


def test_a_fetch_with_the_flat_config(server: LocalServer, engine: ScriptedEngine, audio_url: str) -> None:
    """The flat configuration is changed after it is made, and goes as multipart without a file."""
    conf = BatchTranscriptionConfig(language="en", operating_point="enhanced")
    conf.fetch_data = FetchData(url=audio_url, auth_headers=["X-Key: open"])
    assert json.loads(conf.as_config().encode()) == {
        "type": "transcription",
        "transcription_config": {"language": "en", "operating_point": "enhanced"},
        "fetch_data": {"url": audio_url, "auth_headers": ["X-Key: open"]},
    }
    with BatchClient(server.connection_settings) as client:
        response = client.send_request(
            "POST",
            "jobs",
            data={"config": conf.as_config()},
            files={"unused": b"makes it multipart"},
            headers={"Accept-Charset": "utf-8"},
        )
        job_id = response.json()["id"]
        assert client.wait_for_completion(job_id) == "Hello world.\n"
    assert engine.received == [b"fetched audio"]


def test_a_fetch_with_a_dict(server: LocalServer, engine: ScriptedEngine, audio_url: str) -> None:
    """`audio=None` and a dict with `fetch_data` has the service fetch; the dict is not changed."""
    config = {**CONFIG, "fetch_data": {"url": audio_url, "auth_headers": ["X-Key: open"]}}
    before = json.dumps(config)
    with BatchClient(server.connection_settings) as client:
        job_id = client.submit_job(audio=None, transcription_config=config)
        client.wait_for_completion(job_id)
        assert client.check_job_status(job_id)["job"]["status"] == "done"
        kept = client.check_job_status(job_id)["job"]["config"]
        assert {name: kept[name] for name in config} == config
    assert json.dumps(config) == before
    assert engine.received == [b"fetched audio"]


def test_a_config_file_and_an_upload_from_memory(server: LocalServer, engine: ScriptedEngine, tmp_path: Path) -> None:
    """A `Path` or a `str` names a JSON file; a tuple holds a name and bytes; the json-v2 dict is subscripted."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIG))
    with BatchClient(server.connection_settings) as client:
        for place in (config, str(config)):
            job_id = client.submit_job(("memory.wav", b"in memory"), place)
            transcript = client.wait_for_completion(job_id, transcription_format="json")
            assert transcript["results"][0]["alternatives"][0]["content"] == "Hello"
            assert transcript["job"]["data_name"] == "memory.wav"
    assert engine.received == [b"in memory", b"in memory"]
