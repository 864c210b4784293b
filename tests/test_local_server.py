"""The local server over real HTTP, as the specification has it, with a scripted engine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from speechmatics import BatchClient, ConnectionSettings, SpeechmaticsError
from speechmatics.local import LocalServer
from tests.conftest import ScriptedEngine

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
AUDIO = ("a.wav", b"audio", "audio/wav")
ROOT = Path(__file__).parent.parent


@pytest.fixture
def http(server: LocalServer) -> Iterator[httpx.Client]:
    """A bare HTTP client of the server."""
    headers = {"Authorization": "Bearer test-token"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30) as client:
        yield client


def post(http: httpx.Client, config: object = CONFIG, audio: object = AUDIO, **params: str | int) -> httpx.Response:
    """Submits; no audio if it is None."""
    text = config if isinstance(config, str) else json.dumps(config)
    files: dict[str, Any] = {"config": (None, text)} | ({} if audio is None else {"data_file": audio})
    return http.post("/jobs", files=files, params=params)


def finished(http: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job once it has ended."""
    job: dict[str, Any] = http.get(f"/jobs/{job_id}", params={"wait": 20}).json()["job"]
    return job


def changed(**config: object) -> dict[str, Any]:
    """The configuration with more transcription options."""
    return {**CONFIG, "transcription_config": {"language": "en", **config}}


@pytest.mark.parametrize(
    ("config", "audio", "error", "detail"),
    [
        ("{", AUDIO, "Job rejected", "JSON is invalid"),
        ("[]", AUDIO, "Job rejected", "JSON is invalid"),
        ({"type": "transcription", "transcription_config": {}}, AUDIO, "No language selected", "language"),
        (CONFIG, None, "Missing data_file", "neither"),
        (CONFIG, ("a.wav", b"", "audio/wav"), "Job rejected due to invalid audio", "empty"),
        ({**CONFIG, "fetch_data": {"url": "http://localhost/a.wav"}}, AUDIO, "Job rejected", "both"),
        (changed(max_delay_mode="sometimes"), AUDIO, "Job rejected", "max_delay_mode"),
        (changed(no_such_option=1), AUDIO, "Job rejected", "no_such_option"),
        (changed(language="de"), AUDIO, "Requested product not available", "de"),
        (changed(diarization="speaker"), AUDIO, "Requested product not available", "diarization"),
        ({**CONFIG, "translation_config": {"target_languages": ["de"]}}, AUDIO, "Requested product not available", ""),
    ],
)
def test_what_cannot_become_a_job_is_refused(
    http: httpx.Client, config: object, audio: object, error: str, detail: str
) -> None:
    """With 400 and the API's error body; no job is made."""
    answer = post(http, config, audio)
    body = answer.json()
    assert (answer.status_code, body["code"], body["error"]) == (400, 400, error)
    assert detail in body["detail"]
    assert answer.headers["Request-Id"]
    assert http.get("/jobs").json() == {"jobs": []}


@pytest.mark.parametrize(
    ("method", "path", "code", "error"),
    [
        ("GET", "/jobs/none", 404, "Job not found"),
        ("DELETE", "/jobs/none", 404, "Job not found"),
        ("GET", "/jobs/none/transcript", 404, "Job not found"),
        ("GET", "/jobs/none/log", 404, "Job not found"),
        ("GET", "/nothing", 404, "Not Found"),
        ("PUT", "/jobs", 405, "Method Not Allowed"),
        ("GET", "/jobs?limit=0", 422, "Unprocessable Entity"),
        ("GET", "/jobs?limit=101", 422, "Unprocessable Entity"),
        ("GET", "/jobs?created_before=yesterday", 422, "Unprocessable Entity"),
        ("GET", "/usage?since=monday", 422, "Unprocessable Entity"),
    ],
)
def test_errors_have_the_api_s_body(http: httpx.Client, method: str, path: str, code: int, error: str) -> None:
    """Code, error, and a detail where there is more to say."""
    answer = http.request(method, path)
    assert (answer.status_code, answer.json()["code"], answer.json()["error"]) == (code, code, error)


def test_a_wrong_token_is_refused(server: LocalServer) -> None:
    """With 401, whatever is asked."""
    answer = httpx.get(f"{server.url}/jobs", headers={"Authorization": "Bearer other"}, trust_env=False)
    assert (answer.status_code, answer.json()) == (401, {"code": 401, "error": "Permission Denied"})


