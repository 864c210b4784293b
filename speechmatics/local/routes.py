"""The API over HTTP: reads requests, asks the state, writes answers."""

from __future__ import annotations

import asyncio
import mimetypes
import re
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router

from speechmatics.local import engine
from speechmatics.local.capacity import Backlog, Capacity, Engines
from speechmatics.local.discovery import HEALTH, answer_health, features_of
from speechmatics.local.errors import ApiError, bad_request, file_expired, job_expired, not_allowed, unsupported
from speechmatics.local.gate import Gate
from speechmatics.local.jobs import Job, new_job_id
from speechmatics.local.keys import KEYS_PATH, TemporaryKeys
from speechmatics.local.options import ServerOptions
from speechmatics.local.pages import Pages
from speechmatics.local.probe import probe_duration
from speechmatics.local.queries import BOOLEAN, DATE, FORMAT, LIMIT, MOMENT, WAIT, Format, read_query
from speechmatics.local.requests import note_config
from speechmatics.local.scripted_worker import ScriptedWorker
from speechmatics.local.state import JobStore
from speechmatics.local.submissions import data_name_of, read_config, unknown_parts
from speechmatics.local.uploads import receive_submission
from speechmatics.local.worker import Worker
from speechmatics.models._leniency import Leniency
from speechmatics.models.config import JobConfig
from speechmatics.models.job import JobStatus
from speechmatics.models.transcript import Transcript

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["create_app"]

MAX_WAIT = 60
"""Seconds that an answer is held back at most."""
DEFAULT_WAIT = 2
"""Seconds that an answer is held back where `wait` is not given (specification)."""
IGNORED_HEADER = "Speechmatics-Local-Ignored"
"""Header of the answer to a submission that asks for what the engine cannot do."""
MAX_HEADER = 4000
_NOT_IN_HEADERS = re.compile("[^ -~]")
GONE = (JobStatus.DELETED, JobStatus.EXPIRED)
"""Where a job stands whose files are gone."""

_OBJECT = TypeAdapter(dict[str, Any])
_JSON = "application/vnd.speechmatics.v2+json"


def create_app(
    store: JobStore,
    worker: Worker | ScriptedWorker,
    begin: Callable[[Job], object],
    *,
    token: str | None,
    options: ServerOptions,
) -> ASGIApp:
    """The application that answers for a store of jobs.

    Args:
        store: The jobs.
        worker: Who does them.
        begin: Called with each new job.
        token: The only token accepted; None accepts every request.
        options: What it does otherwise.
    """
    engines = Engines(store, worker.size)
    capacity = engines if options.on_premises else Backlog(store, options.max_backlog)
    jobs = _Jobs(store, worker, begin, capacity, options)
    pages = Pages(store)
    keys = TemporaryKeys()
    routes = [
        Route("/v2/jobs", _Resource(GET=jobs.list_recent, POST=jobs.create)),
        Route("/v2/jobs/{job_id}/transcript", _Resource(GET=jobs.get_transcript)),
        Route("/v2/jobs/{job_id}/log", _Resource(GET=jobs.get_log)),
    ]
    if options.on_premises:
        routes += [
            Route("/v2/jobs/{job_id}", _Resource(GET=jobs.get)),
            Route("/jobs", _Resource(GET=engines.answer_jobs)),
            Route("/live", _Resource(GET=engines.answer_live)),
            Route("/ready", _Resource(GET=engines.answer_ready)),
        ]
    else:
        routes += [
            Route("/v2/jobs/{job_id}", _Resource(GET=jobs.get, DELETE=jobs.delete)),
            Route("/v2/jobs/{job_id}/data", _Resource(GET=jobs.get_data)),
            Route("/v2/usage", _Resource(GET=jobs.get_usage)),
            Route(KEYS_PATH, _Resource(POST=keys.answer)),
            Route("/v1/discovery/features", _Resource(GET=jobs.get_features)),
            *(Route(path, _Resource(GET=answer_health)) for path in HEALTH),
            Route("/", _Resource(GET=pages.list_jobs)),
            Route("/jobs/{job_id}", _Resource(GET=pages.get_transcript)),
            Route("/jobs/{job_id}/audio", _Resource(GET=pages.get_audio)),
        ]
    return Gate(Router(routes, redirect_slashes=False, default=_not_found), token, keys, options)


