"""The command from a bucket to a bucket, as a process: what it prints, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from tests.cli.test_commands import environment, run
from tests.servers.object_store import SECRET, ObjectStore

pytestmark = pytest.mark.slow  # starts processes


@pytest.fixture
def server() -> Generator[LocalServer]:
    with LocalServer(engine=ScriptedEngine([ScriptedRule(text="Good morning.")]), token="the-key") as running:
        yield running


def test_from_a_bucket_to_a_bucket(object_store: ObjectStore, server: LocalServer, tmp_path: Path) -> None:
    """A second run does nothing; `--fresh` forgets the journal; what is wrong is said before anything is sent."""
    for name in ("a b.wav", "ü+%.wav"):
        object_store.put(f"day/{name}", name.encode())
    journal = tmp_path / "may.db"
    command = ("transcribe", "s3://calls/day/", "--output", "s3://calls/out", "--journal", journal, "--upload-stored")
    done = run(server, *command)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "2 files: 2 done, 0 done before; s3://calls/out/results.jsonl\n"
    assert object_store.contents("out/calls/") == {
        "out/calls/day/a b.wav.txt": b"Good morning.\n",
        "out/calls/day/ü+%.wav.txt": b"Good morning.\n",
    }
    again = run(server, *command, "--json")
    first, second = map(json.loads, again.stdout.splitlines())
    assert (first["state"], second["state"]) == ("skipped", "skipped")
    assert first["outputs"] == ["s3://calls/out/calls/day/a b.wav.txt"]
    plan = run(server, *command, "--fresh", "--dry-run")
    assert "2 files: 0 to submit, 2 done" in plan.stdout
    assert "2 done, 0 done before" in run(server, *command, "--fresh").stderr

    before = len(server.requests)
    refused = run(server, "transcribe", "s3://calls/day", "-o", "s3://nowhere/out", "--journal", journal)
    assert (refused.returncode, "there is no such bucket" in refused.stderr) == (2, True)
    refused = run(server, "transcribe", "s3://calls/day")
    assert (refused.returncode, "recordings in stores need --output FOLDER" in refused.stderr) == (2, True)
    assert len(server.requests) == before
    assert SECRET not in "".join((done.stderr, again.stderr, again.stdout, refused.stderr))


def test_without_the_package_of_a_store(tmp_path: Path) -> None:
    """It says what to install."""
    without = "import sys; sys.modules['s3fs'] = None; from speechmatics.cli import main; main()"
    refused = subprocess.run(
        [sys.executable, "-c", without, "transcribe", "s3://calls/day", "-o", str(tmp_path / "out")],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env=environment(),
    )
    assert refused.returncode == 2
    assert refused.stderr.endswith("s3://calls/day cannot be read: Install s3fs to access S3: pip install s3fs\n")
