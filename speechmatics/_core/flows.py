"""Conversations of several requests, as generators that yield what is to be done and return the result.

A flow does no I/O and knows no clock but the one it is given. A driver sends each request and hands back the answer
(or throws the failure in), lets each `Sleep` pass, and calls what an `Aside` holds.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import httpx

from speechmatics._core import operations
from speechmatics._core.operations import CustomRequest, Operation, Request
from speechmatics._core.policies import (
    HELD,
    is_passing,
    may_have_arrived,
    next_delay,
    polling_delay,
    retry_after,
    wait_seconds,
)
from speechmatics._core.session import Retry, Session
from speechmatics.exceptions import (
    InvalidResponseError,
    JobExpiredError,
    JobNotFoundException,
    JobRunningError,
    SpeechmaticsError,
    TranscriptionError,
    WaitTimeoutError,
    error_for_status,
)
from speechmatics.models.job import JobDetails, JobStatus

__all__ = [
    "Aside",
    "Flow",
    "Sleep",
    "Stream",
    "aside",
    "before_next",
    "call",
    "delete_job",
    "exchange",
    "may_recover",
    "result",
    "wait",
]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Sleep:
    """Asks the driver to let time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Aside:
    """Asks the driver to call a function that may block, such as one that opens a file."""

    function: Callable[[], None]


Flow = Generator[Request | Sleep | Aside, httpx.Response | None, _T]
"""A conversation that ends with a result of type T."""

Stream = Iterator[Flow[Sequence[_T]]]
"""A conversation with many results: flows to run one after the other, each of which ends with the next few."""

NOT_READY = frozenset({"transcription not ready", "job in progress"})
"""`error` of a 404 on a transcript whose job still runs, in lower case (documentation)."""
LAST_LOOK = 0.05
"""Seconds that a request may take whose deadline is here."""


def call(request: Request, session: Session) -> Flow[httpx.Response]:
    """Sends a request, and again where that is harmless and may help.

    Raises:
        APIStatusError: The answer is an error.
        RequestError: No whole answer came.
    """
    started = session.clock()
    attempt = 0
    while True:
        attempt += 1
        try:
            return (yield from exchange(request))
        except SpeechmaticsError as error:
            if not (request.repeatable and is_passing(error)):
                raise
            yield Sleep(before_next(request, attempt, session.clock() - started, error, session))


def result(transcript: Operation[object, object], job_id: str, session: Session) -> Flow[httpx.Response | None]:
    """Asks for a transcript; None while the job runs.

    The service answers 404 both for a job that runs and for one that does not exist; where the answer does not say
    which it is, the job's own state does.

    Raises:
        JobNotFoundException: There is no such job.
        TranscriptionError: The job ended without a transcript.
    """
    try:
        return (yield from call(transcript, session))
    except JobNotFoundException as error:
        if _is_early(error):
            return None
    operation = operations.get_job(job_id)
    job = operation.parse((yield from call(operation, session)))
    if job.is_running:
        return None
    if job.status != JobStatus.DONE:
        raise _ended_without_transcript(job)
    return (yield from call(transcript, session))


def delete_job(job_id: str, session: Session, *, force: bool) -> Flow[str | None]:
    """Deletes a job, and gives its status then; None if it runs and `force` is not set.

    Raises:
        JobNotFoundException: There is no such job.
    """
    failures: list[Retry] = []

    def note(retry: Retry) -> None:
        failures.append(retry)
        if session.on_retry is not None:
            session.on_retry(retry)

    operation = operations.delete_job(job_id, force=force)
    try:
        response = yield from call(operation, replace(session, on_retry=note))
    except JobRunningError:
        return None
    except (JobNotFoundException, JobExpiredError):
        if any(may_have_arrived(retry.error, operation.path) for retry in failures):
            return JobStatus.DELETED
        raise
    return operation.parse(response).status


