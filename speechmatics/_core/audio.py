"""Audio that can be sent: its bytes, never all of them in memory, and what may go wrong while they are read."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Protocol

from typing_extensions import TypeIs

from speechmatics.exceptions import AudioError, AudioNotReadableError

__all__ = ["CHUNK_SIZE", "Audio", "AudioSource", "Stream", "check_size", "checked", "is_bytes", "unreadable"]


class AudioSource(Protocol):
    """Bytes in order."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, so many at most; none at the end."""
        ...

    def seek(self, position: int, /) -> object:
        """Goes to a position from which the next bytes are read."""
        ...


CHUNK_SIZE = 512 * 1024
"""Bytes read and sent at once."""

_CONTENT_TYPES = {
    ".aac": "audio/aac",
    ".amr": "audio/amr",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".mpeg": "video/mpeg",
    ".mpg": "video/mpeg",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
}


@dataclass(frozen=True, slots=True)
class Audio:
    """Audio that can be read for sending.

    Attributes:
        name: File name sent to the service.
        size: Bytes, or None where the stream does not say.
        source: Where the bytes are.
        start: Where in a file object they begin.
        head: Bytes already taken from a file object that cannot be rewound.
        limit: Bytes that must not be reached, or None.
    """

    name: str
    size: int | None
    source: Path | bytes | AudioSource = field(repr=False)
    start: int = 0
    head: bytes = field(default=b"", repr=False)
    limit: int | None = None

    @property
    def replayable(self) -> bool:
        """Whether the bytes can be read a second time."""
        return self.size is not None

    @property
    def content_type(self) -> str:
        """The media type by the name's ending, from this package's own table."""
        return _CONTENT_TYPES.get(PurePath(self.name).suffix.lower(), "application/octet-stream")

    def chunks(self, size: int = CHUNK_SIZE) -> Iterator[bytes]:
        """The bytes from the start, at most so many at once.

        Raises:
            AudioError: There are more or fewer than at first.
            AudioNotReadableError: They cannot be read any more.
        """
        sent = 0
        for chunk in self._read(size):
            sent += len(chunk)
            if self.size is not None and sent > self.size:
                raise AudioError(f"{self.name} grew beyond its {self.size} bytes while it was sent; no job was created")
            if self.limit is not None and sent >= self.limit:
                raise AudioError(_too_large(self.name, sent, self.limit))
            yield chunk
        if self.size is not None and sent < self.size:
            raise AudioError(
                f"{self.name} shrank from {self.size} to {sent} bytes while it was sent; no job was created"
            )

    def _read(self, chunk_size: int) -> Iterator[bytes]:
        if isinstance(self.source, bytes):
            view = memoryview(self.source)
            for position in range(0, len(view), chunk_size):
                yield bytes(view[position : position + chunk_size])
        elif isinstance(self.source, Path):
            try:
                with self.source.open("rb") as file:
                    yield from _read_all(file.read, chunk_size)
            except OSError as error:
                raise AudioNotReadableError(f"cannot read {self.source}: {error.strerror}") from None
        else:
            if self.replayable:
                self.source.seek(self.start)
            if self.head:
                yield self.head
            yield from _read_all(self.source.read, chunk_size)


def _read_all(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    while chunk := read(size):
        yield chunk


def check_size(audio: Audio) -> Audio:
    """The audio, if there is some, and not too much.

    Raises:
        AudioError: It is empty or too large.
    """
    if audio.size == 0:
        raise AudioError(f"{audio.name} is empty: there is nothing to transcribe")
    if audio.limit is not None and audio.size is not None and audio.size >= audio.limit:
        raise AudioError(_too_large(audio.name, audio.size, audio.limit))
    return audio


class Stream:
    """A file object of the caller's; what goes wrong with it is an `AudioNotReadableError`."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self._name = name

    def read(self, size: int) -> bytes:
        """The next bytes; none at the end."""
        try:
            piece: object = self._stream.read(size)
        except Exception as error:
            raise unreadable(self._name, error) from error
        return checked(self._name, piece)

    def seek(self, position: int) -> None:
        """Goes back, for the bytes to be sent once more."""
        try:
            self._stream.seek(position)
        except Exception as error:
            raise unreadable(self._name, error) from error

    def span(self) -> tuple[int, int] | None:
        """Where the bytes begin and end; None where the stream cannot say, or cannot be rewound."""
        try:
            start: object = self._stream.tell()
            end: object = self._stream.seek(0, io.SEEK_END)
            if end is None:  # as a map of a file has it
                end = self._stream.tell()
            self._stream.seek(start)
        except Exception:  # whatever it is, the stream is read from where it stands
            return None
        return (start, end) if isinstance(start, int) and isinstance(end, int) else None


def unreadable(name: str, error: Exception) -> AudioNotReadableError:
    """The error for what a file object of the caller's raised; only what Python itself says of it is quoted."""
    reason = error.strerror if isinstance(error, OSError) else None
    if reason is None and type(error) in (ValueError, io.UnsupportedOperation):
        reason = str(error)
    return AudioNotReadableError(f"cannot read the audio file object {name}: {reason or type(error).__name__}")


def checked(name: str, piece: object) -> bytes:
    """What was read of a file object, if it is bytes.

    Raises:
        AudioError: It is not.
    """
    if is_bytes(piece):
        return bytes(piece)
    if piece is None:
        raise AudioNotReadableError(
            "the audio file object is non-blocking, and has nothing to read at the moment; give one that blocks"
        )
    if isinstance(piece, str):
        raise AudioError(f"the audio file object {name} is in text mode; open it in binary mode")
    if inspect.iscoroutine(piece):
        piece.close()
    raise AudioError(f"the audio file object {name} gives {type(piece).__name__}, not bytes")


def is_bytes(value: object) -> TypeIs[bytes | bytearray | memoryview[int]]:
    """Whether something is bytes in memory."""
    return isinstance(value, bytes | bytearray | memoryview)


def _too_large(name: str, size: int, limit: int) -> str:
    return (
        f"{name} has {size} bytes, and an upload must stay below {limit}; larger audio goes through fetch_data, "
        "and the setting max_upload_bytes moves the limit for servers on premises"
    )
