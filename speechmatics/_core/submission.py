"""Submitting so that there is just one job: preparing, sending, and finding a job whose answer was lost."""

from __future__ import annotations

import logging
import math
import os
import re
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import TypeVar
from uuid import uuid4

import httpx

from speechmatics._core import operations
from speechmatics._core.flows import Flow, Reader, Sleep, next_delay_or_none, run_blocking, send_once, send_with_retry
from speechmatics._core.media import AudioInput, open_audio
from speechmatics._core.operations import JsonObject, Operation, Request
from speechmatics._core.policies import (
    RECOVERY_SHARES,
    REFUSING_STATUSES,
    Aftermath,
    Search,
    aftermath,
    is_blip,
    next_delay,
)
from speechmatics._core.search import ID_PREFIX, Findings, ListSearch, could_be_any, place_of_id
from speechmatics._core.session import Session
from speechmatics.exceptions import (
    APIStatusError,
    AudioError,
    ConfigError,
    DuplicateJobWarning,
    InvalidInputError,
    InvalidResponseError,
    RequestError,
    SpeechmaticsError,
    SubmissionUncertainError,
    error_for_status,
    is_page,
)
from speechmatics.models.config import BatchTranscriptionConfig, ConfigSource, JobConfig, TrackingData, as_job_config
from speechmatics.settings import ConnectionSettings

__all__ = ["LEAST_TIMEOUT", "Progress", "english_by_default", "find_submissions", "submit_job"]

_T = TypeVar("_T")

Progress = Callable[[int, int | None], None]
"""Called with the bytes of audio that the network has taken so far, and those in all where that is known."""

RECOVERY_PAGES = 50
"""Pages of the list that a search for a submission that failed reads at most."""
LAST_LOOK = 5.0
"""Seconds that the last request of a search may take, once its window is over."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any job was created."""

LEAST_TIMEOUT = 0.001
"""Seconds in place of none: a wait of 0 is one poll, however long that takes."""

_logger = logging.getLogger("speechmatics")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Submission:
    """A submission that is ready to be sent.

    Attributes:
        operation: Its request.
        id: What its job is known by; None where submissions are not tracked.
        audio: Its file, by path, name or URL (without its query); None for bytes without a name.
        data_name: The file name that its job shows; None where that is not known.
        url: Where the service fetches the audio, if it does.
    """

    operation: Operation[str, str]
    id: str | None
    audio: str | None
    data_name: str | None
    url: str | None

    def could_be(self, job: JsonObject) -> bool:
        """Whether a job that shows no tracking could be this one, by the audio that it shows."""
        fetch = operations.object_in(operations.object_in(job, "config"), "fetch_data")
        shown_url: object = fetch.get("url")
        if self.url is not None:
            return shown_url in (None, self.url)
        name = job.get("data_name")
        return shown_url is None and (self.data_name is None or not name or name == self.data_name)


def submit_job(
    audio: AudioInput | None,
    source: ConfigSource,
    session: Session,
    *,
    on_progress: Progress | None = None,
    timeout: float | None = None,
    submission_id: str | None = None,
    look_first: bool = False,
) -> Flow[str]:
    """Checks audio and configuration, submits them so that there is just one job, and gives its id.

    Raises:
        AudioError, ConfigError, InvalidInputError: An argument is wrong; nothing is sent.
        SubmissionUncertainError: Whether the job was created could not be found out.
        APIStatusError, RequestError: The submission failed, and there is no job.
    """
    deadline = None if timeout is None else session.clock() + timeout
    if submission_id is not None and not submission_id.strip():
        raise InvalidInputError("submission_id must not be empty")
    if look_first and submission_id is None:
        raise InvalidInputError("look_first needs the submission_id to look for")
    try:
        submission = yield from run_blocking(
            partial(_prepare, audio, source, session.settings, on_progress, submission_id)
        )
    except SpeechmaticsError as error:
        error.audio = _name_of(audio)
        raise
    sending = _Sending(submission, session, deadline)
    try:
        if look_first:
            found = yield from sending.find_earlier()
            if found is not None:
                return found
        return (yield from sending.send())
    except GeneratorExit:
        raise
    except BaseException as error:
        if isinstance(error, SpeechmaticsError):
            error.audio = submission.audio
        raise


