"""The audio of a page: what its element names, and what the page's policy therefore lets it load."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from speechmatics._errors import InvalidInputError

__all__ = ["Sound", "sound_of"]

_KINDS = (
    (b"RIFF", 0, "audio/wav"),
    (b"ID3", 0, "audio/mpeg"),
    (b"\xff\xfb", 0, "audio/mpeg"),
    (b"\xff\xf3", 0, "audio/mpeg"),
    (b"fLaC", 0, "audio/flac"),
    (b"OggS", 0, "audio/ogg"),
    (b"ftyp", 4, "audio/mp4"),
    (b"\x1aE\xdf\xa3", 0, "audio/webm"),
)
"""What files begin with, and where."""
_BREAKS = re.compile(r"[\x00-\x20\x7f]")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?")
_SCHEMES = ("http", "https", "file")


@dataclass(frozen=True, slots=True)
class Sound:
    """Where audio is loaded from."""

    source: str
    """The URL, not escaped."""
    policy: str
    """Value of `media-src` in a Content-Security-Policy."""


def sound_of(audio: object) -> Sound | None:
    """What is loaded for the argument `audio` of `to_html`.

    Raises:
        InvalidInputError: It is no URL that audio can be loaded from, or nothing at all.
    """
    if audio is None:
        return None
    if isinstance(audio, bytes):
        return Sound(f"data:{_kind_of(audio)};base64,{base64.b64encode(audio).decode()}", "data:")
    if not isinstance(audio, str):
        raise InvalidInputError(_expected(type(audio).__name__))
    source = audio.strip(" ").replace(" ", "%20")
    if not source or _BREAKS.search(source):
        raise InvalidInputError(f"audio must be a URL or a path relative to the page, not {audio!r}")
    try:
        parts = urlsplit(source)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        raise InvalidInputError(f"audio is no URL: {audio!r}") from None
    if parts.scheme and parts.scheme not in _SCHEMES:
        raise InvalidInputError(
            f"audio is loaded by http, https or file, not by {parts.scheme!r}; a relative path with a colon in its "
            f"name begins with './'"
        )
    if not host:
        return Sound(source, "'self' file:")
    if not _HOST.fullmatch(host):
        return Sound(source, f"{parts.scheme}:" if parts.scheme else "https: http:")
    return Sound(source, f"{parts.scheme}://{host}" if parts.scheme else host)


def _kind_of(audio: bytes) -> str:
    for signature, position, kind in _KINDS:
        if audio.startswith(signature, position):
            return kind
    return "application/octet-stream"


def _expected(kind: str) -> str:
    return f"audio must be a URL or relative path (str), or the audio itself (bytes, as of read_bytes()), not {kind}"
