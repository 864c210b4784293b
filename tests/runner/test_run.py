"""Many files over a real local server: what becomes of each, and what a second run does."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
import pytest

from speechmatics import AuthenticationError, BatchClient, ConnectError, ConnectionSettings, JobConfig
from speechmatics.exceptions import ConfigError, InvalidInputError, SpeechmaticsError
from speechmatics.local import Fault, LocalServer, ScriptedEngine, ScriptedRule
from speechmatics.runner import (
    FileEvent,
    FileResult,
    RunSummary,
    TranscriptionRun,
    transcribe_files,
    transcribe_files_async,
)
from speechmatics.runner.journal import Entry, FileState, Journal
from speechmatics.runner.planning import hash_of

pytestmark = pytest.mark.slow  # waits for jobs

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
ENGINE = ScriptedEngine(
    [
        ScriptedRule(name="bad.wav", reject="too noisy"),
        ScriptedRule(name="slow.wav", text="Never.", delay=3600),
        ScriptedRule(text="Good morning."),
    ]
)


@pytest.fixture
def server() -> Generator[LocalServer]:
    with LocalServer(engine=ENGINE) as running:
        yield running


@pytest.fixture
def settings(server: LocalServer) -> ConnectionSettings:
    settings = server.connection_settings
    settings.recovery_window_long = 0.3
    settings.recovery_window = 0.2
    return settings


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """A folder of recordings, two of which are the same."""
    folder = tmp_path / "calls"
    for name in ("a.wav", "b.wav", "x/c.wav", "x/d.mp3"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(f"audio {name}".encode())
    (folder / "same.wav").write_bytes(b"audio a.wav")
    return folder


def submissions(server: LocalServer) -> int:
    return sum(request.method == "POST" for request in server.requests)


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def transcribe(source: object, folder: Path, settings: ConnectionSettings, **options: Any) -> RunSummary:
    given: Any = source
    return transcribe_files(given, CONFIG, folder, settings=settings, rate=1000, **options)


def test_each_file_has_its_outputs(
    server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path
) -> None:
    """In the tree of its source and by its whole name; those that are the same were submitted once."""
    out = tmp_path / "out"
    events: list[FileEvent] = []
    summary = transcribe(calls, out, settings, formats=["json", "txt", "srt", "vtt", "html"], on_event=events.append)
    assert (summary.files, summary.done, summary.submitted, summary.is_complete) == (5, 5, 4, True)
    assert submissions(server) == 4
    assert (out / "calls/x/d.mp3.txt").read_text() == "Good morning.\n"
    assert "-->" in (out / "calls/x/c.wav.srt").read_text()
    assert (out / "calls/x/c.wav.vtt").read_text().startswith("WEBVTT")
    assert json.loads((out / "calls/same.wav.json").read_text()) == json.loads((out / "calls/a.wav.json").read_text())
    assert len(list((out / "calls").rglob("*.*"))) == 5 * 5
    assert [line["state"] for line in lines(out)] == ["done"] * 5
    assert {line["source"] for line in lines(out)} == {str(path) for path in calls.rglob("*.*")}
    done = {event.source for event in events if event.result == FileResult.DONE}
    assert len(done) == 5


def test_a_page_plays_the_file_that_it_was_made_of(
    settings: ConnectionSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its place beside the page, whatever it is called; the page of a URL plays nothing."""
    monkeypatch.chdir(tmp_path)
    name = "Anruf #1: 100% grün?.wav"
    (tmp_path / name).write_bytes(b"x")
    transcribe_files([name, "https://h.example/b.wav"], CONFIG, "out", settings=settings, formats=["html"])
    [page] = Path("out").glob("Anruf*.html")
    [source] = re.findall(r'<audio[^>]* src="([^"]*)"', page.read_text("utf-8"))
    assert (page.parent / unquote(source)).resolve() == tmp_path / name
    assert "://" not in source
    [other] = Path("out").rglob("b.wav.html")
    assert not re.search(r'<audio[^>]* src="', other.read_text("utf-8"))


