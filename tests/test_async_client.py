"""The async client against the local server over HTTP, on asyncio and on trio."""

from __future__ import annotations

import inspect
import io
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import IO, get_overloads

import anyio
import anyio.to_thread
import httpx
import pytest

import speechmatics as sm
from speechmatics import AsyncBatchClient, BatchClient, BatchTranscriptionConfig, ConnectionSettings, Parsed, Raw
from speechmatics.local import LocalServer
from tests.conftest import ScriptedEngine

pytestmark = pytest.mark.anyio

CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}
FETCH = {**CONFIG, "fetch_data": {"url": "https://example.com/a.wav"}}


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both event loops."""
    return str(request.param)


@pytest.fixture
async def raw(anyio_backend: str, settings: ConnectionSettings) -> AsyncIterator[AsyncBatchClient[Raw]]:
    """A client that returns dicts."""
    async with AsyncBatchClient(settings) as client:
        yield client


@pytest.fixture
async def parsed(anyio_backend: str, settings: ConnectionSettings) -> AsyncIterator[AsyncBatchClient[Parsed]]:
    """A client that returns models."""
    async with AsyncBatchClient(settings, parse=True) as client:
        yield client


def _public(kind: type) -> dict[str, Callable[..., object]]:
    return {name: member for name, member in vars(kind).items() if callable(member) and not name.startswith("_")}


def _parameters(function: Callable[..., object]) -> list[tuple[object, ...]]:
    return [
        (each.name, each.kind, each.default, str(each.annotation).replace("Async", ""))
        for each in inspect.signature(function).parameters.values()
    ]


def _returns(function: Callable[..., object]) -> str:
    return str(inspect.signature(function).return_annotation).replace("Async", "")


def test_both_clients_have_the_same_methods() -> None:
    """Same names, parameters, defaults, results and overloads; only `async` and the iterators differ."""
    sync, waiting = _public(BatchClient), _public(AsyncBatchClient)
    assert list(sync) == list(waiting)
    for name in [*sync, "__init__"]:
        ours, theirs = vars(BatchClient)[name], vars(AsyncBatchClient)[name]
        for one, other in [(ours, theirs), *zip(get_overloads(ours), get_overloads(theirs), strict=True)]:
            assert _parameters(one) == _parameters(other), name
            assert _returns(one) == _returns(other), name


async def test_every_form_of_audio_arrives_whole(
    raw: AsyncBatchClient[Raw], engine: ScriptedEngine, tmp_path: Path
) -> None:
    """Paths, bytes, file objects, tuples and pipes arrive byte for byte, file objects from where they stand."""
    content = os.urandom(1_000_001)
    path = tmp_path / 'Grüße "x".wav'
    path.write_bytes(content)
    standing = io.BytesIO(b"header" + content)
    standing.seek(6)
    read_end, write_end = os.pipe()

    def feed() -> None:
        with os.fdopen(write_end, "wb") as pipe:
            pipe.write(content)

    feeder = threading.Thread(target=feed)
    feeder.start()
    with path.open("rb") as file, os.fdopen(read_end, "rb") as pipe:
        forms: list[str | Path | bytes | IO[bytes] | tuple[str, bytes] | tuple[str, IO[bytes]]] = [
            str(path),
            path,
            content,
            file,
            ("name.mp3", content),
            ("name.mp3", standing),
            pipe,
        ]
        ids = [await raw.submit_job(form, CONFIG) for form in forms]
    feeder.join()
    names = [(await raw.check_job_status(job_id))["job"]["data_name"] for job_id in ids]
    assert names == ['Grüße "x".wav', 'Grüße "x".wav', "audio", 'Grüße "x".wav', "name.mp3", "name.mp3", "audio"]
    for job_id in ids:
        await raw.wait_for_completion(job_id)
    assert [received == content for received in engine.received] == [True] * len(forms)


async def test_audio_may_be_fetched_by_the_service(anyio_backend: str) -> None:
    """None with `fetch_data` sends the configuration alone; both or neither is an error, and nothing is sent."""
    sent: list[bytes] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        sent.append(await request.aread())
        return httpx.Response(201, json={"id": "fetched000"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as own:
        client = AsyncBatchClient(ConnectionSettings(), http_client=own)
        with pytest.raises(sm.ConfigError, match="both given"):
            await client.submit_job(b"audio", FETCH)
        with pytest.raises(sm.AudioError, match="there is no audio"):
            await client.submit_job(None, CONFIG)
        assert sent == []
        assert await client.submit_job(None, FETCH) == "fetched000"
    assert b"https://example.com/a.wav" in sent[0]
    assert b"data_file" not in sent[0]


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        ("missing.wav", "no audio file at missing.wav"),
        (b"", "audio is empty"),
        (("x.wav", io.BytesIO(b"")), "x.wav is empty"),
        (b"x" * 2000, "must stay below 1500"),
        (Path("/"), "cannot read the audio file /"),
    ],
)
async def test_wrong_audio_is_an_error_before_anything_is_sent(
    anyio_backend: str, audio: str | bytes | Path | tuple[str, IO[bytes]], message: str
) -> None:
    """The error says what is wrong; there is no server to ask."""
    async with AsyncBatchClient(ConnectionSettings("http://127.0.0.1:9", max_upload_bytes=1500)) as client:
        with pytest.raises(sm.AudioError, match=message):
            await client.submit_job(audio, CONFIG)


async def test_audio_that_shrinks_while_it_is_sent_makes_no_job(raw: AsyncBatchClient[Raw]) -> None:
    """It is an error, and no job exists afterwards."""

    class Shrinking(io.BytesIO):
        def seek(self, offset: int, whence: int = 0, /) -> int:
            return 1_000_000 if whence == io.SEEK_END else super().seek(offset, whence)

    with pytest.raises(sm.AudioError, match="shrank"):
        await raw.submit_job(("x.wav", Shrinking(b"x" * 400_000)), CONFIG)
    assert await raw.list_jobs() == []


async def test_a_job_from_beginning_to_end(
    raw: AsyncBatchClient[Raw], parsed: AsyncBatchClient[Parsed], engine: ScriptedEngine
) -> None:
    """Every method that concerns one job, as dicts and as models, while it runs and after."""
    engine.go.clear()
    told: list[tuple[int, int | None]] = []
    job_id = await raw.submit_job(b"audio", CONFIG, on_progress=lambda sent, total: told.append((sent, total)))
    assert told == [(5, 5)]
    assert (await raw.check_job_status(job_id))["job"]["status"] == "running"
    assert (await parsed.check_job_status(job_id, wait=0)).status == "running"
    assert await raw.get_job_result(job_id) is False
    assert await parsed.get_job_result(job_id, wait=0) is False
    assert await raw.get_job_result(job_id, "srt") is False
    assert await raw.delete_job(job_id) is False
    engine.go.set()
    assert await raw.wait_for_completion(job_id) == "Hello world.\n"
    assert (await raw.wait_for_completion(job_id, "json"))["format"] == "2.9"
    assert (await parsed.wait_for_completion(job_id, "json_v2")).to_text() == "Hello world.\n"
    assert await parsed.get_job_result(job_id, "txt") == "Hello world.\n"
    result, transcript = await raw.get_job_result(job_id), await parsed.get_job_result(job_id)
    assert result
    assert transcript
    assert (result["job"]["id"], transcript.job and transcript.job.id) == (job_id, job_id)
    assert "recognition ends" in await raw.get_job_log(job_id)
    assert await raw.delete_job(job_id) == f"Job {job_id} deleted"
    with pytest.raises(sm.TranscriptionError, match="deleted"):
        await parsed.wait_for_completion(job_id)


async def test_transcribe_in_each_format(raw: AsyncBatchClient[Raw], parsed: AsyncBatchClient[Parsed]) -> None:
    """json-v2 by any of its names is a dict or a model, txt and srt are text."""
    assert (await raw.transcribe(b"audio"))["format"] == "2.9"
    assert await raw.transcribe(b"audio", CONFIG, "txt") == "Hello world.\n"
    assert (await raw.transcribe(b"audio", transcription_format="srt")).startswith("1\n00:00:00,100 -->")
    flat = BatchTranscriptionConfig(language="en")
    assert (await parsed.transcribe(b"audio", flat, "json_v2")).to_text() == "Hello world.\n"
    with pytest.raises(sm.TranscriptionError, match="it is bad"):
        await parsed.transcribe(b"bad")


async def test_lists_and_usage(raw: AsyncBatchClient[Raw], parsed: AsyncBatchClient[Parsed]) -> None:
    """Jobs come the most recent first, at once or page by page; usage counts them."""
    ids = [await raw.submit_job(b"audio", CONFIG) for _ in range(5)]
    for job_id in ids:
        await raw.wait_for_completion(job_id)
    assert [job["id"] for job in await raw.list_jobs()] == ids[::-1]
    assert [job.id for job in await parsed.list_jobs(limit=2)] == ids[:2:-1]
    assert [job["id"] async for job in raw.iter_jobs(page_size=2)] == ids[::-1]
    await raw.delete_job(ids[0])
    assert [job.id async for job in parsed.iter_jobs(page_size=3)] == ids[:0:-1]
    assert [job.id async for job in parsed.iter_jobs(page_size=3, include_deleted=True)] == ids[::-1]
    assert (await parsed.get_usage(since="2020-01-01")).summary[0].count == 5
    assert (await raw.get_usage())["summary"][0]["mode"] == "batch"
    with pytest.raises(sm.InvalidInputError):
        await raw.list_jobs(limit=0)
    with pytest.raises(sm.InvalidInputError):
        raw.iter_jobs(page_size=101)


async def test_send_request_keeps_the_query(raw: AsyncBatchClient[Raw]) -> None:
    """Parameters in the path and in `params` both arrive; another server's URL is refused."""
    response = await raw.send_request("GET", "jobs?limit=2", params={"include_deleted": "true"})
    assert dict(response.request.url.params) == {"limit": "2", "include_deleted": "true"}
    with pytest.raises(sm.InvalidInputError, match="not the server"):
        await raw.send_request("GET", "https://example.com/v2/jobs")


