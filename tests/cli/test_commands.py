"""The command as a process, on a real local server: what it prints where, and how it ends."""

from __future__ import annotations

import importlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from speechmatics import BatchClient
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from speechmatics.runner.journal import Journal
from tests.conftest import AUDIO

pytestmark = pytest.mark.slow  # starts processes

CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}, "tracking": {"tags": ["night"]}}
ENGINE = ScriptedEngine(
    [
        ScriptedRule(name="bad.wav", reject="too noisy"),
        ScriptedRule(name="slow*.wav", text="Late.", delay=3600),
        ScriptedRule(text="Good morning."),
    ]
)


@pytest.fixture
def server() -> Generator[LocalServer]:
    with LocalServer(engine=ENGINE, token="the-key") as running:
        yield running


def environment(server: LocalServer | None = None, **others: str) -> dict[str, str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("SPEECHMATICS_")}
    if server is not None:
        variables |= {"SPEECHMATICS_URL": server.url, "SPEECHMATICS_API_KEY": "the-key"}
    return variables | {"COLUMNS": "80", "NO_COLOR": "1"} | others


def run(
    server: LocalServer | None,
    *arguments: object,
    stdin: bytes = b"",
    cwd: Path | None = None,
    variables: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "speechmatics", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        cwd=cwd,
        env=environment(server, **variables or {}),
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def call(tmp_path: Path) -> Path:
    file = tmp_path / "calls" / "call.wav"
    file.parent.mkdir()
    file.write_bytes(b"audio")
    return file


def test_help_teaches_and_imports_nothing_heavy() -> None:
    """Neither the client nor the models; every command is there."""
    code = (
        "import sys; sys.argv = ['speechmatics', '--help']\n"
        "from speechmatics.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code, [name for name in ('httpx', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert done.stdout.splitlines()[-1] == "0 []"
    for command in ("transcribe", "jobs", "usage", "features", "check", "validate", "render", "serve", "config"):
        assert f"\n  {command} " in done.stdout
    assert "speechmatics transcribe call.wav" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """In one line, with exit code 2."""
    code = (
        "import sys, importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'typer' else real(name, *more)\n"
        "from speechmatics.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'the command needs the extra cli: pip install "speechmatics-typed[cli]"\n'


def test_one_recording_is_printed(server: LocalServer, call: Path) -> None:
    """Its text to standard output, and nothing else; in another format, from standard input and from a URL too."""
    done = run(server, "transcribe", call)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Good morning.\n", "")
    assert run(server, "transcribe", call, "--format", "vtt").stdout.startswith("WEBVTT")
    assert json.loads(run(server, "transcribe", call, "-f", "json").stdout)["format"]
    piped = run(server, "transcribe", "-", "--language", "de", "--diarization", "speaker", stdin=b"audio")
    assert piped.stdout == "Good morning.\n"
    sent = [request.config for request in server.requests if request.config][-1]
    assert sent["transcription_config"] == {"language": "de", "diarization": "speaker"}
    assert run(server, "transcribe", "https://nowhere.invalid/call.wav?x=1").stdout == "Good morning.\n"


def test_a_recording_that_is_rejected(server: LocalServer, call: Path) -> None:
    """Exit code 1, and the service's reason."""
    bad = call.with_name("bad.wav")
    bad.write_bytes(b"noise")
    done = run(server, "transcribe", bad)
    assert (done.returncode, done.stdout) == (1, "")
    assert "too noisy" in done.stderr
    assert "Traceback" not in done.stderr


def test_many_go_to_a_folder_and_the_next_run_goes_on(server: LocalServer, call: Path, tmp_path: Path) -> None:
    """With a line for each failure and a summary on standard error; JSON where it is asked for."""
    for name in ("b.wav", "bad.wav"):
        (call.parent / name).write_bytes(name.encode())
    done = run(server, "transcribe", "calls", "-o", "out", "--format", "json,srt", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "calls/bad.wav: rejected: too noisy\n" in done.stderr
    assert "3 files: 2 done, 0 done before, 1 rejected; out/results.jsonl\n" in done.stderr
    assert (tmp_path / "out/calls/call.wav.srt").exists()
    (call.parent / "bad.wav").unlink()
    again = run(server, "transcribe", "calls", "-o", "out", "--format", "json,srt", "--json", cwd=tmp_path)
    assert again.returncode == 0
    assert {json.loads(line)["state"] for line in again.stdout.splitlines()} == {"skipped"}
    before = len(server.requests)
    plan = run(server, "transcribe", "calls", "-o", "other", "--dry-run", "--price", "0.3", cwd=tmp_path)
    assert plan.stdout.startswith("2 files: 2 to submit, 0 done, 0 with a job\n")
    assert "cost: 0.00, without the files of unknown length" in plan.stdout
    assert len(server.requests) == before
    journal = Journal(tmp_path / "out" / ".speechmatics" / "journal.db")
    taken = run(server, "transcribe", "calls", "-o", "out", "--fresh", cwd=tmp_path)
    journal.close()
    assert taken.returncode == 1
    assert "another run uses it" in taken.stderr
    fresh = run(server, "transcribe", "calls", "-o", "out", "--format", "json,srt", "--fresh", cwd=tmp_path)
    assert "2 files: 2 done, 0 done before" in fresh.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_stops_and_the_next_run_goes_on(times: int, server: LocalServer, call: Path, tmp_path: Path) -> None:
    """Exit code 130; jobs that run are left alone."""
    (call.parent / "slow.wav").write_bytes(b"slow")
    command = [sys.executable, "-m", "speechmatics", "transcribe", str(call.parent), "-o", str(tmp_path / "out")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment(server)) as process:
        deadline = time.monotonic() + 30
        while sum(request.method == "POST" for request in server.requests) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
        _, errors = process.communicate(timeout=30)
    # Python ends by the signal where that comes while it shuts down; shells say 130 then, too.
    assert process.returncode in (130, -signal.SIGINT)
    assert "stopping; Ctrl-C once more ends at once" in errors
    assert "Traceback" not in errors
    (call.parent / "slow.wav").unlink()
    done = run(server, "transcribe", call.parent, "-o", tmp_path / "out")
    assert done.returncode == 0
    assert sum(request.method == "POST" and request.status == 201 for request in server.requests) == 2


def test_jobs(server: LocalServer, call: Path, tmp_path: Path) -> None:
    """Listed, shown, waited for, read and deleted."""
    with BatchClient(server.connection_settings) as client:
        first, second = client.submit_job(call, CONFIG), client.submit_job(("bad.wav", b"x"), CONFIG)
        client.submit_job(("other.wav", b"x"), {**CONFIG, "tracking": {}})
    waited = run(server, "jobs", "wait", first, second)
    assert waited.returncode == 1
    assert {tuple(line.split()[:2]) for line in waited.stdout.splitlines()} == {(first, "done"), (second, "rejected")}
    listed = run(server, "jobs", "list", "--tag", "night")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [second, first]
    rows = run(server, "jobs", "list", "--json", "--limit", "1").stdout.splitlines()
    assert [json.loads(row)["data_name"] for row in rows] == ["other.wav"]
    assert json.loads(run(server, "jobs", "show", first).stdout)["status"] == "done"
    assert run(server, "jobs", "result", first).stdout == "Good morning.\n"
    assert run(server, "jobs", "result", first, "--format", "srt").stdout.startswith("1\n")
    assert "scripted" in run(server, "jobs", "log", first).stdout
    run(server, "jobs", "audio", first, "-o", tmp_path / "audio.wav")
    assert (tmp_path / "audio.wav").read_bytes() == b"audio"
    assert run(server, "jobs", "delete", first).returncode == 0
    missing = run(server, "jobs", "show", "nothing")
    assert missing.returncode == 1
    assert "404" in missing.stderr
    nothing = run(server, "jobs", "delete")
    assert nothing.returncode == 2
    assert "ids of jobs, --before or --tag are needed" in nothing.stderr
    deleted = run(server, "jobs", "delete", "--tag", "night", "--before", "2999-01-01", "--yes")
    assert deleted.stderr == f"{second}: deleted\n"
    asked = run(server, "jobs", "delete", "--before", "2999-01-01", stdin=b"n\n")
    assert asked.returncode == 1
    assert "delete 1 jobs?" in asked.stderr


def test_a_running_job_is_deleted_by_force_alone(server: LocalServer) -> None:
    """And the command says so."""
    with BatchClient(server.connection_settings) as client:
        job_id = client.submit_job(("slow.wav", b"x"), CONFIG)
    kept = run(server, "jobs", "delete", job_id)
    assert (kept.returncode, kept.stderr) == (1, f"{job_id}: is still running; --force ends it\n")
    assert run(server, "jobs", "delete", job_id, "--force").returncode == 0


def test_usage_features_and_check(server: LocalServer, call: Path) -> None:
    """What was used, what there is, and whether it can be reached."""
    run(server, "transcribe", call)
    assert "1 jobs" in run(server, "usage").stdout
    assert json.loads(run(server, "usage", "--json").stdout)["details"]
    assert run(server, "features").returncode == 0
    checked = run(server, "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "taken" in checked.stdout
    assert "the-key" not in checked.stdout
    limits = json.loads(run(server, "check", "--json").stdout)["limits"]
    assert limits["submissions"].startswith("10 a second")
    assert "1000000000 bytes" in limits["upload"]


def test_exit_codes_of_what_cannot_be(server: LocalServer, call: Path, tmp_path: Path) -> None:
    """2 usage, 3 settings or key, 4 out of reach; each with a sentence and no traceback."""
    once = {"SPEECHMATICS_RETRY_ATTEMPTS": "1"}
    for code, done, words in [
        (2, run(server, "transcribe", tmp_path / "missing.wav"), "missing.wav"),
        (2, run(server, "transcribe", call, call), "2 recordings need --output FOLDER"),
        (2, run(server, "transcribe", call, "--format", "docx"), "unknown format 'docx'"),
        (2, run(server, "transcribe"), "Missing argument"),
        (2, run(server, "jobs", "nonsense"), "No such command"),
        (2, run(server, "rt", "transcribe", "--lang", "en"), "speechmatics-rt"),
        (2, run(server, "transcribe", "--auth-token", "the-key", call), "speechmatics batch transcribe"),
        (2, run(None, "serve", "--port", "99999999"), "speechmatics serve: error: argument --port"),
        (2, run(None, "evaluate", tmp_path / "missing.txt", call), "there is no file"),
        (
            3,
            run(server, "transcribe", call, variables={"SPEECHMATICS_API_KEY": "wrong"}),
            "key that was sent was not taken",
        ),
        (3, run(server, "check", variables={"SPEECHMATICS_READ_TIMEOUT": "soon"}), "SPEECHMATICS_READ_TIMEOUT"),
        (
            4,
            run(None, "--url", "http://127.0.0.1:9/v2", "check", variables=once),
            "127.0.0.1",
        ),
    ]:
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert "the-key" not in done.stderr


def test_validate_and_render_need_no_key(server: LocalServer, call: Path, tmp_path: Path) -> None:
    """Reports on what files hold; exit code 1 where one has an error."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(run(server, "transcribe", call, "-f", "json").stdout)
    bad.write_text('{"format": "2.9", "results": [{"type": "word"}]}')
    done = run(None, "validate", "transcript", good, bad)
    assert done.returncode == 1
    assert str(bad) in done.stdout
    assert done.stderr == "2 checked, 1 with errors\n"
    assert [
        json.loads(line)["source"] for line in run(None, "validate", "transcript", bad, "--records").stdout.splitlines()
    ]
    assert run(None, "validate", "transcript", "-", stdin=good.read_bytes()).returncode == 0
    config = tmp_path / "config.json"
    config.write_text('{"transcription_config": {"language": "en", "operating_pont": "enhanced"}}')
    assert run(None, "validate", "config", config).returncode == 0
    assert "operating_point" in run(None, "validate", "config", config).stdout
    assert run(None, "validate", "config", config, "--strict").returncode == 1
    assert run(None, "render", good).stdout == "Good morning.\n"
    assert run(None, "render", "-", "--format", "srt", stdin=good.read_bytes()).stdout.startswith("1\n")
    page = run(None, "render", good, "--format", "html", "--audio", "good.wav").stdout
    assert page.startswith("<!DOCTYPE html>")
    assert 'src="good.wav"' in page
    for wrong in ((good, "--audio", "good.wav"), (good, good, "--format", "html", "--audio", "good.wav")):
        refused = run(None, "render", *wrong)
        assert refused.returncode == 2
        assert "--audio is for one transcript" in refused.stderr
    assert run(None, "render", good, "--format", "vtt", "-o", tmp_path / "out").stderr == f"{tmp_path}/out/good.vtt\n"


def test_settings_are_shown_set_and_unset(tmp_path: Path) -> None:
    """In a file for its owner alone, whose comments stay; secrets are masked, and what is wrong changes nothing."""
    file = tmp_path / "settings" / "config"
    variables = {"SPEECHMATICS_CONFIG_FILE": str(file)}
    assert run(None, "config", "set", "api_key", "s3cret", variables=variables).returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text(file.read_text() + "# mine\n")
    assert run(None, "config", "set", "url", "https://h.example/v2", variables=variables).returncode == 0
    shown = run(None, "config", "show", variables=variables)
    assert "s3cret" not in shown.stdout + shown.stderr
    assert f"(the profile of {file})" in shown.stdout
    assert json.loads(run(None, "config", "show", "--json", variables=variables).stdout)["url"]["value"].startswith(
        "https://h."
    )
    before = file.read_text()
    assert "# mine" in before
    for name, value in (("read_timeout", "soon"), ("read_timeuot", "5")):
        wrong = run(None, "config", "set", name, value, variables=variables)
        assert (wrong.returncode, file.read_text()) == (3, before)
        assert name in wrong.stderr
    assert run(None, "config", "unset", "url", variables=variables).returncode == 0
    assert "h.example" not in file.read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_serve_is_the_local_server(tmp_path: Path) -> None:
    """With its options; a signal ends it with exit code 0."""
    command = [sys.executable, "-m", "speechmatics", "serve", "--port", "0", "--data-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening at http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_local_needs_no_key(tmp_path: Path) -> None:
    """The embedded server does the work."""
    done = run(None, "transcribe", AUDIO / "quickstart.wav", "--local")
    assert done.returncode == 0
    assert done.stdout.startswith("The old library stands")


def test_version_and_options_before_the_command(server: LocalServer, call: Path) -> None:
    """`--version`, and a URL in place of the settings'."""
    assert run(None, "--version").stdout.strip()[0].isdigit()
    done = run(server, "--url", server.url, "transcribe", call, variables={"SPEECHMATICS_URL": "http://127.0.0.1:9/v2"})
    assert done.stdout == "Good morning.\n"


def test_a_manifest_of_one_line_is_printed(server: LocalServer, call: Path, tmp_path: Path) -> None:
    """With what it says of the configuration; one of two recordings needs a folder, as does an empty one."""
    manifest = tmp_path / "one.jsonl"
    manifest.write_text(json.dumps({"audio": str(call), "config": {"transcription_config": {"language": "de"}}}))
    assert run(server, "transcribe", manifest).returncode == 0
    sent = [request.config for request in server.requests if request.config][-1]
    assert sent["transcription_config"]["language"] == "de"
    manifest.write_text("")
    empty = run(server, "transcribe", manifest)
    assert (empty.returncode, empty.stderr) == (2, "error: 0 recordings need --output FOLDER, to write to\n")


def test_a_manifest_that_names_a_recording_in_a_store_needs_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the store's URL itself does."""
    from typer.testing import CliRunner

    from speechmatics.cli.app import app

    fsspec: Any = importlib.import_module("fsspec")  # which has no types
    monkeypatch.setenv("SPEECHMATICS_API_KEY", "the-key")
    with fsspec.open("memory://calls/a.wav", "wb") as file:
        file.write(b"x")
    (tmp_path / "one.jsonl").write_text(json.dumps({"audio": "memory://calls/a.wav"}))
    for given in (tmp_path / "one.jsonl", "memory://calls/a.wav"):
        done = CliRunner().invoke(app, ["transcribe", str(given)])
        assert str(done.exception) == "recordings in stores need --output FOLDER"


def test_a_dry_run_writes_nothing(server: LocalServer, call: Path, tmp_path: Path) -> None:
    """Neither the output folder nor a journal in one that is there, and it sends nothing."""
    output = tmp_path / "out"
    assert run(server, "transcribe", call, "--output", output, "--dry-run").returncode == 0
    assert not output.exists()
    output.mkdir(mode=0o500)
    assert run(server, "transcribe", call, "--output", output, "--dry-run").returncode == 0
    assert not [*output.iterdir()]
    assert not server.requests


def test_a_transcript_is_printed_whatever_standard_output_takes(server: LocalServer, call: Path) -> None:
    """It was paid for: what an encoding lacks is written out."""
    named = call.with_name("grün.wav")
    named.write_bytes(b"x")
    run(server, "transcribe", named)
    done = run(server, "jobs", "list", variables={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "gr\\xfcn.wav" in done.stdout
