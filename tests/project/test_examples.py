"""Each example is run as its first lines say, against the local server."""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from speechmatics import BatchClient
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from tests.servers.fault_clients import eventually

pytestmark = pytest.mark.slow  # starts processes

ROOT = Path(__file__).parents[2]
REJECTED = "no speech was found"


def word(start: float, speaker: str, content: str) -> dict[str, Any]:
    """A word of two seconds."""
    alternative = {"content": content, "confidence": 0.9, "language": "en", "speaker": speaker}
    return {"type": "word", "start_time": start, "end_time": start + 2, "alternatives": [alternative]}


MEETING: dict[str, Any] = {
    "format": "2.9",
    "metadata": {"created_at": "2026-01-09T12:29:01Z", "type": "transcription"},
    "results": [word(0, "S1", "Hello"), word(2, "S2", "Hi"), word(64, "S2", "Bye")],
    "summary": {"content": "- They met."},
}
TEXT = "SPEAKER: S1\nHello\nSPEAKER: S2\nHi Bye\n"


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """The service: all audio is the meeting, but for what is called bad."""
    engine = ScriptedEngine([ScriptedRule(name="bad*", reject=REJECTED), ScriptedRule(transcript=MEETING)])
    with LocalServer(engine=engine) as running:
        yield running


def environment(server: LocalServer | None = None, **more: str) -> dict[str, str]:
    """What the examples are told: where the service is, and a key for it."""
    told = {} if server is None else {"SPEECHMATICS_URL": server.url, "SPEECHMATICS_API_KEY": "key"}
    return {**os.environ, "PYTHONPATH": str(ROOT), **told, **more}