def test_what_is_done_is_skipped(
    server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path
) -> None:
    """A changed file and another configuration are done anew; a format that is missing is rendered, not fetched."""
    out = tmp_path / "out"
    transcribe(calls, out, settings)
    before = len(server.requests)
    assert transcribe(calls, out, settings).skipped == 5
    assert transcribe(calls, out, settings, formats=["txt"]).done == 5
    assert len(server.requests) == before
    (calls / "b.wav").write_bytes(b"another recording")
    again = transcribe(calls, out, settings)
    assert (again.skipped, again.done, again.submitted) == (4, 1, 1)
    other = {**CONFIG, "transcription_config": {"language": "de"}}
    anew = transcribe_files(calls, other, out, settings=settings, rate=1000)
    assert (anew.done, anew.submitted) == (5, 4)


def test_an_output_that_is_gone_is_fetched_again_and_not_paid_for(
    server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path
) -> None:
    """From the job that there is; where the service keeps it no longer, only what is asked for pays twice."""
    out = tmp_path / "out"
    transcribe(calls / "b.wav", out, settings)
    (out / "b.wav.json").unlink()
    assert (transcribe(calls / "b.wav", out, settings).done, submissions(server)) == (1, 1)
    (out / "b.wav.json").unlink()
    server.expire(lines(out)[0]["job_id"])
    for _ in range(2):
        summary = transcribe(calls / "b.wav", out, settings, retry_failed=True)
        assert (summary.failed, submissions(server)) == (1, 1)
        assert "keeps it no longer" in lines(out)[0]["error"] or "not kept any more" in lines(out)[0]["error"]
    assert (transcribe(calls / "b.wav", out, settings, resubmit_expired=True).done, submissions(server)) == (1, 2)


def test_one_failure_stops_no_other(
    server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path
) -> None:
    """Each is told with its reason; a later run leaves them alone unless it is asked to try again."""
    (calls / "bad.wav").write_bytes(b"noise")
    (calls / "film.mkv").write_bytes(b"film")
    (calls / "empty.wav").write_bytes(b"")
    out = tmp_path / "out"
    sources = [calls, calls / "film.mkv"]
    summary = transcribe(sources, out, settings)
    assert (summary.done, summary.rejected, summary.failed) == (5, 1, 2)
    errors = {Path(line["source"]).name: line["error"] for line in lines(out) if line["error"]}
    assert errors["bad.wav"] == "too noisy"
    assert "does not take .mkv" in errors["film.mkv"]
    assert "ffmpeg" in errors["film.mkv"]
    assert errors["empty.wav"] == "the file is empty"
    before = submissions(server)
    [job_id] = [line["job_id"] for line in lines(out) if line["state"] == "rejected"]
    again = transcribe(sources, out, settings)
    assert [line["job_id"] for line in lines(out) if line["state"] == "rejected"] == [job_id]
    assert (again.skipped, again.rejected, again.failed, submissions(server)) == (5, 1, 2, before)
    transcribe(sources, out, settings, retry_failed=True)
    assert submissions(server) == before + 1


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text there")
@pytest.mark.parametrize("name", [b"bad\xff.wav", b"bad\xff/call.wav"])
def test_a_name_that_is_no_text_stops_no_other_file(
    server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path, name: bytes
) -> None:
    """Of a file, or of its folder: the file is told of, the others are done, and so the next time."""
    odd = Path(os.fsdecode(os.fsencode(calls) + b"/" + name))
    odd.parent.mkdir(exist_ok=True)
    odd.write_bytes(b"x")
    for done, skipped in ((5, 0), (0, 5)):
        summary = transcribe(calls, tmp_path / "out", settings)
        assert (summary.done, summary.skipped, summary.failed) == (done, skipped, 1)
        [error] = [line for line in lines(tmp_path / "out") if line["error"]]
        assert "udcff" in error["source"]
        assert "not text in UTF-8; rename" in error["error"]
    assert TranscriptionRun(calls, CONFIG, tmp_path / "out", settings=settings).plan().refused
    assert submissions(server) == 4