def wait(
    transcript: Operation[object, object],
    job_id: str,
    session: Session,
    *,
    timeout: float | None = None,
    on_status: Callable[[JobDetails], None] | None = None,
) -> Flow[httpx.Response]:
    """Waits until a job ends, then asks for its transcript.

    Each look asks the server to hold its answer back; one that comes at once although the job runs is followed by a
    pause. Failures that pass are survived.

    Raises:
        JobNotFoundException: There is no such job.
        TranscriptionError: The job ended without a transcript.
        WaitTimeoutError: It did not end in time and still runs, or its transcript did not come in time.
    """
    deadline = None if timeout is None else session.clock() + timeout
    answered = changed = session.clock()
    status: str | None = None

    def left() -> float | None:
        return None if deadline is None else deadline - session.clock()

    def limit() -> float | None:
        return left() if timeout else None

    def pause_after(error: SpeechmaticsError) -> float:
        if not (may_recover(error) or _is_early(error)):
            raise error
        if session.clock() - answered > session.settings.outage_timeout:
            error.add_note(f"no usable answer came for {session.settings.outage_timeout:g} s")
            raise error
        return max(_delay(session, changed), min(retry_after(error) or 0, session.settings.outage_timeout))

    try:
        while True:
            asked = session.clock()
            # A program that wants to hear of each status hears the first one at once.
            hold = 0 if status is None and on_status is not None else wait_seconds(session.settings.long_poll, left())
            try:
                job = yield from _look(job_id, hold, limit())
            except SpeechmaticsError as error:
                pause = pause_after(error)
            else:
                if job.status != status:
                    status, changed = job.status, session.clock()
                    if on_status is not None:
                        on_status(job)
                if job.status == JobStatus.DONE:
                    try:
                        return (yield from exchange(transcript, limit()))
                    except SpeechmaticsError as error:
                        pause = pause_after(error)
                elif job.is_running:
                    answered = session.clock()
                    pause = 0.0 if answered - asked >= HELD else _delay(session, changed)
                else:
                    raise _ended_without_transcript(job)
            rest = left()
            if rest is not None and rest <= 0:
                raise WaitTimeoutError(_too_late(job_id, status, timeout), job_id=job_id)
            if pause:
                yield Sleep(pause if rest is None else min(pause, rest))
    except (GeneratorExit, TranscriptionError, JobNotFoundException, JobExpiredError, WaitTimeoutError):
        raise
    except BaseException as error:
        if status != JobStatus.DONE:
            error.add_note(f"job {job_id} goes on")
        raise


def _too_late(job_id: str, status: str | None, timeout: float | None) -> str:
    if status is None:
        return f"job {job_id} could not be looked at within {timeout:g} s"
    if status == JobStatus.DONE:
        return f"job {job_id} is done, but its transcript did not come within {timeout:g} s"
    return f"job {job_id} did not end within {timeout:g} s; it goes on"


def aside(function: Callable[[], _T]) -> Flow[_T]:
    """Calls a function that may block, where the driver lets such functions do so."""
    results: list[_T] = []
    yield Aside(lambda: results.append(function()))
    return results[0]


def may_recover(error: SpeechmaticsError) -> bool:
    """Whether asking again, later, may bring an answer: what is no answer of the API may come from a proxy."""
    return is_passing(error) or isinstance(error, InvalidResponseError)


def exchange(request: Request, left: float | None = None) -> Flow[httpx.Response]:
    """Sends a request once; `left` seconds are left for it."""
    if left is not None and not isinstance(request, CustomRequest):
        request = replace(request, limit=max(left, LAST_LOOK))
    response = yield request
    if response is None:
        raise TypeError("a driver hands back an answer for each request")
    if not response.is_success:
        raise error_for_status(response, job_id=request.job_id)
    return response


def before_next(request: Request, attempt: int, elapsed: float, error: SpeechmaticsError, session: Session) -> float:
    """Seconds until a request is sent again; raises the error if it is not."""
    delay = next_delay(session.settings, attempt, elapsed, error, session.chance)
    if delay is None:
        if attempt > 1:
            error.add_note(f"sent {attempt} times")
        raise error
    if session.on_retry is not None:
        session.on_retry(Retry(method=request.method, path=request.path, attempt=attempt, delay=delay, error=error))
    return delay


def _look(job_id: str, hold: int, left: float | None) -> Flow[JobDetails]:
    operation = operations.get_job(job_id, wait=hold)
    return operation.parse((yield from exchange(operation, left)))


def _is_early(error: SpeechmaticsError) -> bool:
    """Whether a transcript was asked for before it was ready."""
    return isinstance(error, JobNotFoundException) and error.error.lower() in NOT_READY


def _delay(session: Session, since: float) -> float:
    return polling_delay(session.settings.poll_interval, session.settings.poll_interval_max, session.clock() - since)


def _ended_without_transcript(job: JobDetails) -> TranscriptionError:
    reasons = "; ".join(error.message for error in job.errors or () if error.message)
    return TranscriptionError(
        f"job {job.id} ended as {job.status}" + (f": {reasons}" if reasons else ""), job_id=job.id, job=job
    )
