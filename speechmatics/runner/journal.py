"""What is known of each file, kept in SQLite: a run that was killed continues where its journal says it was."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from speechmatics.exceptions import InvalidInputError, SpeechmaticsError

__all__ = ["Entry", "FileState", "Journal", "Planned"]


class FileState(StrEnum):
    """Where a file stands in the journal."""

    SUBMITTING = "submitting"
    """It was about to be submitted: there may be a job, or not."""
    SUBMITTED = "submitted"
    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
    """There was a job, paid for, which the service keeps no longer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the journal knows of a file.

    Attributes:
        name: The source's name.
        identity: What the file was: size and time of change.
        config: Hash of the configuration.
        state: Where it stands.
        submission_id: Id of the last submission.
        intended_at: When that was about to be sent, in seconds since 1970.
        job_id: The job, where there is one.
        duration: Seconds of audio, as the service says.
        error: Why there is no transcript.
    """

    name: str
    identity: str
    config: str
    state: FileState
    submission_id: str | None = None
    intended_at: float | None = None
    job_id: str | None = None
    duration: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A file of this run.

    Attributes:
        name: The source's name.
        output: Where its outputs go, below the output folder and without their suffix.
        path: The file, or None where it is a URL.
        overrides: JSON of what the manifest says of the configuration for it alone, or None.
        size: Bytes; None where that is not known.
        identity: What the file is: size and time of change, or the URL without its query.
        config: Hash of the configuration.
        refusal: Why it cannot be submitted, or None.
        number: Its place in the run.
    """

    name: str
    output: str
    path: str | None
    overrides: str | None
    size: int | None
    identity: str
    config: str
    refusal: str | None = None
    number: int = 0