async def test_a_form_of_one_s_own_can_be_sent(raw: AsyncBatchClient[Raw]) -> None:
    """`data` and `files` go through `send_request` as they do through httpx."""
    answer = await raw.send_request(
        "POST", "jobs", data={"config": '{"type": "transcription", "transcription_config": {"language": "en"}}'},
        files={"data_file": ("a.wav", b"audio")},
    )  # fmt: skip
    assert await raw.wait_for_completion(answer.json()["id"]) == "Hello world.\n"


async def test_an_unknown_job_is_its_own_error(raw: AsyncBatchClient[Raw]) -> None:
    """Every method that names a job raises `JobNotFoundException` with the job's id."""
    asks: list[Callable[[str], Awaitable[object]]] = [
        raw.check_job_status,
        raw.get_job_result,
        raw.wait_for_completion,
        raw.delete_job,
        raw.get_job_log,
    ]
    for ask in asks:
        with pytest.raises(sm.JobNotFoundException) as caught:
            await ask("nosuchjob0")
        assert (caught.value.job_id, caught.value.status_code) == ("nosuchjob0", 404)
    with pytest.raises(sm.JobNotFoundException):
        await anext(raw.wait_for_many(["nosuchjob0"]))


async def test_submit_jobs_yields_each_path_with_its_job(raw: AsyncBatchClient[Raw], tmp_path: Path) -> None:
    """Every file comes back once, with a job that has ended."""
    paths = [tmp_path / f"{number}.wav" for number in range(4)]
    for path in paths:
        path.write_bytes(path.name.encode())
    pairs = [pair async for pair in raw.submit_jobs(paths, CONFIG, concurrency=2)]
    assert sorted(str(path) for path, _ in pairs) == sorted(map(str, paths))
    for _, job_id in pairs:
        assert await raw.get_job_result(job_id)
    with pytest.raises(sm.InvalidInputError):
        raw.submit_jobs(paths, CONFIG, concurrency=51)


