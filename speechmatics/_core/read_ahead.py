"""The body of an async submission, read by a thread of its own, so that an event loop never waits for a file."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import AsyncIterator, Iterator

import anyio
import anyio.to_thread
import httpcore
import httpx

from speechmatics._core.async_audio import BLOCK_SIZE, AsyncSource
from speechmatics._core.exchange import current_exchange
from speechmatics._core.media import MultipartBody

__all__ = ["ReadAhead"]

DEPTH = 2
"""Blocks that are read ahead at most."""


class ReadAhead(httpx.AsyncByteStream):
    """A submission's body for an `httpx.AsyncClient`.

    A thread reads it some blocks ahead; audio in memory, or awaited, needs none. A read that is cancelled is left
    behind with its thread, which is a daemon and not one of the program's: one from a silent pipe may never end.

    Nothing here is an async generator: one that is left half-read wants to be closed, which nobody below does.
    """

    def __init__(self, body: MultipartBody) -> None:
        self._body = body
        self._reader: _Reader | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        self.stop()
        self._body.start()
        audio = self._body.audio
        if audio is not None and isinstance(audio.source, AsyncSource):
            if audio.replayable:
                audio.source.rewind(audio.start)
            return _Pieces(self._body, self._body.pieces(), audio.source)
        if self._body.is_in_memory:
            return _Pieces(self._body, self._body.pieces())
        self._reader = _Reader(self._body)
        return _Pieces(self._body, self._reader)

    def stop(self) -> None:
        """Has the thread end, if there is one."""
        if self._reader is not None:
            self._reader.stop()
            self._reader = None

    async def aclose(self) -> None:
        """As `stop`."""
        self.stop()


class _Reader:
    """A thread that reads a body ahead."""

    def __init__(self, body: MultipartBody) -> None:
        self._body = body
        self._items: queue.Queue[bytes | BaseException | None] = queue.Queue(DEPTH)
        self._is_over = False
        # Waiting for the thread takes another, which is not to be one of the program's.
        self._waiting = anyio.CapacityLimiter(1)
        threading.Thread(target=self._read, name="speechmatics-audio", daemon=True).start()

    def _read(self) -> None:
        try:
            for piece in self._body.pieces(BLOCK_SIZE):
                self._items.put(piece)
                if self._is_over:
                    return
            self._items.put(None)
        except BaseException as error:
            self._items.put(error)

    async def next_item(self) -> bytes | None:
        """The next piece; None at the end. Raises what reading raised."""
        try:
            item = self._items.get_nowait()
        except queue.Empty:
            item = await self._wait_for_item()
        if isinstance(item, BaseException):
            raise item
        return item

    async def _wait_for_item(self) -> bytes | BaseException | None:
        with anyio.move_on_after(current_exchange().left(None, httpcore.WriteTimeout)):
            return await anyio.to_thread.run_sync(self._items.get, abandon_on_cancel=True, limiter=self._waiting)
        raise httpx.WriteTimeout("the audio did not come within the time for the whole request")

    def stop(self) -> None:
        """Lets both threads go: that which may be putting something, and that which may still be waiting for it."""
        self._is_over = True
        with contextlib.suppress(queue.Empty):
            while True:
                self._items.get_nowait()
        with contextlib.suppress(queue.Full):
            self._items.put_nowait(None)


class _Pieces(AsyncIterator[bytes]):
    """The pieces of a body, as they are handed on."""

    def __init__(
        self, body: MultipartBody, pieces: Iterator[bytes] | _Reader, source: AsyncSource | None = None
    ) -> None:
        self._body = body
        self._source = source
        self._pieces = pieces
        self._last: bytes | None = None

    async def __anext__(self) -> bytes:
        if self._last is not None:
            self._body.count(self._last)
            self._last = None
        if self._source is not None:
            await self._source.fetch()
        piece = await self._pieces.next_item() if isinstance(self._pieces, _Reader) else next(self._pieces, None)
        if piece is None:
            raise StopAsyncIteration
        self._body.hand_on(piece)
        self._last = piece
        return piece
