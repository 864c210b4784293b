"""The audio argument: what is taken, and what is said of the rest before anything is sent."""

from __future__ import annotations

import inspect
import os
import stat
from collections.abc import Awaitable
from pathlib import Path, PurePath
from typing import IO, Protocol

from typing_extensions import TypeIs

from speechmatics._core.arguments import is_path
from speechmatics._core.audio import CHUNK_SIZE, Audio, Stream, check_size, is_bytes
from speechmatics._urls import bare_url, is_url
from speechmatics.exceptions import AudioError, AudioNotFoundError, AudioNotReadableError, InvalidInputError
from speechmatics.models.config import looks_like_json

__all__ = [
    "AsyncAudioInput",
    "AsyncFile",
    "AudioInput",
    "attribute_of",
    "content_of",
    "is_awaited",
    "is_in_memory",
    "label_of",
    "name_of",
    "not_awaited",
    "open_audio",
]


class AsyncFile(Protocol):
    """A file object whose `read` is awaited: of aiofiles, of `anyio.open_file`, an `UploadFile` of Starlette."""

    def read(self, size: int = -1, /) -> Awaitable[bytes]:
        """The next bytes, so many at most; none at the end."""
        ...


AudioInput = str | os.PathLike[str] | bytes | IO[bytes] | tuple[str | os.PathLike[str], bytes | IO[bytes]]
"""What audio may be given as: a path, bytes, a binary file object, or a file name with one of the latter two."""
AsyncAudioInput = AudioInput | AsyncFile | tuple[str | os.PathLike[str], AsyncFile]
"""The same for an async client, which takes file objects too whose `read` is awaited."""

DEFAULT_NAME = "audio"


def open_audio(audio: AsyncAudioInput | Audio, *, limit: int | None = None) -> Audio:
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
    return audio if isinstance(audio, Audio) else check_size(_find(audio, limit))


def _find(audio: AsyncAudioInput, limit: int | None) -> Audio:
    if is_path(audio):
        return _find_file(_path_of(audio), limit)
    name, content = content_of(audio)
    if is_bytes(content):
        held = bytes(content)
        return Audio(name or DEFAULT_NAME, len(held), held, limit=limit)
    return _find_stream(name, content, limit)


def content_of(audio: object) -> tuple[str, object]:
    """The file name that audio is given with, if any, and what it is.

    Raises:
        AudioError: It is a tuple of something else.
    """
    if not _is_tuple(audio):
        return "", audio
    if len(audio) != 2:
        raise AudioError(
            f"a tuple of audio has two parts, a file name, and bytes or a file object; this one has {len(audio)}"
        )
    name, content = audio
    if name is None:
        return "", content
    if not is_path(name):
        raise AudioError(f"the first part of a tuple of audio is a file name, not {type(name).__name__}")
    return _file_name(name if isinstance(name, str) else PurePath(_text_of(name)).name), content


def is_in_memory(audio: object) -> bool:
    """Whether looking at audio cannot block: it is bytes, with a name or without."""
    return isinstance(audio[-1] if _is_tuple(audio) and audio else audio, bytes)


def _file_name(name: str) -> str:
    """The name that a file is sent with: of a URL, whose query may be signed, its last part."""
    return PurePath(bare_url(name)).name if is_url(name) else name


def _is_tuple(value: object) -> TypeIs[tuple[object, ...]]:
    return isinstance(value, tuple)


def _text_of(path: str | os.PathLike[str]) -> str:
    try:
        return os.fsdecode(path)
    except Exception as error:  # what the caller's own class does
        raise AudioError(f"the audio is a {type(path).__name__} that gives no path") from error


def _path_of(audio: str | os.PathLike[str]) -> Path:
    text = _text_of(audio)
    if not text.strip():
        raise AudioError("the path of the audio is empty")
    if looks_like_json(text):
        raise AudioError("the audio is JSON text (it is not shown), where a path, bytes or a file object is meant")
    if is_url(text):
        raise AudioError(_use_fetch_data(text))
    if "\0" in text:
        raise AudioError(f"{text!r} is no path: it holds a NUL character")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise AudioNotFoundError(f"there is no audio file at {text}: nothing is known of that user's home") from None