def test_a_file_that_is_too_large_is_refused_with_advice(
    settings: ConnectionSettings, calls: Path, tmp_path: Path
) -> None:
    """Before it is sent."""
    settings.max_upload_bytes = 5
    summary = transcribe(calls / "b.wav", tmp_path / "out", settings)
    assert summary.failed == 1
    assert "an upload at most 5" in lines(tmp_path / "out")[0]["error"]


def test_a_manifest_configures_each(
    server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path
) -> None:
    """What it says is put over the configuration of all; what makes none is named before anything is sent."""
    manifest = tmp_path / "all.jsonl"
    override = {"transcription_config": {"language": "de"}, "tracking": {"title": "b"}}
    manifest.write_text(json.dumps({"audio": "calls/b.wav", "config": override}))
    config = {**CONFIG, "transcription_config": {"language": "en", "diarization": "speaker"}}
    transcribe_files(manifest, config, tmp_path / "out", settings=settings)
    [sent] = [request.config for request in server.requests if request.config]
    assert sent["transcription_config"] == {"language": "de", "diarization": "speaker"}
    assert sent["tracking"]["title"] == "b"
    manifest.write_text(json.dumps({"audio": "calls/b.wav", "config": {"transcription_config": {"diarization": 7}}}))
    with pytest.raises(ConfigError, match=r"b\.wav: .*diarization"):
        transcribe(manifest, tmp_path / "other", settings)


def test_urls_are_fetched_by_the_service(server: LocalServer, settings: ConnectionSettings, tmp_path: Path) -> None:
    """A new signature is the same file, and no signature is in any file of the run."""
    out = tmp_path / "out"
    for signature in ("s3cret1", "s3cret2"):
        summary = transcribe(f"https://h.example/calls/e.wav?signature={signature}", out, settings)
        assert summary.done + summary.skipped == 1
    assert submissions(server) == 1
    [sent] = [request.config for request in server.requests if request.config]
    assert sent["fetch_data"]["url"].endswith("s3cret1")
    assert (out / "h.example/calls/e.wav.json").exists()
    for file in out.rglob("*"):
        assert file.is_dir() or b"s3cret" not in file.read_bytes(), file


def test_outputs_that_collide_are_refused(settings: ConnectionSettings, calls: Path, tmp_path: Path) -> None:
    """Before anything is paid for; so is a file that is given twice."""
    (calls / "x" / "a.wav").write_bytes(b"other")
    with pytest.raises(InvalidInputError, match=r"outputs of .*a\.wav' and .*a\.wav' would both be 'a\.wav'"):
        transcribe([calls / "a.wav", calls / "x" / "a.wav"], tmp_path / "out", settings)
    with pytest.raises(InvalidInputError, match="is given twice"):
        transcribe([calls / "a.wav", calls / "a.wav"], tmp_path / "out", settings)


def test_a_plan_sends_nothing(server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path) -> None:
    """It says what would be done, for how many hours, and what that would cost."""
    import wave

    with wave.open(str(calls / "hour.wav"), "wb") as file:
        file.setparams((1, 1, 10, 0, "NONE", ""))
        file.writeframes(bytes(10 * 3600))
    (calls / "empty.wav").write_bytes(b"")
    run = TranscriptionRun(calls, CONFIG, tmp_path / "out", settings=settings)
    plan = run.plan()
    assert (plan.files, plan.submissions, plan.seconds, plan.unknown) == (7, 5, 3600, 4)
    assert [reason for _, reason in plan.refused] == ["the file is empty"]
    assert plan.cost(0.3) == pytest.approx(0.3)
    assert server.requests == []
    assert not (tmp_path / "out").exists()
    transcribe(calls / "b.wav", tmp_path / "one", settings)
    assert TranscriptionRun(calls / "b.wav", CONFIG, tmp_path / "one", settings=settings).plan().skipped == 1


