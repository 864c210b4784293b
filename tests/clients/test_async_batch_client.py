"""`AsyncBatchClient` against the local server, on asyncio and trio."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

import speechmatics as sm
from speechmatics import AsyncBatchClient, ConnectionSettings
from speechmatics._core.audio import CHUNK_SIZE
from speechmatics.local import LocalServer
from tests.conftest import ScriptedEngine

pytestmark = [pytest.mark.anyio, pytest.mark.slow]  # waits for jobs

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Each event loop that the client runs on."""
    return str(request.param)


async def test_every_method_returns_dicts(settings: ConnectionSettings, engine: ScriptedEngine) -> None:
    """As `BatchClient` does."""
    async with AsyncBatchClient(settings) as client:
        job_id = await client.submit_job(b"audio", CONFIG)
        assert await client.wait_for_completion(job_id) == "Hello world.\n"
        assert (await client.check_job_status(job_id))["job"]["status"] == "done"
        result = await client.get_job_result(job_id)
        assert result
        assert result["results"]
        assert [job["id"] for job in await client.list_jobs()] == [job_id]
        assert [job["id"] async for job in client.iter_jobs(page_size=1)] == [job_id]
        assert "recognition" in await client.get_job_log(job_id)
        assert (await client.get_usage())["summary"][0]["count"] == 1
        assert (await client.send_request("GET", "jobs", params={"limit": 1})).status_code == 200
        assert await client.delete_job(job_id) == f"Job {job_id} deleted"
        with pytest.raises(sm.JobNotFoundException):
            await client.check_job_status("none")
        engine.go.clear()
        running = await client.submit_job(b"audio", CONFIG)
        assert await client.get_job_result(running) is False
        assert await client.delete_job(running) is False
        engine.go.set()


