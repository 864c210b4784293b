"""Conversations of several requests, as generators that yield what is to be done and return the result.

A flow does no I/O and knows no clock but the one it is given. A driver sends each request and hands back the answer
(or throws the failure in), lets each `Sleep` pass, and calls what the other steps hold.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import httpx

from speechmatics._answers import is_in_api_words, is_page
from speechmatics._core import operations
from speechmatics._core.arguments import check_callback, check_limit
from speechmatics._core.operations import CustomRequest, Request, RequestOptions
from speechmatics._core.policies import (
    LONG_POLL_HONOURED_AFTER,
    held_limit,
    hold_after_cut,
    is_blip,
    is_transient,
    may_have_arrived,
    next_delay,
    polling_delay,
    retry_after,
    wait_seconds,
)
from speechmatics._core.session import Retry, Session
from speechmatics.exceptions import (
    AnswerMismatchError,
    APIStatusError,
    InvalidResponseError,
    JobExpiredError,
    JobNotFoundException,
    JobRunningError,
    SpeechmaticsError,
    TranscriptionError,
    WaitTimeoutError,
    error_for_status,
)
from speechmatics.models.job import JobDetails, JobStatus, is_running

__all__ = [
    "Await",
    "Callback",
    "Disconnect",
    "Flow",
    "Patience",
    "Reader",
    "RunBlocking",
    "Sleep",
    "Step",
    "Stream",
    "delete_job",
    "ended_without_transcript",
    "get_result",
    "next_delay_or_none",
    "run_blocking",
    "send",
    "send_custom",
    "send_once",
    "send_with_retry",
    "wait_for_completion",
    "warn_of_unknown_status",
]

_T = TypeVar("_T")

_logger = logging.getLogger("speechmatics")


@dataclass(frozen=True, slots=True)
class Sleep:
    """Asks the driver to let time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class RunBlocking:
    """Asks the driver to call a function that may block, such as one that opens a file.

    Attributes:
        function: The function.
        limit: Seconds after which it is given up with a `TimeoutError`, where the driver can; None for no limit.
    """

    function: Callable[[], None]
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Callback:
    """Asks the driver to call a function of the program's, and to await what it returns if that can be awaited."""

    function: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Await:
    """Asks the driver to await what a function gives; one that blocks raises what it is refused by."""

    function: Callable[[], Awaitable[None]]
    refusal: SpeechmaticsError
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Asks the driver to close the connection over which an answer came."""

    response: httpx.Response


Step = Request | Sleep | RunBlocking | Callback | Await | Disconnect

Flow = Generator[Step, httpx.Response | None, _T]
"""A conversation that ends with a result of type T."""

Stream = Iterator[Flow[Sequence[_T]]]
"""A conversation with many results: flows to run one after the other, each of which ends with the next few."""

Reader = Callable[[httpx.Response], _T]
"""What makes a result of an answer."""

NOT_READY = frozenset({"transcription not ready", "job in progress"})
"""`error` of a 404 on a transcript whose job still runs, in lower case (documentation)."""
INCOMPLETE = frozenset({204, 206})
"""Statuses of answers that have no content, or a part of it; the API uses neither."""
LAST_POLL = 0.05
"""Seconds that a request may take whose deadline is here."""
ABSENCE = 10.0
"""Seconds during which a wait survives nothing but answers that the job, or the right to see it, is not there."""


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
        if _is_early(error):
            return False
    operation = operations.get_job(job_id)
    job = operations.parse_job((yield from send_with_retry(operation, operations.read_job(job_id), session, end)))
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

    operation = operations.delete_job(job_id, force=force)
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
                operation = operations.get_job(job_id, wait=hold)
                raw = yield from send_once(operation, operations.read_job(job_id), held_limit(hold, limit()))
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
                        on_status(operations.parse_job(raw))
                if status == JobStatus.DONE:
                    continue
                if not is_running(raw["status"]):
                    raise ended_without_transcript(operations.parse_job(raw))
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
        if isinstance(error, APIStatusError) and error.status_code in (401, 403, 404) and not _is_early(error):
            if not self._may_pass(job_id, error):
                raise error
            if now - self._absent_since.setdefault(job_id, now) >= ABSENCE:
                raise error
        elif not (is_blip(error) or _is_early(error)):
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


def run_blocking(function: Callable[[], _T], limit: float | None = None) -> Flow[_T]:
    """Calls a function that may block, where the driver lets such functions do so, for as long as it may take."""
    results: list[_T] = []
    yield RunBlocking(lambda: results.append(function()), limit)
    return results[0]


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


def _too_late(job_id: str, status: str | None, timeout: float | None) -> str:
    if status is None:
        return f"job {job_id} could not be polled within {timeout:g} s"
    if status == JobStatus.DONE:
        return f"job {job_id} is done, but its transcript did not come within {timeout:g} s"
    return f"job {job_id} did not end within {timeout:g} s; it is still running"


def _is_early(error: SpeechmaticsError) -> bool:
    """Whether a transcript was asked for before it was ready."""
    return isinstance(error, JobNotFoundException) and error.error.lower() in NOT_READY


def _poll_pause(session: Session, since: float) -> float:
    settings = session.settings
    return polling_delay(settings.poll_interval, settings.poll_interval_max, session.clock() - since)


def ended_without_transcript(job: JobDetails) -> TranscriptionError:
    """The error that a job stands for which was rejected, deleted or has expired."""
    reasons = "; ".join(error.message for error in job.errors or () if error.message)
    return TranscriptionError(
        f"job {job.id} ended as {job.status}" + (f": {reasons}" if reasons else ""), job_id=job.id, job=job
    )
