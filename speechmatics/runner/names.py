"""Names of outputs: each keeps the tree and the whole name of its source, in a form that every system allows."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePath, PurePosixPath
from urllib.parse import unquote, urlsplit

__all__ = ["name_of_file", "name_of_stored", "name_of_url"]

MAX_BYTES = 200
"""Bytes of a part of a path; file systems allow 255, and a suffix follows."""
_FORBIDDEN = re.compile(r'[<>:"\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Names of devices on Windows, whatever follows them."""


def name_of_file(path: PurePath) -> str:
    """The name of a file's outputs without their suffix: its path where that is relative and goes down, else its name.

    Example:
        >>> name_of_file(PurePosixPath("calls/a.wav")), name_of_file(PurePosixPath("/data/a:b.wav"))
        ('calls/a.wav', 'a_b.wav')
    """
    parts = [part for part in path.parts if part != "."]
    if path.is_absolute() or ".." in parts:
        parts = parts[-1:]
    return _safe(parts)


def name_of_url(url: str) -> str:
    """The name of the outputs of a URL: its host and path.

    Example:
        >>> name_of_url("https://example.com/calls/my%20call.wav?signature=x")
        'example.com/calls/my call.wav'
    """
    parts = urlsplit(url)
    path = [unquote(part) for part in parts.path.split("/") if part not in ("", ".", "..")]
    return _safe([parts.hostname or "audio", *path])


def name_of_stored(url: str) -> str:
    """The name of the outputs of a file in a store: its bucket and key, in which `%`, `?` and `#` mean nothing more.

    Example:
        >>> name_of_stored("s3://bucket/calls/100%25?.wav")
        'bucket/calls/100%25_.wav'
    """
    parts = url.partition("://")[2].split("/")
    return _safe([part for part in parts if part not in ("", ".", "..")] or ["audio"])


def _safe(parts: list[str]) -> str:
    return str(PurePosixPath(*[_safe_part(part) for part in parts]))


def _safe_part(part: str) -> str:
    safe = _FORBIDDEN.sub("_", part.replace("/", "_"))
    stripped = safe.rstrip(". ")
    safe = stripped + "_" * (len(safe) - len(stripped))
    if _RESERVED.fullmatch(safe):
        safe = f"_{safe}"
    encoded = safe.encode("utf-8", "replace")
    if len(encoded) > MAX_BYTES:
        digest = hashlib.sha256(part.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        safe = f"{encoded[: MAX_BYTES - 13].decode('utf-8', 'ignore')}-{digest}"
    return safe or "_"
