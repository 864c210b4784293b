"""The API over HTTP: reads requests, asks the state, writes answers."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import unquote
from uuid import uuid4

from fastapi import FastAPI, File, Form, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from speechmatics.exceptions import ConfigError
from speechmatics.local import engine
from speechmatics.local.errors import ApiError, bad_request, file_expired, job_expired, unauthorized, unsupported
from speechmatics.local.requests import note_config
from speechmatics.local.scripted_worker import ScriptedWorker
from speechmatics.local.state import Job, JobStore, new_job_id
from speechmatics.local.worker import Worker
from speechmatics.models._leniency import Leniency, leniency
from speechmatics.models.config import JobConfig, as_job_config
from speechmatics.models.job import JobStatus
from speechmatics.models.transcript import Transcript
from speechmatics.validation import ProblemCode, validate_config

__all__ = ["create_app"]

MAX_WAIT = 60
"""Seconds that an answer is held back at most."""

IGNORED_HEADER = "Speechmatics-Local-Ignored"
"""Header of the answer to a submission that asks for what the engine cannot do."""
MAX_HEADER = 4000
_NOT_IN_HEADERS = re.compile("[^ -~]")
GONE = (JobStatus.DELETED, JobStatus.EXPIRED)
"""Where a job stands whose files are gone."""

Wait = Annotated[int, Query(ge=0)]
Format = Annotated[Literal["json-v2", "txt", "srt"], Query(alias="format")]

_OBJECT = TypeAdapter(dict[str, Any])
_logger = logging.getLogger("speechmatics")


def create_app(
    store: JobStore,
    worker: Worker | ScriptedWorker,
    *,
    token: str | None,
    honour_wait: bool,
    accept_unsupported: bool = False,
) -> FastAPI:
    """The application that answers for a store of jobs.

    Args:
        store: The jobs.
        worker: Who does them.
        token: The only token accepted; None accepts every request.
        honour_wait: Whether `wait` holds answers back.
        accept_unsupported: Whether to take whatever the service might, and not only what the engine can do. What is
            ignored then stands in the job's log, and in the header `Speechmatics-Local-Ignored` of the answer.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    app.add_middleware(_Gate, token=token)

    @app.exception_handler(ApiError)
    async def answer_api_error(request: Request, error: ApiError) -> Response:
        return _error(error)

    @app.exception_handler(HTTPException)
    async def answer_http_error(request: Request, error: HTTPException) -> Response:
        return _error(ApiError(error.status_code, str(error.detail)))

    @app.exception_handler(RequestValidationError)
    async def answer_invalid(request: Request, error: RequestValidationError) -> Response:
        problems = error.errors()
        detail = "; ".join(f"{problem['loc'][-1]} in {problem['loc'][0]}: {problem['msg']}" for problem in problems)
        if any(problem["loc"][0] == "body" for problem in problems):
            return _error(bad_request(detail, error="Malformed request"))
        return _error(ApiError(422, "Unprocessable Entity", detail))

    def look(job_id: str, wait: int) -> Job:
        return store.wait(job_id, min(wait, MAX_WAIT)) if honour_wait and wait else store.get(job_id)

    @app.post("/v2/jobs", status_code=201)
    def create(
        request: Request,
        response: Response,
        config: Annotated[str, Form()],
        data_file: Annotated[UploadFile | None, File()] = None,
        wait: Annotated[int | None, Query(ge=0)] = None,
        text_format: Format = "json-v2",
    ) -> dict[str, Any]:
        parsed, data = _read_config(config, Leniency.SILENT if accept_unsupported else Leniency.REJECT)
        note_config(request.scope, data)
        ignored = [] if isinstance(worker, ScriptedWorker) else [*engine.refusals(parsed)]
        if ignored and not accept_unsupported:
            raise unsupported("; ".join(ignored))
        if accept_unsupported and not isinstance(worker, ScriptedWorker):
            ignored += _unknown_parts(data)
        job_id = new_job_id()
        if parsed.fetch_data is not None:
            if data_file is not None:
                raise bad_request("data_file and fetch_data are both given")
            name = _name_of(parsed.fetch_data.url)
        elif data_file is None:
            raise bad_request("neither data_file nor fetch_data is given", error="Missing data_file")
        elif not data_file.size:
            raise bad_request("data_file is empty", error="Job rejected due to invalid audio")
        else:
            name = data_file.filename or ""
        with _discarded_on_error(worker.audio_of(job_id)) as audio:
            if data_file is not None:
                with audio.open("wb") as file:
                    shutil.copyfileobj(data_file.file, file, 1024 * 1024)
            store.add(job_id, data, name)
        if ignored:
            response.headers[IGNORED_HEADER] = _NOT_IN_HEADERS.sub("?", "; ".join(ignored))[:MAX_HEADER]
            for reason in ignored:
                store.write_log(job_id, f"ignored: {reason}")
        worker.take(job_id)
        if wait is None or not honour_wait:
            return {"id": job_id}
        job = look(job_id, wait)
        answer = {"id": job_id, "status": "created" if job.status == JobStatus.RUNNING else job.status}
        return answer if job.transcript is None else {**answer, text_format: _render(job.transcript, text_format)}

    @app.get("/v2/jobs")
    def list_jobs(
        created_before: datetime | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 100,
        include_deleted: bool = False,
    ) -> dict[str, Any]:
        jobs = store.recent(created_before=created_before, limit=limit, include_deleted=include_deleted)
        return {"jobs": [job.details for job in jobs]}

    @app.get("/v2/jobs/{job_id}")
    def get_job(job_id: str, wait: Wait = 0) -> dict[str, Any]:
        job = look(job_id, wait)
        if job.status == JobStatus.EXPIRED:
            raise job_expired()
        return {"job": job.details}

    @app.delete("/v2/jobs/{job_id}")
    def delete_job(job_id: str, force: bool = False) -> dict[str, Any]:
        return {"job": store.delete(job_id, force=force).details}

    @app.get("/v2/jobs/{job_id}/transcript")
    def get_transcript(job_id: str, text_format: Format = "json-v2", wait: Wait = 0) -> Response:
        job = look(job_id, wait)
        if job.status in GONE:
            raise file_expired()
        if job.status == JobStatus.REJECTED:
            raise ApiError(404, "Job rejected", "; ".join(error["message"] for error in job.errors))
        if job.transcript is None:
            raise ApiError(404, "Transcription not ready", "the job is running")
        if text_format == "json-v2":
            return JSONResponse(job.transcript, media_type="application/vnd.speechmatics.v2+json")
        return PlainTextResponse(_render(job.transcript, text_format))

    @app.get("/v2/jobs/{job_id}/log")
    def get_log(job_id: str) -> PlainTextResponse:
        job = store.get(job_id)
        if job.status in GONE:
            raise file_expired()
        return PlainTextResponse(job.log)

    @app.get("/v2/usage")
    def get_usage(since: date | None = None, until: date | None = None) -> dict[str, Any]:
        return store.usage(since, until)

    return app


