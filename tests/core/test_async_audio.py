"""File objects whose `read` is awaited: the async client takes them, and the blocking one says what to give instead."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from starlette.datastructures import UploadFile

import speechmatics as sm
from tests.servers.both_clients import CLIENTS, SETTINGS
from tests.servers.scripted import CONFIG, Scripted, api_error, created

SIZE = 2_500_000
AUDIO = bytes(range(250)) * (SIZE // 250)


class AioFile:
    """A file object as `aiofiles` has it."""

    name = "folder/aio.wav"

    def __init__(self, content: bytes) -> None:
        self.inside = io.BytesIO(content)
        self.longest = 0
        self.reads = 0

    async def read(self, size: int = -1, /) -> bytes:
        assert size >= 0, "the file is read whole"
        await anyio.lowlevel.checkpoint()
        self.reads += 1
        self.longest = max(self.longest, size)
        return self.inside.read(size)

    async def tell(self) -> int:
        return self.inside.tell()

    async def seek(self, position: int, whence: int = io.SEEK_SET, /) -> int:
        return self.inside.seek(position, whence)


class AioPipe:
    """One that cannot be rewound, and tells of no name."""

    def __init__(self, *given: Any) -> None:
        self.given = list(given)

    async def read(self, size: int = -1, /) -> Any:
        if size == 0:
            return b""
        given = self.given.pop(0) if self.given else b""
        if isinstance(given, Exception):
            raise given
        return given


def service_after(failures: int) -> Scripted:
    """Takes a submission after some failures."""
    return Scripted([*[api_error(503)] * failures, created()])


@asynccontextmanager
async def client_of(service: Scripted, **settings: Any) -> AsyncGenerator[sm.AsyncBatchClient]:
    """An async client of that service."""
    async with httpx.AsyncClient(transport=service.transport) as http:
        yield sm.AsyncBatchClient(sm.ConnectionSettings(**{**SETTINGS, **settings}), http_client=http)


def sent_to(service: Scripted) -> list[bytes]:
    """The bodies of the submissions."""
    return [request.content for request in service.requests]


def upload(content: bytes, size: int | None = None) -> UploadFile:
    """A file of a form, as Starlette and FastAPI hand it over."""
    return UploadFile(io.BytesIO(content), size=size, filename="upload.wav")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize(
    ("make", "name", "is_sized"),
    [
        (lambda: AioFile(AUDIO), "aio.wav", True),
        (lambda: ("named.wav", AioFile(AUDIO)), "named.wav", True),
        (lambda: (Path("folder/named.wav"), AioFile(AUDIO)), "named.wav", True),
        (lambda: upload(AUDIO, SIZE), "upload.wav", True),
        (lambda: upload(AUDIO), "upload.wav", False),
        (lambda: AioPipe(AUDIO[:1_000_000], AUDIO[1_000_000:]), "audio", False),
    ],
)
def test_they_are_streamed(make: Callable[[], Any], name: str, is_sized: bool, backend: str) -> None:
    """With their length where they tell it, under their names, and as far as they have not been read."""

    async def main() -> None:
        service = service_after(0)
        told: list[tuple[int, int | None]] = []

        def note(sent: int, total: int | None) -> None:
            told.append((sent, total))

        async with client_of(service) as client:
            assert await client.submit_job(make(), CONFIG, on_progress=note) == "made"
        [sent] = sent_to(service)
        assert AUDIO in sent
        assert f'filename="{name}"'.encode() in sent
        assert (service.requests[0].headers.get("Content-Length") == str(len(sent))) is is_sized
        assert told[-1] == (SIZE, SIZE if is_sized else None)

    anyio.run(main, backend=backend)


def test_a_file_of_anyio_is_taken(tmp_path: Path) -> None:
    """From where it stands."""
    path = tmp_path / "call.wav"
    path.write_bytes(b"skipped" + AUDIO)

    async def main() -> None:
        service = service_after(0)
        async with client_of(service) as client, await anyio.open_file(path, "rb") as file:
            await file.read(7)
            await client.submit_job(file, CONFIG)
        [sent] = sent_to(service)
        assert AUDIO in sent
        assert b"skipped" not in sent
        assert b'filename="call.wav"' in sent

    anyio.run(main)


def test_they_are_never_read_whole() -> None:
    """But by blocks, and not ahead of what was taken."""
    file = AioFile(AUDIO)

    async def main() -> None:
        async with client_of(service_after(0)) as client:
            await client.submit_job(file, CONFIG)

    anyio.run(main)
    assert file.longest == 1024 * 1024
    assert file.reads == 1 + 3 + 1


@pytest.mark.parametrize("make", [lambda: AioFile(b"skip" + AUDIO), lambda: upload(b"skip" + AUDIO, SIZE + 4)])
def test_a_submission_that_is_sent_again_begins_where_they_stood(make: Callable[[], Any]) -> None:
    """They are rewound, also to somewhere within."""

    async def main() -> None:
        service = service_after(2)
        file = make()
        await file.read(4)
        async with client_of(service, retry_attempts=3, retry_delay=0, retry_total=60) as client:
            assert await client.submit_job(file, CONFIG) == "made"
        assert len(service.requests) == 3
        for sent in sent_to(service):
            assert sent.count(AUDIO) == 1
            assert b"skip" not in sent

    anyio.run(main)


def test_what_cannot_be_rewound_is_sent_once() -> None:
    """And its failure says why."""

    async def main() -> None:
        service = service_after(1)
        async with client_of(service, retry_attempts=3, retry_delay=0, retry_total=60) as client:
            with pytest.raises(sm.ServerError) as caught:
                await client.submit_job(AioPipe(b"audio"), CONFIG)
        assert len(service.requests) == 1
        assert "the audio stream cannot be rewound, so that it was not sent again" in caught.value.__notes__

    anyio.run(main)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AioFile(b""), r"aio\.wav is empty"),
        (lambda: AioPipe(), "audio is empty"),
        (lambda: AioPipe("text"), "in text mode"),
        (lambda: AioPipe(b"audio", "text"), "in text mode"),
        (lambda: AioPipe(b"audio", None), "non-blocking"),
        (lambda: AioPipe(OSError(5, "Input/output error")), "cannot read the audio file object audio: Input/output"),
        (lambda: AioPipe(b"audio", KeyError("x")), "cannot read the audio file object audio: KeyError"),
        (lambda: AioFile(AUDIO * 2), "must stay below 3000000"),
        (lambda: AioPipe(AUDIO, AUDIO), "must stay below 3000000"),
    ],
)
def test_what_is_wrong_with_them_is_an_audio_error(make: Callable[[], Any], message: str) -> None:
    """As with other file objects: there is no job, and what they raised is the cause."""

    async def main() -> None:
        async with client_of(service_after(0), max_upload_bytes=3_000_000) as client:
            file = make()
            with pytest.raises(sm.AudioError, match=message) as caught:
                await client.submit_job(file, CONFIG)
            if isinstance(caught.value, sm.AudioNotReadableError) and "non-blocking" not in message:
                assert caught.value.__cause__ is not None

    anyio.run(main)


@pytest.mark.parametrize(
    ("audio", "advice"),
    [
        (upload(b"audio"), r"read of this UploadFile is awaited, .*; give BatchClient its \.file"),
        (("a.wav", upload(b"audio")), r"its \.file"),
        (AioFile(b"audio"), r"read of this AioFile is awaited, .*; give BatchClient a file object of open\(\)"),
    ],
)
def test_the_blocking_client_says_what_to_give(audio: Any, advice: str) -> None:
    """It cannot await."""
    with pytest.raises(sm.AudioError, match=advice):
        CLIENTS["blocking"](None, "submit_job", audio, CONFIG)


def test_a_read_that_turns_out_to_be_awaited_is_refused() -> None:
    """Without a warning of a coroutine that nobody awaited."""

    class Odd:
        def read(self, size: int) -> Any:
            return AioPipe().read(size)

    for call in CLIENTS.values():
        with pytest.raises(sm.AudioError, match="gives coroutine, not bytes"):
            call(None, "submit_job", Odd(), CONFIG)