def run(
    folder: Path, name: str, *arguments: str, server: LocalServer | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs an example in a folder until its end."""
    command = [sys.executable, str(ROOT / "examples" / name), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, cwd=folder, env=environment(server)
    )


@contextmanager
def serving(command: list[str], pattern: str, variables: dict[str, str], folder: Path) -> Generator[str]:
    """Runs a server until the end of the block, and gives the URL that it prints."""
    log = folder / "log"
    with (
        log.open("w") as file,
        subprocess.Popen(
            [sys.executable, *command], stdout=file, stderr=subprocess.STDOUT, env=variables, cwd=folder
        ) as process,
    ):
        try:
            while not (found := re.search(pattern, log.read_text())):
                with pytest.raises(subprocess.TimeoutExpired):  # it is still running
                    process.wait(0.05)
            yield found[1]
        finally:
            process.terminate()


def serving_app(name: str, folder: Path, variables: dict[str, str], port: int = 0) -> AbstractContextManager[str]:
    """The application of an example under uvicorn."""
    command = ["-m", "uvicorn", f"examples.{name}:app", "--port", str(port)]
    return serving(command, r"running on (http://\S+)", {**environment(), **variables}, folder)


def upload(url: str, name: str, content: bytes = b"any bytes") -> httpx.Response:
    """Posts a recording as a form."""
    return httpx.post(url, files={"recording": (name, content)}, timeout=60)


def test_every_example_has_a_test_of_its_name() -> None:
    """A new example is run here too."""
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    examples = {path.stem.removeprefix("test_") for path in (ROOT / "examples").glob("*.py")} - {"__init__"}
    assert len(examples) >= 8
    assert {example for example in examples if example not in tests} == set()


def test_transcribe_file(server: LocalServer, tmp_path: Path) -> None:
    """With a key it asks the service, prints the text and saves the transcript."""
    done = run(tmp_path, "transcribe_file.py", server=server)
    assert (done.returncode, done.stdout) == (0, TEXT), done.stderr
    assert json.loads((tmp_path / "quickstart.json").read_text())["summary"] == MEETING["summary"]


def test_receive_notifications(tmp_path: Path) -> None:
    """What a callback brings is saved."""
    command = [str(ROOT / "examples" / "receive_notifications.py"), "--port", "0"]
    variables = environment(CALLBACK_AUTHORIZATION="Bearer secret")
    with serving(command, r"Listening on (http://\S+)/ for", variables, tmp_path) as url:
        headers = {"Authorization": "Bearer secret", "Content-Type": "text/plain"}
        answer = httpx.post(f"{url}/?id=a1&status=success", content=b"Hello.", headers=headers)
    assert answer.status_code == 200
    assert (tmp_path / "notifications" / "a1.txt").read_text() == "Hello."


def test_service(server: LocalServer, tmp_path: Path) -> None:
    """Recordings are taken, callbacks only with the secret, and what was not called back for is asked for."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    public_url = f"http://127.0.0.1:{port}/"
    variables = environment(server, CALLS_PUBLIC_URL=public_url, CALLS_CALLBACK_SECRET="secret")
    with serving_app("service", tmp_path, variables, port) as url, BatchClient(server.connection_settings) as client:
        submitted = upload(f"{url}/recordings", "call.wav")
        eventually(lambda: "notification 1 sent" in client.get_job_log(submitted.json()["job_id"]))
        rejected = upload(f"{url}/recordings", "bad.wav")
        empty = upload(f"{url}/recordings", "call.wav", b"")
        asked = httpx.get(f"{url}/recordings/{submitted.json()['job_id']}").json()
        refused = httpx.get(f"{url}/recordings/{rejected.json()['job_id']}").json()
        callback = f"{url}/callbacks?id=a1&status=success"
        stranger = httpx.post(callback, content=b"Forged.", headers={"Content-Type": "text/plain"})
        headers = {"Authorization": "Bearer secret", "Content-Type": "text/plain"}
        known = httpx.post(callback, content=b"Called back.", headers=headers)
        told = httpx.get(f"{url}/recordings/a1").json()
        missing = httpx.get(f"{url}/recordings/b2")
    assert [each.status_code for each in (submitted, empty, stranger, known, missing)] == [202, 422, 401, 200, 404]
    assert asked == {"status": "done", "text": TEXT}
    assert refused["status"] == "rejected"
    assert REJECTED in refused["reason"]
    assert told == {"status": "done", "text": "Called back."}


def test_service_says_which_variable_is_missing(server: LocalServer, tmp_path: Path) -> None:
    """It does not start without its settings, and shows no secret."""
    variables = environment(server, CALLS_CALLBACK_SECRET="secret-value")
    command = [sys.executable, "-m", "uvicorn", "examples.service:app", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=variables, cwd=tmp_path)
    assert done.returncode != 0
    assert "public_url" in done.stderr
    assert "secret-value" not in done.stderr


def test_web_handler(server: LocalServer, tmp_path: Path) -> None:
    """The text is the answer; an error has its status, and the job's id."""
    with serving_app("web_handler", tmp_path, environment(server)) as url:
        answers = [
            upload(f"{url}/transcribe", "call.wav"),
            upload(f"{url}/transcribe", "bad.wav"),
            upload(f"{url}/transcribe", "empty.wav", b""),
        ]
    assert [answer.status_code for answer in answers] == [200, 422, 422]
    assert answers[0].text == TEXT
    assert REJECTED in answers[1].json()["error"]
    assert answers[1].json()["job_id"] in answers[1].json()["error"]
    assert answers[2].json()["job_id"] is None


def test_validate_folder(tmp_path: Path) -> None:
    """A row for each problem, and an exit code for pipelines."""
    folder = tmp_path / "transcripts"
    folder.mkdir()
    (folder / "good.json").write_text(json.dumps(MEETING))
    done = run(tmp_path, "validate_folder.py", "transcripts")
    assert (done.returncode, done.stdout.startswith("1 good, 0 bad")) == (0, True), done.stderr
    (folder / "more.jsonl").write_text(json.dumps(MEETING) + '\n{"results": [{"type": "word"}]}\n')
    done = run(tmp_path, "validate_folder.py", "transcripts", "--report", "found.csv")
    assert (done.returncode, done.stdout.startswith("2 good, 1 bad")) == (1, True), done.stderr
    with (tmp_path / "found.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["severity"] == "error"]
    assert [(row["code"], row["location"]) for row in rows] == [("no_alternatives", "results[0].alternatives")]
    assert rows[0]["source"].endswith("more.jsonl:2")
    assert "no folder" in run(tmp_path, "validate_folder.py", "missing").stderr


@pytest.mark.skipif(sys.platform == "win32", reason="kills processes")
def test_many_files(server: LocalServer, tmp_path: Path) -> None:
    """A thousand of them; a run that is killed in the middle is gone on with, and no file is submitted twice."""
    for number in range(1000):
        file = tmp_path / "calls" / f"{number % 10}" / f"{number}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(f"call {number}".encode())
    command = [sys.executable, str(ROOT / "examples" / "many_files.py"), "calls", "out", "--rate", "1000"]
    variables = environment(server, SPEECHMATICS_RECOVERY_WINDOW_LONG="1")
    with subprocess.Popen(command, cwd=tmp_path, env=variables, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: len(list((tmp_path / "out").rglob("*.json"))) > 100)
        process.kill()
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path, env=variables
    )
    assert done.returncode == 0, done.stderr
    assert "1000 files; see out/results.jsonl" in done.stdout
    assert len(list((tmp_path / "out" / "calls").rglob("*.txt"))) == 1000
    with BatchClient(server.connection_settings) as client:
        assert sum(1 for _ in client.iter_jobs()) == 1000


def test_subtitle_video(server: LocalServer, tmp_path: Path) -> None:
    """Both kinds of subtitles, by one job."""
    (tmp_path / "film.mp4").write_bytes(b"any bytes")
    done = run(tmp_path, "subtitle_video.py", "film.mp4", server=server)
    assert (done.returncode, done.stdout.split()) == (0, ["film.srt", "film.vtt"]), done.stderr
    assert (tmp_path / "film.srt").read_text().startswith("1\n00:00:00,000 --> 00:00:02,000\nHello\n")
    assert "<v S2>Bye" in (tmp_path / "film.vtt").read_text()
    assert [request.method for request in server.requests].count("POST") == 1
    (tmp_path / "bad.mp4").write_bytes(b"any bytes")
    done = run(tmp_path, "subtitle_video.py", "bad.mp4", server=server)
    assert (done.returncode, REJECTED in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def test_meeting_minutes(server: LocalServer, tmp_path: Path) -> None:
    """A second run, with names, pays nothing."""
    (tmp_path / "weekly.wav").write_bytes(b"any bytes")
    assert run(tmp_path, "meeting_minutes.py", "weekly.wav", server=server).returncode == 0
    done = run(tmp_path, "meeting_minutes.py", "weekly.wav", "--name", "S2=Bob", server=server)
    assert (done.returncode, done.stdout) == (0, "weekly.wav.md\n"), done.stderr
    page = (tmp_path / "weekly.wav.md").read_text()
    assert page.startswith("# weekly\n\n| speaker | spoke for |\n|---|---|\n| Bob | 0:01:04 |\n| S1 | 0:00:02 |\n")
    assert "- They met." in page
    assert "**Bob** (0:00:02): Hi Bye\n" in page
    assert [request.method for request in server.requests].count("POST") == 1
    done = run(tmp_path, "meeting_minutes.py", "weekly.wav", "--name", "S9=Eve", server=server)
    assert (done.returncode, "S9" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_talk_time(tmp_path: Path) -> None:
    """It prints what its tests say; these pass."""
    (tmp_path / "meeting.json").write_text(json.dumps(MEETING))
    done = run(tmp_path, "talk_time.py", "meeting.json")
    assert (done.returncode, done.stdout) == (0, "S2: 4.0 s\nS1: 2.0 s\n"), done.stderr
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "examples/test_talk_time.py"]
    tests = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, cwd=ROOT, env=environment()
    )
    assert (tests.returncode, "3 passed" in tests.stdout) == (0, True), tests.stdout