def test_a_running_job(http: httpx.Client, engine: ScriptedEngine) -> None:
    """Has no transcript yet, and is deleted only by force; then its files are gone."""
    engine.go.clear()
    job_id = post(http).json()["id"]
    answer = http.get(f"/jobs/{job_id}/transcript")
    assert (answer.status_code, answer.json()["error"]) == (404, "Transcription not ready")
    assert http.get(f"/jobs/{job_id}").json()["job"]["status"] == "running"
    assert http.delete(f"/jobs/{job_id}").status_code == 423
    deleted = http.delete(f"/jobs/{job_id}", params={"force": "true"})
    assert (deleted.status_code, deleted.json()["job"]["status"]) == (200, "deleted")
    assert http.get(f"/jobs/{job_id}/transcript").status_code == 410
    assert http.get(f"/jobs/{job_id}/log").status_code == 410
    assert http.get("/jobs").json() == {"jobs": []}
    assert [job["id"] for job in http.get("/jobs?include_deleted=true").json()["jobs"]] == [job_id]
    engine.go.set()


def test_a_finished_job_in_every_form(http: httpx.Client) -> None:
    """Details, the three transcripts, the log and the usage."""
    job_id = post(http, {**CONFIG, "tracking": {"title": "T"}}).json()["id"]
    job = finished(http, job_id)
    assert (job["status"], job["duration"], job["data_name"]) == ("done", 2, "a.wav")
    assert job["config"] == {**CONFIG, "tracking": {"title": "T"}}
    transcript = http.get(f"/jobs/{job_id}/transcript").json()
    assert transcript["job"]["tracking"] == {"title": "T"}
    assert len(transcript["results"]) == 3
    assert http.get(f"/jobs/{job_id}/transcript?format=txt").text == "Hello world.\n"
    assert http.get(f"/jobs/{job_id}/transcript?format=srt").text.startswith("1\n00:00:00,100 --> ")
    assert http.get(f"/jobs/{job_id}/transcript?format=doc").status_code == 422
    assert "recognition ends" in http.get(f"/jobs/{job_id}/log").text
    assert http.get("/usage").json()["summary"][0]["count"] == 1
    assert http.get("/usage?since=2001-01-01&until=2001-01-02").json()["summary"] == []


def test_unreadable_audio_is_rejected(http: httpx.Client) -> None:
    """The job ends as rejected, with a reason."""
    job = finished(http, post(http, audio=("a.wav", b"bad", "audio/wav")).json()["id"])
    assert job["status"] == "rejected"
    assert "cannot be decoded" in job["errors"][0]["message"]
    assert http.get(f"/jobs/{job['id']}/transcript").json()["error"] == "Job rejected"


def test_the_list_is_paged(http: httpx.Client) -> None:
    """The most recent first; limit and created_before cut it."""
    ids = [post(http).json()["id"] for _ in range(3)]
    for job_id in ids:
        finished(http, job_id)
    jobs = http.get("/jobs?limit=2").json()["jobs"]
    assert [job["id"] for job in jobs] == ids[:0:-1]
    older = http.get("/jobs", params={"created_before": jobs[-1]["created_at"]}).json()["jobs"]
    assert ids[0] in [job["id"] for job in older]
    assert http.get("/jobs?created_before=2001-01-01T00:00:00Z").json() == {"jobs": []}


def test_wait_holds_the_answer_back(http: httpx.Client, engine: ScriptedEngine) -> None:
    """Until the job ends, or the time is over."""
    engine.go.clear()
    job_id = post(http).json()["id"]
    begin = time.monotonic()
    assert http.get(f"/jobs/{job_id}?wait=1").json()["job"]["status"] == "running"
    assert 0.9 < time.monotonic() - begin < 5
    threading.Timer(0.2, engine.go.set).start()
    begin = time.monotonic()
    assert http.get(f"/jobs/{job_id}/transcript?wait=20").status_code == 200
    assert time.monotonic() - begin < 10
    submitted = post(http, wait=20, format="txt").json()
    assert (submitted["status"], submitted["txt"]) == ("done", "Hello world.\n")


