"""A job, the states that it may be in, and how its id and its times are written."""

from __future__ import annotations

import json
import secrets
import sqlite3
import string
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from speechmatics.models.job import JobStatus

__all__ = ["KEPT", "TRANSITIONS", "Job", "new_job_id", "now", "read_job", "written"]

TRANSITIONS: dict[str, frozenset[str]] = {
    JobStatus.RUNNING: frozenset({JobStatus.DONE, JobStatus.REJECTED, JobStatus.DELETED}),
    JobStatus.DONE: frozenset({JobStatus.DELETED, JobStatus.EXPIRED}),
    JobStatus.REJECTED: frozenset({JobStatus.DELETED, JobStatus.EXPIRED}),
    JobStatus.DELETED: frozenset(),
    JobStatus.EXPIRED: frozenset(),
}
KEPT = (JobStatus.RUNNING, JobStatus.DONE, JobStatus.REJECTED)
"""Where a job stands whose audio is kept."""
_ALPHABET = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands.

    Attributes:
        duration: Seconds of audio that were done, or None.
        probed: Seconds of audio as they seemed when it was submitted, 0 where that is not known; None where the audio
            was to be fetched.
        log: What has happened.
    """

    id: str
    created_at: str
    data_name: str
    config: dict[str, Any]
    status: str
    duration: float | None
    probed: float | None
    errors: list[dict[str, str]]
    log: str

    @property
    def details(self) -> dict[str, Any]:
        """The job as the API describes it."""
        details: dict[str, Any] = {
            "id": self.id,
            "created_at": self.created_at,
            "data_name": self.data_name,
            "status": self.status,
            "config": self.config,
        }
        duration = self.probed if self.duration is None else self.duration
        if duration is not None:
            details["duration"] = round(duration)
        if self.errors:
            details["errors"] = self.errors
        return details


def now() -> str:
    """The time as the API writes it."""
    return written(datetime.now(UTC))


def new_job_id() -> str:
    """An id in the form of the service's own."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))


def written(moment: datetime) -> str:
    """A moment as the API writes it."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_job(row: sqlite3.Row) -> Job:
    """A job as a row of the database has it."""
    return Job(
        id=row["id"],
        created_at=row["created_at"],
        data_name=row["data_name"],
        config=json.loads(row["config"]),
        status=row["status"],
        duration=row["duration"],
        probed=row["probed"],
        errors=json.loads(row["errors"]),
        log=row["log"],
    )
