"""Files by fsspec URLs (`s3://…`, `gs://…`, paths), with the credentials that the environment of a process has."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import BinaryIO

from typing_extensions import TypeIs

from speechmatics._stores import (
    BLOCK,
    StoreError,
    has_password,
    is_store_url,
    lacks_bucket,
    naming_store,
    open_store,
    write_whole,
)
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
    if has_password(url):
        raise InvalidInputError(
            "a URL has a password in it, which each task would show; credentials come from the workers' environment"
        )
    return url


def find_files(files: object) -> Iterator[str]:
    """The URLs of one or more files; a pattern with `*`, `?` or `[` is looked up, in the order of names.

    Raises:
        InvalidInputError: Something is neither a path nor a URL, or a store cannot be asked for a pattern.
    """
    for file in [files] if _is_path(files) else _several(files):
        url = as_url(file)
        if _GLOB.isdisjoint(url):
            yield url
        else:
            yield from _matching(url)


def _matching(url: str) -> Iterator[str]:
    filesystem, path = open_store(url)
    try:
        with _naming(url):
            filesystem.invalidate_cache()  # what was seen earlier may have changed, by the workers
            found: list[str] = sorted(filesystem.glob(path))
            filesystem.invalidate_cache()  # which would be kept for as long as the program runs
            if not found and lacks_bucket(filesystem, url, path):
                raise StoreError(f"{url}: there is no such bucket")
    except OSError as error:
        raise InvalidInputError(f"cannot read {error}") from None
    yield from map(filesystem.unstrip_protocol, found) if "://" in url else found


def name_of(url: str) -> str:
    """The name of a file, without folders and what follows a `?`."""
    return url.partition("?")[0].rstrip("/").replace("\\", "/").rpartition("/")[2] or "audio"


@contextmanager
def open_file(url: str) -> Generator[BinaryIO]:
    """A file that is read.

    Raises:
        InvalidInputError: A package that its store needs is not installed.
        OSError: There is none, or it cannot be read.
    """
    filesystem, path = open_store(url)
    with _naming(url):
        file: BinaryIO = filesystem.open(path, "rb", block_size=BLOCK)
    with file:
        yield file


def read_file(url: str) -> bytes:
    """The bytes of a file.

    Raises:
        InvalidInputError: A package that its store needs is not installed.
        OSError: There is none, or it cannot be read.
    """
    filesystem, path = open_store(url)
    with _naming(url):
        data: bytes = filesystem.cat_file(path)
    return data


def write_file(url: str, data: bytes) -> None:
    """Writes a file, which is there once all of it is.

    Raises:
        InvalidInputError: A package that its store needs is not installed.
        OSError: It cannot be written.
    """
    filesystem, path = open_store(url)
    with _naming(url):
        write_whole(filesystem, path, data)


def exists(url: str) -> bool:
    """Whether there is such a file now, whatever was seen earlier.

    Raises:
        InvalidInputError: A package that its store needs is not installed.
        OSError: The store does not say.
    """
    filesystem, path = open_store(url)
    with _naming(url):
        filesystem.invalidate_cache()
        found: bool = filesystem.exists(path)
    return found


def _naming(url: str) -> AbstractContextManager[None]:
    """Errors of stores say what to do; those of files are Python's."""
    return naming_store(url) if is_store_url(url) else nullcontext()


def _is_path(value: object) -> TypeIs[str | os.PathLike[str]]:
    return isinstance(value, str | os.PathLike)


def _several(files: object) -> Iterable[object]:
    if not _is_several(files):
        raise InvalidInputError(f"files must be one or more paths or URLs, not {type(files).__name__}")
    return files


def _is_several(value: object) -> TypeIs[Iterable[object]]:
    return isinstance(value, Iterable) and not isinstance(value, bytes | Mapping)
