"""The SQLite file that jobs are kept in: changes one after another, some of which a full disk does not stop."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from speechmatics.exceptions import SpeechmaticsError

__all__ = ["Database"]

RESERVE = 1_000_000
"""Bytes of the disk that are kept for changes which a full one must not stop."""
# Safe against a process that dies, without waiting for the disk at every step of a job; one server at a time.
# What is deleted is not left in the file.
_PRAGMAS = (
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA secure_delete = ON",
)
_LOCK_SECONDS = 1
"""How long a server waits for another one, that uses the same file, to end."""
_logger = logging.getLogger("speechmatics.local")


class Database:
    """A database that one server uses, from many threads.

    Args:
        file: Its file, which is made if it is not there.
        schema: Statement that makes its table if it is not there.
        migrations: Statements that bring a table from each version to the next; a new one needs all of them.

    Attributes:
        lock: Held while it is read or changed; whoever holds it does several things as one.

    Raises:
        SpeechmaticsError: Another server uses the file, or it cannot be one of a database.
    """

    def __init__(self, file: Path, schema: str, migrations: Sequence[str]) -> None:
        self.lock = threading.RLock()
        self.closed = False
        self._reserve = file.with_name("reserve")
        try:
            self._connection = sqlite3.connect(file, check_same_thread=False, timeout=_LOCK_SECONDS)
            try:
                self._connection.row_factory = sqlite3.Row
                for statement in (*_PRAGMAS, "BEGIN EXCLUSIVE"):
                    self._connection.execute(statement)
                self._bring_up_to_date(schema, migrations)
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.Error as error:
            is_locked = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
            reason = "another server uses it" if is_locked else str(error)
            raise SpeechmaticsError(f"cannot keep jobs in {file}: {reason}") from None
        self._keep_reserve()

    def read(self, statement: str, *parameters: object) -> list[sqlite3.Row]:
        """The rows that a query finds."""
        with self.lock:
            return self._connection.execute(statement, parameters).fetchall()

    def write(self, statement: str, *parameters: object, urgent: bool = False) -> None:
        """Makes a change; does nothing once the database is closed.

        Args:
            statement: The change.
            parameters: Its values.
            urgent: Whether the space that is kept for that is used where there is no other.

        Raises:
            sqlite3.Error: The change cannot be made, as on a full disk.
        """
        with self.lock:
            if self.closed:
                return
            try:
                self._write(statement, parameters)
            except sqlite3.Error:
                if not urgent or not self._reserve.exists():
                    raise
                with contextlib.suppress(OSError):
                    self._reserve.unlink()
                self._write(statement, parameters)
                self._shrink()
            if urgent:
                self._keep_reserve()

    def close(self) -> None:
        """Closes the file; later changes are lost."""
        with self.lock:
            self.closed = True
            self._connection.close()

    def _bring_up_to_date(self, schema: str, migrations: Sequence[str]) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        # What is up to date is not written: a server starts on a full disk too, so that jobs can be deleted.
        if version < len(migrations):
            for statement in (schema, *migrations[version:], f"PRAGMA user_version = {len(migrations)}"):
                self._connection.execute(statement)
        self._connection.execute("COMMIT")

    def _write(self, statement: str, parameters: Sequence[object]) -> None:
        with self._connection:
            self._connection.execute(statement, parameters)

    def _shrink(self) -> None:
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            _logger.warning("the disk is full: %s", error)

    def _keep_reserve(self) -> None:
        try:
            if not self._reserve.exists():
                self._reserve.write_bytes(os.urandom(RESERVE))
        except OSError:
            # A part of it would be taken for the whole next time.
            with contextlib.suppress(OSError):
                self._reserve.unlink(missing_ok=True)