class _Gate:
    """Lets in who has the token, gives each answer an id, and answers where the application fails."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._allowed = None if token is None else f"Bearer {token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_identified(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                message["headers"] = [*message["headers"], (b"request-id", uuid4().hex.encode())]
            await send(message)

        try:
            if self._allowed in (None, Headers(scope=scope).get("Authorization")):
                await self._app(scope, receive, send_identified)
            else:
                await _error(unauthorized())(scope, receive, send_identified)
        except Exception:
            _logger.exception("%s %s failed", scope["method"], scope["path"])
            if has_begun:
                raise
            await _error(ApiError(500, "Internal Server Error"))(scope, receive, send_identified)


def _read_config(text: str, level: Leniency) -> tuple[JobConfig, dict[str, Any]]:
    try:
        data = _OBJECT.validate_json(text)
    except ValidationError:
        raise bad_request("Job config JSON is invalid") from None
    try:
        with leniency(level):
            parsed = as_job_config(data)
    except ConfigError as error:
        asked = data.get("transcription_config")
        if isinstance(asked, dict) and "language" not in asked:
            raise bad_request(str(error), error="No language selected") from None
        raise bad_request(str(error)) from None
    return parsed, data


@contextmanager
def _discarded_on_error(file: Path) -> Generator[Path]:
    try:
        yield file
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _unknown_parts(data: dict[str, Any]) -> Iterator[str]:
    for problem in validate_config(data).problems:
        if problem.code in (ProblemCode.UNKNOWN_FIELD, ProblemCode.UNKNOWN_VALUE):
            yield f"{problem.location}: {problem.message}"


def _name_of(url: str) -> str:
    path = re.sub(r"[?#].*", "", url).partition("://")[2].partition("/")[2]
    return unquote(PurePosixPath(path).name)


def _render(transcript: dict[str, Any], text_format: str) -> dict[str, Any] | str:
    if text_format == "json-v2":
        return transcript
    parsed = Transcript.model_validate(transcript)
    if text_format == "txt":
        return parsed.to_text()
    output = parsed.metadata and parsed.metadata.output_config
    limits = output.srt_overrides.to_dict() if output and output.srt_overrides else {}
    return parsed.to_srt(**limits)


def _error(error: ApiError) -> JSONResponse:
    return JSONResponse(error.body, status_code=error.code)
