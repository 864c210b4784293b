"""The API over HTTP: reads requests, asks the state, writes answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import FastAPI, File, Form, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from speechmatics.exceptions import ConfigError
from speechmatics.local import engine
from speechmatics.local.errors import ApiError, bad_request, unauthorized, unsupported
from speechmatics.local.state import Job, JobStore
from speechmatics.local.worker import Worker
from speechmatics.models._base import Leniency, leniency
from speechmatics.models.config import JobConfig, as_job_config
from speechmatics.models.job import JobStatus
from speechmatics.models.transcript import Transcript

__all__ = ["create_app"]

MAX_WAIT = 60
"""Seconds that an answer is held back at most."""

Wait = Annotated[int, Query(ge=0)]


def create_app(store: JobStore, worker: Worker, *, token: str | None, honour_wait: bool) -> FastAPI:
    """The application that answers for a store of jobs."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.middleware("http")
    async def identify(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        allowed = token is None or request.headers.get("Authorization") == f"Bearer {token}"
        response = await call_next(request) if allowed else _error(unauthorized())
        response.headers["Request-Id"] = uuid4().hex
        return response

    async def answer_api_error(request: Request, error: Exception) -> Response:
        return _error(error if isinstance(error, ApiError) else ApiError(500, "Internal Server Error"))

    async def answer_http_error(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return _error(ApiError(error.status_code, str(error.detail)))
        return _error(ApiError(500, "Internal Server Error"))

    async def answer_invalid(request: Request, error: Exception) -> Response:
        detail = "; ".join(
            f"{problem['loc'][-1]} in {problem['loc'][0]}: {problem['msg']}"
            for problem in (error.errors() if isinstance(error, RequestValidationError) else ())
        )
        return _error(ApiError(422, "Unprocessable Entity", detail))

    app.add_exception_handler(ApiError, answer_api_error)
    app.add_exception_handler(HTTPException, answer_http_error)
    app.add_exception_handler(RequestValidationError, answer_invalid)

    def look(job_id: str, wait: int) -> Job:
        return store.wait(job_id, min(wait, MAX_WAIT)) if honour_wait and wait else store.get(job_id)

    @app.post("/v2/jobs", status_code=201)
    def create(
        config: Annotated[str, Form()], data_file: Annotated[UploadFile | None, File()] = None
    ) -> dict[str, str]:
        parsed, data = _read_config(config)
        if (data_file is None) == (parsed.fetch_data is None):
            raise bad_request("give either data_file or fetch_data", error="Missing data_file")
        if reason := engine.refusal(parsed):
            raise unsupported(reason)
        if data_file is not None and not data_file.size:
            raise bad_request("data_file is empty", error="Job rejected due to invalid audio")
        name = Path(parsed.fetch_data.url).name if parsed.fetch_data else (data_file and data_file.filename) or ""
        job = store.add(data, name)
        if data_file is not None:
            with worker.audio_of(job.id).open("wb") as file:
                shutil.copyfileobj(data_file.file, file, 1024 * 1024)
        worker.take(job.id)
        return {"id": job.id}

    @app.get("/v2/jobs")
    def list_jobs(
        created_before: str | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 100,
        include_deleted: bool = False,
    ) -> dict[str, Any]:
        jobs = store.recent(created_before=created_before, limit=limit, include_deleted=include_deleted)
        return {"jobs": [job.details for job in jobs]}

    @app.get("/v2/jobs/{job_id}")
    def get_job(job_id: str, wait: Wait = 0) -> dict[str, Any]:
        return {"job": look(job_id, wait).details}

    @app.delete("/v2/jobs/{job_id}")
    def delete_job(job_id: str, force: bool = False) -> dict[str, Any]:
        return {"job": store.delete(job_id, force=force).details}

    @app.get("/v2/jobs/{job_id}/transcript")
    def get_transcript(
        job_id: str,
        text_format: Annotated[Literal["json-v2", "txt", "srt"], Query(alias="format")] = "json-v2",
        wait: Wait = 0,
    ) -> Response:
        job = look(job_id, wait)
        if job.status == JobStatus.DELETED:
            raise ApiError(410, "File Expired", "the job has been deleted")
        if job.status == JobStatus.REJECTED:
            raise ApiError(404, "Job rejected", "; ".join(error["message"] for error in job.errors))
        if job.transcript is None:
            raise ApiError(404, "Transcription not ready", "the job is running")
        if text_format == "json-v2":
            return JSONResponse(job.transcript, media_type="application/vnd.speechmatics.v2+json")
        return PlainTextResponse(_render(job.transcript, text_format))

    @app.get("/v2/jobs/{job_id}/log")
    def get_log(job_id: str) -> PlainTextResponse:
        return PlainTextResponse(store.get(job_id).log)

    @app.get("/v2/usage")
    def get_usage(since: str | None = None, until: str | None = None) -> dict[str, Any]:
        return store.usage(since, until)

    return app


def _read_config(text: str) -> tuple[JobConfig, dict[str, Any]]:
    try:
        data: dict[str, Any] = json.loads(text)
        with leniency(Leniency.REJECT):
            return as_job_config(data), data
    except ConfigError as error:
        raise bad_request(str(error)) from None
    except ValueError:
        raise bad_request("Job config JSON is invalid") from None


def _render(transcript: dict[str, Any], text_format: str) -> str:
    parsed = Transcript.model_validate(transcript)
    if text_format == "txt":
        return parsed.to_text()
    output = parsed.metadata and parsed.metadata.output_config
    limits = output.srt_overrides.to_dict() if output and output.srt_overrides else {}
    return parsed.to_srt(**limits)


def _error(error: ApiError) -> JSONResponse:
    return JSONResponse(error.body, status_code=error.code)
