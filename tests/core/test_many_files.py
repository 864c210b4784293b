"""Submitting many files: slowing down, telling of failures, and what is left running."""

from __future__ import annotations

import gc
import logging
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest

import speechmatics as sm
from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings
from tests.servers.fault_server import FaultServer, Quirks, Rule

pytestmark = pytest.mark.slow  # waits for rates

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}


def settings_of(server: FaultServer, **others: Any) -> ConnectionSettings:
    """Settings that wait little."""
    usual: dict[str, Any] = {
        "retry_delay": 0.01,
        "retry_delay_max": 0.02,
        "poll_interval": 0.02,
        "recovery_window": 0.1,
    }
    return ConnectionSettings(server.url, trust_env=False, **(usual | others))


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Eight files of different content."""
    files = [tmp_path / f"{number}.wav" for number in range(8)]
    for number, file in enumerate(files):
        file.write_bytes(b"audio %d" % number)
    return files


def test_a_service_that_has_no_room_loses_no_file(paths: list[Path]) -> None:
    """With two jobs at once at most, each file gets its job, though 429 outlasts all retries."""
    quirks = Quirks(max_running=2, work_seconds=0.3)
    with FaultServer(quirks=quirks) as server, BatchClient(settings_of(server, retry_attempts=2)) as client:
        submitted = dict(client.submit_jobs(paths, CONFIG, concurrency=8))
        assert set(submitted) == set(paths)
        assert len(server.jobs) == len(paths)
        assert len([request for request in server.requests if request.method == "POST"]) > len(paths)


def test_a_service_that_refuses_for_a_while_loses_no_file(paths: list[Path]) -> None:
    """And the submissions become fewer a second."""
    refusing = Rule(
        name="refused",
        method="POST",
        path="jobs",
        times=6,
        status=429,
        body='{"code": 429, "error": "Too Many Requests"}',
    )
    with FaultServer([refusing]) as server, BatchClient(settings_of(server, retry_attempts=2)) as client:
        assert set(dict(client.submit_jobs(paths[:3], CONFIG))) == set(paths[:3])
        posts = [request for request in server.requests if request.method == "POST"]
        assert len(posts) == 9


def told_of(client: BatchClient, paths: list[Path], **options: Any) -> tuple[list[Path], dict[Path, Any]]:
    """The paths that are yielded, and what `on_error` was called with."""
    told: dict[Path, Any] = {}

    def on_error(path: Any, error: sm.SpeechmaticsError) -> None:
        told[path] = error

    return [Path(path) for path, _ in client.submit_jobs(paths, CONFIG, on_error=on_error, **options)], told


def test_on_error_is_called_for_each_file_that_has_no_transcript(paths: list[Path]) -> None:
    """One that is not there, one that the service refuses, one whose job is rejected; the others are done."""
    refused = Rule(
        name="refused", method="POST", path="jobs", after=1, times=1, status=400, body='{"code": 400, "error": "Bad"}'
    )
    missing = paths[0].with_name("missing.wav")
    with FaultServer([refused], quirks=Quirks(rejects="3.wav")) as server:
        with BatchClient(settings_of(server)) as client:
            done, told = told_of(client, [missing, *paths[:5]], concurrency=1)
    assert done == [paths[0], paths[2], paths[4]]
    assert {path: type(error) for path, error in told.items()} == {
        missing: sm.AudioNotFoundError,
        paths[1]: sm.BadRequestError,
        paths[3]: sm.TranscriptionError,
    }
    for path, error in told.items():
        assert error.audio == str(path)
        assert str(path) in str(error)
    assert "no speech" in str(told[paths[3]])


def test_without_on_error_a_job_without_a_transcript_is_yielded(paths: list[Path]) -> None:
    """As it ended; the first error that is not the service's refusal ends the iteration."""
    with FaultServer(quirks=Quirks(rejects="0.wav")) as server, BatchClient(settings_of(server)) as client:
        assert [path for path, _ in client.submit_jobs(paths[:2], CONFIG)] == paths[:2]
        with pytest.raises(sm.AudioNotFoundError, match=r"missing\.wav"):
            list(client.submit_jobs([paths[0].with_name("missing.wav"), *paths], CONFIG))


