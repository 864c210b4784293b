"""How long audio is, before anything is heard."""

from __future__ import annotations

import sqlite3
import wave
from pathlib import Path

import anyio
import pytest

from speechmatics import BatchClient
from speechmatics.local import LocalServer
from speechmatics.local.probe import probe_duration
from tests.conftest import AUDIO, ScriptedEngine

pytestmark = pytest.mark.slow  # waits for jobs

CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}
RECORDING = AUDIO / "quickstart.wav"


def seconds_of(file: Path) -> float:
    """As its header has it."""
    with wave.open(str(file)) as audio:
        return float(audio.getnframes() / audio.getframerate())


@pytest.mark.parametrize("content", [b"", b"no audio", b"RIFF\xff\xff\xff\xffWAVEfmt ", RECORDING.read_bytes()[:20]])
def test_what_is_no_audio_has_no_length(tmp_path: Path, content: bytes) -> None:
    """0, whatever it is; the engine says what is wrong with it."""
    file = tmp_path / "audio"
    file.write_bytes(content)
    assert anyio.run(probe_duration, file) == 0
    assert anyio.run(probe_duration, tmp_path / "none") == 0


def test_a_recording_has_the_length_of_its_header() -> None:
    """Without being decoded."""
    assert anyio.run(probe_duration, RECORDING) == pytest.approx(seconds_of(RECORDING), abs=0.01)


def test_a_job_has_its_duration_from_submission_on(server: LocalServer, engine: ScriptedEngine) -> None:
    """Whole seconds, in details and lists; what was done counts in the end, and in usage."""
    engine.go.clear()
    with BatchClient(server.connection_settings) as client:
        job_id = client.submit_job(RECORDING, CONFIG)
        running = client.check_job_status(job_id)["job"]
        assert (running["status"], running["duration"]) == ("running", round(seconds_of(RECORDING)))
        assert client.list_jobs()[0]["duration"] == running["duration"]
        assert client.get_usage()["summary"] == []
        engine.go.set()
        client.wait_for_completion(job_id)
        assert client.check_job_status(job_id)["job"]["duration"] == 2
        assert client.get_usage()["summary"][0]["count"] == 1


def test_a_database_of_an_earlier_version_is_read(tmp_path: Path, engine: ScriptedEngine) -> None:
    """Its jobs are there, with what was known of them."""
    with LocalServer(engine=engine, data_dir=tmp_path) as server, BatchClient(server.connection_settings) as client:
        job_id = client.submit_job(("a.wav", b"audio"), CONFIG)
        client.wait_for_completion(job_id)
    database = sqlite3.connect(tmp_path / "jobs.sqlite")
    for column in ("probed", "notified"):
        database.execute(f"ALTER TABLE jobs DROP COLUMN {column}")
    database.execute("PRAGMA user_version = 0")
    database.close()
    for _ in range(2):
        with LocalServer(engine=engine, data_dir=tmp_path) as server, BatchClient(server.connection_settings) as client:
            assert client.check_job_status(job_id)["job"]["duration"] == 2
