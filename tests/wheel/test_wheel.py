"""The built wheel, as its users get it: alone, with the dependencies it declares and no extra."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SMOKE = """
import http.server
import json
import sys
import threading

import speechmatics
import speechmatics.batch_client
from speechmatics import BatchClient, ConnectionSettings, JobConfig, MissingExtraError

EXTRAS = {"fastapi", "uvicorn", "multipart", "python_multipart", "faster_whisper", "typer", "hypothesis", "pytest"}
assert not EXTRAS & sys.modules.keys(), EXTRAS & sys.modules.keys()

JOB = {"id": "abc", "created_at": "2026-01-01T00:00:00Z", "data_name": "a.wav", "duration": 2, "status": "done"}
TRANSCRIPT = {
    "format": "2.9",
    "job": {"id": "abc", "created_at": "2026-01-01T00:00:00Z", "data_name": "a.wav", "duration": 2},
    "metadata": {"created_at": "2026-01-01T00:00:00Z", "type": "transcription"},
    "results": [
        {"type": "word", "start_time": 0, "end_time": 1, "alternatives": [{"content": "Hi", "confidence": 1.0}]},
    ],
}


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"id": "abc"})

    def do_GET(self):
        job = {"job": JOB} if "abc" in self.path else {"jobs": [JOB]}
        self.answer(TRANSCRIPT if "/transcript" in self.path else job)

    def log_message(self, *arguments):
        pass


service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=service.serve_forever, daemon=True).start()
settings = ConnectionSettings(url=f"http://127.0.0.1:{service.server_address[1]}", auth_token="a-token")
with BatchClient(settings, parse=True) as client:
    assert client.transcribe(b"some audio").to_text() == "Hi\\n"
    assert "Content-Security-Policy" in client.get_job_result("abc").to_html()
    assert [job.id for job in client.list_jobs()] == ["abc"]
with BatchClient(settings) as raw:
    assert raw.get_job_result("abc") == TRANSCRIPT

try:
    from speechmatics.local import LocalServer
    LocalServer().start()
except MissingExtraError as error:
    assert 'pip install ".[local]"' in str(error), error
else:
    raise SystemExit("the local server started without its extra")
print("smoke test passed", speechmatics.__version__)
"""

USER = """
from typing import Any, assert_type

from speechmatics import BatchClient, ConnectionSettings, JobDetails, Transcript
from speechmatics.models import BatchTranscriptionConfig


def words(path: str) -> list[str]:
    with BatchClient(ConnectionSettings(auth_token="key"), parse=True) as client:
        transcript = client.transcribe(path, BatchTranscriptionConfig(language="en"))
        assert_type(transcript, Transcript)
        assert_type(client.list_jobs(), list[JobDetails])
        return [word.alternatives[0].content or "" for word in transcript.words() if word.alternatives]


def status(job_id: str) -> str:
    with BatchClient("key") as client:
        answer = client.check_job_status(job_id)
        assert_type(answer, dict[str, Any])
        return str(answer["job"]["status"])
"""

WRONG = """
from speechmatics import BatchClient

BatchClient("key", parse=True).get_job_result("abc").no_such_attribute
BatchClient("key").submit_job(5, {})
"""


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """The marker for type checkers and what pages are made of are in it; tests, examples and CI are not."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"speechmatics"}
    assert "speechmatics/py.typed" in names
    for part in ("page.html", "page.css", "page.js", "fragment.css"):
        assert f"speechmatics/rendering/{part}" in names
    for part in ("jobs.html", "jobs.css"):
        assert f"speechmatics/local/{part}" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name]


def test_the_wheel_alone_works(installed: Path, tmp_path: Path) -> None:
    """A client submits, waits and reads with no extra; the local server names the extra it lacks."""
    (tmp_path / "smoke.py").write_text(SMOKE)
    done = subprocess.run(
        [installed, "-I", "-W", "error", "smoke.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "smoke test passed" in done.stdout


@pytest.mark.parametrize(("content", "wrong_lines"), [(USER, set[str]()), (WRONG, {"4", "5"})], ids=["right", "wrong"])
def test_a_user_s_file_is_type_checked_against_the_wheel(
    installed: Path, tmp_path: Path, content: str, wrong_lines: set[str]
) -> None:
    """Under mypy strict and pyright strict: right code passes, each mistake is found."""
    (tmp_path / "user.py").write_text(content)
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "reportUnusedExpression": false}')
    for command in (
        ["mypy", "--strict", "--config-file=", "--python-executable", str(installed)],
        ["pyright", "--pythonpath", str(installed)],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command, "user.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
        )
        assert (done.returncode == 0) == (not wrong_lines), done.stdout + done.stderr
        assert set(re.findall(r"user\.py:(\d+)[:\d]* (?:- )?error", done.stdout)) == wrong_lines, done.stdout
