"""As many jobs as a local server takes: further submissions are 429, before and after a restart, until some end."""

from __future__ import annotations

import json
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from speechmatics import BatchClient, InvalidInputError
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule

pytestmark = pytest.mark.slow  # starts servers

CONFIG = json.dumps({"type": "transcription", "transcription_config": {"language": "en"}})
ENGINE = ScriptedEngine([ScriptedRule(name="quick.wav", text="Hello."), ScriptedRule(text="Hello.", delay=3600)])
ERROR = {"code": 429, "error": "Max concurrent running jobs exceeded", "detail": "3 jobs have yet to end"}


def post(server: LocalServer, name: str = "slow.wav") -> httpx.Response:
    """Answers a submission."""
    data, files = {"config": CONFIG}, {"data_file": (name, b"audio")}
    return httpx.post(f"{server.url}/jobs", data=data, files=files, trust_env=False, timeout=60)


def test_a_submission_beyond_the_backlog_is_429(tmp_path: Path) -> None:
    """In the API's words, and with when to try again; a server that starts counts what an earlier one left."""
    with LocalServer(engine=ENGINE, max_backlog=3, data_dir=tmp_path) as server:
        ids = [post(server).json()["id"] for _ in range(3)]
        refused = post(server)
        assert (refused.status_code, refused.json(), refused.headers["Retry-After"]) == (429, ERROR, "1")
    with LocalServer(engine=ENGINE, max_backlog=3, data_dir=tmp_path) as server:
        assert post(server).json() == ERROR
        with BatchClient(server.connection_settings) as client:
            client.delete_job(ids[0], force=True)
            assert client.transcribe(("quick.wav", b"audio"), json.loads(CONFIG), "txt") == "Hello.\n"
        assert post(server).status_code == 201
        assert post(server).status_code == 429
    assert len([*(tmp_path / "audio").iterdir()]) == 4


def test_those_who_come_at_once_are_counted_too() -> None:
    """However their uploads overlap."""
    with LocalServer(engine=ENGINE, max_backlog=3) as server, ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(post, [server] * 16)]
    assert Counter(answer.status_code for answer in answers) == {201: 3, 429: 13}


def test_it_is_said_before_the_upload_comes() -> None:
    """Nobody sends a gigabyte to be refused."""
    with LocalServer(engine=ENGINE, max_backlog=1) as server:
        post(server)
        url = httpx.URL(server.url)
        with socket.create_connection((url.host, url.port or 0), timeout=30) as connection:
            lines = "Host: localhost\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: 900000000\r\n"
            connection.sendall(f"POST /v2/jobs HTTP/1.1\r\n{lines}\r\n".encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 429 ")


def test_a_backlog_of_none_is_refused() -> None:
    """Such a server would do nothing."""
    with pytest.raises(InvalidInputError, match="max_backlog must be 1 or more, not 0"):
        LocalServer(engine=ENGINE, max_backlog=0)
