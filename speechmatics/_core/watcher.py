"""Jobs that are waited for together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

import httpx

from speechmatics._core import endpoints
from speechmatics._core.flows import send_once
from speechmatics._core.operations import JsonObject, Request
from speechmatics._core.policies import (
    CURSOR_STEP,
    LONG_POLL_HONOURED_AFTER,
    REFUSING_STATUSES,
    JobPager,
    held_limit,
    hold_after_cut,
    is_transient,
    moment_of,
    polling_delay,
    wait_seconds,
)
from speechmatics._core.session import Session
from speechmatics._core.steps import Flow, Sleep
from speechmatics._core.waiting import Patience, warn_of_unknown_status
from speechmatics.exceptions import (
    APIStatusError,
    JobExpiredError,
    JobNotFoundException,
    RequestError,
    SpeechmaticsError,
    WaitTimeoutError,
)
from speechmatics.models.job import is_running

__all__ = ["JobWatcher"]

_T = TypeVar("_T")

LISTED_TOGETHER = 3
"""Jobs from which on a page of the list is tried in place of a poll of each."""
AT_ONCE = 0.1
"""Seconds within which ids are taken although the time is over."""
TROUBLES_A_ROUND = 2
"""Jobs whose polls no server answers, after which the others are not tried in the same round."""
WORTH_A_PAGE = 2
"""Jobs waited for that a page must show to have saved requests."""
HELD_WHILE_MORE_COME = 5
"""Seconds that an answer about the only job is held back at most, where others may be added meanwhile."""
PAGES_TO_BEGIN_WITH = 50
PAGES_A_JOB = 0.1
"""Pages that may be read for each job that has ended, beside those above, at the usual pace."""
SLOWER_PAUSE = 1.0
"""Seconds between two rounds where more pages have been read than that."""

_logger = logging.getLogger("speechmatics")


class JobWatcher:
    """Jobs that are waited for together.

    Many are polled by the list, for as long as its pages show enough of them; the others are polled one by one. One
    that is left alone is waited for as `waiting.wait_for_completion` does, by long polls.

    Attributes:
        running: The jobs that have not been seen to end, by id, and how a note names each.

    Args:
        session: What the client's conversations share.
        timeout: Seconds from now on that all of them may take; None for no limit.
        more: The ids of jobs to wait for: it is asked for more before each round, until it gives None or ends.
    """

    def __init__(
        self, session: Session, timeout: float | None = None, more: Iterator[str | None] | None = None
    ) -> None:
        self._session = session
        self._timeout = timeout
        self._deadline = None if timeout is None else session.clock() + timeout
        self._more = more
        self._newest = session.clock()
        self._created: dict[str, datetime | None] = {}
        self._statuses: dict[str, str] = {}
        self._failed: dict[str, SpeechmaticsError] = {}
        self._reads_list = True
        self._next: str | None = None
        self._pages = 0
        self._ended = 0
        self._due = 0.0
        self._hold = session.settings.long_poll
        self._is_hold_cut = False
        self._patience = Patience(session)
        self.running: dict[str, str] = {}

    def add(self, job_id: str, name: str | None = None) -> None:
        """Waits for a job too."""
        self.running[job_id] = name or job_id
        self._newest = self._session.clock()
        self._reads_list = True

    def has_more(self) -> bool:
        """Whether there is a job to wait for, or may be one."""
        return bool(self.running) or self._more is not None

    def next_ended(self, at_most: float | None = None) -> Flow[list[JsonObject]]:
        """Waits until one or more of the jobs end; gives those, as sent, and lets go of them.

        Args:
            at_most: Seconds after which nothing is given although none has ended; None to keep waiting.

        Raises:
            JobNotFoundException: There is no such job; the others are still waited for.
            WaitTimeoutError: None of them ended in time; they are still running.
        """
        session, settings = self._session, self._session.settings
        give_up = None if at_most is None else session.clock() + at_most
        with self.naming():
            self._patience.restart()
            while True:
                self._take_more()
                if not self.has_more():
                    return []
                asked, pages = session.clock(), self._pages
                if self._due > asked:
                    if early := self._bounded(self._due - asked, give_up):
                        yield Sleep(early)
                    if give_up is not None and session.clock() >= give_up:
                        return []
                    self._due = 0.0
                    continue
                pause = polling_delay(settings.poll_interval, settings.poll_interval_max, asked - self._newest)
                if self._pages > PAGES_TO_BEGIN_WITH + PAGES_A_JOB * self._ended:
                    pause = max(pause, SLOWER_PAUSE)
                found: dict[str, JsonObject] = {}
                try:
                    yield from self._poll(found)
                    if len(self.running) == 1 and session.clock() - asked >= LONG_POLL_HONOURED_AFTER:
                        pause = 0.0
                except SpeechmaticsError as error:
                    # What has been found is given first; what does not pass comes again with the next round.
                    if not found:
                        pause = max(pause, self._patience.pause_or_raise(error))
                if found:
                    ended = [found[job_id] for job_id in self.running if job_id in found]
                    for job_id in found:
                        self._let_go(job_id)
                    self._ended += len(ended)
                    if self._pages > pages and (self._more is not None or len(self.running) >= LISTED_TOGETHER):
                        # The page has just been read: those that it shows to run need time.
                        self._due = session.clock() + pause
                    return ended
                for job_id, failure in self._failed.items():
                    self._let_go(job_id)
                    if not isinstance(failure, JobNotFoundException | JobExpiredError):
                        failure.add_note(f"job {job_id} may still be running")
                    raise failure
                left = self._left()
                if left is not None and left <= 0:
                    raise self._timed_out()
                if give_up is not None and session.clock() >= give_up:
                    return []
                if pause:
                    yield Sleep(self._bounded(pause, give_up))

    def _bounded(self, pause: float, give_up: float | None) -> float:
        """A pause that ends with the time there is."""
        ends = [end for end in (self._deadline, give_up) if end is not None]
        return min([pause, *(max(0.0, end - self._session.clock()) for end in ends)])

    @contextmanager
    def naming(self) -> Generator[None]:
        """Names the jobs that are still running in the notes of what ends the conversation, or in the log."""
        try:
            yield
        except GeneratorExit:
            if self.running:
                _logger.info("no longer waited for, but still running: %s", ", ".join(self.running.values()))
            raise
        except BaseException as error:
            gone = error.job_id if isinstance(error, JobNotFoundException | JobExpiredError) else None
            if names := [name for job_id, name in self.running.items() if job_id != gone]:
                note = f"still running: {', '.join(names)}"
                if note not in getattr(error, "__notes__", ()):
                    error.add_note(note)
            raise

    def _take_more(self) -> None:
        began = self._session.clock()
        while self._more is not None:
            if self._is_over() and self._session.clock() - began > AT_ONCE:
                return
            try:
                job_id = next(self._more)
            except StopIteration:
                self._more = None
                return
            if job_id is None:
                return
            endpoints.get_job(job_id)
            self.add(job_id)

    def _let_go(self, job_id: str) -> None:
        self.running.pop(job_id, None)
        self._failed.pop(job_id, None)
        self._created.pop(job_id, None)
        self._statuses.pop(job_id, None)

    def _poll(self, found: dict[str, JsonObject]) -> Flow[None]:
        """Polls each job once, or until the time is over; those that have ended join `found`."""
        shown: set[str] = set()
        if self._reads_list and len(self.running) >= LISTED_TOGETHER:
            try:
                yield from self._read_list(shown, found)
            except SpeechmaticsError as error:
                if is_transient(error):
                    raise
                self._reads_list = False
        # Each round begins where the last one ended, so that one job whose poll fails does not hold up the others.
        pending = [job_id for job_id in self.running if job_id not in shown and job_id not in self._failed]
        begin = pending.index(self._next) if self._next in pending else 0
        troubles = 0
        for position, job_id in enumerate(pending[begin:] + pending[:begin]):
            if position and self._is_over():
                return
            try:
                job = yield from self._poll_one(job_id)
            except SpeechmaticsError as error:
                troubles += 1
                self._next = pending[(begin + position + 1) % len(pending)]
                if isinstance(error, APIStatusError) or troubles >= TROUBLES_A_ROUND or troubles == len(pending):
                    raise
                self._note_trouble(job_id, error)
                continue
            if job is not None:
                shown.add(job_id)
                self._note(job, found)

    def _poll_one(self, job_id: str) -> Flow[JsonObject | None]:
        """The job, or None where that is not to be had now; what concerns it alone joins `self._failed`."""
        is_alone = len(self.running) == 1
        longest = self._hold if self._more is None else min(self._hold, HELD_WHILE_MORE_COME)
        hold = wait_seconds(longest, self._left()) if is_alone and not self._is_hold_cut else 0
        self._is_hold_cut = False
        asked = self._session.clock()
        try:
            operation = endpoints.get_job(job_id, wait=hold)
            left = held_limit(hold, self._left() if self._timeout else None)
            return (yield from send_once(operation, endpoints.read_job(job_id), left))
        except SpeechmaticsError as error:
            if hold:
                self._hold = hold_after_cut(self._hold, self._session.clock() - asked)
                self._is_hold_cut = True
            # What no server answered, or turned away for being too much, is better not tried for the others now.
            is_refused = isinstance(error, APIStatusError) and error.status_code in REFUSING_STATUSES
            if isinstance(error, RequestError) or is_refused:
                raise
            self._note_trouble(job_id, error)
            return None

    def _note_trouble(self, job_id: str, error: SpeechmaticsError) -> None:
        """Notes that a job was not to be had; after too long that is its error."""
        try:
            self._patience.pause_or_raise(error, job_id)
        except SpeechmaticsError:
            self._failed[job_id] = error

    def _read_list(self, shown: set[str], found: dict[str, JsonObject]) -> Flow[None]:
        """Reads the list for as long as that saves requests; the jobs that it shows join `shown`."""
        cursor = self._cursor()
        pager = JobPager(cursor)
        while not pager.is_finished and len(self.running) - len(shown) >= LISTED_TOGETHER:
            operation = endpoints.list_jobs(created_before=pager.created_before, limit=endpoints.MAX_PAGE)
            self._pages += 1
            jobs = yield from self._ask(operation, operation.read)
            pager.take([(str(job.get("id")), moment_of(job.get("created_at"))) for job in jobs])
            missing = self.running.keys() - shown
            ours = [job for job in jobs if str(job.get("id")) in missing and isinstance(job.get("status"), str)]
            for job in ours:
                self._note(job, found)
            if len(ours) < WORTH_A_PAGE:
                # Before it is known when the jobs were made, there may be many newer ones that hide them.
                self._reads_list = bool(shown) or cursor is None
                pager.is_finished = True
            shown.update(str(job["id"]) for job in ours)
            if self._is_over():
                return

    def _note(self, job: JsonObject, found: dict[str, JsonObject]) -> None:
        """Notes what the server says of a job that is waited for."""
        job_id, status = str(job["id"]), str(job["status"])
        self._patience.note_answer(job_id)
        self._created[job_id] = moment_of(job.get("created_at"))
        if self._statuses.get(job_id) != status:
            self._statuses[job_id] = status
            warn_of_unknown_status(job_id, status)
        if not is_running(status):
            found[job_id] = job

    def _cursor(self) -> datetime | None:
        """A moment just after the newest of the jobs was made; None where that is not known of each."""
        moments = [self._created.get(job_id) for job_id in self.running]
        known = [moment for moment in moments if moment is not None]
        return max(known) + CURSOR_STEP if known and len(known) == len(moments) else None

    def _ask(self, request: Request, read: Callable[[httpx.Response], _T]) -> Flow[_T]:
        return send_once(request, read, self._left() if self._timeout else None)

    def _left(self) -> float | None:
        return None if self._deadline is None else self._deadline - self._session.clock()

    def _is_over(self) -> bool:
        left = self._left()
        return left is not None and left <= 0

    def _timed_out(self) -> WaitTimeoutError:
        if len(self.running) == 1:
            [job_id] = self.running
            message = f"job {job_id} did not end within {self._timeout:g} s; it is still running"
            return WaitTimeoutError(message, job_id=job_id)
        return WaitTimeoutError(
            f"{len(self.running)} jobs did not end within {self._timeout:g} s; they are still running"
        )
