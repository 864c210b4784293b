"""The work of a run: several loops that submit, wait by the list of jobs, fetch, and keep the journal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, TypeAlias
from uuid import uuid4

import anyio
import anyio.abc
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
from pydantic import TypeAdapter

from speechmatics import RateLimit
from speechmatics._urls import without_queries
from speechmatics.async_batch_client import AsyncBatchClient
from speechmatics.exceptions import (
    AuthenticationError,
    JobExpiredError,
    JobNotFoundException,
    PermissionDeniedError,
    RateLimitError,
    RequestError,
    ServerError,
    SettingsError,
    SpeechmaticsError,
    SubmissionUncertainError,
)
from speechmatics.runner.decisions import Action, Decision
from speechmatics.runner.folders import OutputFile
from speechmatics.runner.journal import Entry, FileState, Journal, Planned
from speechmatics.runner.options import WorkOptions
from speechmatics.runner.outputs import output_names, write_outputs
from speechmatics.runner.planning import Planner, duration_of
from speechmatics.runner.stores import open_in_store
from speechmatics.runner.summary import FileEvent, FileResult, RunSummary

__all__ = ["Work"]

UNREACHABLE_AFTER = 3
"""Submissions in a row without any answer after which the run ends: the others would fare no better."""
READ_WHOLE = 65_536
"""Bytes of a file that is read at once; reading larger ones beside the upload costs threads, and no memory."""
_Client: TypeAlias = AsyncBatchClient[dict[str, Any], dict[str, Any], dict[str, Any]]
_JSON_OBJECT = TypeAdapter(dict[str, Any])
_FATAL = (AuthenticationError, PermissionDeniedError, SettingsError)


class Work:
    """The work of one run."""

    def __init__(
        self,
        options: WorkOptions,
        summary: RunSummary,
        client: _Client,
        journal: Journal,
        planner: Planner,
        on_event: Callable[[FileEvent], object],
    ) -> None:
        self._options = options
        self._summary = summary
        self._limit = RateLimit(options.rate)
        self._client = client
        self._journal = journal
        self._planner = planner
        self._on_event = on_event
        self._files = journal.leaders()
        self._slots = anyio.Semaphore(options.in_flight)
        self._download_slots = anyio.CapacityLimiter(options.downloads)
        self._jobs: dict[str, list[Planned]] = {}
        self._arrived: list[str] = []
        self._unwritten: list[tuple[Entry, anyio.Event | None]] = []
        self._has_unwritten = anyio.Event()
        self._is_idle = anyio.Event()
        self._open = 1
        self._begun = 0
        self._seconds = 0.0
        self._unmeasured: set[str] = set()
        self._unanswered: list[RequestError] = []
        self._gentle = anyio.CancelScope()
        self._hard = anyio.CancelScope()
        self._shields: set[anyio.CancelScope] = set()
        self._token = anyio.lowlevel.current_token()
        self._thread = threading.get_ident()

    def stop(self, *, at_once: bool) -> None:
        """Ends the work, from any thread; what is being sent or fetched is finished unless it is to end at once."""
        if threading.get_ident() == self._thread:
            self._stop(at_once)
        else:
            with suppress(RuntimeError):
                anyio.from_thread.run_sync(self._stop, at_once, token=self._token)

    def _stop(self, at_once: bool) -> None:
        self._gentle.cancel()
        if at_once:
            self._hard.cancel()
            for shield in self._shields:
                shield.shield = False

    async def run(self) -> None:
        """Does all of it, or as much as there is until it is stopped.

        Raises:
            BaseExceptionGroup: With the error that ended it.
        """
        try:
            with self._hard, self._gentle:
                await self._resolve_doubts()
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._write_entries)
                    tasks.start_soon(self._wait_for_jobs, tasks)
                    async with anyio.create_task_group() as submitters:
                        for _ in range(self._options.submissions):
                            submitters.start_soon(self._submit_files)
                    self._close_one()
                    await self._is_idle.wait()
                    tasks.cancel_scope.cancel()
                if self._unanswered and not self._summary.submitted:
                    raise self._unanswered[-1]
        finally:
            # An intent that was not written yet was not followed by a submission.
            self._journal.write(entry for entry, written in self._unwritten if written is None)
            for job_id, files in self._jobs.items():
                for file in files:
                    self._settle(file, FileResult.SUBMITTED, job_id=job_id)

    async def _resolve_doubts(self) -> None:
        """Finds the jobs of files that were about to be submitted when an earlier run ended."""
        window = self._options.recovery_window
        first = time.time()
        while doubts := self._journal.in_doubt():
            by_id = {entry.submission_id or "": entry for entry in doubts}
            since = min(entry.intended_at or first for entry in doubts)
            uncertain = False
            try:
                found = await self._client.find_submissions(by_id, datetime.fromtimestamp(since, UTC))
            except SubmissionUncertainError as error:
                found, uncertain = error.found, True
            now = time.time()
            # A clock that was set back makes none wait longer than the window.
            age = max(now - max(entry.intended_at or first for entry in doubts), now - first)
            settled = [replace(by_id[each], state=FileState.SUBMITTED, job_id=job_id) for each, job_id in found.items()]
            if not uncertain and age >= window:
                self._journal.forget(entry.name for each, entry in by_id.items() if each not in found)
            self._journal.write(settled)
            if uncertain or age >= window:
                return
            await anyio.sleep(min(window - age, 5))

    async def _write_entries(self) -> None:
        """Writes what is to be kept, as much as there is at once: a disk takes as long for many as for one."""
        while True:
            await self._has_unwritten.wait()
            self._has_unwritten = anyio.Event()
            batch, self._unwritten = self._unwritten, []
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._journal.write, [entry for entry, _ in batch])
            for _, written in batch:
                if written is not None:
                    written.set()

    def _keep(self, entry: Entry, written: anyio.Event | None = None) -> None:
        self._unwritten.append((entry, written))
        self._has_unwritten.set()

    async def _keep_durably(self, entry: Entry) -> None:
        written = anyio.Event()
        self._keep(entry, written)
        try:
            await written.wait()
        except anyio.get_cancelled_exc_class():
            # Nothing was submitted.
            self._journal.forget([entry.name])
            raise

    async def _submit_files(self) -> None:
        options = self._options
        while True:
            if options.max_jobs is not None and self._begun >= options.max_jobs:
                return
            if options.max_seconds is not None and self._seconds >= options.max_seconds:
                return
            file = next(self._files, None)
            if file is None:
                return
            await self._begin(options.decide(self._journal, file))
            await anyio.lowlevel.checkpoint()

    async def _begin(self, decision: Decision) -> None:
        for file, entry in decision.finished:
            outputs = self._outputs_of(file)
            self._settle(file, FileResult.SKIPPED, job_id=entry.job_id, duration=entry.duration, outputs=outputs)
        match decision.action:
            case Action.RENDER if decision.transcript is not None:
                await self._render(decision.open, decision.job_id, decision.transcript)
            case Action.WAIT if decision.job_id is not None:
                await self._slots.acquire()
                self._watch(decision.job_id, decision.open)
            case Action.SUBMIT:
                self._begun += 1
                await self._slots.acquire()
                try:
                    job_id = await self._submit(decision.open)
                except BaseException:
                    self._slots.release()
                    raise
                if job_id is None:
                    self._begun -= 1
                    self._slots.release()
                else:
                    self._watch(job_id, decision.open)
            case Action.REJECTED | Action.REFUSE:
                result = FileResult.REJECTED if decision.action == Action.REJECTED else FileResult.FAILED
                for file in decision.open:
                    self._settle(file, result, job_id=decision.job_id, error=decision.reason)
            case _:
                pass

    def _outputs_of(self, file: Planned) -> list[OutputFile]:
        return [self._options.folder.where(name) for name in output_names(file.output, self._options.formats)]

    async def _render(self, files: list[Planned], job_id: str | None, transcript: str) -> None:
        """Writes outputs from a transcript that is there; one that is broken is fetched again."""
        try:
            text = await anyio.to_thread.run_sync(self._options.folder.read, transcript)
            parsed = _JSON_OBJECT.validate_json(text)
        except (OSError, ValueError) as error:
            if job_id is None:
                self._fail(files, f"{self._options.folder.where(transcript)} cannot be read: {error}")
                return
            await self._slots.acquire()
            self._watch(job_id, files)
            return
        await self._write(files, job_id, parsed)

    async def _submit(self, files: Sequence[Planned]) -> str | None:
        """The job of a new submission; None where there is none, and why has been said."""
        file = files[0]
        config = self._planner.config_of(file.overrides, file.name)
        audio: str | tuple[str, bytes | BinaryIO] | None = file.path
        if file.path is None:
            try:
                audio = await self._remote(file, config)
            except OSError as error:
                self._fail(files, f"it cannot be opened: {error}")
                return None
        if file.path is not None and (file.size or 0) <= READ_WHOLE:
            try:
                audio = (Path(file.path).name, Path(file.path).read_bytes())
            except OSError as error:
                self._fail(files, f"the file cannot be read: {error.strerror}")
                return None
        try:
            return await self._send(files, audio, config)
        finally:
            if isinstance(audio, tuple) and not isinstance(audio[1], bytes):
                audio[1].close()

    async def _send(
        self, files: Sequence[Planned], audio: str | tuple[str, bytes | BinaryIO] | None, config: dict[str, Any]
    ) -> str | None:
        file = files[0]
        entry = _entry(file, FileState.SUBMITTING, submission_id=uuid4().hex)
        while True:
            await anyio.sleep(self._limit.reserve())
            entry = replace(entry, intended_at=time.time())
            await self._keep_durably(entry)
            try:
                with self._shield():
                    job_id = await self._client.submit_job(audio, config, submission_id=entry.submission_id)
            except RateLimitError:
                self._limit.refused()
            except SubmissionUncertainError as error:
                self._fail(files, str(error))
                return None
            except (*_FATAL, RequestError, ServerError) as error:
                # There is no job, and the next run may do better.
                self._journal.forget([file.name])
                if isinstance(error, RequestError):
                    self._unanswered.append(error)
                if isinstance(error, _FATAL) or len(self._unanswered) >= UNREACHABLE_AFTER:
                    raise
                self._fail(files, str(error))
                return None
            except SpeechmaticsError as error:
                self._keep(replace(entry, state=FileState.FAILED, error=str(error)))
                self._fail(files, str(error))
                return None
            else:
                break
        self._unanswered.clear()
        self._limit.accepted()
        self._summary.submitted += 1
        seconds = duration_of(Path(file.path)) if file.path else None
        if seconds is None:
            self._unmeasured.add(job_id)
        self._seconds += seconds or 0
        for each in files:
            self._keep(_entry(each, FileState.SUBMITTED, submission_id=entry.submission_id, job_id=job_id))
        self._settle(file, FileResult.SUBMITTED, job_id=job_id, counts=False)
        return job_id

    async def _remote(self, file: Planned, config: dict[str, Any]) -> tuple[str, BinaryIO] | None:
        """A file that is streamed from its store; None where the service fetches it, as the configuration says then."""
        url = self._planner.urls.get(file.name)
        if url is None:
            opened = await anyio.to_thread.run_sync(open_in_store, file.name, self._options.fetch_stored)
            if not isinstance(opened, str):
                return PurePosixPath(file.output).name, opened
            url = opened
        config["fetch_data"] = {**config.get("fetch_data", {}), "url": url}
        return None

    def _watch(self, job_id: str, files: list[Planned]) -> None:
        if job_id in self._jobs:  # two files of the journal have one job
            self._jobs[job_id] += files
            self._slots.release()
            return
        self._jobs[job_id] = files
        self._arrived.append(job_id)
        self._open += 1

    def _feed(self) -> Iterator[str | None]:
        """The jobs to wait for, those that were known first, and then the others as they come."""
        self._arrived = [*self._jobs]
        while True:
            arrived, self._arrived = self._arrived, []
            yield from arrived
            yield None

    async def _wait_for_jobs(self, tasks: anyio.abc.TaskGroup) -> None:
        while True:
            try:
                async for job in self._client.wait_for_many(self._feed(), timeout=float("inf")):
                    if job["id"] in self._jobs:
                        tasks.start_soon(self._end, job, self._jobs.pop(job["id"]))
            except (JobNotFoundException, JobExpiredError) as error:
                if error.job_id not in self._jobs:
                    raise
                self._expire(self._jobs.pop(error.job_id), error.job_id)
                self._close_one(slots=1)

    async def _end(self, job: dict[str, Any], files: list[Planned]) -> None:
        job_id: str = job["id"]
        duration = job.get("duration")
        self._summary.seconds += duration or 0
        if job_id in self._unmeasured:
            self._seconds += duration or 0
        try:
            if job["status"] == "done":
                await self._fetch(files, job_id, duration)
            elif job["status"] == "rejected":
                errors: list[dict[str, str]] = job.get("errors") or []
                said = "; ".join(error.get("message", "") for error in errors) or "the service says no reason"
                reason = without_queries(said)  # the URL that it could not fetch may be signed
                for file in files:
                    self._keep(_entry(file, FileState.REJECTED, job_id=job_id, error=reason))
                    self._settle(file, FileResult.REJECTED, job_id=job_id, duration=duration, error=reason)
            else:
                self._expire(files, job_id)
        finally:
            self._close_one(slots=1)

    async def _fetch(self, files: list[Planned], job_id: str, duration: float | None) -> None:
        with self._shield():
            async with self._download_slots:
                try:
                    transcript = await self._client.get_job_result(job_id)
                except (JobNotFoundException, JobExpiredError):
                    self._expire(files, job_id)
                    return
                except SpeechmaticsError as error:
                    self._fail(files, str(error), job_id)
                    return
                if transcript is False:
                    self._fail(files, "the job is done, and its transcript is not there yet", job_id)
                    return
                if await self._write(files, job_id, transcript, duration) and self._options.delete_after:
                    try:
                        await self._client.delete_job(job_id)
                    except SpeechmaticsError as error:
                        self._summary.not_deleted.append(f"{job_id}: {error}")

    async def _write(
        self, files: Sequence[Planned], job_id: str | None, transcript: dict[str, Any], duration: float | None = None
    ) -> bool:
        """Writes the outputs of files; whether all could be written."""
        is_whole = True
        duration = transcript.get("job", {}).get("duration", duration)
        for file in files:
            arguments = (self._options.folder, file.output, self._options.formats, transcript, file.path)
            try:
                await anyio.to_thread.run_sync(write_outputs, *arguments)
            except (OSError, SpeechmaticsError) as error:
                is_whole = False
                self._fail([file], f"the outputs cannot be written: {error}", job_id)
                continue
            self._keep(_entry(file, FileState.DONE, job_id=job_id, duration=duration))
            self._settle(file, FileResult.DONE, job_id=job_id, duration=duration, outputs=self._outputs_of(file))
        return is_whole

    def _expire(self, files: Sequence[Planned], job_id: str) -> None:
        for file in files:
            self._keep(_entry(file, FileState.EXPIRED, job_id=job_id))
        self._fail(files, f"job {job_id} was deleted, or the service keeps it no longer", job_id)

    def _fail(self, files: Sequence[Planned], reason: str, job_id: str | None = None) -> None:
        for file in files:
            self._settle(file, FileResult.FAILED, job_id=job_id, error=reason)

    def _settle(
        self,
        file: Planned,
        result: FileResult,
        *,
        job_id: str | None = None,
        duration: float | None = None,
        outputs: Sequence[OutputFile] = (),
        error: str | None = None,
        counts: bool = True,
    ) -> None:
        event = FileEvent(file.name, result, job_id, duration, tuple(outputs), error)
        if counts:
            self._summary.count(result)
            self._journal.set_result(file.number, event.to_dict())
        self._on_event(event)

    def _close_one(self, slots: int = 0) -> None:
        for _ in range(slots):
            self._slots.release()
        self._open -= 1
        if not self._open:
            self._is_idle.set()

    @contextmanager
    def _shield(self) -> Generator[None]:
        """What is done within is finished also where the run is stopped gently."""
        with anyio.CancelScope(shield=not self._hard.cancel_called) as shield:
            self._shields.add(shield)
            try:
                yield
            finally:
                self._shields.discard(shield)


def _entry(
    file: Planned,
    state: FileState,
    *,
    submission_id: str | None = None,
    job_id: str | None = None,
    duration: float | None = None,
    error: str | None = None,
) -> Entry:
    return Entry(file.name, file.identity, file.config, state, submission_id, None, job_id, duration, error)
