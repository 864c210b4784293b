"""The body of an async submission, read by a thread of its own, so that an event loop never waits for a file."""

from __future__ import annotations

import queue
import threading
from collections.abc import AsyncIterator

import anyio
import anyio.to_thread

from speechmatics._core.media import MultipartBody

__all__ = ["ReadAhead"]

BLOCK_SIZE = 1024 * 1024
"""Bytes read at once."""
DEPTH = 2
"""Blocks that are read ahead at most."""


class ReadAhead:
    """A submission's body for an `httpx.AsyncClient`.

    A thread reads it some blocks ahead; audio that is in memory needs none. A read that is cancelled is left behind
    with its thread, which is a daemon and not one of the program's: one from a silent pipe may never end.
    """

    def __init__(self, body: MultipartBody) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = self._body
        body.start()
        if body.is_in_memory:
            for piece in body.pieces():
                body.hand_on(piece)
                yield piece
                body.count(piece)
            return
        reader = _Reader(body)
        try:
            while (item := await reader.next_item()) is not None:
                body.hand_on(item)
                yield item
                body.count(item)
        finally:
            reader.stop()


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