_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    name TEXT PRIMARY KEY, identity TEXT NOT NULL, config TEXT NOT NULL, state TEXT NOT NULL,
    submission_id TEXT, intended_at REAL, job_id TEXT, duration REAL, error TEXT
) WITHOUT ROWID;
"""
_PLAN = """
CREATE TEMP TABLE plan (
    number INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, output TEXT UNIQUE NOT NULL, path TEXT, overrides TEXT,
    size INTEGER, identity TEXT NOT NULL, config TEXT NOT NULL, refusal TEXT, digest TEXT, leader INTEGER, result TEXT
);
CREATE INDEX temp.sizes ON plan (size, config);
CREATE INDEX temp.digests ON plan (digest, config);
CREATE INDEX temp.leaders ON plan (leader);
"""
_ENTRY = "name, identity, config, state, submission_id, intended_at, job_id, duration, error"
_PLANNED = "name, output, path, overrides, size, identity, config, refusal, number"
_PAGE = 500


class Journal:
    """The journal of an output folder, which one run at a time uses; it may be used from several threads.

    Beside it stands, in memory or a temporary file, the plan of this run.

    Args:
        file: Its file; None for one in memory, which knows of no earlier run.

    Raises:
        OSError: Its folder cannot be made.
        SpeechmaticsError: Another run uses it, or the file is no journal.
    """

    def __init__(self, file: Path | None) -> None:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        try:
            self._database = sqlite3.connect(
                file or ":memory:", check_same_thread=False, timeout=0.2, isolation_level=None
            )
            try:
                # The intent to submit outlives the machine, not just the process.
                for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
                    self._database.execute(f"PRAGMA {pragma}")
                self._database.execute("BEGIN EXCLUSIVE")
                self._database.execute(_SCHEMA)
                self._database.execute("COMMIT")
                self._database.executescript(_PLAN)
            except BaseException:
                self._database.close()
                raise
        except sqlite3.Error as error:
            is_locked = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
            reason = "another run uses it" if is_locked else str(error)
            raise SpeechmaticsError(f"cannot use the journal {str(file)!r}: {reason}") from None

    def close(self) -> None:
        """Closes the file, and lets another run use it."""
        with self._lock:
            self._database.close()

    def write(self, entries: Iterable[Entry]) -> None:
        """Puts entries in place of those of their names, all of them or none, and durably."""
        rows = [tuple(getattr(entry, name) for name in _ENTRY.split(", ")) for entry in entries]
        with self._lock, self._transaction():
            self._database.executemany(f"REPLACE INTO files ({_ENTRY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def forget(self, names: Iterable[str]) -> None:
        """Takes out what is known of files: there is no job."""
        with self._lock, self._transaction():
            self._database.executemany("DELETE FROM files WHERE name = ?", [(name,) for name in names])

    def entry(self, name: str) -> Entry | None:
        """What is known of a file."""
        with self._lock:
            row = self._database.execute(f"SELECT {_ENTRY} FROM files WHERE name = ?", (name,)).fetchone()
        return None if row is None else _entry(row)

    def in_doubt(self) -> list[Entry]:
        """The files of this run that were about to be submitted, and have not changed since."""
        with self._lock:
            rows = self._database.execute(
                f"SELECT {_ENTRY} FROM files WHERE state = ? AND EXISTS (SELECT 1 FROM plan WHERE "
                "plan.name = files.name AND plan.identity = files.identity AND plan.config = files.config)",
                (FileState.SUBMITTING,),
            ).fetchall()
        return [_entry(row) for row in rows]

    def plan(self, files: Iterable[Planned]) -> None:
        """Adds files to this run.

        Raises:
            InvalidInputError: Two files have one name, or their outputs would.
        """
        columns = _PLANNED.removesuffix(", number")
        statement = f"INSERT INTO plan ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        with self._lock, self._transaction():
            for file in files:
                try:
                    self._database.execute(statement, [getattr(file, name) for name in columns.split(", ")])
                except sqlite3.IntegrityError:
                    raise self._collision(file) from None

    def duplicates(self) -> Iterator[Planned]:
        """The files that have the size of another one with the same configuration, and may be the same."""
        yield from self._pages(
            "refusal IS NULL AND size IS NOT NULL AND EXISTS (SELECT 1 FROM plan AS other WHERE other.size = plan.size "
            "AND other.config = plan.config AND other.number != plan.number AND other.refusal IS NULL)"
        )

    def set_digest(self, number: int, digest: str) -> None:
        """Notes what is in a file: the first of those that are the same is submitted for all of them."""
        with self._lock, self._transaction():
            self._database.execute("UPDATE plan SET digest = ? WHERE number = ?", (digest, number))
            self._database.execute(
                "UPDATE plan SET leader = (SELECT MIN(number) FROM plan AS other WHERE other.digest = plan.digest AND "
                "other.config = plan.config) WHERE number = ?",
                (number,),
            )
            self._database.execute("UPDATE plan SET leader = NULL WHERE leader = number AND number = ?", (number,))

    def leaders(self) -> Iterator[Planned]:
        """The files of this run, one of those that are the same, in their order."""
        yield from self._pages("leader IS NULL")

    def followers(self, number: int) -> list[Planned]:
        """The files that are the same as one of the run."""
        return list(self._pages("leader = ?", number))

    def set_result(self, number: int, result: dict[str, object]) -> None:
        """Notes what became of a file in this run."""
        with self._lock:
            self._database.execute("UPDATE plan SET result = ? WHERE number = ?", (json.dumps(result), number))

    def results(self) -> Iterator[str]:
        """What became of each file in this run, as JSON and in their order; files that were not begun are left out."""
        last = 0
        while True:
            with self._lock:
                rows = self._database.execute(
                    "SELECT number, result FROM plan WHERE number > ? AND result IS NOT NULL ORDER BY number LIMIT ?",
                    (last, _PAGE),
                ).fetchall()
            for number, result in rows:
                last = number
                yield result
            if not rows:
                return

    def count(self) -> int:
        """How many files this run has."""
        with self._lock:
            (count,) = self._database.execute("SELECT COUNT(*) FROM plan").fetchone()
        return int(count)

    def _pages(self, condition: str, *values: object) -> Iterator[Planned]:
        number = 0
        while True:
            with self._lock:
                rows = self._database.execute(
                    f"SELECT {_PLANNED} FROM plan WHERE number > ? AND {condition} ORDER BY number LIMIT ?",
                    (number, *values, _PAGE),
                ).fetchall()
            for row in rows:
                planned = Planned(*row)
                number = planned.number
                yield planned
            if not rows:
                return

    def _collision(self, file: Planned) -> InvalidInputError:
        row = self._database.execute("SELECT name FROM plan WHERE name = ?", (file.name,)).fetchone()
        if row is not None:
            return InvalidInputError(f"{file.name!r} is given twice")
        [(other,)] = self._database.execute("SELECT name FROM plan WHERE output = ?", (file.output,)).fetchall()
        return InvalidInputError(
            f"the outputs of {other!r} and {file.name!r} would both be {file.output!r}; nothing was submitted. Give "
            "the folder above them, or relative paths, so that their names tell them apart"
        )

    def _transaction(self) -> _Transaction:
        return _Transaction(self._database)


class _Transaction:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._database.execute("COMMIT" if kind is None else "ROLLBACK")


def _entry(row: Any) -> Entry:
    name, identity, config, state, submission_id, intended_at, job_id, duration, error = row
    return Entry(name, identity, config, FileState(state), submission_id, intended_at, job_id, duration, error)