def test_what_on_error_raises_ends_the_iteration(paths: list[Path]) -> None:
    """And the jobs that are still running are named."""

    def stop(path: Any, error: Exception) -> None:
        raise LookupError("enough")

    given = [paths[0], paths[1].with_name("missing.wav"), paths[2]]
    with FaultServer(quirks=Quirks(work_seconds=60)) as server, BatchClient(settings_of(server)) as client:
        with pytest.raises(LookupError, match="enough") as caught:
            list(client.submit_jobs(given, CONFIG, on_error=stop))
        [job_id] = server.jobs
    assert caught.value.__notes__ == [f"still running: {job_id} ({paths[0]})"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_on_error_of_an_async_client_may_be_a_coroutine_function(paths: list[Path], backend: str) -> None:
    """It is awaited; a plain function is called."""
    told: list[object] = []

    async def awaited(path: object, error: Exception) -> None:
        await anyio.sleep(0)
        told.append(path)

    def called(path: object, error: Exception) -> None:
        told.append(path)

    async def submit() -> None:
        with FaultServer(quirks=Quirks(rejects="0.wav")) as server:
            async with AsyncBatchClient(settings_of(server)) as client:
                for on_error in (awaited, called):
                    stream = client.submit_jobs(paths[:2], CONFIG, on_error=on_error)
                    assert [path async for path, _ in stream] == [paths[1]]

    anyio.run(submit, backend=backend)
    assert told == [paths[0], paths[0]]


def test_an_iterator_that_is_dropped_logs_what_is_still_running(
    paths: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    """Half-read, by the blocking client and by the async one."""
    gc.collect()  # what other tests dropped
    caplog.set_level(logging.INFO, "speechmatics")
    with FaultServer(quirks=Quirks(work_seconds=60)) as server:

        async def drop() -> None:
            async with AsyncBatchClient(settings_of(server)) as client:
                stream = aiter(client.submit_jobs(paths[:3], CONFIG, concurrency=3))
                with anyio.move_on_after(0.5):
                    await anext(stream)
                del stream
                gc.collect()

        anyio.run(drop)
        ids = set(server.jobs)
    [left] = [record.getMessage() for record in caplog.records if "still running" in record.getMessage()]
    assert all(job_id in left for job_id in ids)
    caplog.clear()
    with FaultServer(quirks=Quirks(work_seconds=60)) as server, BatchClient(settings_of(server)) as client:
        threading.Timer(0.5, lambda: server.finish(min(server.jobs))).start()
        iterator = iter(client.submit_jobs(paths[:3], CONFIG, concurrency=3))
        ended = next(iterator)[1]
        running = set(server.jobs) - {ended}
        del iterator
        gc.collect()
    [left] = [record.getMessage() for record in caplog.records if "still running" in record.getMessage()]
    assert len(running) == 2
    assert all(job_id in left for job_id in running)
    assert ended not in left


def test_each_accepted_submission_is_a_line_of_the_log(paths: list[Path], caplog: pytest.LogCaptureFixture) -> None:
    """With the file, the job and the submission's id, at INFO."""
    caplog.set_level(logging.INFO, "speechmatics")
    with FaultServer() as server, BatchClient(settings_of(server)) as client:
        [(path, job_id)] = client.submit_jobs(paths[:1], CONFIG)
        submission_id = server.jobs[job_id].tracking_details["submission_id"]
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    assert lines == [f"job {job_id} was created for {path}, submission id {submission_id}"]


def test_wrong_arguments_are_named_before_anything_is_sent(paths: list[Path]) -> None:
    """A single path is no list of paths."""
    client = BatchClient(ConnectionSettings("http://127.0.0.1:9"))
    for single in (str(paths[0]), paths[0]):
        with pytest.raises(sm.InvalidInputError, match="one path"):
            client.submit_jobs(paths_like(single), CONFIG)


def paths_like(value: Any) -> Any:
    """A value of a type that a checker would refuse."""
    return value
