"""Where the documents are that a path stands for: a file, the files of a folder, the lines of a file of JSON Lines."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from typing_extensions import TypeIs

from speechmatics._errors import InvalidInputError
from speechmatics._urls import bare_url, is_url

__all__ = ["Document", "Sources", "find_documents"]

Sources: TypeAlias = "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]"
"""What is gone through: the path of a file, of a folder, or of a file of JSON Lines, or several of them.

Of a folder these are the files `*.json`, `*.jsonl` and `*.ndjson` in it and below it, by name; of a file `*.jsonl` or
`*.ndjson` its lines, but for empty ones.
"""

_OF_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Document:
    """A file, or a line of one.

    Attributes:
        name: Its path as it was given, or path and line as in `day.jsonl:12`.
        path: The absolute path of its file.
        start: Where in the file it begins; None where it is the whole file.
        length: How many bytes it has, if it is a part of the file.
    """

    name: str
    path: str
    start: int | None = None
    length: int = 0

    def content(self) -> bytes | Path:
        """The bytes of a line, or the path of a file.

        Raises:
            OSError: The file of the line cannot be read any more.
        """
        if self.start is None:
            return Path(self.path)
        with Path(self.path).open("rb") as file:
            file.seek(self.start)
            return file.read(self.length)


def find_documents(sources: Sources) -> Iterator[Document]:
    """The documents of one or more paths, in their order, looked for as they are asked for.

    Raises:
        InvalidInputError: Something is no path, but a URL, say.
    """
    return _documents([sources] if _is_path(sources) else _several(sources))


def _several(sources: object) -> Iterable[object]:
    if not _is_several(sources):
        raise InvalidInputError(f"sources must be one or more paths, not {type(sources).__name__}")
    return sources


def _is_several(value: object) -> TypeIs[Iterable[object]]:
    return isinstance(value, Iterable) and not isinstance(value, bytes | Mapping)


def _is_path(value: object) -> TypeIs[str | os.PathLike[str]]:
    return isinstance(value, str | os.PathLike)


def _documents(sources: Iterable[object]) -> Iterator[Document]:
    for source in sources:
        if not _is_path(source):
            raise InvalidInputError(f"a source must be a path, not {type(source).__name__}")
        if is_url(os.fspath(source)):
            raise InvalidInputError(
                f"{bare_url(os.fspath(source))!r} is a URL, and what is read here are files of this machine; "
                "speechmatics.dask reads transcripts from stores (words, validate)"
            )
        for path in _files(Path(source).expanduser()):
            yield from _parts(path)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names) if name.lower().endswith((".json", *_OF_LINES)))


def _parts(path: Path) -> Iterator[Document]:
    """Each line, or a file that is one document or cannot be read."""
    name, absolute = os.fspath(path), str(path.absolute())
    if not (name.lower().endswith(_OF_LINES) and _is_readable(path)):
        yield Document(name, absolute)
        return
    start = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield Document(f"{name}:{number}", absolute, start, len(line))
            start += len(line)


def _is_readable(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode) and os.access(path, os.R_OK)
    except (OSError, ValueError):
        return False
