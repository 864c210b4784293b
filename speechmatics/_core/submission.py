"""Submitting so that there is just one job: sending, and finding a job whose answer was lost."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import httpx

from speechmatics._answers import is_page
from speechmatics._core.arguments import (
    check_callback,
    check_datetime,
    check_flag,
    check_ids,
    check_limit,
    check_text,
    is_path,
)
from speechmatics._core.async_audio import open_async_audio
from speechmatics._core.audio import Audio
from speechmatics._core.audio_input import AsyncAudioInput, is_awaited, is_in_memory, label_of, not_awaited
from speechmatics._core.flows import next_delay_or_none, send_once
from speechmatics._core.operations import JsonObject
from speechmatics._core.policies import RECOVERY_SHARES, Aftermath, Search, aftermath
from speechmatics._core.prepared import Progress, Submission, prepare
from speechmatics._core.search import LAST_LOOK, Findings, ListSearch, Patiently, Within, could_be_any
from speechmatics._core.session import Session
from speechmatics._core.steps import Await, Flow, Sleep, run_blocking
from speechmatics.exceptions import (
    APIStatusError,
    AudioError,
    DuplicateJobWarning,
    InvalidInputError,
    InvalidResponseError,
    RequestError,
    SpeechmaticsError,
    SubmissionUncertainError,
    WaitTimeoutError,
    error_for_status,
)
from speechmatics.models.config import ConfigSource
from speechmatics.settings import ConnectionSettings

__all__ = ["Progress", "find_submissions", "submit_job"]

ONCE_SHARE = 0.5
"""Share of `recovery_window` that passes at least before a submission is searched for once: lists lag."""
RECOVERY_PAGES = 50
"""Pages of the list that a search for a submission that failed reads at most."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any job was created."""
FAR_AHEAD = datetime(9000, 1, 1, tzinfo=UTC)
"""After any job will be created; no zone takes this moment out of what a `datetime` can hold."""

_logger = logging.getLogger("speechmatics")


