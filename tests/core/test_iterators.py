"""What both clients iterate over: left half-read, interrupted, cancelled, shared."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any

import anyio
import pytest

from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings
from tests.conftest import ScriptedEngine

pytestmark = pytest.mark.slow  # waits for jobs

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Each event loop that the client runs on."""
    return str(request.param)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Recordings."""
    files = [tmp_path / f"{number}.wav" for number in range(3)]
    for file in files:
        file.write_bytes(b"audio")
    return files


def notes(caught: pytest.ExceptionInfo[BaseException]) -> str:
    """What was noted on an error."""
    return "\n".join(getattr(caught.value, "__notes__", []))


def interrupt_soon(settings: ConnectionSettings, jobs: int) -> None:
    """As Ctrl-C does, a moment after the server has so many jobs."""

    def interrupt() -> None:
        with BatchClient(settings) as onlooker:
            while len(onlooker.list_jobs()) < jobs:
                time.sleep(0.02)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()


@pytest.fixture
def ctrl_c() -> Generator[None]:
    """Ctrl-C interrupts, also where the tests run in the background of a shell, which has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("timeout", [None, 30])
def test_ctrl_c_names_the_jobs_that_go_on(
    settings: ConnectionSettings,
    client: BatchClient,
    engine: ScriptedEngine,
    paths: list[Path],
    timeout: float | None,
) -> None:
    """While one or many are waited for, with a deadline or without, and while many are submitted."""
    engine.go.clear()
    ids = [client.submit_job(b"audio", CONFIG) for _ in range(3)]
    with pytest.raises(KeyboardInterrupt) as caught:
        interrupt_soon(settings, 3)
        client.wait_for_completion(ids[0], timeout=timeout)
    assert notes(caught) == f"job {ids[0]} is still running"
    with pytest.raises(KeyboardInterrupt) as caught:
        interrupt_soon(settings, 3)
        list(client.wait_for_many(ids, timeout=timeout))
    assert notes(caught) == f"still running: {', '.join(ids)}"
    with pytest.raises(KeyboardInterrupt) as caught:
        interrupt_soon(settings, 6)
        list(client.submit_jobs(paths, CONFIG))
    made = [job["id"] for job in client.list_jobs(limit=3)][::-1]
    together = (f"{job_id} ({path})" for job_id, path in zip(made, paths, strict=True))
    assert notes(caught) == f"still running: {', '.join(together)}"


async def noted_on_cancelling(client: AsyncBatchClient, results: AsyncIterator[object], jobs: int) -> list[str]:
    """What is noted on the cancellation of a task that reads results, a moment after the server has so many jobs."""
    noted: list[str] = []

    async def read() -> None:
        try:
            await anext(results)
        except BaseException as cancelled:
            noted.extend(cancelled.__notes__)
            raise

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        while len(await client.list_jobs()) < jobs:
            await anyio.sleep(0.02)
        await anyio.sleep(0.2)
        tasks.cancel_scope.cancel()
    return noted


@pytest.mark.anyio
async def test_a_cancelled_task_names_the_jobs_that_go_on(
    settings: ConnectionSettings, engine: ScriptedEngine, paths: list[Path]
) -> None:
    """As Ctrl-C does; the iteration is over then."""
    engine.go.clear()
    async with AsyncBatchClient(settings) as client:
        ids = [await client.submit_job(b"audio", CONFIG) for _ in range(3)]
        waiting = client.wait_for_many(ids)
        assert await noted_on_cancelling(client, waiting, 3) == [f"still running: {', '.join(ids)}"]
        assert [job async for job in waiting] == []
        [note] = await noted_on_cancelling(client, client.submit_jobs(paths, CONFIG), 6)
        assert all(f" ({path})" in note for path in paths)
        engine.go.set()
        assert len([job async for job in client.wait_for_many(ids)]) == 3


def test_an_iterator_may_be_left_half_read(client: BatchClient, paths: list[Path]) -> None:
    """By a `break`, or by closing it."""
    for _ in client.submit_jobs(paths, CONFIG):
        break
    for _ in client.iter_jobs(page_size=1):
        break
    gc.collect()
    assert len(client.list_jobs()) == 3


@pytest.mark.anyio
async def test_an_awaited_iterator_may_be_left_half_read(settings: ConnectionSettings, paths: list[Path]) -> None:
    """Without a warning, on trio too."""
    async with AsyncBatchClient(settings) as client:
        async for _ in client.submit_jobs(paths, CONFIG):
            break
        async for _ in client.iter_jobs(page_size=1):
            break
        gc.collect()
        assert len(await client.list_jobs()) == 3


@pytest.mark.anyio
async def test_one_task_at_a_time_reads_an_iterator(settings: ConnectionSettings, engine: ScriptedEngine) -> None:
    """As with a generator; the first one is not disturbed."""
    engine.go.clear()
    async with AsyncBatchClient(settings) as client:
        waiting = client.wait_for_many([await client.submit_job(b"audio", CONFIG)])
        got: list[object] = []

        async def read(jobs: AsyncIterator[object]) -> None:
            got.extend([job async for job in jobs])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read, waiting)
            await anyio.sleep(0.1)
            with pytest.raises(anyio.BusyResourceError):
                await anext(waiting)
            engine.go.set()
        assert len(got) == 1