@pytest.mark.parametrize("limit", [{"max_jobs": 2}, {"max_hours": 2 / 3600}])
def test_limits_of_jobs_and_hours(
    limit: dict[str, Any], server: LocalServer, settings: ConnectionSettings, tmp_path: Path
) -> None:
    """No more is submitted; the next run goes on."""
    import wave

    for number in range(5):
        with wave.open(str(tmp_path / f"{number}.wav"), "wb") as file:
            file.setparams((1, 1, 100, 0, "NONE", ""))
            file.writeframes(bytes([number]) * 100)
    for expected in (2, 4, 5):
        transcribe(str(tmp_path / "*.wav"), tmp_path / "out", settings, submissions=1, **limit)
        assert submissions(server) == expected


def test_jobs_are_deleted_where_that_is_asked(
    server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path
) -> None:
    """Once the transcript is written."""
    transcribe(calls, tmp_path / "out", settings, delete_after=True)
    with BatchClient(settings) as client:
        assert client.list_jobs() == []
    assert len(lines(tmp_path / "out")) == 5


def journal_with(folder: Path, file: Path, submission_id: str, *, age: float = 0) -> None:
    """A journal as a run leaves it that was killed as it submitted a file."""
    found = file.stat()
    config = hash_of(JobConfig.model_validate(CONFIG).to_dict())
    journal = Journal(folder / ".speechmatics" / "journal.db")
    identity = f"{found.st_size}-{found.st_mtime_ns}"
    intended_at = time.time() - age
    journal.write([Entry(str(file), identity, config, FileState.SUBMITTING, submission_id, intended_at)])
    journal.close()


@pytest.mark.parametrize("age", [0, 100])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_file_in_doubt_is_looked_for_and_not_submitted_twice(
    is_there: bool, age: float, server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path
) -> None:
    """By its submission id; it is submitted only where there is no job."""
    journal_with(tmp_path / "out", calls / "b.wav", "id-of-b", age=age)
    job_id = None
    if is_there:
        with BatchClient(settings) as client:
            job_id = client.submit_job(calls / "b.wav", CONFIG, submission_id="id-of-b")
    assert transcribe(calls / "b.wav", tmp_path / "out", settings).done == 1
    assert submissions(server) == 1
    assert job_id in (None, lines(tmp_path / "out")[0]["job_id"])


def test_a_transcript_that_was_broken_is_fetched_again(
    server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path
) -> None:
    """It stops no other file, and is not paid for again."""
    out = tmp_path / "out"
    transcribe(calls, out, settings)
    before = submissions(server)
    for name, content in (("b.wav", '{"format": "2.9", "res'), ("x/c.wav", "[]")):
        (out / "calls" / f"{name}.json").write_text(content)
    again = transcribe(calls, out, settings, formats=["txt"])
    assert (again.done, again.failed, submissions(server)) == (5, 0, before)
    assert (out / "calls" / "b.wav.txt").read_text() == "Good morning.\n"


def test_a_file_that_cannot_be_sent_takes_no_job_from_another(
    server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path
) -> None:
    """A limit of jobs counts jobs, not attempts."""
    body = json.dumps({"code": 400, "error": "Job rejected"})
    server.use_faults([Fault(method="POST", status=400, body=body, times=1)])
    summary = transcribe(calls, tmp_path / "out", settings, submissions=1, max_jobs=2)
    assert (summary.submitted, summary.failed) == (2, 2)  # a.wav, and same.wav with it


def test_a_second_run_at_once_is_refused(settings: ConnectionSettings, calls: Path, tmp_path: Path) -> None:
    """It would pay twice."""
    journal = Journal(tmp_path / "out" / ".speechmatics" / "journal.db")
    try:
        with pytest.raises(SpeechmaticsError, match="another run uses it"):
            transcribe(calls, tmp_path / "out", settings)
    finally:
        journal.close()
    elsewhere = tmp_path / "elsewhere.db"
    assert transcribe(calls, tmp_path / "out", settings, journal=elsewhere).done == 5
    assert elsewhere.exists()


