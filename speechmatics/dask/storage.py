"""Files by fsspec URLs (`s3://…`, `gs://…`, paths), with the credentials that the environment of a process has."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from typing_extensions import TypeIs

from speechmatics.exceptions import InvalidInputError

__all__ = ["as_url", "exists", "find_files", "name_of", "open_file", "read_file", "write_file"]

_GLOB = frozenset("*?[")


def as_url(value: object) -> str:
    """A path or URL that may stand in a task.

    Raises:
        InvalidInputError: It is neither, or has a password in it, which each task would show.
    """
    if not _is_path(value):
        raise InvalidInputError(f"a file must be a path or a URL, not {type(value).__name__}")
    url = os.fspath(value)
    if not url:
        raise InvalidInputError("a file must be a path or a URL, and not empty")
    try:
        has_password = "://" in url and urlsplit(url).password is not None
    except ValueError:
        has_password = False
    if has_password:
        raise InvalidInputError(
            "a URL has a password in it, which each task would show; credentials come from the workers' environment"
        )
    return url


def find_files(files: object) -> Iterator[str]:
    """The URLs of one or more files; a pattern with `*`, `?` or `[` is looked up, in the order of names.

    Raises:
        InvalidInputError: Something is neither a path nor a URL.
    """
    for file in [files] if _is_path(files) else _several(files):
        url = as_url(file)
        if not _GLOB.isdisjoint(url):
            filesystem, path = _filesystem(url)
            found = sorted(filesystem.glob(path))
            yield from map(filesystem.unstrip_protocol, found) if "://" in url else found
        else:
            yield url


def name_of(url: str) -> str:
    """The name of a file, without folders and what follows a `?`."""
    return url.partition("?")[0].rstrip("/").replace("\\", "/").rpartition("/")[2] or "audio"


@contextmanager
def open_file(url: str) -> Generator[BinaryIO]:
    """A file that is read.

    Raises:
        OSError: There is none, or it cannot be read.
    """
    filesystem, path = _filesystem(url)
    with filesystem.open(path, "rb") as file:
        yield file


def read_file(url: str) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: There is none, or it cannot be read.
    """
    with open_file(url) as file:
        return file.read()


def write_file(url: str, data: bytes) -> None:
    """Writes a file, which is there once all of it is.

    Raises:
        OSError: It cannot be written.
    """
    filesystem, path = _filesystem(url)
    if "file" in filesystem.protocol:  # elsewhere folders are no more than a part of names
        filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
    with filesystem.open(path, "wb", autocommit=False) as file:
        file.write(data)
    file.commit()


def exists(url: str) -> bool:
    """Whether there is such a file now, whatever was seen earlier."""
    filesystem, path = _filesystem(url)
    filesystem.invalidate_cache()
    found: bool = filesystem.exists(path)
    return found


def _is_path(value: object) -> TypeIs[str | os.PathLike[str]]:
    return isinstance(value, str | os.PathLike)


def _several(files: object) -> Iterable[object]:
    if not _is_several(files):
        raise InvalidInputError(f"files must be one or more paths or URLs, not {type(files).__name__}")
    return files


def _is_several(value: object) -> TypeIs[Iterable[object]]:
    return isinstance(value, Iterable) and not isinstance(value, bytes | Mapping)


def _filesystem(url: str) -> tuple[Any, str]:
    filesystem, path = import_module("fsspec.core").url_to_fs(url)
    return filesystem, path
