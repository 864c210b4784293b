"""Waiting for a job: a blip never abandons it, and what ends a wait says why."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from speechmatics._answers import is_in_api_words, is_page
from speechmatics._core import endpoints
from speechmatics._core.arguments import check_callback, check_limit
from speechmatics._core.flows import (
    ended_without_transcript,
    is_early,
    send_once,
)
from speechmatics._core.operations import Request
from speechmatics._core.policies import (
    LONG_POLL_HONOURED_AFTER,
    held_limit,
    hold_after_cut,
    is_blip,
    polling_delay,
    retry_after,
    wait_seconds,
)
from speechmatics._core.session import Session
from speechmatics._core.steps import Flow, Reader, Sleep
from speechmatics.exceptions import (
    APIStatusError,
    JobExpiredError,
    JobNotFoundException,
    SpeechmaticsError,
    TranscriptionError,
    WaitTimeoutError,
)
from speechmatics.models.job import JobDetails, JobStatus, is_running

__all__ = [
    "Patience",
    "wait_for_completion",
    "warn_of_unknown_status",
]

_T = TypeVar("_T")

_logger = logging.getLogger("speechmatics")

ABSENCE = 10.0
"""Seconds during which a wait survives nothing but answers that the job, or the right to see it, is not there."""


def wait_for_completion(
    transcript: Request,
    job_id: str,
    read: Reader[_T],
    session: Session,
    *,
    timeout: float | None = None,
    on_status: Callable[[JobDetails], None] | None = None,
) -> Flow[_T]:
    """Waits until a job ends, then asks for its transcript; no `timeout` is the setting `wait_timeout`.

    Each poll asks the server to hold its answer back; one that comes at once although the job runs is followed by a
    pause. Blips are survived.

    Raises:
        JobNotFoundException: There is no such job.
        TranscriptionError: The job ended without a transcript.
        WaitTimeoutError: It did not end in time and still runs, or its transcript did not come in time.
    """
    settings = session.settings
    timeout = check_limit("timeout", settings.wait_timeout if timeout is None else timeout)
    check_callback("on_status", on_status)
    deadline = None if timeout is None else session.clock() + timeout
    patience = Patience(session)
    changed = session.clock()
    status: str | None = None
    longest_hold = settings.long_poll
    is_hold_cut = False

    def left() -> float | None:
        return None if deadline is None else deadline - session.clock()

    def limit() -> float | None:
        return left() if timeout else None

    try:
        while True:
            asked = session.clock()
            # A program that wants to hear of each status hears the first one at once.
            hears_first = status is None and on_status is not None
            asks_at_once = hears_first or is_hold_cut or status == JobStatus.DONE
            hold = 0 if asks_at_once else wait_seconds(longest_hold, left())
            is_hold_cut = False
            try:
                if status == JobStatus.DONE:
                    return (yield from send_once(transcript, read, limit()))
                operation = endpoints.get_job(job_id, wait=hold)
                raw = yield from send_once(operation, endpoints.read_job(job_id), held_limit(hold, limit()))
            except SpeechmaticsError as error:
                pause = max(patience.pause_or_raise(error, job_id), _poll_pause(session, changed))
                if hold:
                    longest_hold = hold_after_cut(longest_hold, session.clock() - asked)
                    is_hold_cut = True
            else:
                patience.note_answer(job_id)
                pause = 0.0 if session.clock() - asked >= LONG_POLL_HONOURED_AFTER else _poll_pause(session, changed)
                if raw["status"] != status:
                    status, changed = str(raw["status"]), session.clock()
                    warn_of_unknown_status(job_id, status)
                    if on_status is not None:
                        on_status(endpoints.parse_job(raw))
                if status == JobStatus.DONE:
                    continue
                if not is_running(raw["status"]):
                    raise ended_without_transcript(endpoints.parse_job(raw))
            rest = left()
            if rest is not None and rest <= 0:
                raise WaitTimeoutError(_too_late(job_id, status, timeout), job_id=job_id)
            if pause:
                yield Sleep(pause if rest is None else min(pause, rest))
    except (GeneratorExit, TranscriptionError, JobNotFoundException, JobExpiredError, WaitTimeoutError):
        raise
    except BaseException as error:
        error.add_note(f"job {job_id} is {'done' if status == JobStatus.DONE else 'still running'}")
        raise


class Patience:
    """How long waiting survives answers that are none.

    Args:
        session: What the client's conversations share.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._started = session.clock()
        self._answered: dict[str | None, float] = {}
        self._seen: set[str] = set()
        self._absent_since: dict[str | None, float] = {}

    def restart(self) -> None:
        """Waiting begins anew."""
        self._started = self._session.clock()
        self._answered.clear()

    def note_answer(self, job_id: str) -> None:
        """The server has answered about a job."""
        self._seen.add(job_id)
        for key in (job_id, None):
            self._answered[key] = self._session.clock()
            self._absent_since.pop(key, None)

    def pause_or_raise(self, error: SpeechmaticsError, job_id: str | None = None) -> float:
        """Seconds that the server asks to wait, 0 or more; raises the error, about a job or all, if waiting is over."""
        now = self._session.clock()
        outage = self._session.settings.outage_timeout
        if isinstance(error, APIStatusError) and error.status_code in (401, 403, 404) and not is_early(error):
            if not self._may_pass(job_id, error):
                raise error
            if now - self._absent_since.setdefault(job_id, now) >= ABSENCE:
                raise error
        elif not (is_blip(error) or is_early(error)):
            raise error
        else:
            self._absent_since.pop(job_id, None)
        if now - self._answered.get(job_id, self._started) > outage:
            error.add_note(f"no usable answer came for {outage:g} s")
            raise error
        return min(retry_after(error) or 0, outage)

    def _may_pass(self, job_id: str | None, error: APIStatusError) -> bool:
        """Whether what is said to be missing may be there in a moment: a page, a replica that lags."""
        if is_page(error.response):
            return True
        if error.status_code != 404:
            return False
        is_known = job_id is not None and (job_id in self._seen or self._session.is_young(job_id))
        return is_known or not is_in_api_words(error.response)


def warn_of_unknown_status(job_id: str, status: str) -> None:
    """Says in the log that a job has a status which this package does not know; it is waited for."""
    if is_running(status) and status != JobStatus.RUNNING:
        _logger.warning("job %s has the status %r, which is not known; it is waited for", job_id, status)


def _too_late(job_id: str, status: str | None, timeout: float | None) -> str:
    if status is None:
        return f"job {job_id} could not be polled within {timeout:g} s"
    if status == JobStatus.DONE:
        return f"job {job_id} is done, but its transcript did not come within {timeout:g} s"
    return f"job {job_id} did not end within {timeout:g} s; it is still running"


def _poll_pause(session: Session, since: float) -> float:
    settings = session.settings
    return polling_delay(settings.poll_interval, settings.poll_interval_max, session.clock() - since)