@pytest.mark.parametrize("stops", [1, 2])
def test_a_run_that_is_stopped_goes_on_later(
    stops: int, server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path
) -> None:
    """Nothing more is submitted, and jobs that run are waited for by the next."""
    for number in range(20):
        (calls / f"{number}.wav").write_bytes(f"more {number}".encode())
    slow = ScriptedEngine([ScriptedRule(text="Late.", delay=0.5)])
    with LocalServer(engine=slow) as slow_server:
        settings = slow_server.connection_settings
        settings.recovery_window_long = 0.3
        options: dict[str, Any] = {"settings": settings, "rate": 1000, "in_flight": 4}
        run = TranscriptionRun(calls, CONFIG, tmp_path / "out", **options)
        for event in run:
            if event.result == FileResult.SUBMITTED:
                for _ in range(stops):
                    run.stop()
        assert run.summary.is_stopped
        assert run.summary.done + run.summary.running <= submissions(slow_server) < 24
        final = transcribe_files(calls, CONFIG, tmp_path / "out", settings=settings, rate=1000)
        assert final.is_complete
        with BatchClient(settings) as client:
            assert len(client.list_jobs()) == 24


def test_leaving_the_loop_stops_the_run(
    server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path
) -> None:
    """Its journal is free for another."""
    (calls / "slow.wav").write_bytes(b"slow")
    for _ in TranscriptionRun(calls, CONFIG, tmp_path / "out", settings=settings):
        break
    (calls / "slow.wav").unlink()
    assert transcribe(calls, tmp_path / "out", settings).is_complete
    assert not [thread for thread in threading.enumerate() if thread.name == "speechmatics-run"]


def test_async_twins(server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path) -> None:
    """The function, and the events as they come."""

    async def work() -> None:
        summary = await transcribe_files_async(calls, CONFIG, tmp_path / "one", settings=settings, rate=1000)
        assert summary.is_complete
        results = [event.result async for event in TranscriptionRun(calls, CONFIG, tmp_path / "two", settings=settings)]
        assert results.count(FileResult.DONE) == 5
        with pytest.raises(InvalidInputError):
            async for _ in TranscriptionRun("nowhere.wav", CONFIG, tmp_path / "two", settings=settings):
                pass

    anyio.run(work)


def test_a_key_that_is_not_taken_ends_the_run(calls: Path, tmp_path: Path) -> None:
    """With the client's own error; the next run, with the right one, goes on as if nothing had been."""
    with LocalServer(engine=ENGINE, token="right") as server:
        wrong = ConnectionSettings(server.url, auth_token="wrong", trust_env=False)
        with pytest.raises(AuthenticationError):
            transcribe(calls, tmp_path / "out", wrong)
        assert transcribe(calls, tmp_path / "out", server.connection_settings).is_complete
    nowhere = ConnectionSettings("http://127.0.0.1:9/v2", trust_env=False, retry_attempts=1)
    with pytest.raises(ConnectError):
        transcribe(calls, tmp_path / "other", nowhere, submissions=1)


def test_429_drops_nothing(server: LocalServer, settings: ConnectionSettings, calls: Path, tmp_path: Path) -> None:
    """However long the service refuses."""
    body = json.dumps({"code": 429, "error": "Max concurrent running jobs exceeded"})
    server.use_faults([Fault(method="POST", status=429, body=body, headers={"Retry-After": "0"}, times=15)])
    settings.retry_attempts = 2
    settings.retry_delay = 0.01
    settings.retry_delay_max = 0.02
    summary = transcribe(calls, tmp_path / "out", settings)
    assert summary.is_complete, lines(tmp_path / "out")
    assert summary.submitted == 4


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"formats": ["html5"]}, "unknown format 'html5': it must be one of json, txt, srt, vtt, html"),
        ({"formats": []}, "a format is needed"),
        ({"submissions": 0}, "submissions must be 1 or more, not 0"),
        ({"max_hours": -1}, "max_hours must be 0 or more, or None, not -1"),
        ({"rate": 0}, "rate must be more than 0"),
    ],
)
def test_wrong_options_are_refused(
    options: dict[str, Any], problem: str, settings: ConnectionSettings, tmp_path: Path
) -> None:
    """With what would be right."""
    with pytest.raises(InvalidInputError, match=problem):
        TranscriptionRun("calls", CONFIG, tmp_path, settings=settings, **options)
