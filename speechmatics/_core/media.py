"""The audio argument as a multipart body that is streamed, never read whole, and can be sent again where possible."""

from __future__ import annotations

import io
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import IO

from speechmatics.exceptions import AudioError, AudioNotFoundError, AudioNotReadableError

__all__ = ["Audio", "AudioInput", "MultipartBody", "open_audio"]

AudioInput = str | os.PathLike[str] | bytes | IO[bytes] | tuple[str, bytes | IO[bytes]]
"""What audio may be given as: a path, bytes, a binary file object, or a file name with one of the latter two."""

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
_DEFAULT_NAME = "audio"


@dataclass(frozen=True, slots=True)
class Audio:
    """Audio that can be read for sending.

    Attributes:
        name: File name told to the service.
        size: Bytes, or None where the stream does not say.
        source: Where the bytes are.
        start: Where in a file object they begin.
        head: Bytes already taken from a file object that cannot be rewound.
        limit: Bytes that must not be reached, or None.
    """

    name: str
    size: int | None
    source: Path | bytes | IO[bytes] = field(repr=False)
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
                    yield from _read_all(file, chunk_size)
            except OSError as error:
                raise AudioNotReadableError(f"cannot read {self.source}: {error.strerror}") from None
        else:
            if self.replayable:
                self.source.seek(self.start)
            if self.head:
                yield self.head
            yield from _read_all(self.source, chunk_size)


