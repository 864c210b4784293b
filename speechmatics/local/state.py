"""The jobs of a server, kept in SQLite, and their audio in files."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Generator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from speechmatics.local.database import Database
from speechmatics.local.errors import ApiError, file_expired, job_expired, job_not_found, locked
from speechmatics.local.jobs import KEPT, TRANSITIONS, Job, now, read_job, written
from speechmatics.local.usage import report_usage
from speechmatics.models.job import JobStatus

__all__ = ["JobStore"]

RETRY_SECONDS = 1.0
"""Seconds after which it is tried again to end a job that a full disk did not let end."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT UNIQUE NOT NULL,
    created_at TEXT NOT NULL,
    data_name TEXT NOT NULL,
    config TEXT NOT NULL,
    status TEXT NOT NULL,
    duration REAL,
    transcript TEXT,
    errors TEXT NOT NULL DEFAULT '[]',
    log TEXT NOT NULL DEFAULT ''
)
"""
_MIGRATIONS = (
    "ALTER TABLE jobs ADD COLUMN probed REAL",
    "ALTER TABLE jobs ADD COLUMN notified INTEGER NOT NULL DEFAULT 1",
)
_SELECT = "SELECT id, created_at, data_name, config, status, duration, probed, errors, log FROM jobs "
"""All but the transcript, which may be large."""
_logger = logging.getLogger("speechmatics.local")


class JobStore:
    """The jobs of a server; may be used from many threads.

    Attributes:
        may_wait: Whether anybody may still wait for a job to end.
        on_end: Called with the id of each job that is done or rejected, of which somebody is to be told.

    Args:
        folder: Where they are kept: a database, and the audio of each. It exists.

    Raises:
        OSError: The folder for the audio cannot be made.
        SpeechmaticsError: Another server uses the folder, or what is in it are no jobs.
    """

    def __init__(self, folder: Path) -> None:
        file = folder / "jobs.sqlite"
        self._audio_dir = folder / "audio"
        self._audio_dir.mkdir(mode=0o700, exist_ok=True)
        self._watchers: defaultdict[str, list[Callable[[], object]]] = defaultdict(list)
        self.may_wait = True
        self.on_end: Callable[[str], object] = lambda job_id: None
        self._database = Database(file, _SCHEMA, _MIGRATIONS)
        # Held by whoever does several things as one.
        self._lock = self._database.lock
        self._backlog = len(self._database.read("SELECT 1 FROM jobs WHERE status = ?", JobStatus.RUNNING))

    @property
    def closed(self) -> bool:
        """Whether nothing is kept any more."""
        return self._database.closed

    def audio_of(self, job_id: str) -> Path:
        """Where the audio of a job is kept, until the job is deleted or expires."""
        return self._audio_dir / job_id

    def stat_audio(self, job_id: str) -> tuple[Job, os.stat_result]:
        """A job, and what the disk says of its audio.

        Raises:
            ApiError: 404, there is no such job, or its audio has not been fetched; 410, it is gone.
        """
        job = self.get(job_id)
        if job.status not in KEPT:
            raise file_expired()
        try:
            return job, self.audio_of(job_id).stat()
        except FileNotFoundError:
            raise ApiError(404, "Not Found", "the audio of the job has not been fetched") from None

    def sweep(self) -> None:
        """Deletes the files that a server which was killed has left behind: of no job, or of one that is gone."""
        kept = {row["id"] for row in self._database.read("SELECT id FROM jobs WHERE status IN (?, ?, ?)", *KEPT)}
        for file in self._audio_dir.iterdir():
            if file.name not in kept:
                file.unlink()

    def end_waiting(self) -> None:
        """Answers everyone who waits for a job to end, and lets nobody wait any more."""
        with self._lock:
            self.may_wait = False
            for wake in [wake for watchers in self._watchers.values() for wake in watchers]:
                wake()

    def close(self) -> None:
        """Closes the database; what a worker still has to say of its job is lost."""
        self._database.close()

    def add(self, job_id: str, config: dict[str, Any], data_name: str, probed: float | None) -> Job:
        """A new job, running; `probed` is how many seconds of audio there seem to be."""
        with self._lock:
            self._database.write(
                "INSERT INTO jobs (id, created_at, data_name, config, status, probed, notified) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                job_id,
                now(),
                data_name,
                json.dumps(config),
                JobStatus.RUNNING,
                probed,
                not config.get("notification_config"),
            )
            self._backlog += 1
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """A job.

        Raises:
            ApiError: 404, there is no such job.
        """
        for row in self._database.read(_SELECT + "WHERE id = ?", job_id):
            return read_job(row)
        raise job_not_found(job_id)

    def transcript(self, job_id: str) -> str | None:
        """The transcript of a job as JSON text; None where there is none."""
        rows = self._database.read("SELECT transcript FROM jobs WHERE id = ?", job_id)
        return rows[0]["transcript"] if rows else None

    def recent(
        self, *, created_before: datetime | None = None, limit: int = 100, include_deleted: bool = False
    ) -> list[Job]:
        """Jobs, the most recent first; the cursor is cut to milliseconds, as the service does (specification)."""
        cursor = "9999"
        if created_before is not None:
            cursor = written(created_before.replace(microsecond=created_before.microsecond // 1000 * 1000))
        rows = self._database.read(
            _SELECT + "WHERE created_at < ? AND (? OR status NOT IN (?, ?)) ORDER BY number DESC LIMIT ?",
            cursor,
            include_deleted,
            JobStatus.DELETED,
            JobStatus.EXPIRED,
            limit,
        )
        return [read_job(row) for row in rows]

    @property
    def backlog(self) -> int:
        """How many jobs have yet to end."""
        return self._backlog

    def running(self) -> list[Job]:
        """Jobs that have yet to end, the oldest first."""
        rows = self._database.read(_SELECT + "WHERE status = ? ORDER BY number", JobStatus.RUNNING)
        return [read_job(row) for row in rows]

    def unnotified(self) -> list[str]:
        """Ids of jobs that have ended, of which somebody has yet to be told."""
        rows = self._database.read(
            "SELECT id FROM jobs WHERE notified = 0 AND status IN (?, ?) ORDER BY number",
            JobStatus.DONE,
            JobStatus.REJECTED,
        )
        return [row["id"] for row in rows]

    def set_notified(self, job_id: str) -> None:
        """Takes note that everybody has been told how a job ended, or cannot be."""
        self._database.write("UPDATE jobs SET notified = 1 WHERE id = ?", job_id)

    def add_error(self, job_id: str, message: str) -> None:
        """Adds to a job's errors, and to its log, whatever its state; left out where there is no space."""
        error = json.dumps({"timestamp": now(), "message": message})
        self._note("UPDATE jobs SET errors = json_insert(errors, '$[#]', json(?)) WHERE id = ?", error, job_id)
        self.write_log(job_id, message)

    def usage(self, since: date | None, until: date | None) -> dict[str, Any]:
        """What was done, as the API reports it; see `report_usage`."""
        return report_usage(self._database, since, until)

    def finish(self, job_id: str, transcript: dict[str, Any], duration: float) -> None:
        """Ends a job with its transcript, unless it has been deleted meanwhile; without one where there is no space."""
        try:
            self._move(job_id, JobStatus.DONE, transcript=json.dumps(transcript), duration=duration)
        except sqlite3.Error as error:
            reason = f"the transcript cannot be kept: {error}"
            self.write_log(job_id, f"rejected: {reason}")
            self.reject(job_id, [{"timestamp": now(), "message": reason}])

    def reject(self, job_id: str, errors: list[dict[str, str]]) -> None:
        """Ends a job without a transcript, unless it has been deleted meanwhile; later where there is no space."""
        try:
            self._move(job_id, JobStatus.REJECTED, errors=json.dumps(errors))
        except sqlite3.Error as error:
            _logger.warning("job %s cannot be ended yet: %s", job_id, error)
            again = threading.Timer(RETRY_SECONDS, self.reject, [job_id, errors])
            again.daemon = True
            again.start()

    def delete(self, job_id: str, *, force: bool) -> Job:
        """Deletes a job.

        Raises:
            ApiError: 404, there is no such job; 410, it has expired; 423, it runs and `force` is not set.
        """
        job = self.get(job_id)
        if job.status == JobStatus.EXPIRED:
            raise job_expired()
        if job.status == JobStatus.RUNNING and not force:
            raise locked(job_id)
        self._move(job_id, JobStatus.DELETED)
        return self.get(job_id)

    def expire(self, job_id: str) -> Job:
        """Ends the time for which a job is kept; one that is running or has been deleted stays as it is.

        Raises:
            ApiError: 404, there is no such job.
        """
        self.get(job_id)
        self._move(job_id, JobStatus.EXPIRED)
        return self.get(job_id)

    def expire_created_before(self, moment: datetime) -> None:
        """Expires the jobs that were made before a moment and have ended."""
        with self._lock:
            if self.closed:
                return
            rows = self._database.read(
                "SELECT id FROM jobs WHERE created_at < ? AND status IN (?, ?)",
                written(moment),
                JobStatus.DONE,
                JobStatus.REJECTED,
            )
        for row in rows:
            self._move(row["id"], JobStatus.EXPIRED)

    def write_log(self, job_id: str, line: str) -> None:
        """Adds a line to a job's log; one for which there is no space is left out."""
        self._note("UPDATE jobs SET log = log || ? WHERE id = ?", f"{now()} {line}\n", job_id)

    def _note(self, statement: str, text: str, job_id: str) -> None:
        try:
            self._database.write(statement, text, job_id)
        except sqlite3.Error as error:
            _logger.warning("job %s: what happened to it cannot be kept: %s", job_id, error)

    @contextlib.contextmanager
    def watched(self, job_id: str, wake: Callable[[], object]) -> Generator[None]:
        """Within the block `wake` is called, in whatever thread, when the job ends or nobody may wait any more."""
        with self._lock:
            self._watchers[job_id].append(wake)
        try:
            yield
        finally:
            with self._lock:
                self._watchers[job_id].remove(wake)
                if not self._watchers[job_id]:
                    del self._watchers[job_id]

    def _discard_audio(self, job_id: str) -> None:
        try:
            self.audio_of(job_id).unlink(missing_ok=True)
        except PermissionError:
            # On Windows an engine has it open; the sweep at the next start deletes it.
            if os.name != "nt":
                raise

    def _move(
        self,
        job_id: str,
        status: str,
        *,
        transcript: str | None = None,
        duration: float | None = None,
        errors: str | None = None,
    ) -> None:
        with self._lock:
            if self.closed:
                return
            [(before, is_notified)] = self._database.read("SELECT status, notified FROM jobs WHERE id = ?", job_id)
            if status not in TRANSITIONS[before]:
                return
            if status not in KEPT:
                # First, as on a full disk its space may be what the change needs.
                self._discard_audio(job_id)
            self._database.write(
                "UPDATE jobs SET status = ?, transcript = ?, duration = COALESCE(?, duration), "
                "errors = COALESCE(?, errors) WHERE id = ?",
                status,
                transcript,
                duration,
                errors,
                job_id,
                urgent=status != JobStatus.DONE,
            )
            self._backlog -= before == JobStatus.RUNNING
            for wake in self._watchers.get(job_id, ()):
                wake()
        if status in (JobStatus.DONE, JobStatus.REJECTED) and not is_notified:
            self.on_end(job_id)
