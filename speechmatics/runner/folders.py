"""Where outputs go: a folder of this machine, or one of a store; each file is whole or absent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeAlias

from speechmatics._stores import is_store_url, naming_store, open_store, write_whole
from speechmatics._urls import bare_url, is_url
from speechmatics.exceptions import InvalidInputError

__all__ = ["LocalFolder", "OutputFile", "OutputFolder", "StoredFolder", "journal_file", "open_folder"]

OutputFile: TypeAlias = "Path | str"
"""A file of this machine, or the URL of one in a store."""
STARTED = ".speechmatics/started"
"""What is written to a store before anything is submitted, as nothing else says whether it can be."""


class OutputFolder(Protocol):
    """A folder in which files are known by their names in it."""

    def where(self, name: str) -> OutputFile:
        """Where a file is."""
        ...

    def prepare(self) -> None:
        """Sees what is there, where that is not to be asked for each file.

        Raises:
            InvalidInputError: It cannot be seen.
        """
        ...

    def check_writable(self) -> None:
        """Makes sure that something can be written, where that is not known before.

        Raises:
            InvalidInputError: It cannot.
        """
        ...

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        ...

    def read(self, name: str) -> str:
        """The text of a file.

        Raises:
            OSError: It cannot be read.
        """
        ...

    def write(self, name: str, text: str) -> None:
        """Writes a file so that it is whole or not there, whenever the program ends.

        Raises:
            OSError: It cannot be written.
        """
        ...

    def write_lines(self, name: str, lines: Iterable[str]) -> None:
        """As `write`, for as many lines as there are."""
        ...


def open_folder(folder: str | os.PathLike[str]) -> OutputFolder:
    """The folder that is meant.

    Raises:
        InvalidInputError: It is a URL of no store, or a package that its store needs is not installed.
    """
    text = os.fspath(folder)
    if is_store_url(text):
        return StoredFolder(text)
    if is_url(text):
        raise InvalidInputError(
            f"outputs cannot go to {bare_url(text)}: a folder is a path, or the URL of one in a store, as a str "
            "(s3://bucket/folder)"
        )
    return LocalFolder(Path(text))


def journal_file(given: str | Path | None, folder: OutputFolder) -> Path:
    """Where the journal of a run is.

    Raises:
        InvalidInputError: It is a URL, or the folder is in a store and none was given.
    """
    if given:
        if is_url(str(given)):
            raise InvalidInputError("the journal must be a file of this machine, and not a URL")
        return Path(given)
    file = folder.where(".speechmatics/journal.db")
    if isinstance(file, str):
        raise InvalidInputError(
            "outputs in a store need a journal on this machine, to be given to later runs too, so that nothing is paid "
            "for twice (journal=FILE, --journal FILE)"
        )
    return file


class LocalFolder:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def where(self, name: str) -> Path:
        """The path of a file."""
        return self._path / name

    def prepare(self) -> None:
        """There is nothing to be seen."""

    def check_writable(self) -> None:
        """The journal is on this machine too, and was written."""

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        return self.where(name).exists()

    def read(self, name: str) -> str:
        """The text of a file."""
        return self.where(name).read_text("utf-8")

    def write(self, name: str, text: str) -> None:
        """Writes a file beside its place, and moves it there."""
        self.write_lines(name, [text])

    def write_lines(self, name: str, lines: Iterable[str]) -> None:
        """As `write`."""
        file = self.where(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.{os.getpid()}.part")
        try:
            with part.open("w", encoding="utf-8", newline="\n", errors="surrogatepass") as writing:
                writing.writelines(lines)
            part.replace(file)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


class StoredFolder:
    """A folder of a store: what is there is seen once, by one listing."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._files, self._path = open_store(self._url)
        self._there: set[str] = set()

    def where(self, name: str) -> str:
        """The URL of a file."""
        return f"{self._url}/{_key(name)}"

    def prepare(self) -> None:
        """Lists what is there."""
        try:
            with naming_store(self._url):
                self._files.invalidate_cache()
                found: list[str] = self._files.find(self._path)
                self._files.invalidate_cache()
        except OSError as error:
            raise InvalidInputError(f"outputs cannot go to {error}") from None
        self._there = {name[len(self._path) :].lstrip("/") for name in found}

    def check_writable(self) -> None:
        """Writes when the run began."""
        try:
            self.write(STARTED, f"{datetime.now(UTC).isoformat()}\n")
        except OSError as error:
            raise InvalidInputError(f"outputs cannot go to {error}") from None

    def exists(self, name: str) -> bool:
        """Whether the file was there, or was written since."""
        return _key(name) in self._there

    def read(self, name: str) -> str:
        """The text of a file."""
        with naming_store(self.where(name)):
            data: bytes = self._files.cat_file(self._path_of(name))
        return data.decode("utf-8", "surrogatepass")

    def write(self, name: str, text: str) -> None:
        """Writes a file by one request."""
        with naming_store(self.where(name)):
            write_whole(self._files, self._path_of(name), text.encode("utf-8", "surrogatepass"))
        self._there.add(_key(name))

    def write_lines(self, name: str, lines: Iterable[str]) -> None:
        """Writes a file of this machine, and sends that."""
        with tempfile.TemporaryDirectory() as folder:
            LocalFolder(Path(folder)).write_lines("lines", lines)
            with naming_store(self.where(name)):
                self._files.put_file(str(Path(folder) / "lines"), self._path_of(name))

    def _path_of(self, name: str) -> str:
        return f"{self._path}/{_key(name)}"


def _key(name: str) -> str:
    """A name in UTF-8, which keys are in, and names of files may not be."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