def _use_fetch_data(text: str) -> str:
    """What to write in place of a URL, without what may be secret in it: who asks, and what is signed."""
    shown = bare_url(text)
    scheme = shown.partition(":")[0].lower()
    if scheme == "file":
        return f"{shown} is a URL; give the path of the file"
    line = 'submit_job(None, {"fetch_data": {"url": "%s"}, "transcription_config": {"language": "en"}})'
    if scheme in ("http", "https"):
        whole = ", with the whole URL" if "?" in text else ""
        return f"{shown} is a URL, which the service fetches itself by fetch_data: {line % shown}{whole}"
    return (
        f"{shown} is a URL of {scheme}; the service fetches https URLs by fetch_data, for instance one that is signed "
        f"for a while: {line % 'https://...'}"
    )


def label_of(audio: object) -> str | None:
    """What a message calls audio: its path or name, without what may be secret in it; None where it has none."""
    if isinstance(audio, Audio):
        return audio.name
    name = audio
    if _is_tuple(audio):
        name = audio[0] if audio else None
    elif not is_path(audio):
        name = _name_told_by(audio)
    try:
        text = os.fsdecode(name) if is_path(name) else ""
    except Exception:  # what the caller's own class does
        return None
    if not text or looks_like_json(text):
        return None
    return bare_url(text) if is_url(text) else text


def _find_file(path: Path, limit: int | None) -> Audio:
    try:
        if stat.S_ISDIR(kind := path.stat().st_mode):
            raise AudioNotReadableError(f"cannot read the audio file {path}: it is a folder")
        # A pipe or a device says nothing of its size, and opening one may wait forever.
        if not stat.S_ISREG(kind):
            raise AudioError(f"{path} is no regular file; open it, and give the file object")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        raise AudioNotFoundError(f"there is no audio file at {path}") from None
    except InvalidInputError:
        raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "this is no path"
        raise AudioNotReadableError(f"cannot read the audio file {path}: {reason}") from None
    return Audio(path.name, size, path, limit=limit)


def _find_stream(name: str, stream: object, limit: int | None) -> Audio:
    if not callable(attribute_of(stream, "read")):
        raise AudioError(
            "audio must be a path, bytes, a binary file object, or a tuple of a file name and bytes or a file object, "
            f"not {type(stream).__name__}"
        )
    name = name or name_of(stream)
    file = Stream(stream, name)
    nothing = file.read(0)
    if nothing:
        return Audio(name, None, file, head=nothing, limit=limit)
    span = file.span()
    if span is not None:
        return Audio(name, max(span[1] - span[0], 0), file, start=span[0], limit=limit)
    head = file.read(CHUNK_SIZE)
    return Audio(name, None if head else 0, file, head=head, limit=limit)


def not_awaited(audio: object) -> str:
    """What a client that blocks says of a file object whose `read` is awaited."""
    _, stream = content_of(audio)
    kind = type(stream).__name__
    advice = "its .file" if attribute_of(stream, "file") is not None else "a file object of open()"
    return f"the read of this {kind} is awaited, which AsyncBatchClient does; give BatchClient {advice}"


def is_awaited(audio: object) -> bool:
    """Whether audio is a file object, or a tuple of a file name and one, whose `read` is awaited."""
    content = audio[-1] if _is_tuple(audio) and audio else audio
    return not is_path(audio) and inspect.iscoroutinefunction(attribute_of(content, "read"))


def name_of(stream: object) -> str:
    """The file name that a file object tells of itself, or that which is used otherwise."""
    return PurePath(_file_name(_name_told_by(stream) or "")).name or DEFAULT_NAME


def _name_told_by(stream: object) -> str | None:
    for attribute in ("filename", "name"):
        name = attribute_of(stream, attribute)
        if isinstance(name, str) and name:
            return name
    return None


def attribute_of(value: object, name: str) -> object:
    """An attribute of what the caller gave, which may do as it likes; None where there is none."""
    try:
        return getattr(value, name, None)
    except Exception:
        return None
