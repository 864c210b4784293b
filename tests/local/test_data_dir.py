"""What a local server keeps on disk: for one server at a time, for its owner, and nothing that no job needs."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from speechmatics import BatchClient, SpeechmaticsError
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule

pytestmark = pytest.mark.slow  # waits for jobs

CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}
ENGINE = ScriptedEngine([ScriptedRule(text="Hello.", delay=3600)])


def test_a_second_server_is_refused(tmp_path: Path) -> None:
    """In this process or another, and the first one serves on; when it has stopped, the next one may start."""
    message = f"cannot keep jobs in {tmp_path / 'jobs.sqlite'}: another server uses it"
    with LocalServer(engine=ENGINE, data_dir=tmp_path) as server, BatchClient(server.connection_settings) as client:
        with pytest.raises(SpeechmaticsError) as caught:
            LocalServer(engine=ENGINE, data_dir=tmp_path).start()
        assert str(caught.value) == message
        command = [sys.executable, "-m", "speechmatics.local", "--port", "0", "--data-dir", str(tmp_path)]
        other = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (other.returncode, other.stdout, other.stderr) == (1, "", f"{message}\n")
        job_id = client.submit_job(("a.wav", b"audio"), CONFIG)
    with LocalServer(engine=ENGINE, data_dir=tmp_path) as server, BatchClient(server.connection_settings) as client:
        assert [job["id"] for job in client.list_jobs()] == [job_id]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such modes")
def test_folders_are_for_their_owner(tmp_path: Path) -> None:
    """Those that the server makes; one that is there keeps its mode."""
    for folder in (tmp_path / "a" / "new", tmp_path / "old"):
        if folder.name == "old":
            folder.mkdir(mode=0o755)
        with LocalServer(engine=ENGINE, data_dir=folder):
            modes = [stat.S_IMODE(each.stat().st_mode) for each in (folder, folder / "audio")]
        assert modes == [0o755 if folder.name == "old" else 0o700, 0o700]


def test_what_no_job_needs_is_deleted_at_the_start(tmp_path: Path) -> None:
    """As a server that was killed leaves it behind; the audio of jobs that have yet to end stays."""
    with LocalServer(engine=ENGINE, data_dir=tmp_path) as server, BatchClient(server.connection_settings) as client:
        running, deleted = (client.submit_job(("a.wav", b"audio"), CONFIG) for _ in range(2))
        client.delete_job(deleted, force=True)
    (tmp_path / "audio" / "unknown").write_bytes(b"part of an upload")
    with LocalServer(engine=ENGINE, data_dir=tmp_path):
        assert [file.name for file in (tmp_path / "audio").iterdir()] == [running]


SCARCE = """
import json, resource, tempfile
from pathlib import Path
import httpx
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule

resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
config = json.dumps({"type": "transcription", "transcription_config": {"language": "en"}})
folder = Path(tempfile.mkdtemp())
engine = ScriptedEngine([ScriptedRule(text="Hello.", delay=3600)])
with LocalServer(engine=engine, data_dir=folder) as server:
    def post(size):
        files = {"config": (None, config), "data_file": ("a.wav", bytes(size))}
        return httpx.post(f"{server.url}/jobs", files=files, trust_env=False)
    answers = [post(size) for size in (100, 900_000, 100)]
    kept = {file.name for file in (folder / "audio").iterdir()}
    last = answers[2].json()["id"]
    deleted = httpx.delete(f"{server.url}/jobs/{last}?force=true", trust_env=False)
    print(json.dumps([
        [answer.status_code for answer in answers],
        answers[1].json(),
        kept == {answers[0].json()["id"], last},
        deleted.json()["job"]["status"],
    ]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
def test_an_upload_that_finds_no_space_leaves_nothing() -> None:
    """It is answered with 500; later ones are taken, and jobs can be deleted."""
    done = subprocess.run([sys.executable, "-c", SCARCE], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout, done.stderr
    error = {"code": 500, "error": "Internal Server Error", "detail": "jobs cannot be kept: the disk is full"}
    assert json.loads(done.stdout) == [[201, 500, 201], error, True, "deleted"]
