"""The body of an async submission, read by a thread of its own, so that an event loop never waits for a file."""

from __future__ import annotations

import queue
import threading
from collections.abc import AsyncIterator

import anyio
import anyio.to_thread
import httpx

from speechmatics._core.media import MultipartBody

__all__ = ["ReadAhead"]

BLOCK_SIZE = 1024 * 1024
"""Bytes read at once."""
DEPTH = 2
"""Blocks that are read ahead at most."""


class ReadAhead(httpx.AsyncByteStream):
    """A submission's body for an `httpx.AsyncClient`.

    A thread reads it some blocks ahead; audio that is in memory needs none. A read that is cancelled is left behind
    with its thread, which is a daemon and not one of the program's: one from a silent pipe may never end.
    """

    def __init__(self, body: MultipartBody) -> None:
        self._body = body
        self._pieces: _Pieces | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        # No async generator: one that is left half-read wants to be closed, which nobody does to a request's body.
        self.stop()
        self._pieces = _Pieces(self._body)
        return self._pieces

    def stop(self) -> None:
        """Nothing more is wanted of the body."""
        if self._pieces is not None:
            self._pieces.stop()


class _Pieces(AsyncIterator[bytes]):
    """The pieces of a body; each counts as taken when the next is asked for."""

    def __init__(self, body: MultipartBody) -> None:
        body.start()
        self._body = body
        self._taken: bytes | None = None
        self._in_memory = body.pieces() if body.is_in_memory else None
        self._reader = None if body.is_in_memory else _Reader(body)

    async def __anext__(self) -> bytes:
        if self._taken is not None:
            self._body.count(self._taken)
            self._taken = None
        piece = next(self._in_memory, None) if self._in_memory is not None else await self._next_read()
        if piece is None:
            raise StopAsyncIteration
        self._body.hand_on(piece)
        self._taken = piece
        return piece

    async def _next_read(self) -> bytes | None:
        return None if self._reader is None else await self._reader.next_item()

    def stop(self) -> None:
        """Ends the reading."""
        if self._reader is not None:
            self._reader.stop()
            self._reader = None


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
            item = await anyio.to_thread.run_sync(self._items.get, abandon_on_cancel=True, limiter=self._waiting)
        if isinstance(item, BaseException):
            raise item
        return item

    def stop(self) -> None:
        """Lets both threads go: that which may be putting something, and that which may still be waiting for it."""
        self._is_over = True
        while not self._items.empty():
            self._items.get_nowait()
        self._items.put_nowait(None)