def english_by_default() -> BatchTranscriptionConfig:
    """The configuration of those who give none."""
    _log_default_language()
    return BatchTranscriptionConfig()


@cache
def _log_default_language() -> None:
    _logger.info('no configuration was given: the audio is transcribed as English, `"language": "en"`')


def find_submissions(ids: Iterable[str], since: datetime, session: Session) -> Flow[dict[str, str]]:
    """Finds the jobs of submissions by their ids, in one pass over the list; those that have none are left out.

    Raises:
        SubmissionUncertainError: Some were not found, and may have jobs all the same.
        APIStatusError, RequestError, InvalidResponseError: The list could not be read.
    """
    if isinstance(ids, str):
        raise InvalidInputError("ids is one id; give a list of them")
    wanted = dict.fromkeys(ids)
    if not wanted:
        return {}
    search = ListSearch(wanted, session, since=_earliest(since), could_be=could_be_any)
    findings = yield from search.look(_Patiently(session))
    found = {submission_id: job_ids[-1] for submission_id, job_ids in findings.job_ids.items()}
    if findings.doubt is not None:
        missing = [submission_id for submission_id in wanted if submission_id not in found]
        raise SubmissionUncertainError(
            f"whether {len(missing)} submissions have jobs could not be found out ({findings.doubt}), "
            f"{missing[0]} among them",
            InvalidResponseError(findings.doubt),
            submission_id=missing[0],
            found=found,
        )
    return found


def _earliest(moment: datetime) -> datetime:
    """A moment in UTC; one without a zone is UTC, or local time where that is earlier."""
    moment = max(moment, LONG_AGO.replace(tzinfo=None) if moment.tzinfo is None else LONG_AGO)
    return moment if moment.tzinfo is not None else min(moment.replace(tzinfo=UTC), moment.astimezone(UTC))


def _prepare(
    audio: AudioInput | None,
    source: ConfigSource,
    settings: ConnectionSettings,
    on_progress: Progress | None,
    submission_id: str | None,
) -> _Submission:
    config = as_job_config(source)
    if audio is not None and config.fetch_data is not None:
        raise ConfigError("audio and fetch_data are both given; the service takes one of them")
    if audio is None and config.fetch_data is None:
        raise AudioError("there is no audio; give a path, bytes or a file object, or fetch_data in the config")
    opened = None if audio is None else open_audio(audio, limit=settings.max_upload_bytes)
    url = None if config.fetch_data is None else config.fetch_data.url
    tracked = _track(config, submission_id) if settings.track_submissions or submission_id is not None else None
    return _Submission(
        operation=operations.create_job(config, opened, app=settings.app, on_progress=on_progress),
        id=tracked,
        audio=_name_of(audio) if url is None else _without_secrets(url),
        data_name=opened.name if opened is not None and _is_plain(opened.name) else None,
        url=url,
    )


def _track(config: JobConfig, submission_id: str | None) -> str:
    """Writes the submission's id into the configuration's tracking, beside what the user has there, and gives it."""
    tracking = config.tracking or TrackingData()
    details = tracking.details or {}
    tracked = submission_id or ID_PREFIX + uuid4().hex
    tracking.details = {**details, place_of_id(details): tracked}
    config.tracking = tracking
    return tracked


def _as_answered(failure: SpeechmaticsError) -> SpeechmaticsError:
    """A refusal is one even where the connection broke while its body was read."""
    if not isinstance(failure, RequestError) or failure.status_code is None or not 400 <= failure.status_code < 500:
        return failure
    refusal = error_for_status(httpx.Response(failure.status_code, request=failure.request))
    refusal.__cause__ = failure
    return refusal


def _without_secrets(url: str) -> str:
    """A URL as a message may show it: without the signature that its query may hold, or a password."""
    bare = url.partition("#")[0].partition("?")[0]
    scheme, separator, rest = bare.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + separator + host.rpartition("@")[2] + slash + path