async def test_bytes_need_no_thread(settings: ConnectionSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing about them can block; a file has one of its own."""
    started: list[str] = []
    start = threading.Thread.start

    def noting(thread: threading.Thread) -> None:
        started.append(thread.name)
        start(thread)

    async with AsyncBatchClient(settings) as client:
        monkeypatch.setattr(threading.Thread, "start", noting)
        for audio in (b"audio", ("call.wav", b"audio")):
            assert await client.submit_job(audio, CONFIG)
        assert "speechmatics-audio" not in started
        assert await client.submit_job(io.BytesIO(b"audio"), CONFIG)
        assert "speechmatics-audio" in started


async def test_every_method_returns_models(settings: ConnectionSettings) -> None:
    """With `parse=True`."""
    async with AsyncBatchClient(settings, parse=True) as client:
        transcript = await client.transcribe(b"audio", CONFIG)
        assert transcript.to_text() == "Hello world.\n"
        [job] = await client.list_jobs()
        assert (await client.check_job_status(job.id)).status == "done"
        assert [each.id async for each in client.iter_jobs()] == [job.id]
        assert (await client.get_usage()).summary[0].count == 1
        assert await client.transcribe(b"audio", transcription_format="txt") == "Hello world.\n"


class Pipe(io.BytesIO):
    """A stream that cannot be rewound."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        raise OSError("not seekable")

    def tell(self) -> int:
        raise OSError("not seekable")


async def test_every_form_of_audio_arrives_whole(
    settings: ConnectionSettings, engine: ScriptedEngine, tmp_path: Path
) -> None:
    """A path, bytes, a file from where it stands, a named tuple of either, and a stream that goes once."""
    content = b"audio" * 200_000
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    progress: list[tuple[int, int | None]] = []
    async with AsyncBatchClient(settings) as client:
        with path.open("rb") as file:
            for audio in (path, str(path), content, file, ("b.wav", content), Pipe(content)):
                job_id = await client.submit_job(
                    audio, CONFIG, on_progress=lambda sent, total: progress.append((sent, total))
                )
                await client.wait_for_completion(job_id)
    assert engine.received == [content] * 6
    assert progress[-1] == (len(content), None)
    assert progress[0][1] == len(content)


async def test_transcribe_tells_of_the_upload(settings: ConnectionSettings) -> None:
    """As `submit_job` does, before the job's first status."""
    told: list[object] = []

    def tell(sent: int, total: int | None) -> None:
        told.append((sent, total))

    async with AsyncBatchClient(settings) as client:
        await client.transcribe(b"audio", on_progress=tell, on_status=lambda job: told.append(job.status))
    assert told[0] == (5, 5)
    assert told[-1] == "done"
    assert told.count((5, 5)) == 1


async def test_the_event_loop_goes_on_while_audio_is_read(settings: ConnectionSettings, engine: ScriptedEngine) -> None:
    """Each read of a slow file object waits here for another task, and gets what it waits for."""
    content = bytes(CHUNK_SIZE * 2 + 1)
    ticked = threading.Event()

    class Slow(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            ticked.clear()
            if not ticked.wait(5):
                raise TimeoutError("the event loop stands still")
            self.reads += 1
            return super().read(size)

    async def tick() -> None:
        while True:
            ticked.set()
            await anyio.sleep(0.01)

    slow = Slow(content)
    async with AsyncBatchClient(settings) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        await client.transcribe(("a.wav", slow), CONFIG)
        tasks.cancel_scope.cancel()
    assert engine.received == [content]
    assert slow.reads >= 4


@pytest.mark.parametrize(("size", "message"), [(CHUNK_SIZE, "shrank from"), (CHUNK_SIZE * 40, "grew beyond its")])
async def test_a_file_that_changes_while_it_is_sent_makes_no_job(
    settings: ConnectionSettings, tmp_path: Path, size: int, message: str
) -> None:
    """It is an error that says so."""
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(CHUNK_SIZE * 30))

    def change(sent: int, total: int | None) -> None:
        os.truncate(path, size)

    async with AsyncBatchClient(settings) as client:
        with pytest.raises(sm.AudioError, match=rf"a\.wav {message} .* while it was sent; no job was created"):
            await client.submit_job(path, CONFIG, on_progress=change)
        assert await client.list_jobs() == []


async def test_many_jobs(settings: ConnectionSettings, tmp_path: Path) -> None:
    """Each path comes with its job, and each job once."""
    paths: list[Path] = []
    for number in range(7):
        paths.append(tmp_path / f"{number}.wav")
        paths[-1].write_bytes(b"bad" if number == 3 else b"audio")
    async with AsyncBatchClient(settings, parse=True) as client:
        jobs = {path: job_id async for path, job_id in client.submit_jobs(paths, CONFIG, concurrency=3)}
        assert set(jobs) == set(paths)
        ended = [job async for job in client.wait_for_many(jobs.values())]
        assert {job.id: str(job.status) for job in ended} == {
            job_id: "rejected" if Path(path).name == "3.wav" else "done" for path, job_id in jobs.items()
        }
        with pytest.raises(sm.InvalidInputError):
            client.submit_jobs(paths, CONFIG, concurrency=0)


async def test_a_timeout_and_a_cancelled_wait_leave_the_job_running(
    settings: ConnectionSettings, engine: ScriptedEngine
) -> None:
    """The wait ends at its deadline; the notes of what ends it name the job."""
    engine.go.clear()
    notes: list[str] = []
    async with AsyncBatchClient(settings) as client:
        job_id = await client.submit_job(b"audio", CONFIG)
        began = anyio.current_time()
        with pytest.raises(sm.WaitTimeoutError) as caught:
            await client.wait_for_completion(job_id, timeout=0.5)
        assert 0.45 < anyio.current_time() - began < 20
        assert caught.value.job_id == job_id
        with pytest.raises(sm.WaitTimeoutError):
            async for _ in client.wait_for_many([job_id], timeout=0.2):
                pytest.fail("the job runs")
        with anyio.move_on_after(0.2):
            try:
                await client.wait_for_completion(job_id)
            except BaseException as cancelled:
                notes += cancelled.__notes__
                raise
        assert notes == [f"job {job_id} is still running"]
        assert (await client.check_job_status(job_id))["job"]["status"] == "running"
        engine.go.set()
        assert await client.wait_for_completion(job_id) == "Hello world.\n"


async def test_opening_and_closing(server: LocalServer, settings: ConnectionSettings) -> None:
    """The first request opens; closing twice is harmless; a client that was given is its owner's to close."""
    client = AsyncBatchClient(settings)
    assert await client.list_jobs() == []
    await client.close()
    await client.close()
    assert await client.list_jobs() == []
    await client.close()
    async with httpx.AsyncClient(trust_env=False) as given:
        async with AsyncBatchClient(settings, http_client=given) as borrowing:
            assert await borrowing.list_jobs() == []
        assert not given.is_closed
    assert server.url in repr(client)


async def test_the_flag_may_be_a_variable(settings: ConnectionSettings) -> None:
    """And many tasks share a client."""
    client = AsyncBatchClient(settings, parse=bool(settings.url))
    ids: list[str] = []

    async def submit() -> None:
        ids.append(await client.submit_job(b"audio", CONFIG))

    async with client, anyio.create_task_group() as tasks:
        for _ in range(12):
            tasks.start_soon(submit)
    assert len(set(ids)) == 12
