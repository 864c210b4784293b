"""Errors that a program's own tests make by hand, and what is said of a key that was not sent."""

from __future__ import annotations

import copy
import pickle
from unittest.mock import Mock

import httpx
import pytest

import speechmatics as sm
from speechmatics import exceptions
from speechmatics.exceptions import APIStatusError, RequestError, SpeechmaticsError

KINDS = [kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, SpeechmaticsError)]
STATUSES = {
    "BadRequestError": 400,
    "AuthenticationError": 401,
    "PermissionDeniedError": 403,
    "JobNotFoundException": 404,
    "JobExpiredError": 410,
    "JobRunningError": 423,
    "RateLimitError": 429,
    "ServerError": 500,
    "APIStatusError": 0,
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_error_can_be_made_by_hand(kind: type[SpeechmaticsError]) -> None:
    """By a message, with a job or without, by nothing, and as the side effect of a mock; and it can be handed on."""
    for error in (kind("what went wrong"), kind("what went wrong", job_id="j")):
        assert str(error) == "what went wrong"
        assert "what went wrong" in repr(error)
        for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert (type(other), str(other), other.job_id) == (kind, str(error), error.job_id)
    assert str(kind()) in ("", f"{STATUSES.get(kind.__name__)} {getattr(kind(), 'error', '')}")
    for effect in (kind, kind(), kind("x")):
        with pytest.raises(kind) as caught:
            Mock(side_effect=effect)()
        assert caught.value.job_id is None


@pytest.mark.parametrize("kind", [kind for kind in KINDS if issubclass(kind, APIStatusError)])
def test_an_error_of_an_answer_that_was_made_by_hand(kind: type[APIStatusError]) -> None:
    """Has the status of its class, an answer and a request; or those of the answer that it is given."""
    error = kind("x", job_id="j")
    assert error.status_code == error.response.status_code == STATUSES[kind.__name__]
    assert (error.request.method, error.request.url.host) == ("GET", "unsent.invalid")
    assert (error.job_id, error.request_id, error.detail) == ("j", None, None)
    answer = httpx.Response(418, json={"error": "Teapot", "detail": "short"}, headers={"Request-Id": "r"})
    told = kind("x", response=answer)
    assert (str(told), told.status_code, told.error, told.detail, told.request_id) == ("x", 418, "Teapot", "short", "r")
    assert kind(answer).args[0].startswith("418 Teapot: short (GET https://unsent.invalid/, request id r)")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if issubclass(kind, RequestError)])
def test_an_error_of_a_request_that_was_made_by_hand(kind: type[RequestError]) -> None:
    """Has a request, which was never sent, and no answer."""
    error = kind("x")
    assert (error.request.url.host, error.request_id, error.status_code) == ("unsent.invalid", None, None)
    assert isinstance(error, httpx.RequestError)


def test_what_errors_made_by_hand_carry() -> None:
    """Something of the type that programs rely on."""
    assert str(sm.SubmissionUncertainError("x").failure) == "x"
    assert sm.SubmissionUncertainError("x").found == {}
    assert sm.InvalidDataError("x").report.ok
    assert sm.TranscriptionError("x").errors == ()
    assert sm.AnswerMismatchError("x").body == b""
    assert str(sm.MissingExtraError("HTTP/2", "http2")).startswith(
        'HTTP/2 needs the extra "http2" of speechmatics-typed:'
    )


@pytest.mark.parametrize("token", [None, "secret"])
def test_a_401_without_a_key_says_that_none_was_sent(token: str | None) -> None:
    """And where it was looked for; a key that was sent is not spoken of."""
    answer = httpx.MockTransport(lambda request: httpx.Response(401, json={"code": 401, "error": "Unauthorized"}))
    settings = sm.ConnectionSettings("http://asr.test", auth_token=token)
    with httpx.Client(transport=answer) as http, sm.BatchClient(settings, http_client=http) as client:
        with pytest.raises(sm.AuthenticationError) as caught:
            client.list_jobs()
    said = str(caught.value)
    places = ("auth_token", "SPEECHMATICS_AUTH_TOKEN", "SPEECHMATICS_API_KEY", "env file", "secrets", "profile")
    assert [place in said for place in places] == [token is None] * 6
    assert ("no key was sent" in said) is (token is None)
    assert str(pickle.loads(pickle.dumps(caught.value))) == said
