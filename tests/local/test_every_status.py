"""Each status that the specification documents for a path is one that a local server answers with, in its shape."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from speechmatics.local import Fault, LocalServer, ScriptedEngine, ScriptedRule
from tests.servers.shapes import problem_of

pytestmark = pytest.mark.slow  # starts servers

DOCUMENTED = {
    "POST jobs": (201, 400, 401, 403, 429, 500),
    "GET jobs": (200, 401, 422, 429, 500),
    "GET jobs/{id}": (200, 401, 404, 410, 429, 500),
    "DELETE jobs/{id}": (200, 401, 404, 410, 423, 429, 500),
    "GET jobs/{id}/transcript": (200, 401, 404, 410, 429, 500),
    "GET jobs/{id}/log": (200, 401, 404, 410, 429, 500, 501),
    "GET usage": (200, 401, 403, 429, 500),
}
BY_FAULT = (
    *(f"{what} -> {status}" for what in DOCUMENTED for status in (429, 500) if what != "POST jobs"),
    "GET jobs/{id}/log -> 501",
)
"""What a server on this machine has no reason to answer; where a test needs it, a fault says so."""
WORDS = {429: "Max concurrent running jobs exceeded", 500: "Internal Server Error", 501: "Not Implemented"}
CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}


class World:
    """A server with two jobs, and what brings about each status."""

    def __init__(self, server: LocalServer, folder: Path, http: httpx.Client) -> None:
        self.server = server
        self.folder = folder
        self.http = http
        self.running = self.submit("slow.wav")
        self.done = self.submit("a.wav")
        self.expired = self.submit("a.wav")
        server.expire(self.expired)

    def submit(self, name: str) -> str:
        """The id of a job, which has ended unless it is slow."""
        answer = self.post(name, path="jobs" if name == "slow.wav" else "jobs?wait=30")
        return str(answer.raise_for_status().json()["id"])

    def post(
        self, name: str, config: object = CONFIG, path: str = "jobs", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Answers a submission."""
        data, files = {"config": json.dumps(config)}, {"data_file": (name, b"audio")}
        return self.http.post(path, data=data, files=files, headers=headers)

    def submit_until(self, status: int) -> httpx.Response:
        """A submission that is answered so."""
        if status == 400:
            return self.post("a.wav", {"type": "transcription"})
        if status == 401:
            return self.post("a.wav", headers={"Authorization": "Bearer other"})
        if status == 403:
            return self.post("a.wav", headers={"Origin": "https://evil.example"})
        if status == 429:
            self.submit("slow.wav")
        if status == 500:
            shutil.rmtree(self.folder / "audio")
        return self.post("a.wav")

    def ask_until(self, what: str, status: int) -> httpx.Response:
        """A request other than a submission that is answered so."""
        method, _, path = what.partition(" ")
        job_id = {404: "unknown", 410: self.expired, 423: self.running}.get(status, self.done)
        headers = {401: {"Authorization": "Bearer other"}, 403: {"Host": "evil.example"}}.get(status, {})
        params = {"limit": "many"} if status == 422 else {}
        return self.http.request(method, path.replace("{id}", job_id), headers=headers, params=params)

    def bring_about(self, what: str, status: int) -> httpx.Response:
        """A request that is answered so."""
        if f"{what} -> {status}" in BY_FAULT:
            method, _, path = what.partition(" ")
            body = json.dumps({"code": status, "error": WORDS[status]})
            self.server.use_faults([Fault(method=method, path=path.replace("{id}", "*"), status=status, body=body)])
        try:
            return self.submit_until(status) if what == "POST jobs" else self.ask_until(what, status)
        finally:
            self.server.use_faults([])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A server that wants a token, and takes two jobs at a time."""
    engine = ScriptedEngine([ScriptedRule(name="slow.wav", text="", delay=3600), ScriptedRule(text="Hello.")])
    with LocalServer(engine=engine, data_dir=tmp_path, token="t", max_backlog=2) as server:
        headers = {"Authorization": "Bearer t"}
        with httpx.Client(base_url=f"{server.url}/", headers=headers, trust_env=False, timeout=30) as http:
            yield World(server, tmp_path, http)


@pytest.mark.parametrize(
    ("what", "status"), [(what, status) for what, statuses in DOCUMENTED.items() for status in statuses]
)
def test_a_documented_status_is_answered(world: World, what: str, status: int) -> None:
    """With a body of its shape, and an id by which it can be asked about."""
    answer = world.bring_about(what, status)
    assert answer.status_code == status, answer.text
    path, kind = answer.request.url.path, answer.headers.get("Content-Type")
    assert problem_of(answer.request.method, path, status, kind, answer.content) is None
    assert "Request-Id" in answer.headers or f"{what} -> {status}" in BY_FAULT