def submit_job(
    audio: AsyncAudioInput | None,
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
    timeout = check_limit("timeout", timeout)
    deadline = None if timeout is None else session.clock() + timeout
    check_callback("on_progress", on_progress)
    if submission_id is not None:
        check_text("submission_id", submission_id)
    if check_flag("look_first", look_first) and submission_id is None:
        raise InvalidInputError("look_first needs the submission_id to search for")
    try:
        opened = yield from _opened_if_awaited(audio, session.settings, timeout)
        left = None if deadline is None else max(deadline - session.clock(), 0.0)
        prepared = partial(prepare, opened, source, session.settings, on_progress, submission_id)
        if is_in_memory(opened) and not is_path(source):
            submission = prepared()  # no file is opened, and a thread would cost more than it does
        else:
            submission = yield from run_blocking(prepared, left)
    except TimeoutError as error:
        label = label_of(audio) or "the audio"
        raise WaitTimeoutError(f"{label} could not be read in time; no job was created") from error
    except SpeechmaticsError as error:
        error.audio = label_of(audio)
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


def _opened_if_awaited(
    audio: AsyncAudioInput | None, settings: ConnectionSettings, limit: float | None
) -> Flow[AsyncAudioInput | Audio | None]:
    """Audio as it is, but a file object that is to be awaited opened, where the driver can await."""
    if not is_awaited(audio):
        return audio
    opened: list[Audio] = []

    async def open_it() -> None:
        opened.append(await open_async_audio(audio, limit=settings.max_upload_bytes))

    yield Await(open_it, AudioError(not_awaited(audio)), limit)
    return opened[0]


def find_submissions(ids: Iterable[str], since: datetime, session: Session) -> Flow[dict[str, str]]:
    """Finds the jobs of submissions by their ids, in one pass over the list; those that have none are left out.

    Raises:
        SubmissionUncertainError: Some were not found, and may have jobs all the same.
        APIStatusError, RequestError, InvalidResponseError: The list could not be read.
    """
    wanted = dict.fromkeys(check_ids("ids", ids))
    check_datetime("since", since)
    if not wanted:
        return {}
    search = ListSearch(wanted, session, since=_earliest(since), could_be=could_be_any)
    call_timeout = session.settings.call_timeout
    findings = yield from search.check(Patiently(session, call_timeout and session.clock() + call_timeout))
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
    zone = None if moment.tzinfo is None else UTC
    moment = min(max(moment, LONG_AGO.replace(tzinfo=zone)), FAR_AHEAD.replace(tzinfo=zone))
    return moment if moment.tzinfo is not None else min(moment.replace(tzinfo=UTC), moment.astimezone(UTC))


def _as_answered(failure: SpeechmaticsError) -> SpeechmaticsError:
    """A refusal is one even where the connection broke while its body was read."""
    if not isinstance(failure, RequestError) or failure.status_code is None or not 400 <= failure.status_code < 500:
        return failure
    refusal = error_for_status(httpx.Response(failure.status_code, request=failure.request))
    refusal.__cause__ = failure
    return refusal


class _Sending:
    """One submission on its way: it is sent until there is a job, or there certainly is none.

    Args:
        submission: What is sent.
        session: What the client's conversations share.
        deadline: When all must be over, by the session's clock; None for no such limit.
    """

    def __init__(self, submission: Submission, session: Session, deadline: float | None) -> None:
        self._submission = submission
        self._session = session
        self._deadline = deadline
        self._started = session.clock()
        self._began = self._started, session.wall_clock()
        self._search = self._new_search(began=self._began, pages=RECOVERY_PAGES)
        self._job_id: str | None = None
        self._looked_first = False
        self._is_sending = False
        self._is_in_doubt = False
        self._second: str | None = None

    def find_earlier(self) -> Flow[str | None]:
        """The job of an earlier submission with the same id, however old; None if there certainly is none."""
        self._looked_first = True
        findings = yield from self._new_search(began=None, pages=None).check(Patiently(self._session, self._deadline))
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
            self._job_id = job_id
            _logger.info("job %s was created for %s, submission id %s", job_id, self._name, self._submission.id)
            self._session.remember(job_id)
            self._warn_of_second(job_id)
        except Exception:
            raise
        except BaseException as error:
            self._note_interruption(error)
            raise
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
                self._job_id = job_id
                return (yield from self._first_of_two(job_id)) if was_in_doubt or self._looked_first else job_id
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
        if after.search is Search.ONCE:
            # The one check comes late enough for a list that lags a little.
            pause = max(delay or 0.0, settings.recovery_window * ONCE_SHARE)
            left = self._left()
            yield Sleep(pause if left is None else max(0.0, min(pause, left)))
        elif delay:
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
        left = self._left()
        if left is not None and left <= 0 and not self._is_in_doubt and isinstance(failure, httpx.TimeoutException):
            raise WaitTimeoutError(f"{self._name} was not submitted in time; no job was created") from failure
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
        ask = Within(session, window, self._deadline)
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
                findings = yield from self._search.check(ask)
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
        ask = Within(session, 0, last if left is None else min(last, session.clock() + left))
        try:
            findings = yield from self._new_search(began=self._began, pages=1, known=known).check(ask)
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
        is_callers = error is self._session.memory.callers_error or (body is not None and error is body.callers_error)
        if is_callers:
            error.add_note(f"job {found} was created")
            raise error
        _logger.warning("job %s was created in spite of %s", found, type(error).__name__)
        return found

    def _note_interruption(self, error: BaseException) -> None:
        if self._job_id is not None:
            _logger.warning("the submission of %s was interrupted: job %s was created", self._name, self._job_id)
            error.add_note(f"job {self._job_id} was created")
        elif self._may_be_created:
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

    def _new_search(
        self, *, began: tuple[float, float] | None, pages: int | None, known: str | None = None
    ) -> ListSearch:
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
            f"search for {submission.id} in the jobs' tracking.details before submitting again"
            if submission.id is not None
            else "search for it in the list of jobs before submitting again"
        )
        return SubmissionUncertainError(
            f"the submission of {self._name} failed ({failure}), and the job may or may not have been "
            f"created ({trouble}); {advice}",
            failure,
            submission_id=submission.id,
        )
