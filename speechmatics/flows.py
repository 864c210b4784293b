"""Conversations of several requests, as generators that yield what is to be done and return the result.

A flow does no I/O and knows no clock but the one it is given. A driver sends each `Operation` and hands back the answer
(or throws the failure in), and lets each `Sleep` pass.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

import httpx

from speechmatics import operations
from speechmatics.exceptions import (
    JobNotFoundException,
    JobRunningError,
    SpeechmaticsError,
    TranscriptionError,
    WaitTimeoutError,
    error_for_status,
)
from speechmatics.models.job import JobDetails, JobStatus
from speechmatics.operations import Operation
from speechmatics.policies import MAX_FAILURES, is_passing, polling_delays

__all__ = ["Flow", "Patience", "Sleep", "call", "delete_job", "next_ended", "result", "wait"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Sleep:
    """Asks the driver to let time pass."""

    seconds: float


Flow = Generator[Operation[object, object] | Sleep, httpx.Response | None, _T]
"""A conversation that ends with a result of type T."""

NOT_READY = frozenset({"transcription not ready", "job in progress"})
"""`error` of a 404 on a transcript whose job still runs, in lower case (documentation)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How to wait for a job.

    Attributes:
        first: Seconds until the second look.
        longest: Seconds at most between two looks.
        timeout: Seconds in all, or None for no limit.
        clock: Seconds from any fixed point, never running backwards.
    """

    first: float
    longest: float
    timeout: float | None
    clock: Callable[[], float]


def call(operation: Operation[object, object]) -> Flow[httpx.Response]:
    """Sends one request.

    Raises:
        APIStatusError: The answer is an error.
        RequestError: No whole answer came.
    """
    response = yield operation
    if response is None:
        raise TypeError("a driver hands back an answer for each operation")
    if not response.is_success:
        raise error_for_status(response, job_id=operation.job_id)
    return response


def result(transcript: Operation[object, object], job_id: str) -> Flow[httpx.Response | None]:
    """Asks for a transcript; None while the job runs.

    The service answers 404 both for a job that runs and for one that does not exist; where the answer does not say
    which it is, the job's own state does.

    Raises:
        JobNotFoundException: There is no such job.
        TranscriptionError: The job ended without a transcript.
    """
    try:
        return (yield from call(transcript))
    except JobNotFoundException as error:
        if error.error.lower() in NOT_READY:
            return None
    job = yield from _look(job_id)
    if job.is_running:
        return None
    if job.status != JobStatus.DONE:
        raise _ended_without_transcript(job)
    return (yield from call(transcript))


def delete_job(job_id: str, *, force: bool) -> Flow[JobDetails | None]:
    """Deletes a job; None if it runs and `force` is not set.

    Raises:
        JobNotFoundException: There is no such job.
    """
    operation = operations.delete_job(job_id, force=force)
    try:
        response = yield from call(operation)
    except JobRunningError:
        return None
    return operation.parse(response)


def wait(
    transcript: Operation[object, object],
    job_id: str,
    patience: Patience,
    on_status: Callable[[JobDetails], None] | None = None,
) -> Flow[httpx.Response]:
    """Waits until a job ends, then asks for its transcript.

    Failures that pass (no connection, 429, 5xx) are survived up to ten times in a row.

    Raises:
        JobNotFoundException: There is no such job.
        TranscriptionError: The job ended without a transcript.
        WaitTimeoutError: It did not end in time; it still runs.
    """
    deadline = None if patience.timeout is None else patience.clock() + patience.timeout
    status: str | None = None
    failures = 0
    for delay in polling_delays(patience.first, patience.longest):
        try:
            job = yield from _look(job_id)
            failures = 0
            if on_status is not None and job.status != status:
                on_status(job)
            status = job.status
            if not job.is_running:
                if job.status != JobStatus.DONE:
                    raise _ended_without_transcript(job)
                response = yield from result(transcript, job_id)
                if response is not None:
                    return response
        except SpeechmaticsError as error:
            failures += 1
            if not is_passing(error) or failures >= MAX_FAILURES:
                raise
        left = None if deadline is None else deadline - patience.clock()
        if left is not None and left <= 0:
            raise WaitTimeoutError(f"job {job_id} did not end within {patience.timeout:g} s; it goes on", job_id=job_id)
        yield Sleep(delay if left is None else min(delay, left))
    raise AssertionError("polling delays do not end")


def next_ended(job_ids: list[str], patience: Patience) -> Flow[str]:
    """Waits until one of several jobs ends, and gives its id."""
    for delay in polling_delays(patience.first, patience.longest):
        for job_id in job_ids:
            job = yield from _look(job_id)
            if not job.is_running:
                return job_id
        yield Sleep(delay)
    raise AssertionError("polling delays do not end")


def _look(job_id: str) -> Flow[JobDetails]:
    operation = operations.get_job(job_id)
    return operation.parse((yield from call(operation)))


def _ended_without_transcript(job: JobDetails) -> TranscriptionError:
    reasons = "; ".join(error.message for error in job.errors or () if error.message)
    return TranscriptionError(
        f"job {job.id} ended as {job.status}" + (f": {reasons}" if reasons else ""), job_id=job.id, job=job
    )
