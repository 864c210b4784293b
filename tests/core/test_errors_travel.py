"""Errors go from one process to another whole, but for what is secret."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import httpx
import pytest
from pydantic import SecretStr

from speechmatics import BatchClient, ConnectionSettings, InvalidDataError, exceptions, validate_config
from speechmatics.exceptions import (
    APIStatusError,
    InvalidResponseError,
    JobNotFoundException,
    MissingExtraError,
    RequestError,
    SpeechmaticsError,
    SubmissionUncertainError,
    TranscriptionError,
    error_for_failure,
    error_for_status,
)
from speechmatics.models import JobDetails
from tests.servers.serving import Answer, serving

SECRET = "a-very-secret-token"
REQUEST = httpx.Request(
    "GET", "https://asr.test/v2/jobs/a", headers={"Authorization": f"Bearer {SECRET}", "X-Request-Id": "mine"}
)


def answer(status: int) -> httpx.Response:
    """An answer after a redirection, with all that an answer knows."""
    moved = httpx.Response(301, request=REQUEST, headers={"Location": "/"})
    moved.next_request = REQUEST
    return httpx.Response(
        status,
        json={"error": "Wrong", "detail": "Very"},
        request=REQUEST,
        headers={"Request-Id": "its", "Set-Cookie": SECRET},
        history=[moved],
        default_encoding=lambda body: "utf-8",
    )


def report_error() -> InvalidDataError:
    """What a validation raises."""
    with pytest.raises(InvalidDataError) as caught:
        validate_config({}).raise_for_errors()
    return caught.value


JOB = JobDetails.model_validate({"id": "a", "status": "rejected", "created_at": "2026-01-01T00:00:00Z"})
SPECIAL: dict[str, SpeechmaticsError] = {
    "InvalidDataError": report_error(),
    "MissingExtraError": MissingExtraError("speechmatics.local", "local"),
    "InvalidResponseError": InvalidResponseError("not JSON", body=b"?", job_id="a", request=REQUEST),
    "SubmissionUncertainError": SubmissionUncertainError(
        "maybe", error_for_failure(httpx.ReadError("reset"), REQUEST), submission_id="sm-typed-1"
    ),
    "TranscriptionError": TranscriptionError("rejected", job_id="a", job=JOB),
}


def sample(name: str) -> SpeechmaticsError:
    """An error of a class."""
    if name in SPECIAL:
        return SPECIAL[name]
    kind: type[SpeechmaticsError] = getattr(exceptions, name)
    if issubclass(kind, APIStatusError):
        error: SpeechmaticsError = kind(answer(429), job_id="a", context="submitting")
    elif issubclass(kind, RequestError):
        error = kind("it broke", request=REQUEST, job_id="a")
    else:
        error = kind("wrong", job_id="a")
    error.add_note("job a is still running")
    return error


def told(error: SpeechmaticsError) -> object:
    """All that an error says."""
    plain = {name: value for name, value in vars(error).items() if isinstance(value, str | int | bytes | None)}
    parts: list[object] = [type(error), str(error), error.args, plain, getattr(error, "__notes__", None)]
    if isinstance(error, APIStatusError | RequestError):
        parts += [error.request.method, error.request.url, error.request.headers.get("X-Request-Id")]
    if isinstance(error, APIStatusError):
        headers = {name: value for name, value in error.response.headers.items() if name != "set-cookie"}
        parts += [error.response.status_code, error.response.json(), headers, error.response.url]
    if isinstance(error, ImportError):
        parts.append(error.msg)
    if isinstance(error, SubmissionUncertainError):
        parts.append(told(error.failure))
    if isinstance(error, TranscriptionError):
        parts += [error.job, error.errors]
    if isinstance(error, InvalidDataError):
        parts.append(error.report)
    return parts


@pytest.mark.parametrize("protocol", [0, 2, pickle.HIGHEST_PROTOCOL])
@pytest.mark.parametrize("name", [name for name in exceptions.__all__ if not name.endswith("Warning")])
def test_an_error_is_the_same_on_the_other_side(name: str, protocol: int) -> None:
    """Its message, its notes and what it knows; only no header but the request's id, and no body that was sent."""
    error = sample(name)
    sent = pickle.dumps(error, protocol)
    assert SECRET.encode() not in sent
    arrived = pickle.loads(sent)
    assert told(arrived) == told(error)
    assert told(copy.copy(error)) == told(error)


def test_an_error_itself_keeps_what_was_sent() -> None:
    """It is what travels that does without."""
    error = error_for_status(answer(500), job_id="a")
    pickle.dumps(error)
    copy.copy(error)
    assert error.request is error.response.request is REQUEST
    assert error.response.history[0].next_request is REQUEST
    assert SECRET in REQUEST.headers["Authorization"]


def ask_for_a_job(url: str) -> str:
    """What a worker process does."""
    with BatchClient(ConnectionSettings(url=url, auth_token=SecretStr(SECRET))) as client:
        return str(client.check_job_status("unknown"))


@pytest.mark.slow
def test_a_worker_s_error_is_raised_where_its_result_is_wanted() -> None:
    """An error that cannot be read there would break the whole pool."""
    body = b'{"code": 404, "error": "Job not found"}'
    with serving(lambda _: Answer(404, body)) as server, ProcessPoolExecutor(1, get_context("spawn")) as pool:
        for _ in range(2):
            with pytest.raises(JobNotFoundException, match="404 Job not found") as caught:
                pool.submit(ask_for_a_job, server.url).result(timeout=60)
            assert caught.value.job_id == "unknown"
            assert caught.value.response.json() == {"code": 404, "error": "Job not found"}


def test_the_query_of_a_url_stays_behind() -> None:
    """It may be a signature."""
    request = httpx.Request("GET", "http://host/v2/jobs?sig=very-secret")
    failed = pickle.loads(pickle.dumps(exceptions.ReadTimeout("slow", request=request)))
    refused = exceptions.error_for_status(httpx.Response(500, request=request))
    assert b"very-secret" not in pickle.dumps(refused)
    assert str(failed.request.url) == "http://host/v2/jobs"
