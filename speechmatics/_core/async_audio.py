"""File objects whose `read` is awaited: their audio is read on the event loop that they belong to."""

from __future__ import annotations

import inspect
import io
from typing import Any

from speechmatics._core.audio import Audio, check_size, checked, unreadable
from speechmatics._core.audio_input import attribute_of, content_of, name_of

__all__ = ["BLOCK_SIZE", "AsyncSource", "open_async_audio"]

BLOCK_SIZE = 1024 * 1024
"""Bytes read at once."""


class AsyncSource:
    """The bytes of such a file object: `fetch` awaits the next block, and `read` hands it on.

    Args:
        file: The file object.
        name: Its name, for errors.
    """

    def __init__(self, file: Any, name: str) -> None:
        self._file = file
        self._name = name
        self._block: bytes | None = None
        self._position: int | None = None
        self._is_over = False

    async def fetch(self, size: int = BLOCK_SIZE) -> None:
        """Sees to it that `read` has something to hand on."""
        if self._block is None and not self._is_over:
            if self._position is not None:
                await self._call("seek", self._position)
                self._position = None
            self._block = checked(self._name, await self._call("read", size))

    def read(self, size: int) -> bytes:
        """The block that was fetched; none at the end, whatever the size."""
        block, self._block = self._block or b"", None
        self._is_over = not block
        return block

    def seek(self, position: int) -> None:
        """Nothing is left to do: `rewind` did it."""

    def rewind(self, position: int) -> None:
        """The next block that is fetched is that at a position."""
        self._block, self._position, self._is_over = None, position, False

    async def span(self) -> tuple[int, int] | None:
        """Where the bytes begin and end; None where the file object cannot say, or cannot be rewound."""
        try:
            start, end = await self._find_span()
            await self._call("seek", start)
        except Exception:  # whatever it is, the file object is read from where it stands
            return None
        return (start, end) if isinstance(start, int) and isinstance(end, int) else None

    async def _find_span(self) -> tuple[Any, Any]:
        if callable(attribute_of(self._file, "tell")):
            start = await self._call("tell")
            end = await self._call("seek", 0, io.SEEK_END)
            return start, await self._call("tell") if end is None else end
        # An UploadFile does not say where it stands, but the file within does, and it knows its size.
        return self._file.file.tell(), self._file.size

    async def _call(self, method: str, *args: object) -> Any:
        try:
            given = getattr(self._file, method)(*args)
            return await given if inspect.isawaitable(given) else given
        except Exception as error:
            raise unreadable(self._name, error) from error


async def open_async_audio(audio: object, *, limit: int | None) -> Audio:
    """Looks at a file object whose `read` is awaited, or a tuple of a file name and one, before anything is sent.

    Raises:
        AudioNotReadableError: It cannot be read.
        AudioError: It is empty, too large, or in text mode.
    """
    name, file = content_of(audio)
    name = name or name_of(file)
    source = AsyncSource(file, name)
    await source.fetch(0)
    nothing = source.read(0)
    span = None if nothing else await source.span()
    if span is not None:
        source.rewind(span[0])
        return check_size(Audio(name, max(span[1] - span[0], 0), source, start=span[0], limit=limit))
    source = AsyncSource(file, name)
    if not nothing:
        await source.fetch()
    head = nothing or source.read(BLOCK_SIZE)
    return check_size(Audio(name, None if head else 0, source, head=head, limit=limit))