def _name_of(audio: AudioInput | None) -> str | None:
    """What a message calls the audio: its path or name."""
    name: object
    if isinstance(audio, tuple):
        name = audio[0]
    elif isinstance(audio, str | os.PathLike):
        name = os.fspath(audio)
    else:
        name = getattr(audio, "name", None)
    return name if isinstance(name, str) and name else None


def _is_plain(name: str) -> bool:
    """Whether every server shows a file name as it was sent."""
    return re.fullmatch(r"[A-Za-z0-9._ -]+", name) is not None


class _Patiently:
    """Sends the requests of a search that has no window: again where that may help."""

    def __init__(self, session: Session, deadline: float | None = None) -> None:
        self._session = session
        self._deadline = deadline

    def __call__(self, request: Request, read: Reader[_T], /) -> Flow[_T]:
        return send_with_retry(request, read, self._session, self._deadline)


class _Within:
    """Sends the requests of a search that has a window: again while it lasts, and longer where it is turned away."""

    def __init__(self, session: Session, window: float, deadline: float | None) -> None:
        self._session = session
        self._started = session.clock()
        self._window = window
        self._deadline = deadline

    def __call__(self, request: Request, read: Reader[_T], /) -> Flow[_T]:
        session, settings = self._session, self._session.settings
        longest = self._window + LAST_LOOK
        attempt = 0
        while True:
            attempt += 1
            left = self._left()
            if left <= 0 or self._elapsed() > longest + settings.retry_total:
                raise RequestError("the time for the search was over")
            try:
                return (yield from send_once(request, read, min(max(self._window - self._elapsed(), LAST_LOOK), left)))
            except SpeechmaticsError as error:
                elapsed = self._elapsed()
                is_turned_away = isinstance(error, APIStatusError) and error.status_code in REFUSING_STATUSES
                counted = min(attempt, settings.retry_attempts - 1) if is_turned_away else attempt
                delay = next_delay(settings, counted, elapsed, error, session.chance)
                if not is_blip(error) or delay is None or delay >= self._left():
                    raise
                # A server that answers is asked once more for each page even then, so that one blip settles nothing.
                is_last = attempt > 1 or isinstance(error, httpx.TimeoutException)
                if not is_turned_away and elapsed > longest and is_last:
                    raise
                yield Sleep(delay)

    def _elapsed(self) -> float:
        return self._session.clock() - self._started

    def _left(self) -> float:
        return math.inf if self._deadline is None else self._deadline - self._session.clock()


