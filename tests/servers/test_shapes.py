"""What holds answers against the specification finds what is not like it."""

from __future__ import annotations

import json

import pytest

from tests.servers.shapes import problem_of

JOB = {"id": "a1", "created_at": "2026-01-02T03:04:05.678Z", "data_name": "a.wav", "status": "done", "duration": 3}


def answer(value: object) -> bytes:
    return json.dumps(value).encode()


def test_what_is_like_the_specification_is_right() -> None:
    """Answers and errors, with a slash at the end of the path and without."""
    for path in ("/v2/jobs/a1", "/v2/jobs/a1/"):
        assert problem_of("GET", path, 200, "application/json", answer({"job": JOB})) is None
    error = answer({"code": 404, "error": "Job not found"})
    assert problem_of("GET", "/v2/jobs/a1", 404, "application/json", error) is None


@pytest.mark.parametrize(
    ("status", "content_type", "body", "problem"),
    [
        (200, "application/json", {"job": {**JOB, "status": "ready"}}, "$.job.status"),
        (200, "application/json", {"job": {**JOB, "path": "x"}}, "'path' was unexpected"),
        (200, "application/json", {"job": {"id": "a1"}}, "'created_at' is a required property"),
        (200, "text/plain", {"job": JOB}, "text/plain is none of"),
        (201, "application/json", {"job": JOB}, "200 is what is documented"),
        (404, "application/json", {"code": 404, "error": "No such thing"}, "$.error"),
        (404, "application/json", {"code": 400, "error": "Job not found"}, "$.code"),
        (404, "text/html", {"code": 404, "error": "Job not found"}, "an error is application/json"),
        (418, "application/json", {"code": 418, "error": "Job not found"}, "$.error"),
    ],
)
def test_what_is_not_is_named(status: int, content_type: str, body: object, problem: str) -> None:
    """With the request, and where in the answer it is."""
    found = problem_of("GET", "/v2/jobs/a1", status, content_type, answer(body))
    assert found is not None
    assert found.startswith(f"GET /v2/jobs/a1 -> {status}: ")
    assert problem in found


def test_a_path_that_is_not_documented_is_named() -> None:
    """Where it is answered with success."""
    found = problem_of("GET", "/v2/secrets", 200, "application/json", b"{}")
    assert found == "GET /v2/secrets -> 200: nothing is documented"
