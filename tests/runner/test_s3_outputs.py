"""Outputs in S3, over HTTP: whole or absent, and resumed from a journal of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from speechmatics import BatchClient
from speechmatics.exceptions import InvalidInputError
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from speechmatics.runner import FileEvent, FileResult, RunSummary, TranscriptionRun, transcribe_files
from tests.servers.object_store import KEY_ID, SECRET, ObjectStore

pytestmark = pytest.mark.slow  # waits for jobs

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
NAMES = ["a b.wav", "a+b.wav", "a%20b.wav", "100%25.wav", "ü/é.wav", "q?x.wav"]


@pytest.fixture
def server() -> Generator[LocalServer]:
    with LocalServer(engine=ScriptedEngine([ScriptedRule(text="Good morning, José.")])) as running:
        yield running


def transcribe(source: object, folder: str, server: LocalServer, journal: Path, **options: Any) -> RunSummary:
    given: Any = source
    settings = server.connection_settings
    return transcribe_files(given, CONFIG, folder, settings=settings, rate=1000, journal=journal, **options)


def made_jobs(server: LocalServer) -> list[dict[str, Any]]:
    with BatchClient(server.connection_settings) as client:
        return [*client.iter_jobs()]


def test_outputs_are_objects(object_store: ObjectStore, server: LocalServer, tmp_path: Path) -> None:
    """By the whole name of their source; a second run does nothing, and what is gone is rendered, or fetched, again."""
    for name in NAMES:
        object_store.put(f"day/{name}", name.encode())
    events: list[FileEvent] = []
    formats = ["json", "srt"]
    out, journal = "s3://calls/out put/", tmp_path / "journal.db"
    summary = transcribe("s3://calls/day", out, server, journal, formats=formats, on_event=events.append)
    assert (summary.done, summary.results_file) == (len(NAMES), "s3://calls/out put/results.jsonl")
    written = object_store.contents("out put/")
    outputs = {f"out put/calls/day/{name.replace('?', '_')}.{each}" for name in NAMES for each in formats}
    assert {*written} == outputs | {"out put/results.jsonl", "out put/.speechmatics/started"}
    assert json.loads(written["out put/calls/day/ü/é.wav.json"])["results"][0]["type"] == "word"
    assert "José" in written["out put/calls/day/a%20b.wav.srt"].decode()
    told = {output for event in events if event.result == FileResult.DONE for output in event.outputs}
    assert told == {f"s3://calls/{key}" for key in outputs}
    lines = [json.loads(line) for line in written["out put/results.jsonl"].splitlines()]
    assert {line["source"] for line in lines} == {f"s3://calls/day/{name}" for name in NAMES}
    assert {output for line in lines for output in line["outputs"]} == told

    before = len(server.requests)
    assert transcribe("s3://calls/day", out, server, journal, formats=formats).skipped == len(NAMES)
    object_store.backend.delete_object("calls", "out put/calls/day/a b.wav.srt")
    assert transcribe("s3://calls/day", out, server, journal, formats=formats).done == 1
    assert "out put/calls/day/a b.wav.srt" in object_store.contents()
    assert len(server.requests) == before
    object_store.backend.delete_object("calls", "out put/calls/day/a b.wav.json")
    assert transcribe("s3://calls/day", out, server, journal, formats=formats).done == 1
    assert len(made_jobs(server)) == len(NAMES)
    for secret in (SECRET, KEY_ID):
        assert secret.encode() not in journal.read_bytes() + b"".join(object_store.contents().values())


def test_resuming_asks_for_no_output_one_by_one(object_store: ObjectStore, server: LocalServer, tmp_path: Path) -> None:
    """One listing says what is there."""
    for number in range(30):
        (tmp_path / f"{number}.wav").write_bytes(b"%d" % number)
    arguments = (f"{tmp_path}/*.wav", "s3://calls/out", server, tmp_path / "journal.db")
    assert transcribe(*arguments).done == 30
    object_store.requests.clear()
    assert transcribe(*arguments).skipped == 30
    assert len(object_store.requests) <= 6


def test_a_run_that_was_killed_continues(object_store: ObjectStore, tmp_path: Path) -> None:
    """From the journal: each file has one job, and its outputs."""
    for number in range(20):
        object_store.put(f"day/{number}.wav", b"%d" % number)
    with LocalServer(engine=ScriptedEngine([ScriptedRule(text="Good morning.", delay=0.1)])) as server:
        journal = tmp_path / "journal.db"
        script = (
            "import sys; from speechmatics.runner import transcribe_files; "
            f"transcribe_files('s3://calls/day', {CONFIG!r}, 's3://calls/out', journal=sys.argv[1], in_flight=2)"
        )
        settings = server.connection_settings
        environment = {**os.environ, "SPEECHMATICS_URL": settings.url}
        with subprocess.Popen([sys.executable, "-c", script, str(journal)], env=environment) as process:
            while not object_store.contents("out/calls/") and process.poll() is None:
                time.sleep(0.02)
            process.kill()
        assert 0 < len(object_store.contents("out/calls/")) < 20
        settings.recovery_window_long = 0.3
        settings.recovery_window = 0.2
        options: dict[str, Any] = {"settings": settings, "journal": journal, "rate": 1000}
        summary = transcribe_files("s3://calls/day", CONFIG, "s3://calls/out", **options)
        assert (summary.is_complete, summary.failed) == (True, 0)
        assert summary.submitted < 20
        assert len(object_store.contents("out/calls/")) == 20
        assert len(made_jobs(server)) == 20


def test_what_cannot_be_written_is_said_before_anything_is_paid(
    object_store: ObjectStore, server: LocalServer, tmp_path: Path
) -> None:
    """And what is no folder, or has no journal, at once."""
    (tmp_path / "a.wav").write_bytes(b"audio")
    journal = tmp_path / "journal.db"
    with pytest.raises(InvalidInputError, match="outputs cannot go to s3://nowhere/out: there is no such bucket"):
        transcribe(tmp_path / "a.wav", "s3://nowhere/out", server, journal)
    refusals: dict[str | Path, str] = {
        "s3://calls/out": "need a journal on this machine",
        Path("s3://calls/out"): "outputs cannot go to s3://calls/out: a folder is a path, or the URL",
        "https://h.example/out?sig=s3cret": "outputs cannot go to https://h.example/out: a folder",
        "odd://x": "odd://x cannot be read: Protocol not known: odd",
    }
    for folder, message in refusals.items():
        with pytest.raises(InvalidInputError, match=message) as refused:
            TranscriptionRun("a.wav", CONFIG, folder, settings=server.connection_settings)
        assert "s3cret" not in str(refused.value)
    with pytest.raises(InvalidInputError, match="the journal must be a file of this machine"):
        TranscriptionRun("a.wav", CONFIG, "out", journal="s3://calls/j.db", settings=server.connection_settings)
    object_store.require_known_keys()
    with pytest.raises(InvalidInputError, match=r"outputs cannot go to s3://calls/out: the store refuses access"):
        transcribe(tmp_path / "a.wav", "s3://calls/out", server, journal)
    assert not server.requests


def test_an_output_that_cannot_be_written_is_written_by_the_next_run(
    object_store: ObjectStore, server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job was paid for, and is not submitted again."""
    (tmp_path / "a.wav").write_bytes(b"audio")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    object_store.forget_connections()

    def throttle(event: FileEvent) -> None:
        if event.result == FileResult.SUBMITTED:
            object_store.refusals = 5  # as often as s3fs tries
        elif event.result == FileResult.FAILED:
            object_store.refusals = 0
            errors.append(event.error or "")

    errors: list[str] = []
    journal = tmp_path / "journal.db"
    assert transcribe(tmp_path / "a.wav", "s3://calls/out", server, journal, on_event=throttle).failed == 1
    [error] = errors
    assert "s3://calls/out/a.wav.json: the store is asked too often" in error
    assert transcribe(tmp_path / "a.wav", "s3://calls/out", server, journal).done == 1
    assert len(made_jobs(server)) == 1
