"""The thread that ends the time for which jobs are kept."""

from __future__ import annotations

import logging
import sqlite3
import threading
from datetime import UTC, datetime, timedelta

from speechmatics.local.state import JobStore

__all__ = ["Retention"]

LONGEST_INTERVAL = 600.0
"""Seconds between two looks at most; a job is kept as much longer at most, or a twentieth of its time."""
_logger = logging.getLogger("speechmatics.local")


class Retention:
    """Expires the jobs of a store that were made so many days ago and have ended; those that run are left alone."""

    def __init__(self, store: JobStore, days: float) -> None:
        self._store = store
        self._kept = timedelta(days=days)
        self._interval = min(self._kept.total_seconds() / 20, LONGEST_INTERVAL)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="speechmatics-local-retention", daemon=True)

    def start(self) -> None:
        """Begins with what was kept too long while no server ran."""
        self._thread.start()

    def stop(self) -> None:
        """Ends at once."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._store.expire_created_before(datetime.now(UTC) - self._kept)
            except (OSError, sqlite3.Error) as error:
                _logger.warning("jobs that were kept long enough cannot be expired: %s", error)
            if self._stopping.wait(self._interval):
                return