class MultipartBody:
    """The body of a submission: the configuration, and the audio if there is any.

    Args:
        config: The configuration's JSON.
        audio: The audio.
        on_progress: Called with the bytes of audio that the network has taken so far, and those in all where that is
            known; from the beginning each time the body is sent again.

    Attributes:
        is_being_sent: Whether a piece of it has been handed on.
        is_observed: Whether the network tells of what it writes, by `begin_write`.
        callers_error: What the audio or `on_progress` raised, if anything.
    """

    def __init__(
        self, config: str, audio: Audio | None, on_progress: Callable[[int, int | None], None] | None = None
    ) -> None:
        self.audio = audio
        self.is_being_sent = False
        self.is_observed = False
        self.callers_error: BaseException | None = None
        self._on_progress = on_progress
        self._begun = False
        self._is_handed_on = False
        self._is_given = False
        self._sent = 0
        self._boundary = secrets.token_hex(16)
        self._before = self._part('name="config"', "application/json") + config.encode() + b"\r\n"
        self._after = b"--" + self._boundary.encode() + b"--\r\n"
        if audio is not None:
            name = _quoted(audio.name)
            self._before += self._part(f'name="data_file"; filename={name}', audio.content_type)
            self._after = b"\r\n" + self._after

    def __repr__(self) -> str:
        return f"MultipartBody(audio={self.audio.name if self.audio else None!r}, length={self.length})"

    def __iter__(self) -> Iterator[bytes]:
        self.start()
        for piece in self.pieces():
            self.hand_on(piece)
            yield piece
            self.count(piece)

    def pieces(self, chunk_size: int = CHUNK_SIZE) -> Iterator[bytes]:
        """The pieces of the body, read as they are asked for; audio at most so many bytes at once.

        Raises:
            AudioError: The audio cannot be read, or a second time, or has changed.
        """
        yield self._before
        if self.audio is not None:
            try:
                self._begin(self.audio)
                yield from self.audio.chunks(chunk_size)
            except Exception as error:
                self.callers_error = error
                raise
        yield self._after

    def start(self) -> None:
        """Nothing has been handed on yet, or it is to be handed on once more."""
        self.is_being_sent = self._is_handed_on = self._is_given = False
        self._sent = 0

    def hand_on(self, piece: bytes) -> None:
        """Notes that a piece goes to the network."""
        self.is_being_sent = True
        self._is_handed_on = piece is self._after

    def begin_write(self) -> None:
        """Notes that what was handed on is being written: from now on it may have arrived."""
        self._is_given = self._is_handed_on

    def count(self, piece: bytes) -> None:
        """Tells the program of a piece that the network took."""
        if self.audio is not None and piece is not self._before and piece is not self._after:
            self._sent += len(piece)
            if self._on_progress is not None:
                try:
                    self._on_progress(self._sent, self.audio.size)
                except BaseException as error:
                    self.callers_error = error
                    raise

    @property
    def is_in_memory(self) -> bool:
        """Whether no file is read for it."""
        return self.audio is None or isinstance(self.audio.source, bytes)

    @property
    def is_given(self) -> bool:
        """Whether the piece with the closing boundary may have left: before that there can be no job.

        Where no network of ours observes the writing, it counts as given as soon as it is handed on.
        """
        return self._is_given if self.is_observed else self._is_handed_on

    @property
    def replayable(self) -> bool:
        """Whether the body can be sent once more."""
        return self.audio is None or self.audio.replayable or not self._begun

    def _begin(self, audio: Audio) -> None:
        if not self.replayable:
            raise AudioError(f"{audio.name} cannot be rewound and sent again")
        self._begun = True

    @property
    def length(self) -> int | None:
        """Bytes in all, or None where the audio does not say."""
        size = 0 if self.audio is None else self.audio.size
        return None if size is None else len(self._before) + size + len(self._after)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that describe the body; without a length it goes in chunks."""
        headers = {"Content-Type": f"multipart/form-data; boundary={self._boundary}"}
        if self.length is None:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(self.length)
        return headers

    def _part(self, disposition: str, content_type: str) -> bytes:
        lines = f"--{self._boundary}", f"Content-Disposition: form-data; {disposition}", f"Content-Type: {content_type}"
        return "\r\n".join([*lines, "", ""]).encode(errors="replace")


def open_audio(audio: AudioInput, *, limit: int | None = None) -> Audio:
    """Looks at audio before anything is sent.

    Args:
        audio: A path (`~` is expanded), bytes, a binary file object (from where it stands), or a tuple of a file name
            and bytes or a file object.
        limit: The audio must be smaller than this many bytes; None for no limit.

    Raises:
        AudioNotFoundError: There is no such file.
        AudioNotReadableError: The file cannot be read.
        AudioError: The audio is empty, too large, or of a wrong type.
    """
    found = _find(audio, limit)
    if found.size == 0:
        raise AudioError(f"{found.name} is empty: there is nothing to transcribe")
    if limit is not None and found.size is not None and found.size >= limit:
        raise AudioError(_too_large(found.name, found.size, limit))
    return found


def _find(audio: AudioInput, limit: int | None) -> Audio:
    if isinstance(audio, str | os.PathLike):
        return _find_file(Path(audio).expanduser(), limit)
    try:
        name, content = audio if isinstance(audio, tuple) else ("", audio)
    except ValueError:
        raise AudioError("a tuple of audio has two parts: a file name, and bytes or a file object") from None
    if isinstance(content, bytes | bytearray):
        return Audio(name or _DEFAULT_NAME, len(content), bytes(content), limit=limit)
    return _find_stream(name, content, limit)


def _find_file(path: Path, limit: int | None) -> Audio:
    try:
        # A pipe says nothing of its size, and opening one may wait forever.
        if stat.S_ISFIFO(kind := path.stat().st_mode) or stat.S_ISCHR(kind):
            raise AudioError(f"{path} is no regular file; open it, and give the file object")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        raise AudioNotFoundError(f"there is no audio file at {path}") from None
    except OSError as error:
        raise AudioNotReadableError(f"cannot read the audio file {path}: {error.strerror}") from None
    return Audio(path.name, size, path, limit=limit)


def _find_stream(name: str, stream: IO[bytes], limit: int | None) -> Audio:
    read = getattr(stream, "read", None)
    if not callable(read):
        raise AudioError(
            "audio must be a path, bytes, a binary file object, or a tuple of a file name and bytes or a file object, "
            f"not {type(stream).__name__}"
        )
    name = name or _name_of(stream)
    try:
        nothing = read(0)
    except (OSError, ValueError) as error:
        raise AudioNotReadableError(f"cannot read the audio file object {name}: {error}") from None
    if not isinstance(nothing, bytes):
        raise AudioError("the audio file object is in text mode; open it in binary mode")
    try:
        start = stream.tell()
        end = stream.seek(0, io.SEEK_END)
        stream.seek(start)
    except (AttributeError, OSError):
        head = _read_some(stream, CHUNK_SIZE)
        if not head:
            raise AudioError(f"{name} is empty: there is nothing to transcribe") from None
        return Audio(name, None, stream, head=head, limit=limit)
    return Audio(name, max(end - start, 0), stream, start=start, limit=limit)


def _name_of(stream: object) -> str:
    name = getattr(stream, "name", None)
    return PurePath(name).name if isinstance(name, str) and PurePath(name).name else _DEFAULT_NAME


def _quoted(name: str) -> str:
    for character, replacement in (("\\", "\\\\"), ('"', '\\"'), ("\r", "%0D"), ("\n", "%0A")):
        name = name.replace(character, replacement)
    return f'"{name}"'


def _read_all(stream: IO[bytes], chunk_size: int) -> Iterator[bytes]:
    while chunk := _read_some(stream, chunk_size):
        yield chunk


def _read_some(stream: IO[bytes], chunk_size: int) -> bytes:
    chunk: bytes | None = stream.read(chunk_size)
    if chunk is None:
        raise AudioNotReadableError(
            "the audio file object is non-blocking, and has nothing to read at the moment; give one that blocks"
        )
    return chunk


def _too_large(name: str, size: int, limit: int) -> str:
    return (
        f"{name} has {size} bytes, and an upload must stay below {limit}; larger audio goes through fetch_data, "
        "and the setting max_upload_bytes moves the limit for servers of one's own"
    )
