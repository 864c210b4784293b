"""Submitting so that there is just one job: preparing, sending, and finding a job whose answer was lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from functools import partial
from uuid import uuid4

from speechmatics._core import operations
from speechmatics._core.flows import Flow, Sleep, aside, before_next, call, exchange, may_recover
from speechmatics._core.media import AudioInput, open_audio
from speechmatics._core.policies import JobPager, is_passing, may_have_arrived, recovery_delays, server_time
from speechmatics._core.session import Session
from speechmatics.exceptions import (
    AudioError,
    ConfigError,
    InvalidResponseError,
    JobExpiredError,
    JobNotFoundException,
    SpeechmaticsError,
    SubmissionUncertainError,
)
from speechmatics.models.config import ConfigSource, JobConfig, TrackingData, as_job_config
from speechmatics.models.job import JobDetails
from speechmatics.settings import ConnectionSettings

__all__ = ["Progress", "submit"]

Progress = Callable[[int, int | None], None]
"""Told the bytes of audio handed to the network so far, and those in all where that is known."""

RECOVERY_MARGIN = timedelta(seconds=10)
"""How much older than the submission a job may be dated before the search for it ends."""
RECOVERY_PAGES = 50
"""Pages of the list that the search for a submission reads at most."""
SUBMISSION_ID = "submission_id"
"""Where in `tracking.details` the id of a submission stands."""
OTHER_PLACE = "speechmatics_submission_id"
"""Where it stands if a user's own value has the first place."""
OURS = "sm-typed-"
"""How each id begins: one that came along with the configuration of an earlier job is known by it, and replaced."""


def submit(
    audio: AudioInput | None,
    source: ConfigSource,
    session: Session,
    on_progress: Progress | None = None,
) -> Flow[str]:
    """Checks audio and configuration, submits them so that there is just one job, and gives its id.

    Raises:
        AudioError, ConfigError: An argument is wrong; nothing is sent.
        SubmissionUncertainError: Whether there is a job could not be found out.
        APIStatusError, RequestError: The submission failed, and there is no job.
    """
    operation, submission_id = yield from aside(partial(_prepare, audio, source, session.settings, on_progress))
    return (yield from _submit(operation, session, submission_id))


def _prepare(
    audio: AudioInput | None, source: ConfigSource, settings: ConnectionSettings, on_progress: Progress | None
) -> tuple[operations.Operation[str, str], str | None]:
    """The submission, and the id that it carries unless submissions are not tracked."""
    config = as_job_config(source)
    if audio is not None and config.fetch_data is not None:
        raise ConfigError("audio and fetch_data are both given; the service takes one of them")
    if audio is None and config.fetch_data is None:
        raise AudioError("there is no audio; give a path, bytes or a file object, or fetch_data in the config")
    opened = None if audio is None else open_audio(audio, limit=settings.max_upload_bytes)
    submission_id = _track(config) if settings.track_submissions else None
    return operations.create_job(config, opened, app=settings.app, on_progress=on_progress), submission_id


def _track(config: JobConfig) -> str:
    """Writes a fresh id into the configuration's tracking, beside what the user has there, and gives it."""
    tracking = config.tracking or TrackingData()
    details = tracking.details or {}
    submission_id = OURS + uuid4().hex
    place = SUBMISSION_ID if str(details.get(SUBMISSION_ID, OURS)).startswith(OURS) else OTHER_PLACE
    tracking.details = {**details, place: submission_id}
    config.tracking = tracking
    return submission_id


def _submit(operation: operations.Operation[str, str], session: Session, submission_id: str | None) -> Flow[str]:
    """Sends a submission, and again what cannot have been worked on.

    After any other failure that passes, the recent jobs are searched for `submission_id`, and only a submission that
    is not among them is sent again.
    """
    started = session.clock()
    attempt = 0
    try:
        while True:
            attempt += 1
            try:
                return operation.read((yield from exchange(operation)))
            except SpeechmaticsError as error:
                failure = error
            if may_have_arrived(failure, operation.path):
                job_id = yield from _recover(submission_id, started, failure, session)
                if job_id is not None:
                    return job_id
            elif not is_passing(failure):
                raise failure
            if operation.body is not None and not operation.body.replayable:
                failure.add_note("the audio stream cannot be rewound, so that it was not sent again; there is no job")
                raise failure
            yield Sleep(before_next(operation, attempt, session.clock() - started, failure, session))
    except BaseException as error:
        if submission_id is not None and not isinstance(error, SpeechmaticsError | GeneratorExit):
            error.add_note(f"the submission may have created a job; its tracking.details hold {submission_id}")
        raise


def _recover(
    submission_id: str | None, started: float, failure: SpeechmaticsError, session: Session
) -> Flow[str | None]:
    """Looks for a submission that may have made a job; None if it certainly has not."""
    if submission_id is None:
        raise SubmissionUncertainError(
            "the submission failed, and there may be a job or not; submissions are not tracked", failure
        )
    others: set[str] = set()
    trouble: SpeechmaticsError | None = None
    for delay in (0.0, *recovery_delays(session.settings.recovery_window)):
        if delay:
            yield Sleep(delay)
        try:
            job_id = yield from _search(submission_id, started, others, session)
        except SpeechmaticsError as error:
            trouble = error
            if not may_recover(error):
                break
        else:
            trouble = None
            if job_id is not None:
                return job_id
    if trouble is None:
        return None
    raise SubmissionUncertainError(
        f"the submission failed ({failure}), and whether there is a job could not be found out ({trouble}); "
        f"look for {submission_id} in the jobs' tracking.details before submitting again",
        failure,
        submission_id=submission_id,
    ) from trouble


def _search(submission_id: str, started: float, others: set[str], session: Session) -> Flow[str | None]:
    """Goes through the jobs made since the submission began; those that are not it join `others`."""
    pager = JobPager(operations.MAX_PAGE)
    for _ in range(RECOVERY_PAGES):
        operation = operations.list_jobs(created_before=pager.created_before, limit=operations.MAX_PAGE)
        response = yield from call(operation, session)
        jobs = operation.parse(response)
        for job in jobs:
            if job.id not in others:
                if submission_id in (yield from _submissions_of(job, session)):
                    return job.id
                others.add(job.id)
        pager.take([(job.id, job.created_at) for job in jobs])
        now = server_time(response)
        oldest = jobs[-1].created_at if jobs else None
        if pager.finished:
            return None
        if now is not None and oldest is not None:
            begun = now - timedelta(seconds=session.clock() - started)
            if oldest.replace(tzinfo=oldest.tzinfo or UTC) < begun - RECOVERY_MARGIN:
                return None
    raise InvalidResponseError(f"{RECOVERY_PAGES} pages of jobs do not reach back to the submission")


def _submissions_of(job: JobDetails, session: Session) -> Flow[list[object]]:
    """What stands where a job has its submission's id; it is asked for where the list shows no configuration."""
    if job.config is None and job.tracking is None:
        operation = operations.get_job(job.id)
        try:
            job = operation.parse((yield from call(operation, session)))
        except (JobNotFoundException, JobExpiredError):
            return []
        if job.config is None and job.tracking is None:
            raise InvalidResponseError(f"the server does not show the configuration of job {job.id}")
    tracking = job.config.tracking if job.config is not None and job.config.tracking is not None else job.tracking
    details = (tracking.details or {}) if tracking is not None else {}
    return [details.get(place) for place in (SUBMISSION_ID, OTHER_PLACE)]
