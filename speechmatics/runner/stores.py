"""Audio in stores (`s3://`, `gs://`, `az://` and others), by fsspec and its package for each, where these are there."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from speechmatics.exceptions import InvalidInputError

__all__ = ["describe", "find_in_store", "is_store_url", "open_in_store"]

SIGNED_SECONDS = 24 * 3600
"""Seconds for which a signed URL holds, as the service may fetch late."""
_STORE_URL = re.compile(r"(?!https?:|file:)[A-Za-z][A-Za-z0-9+.-]+://", re.IGNORECASE)


def is_store_url(text: str) -> bool:
    """Whether text is a URL of a store."""
    return _STORE_URL.match(text) is not None


def find_in_store(url: str, extensions: frozenset[str]) -> Iterator[str]:
    """The URLs of the files that are meant, in a steady order: one, the audio of a folder, or those of a pattern.

    Raises:
        InvalidInputError: There is none, the store cannot be asked, or fsspec or what it needs is not installed.
    """
    try:
        files, path = _store(url)
        if any(mark in path for mark in "*?["):
            found = [each for each in sorted(files.glob(path)) if not files.isdir(each)]
        elif files.isdir(path):
            found = [each for each in sorted(files.find(path)) if _suffix(each) in extensions]
        else:
            found = [path] if files.exists(path) else []
        names = [str(files.unstrip_protocol(each)) for each in found]
    except InvalidInputError:
        raise
    except Exception as error:  # whatever the store's package raises
        raise InvalidInputError(f"{url} cannot be read: {error}") from None
    if not names:
        raise InvalidInputError(f"there is no audio at {url}")
    yield from names


def describe(url: str) -> tuple[int | None, str]:
    """How many bytes a file has, where that is known, and what tells it from another one at its place.

    Raises:
        OSError: The store does not say.
    """
    try:
        files, path = _store(url)
        info: dict[str, Any] = files.info(path)
    except Exception as error:  # whatever the store's package raises
        raise OSError(str(error)) from None
    size = info.get("size")
    marks = (info.get(name) for name in ("ETag", "etag", "md5Hash", "mtime", "LastModified", "created"))
    return size, f"{size}-{next((mark for mark in marks if mark is not None), '')}"


def open_in_store(url: str) -> str | BinaryIO:
    """A signed URL from which the service can fetch a file, or the file itself where the store signs none.

    Raises:
        OSError: It cannot be opened.
    """
    try:
        files, path = _store(url)
        try:
            return str(files.sign(path, expiration=SIGNED_SECONDS))
        except (NotImplementedError, AttributeError):
            opened: BinaryIO = files.open(path, "rb")
            return opened
    except Exception as error:  # whatever the store's package raises
        raise OSError(str(error)) from None


def _store(url: str) -> tuple[Any, str]:
    if importlib.util.find_spec("fsspec") is None:
        raise InvalidInputError(f"{url.partition('://')[0]}:// needs fsspec: pip install fsspec")
    found: tuple[Any, str] = importlib.import_module("fsspec.core").url_to_fs(url)
    return found


def _suffix(path: str) -> str:
    name = path.rpartition("/")[2]
    return f".{name.rpartition('.')[2].lower()}" if "." in name else ""