class _Sending:
    """One submission on its way: it is sent until there is a job, or there certainly is none.

    Args:
        submission: What is sent.
        session: What the client's conversations share.
        deadline: When all must be over, by the session's clock; None for no such limit.
    """

    def __init__(self, submission: _Submission, session: Session, deadline: float | None) -> None:
        self._submission = submission
        self._session = session
        self._deadline = deadline
        self._started = session.clock()
        self._search = self._new_search(began=self._started, pages=RECOVERY_PAGES)
        self._is_sending = False
        self._is_in_doubt = False
        self._second: str | None = None

    def find_earlier(self) -> Flow[str | None]:
        """The job of an earlier submission with the same id, however old; None if there certainly is none."""
        findings = yield from self._new_search(began=None, pages=None).look(_Patiently(self._session, self._deadline))
        job_id = self._job_in(findings)
        if job_id is not None:
            _logger.info("job %s is that of submission %s, which is not sent again", job_id, self._submission.id)
            self._warn_of_second(job_id)
        elif findings.doubt is not None:
            raise self._uncertain(InvalidResponseError(findings.doubt), findings.doubt)
        return job_id

    def send(self) -> Flow[str]:
        """Sends the submission, and again what failed so that there certainly is no job."""
        self._started = self._session.clock()
        try:
            try:
                job_id = yield from self._send_until_settled()
            except SpeechmaticsError:
                raise
            except Exception as error:
                job_id = yield from self._job_in_spite_of(error)
        except Exception:
            raise
        except BaseException as error:
            self._note_interruption(error)
            raise
        self._session.remember(job_id)
        _logger.info("job %s was created for %s, submission id %s", job_id, self._name, self._submission.id)
        self._warn_of_second(job_id)
        return job_id

    def _send_until_settled(self) -> Flow[str]:
        operation = self._submission.operation
        attempt = 0
        while True:
            attempt += 1
            if operation.body is not None:
                operation.body.start()
            self._is_sending = True
            try:
                job_id = yield from send_once(operation, operation.read, self._left())
            except SpeechmaticsError as error:
                failure = _as_answered(error)
            else:
                was_in_doubt, self._is_in_doubt = self._is_in_doubt, True
                return (yield from self._first_of_two(job_id)) if was_in_doubt else job_id
            after = aftermath(failure, is_given=self._is_given, path=operation.path)
            self._is_sending = False
            # From now on there may be a job, even if none is found: it may appear later than it is searched for.
            self._is_in_doubt = self._is_in_doubt or after.search is not Search.NONE
            found = yield from self._job_of_failed(failure, after, attempt)
            if found is not None:
                return found

    def _job_of_failed(self, failure: SpeechmaticsError, after: Aftermath, attempt: int) -> Flow[str | None]:
        """The job of a submission that failed; None if it is to be sent again, after a pause that is over."""
        settings = self._session.settings
        if after.search in (Search.SHORT, Search.LONG):
            window = settings.recovery_window if after.search is Search.SHORT else settings.recovery_window_long
            found = yield from self._recover(failure, window)
            if found is not None:
                return found
        delay = self._delay_or_none(failure, after, attempt)
        if delay:
            yield Sleep(delay)
        if after.search is Search.ONCE:
            found = yield from self._recover(failure, 0)
            if found is not None:
                return found
        if delay is not None:
            return None
        if self._is_in_doubt and after.search is Search.NONE:
            for job_id in (yield from self._list_jobs_now()):
                return job_id
        if self._is_in_doubt:
            failure.add_note(f"no job was found (submission id {self._submission.id})")
        if isinstance(failure, RequestError) and failure.status_code is not None and failure.status_code < 300:
            raise InvalidResponseError("the answer to the submission was cut short, and no job was found") from failure
        raise failure

    def _delay_or_none(self, failure: SpeechmaticsError, after: Aftermath, attempt: int) -> float | None:
        """Seconds until the submission is sent again; None if it is not."""
        operation, session = self._submission.operation, self._session
        if not after.resend:
            return None
        if operation.body is not None and not operation.body.replayable:
            failure.add_note("the audio stream cannot be rewound, so that it was not sent again")
            return None
        delay = next_delay_or_none(operation, attempt, session.clock() - self._started, failure, session)
        left = self._left()
        return None if delay is not None and left is not None and left <= delay else delay

    def _recover(self, failure: SpeechmaticsError, window: float) -> Flow[str | None]:
        """Searches for the job of a submission that failed; None if there certainly is none.

        Raises:
            SubmissionUncertainError: That could not be found out.
        """
        if self._submission.id is None:
            raise self._uncertain(failure, "submissions are not tracked")
        session = self._session
        left = self._left()
        is_cut = left is not None and left < window
        window = max(left, 0.0) if left is not None and is_cut else window
        ask = _Within(session, window, self._deadline)
        started = session.clock()
        moments = [started + window * share for share in (RECOVERY_SHARES if window else (0.0,))]
        trouble: Exception | str | None = None
        for number, moment in enumerate(moments):
            now = session.clock()
            if number + 1 < len(moments) and now >= moments[number + 1]:
                continue
            if now < moment:
                yield Sleep(moment - now)
            try:
                findings = yield from self._search.look(ask)
            except APIStatusError as error:
                trouble = error
                if error.status_code in (401, 403) and not is_page(error.response):
                    if isinstance(failure, APIStatusError) and failure.status_code == error.status_code:
                        raise failure from None
                    break
            except Exception as error:
                trouble = error
            else:
                job_id = self._job_in(findings)
                if job_id is not None:
                    return job_id
                trouble = findings.doubt
        if trouble is None and is_cut:
            trouble = "the time was over"
        if trouble is None:
            return None
        raise self._uncertain(failure, trouble) from trouble if isinstance(trouble, Exception) else None

    def _first_of_two(self, job_id: str) -> Flow[str]:
        """The job of an earlier attempt that has turned up meanwhile; else that of the last, which was answered."""
        try:
            for other in (yield from self._list_jobs_now(known=job_id)):
                if other != job_id:
                    self._second = job_id
                    return other
        except BaseException as error:
            error.add_note(f"job {job_id} was created")
            raise
        return job_id

    def _list_jobs_now(self, known: str | None = None) -> Flow[list[str]]:
        """The jobs of the submission that a page of the list shows, the first first; `known` may be left out.

        Where that fails there are none.
        """
        session = self._session
        last = session.clock() + LAST_LOOK
        left = self._left()
        ask = _Within(session, 0, last if left is None else min(last, session.clock() + left))
        try:
            findings = yield from self._new_search(began=self._started, pages=1, known=known).look(ask)
        except Exception as error:
            _logger.debug("whether submission %s has a second job could not be seen: %s", self._submission.id, error)
            return []
        return [job_id for ids in findings.job_ids.values() for job_id in reversed(ids)]

    def _job_in_spite_of(self, error: Exception) -> Flow[str]:
        """The job of a submission that ended with an error which is not the package's; raises that if there is none."""
        body = self._submission.operation.body
        if not self._may_be_created:
            error.add_note("no job was created")
            raise error
        failure = SpeechmaticsError(f"{type(error).__name__}: {error}")
        try:
            found = yield from self._recover(failure, self._session.settings.recovery_window)
        except SpeechmaticsError:
            error.add_note(self._unknown())
            raise error from error.__cause__
        if found is None:
            error.add_note(f"no job was found (submission id {self._submission.id})")
            raise error
        if body is not None and error is body.callers_error:
            error.add_note(f"job {found} was created")
            raise error
        _logger.warning("job %s was created in spite of %s", found, type(error).__name__)
        return found

    def _note_interruption(self, error: BaseException) -> None:
        if self._may_be_created:
            _logger.warning("the submission of %s was interrupted: %s", self._name, self._unknown())
            error.add_note(self._unknown())
        else:
            error.add_note("no job was created")

    def _warn_of_second(self, job_id: str) -> None:
        if self._second is None:
            return
        message = f"submission {self._submission.id} was sent again, and has two jobs: {job_id} and {self._second}"
        _logger.error(message)
        # Where warnings are errors the job's id must not be lost: the log line stands.
        with suppress(DuplicateJobWarning):
            warnings.warn(message, DuplicateJobWarning, stacklevel=2)

    @property
    def _name(self) -> str:
        return self._submission.audio or "audio"

    @property
    def _is_given(self) -> bool:
        body = self._submission.operation.body
        return body is None or body.is_given

    @property
    def _may_be_created(self) -> bool:
        return self._is_in_doubt or (self._is_sending and self._is_given)

    def _left(self) -> float | None:
        return None if self._deadline is None else self._deadline - self._session.clock()

    def _new_search(self, *, began: float | None, pages: int | None, known: str | None = None) -> ListSearch:
        submission = self._submission

        def could_be(job: JsonObject) -> bool:
            return (known is None or job.get("id") != known) and submission.could_be(job)

        wanted = [] if submission.id is None else [submission.id]
        return ListSearch(wanted, self._session, began=began, could_be=could_be, pages=pages)

    def _job_in(self, findings: Findings) -> str | None:
        """The first job of the submission; a second one is kept for the warning."""
        job_ids = [job_id for ids in findings.job_ids.values() for job_id in ids]
        if len(job_ids) > 1:
            self._second = job_ids[0]
        return job_ids[-1] if job_ids else None

    def _unknown(self) -> str:
        submission_id = self._submission.id
        where = "submissions are not tracked" if submission_id is None else f"its tracking.details hold {submission_id}"
        return f"the job may or may not have been created; {where}"

    def _uncertain(self, failure: SpeechmaticsError, trouble: object) -> SubmissionUncertainError:
        submission = self._submission
        advice = (
            f"look for {submission.id} in the jobs' tracking.details before submitting again"
            if submission.id is not None
            else "look for it in the list of jobs before submitting again"
        )
        return SubmissionUncertainError(
            f"the submission of {self._name} failed ({failure}), and the job may or may not have been "
            f"created ({trouble}); {advice}",
            failure,
            submission_id=submission.id,
        )
