"""A run over many files: it can be planned, followed by its events, stopped, and started again."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import anyio
import anyio.to_thread

from speechmatics import RateLimit
from speechmatics.async_batch_client import AsyncBatchClient
from speechmatics.exceptions import InvalidInputError
from speechmatics.models.config import ConfigSource, as_job_config
from speechmatics.runner.decisions import Action
from speechmatics.runner.folders import journal_file, open_folder
from speechmatics.runner.journal import Journal
from speechmatics.runner.options import WorkOptions
from speechmatics.runner.outputs import check_formats
from speechmatics.runner.planning import Planner, duration_of, mark_duplicates
from speechmatics.runner.sources import SourceInput, find_sources
from speechmatics.runner.summary import FileEvent, RunPlan, RunSummary
from speechmatics.runner.work import Work
from speechmatics.settings import ConnectionSettings

__all__ = ["RunOptions", "TranscriptionRun"]

RATE = 10.0
"""Submissions a second that paid plans may make (documentation): a ceiling; what the service takes is found."""
RESULTS = "results.jsonl"


class RunOptions(TypedDict, total=False):
    """What `TranscriptionRun` takes by name."""

    formats: Sequence[str]
    settings: ConnectionSettings | None
    journal: str | Path | None
    submissions: int
    in_flight: int
    downloads: int
    rate: float
    dedupe: bool
    retry_failed: bool
    resubmit_expired: bool
    delete_after: bool
    max_jobs: int | None
    max_hours: float | None
    fetch_stored: bool | None


class TranscriptionRun:
    """Transcribes many files, and can be stopped, or killed, and started again without paying twice.

    `for event in run` and `async for event in run` do the work and give an event for each file; `run.summary` says then
    how it went.

    Args:
        sources: Files, folders, patterns, URLs and manifests; see `find_sources`.
        config: The configuration of all; a manifest may change it for one.
        output_dir: Where outputs go; they keep the tree and the whole name (`calls/a.wav.json`). A folder of a store
            (`s3://bucket/folder`) needs `journal` too.
        formats: `json`, `txt`, `srt`, `vtt`, `html`, all rendered from one json-v2.
        settings: How the service is reached; None for the environment's.
        journal: The journal's file, on this machine; None for `.speechmatics/journal.db` in `output_dir`. One run at a
            time uses it.
        submissions: Submissions at once.
        in_flight: Jobs that run at once.
        downloads: Transcripts that are fetched at once.
        rate: Submissions a second at most; it falls where the service refuses, and recovers.
        dedupe: Whether files with the same content are submitted once.
        retry_failed: Whether what failed or was rejected in an earlier run is submitted again.
        resubmit_expired: Whether files are paid for again whose job the service keeps no longer.
        delete_after: Whether jobs are deleted once their transcript is written.
        max_jobs: Jobs that are submitted at most; None for no limit.
        max_hours: Hours of audio after which nothing more is submitted, by the headers of WAV files and, for others, by
            what the service says of those that are done; None for no limit.
        fetch_stored: Whether the service fetches files of stores itself, from URLs that are signed for a day (True), or
            they are uploaded from here (False); None: it fetches those whose store signs URLs of a public host.

    Raises:
        ConfigError, InvalidInputError, SettingsError: An argument is wrong; nothing was sent.
    """

    def __init__(
        self,
        sources: SourceInput | Iterable[SourceInput],
        config: ConfigSource,
        output_dir: str | os.PathLike[str],
        *,
        formats: Sequence[str] = ("json",),
        settings: ConnectionSettings | None = None,
        journal: str | Path | None = None,
        submissions: int = 10,
        in_flight: int = 200,
        downloads: int = 10,
        rate: float = RATE,
        dedupe: bool = True,
        retry_failed: bool = False,
        resubmit_expired: bool = False,
        delete_after: bool = False,
        max_jobs: int | None = None,
        max_hours: float | None = None,
        fetch_stored: bool | None = None,
    ) -> None:
        for name, value in (("submissions", submissions), ("in_flight", in_flight), ("downloads", downloads)):
            if value < 1:
                raise InvalidInputError(f"{name} must be 1 or more, not {value}")
        for name, limit in (("max_jobs", max_jobs), ("max_hours", max_hours)):
            if limit is not None and not limit >= 0:
                raise InvalidInputError(f"{name} must be 0 or more, or None, not {limit}")
        self._sources = sources
        self._config = as_job_config(config).to_dict()
        RateLimit(rate)  # says what is wrong with it
        self._settings = settings or ConnectionSettings()
        folder = open_folder(output_dir)
        self._journal_file = journal_file(journal, folder)
        self._dedupe = dedupe
        self._options = WorkOptions(
            folder=folder,
            formats=check_formats(formats),
            submissions=submissions,
            in_flight=in_flight,
            downloads=downloads,
            rate=rate,
            retry_failed=retry_failed,
            resubmit_expired=resubmit_expired,
            delete_after=delete_after,
            max_jobs=max_jobs,
            max_seconds=None if max_hours is None else max_hours * 3600,
            recovery_window=self._settings.recovery_window_long,
            fetch_stored=fetch_stored,
        )
        self._work: Work | None = None
        self._stops = 0
        self.summary = RunSummary()

    def plan(self) -> RunPlan:
        """What the run would do; nothing is sent, and no file or folder is made.

        Raises:
            InvalidInputError: There is no such file, or outputs collide.
            SpeechmaticsError: Another run uses the journal.
        """
        plan = RunPlan(refused=[])
        with self._opened(self._journal_file if self._journal_file.exists() else None) as (journal, planner):
            self._prepare(journal, planner)
            plan.files = journal.count()
            for file in journal.leaders():
                decision = self._options.decide(journal, file)
                plan.skipped += len(decision.finished)
                match decision.action:
                    case Action.RENDER:
                        plan.skipped += len(decision.open)
                    case Action.WAIT:
                        plan.waiting += len(decision.open)
                    case Action.SUBMIT:
                        seconds = duration_of(Path(file.path)) if file.path else None
                        plan.submissions += 1
                        plan.seconds += seconds or 0
                        plan.unknown += seconds is None
                    case Action.REFUSE | Action.REJECTED:
                        plan.refused += [(each.name, decision.reason or "") for each in decision.open]
                    case Action.SKIP:
                        pass
        return plan

    def stop(self) -> None:
        """Ends the run gently, and the second time at once; may be called by any thread, and from signal handlers.

        Gently: nothing more is submitted, and what is being sent or fetched is finished. Jobs that are still running
        are left alone; the next run fetches their transcripts, in either case.
        """
        self._stops += 1
        if self._work is not None:
            self._work.stop(at_once=self._stops > 1)

    async def run(self, on_event: Callable[[FileEvent], object] = lambda event: None) -> RunSummary:
        """Does the work.

        Args:
            on_event: Called with each event, in the event loop.

        Raises:
            InvalidInputError: There is no such file, or outputs collide; nothing was sent.
            AuthenticationError, PermissionDeniedError: The service does not take the key.
            RequestError: The service cannot be reached. What was done is kept, and the next run continues.
            SpeechmaticsError: Another run uses the journal.
        """
        self.summary = RunSummary()
        with self._opened(self._journal_file) as (journal, planner):
            await anyio.to_thread.run_sync(self._prepare, journal, planner)
            await anyio.to_thread.run_sync(self._options.folder.check_writable)
            self.summary.files = journal.count()
            async with AsyncBatchClient(self._settings) as client:
                self._work = Work(self._options, self.summary, client, journal, planner, on_event)
                try:
                    if not self._stops:
                        await self._work.run()
                except BaseExceptionGroup as group:
                    raise _first_of(group) from None
                finally:
                    self._work = None
                    self.summary.is_stopped = self._stops > 0
                    self._stops = 0
                    self._write_results(journal)
        return self.summary

    def __iter__(self) -> Iterator[FileEvent]:
        """The events as they come; a loop that is left stops the run gently."""
        events: queue.SimpleQueue[FileEvent | None] = queue.SimpleQueue()
        errors: list[BaseException] = []

        def work() -> None:
            try:
                anyio.run(self.run, events.put)
            except BaseException as error:
                errors.append(error)
            finally:
                events.put(None)

        thread = threading.Thread(target=work, name="speechmatics-run", daemon=True)
        thread.start()
        try:
            while (event := events.get()) is not None:
                yield event
        except BaseException:
            self.stop()
            raise
        finally:
            thread.join()
        if errors:
            raise errors[0]

    async def __aiter__(self) -> AsyncIterator[FileEvent]:
        """The events as they come; `contextlib.aclosing` ends the run where the loop is left early."""
        send, receive = anyio.create_memory_object_stream[FileEvent](float("inf"))
        errors: list[Exception] = []

        async def work() -> None:
            with send:
                try:
                    await self.run(send.send_nowait)
                except Exception as error:
                    errors.append(error)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            with receive:
                async for event in receive:
                    yield event
        if errors:
            raise errors[0]

    @contextmanager
    def _opened(self, file: Path | None) -> Generator[tuple[Journal, Planner]]:
        journal = Journal(file)
        try:
            yield journal, Planner(self._config, self._settings.max_upload_bytes, self._options.fetch_stored)
        finally:
            journal.close()

    def _prepare(self, journal: Journal, planner: Planner) -> None:
        self._options.folder.prepare()
        journal.plan(planner.plan(find_sources(self._sources)))
        if self._dedupe:
            mark_duplicates(journal)

    def _write_results(self, journal: Journal) -> None:
        self._options.folder.write_lines(RESULTS, (f"{line}\n" for line in journal.results()))
        self.summary.results_file = self._options.folder.where(RESULTS)


def _first_of(group: BaseException) -> BaseException:
    """The error that ended the others."""
    error = group
    while inner := getattr(error, "exceptions", ()):
        error = inner[0]
    return error