def test_wait_may_be_ignored(engine: ScriptedEngine) -> None:
    """As on-premises servers do."""
    engine.go.clear()
    with LocalServer(engine=engine, honour_wait=False) as server:
        with httpx.Client(base_url=server.url, trust_env=False) as http:
            answer = post(http, wait=20)
            assert list(answer.json()) == ["id"]
            begin = time.monotonic()
            assert http.get(f"/jobs/{answer.json()['id']}?wait=20").json()["job"]["status"] == "running"
            assert time.monotonic() - begin < 5
        engine.go.set()


class Files(BaseHTTPRequestHandler):
    """Serves audio to those who show the password."""

    def do_GET(self) -> None:
        """Audio, or 403."""
        allowed = self.headers["X-Password"] == "open"
        self.send_response(200 if allowed else 403)
        self.end_headers()
        self.wfile.write(b"fetched audio" if allowed else b"")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_audio_is_fetched(http: httpx.Client, engine: ScriptedEngine) -> None:
    """With the headers given; a fetch that fails ends as rejected, with an error for each attempt."""
    with HTTPServer(("127.0.0.1", 0), Files) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        source = {"url": f"http://127.0.0.1:{files.server_address[1]}/talks/my%20talk.wav?x=1"}
        allowed = {**CONFIG, "fetch_data": {**source, "auth_headers": ["X-Password: open"]}}
        job = finished(http, post(http, allowed, None).json()["id"])
        assert (job["status"], job["data_name"]) == ("done", "my talk.wav")
        assert engine.received == [b"fetched audio"]
        job = finished(http, post(http, {**CONFIG, "fetch_data": source}, None).json()["id"])
        assert job["status"] == "rejected"
        assert [error["message"] for error in job["errors"]] == ["Audio fetch error, http status 403"] * 3
        files.shutdown()
    job = finished(http, post(http, {**CONFIG, "fetch_data": source}, None).json()["id"])
    assert job["status"] == "rejected"


def test_a_restart_keeps_the_jobs(tmp_path: Path, engine: ScriptedEngine) -> None:
    """Those that are done, and those that still waited are done then."""
    with LocalServer(engine=engine, data_dir=tmp_path) as server, httpx.Client(trust_env=False) as http:
        http.base_url = server.url
        first = post(http).json()["id"]
        finished(http, first)
        engine.go.clear()
        waiting = [post(http).json()["id"] for _ in range(3)]
        threading.Timer(0.3, engine.go.set).start()
    with LocalServer(engine=engine, data_dir=tmp_path) as server, httpx.Client(trust_env=False) as http:
        http.base_url = server.url
        assert [finished(http, job_id)["status"] for job_id in [first, *waiting]] == ["done"] * 4
        assert http.get(f"/jobs/{first}/transcript?format=txt").text == "Hello world.\n"


def test_starting_and_stopping_twice_is_harmless(engine: ScriptedEngine) -> None:
    """And a server that does not run has no URL."""
    server = LocalServer(engine=engine)
    with pytest.raises(SpeechmaticsError, match="does not run"):
        _ = server.url
    server.stop()
    assert server.start().url == server.start().url
    server.stop()
    server.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_process_says_where_it_listens_and_stops_cleanly(number: signal.Signals) -> None:
    """On Ctrl-C and on SIGTERM, with exit code 0 and nothing on standard error."""
    command = [sys.executable, "-m", "speechmatics.local", "--port", "0"]
    environment = {**os.environ, "SPEECHMATICS_LOCAL_TOKEN": "secret"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening at http://127.0.0.1:")
        url = line.split()[2]
        with BatchClient(ConnectionSettings(url, auth_token="secret", trust_env=False)) as client:
            assert client.list_jobs() == []
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, "")


def test_a_port_in_use_is_said_so() -> None:
    """With exit code 1 and no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "speechmatics.local", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=30)
    assert done.returncode == 1
    assert done.stderr == f"cannot listen at 127.0.0.1:{port}: Address already in use\n"


def test_the_missing_extra_is_named() -> None:
    """The server says what to install where FastAPI is not there."""
    code = """
import sys
sys.modules["fastapi"] = None
from speechmatics import MissingExtraError
from speechmatics.local import LocalServer
try:
    LocalServer().start()
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=30)
    assert 'pip install "speechmatics-typed[local]"' in done.stdout, done.stderr
