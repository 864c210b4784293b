"""Audio in stores (`s3://`, `gs://`, `az://` and others): found with what is known of it, signed, or read."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, TextIO

from speechmatics._stores import BLOCK, is_store_url, lacks_bucket, naming_store, open_store
from speechmatics._urls import is_public_url
from speechmatics.exceptions import InvalidInputError

__all__ = ["StoredFile", "find_in_store", "is_store_url", "open_in_store", "open_text"]

SIGNED_SECONDS = 24 * 3600
"""Seconds for which a signed URL holds, as the service may fetch late."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a store.

    Attributes:
        url: Where it is.
        size: Its bytes; None where the store does not say.
        identity: What tells it from another one at its place.
    """

    url: str
    size: int | None
    identity: str


def find_in_store(url: str, extensions: frozenset[str]) -> Iterator[StoredFile]:
    """The files that are meant, in a steady order: one, the audio of a folder, or those of a pattern.

    Raises:
        InvalidInputError: There is none, the store cannot be asked, or fsspec or what it needs is not installed.
    """
    files, path = open_store(url)
    is_empty = True
    try:
        with naming_store(url):
            for name, info in _find(files, path, extensions):
                is_empty = False
                # One name for a file, however it was found; a version of it is in no listing.
                place = url if "?versionId=" in path else str(files.unstrip_protocol(name))
                yield StoredFile(place, info.get("size"), _identity(info))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise InvalidInputError(f"cannot read {error}") from None
    if is_empty:
        reason = " (there is no such bucket)" if lacks_bucket(files, url, path) else ""
        raise InvalidInputError(f"there is no audio at {url}{reason}")


def open_in_store(url: str, is_fetched: bool | None = None) -> str | BinaryIO:
    """A signed URL from which the service can fetch a file, or the file itself.

    Args:
        url: Where it is.
        is_fetched: Whether the service is to fetch it; None: where its store signs URLs that lead to a public host.

    Raises:
        OSError: It cannot be opened, or its store signs no URLs.
    """
    files, path = open_store(url)
    with naming_store(url):
        if is_fetched is not False:
            try:
                signed = str(files.sign(path, expiration=SIGNED_SECONDS))
            except (NotImplementedError, AttributeError) as error:
                if is_fetched:
                    raise OSError(f"its store signs no URLs ({error}); let it be uploaded") from None
            else:
                if is_fetched or is_public_url(signed):
                    return signed
        opened: BinaryIO = files.open(path, "rb", block_size=BLOCK)
        return opened


@contextmanager
def open_text(url: str) -> Generator[TextIO]:
    """A file of text in UTF-8.

    Raises:
        InvalidInputError: It cannot be opened.
    """
    files, path = open_store(url)
    try:
        with naming_store(url):
            file: BinaryIO = files.open(path, "rb", block_size=BLOCK)
    except OSError as error:
        raise InvalidInputError(f"cannot read {error}") from None
    with file, io.TextIOWrapper(file, encoding="utf-8-sig") as text:
        yield text


def _find(files: Any, path: str, extensions: frozenset[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names and what is known of each, by one listing."""
    files.invalidate_cache()  # what was seen earlier may have changed
    is_folder = False
    found: dict[str, dict[str, Any]]
    try:
        info: dict[str, Any] = files.info(path)
    except FileNotFoundError:
        if not any(mark in path for mark in "*?["):
            raise
        found = files.glob(path, detail=True)
    else:
        is_folder = info["type"] == "directory"
        found = files.find(path, detail=True) if is_folder else {path: info}
    files.invalidate_cache()  # which the package would keep for as long as the program runs
    for name in sorted(found):
        info = found.pop(name)
        is_file = info["type"] != "directory" and not name.endswith("/")
        if is_file and (not is_folder or _suffix(name) in extensions):
            yield name, info


def _identity(info: dict[str, Any]) -> str:
    marks = (info.get(name) for name in ("ETag", "etag", "md5Hash", "mtime", "LastModified", "created"))
    return f"{info.get('size')}-{next((mark for mark in marks if mark is not None), '')}"


def _suffix(path: str) -> str:
    name = path.rpartition("/")[2]
    return f".{name.rpartition('.')[2].lower()}" if "." in name else ""
