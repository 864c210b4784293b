"""Conversations with many results: going through the list, waiting for many jobs, submitting many files."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime

import httpx

from speechmatics._core import operations
from speechmatics._core.flows import Flow, Sleep, Stream, call, exchange, may_recover
from speechmatics._core.operations import JsonObject, Request
from speechmatics._core.policies import (
    CURSOR_STEP,
    HELD,
    JobPager,
    is_passing,
    polling_delay,
    retry_after,
    wait_seconds,
    with_zone,
)
from speechmatics._core.session import Session
from speechmatics._core.submission import submit
from speechmatics.exceptions import (
    APIStatusError,
    InvalidInputError,
    JobExpiredError,
    JobNotFoundException,
    SpeechmaticsError,
    WaitTimeoutError,
)
from speechmatics.models.config import ConfigSource, as_job_config
from speechmatics.models.job import JobDetails

__all__ = ["Submitted", "Watch", "ended", "pages", "submitted"]

Submitted = tuple[str | os.PathLike[str], str]
"""A path, and the id of its job."""

LISTED_TOGETHER = 3
"""Jobs from which on a page of the list is tried in place of a look at each."""
PAYING = 2
"""Jobs waited for that a page must show to have saved requests."""
MAX_CONCURRENCY = 50
"""Jobs that are kept running at once at most."""

_logger = logging.getLogger("speechmatics")


def pages(session: Session, *, parse: bool, include_deleted: bool, page_size: int) -> Stream[JsonObject | JobDetails]:
    """Goes through all jobs, page by page, the most recent first; each job comes once.

    Raises:
        InvalidInputError: `page_size` is not from 1 to 100.
    """
    operations.list_jobs(limit=page_size)
    pager = JobPager(page_size)

    def page() -> Flow[list[JsonObject | JobDetails]]:
        operation = operations.list_jobs(
            created_before=pager.created_before, limit=page_size, include_deleted=include_deleted or None
        )
        response = yield from call(operation, session)
        jobs = operation.parse(response)
        shown: Sequence[JsonObject | JobDetails] = jobs if parse else operation.read(response)
        return [shown[position] for position in pager.take([(job.id, job.created_at) for job in jobs])]

    def walk() -> Stream[JsonObject | JobDetails]:
        while not pager.finished:
            yield page()

    return walk()


def ended(
    job_ids: Iterable[str], session: Session, *, parse: bool, timeout: float | None
) -> Stream[JsonObject | JobDetails]:
    """Waits for many jobs, and gives each as it ends; the time begins with the first step.

    Raises:
        InvalidInputError: One of them is not a job id.
    """
    awaited = dict.fromkeys(job_ids)
    for job_id in awaited:
        operations.get_job(job_id)

    def next_ended(watch: Watch) -> Flow[list[JsonObject | JobDetails]]:
        return [job if parse else raw for raw, job in (yield from watch.next_ended())]

    def walk() -> Stream[JsonObject | JobDetails]:
        watch = Watch(session, timeout)
        for job_id in awaited:
            watch.add(job_id)
        while watch.running:
            yield next_ended(watch)

    return walk()


def submitted(
    paths: Iterable[str | os.PathLike[str]],
    source: ConfigSource,
    session: Session,
    *,
    concurrency: int,
) -> Stream[Submitted]:
    """Submits files one after the other, some jobs at a time, and gives each path with its job as the job ends.

    Raises:
        InvalidInputError: `concurrency` is not from 1 to 50.
        ConfigError: The configuration is wrong.
    """
    if not 1 <= concurrency <= MAX_CONCURRENCY:
        raise InvalidInputError(f"concurrency must be from 1 to {MAX_CONCURRENCY}, not {concurrency}")
    config = as_job_config(source)
    watch = Watch(session)
    path_of: dict[str, str | os.PathLike[str]] = {}

    def submit_one(path: str | os.PathLike[str]) -> Flow[list[Submitted]]:
        with watch.named():
            try:
                job_id = yield from submit(path, config, session)
            except APIStatusError as error:
                _logger.warning("%s was not submitted: %s", path, error)
            else:
                watch.add(job_id, f"{job_id} ({path})")
                path_of[job_id] = path
        return []

    def next_ended() -> Flow[list[Submitted]]:
        return [(path_of.pop(job.id), job.id) for _, job in (yield from watch.next_ended())]

    def walk() -> Stream[Submitted]:
        with watch.named():
            for path in paths:
                while len(watch.running) >= concurrency:
                    yield next_ended()
                yield submit_one(path)
            while watch.running:
                yield next_ended()

    return walk()


class Watch:
    """Jobs that are waited for together.

    Many are looked at by the list, for as long as its pages show enough of them; the others are looked at one by one.
    One that is left alone is waited for as `flows.wait` does, by long polls.

    Attributes:
        running: The jobs that have not been seen to end, by id, and how a note names each.

    Args:
        session: What the client's conversations share.
        timeout: Seconds from now on that all of them may take; None for no limit.
    """

    def __init__(self, session: Session, timeout: float | None = None) -> None:
        self._session = session
        self._timeout = timeout
        self._deadline = None if timeout is None else session.clock() + timeout
        self._newest = session.clock()
        self._created: dict[str, datetime | None] = {}
        self._listed = True
        self.running: dict[str, str] = {}

    def add(self, job_id: str, name: str | None = None) -> None:
        """Waits for a job too."""
        self.running[job_id] = name or job_id
        self._newest = self._session.clock()
        self._listed = True

    def next_ended(self) -> Flow[list[tuple[JsonObject, JobDetails]]]:
        """Waits until one or more of the jobs end; gives those, as sent and as models, and lets go of them.

        Raises:
            JobNotFoundException: There is no such job.
            WaitTimeoutError: None of them ended in time; they still run.
        """
        session = self._session
        with self.named():
            answered = session.clock()
            while True:
                asked = session.clock()
                pause = polling_delay(
                    session.settings.poll_interval, session.settings.poll_interval_max, asked - self._newest
                )
                found: dict[str, tuple[JsonObject, JobDetails]] = {}
                try:
                    yield from self._look(found)
                    answered = session.clock()
                    if len(self.running) == 1 and answered - asked >= HELD:
                        pause = 0.0
                except SpeechmaticsError as error:
                    # What has been found is given first; what does not pass comes again with the next look.
                    if not found:
                        if not may_recover(error):
                            raise
                        if session.clock() - answered > session.settings.outage_timeout:
                            error.add_note(f"no usable answer came for {session.settings.outage_timeout:g} s")
                            raise
                    pause = max(pause, min(retry_after(error) or 0, session.settings.outage_timeout))
                if found:
                    ended = [found[job_id] for job_id in self.running if job_id in found]
                    for job_id in found:
                        del self.running[job_id]
                        self._created.pop(job_id, None)
                    return ended
                left = self._left()
                if left is not None and left <= 0:
                    raise self._timed_out()
                if pause:
                    yield Sleep(pause if left is None else min(pause, left))

    @contextmanager
    def named(self) -> Generator[None, None, None]:
        """Names the jobs that go on in the notes of what ends the conversation."""
        try:
            yield
        except GeneratorExit:
            raise
        except BaseException as error:
            gone = error.job_id if isinstance(error, JobNotFoundException | JobExpiredError) else None
            if names := [name for job_id, name in self.running.items() if job_id != gone]:
                error.add_note(f"these jobs go on: {', '.join(names)}")
            raise

    def _look(self, found: dict[str, tuple[JsonObject, JobDetails]]) -> Flow[None]:
        """Looks at each job once, or until the time is over; those that have ended join `found`."""
        shown: set[str] = set()
        if self._listed and len(self.running) >= LISTED_TOGETHER:
            try:
                yield from self._read_list(shown, found)
            except SpeechmaticsError as error:
                if is_passing(error):
                    raise
                self._listed = False
        hold = wait_seconds(self._session.settings.long_poll, self._left()) if len(self.running) == 1 else 0
        for job_id in self.running:
            if job_id not in shown:
                if shown and self._is_over():
                    return
                operation = operations.get_job(job_id, wait=hold)
                response = yield from self._ask(operation)
                job = operation.parse(response)
                shown.add(job_id)
                self._created[job_id] = with_zone(job.created_at)
                if not job.is_running:
                    found[job_id] = operation.read(response)["job"], job

    def _read_list(self, shown: set[str], found: dict[str, tuple[JsonObject, JobDetails]]) -> Flow[None]:
        """Reads the list for as long as that saves requests; the jobs that it shows join `shown`."""
        cursor = self._cursor()
        pager = JobPager(operations.MAX_PAGE, cursor)
        while not pager.finished and len(self.running) - len(shown) >= LISTED_TOGETHER:
            operation = operations.list_jobs(created_before=pager.created_before, limit=operations.MAX_PAGE)
            response = yield from self._ask(operation)
            jobs = operation.parse(response)
            pager.take([(job.id, job.created_at) for job in jobs])
            missing = self.running.keys() - shown
            ours = [job for job in jobs if job.id in missing]
            self._created.update((job.id, with_zone(job.created_at)) for job in ours)
            if not all(job.is_running for job in ours):
                raw = {job.id: sent for job, sent in zip(jobs, operation.read(response), strict=True)}
                found.update((job.id, (raw[job.id], job)) for job in ours if not job.is_running)
            if len(ours) < PAYING:
                # Before it is known when the jobs were made, there may be many newer ones that hide them.
                self._listed = bool(shown) or cursor is None
                pager.finished = True
            shown.update(job.id for job in ours)
            if self._is_over():
                return

    def _cursor(self) -> datetime | None:
        """A moment just after the newest of the jobs was made; None where that is not known of each."""
        moments = [self._created.get(job_id) for job_id in self.running]
        known = [moment for moment in moments if moment is not None]
        return max(known) + CURSOR_STEP if len(known) == len(moments) else None

    def _ask(self, request: Request) -> Flow[httpx.Response]:
        return exchange(request, self._left() if self._timeout else None)

    def _left(self) -> float | None:
        return None if self._deadline is None else self._deadline - self._session.clock()

    def _is_over(self) -> bool:
        left = self._left()
        return left is not None and left <= 0

    def _timed_out(self) -> WaitTimeoutError:
        if len(self.running) == 1:
            [job_id] = self.running
            return WaitTimeoutError(f"job {job_id} did not end within {self._timeout:g} s; it goes on", job_id=job_id)
        return WaitTimeoutError(f"{len(self.running)} jobs did not end within {self._timeout:g} s; they go on")
