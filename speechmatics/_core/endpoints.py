"""One pure function per endpoint: from arguments to an `Operation`, which also knows how to read the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from speechmatics._answers import is_page
from speechmatics._core.arguments import (
    LONGEST_WAIT,
    check_day,
    check_flag,
    check_job_id,
    check_moment,
    check_whole,
)
from speechmatics._core.audio import Audio
from speechmatics._core.media import MultipartBody
from speechmatics._core.operations import JsonObject, Operation, TextFormat
from speechmatics._documents import as_utf8, unlike_json, unlike_transcript
from speechmatics.exceptions import AnswerMismatchError, InvalidResponseError, UnknownFormatError
from speechmatics.models._collector import CollectorHeld
from speechmatics.models._reading import invalid_response
from speechmatics.models.config import JobConfig
from speechmatics.models.discovery import Features
from speechmatics.models.job import JobDetails, RetrieveJobsResponse, UsageReport
from speechmatics.models.transcript import Transcript, read_transcript

__all__ = [
    "MAX_PAGE",
    "Page",
    "create_job",
    "delete_job",
    "get_features",
    "get_job",
    "get_job_audio",
    "get_job_log",
    "get_json_transcript",
    "get_text_transcript",
    "get_usage",
    "list_jobs",
    "lists_all",
    "object_in",
    "parse_job",
    "parse_jobs",
    "read_job",
    "read_page",
    "text_format",
]

MAX_PAGE = 100
"""Jobs that a page of the list may hold (specification)."""


def create_job(
    config: JobConfig,
    audio: Audio | None,
    *,
    app: str | None = None,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> Operation[str, str]:
    """`POST /jobs`; reads the new job's id.

    Args:
        config: The configuration.
        audio: What to transcribe, unless the configuration says where to fetch it.
        app: Name of the application, for usage reports (`sm-app`).
        on_progress: Called with how much of the audio the network has taken.
    """

    def read(response: httpx.Response) -> str:
        job_id = _object(response).get("id")
        if not isinstance(job_id, str) or not job_id.strip():
            raise InvalidResponseError("the answer to a submission has no job id", body=response.content)
        return job_id

    body = MultipartBody(config.to_json(), audio, on_progress)
    return Operation("POST", "jobs", read, read, params=_given({"sm-app": app}), body=body)


def list_jobs(
    *, created_before: datetime | str | None = None, limit: int | None = None, include_deleted: bool | None = None
) -> Operation[list[JsonObject], list[JobDetails]]:
    """`GET /jobs`.

    Raises:
        InvalidInputError: `limit` is not from 1 to 100, `created_before` no moment, or `include_deleted` no flag.
    """
    params = {
        "created_before": None if created_before is None else check_moment("created_before", created_before),
        "limit": None if limit is None else str(check_whole("limit", limit, 1, MAX_PAGE)),
        "include_deleted": None if include_deleted is None else _flag("include_deleted", include_deleted),
    }

    return Operation("GET", "jobs", _read_list, _parse_list, params=_given(params))


class Page(NamedTuple):
    """Jobs that the list shows, as they came, and the name that it has them by."""

    name: str
    jobs: list[JsonObject]


def read_page(response: httpx.Response) -> Page:
    """A page of the list; a worker on premises lists `active_jobs`."""
    data = _object(response)
    name = "active_jobs" if data.get("jobs") is None and "active_jobs" in data else "jobs"
    jobs: object = data.get(name)
    if not isinstance(jobs, list):
        raise InvalidResponseError("the answer has no list of jobs", body=response.content)
    return Page(name, [job for job in _LIST.validate_python(jobs) if isinstance(job, dict)])


def _read_list(response: httpx.Response) -> list[JsonObject]:
    return read_page(response).jobs


def lists_all(response: httpx.Response) -> bool:
    """Whether a list has jobs that have ended too; a worker on premises may list those that are active."""
    return _object(response).get("jobs") is not None


def object_in(data: JsonObject, name: str) -> JsonObject:
    """The object that a field of another one holds, which is empty if it holds none."""
    value: object = data.get(name)
    return _OBJECT.validate_python(value) if isinstance(value, dict) else {}


def _parse_list(response: httpx.Response) -> list[JobDetails]:
    page = RetrieveJobsResponse.model_validate(_object(response))
    if page.jobs is None and page.active_jobs is None:
        raise InvalidResponseError("the answer has no list of jobs", body=response.content)
    return page.listed


def get_job(job_id: str, *, wait: int | None = None) -> Operation[JsonObject, JobDetails]:
    """`GET /jobs/{id}`."""
    read, parse = _about(job_id)
    return Operation("GET", _job_path(job_id), read, parse, params=_wait(wait), job_id=job_id, patience=wait or 0)


def delete_job(job_id: str, *, force: bool) -> Operation[JsonObject, JobDetails]:
    """`DELETE /jobs/{id}`."""
    read, parse = _about(job_id)
    return Operation("DELETE", _job_path(job_id), read, parse, params={"force": _flag("force", force)}, job_id=job_id)


def get_json_transcript(job_id: str, *, wait: int | None = None) -> Operation[JsonObject, Transcript]:
    """`GET /jobs/{id}/transcript` in the json-v2 format."""

    def read(response: httpx.Response) -> JsonObject:
        data = _object(response)
        _check_answered(job_id, data.get("job"), response)
        what = unlike_transcript(data)
        if what is None and not isinstance(data.get("results"), list):
            what = "it has no list of results"
        if what is not None:
            raise InvalidResponseError(f"not a json-v2 transcript: {what}", body=response.content, job_id=job_id)
        return data

    def parse(response: httpx.Response) -> Transcript:
        transcript = read_transcript(Transcript, response.content, job_id=job_id)
        if transcript.job is not None:
            _check_answered(job_id, {"id": transcript.job.id}, response)
        return transcript

    params = {"format": "json-v2", **_wait(wait)}
    path = _job_path(job_id, "transcript")
    return Operation("GET", path, read, parse, params=params, job_id=job_id, patience=wait or 0)


def get_text_transcript(job_id: str, text_format: TextFormat, *, wait: int | None = None) -> Operation[str, str]:
    """`GET /jobs/{id}/transcript` as text or SRT."""
    params = {"format": text_format, **_wait(wait)}
    path = _job_path(job_id, "transcript")
    return Operation("GET", path, _text, _text, params=params, job_id=job_id, patience=wait or 0)


def get_job_log(job_id: str) -> Operation[str, str]:
    """`GET /jobs/{id}/log`."""
    return Operation("GET", _job_path(job_id, "log"), _text, _text, job_id=job_id)


def get_usage(since: date | str | None = None, until: date | str | None = None) -> Operation[JsonObject, UsageReport]:
    """`GET /usage`.

    Raises:
        InvalidInputError: A date is not of the form YYYY-MM-DD.
    """

    def parse(response: httpx.Response) -> UsageReport:
        return UsageReport.from_json(response.content)

    params = {
        "since": None if since is None else check_day("since", since),
        "until": None if until is None else check_day("until", until),
    }
    return Operation("GET", "usage", _object, parse, params=_given(params))


def get_features() -> Operation[Features, Features]:
    """`GET /v1/discovery/features`, which is beside `/v2` rather than below it."""

    def parse(response: httpx.Response) -> Features:
        return Features.from_json(response.content)

    return Operation("GET", "../v1/discovery/features", parse, parse)


def get_job_audio(job_id: str) -> Operation[bytes, bytes]:
    """`GET /jobs/{id}/data`; the audio that was submitted.

    Raises:
        InvalidInputError: `job_id` is no job id.
    """

    def read(response: httpx.Response) -> bytes:
        if is_page(response):
            raise InvalidResponseError("the answer is a page of HTML", body=response.content, job_id=job_id)
        return response.content

    return Operation("GET", _job_path(job_id, "data"), read, read, job_id=job_id)


def text_format(transcription_format: object) -> TextFormat | None:
    """The format if it is text, None if it is json-v2 by any of its names.

    Raises:
        UnknownFormatError: It is neither.
    """
    name = transcription_format.lower() if isinstance(transcription_format, str) else None
    if name in ("json-v2", "json_v2", "json"):
        return None
    if name == "txt":
        return "txt"
    if name == "srt":
        return "srt"
    shown = type(transcription_format).__name__ if name is None else repr(transcription_format)[:40]
    raise UnknownFormatError(f"{shown} is not a transcript format; use json-v2, txt or srt")


_LIST = TypeAdapter(list[Any])
_OBJECT = TypeAdapter(JsonObject)


def _object(response: httpx.Response) -> JsonObject:
    text = as_utf8(response.content)
    try:
        with CollectorHeld():
            data: object = from_json(text)
    except ValueError:
        try:
            # Of UTF-8 alone: Python would read UTF-16 too, which the models do not.
            data = json.loads(text.decode())
        except RecursionError:
            raise InvalidResponseError("the answer is JSON that is nested too deeply", body=response.content) from None
        except ValueError:
            what = unlike_json(text)
            found = "a page of HTML" if is_page(response) else "not JSON" if what is None else f"not JSON: {what}"
            raise InvalidResponseError(f"the answer is {found}", body=response.content) from None
    if isinstance(data, dict):
        return _OBJECT.validate_python(data)
    raise InvalidResponseError("the answer is not a JSON object", body=response.content)


def _member(response: httpx.Response, name: str) -> object:
    data = _object(response)
    if name not in data:
        raise InvalidResponseError(f"the answer has no {name}", body=response.content)
    return data[name]


def _about(job_id: str) -> tuple[Callable[[httpx.Response], JsonObject], Callable[[httpx.Response], JobDetails]]:
    """What reads an answer about a job as it came, and as a model."""

    def read(response: httpx.Response) -> JsonObject:
        data = _object(response)
        _check_answered(job_id, data.get("job"), response)
        return data

    def parse(response: httpx.Response) -> JobDetails:
        job = _member(response, "job")
        _check_answered(job_id, job, response)
        return parse_job(job, response.content)

    return read, parse


def _check_answered(job_id: str, job: object, response: httpx.Response) -> None:
    """Raises if an answer names another job than the one asked for."""
    answered = _OBJECT.validate_python(job).get("id") if isinstance(job, dict) else None
    if answered is not None and answered != job_id:
        raise AnswerMismatchError(
            f"asked for job {job_id}, the answer is about job {answered}",
            body=response.content,
            job_id=job_id,
            answered=str(answered),
        )


def read_job(job_id: str) -> Callable[[httpx.Response], JsonObject]:
    """What reads the job in the answer about it: as it came, but with its id and a status."""

    def read(response: httpx.Response) -> JsonObject:
        job = _member(response, "job")
        _check_answered(job_id, job, response)
        details = _OBJECT.validate_python(job) if isinstance(job, dict) else {}
        if not isinstance(details.get("status"), str):
            raise InvalidResponseError("the answer has no job with a status", body=response.content, job_id=job_id)
        return {"id": job_id, **details}

    return read


def parse_job(job: object, body: bytes | None = None) -> JobDetails:
    """A job as a model; an error carries the body that it came in.

    Raises:
        InvalidResponseError: It lacks its id or its status.
    """
    try:
        return JobDetails.model_validate(job)
    except ValidationError as error:
        sent = to_json(job, inf_nan_mode="constants") if body is None else body
        raise invalid_response(JobDetails, sent, error) from None


def parse_jobs(page: Page) -> list[JobDetails]:
    """The jobs of a page as models; those that cannot be read are left out, and the log says so."""
    return RetrieveJobsResponse.model_validate({page.name: page.jobs}).listed


def _text(response: httpx.Response) -> str:
    if is_page(response):
        raise InvalidResponseError("the answer is a page of HTML", body=response.content)
    return response.content.decode("utf-8", errors="replace")


def _job_path(job_id: str, *below: str) -> str:
    return "/".join(["jobs", quote(check_job_id(job_id), safe=""), *below])


def _wait(seconds: int | None) -> dict[str, str]:
    return {} if seconds is None else {"wait": str(check_whole("wait", seconds, 0, LONGEST_WAIT))}


def _flag(name: str, value: bool) -> str:
    return "true" if check_flag(name, value) else "false"


def _given(params: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in params.items() if value is not None}