async def test_wait_for_many_yields_each_job_as_it_ends(
    raw: AsyncBatchClient[Raw], parsed: AsyncBatchClient[Parsed]
) -> None:
    """Each comes once, done or rejected, however often it was named."""
    ids = [await raw.submit_job(audio, CONFIG) for audio in (b"audio", b"bad", b"audio", b"audio")]
    ended = {job.id: job.status async for job in parsed.wait_for_many([*ids, ids[0]])}
    assert ended == dict(zip(ids, ["done", "rejected", "done", "done"], strict=True))
    assert sorted([job["id"] async for job in raw.wait_for_many(ids[:2])]) == sorted(ids[:2])
    assert [job async for job in raw.wait_for_many([])] == []


async def test_waiting_has_a_time_limit(raw: AsyncBatchClient[Raw], engine: ScriptedEngine) -> None:
    """The error comes on time and names the job, which goes on."""
    engine.go.clear()
    job_id = await raw.submit_job(b"audio", CONFIG)
    started = anyio.current_time()
    with pytest.raises(sm.WaitTimeoutError) as caught:
        await raw.wait_for_completion(job_id, timeout=0.3)
    assert caught.value.job_id == job_id
    with pytest.raises(sm.WaitTimeoutError):
        await anext(raw.wait_for_many([job_id], timeout=0.3))
    assert anyio.current_time() - started == pytest.approx(0.6, abs=0.2)
    assert (await raw.check_job_status(job_id))["job"]["status"] == "running"


async def test_cancelled_waiting_leaves_the_job_running(raw: AsyncBatchClient[Raw], engine: ScriptedEngine) -> None:
    """The exception's notes name the job, at once and although the server holds its answer back."""
    engine.go.clear()
    job_id = await raw.submit_job(b"audio", CONFIG)
    notes: list[str] = []

    async def wait() -> None:
        try:
            await raw.wait_for_completion(job_id)
        except anyio.get_cancelled_exc_class() as error:
            notes.extend(error.__notes__)
            raise

    started = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.sleep(0.1)
        tasks.cancel_scope.cancel()
    assert anyio.current_time() - started < 2
    assert notes == [f"job {job_id} goes on"]
    assert (await raw.check_job_status(job_id))["job"]["status"] == "running"
    engine.go.set()
    assert await raw.wait_for_completion(job_id) == "Hello world.\n"


