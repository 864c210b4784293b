"""Conversations with many results: going through the list, waiting for many jobs, submitting many files."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from speechmatics._core import endpoints
from speechmatics._core.arguments import (
    check_callback,
    check_flag,
    check_job_id,
    check_limit,
    check_path,
    check_whole,
    items_of,
)
from speechmatics._core.endpoints import Page
from speechmatics._core.flows import ended_without_transcript, send_with_retry
from speechmatics._core.policies import JobPager, moment_of, retry_after
from speechmatics._core.rate_limit import RateLimit
from speechmatics._core.readers import JobT, Readers, TranscriptT, UsageT
from speechmatics._core.session import Retry, Session
from speechmatics._core.steps import Callback, Flow, Sleep, Stream
from speechmatics._core.submission import submit_job
from speechmatics._core.watcher import JobWatcher
from speechmatics.exceptions import APIStatusError, RateLimitError, SpeechmaticsError
from speechmatics.models.config import ConfigSource, JobConfig, as_job_config
from speechmatics.models.job import JobStatus

__all__ = ["AudioPath", "OnError", "iter_jobs", "submit_jobs", "wait_for_many"]

AudioPath = str | os.PathLike[str]
"""The path of an audio file."""
OnError = Callable[[AudioPath, SpeechmaticsError], object]
"""Called with a file that has no transcript, and why; on an async client it may be a coroutine function."""

MAX_CONCURRENCY = 50
"""Jobs that are kept running at once at most."""
SUBMISSIONS_A_SECOND = 10
"""Submissions a second that the service recommends at most (documentation)."""

TRY_AGAIN_AFTER = 10.0
"""Seconds after which one more job at once is tried again, although none of those that run has ended."""

_logger = logging.getLogger("speechmatics")


def iter_jobs(
    session: Session, readers: Readers[JobT, TranscriptT, UsageT], *, include_deleted: bool, page_size: int
) -> Stream[JobT]:
    """Goes through all jobs, page by page, the most recent first; each job comes once.

    Raises:
        InvalidInputError: `page_size` is not from 1 to 100.
    """
    page_size = check_whole("page_size", page_size, 1, endpoints.MAX_PAGE)
    check_flag("include_deleted", include_deleted)
    pager = JobPager()

    def page() -> Flow[Sequence[JobT]]:
        operation = endpoints.list_jobs(
            created_before=pager.created_before, limit=page_size, include_deleted=include_deleted or None
        )
        listed = yield from send_with_retry(operation, endpoints.read_page, session)
        had_gap = pager.gap is not None
        new = pager.take([(str(job.get("id")), moment_of(job.get("created_at"))) for job in listed.jobs])
        if pager.gap is not None and not had_gap:
            _logger.warning(
                "more jobs were created at %s than a page of the list shows: some may be left out", pager.gap
            )
        return readers.from_page(Page(listed.name, [listed.jobs[position] for position in new]))

    def walk() -> Stream[JobT]:
        while not pager.is_finished:
            yield page()

    return walk()


def wait_for_many(
    job_ids: Iterable[str | None],
    session: Session,
    readers: Readers[JobT, TranscriptT, UsageT],
    *,
    timeout: float | None,
) -> Stream[JobT]:
    """Waits for many jobs, and gives each as it ends; the time begins with the first step.

    Raises:
        InvalidInputError: One of them is not a job id.
    """
    timeout = check_limit("timeout", session.settings.wait_timeout if timeout is None else timeout)
    is_growing = isinstance(job_ids, Iterator)
    more = items_of("job_ids", job_ids, "id", instead="wait_for_completion")
    if not is_growing:
        # What is all there is checked before anything is sent.
        more = iter([check_job_id(job_id, "each of job_ids") for job_id in more])

    def next_ended(watcher: JobWatcher) -> Flow[list[JobT]]:
        return [readers.from_job(job) for job in (yield from watcher.next_ended())]

    def walk() -> Stream[JobT]:
        watcher = JobWatcher(session, timeout, more)
        with watcher.naming():
            while watcher.has_more():
                yield next_ended(watcher)

    return walk()


def submit_jobs(
    paths: Iterable[AudioPath],
    source: ConfigSource,
    session: Session,
    *,
    concurrency: int,
    on_error: OnError | None = None,
    may_be_awaited: bool = True,
) -> Stream[tuple[AudioPath, str]]:
    """Submits files one after the other, some jobs at a time, and gives each path with its job as the job ends.

    Args:
        paths: The files.
        source: The configuration of each.
        session: What the client's conversations share.
        concurrency: Jobs that run at once.
        on_error: Called with each file that has no transcript.
        may_be_awaited: Whether the driver awaits what `on_error` returns.

    Raises:
        InvalidInputError: `concurrency` is not from 1 to 50, or `paths` is a single path.
        ConfigError: The configuration is wrong.
    """
    concurrency = check_whole("concurrency", concurrency, 1, MAX_CONCURRENCY)
    check_callback("on_error", on_error, may_be_awaited=may_be_awaited)
    several = items_of("audio_paths", paths, "path", instead="submit_job")
    for path in paths if isinstance(paths, Sequence) else ():
        check_path("each of audio_paths", path)
    return _ManyFiles(as_job_config(source), session, concurrency, on_error).walk(several)


class _ManyFiles:
    """Files that are submitted together.

    Where the service refuses because there are too many, there are fewer at once and fewer a second until it takes them
    again; no file is given up for that.
    """

    def __init__(self, config: JobConfig, session: Session, concurrency: int, on_error: OnError | None) -> None:
        self._config = config
        self._session = replace(session, on_retry=self._note_retry)
        self._on_retry = session.on_retry
        self._concurrency = concurrency
        self._allowed = concurrency
        self._limit = RateLimit(SUBMISSIONS_A_SECOND, burst=SUBMISSIONS_A_SECOND, clock=session.clock)
        self._on_error = on_error
        self._watcher = JobWatcher(session)
        self._path_of: dict[str, AudioPath] = {}
        self._is_pending = False
        self._refused_since: float | None = None

    def walk(self, paths: Iterator[AudioPath]) -> Stream[tuple[AudioPath, str]]:
        """Each path with its job, as the jobs end."""
        with self._watcher.naming():
            for path in paths:
                self._is_pending = True
                while self._is_pending:
                    if len(self._watcher.running) >= self._allowed:
                        yield self._next_ended()
                    else:
                        yield self._submit(path)
            while self._watcher.running:
                yield self._next_ended()

    def _submit(self, path: AudioPath) -> Flow[list[tuple[AudioPath, str]]]:
        """Submits the pending file; it stays pending where too many jobs are running."""
        with self._watcher.naming():
            if delay := self._limit.reserve():
                yield Sleep(delay)
            try:
                name = check_path("each of audio_paths", path)
                job_id = yield from submit_job(path, self._config, self._session)
            except RateLimitError as error:
                self._slow_down(error)
                if self._has_waited_enough():
                    self._is_pending = False
                    yield from self._report(path, error)
            except SpeechmaticsError as error:
                self._is_pending = False
                yield from self._report(path, error)
            else:
                self._is_pending = False
                self._refused_since = None
                self._limit.accepted()
                self._allowed = min(self._concurrency, self._allowed + 1)
                self._watcher.add(job_id, f"{job_id} ({name})")
                self._path_of[job_id] = path
        return []

    def _next_ended(self) -> Flow[list[tuple[AudioPath, str]]]:
        """The files whose jobs end next; none after a while if another submission may be tried by then."""
        is_slowed_down = self._is_pending and self._allowed < self._concurrency
        try:
            ended = yield from self._watcher.next_ended(at_most=TRY_AGAIN_AFTER if is_slowed_down else None)
        except SpeechmaticsError as error:
            path = self._path_of.pop(error.job_id or "", None)
            if path is None:
                raise
            error.audio = os.fsdecode(path)
            if self._on_error is None:
                raise
            yield from self._report(path, error)
            return []
        if is_slowed_down and not ended:
            self._allowed += 1
        submitted: list[tuple[AudioPath, str]] = []
        for job in ended:
            job_id = str(job["id"])
            path = self._path_of.pop(job_id)
            if self._on_error is None or job["status"] == JobStatus.DONE:
                submitted.append((path, job_id))
            else:
                failure = ended_without_transcript(endpoints.parse_job(job))
                failure.audio = os.fsdecode(path)
                yield from self._report(path, failure)
        return submitted

    def _report(self, path: AudioPath, error: SpeechmaticsError) -> Flow[None]:
        """Tells the program of a file that has no transcript; without `on_error` a refusal is logged."""
        on_error = self._on_error
        if on_error is not None:
            yield Callback(lambda: on_error(path, error))
        elif isinstance(error, APIStatusError) and not isinstance(error, RateLimitError):
            _logger.warning("%s was not submitted: %s", path, error)
        else:
            raise error

    def _note_retry(self, retry: Retry) -> None:
        if isinstance(retry.error, RateLimitError):
            self._slow_down(retry.error)
        if self._on_retry is not None:
            self._on_retry(retry)

    def _slow_down(self, error: RateLimitError) -> None:
        self._limit.refused(retry_after(error))
        self._allowed = max(1, min(self._allowed, len(self._watcher.running)))
        if self._refused_since is None:
            self._refused_since = self._session.clock()

    def _has_waited_enough(self) -> bool:
        """Whether nothing has been accepted for as long as an outage may last, and no running job may end."""
        since = self._refused_since
        waited = 0.0 if since is None else self._session.clock() - since
        return not self._watcher.running and waited > self._session.settings.outage_timeout
