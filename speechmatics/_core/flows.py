"""Conversations of several requests, as generators that yield what is to be done and return the result.

A flow does no I/O and knows no clock but the one it is given. A driver sends each request and hands back the answer
(or throws the failure in), lets each `Sleep` pass, and calls what the other steps hold.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Literal, TypeVar

import httpx

from speechmatics._core import endpoints, operations
from speechmatics._core.operations import CustomRequest, Request, RequestOptions
from speechmatics._core.policies import (
    is_transient,
    may_have_arrived,
    next_delay,
)
from speechmatics._core.session import Retry, Session
from speechmatics._core.steps import Disconnect, Flow, Reader, Sleep
from speechmatics.exceptions import (
    AnswerMismatchError,
    InvalidResponseError,
    JobExpiredError,
    JobNotFoundException,
    JobRunningError,
    SpeechmaticsError,
    TranscriptionError,
    error_for_status,
)
from speechmatics.models.job import JobDetails, JobStatus

__all__ = [
    "delete_job",
    "ended_without_transcript",
    "get_result",
    "is_early",
    "next_delay_or_none",
    "send",
    "send_custom",
    "send_once",
    "send_with_retry",
]

_T = TypeVar("_T")

_logger = logging.getLogger("speechmatics")

NOT_READY = frozenset({"transcription not ready", "job in progress"})
"""`error` of a 404 on a transcript whose job still runs, in lower case (documentation)."""
INCOMPLETE = frozenset({204, 206})
"""Statuses of answers that have no content, or a part of it; the API uses neither."""
LAST_POLL = 0.05
"""Seconds that a request may take whose deadline is here."""


def send(request: Request, left: float | None = None) -> Flow[httpx.Response]:
    """Sends a request once; `left` seconds are left for it.

    Raises:
        APIStatusError: The answer is an error.
        RequestError: No whole answer came.
    """
    if left is not None:
        request = replace(request, limit=max(left, LAST_POLL))
    response = yield request
    if response is None:
        raise TypeError("a driver hands back an answer for each request")
    if not response.is_success:
        raise error_for_status(response, job_id=request.job_id)
    if response.status_code in INCOMPLETE and not isinstance(request, CustomRequest):
        raise InvalidResponseError(
            f"the answer is not whole ({response.status_code})", body=response.content, job_id=request.job_id
        )
    return response


def send_once(request: Request, read: Reader[_T], left: float | None = None) -> Flow[_T]:
    """Sends a request once, and reads its answer; once more over a new connection if it is about another job.

    Raises:
        AnswerMismatchError: The answer is about another job, twice.
        InvalidResponseError: It is not what the API documents.
        APIStatusError, RequestError: As `send`.
    """
    response = yield from send(request, left)
    try:
        return read(response)
    except AnswerMismatchError:
        yield Disconnect(response)
        if request.method != "GET":
            raise
    response = yield from send(request, left)
    try:
        return read(response)
    except AnswerMismatchError:
        yield Disconnect(response)
        raise


def send_custom(method: object, path: object, options: RequestOptions, session: Session) -> Flow[httpx.Response]:
    """Sends a request of the caller's making, and gives its answer.

    Raises:
        TypeError: A keyword is not known.
        InvalidInputError: The method, the path or an option cannot be sent.
        APIStatusError, RequestError: As `send_with_retry`.
    """
    request = operations.custom_request(method, path, options)
    return (yield from send_with_retry(request, lambda response: response, session))


def send_with_retry(request: Request, read: Reader[_T], session: Session, deadline: float | None = None) -> Flow[_T]:
    """Sends a request, again where that is harmless and may help, and reads its answer.

    All of it takes `call_timeout` at most, and what the server was asked to hold its answer back.

    Args:
        request: What is sent.
        read: What reads its answer.
        session: What the client's conversations share.
        deadline: When all must be over, by the session's clock; None for no such limit.

    Raises:
        APIStatusError: The answer is an error.
        RequestError: No whole answer came.
        InvalidResponseError: The answer is not what the API documents.
    """
    started = session.clock()
    call_timeout = session.settings.call_timeout
    end = None if call_timeout is None else started + call_timeout + request.patience
    if deadline is not None:
        end = deadline if end is None else min(deadline, end)
    attempt = 0
    while True:
        attempt += 1
        try:
            return (yield from send_once(request, read, None if end is None else end - session.clock()))
        except SpeechmaticsError as error:
            if not (request.repeatable and is_transient(error)):
                raise
            delay = next_delay_or_none(request, attempt, session.clock() - started, error, session)
            if delay is None or (end is not None and session.clock() + delay >= end):
                raise
            yield Sleep(delay)


def get_result(transcript: Request, job_id: str, read: Reader[_T], session: Session) -> Flow[_T | Literal[False]]:
    """Asks for a transcript; False while the job runs.

    The service answers 404 both for a job that runs and for one that does not exist; where the answer does not say
    which it is, the job's own state does.

    Raises:
        JobNotFoundException: There is no such job.
        TranscriptionError: The job ended without a transcript.
    """
    call_timeout = session.settings.call_timeout
    end = None if call_timeout is None else session.clock() + call_timeout + transcript.patience
    try:
        return (yield from send_with_retry(transcript, read, session, end))
    except JobNotFoundException as error:
        if is_early(error):
            return False
    operation = endpoints.get_job(job_id)
    job = endpoints.parse_job((yield from send_with_retry(operation, endpoints.read_job(job_id), session, end)))
    if job.is_running:
        return False
    if job.status != JobStatus.DONE:
        raise ended_without_transcript(job)
    return (yield from send_with_retry(transcript, read, session, end))


def delete_job(job_id: str, session: Session, *, force: bool) -> Flow[str | Literal[False]]:
    """Deletes a job, and gives a sentence that says so; False if it runs and `force` is not set.

    Raises:
        JobNotFoundException: There is no such job.
    """
    failures: list[Retry] = []

    def note(retry: Retry) -> None:
        failures.append(retry)
        if session.on_retry is not None:
            session.on_retry(retry)

    operation = endpoints.delete_job(job_id, force=force)
    try:
        job = yield from send_with_retry(operation, operation.parse, replace(session, on_retry=note))
    except JobRunningError:
        return False
    except (JobNotFoundException, JobExpiredError):
        if any(may_have_arrived(retry.error, operation.path) for retry in failures):
            return f"Job {job_id} deleted"
        raise
    is_deleted = job.status == JobStatus.DELETED
    return f"Job {job_id} {job.status}" if is_deleted else f"Job {job_id} was not deleted: {job.status}"


def next_delay_or_none(
    request: Request, attempt: int, elapsed: float, error: SpeechmaticsError, session: Session
) -> float | None:
    """Seconds until a request that failed is sent again, for which `on_retry` is called; None if it is not."""
    delay = next_delay(session.settings, attempt, elapsed, error, session.chance)
    if delay is None:
        if attempt > 1:
            error.add_note(f"sent {attempt} times")
    else:
        session.tell_of_retry(
            Retry(method=request.method, path=request.path, attempt=attempt, delay=delay, error=error)
        )
    return delay


def is_early(error: SpeechmaticsError) -> bool:
    """Whether a transcript was asked for before it was ready."""
    return isinstance(error, JobNotFoundException) and error.error.lower() in NOT_READY


def ended_without_transcript(job: JobDetails) -> TranscriptionError:
    """The error that a job stands for which was rejected, deleted or has expired."""
    reasons = "; ".join(error.message for error in job.errors or () if error.message)
    return TranscriptionError(
        f"job {job.id} ended as {job.status}" + (f": {reasons}" if reasons else ""), job_id=job.id, job=job
    )