class _Resource:
    """What is at a path: a method of HTTP to what answers it."""

    def __init__(self, **methods: Callable[[Request], Awaitable[Response]]) -> None:
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        answer = self._methods.get("GET" if request.method == "HEAD" else request.method)
        if answer is None:
            raise not_allowed(self._methods)
        response = await answer(request)
        await response(scope, receive, send)


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    raise ApiError(404, "Not Found")


class _Jobs:
    """Answers what is asked of jobs."""

    def __init__(
        self,
        store: JobStore,
        worker: Worker | ScriptedWorker,
        begin: Callable[[Job], object],
        capacity: Capacity,
        options: ServerOptions,
    ) -> None:
        self._store = store
        self._worker = worker
        self._begin = begin
        self._capacity = capacity
        self._options = options

    async def create(self, request: Request) -> Response:
        wait = read_query(request, "wait", WAIT, None)
        text_format = self._read_format(request)
        self._capacity.check(request.headers)
        job_id = new_job_id()
        audio = self._store.audio_of(job_id)
        spool = audio.with_name(f"{job_id}.part")
        with _discarded_on_error(spool, audio):
            submission = await receive_submission(request, spool, self._options.max_audio_bytes)
            if submission.config is None:
                raise bad_request("config in body: it is missing", error="Malformed request")
            level = Leniency.SILENT if self._options.accept_unsupported else Leniency.REJECT
            parsed, data = read_config(submission.config, level)
            note_config(request.scope, data)
            ignored = self._ignored(parsed, data)
            name = data_name_of(parsed, submission)
            probed = None
            if submission.file_name is not None:
                spool.rename(audio)
                probed = 0.0 if isinstance(self._worker, ScriptedWorker) else await probe_duration(audio)
            self._capacity.claim(job_id, request.headers)
            job = self._store.add(job_id, data, name, probed)
        for reason in ignored:
            self._store.write_log(job_id, f"ignored: {reason}")
        self._begin(job)
        answer: dict[str, Any] = {"id": job_id}
        if self._options.on_premises:
            # The specification names the id so, the container's documentation so.
            answer["job_id"] = job_id
        if wait is not None and self._options.honour_wait:
            job = await self._wait(job_id, wait)
            answer["status"] = "created" if job.status == JobStatus.RUNNING else job.status
            if job.status == JobStatus.DONE:
                transcript = await anyio.to_thread.run_sync(self._render, job_id, text_format)
                answer[text_format] = _OBJECT.validate_json(transcript) if text_format == "json-v2" else transcript
        header = _NOT_IN_HEADERS.sub("?", "; ".join(ignored))[:MAX_HEADER]
        return JSONResponse(answer, 201, {IGNORED_HEADER: header} if header else None)

    async def list_recent(self, request: Request) -> Response:
        found = self._store.recent(
            created_before=read_query(request, "created_before", MOMENT, None),
            limit=read_query(request, "limit", LIMIT, 100),
            include_deleted=not self._options.on_premises and read_query(request, "include_deleted", BOOLEAN, False),
        )
        return JSONResponse({"jobs": [job.details for job in found]})

    async def get(self, request: Request) -> Response:
        job = await self._wait(request.path_params["job_id"], read_query(request, "wait", WAIT, DEFAULT_WAIT))
        if job.status == JobStatus.EXPIRED:
            raise job_expired()
        identified = {"request_id": job.id} if self._options.on_premises else {}
        return JSONResponse({"job": job.details | identified})

    async def delete(self, request: Request) -> Response:
        force = read_query(request, "force", BOOLEAN, False)
        return JSONResponse({"job": self._store.delete(request.path_params["job_id"], force=force).details})

    async def get_transcript(self, request: Request) -> Response:
        text_format = self._read_format(request)
        job = await self._wait(request.path_params["job_id"], read_query(request, "wait", WAIT, DEFAULT_WAIT))
        if job.status in GONE:
            raise file_expired()
        if job.status == JobStatus.REJECTED:
            raise ApiError(404, "Job rejected", "; ".join(error["message"] for error in job.errors))
        if job.status == JobStatus.RUNNING:
            raise ApiError(404, "Transcription not ready", "the job is running")
        text = await anyio.to_thread.run_sync(self._render, job.id, text_format)
        return Response(text, media_type=_JSON) if text_format == "json-v2" else PlainTextResponse(text)

    async def get_data(self, request: Request) -> Response:
        job, found = await anyio.to_thread.run_sync(self._store.stat_audio, request.path_params["job_id"])
        audio = self._store.audio_of(job.id)
        kind = mimetypes.guess_type(job.data_name)[0] or "application/octet-stream"
        # It is given whole; what Starlette answers to a range that is wrong is not in the API's form.
        request.scope["headers"] = [header for header in request.scope["headers"] if header[0] != b"range"]
        headers = {"Accept-Ranges": "none"}
        return FileResponse(audio, headers=headers, media_type=kind, filename=job.data_name or None, stat_result=found)

    async def get_log(self, request: Request) -> Response:
        job = self._store.get(request.path_params["job_id"])
        if job.status in GONE:
            raise file_expired()
        return PlainTextResponse(job.log)

    async def get_usage(self, request: Request) -> Response:
        since, until = (read_query(request, name, DATE, None) for name in ("since", "until"))
        return JSONResponse(self._store.usage(since, until))

    async def get_features(self, request: Request) -> Response:
        return JSONResponse(features_of(self._worker.languages))

    def _read_format(self, request: Request) -> Format:
        if not self._options.on_premises:
            return read_query(request, "format", FORMAT, "json-v2")
        name = request.query_params.get("format", "json")
        try:
            return FORMAT.validate_python("json-v2" if name == "json" else name)
        except ValidationError:
            raise ApiError(404, "Format Not Supported", f"format {name!r} is not json, txt or srt") from None

    async def _wait(self, job_id: str, seconds: int | None) -> Job:
        """A job once it has ended, or as it stands after so many seconds; without them at once."""
        ended = asyncio.Event()
        wake = partial(asyncio.get_running_loop().call_soon_threadsafe, ended.set)
        with self._store.watched(job_id, wake):
            job = self._store.get(job_id)
            if job.status == JobStatus.RUNNING and seconds and self._options.honour_wait and self._store.may_wait:
                with anyio.move_on_after(min(seconds, MAX_WAIT)):
                    await ended.wait()
                return self._store.get(job_id)
        return job

    def _ignored(self, parsed: JobConfig, data: dict[str, Any]) -> list[str]:
        """What a configuration asks for that the engine cannot do, where that is taken all the same."""
        if isinstance(self._worker, ScriptedWorker):
            return []
        reasons = [*engine.refusals(parsed, self._worker.languages)]
        if self._options.accept_unsupported:
            return [*reasons, *unknown_parts(data)]
        if reasons:
            raise unsupported("; ".join(reasons))
        return []

    def _render(self, job_id: str, text_format: Format) -> str:
        transcript = self._store.transcript(job_id)
        if transcript is None:
            raise file_expired()
        if text_format == "json-v2":
            return transcript
        parsed = Transcript.from_json(transcript)
        return parsed.to_text() if text_format == "txt" else parsed.to_srt()


@contextmanager
def _discarded_on_error(*files: Path) -> Generator[None]:
    try:
        yield
    except BaseException:
        for file in files:
            file.unlink(missing_ok=True)
        raise
