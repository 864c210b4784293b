"""The thread that ends scripted jobs: each after the delay of its rule, whatever becomes of the others."""

from __future__ import annotations

import hashlib
import heapq
import logging
import queue
import threading
import time
from collections import Counter
from functools import cache, partial

from speechmatics.local.jobs import Job, now
from speechmatics.local.scripted import ScriptedEngine, name_of
from speechmatics.local.state import JobStore
from speechmatics.models.job import JobStatus

__all__ = ["ScriptedWorker"]

_logger = logging.getLogger("speechmatics.local")


class ScriptedWorker:
    """In the place of a `Worker`: rules are chosen in the order in which jobs come.

    Args:
        store: The jobs.
        engine: The rules.
    """

    def __init__(self, store: JobStore, engine: ScriptedEngine) -> None:
        self._store = store
        self._engine = engine
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._applied: Counter[int] = Counter()
        self._due: list[tuple[float, int, str, int | None]] = []
        self._count = 0
        self._thread = threading.Thread(target=self._run, name="speechmatics-local-worker", daemon=True)

    languages: frozenset[str] = frozenset()
    """None in particular: whatever is asked for is accepted."""
    size = 2
    """How many engines a container is to have, as by default; the rules need none."""

    def start(self) -> None:
        """Begins with the jobs that were added."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Ends at once, and waits for that no longer than `seconds`; jobs that have not ended stay running."""
        self._queue.put(None)
        self._thread.join(seconds)

    def take(self, job_id: str) -> None:
        """Adds a job."""
        self._queue.put(job_id)

    def _run(self) -> None:
        while True:
            try:
                job_id = self._queue.get(timeout=max(self._due[0][0] - time.monotonic(), 0) if self._due else None)
            except queue.Empty:
                job_id = ""
            if job_id is None:
                return
            try:
                if job_id:
                    self._plan(self._store.get(job_id))
                while self._due and self._due[0][0] <= time.monotonic():
                    _, _, job_id, rule = heapq.heappop(self._due)
                    self._end(self._store.get(job_id), rule)
            except Exception:
                # The thread has other jobs to end; the next server tries this one again.
                _logger.exception("job %s cannot be ended", job_id)

    def _plan(self, job: Job) -> None:
        """Chooses the rule of a job."""
        digest = cache(partial(self._digest, job.id))
        name = name_of(job.data_name)
        for number, rule in enumerate(self._engine.rules):
            is_over = rule.times is not None and self._applied[number] >= rule.times
            if not is_over and rule.fits(name, digest):
                self._applied[number] += 1
                self._store.write_log(job.id, f"scripted: rule {number + 1} ({rule}), to end after {rule.delay} s")
                self._add(job, rule.delay, number)
                return
        self._add(job, 0, None)

    def _add(self, job: Job, delay: float, rule: int | None) -> None:
        if job.config.get("fetch_data"):
            self._store.write_log(job.id, "fetch_data: a scripted job fetches nothing")
        self._count += 1
        heapq.heappush(self._due, (time.monotonic() + delay, self._count, job.id, rule))

    def _end(self, job: Job, number: int | None) -> None:
        if job.status != JobStatus.RUNNING:
            return
        if number is None:
            name, digest = name_of(job.data_name), self._digest(job.id)
            self._reject(job, f"no scripted rule fits the file name {name!r} or the SHA-256 {digest!r}")
        elif (reason := self._engine.rules[number].reject) is not None:
            self._reject(job, reason)
        else:
            transcript = self._engine.transcript_for(number, job)
            self._store.finish(job.id, transcript, transcript["job"]["duration"])

    def _reject(self, job: Job, reason: str) -> None:
        self._store.write_log(job.id, f"rejected: {reason}")
        self._store.reject(job.id, [{"timestamp": now(), "message": reason}])

    def _digest(self, job_id: str) -> str:
        """SHA-256 of a job's audio; empty where it was to be fetched."""
        try:
            with self._store.audio_of(job_id).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return ""