async def test_cancelled_submission_names_what_to_look_for(raw: AsyncBatchClient[Raw], engine: ScriptedEngine) -> None:
    """Cancelling ends at once although the audio's pipe is silent, and the notes hold the submission's id."""
    read_end, write_end = os.pipe()
    notes: list[str] = []
    sending = anyio.Event()

    async def submit(pipe: IO[bytes]) -> None:
        try:
            await raw.submit_job(pipe, CONFIG, on_progress=lambda *_: sending.set())
        except anyio.get_cancelled_exc_class() as error:
            notes.extend(error.__notes__)
            raise

    with os.fdopen(read_end, "rb") as pipe, os.fdopen(write_end, "wb", buffering=0) as writer:
        feeder = threading.Thread(target=writer.write, args=[bytes(256 * 1024 + 1)])
        feeder.start()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(submit, pipe)
            with anyio.fail_after(5):
                while not sending.is_set():
                    await anyio.sleep(0.01)
            feeder.join()
            started = anyio.current_time()
            tasks.cancel_scope.cancel()
        assert anyio.current_time() - started < 2
        writer.close()
    assert len(notes) == 1
    assert "submission_id" in notes[0]


async def test_iterating_can_be_ended_early(raw: AsyncBatchClient[Raw], engine: ScriptedEngine) -> None:
    """Iterators that are closed leave nothing behind to warn of."""
    ids = [await raw.submit_job(b"audio", CONFIG) for _ in range(3)]
    for jobs in (raw.iter_jobs(page_size=1), raw.wait_for_many(ids)):
        assert inspect.isasyncgen(jobs)
        async with aclosing(jobs):
            async for _ in jobs:
                break


async def test_many_tasks_share_a_client(raw: AsyncBatchClient[Raw], engine: ScriptedEngine) -> None:
    """Each gets its own job and its own transcript."""
    transcripts: list[str] = []

    async def transcribe(number: int) -> None:
        transcripts.append((await raw.transcribe(f"audio {number}".encode()))["job"]["id"])

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(transcribe, number)
    assert len(set(transcripts)) == 20
    assert len(await raw.list_jobs()) == 20
    assert sorted(engine.received) == sorted(f"audio {number}".encode() for number in range(20))


async def test_the_event_loop_goes_on_while_a_file_is_read(raw: AsyncBatchClient[Raw]) -> None:
    """A read that blocks until another task has run does not block for ever."""
    loop_goes_on = threading.Event()

    class Slow(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            if size:
                self.reads += 1
                assert loop_goes_on.wait(5), "the event loop is blocked"
            return super().read(size)

    slow = Slow(b"audio")

    async def release() -> None:
        while not slow.reads:
            await anyio.sleep(0.001)
        loop_goes_on.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(release)
        job_id = await raw.submit_job(slow, CONFIG)
    assert await raw.wait_for_completion(job_id) == "Hello world.\n"


async def test_opening_and_closing(anyio_backend: str, settings: ConnectionSettings) -> None:
    """The first request opens, closing twice is harmless, and the settings are not changed."""
    before = settings.model_dump()
    client = AsyncBatchClient(settings)
    await client.close()
    assert await client.list_jobs() == []
    await client.close()
    await client.close()
    assert await client.list_jobs() == []
    assert await client.connect() is client
    await client.close()
    assert settings.model_dump() == before
    assert repr(client) == f"AsyncBatchClient({settings.base_url!r}, parse=False)"


async def test_a_client_of_one_s_own_is_not_closed(anyio_backend: str, settings: ConnectionSettings) -> None:
    """`http_client` stays open for its owner."""
    async with httpx.AsyncClient() as own:
        async with AsyncBatchClient(settings, http_client=own) as client:
            assert await client.list_jobs() == []
        assert not own.is_closed


async def test_errors_have_names(anyio_backend: str, server: LocalServer) -> None:
    """A wrong token and an absent server, and both are httpx's errors too."""
    async with AsyncBatchClient(ConnectionSettings(server.url, auth_token="wrong")) as client:
        with pytest.raises(sm.AuthenticationError, match="401 Permission Denied"):
            await client.list_jobs()
    settings = ConnectionSettings("http://127.0.0.1:9", trust_env=False, retry_attempts=1)
    async with AsyncBatchClient(settings) as client:
        with pytest.raises(httpx.ConnectError) as caught:
            await client.list_jobs()
    assert isinstance(caught.value, sm.SpeechmaticsError)
    assert "request id" in str(caught.value)
