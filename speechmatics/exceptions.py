"""The errors this package raises.

::

    UserWarning
    └── DuplicateJobWarning                     a submission was sent again, and both became jobs
    Exception
    └── SpeechmaticsError                       .job_id where the error concerns a job, .audio where it concerns a file
        ├── SettingsError                       also ValueError
        ├── InvalidInputError                   also ValueError; nothing was sent
        │   ├── AudioError
        │   │   ├── AudioNotFoundError          also FileNotFoundError
        │   │   └── AudioNotReadableError       also OSError
        │   ├── ConfigError
        │   │   ├── ConfigNotFoundError         also FileNotFoundError
        │   │   └── ConfigNotReadableError      also OSError
        │   ├── TranscriptNotReadableError      also OSError
        │   │   └── TranscriptNotFoundError     also FileNotFoundError
        │   └── InvalidDataError                a validation report with errors
        ├── MissingExtraError                   also ImportError
        ├── RequestError                        also httpx.RequestError: no whole answer came
        │   ├── ConnectError                    also httpx.ConnectError
        │   ├── ConnectTimeout                  also httpx.ConnectTimeout
        │   ├── PoolTimeout                     also httpx.PoolTimeout
        │   ├── ProxyError                      also httpx.ProxyError
        │   ├── ReadError                       also httpx.ReadError
        │   ├── ReadTimeout                     also httpx.ReadTimeout
        │   ├── RemoteProtocolError             also httpx.RemoteProtocolError
        │   ├── WriteError                      also httpx.WriteError
        │   └── WriteTimeout                    also httpx.WriteTimeout
        ├── APIStatusError                      also httpx.HTTPStatusError: the answer is an error
        │   ├── BadRequestError                 400
        │   ├── AuthenticationError             401
        │   ├── PermissionDeniedError           403
        │   ├── JobNotFoundException            404 on a job
        │   ├── JobExpiredError                 410
        │   ├── JobRunningError                 423
        │   ├── RateLimitError                  429
        │   └── ServerError                     500 and above
        ├── SubmissionUncertainError            the job may or may not have been created
        ├── InvalidResponseError                also ValueError: the answer is not what the API documents
        │   ├── AnswerMismatchError             the answer is about another job than the one asked for
        │   └── ResponseTooLargeError           the answer is larger than max_response_bytes
        ├── TranscriptionError                  the job ended without a transcript
        │   └── UnknownFormatError              also InvalidInputError; nothing was sent
        └── WaitTimeoutError                    also TimeoutError: there is no transcript yet

Each can be made by hand, as tests of programs do: by a message, or by nothing at all.

    >>> JobNotFoundException("no such job", job_id="a1b2c3d4e5").status_code
    404
    >>> RateLimitError().response
    <Response [429 Too Many Requests]>
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import httpx

from speechmatics._answers import (
    is_page,
    read_error_body,
    request_id_of,
    request_of,
    sent_id,
    shown_url,
    unsent_request,
    without_key,
)
from speechmatics._errors import (
    AnswerMismatchError,
    AudioError,
    AudioNotFoundError,
    AudioNotReadableError,
    ConfigError,
    ConfigNotFoundError,
    ConfigNotReadableError,
    InvalidInputError,
    InvalidResponseError,
    MissingExtraError,
    ResponseTooLargeError,
    SettingsError,
    SpeechmaticsError,
    TranscriptNotFoundError,
    TranscriptNotReadableError,
)
from speechmatics._reports import InvalidDataError

if TYPE_CHECKING:
    from speechmatics.models.job import JobDetailError, JobDetails

__all__ = [
    "APIStatusError",
    "AnswerMismatchError",
    "AudioError",
    "AudioNotFoundError",
    "AudioNotReadableError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigError",
    "ConfigNotFoundError",
    "ConfigNotReadableError",
    "ConnectError",
    "ConnectTimeout",
    "DuplicateJobWarning",
    "InvalidDataError",
    "InvalidInputError",
    "InvalidResponseError",
    "JobExpiredError",
    "JobNotFoundException",
    "JobRunningError",
    "MissingExtraError",
    "PermissionDeniedError",
    "PoolTimeout",
    "ProxyError",
    "RateLimitError",
    "ReadError",
    "ReadTimeout",
    "RemoteProtocolError",
    "RequestError",
    "ResponseTooLargeError",
    "ServerError",
    "SettingsError",
    "SpeechmaticsError",
    "SubmissionUncertainError",
    "TranscriptNotFoundError",
    "TranscriptNotReadableError",
    "TranscriptionError",
    "UnknownFormatError",
    "WaitTimeoutError",
    "WriteError",
    "WriteTimeout",
]

_NO_KEY = (
    "no key was sent, as the request had no Authorization header: one is searched for in the argument auth_token, in "
    "SPEECHMATICS_AUTH_TOKEN and SPEECHMATICS_API_KEY, in an env file and a secrets directory that are named, and in "
    "the profile"
)
_WRONG_KEY = "the key that was sent was not taken: it may be mistyped, expired, or of another region than the URL"


class RequestError(SpeechmaticsError, httpx.RequestError):
    """No whole answer came: the request could not be sent, or its answer could not be read.

    Attributes:
        request_id: The id that the request was sent with, or None.
        status_code: The status of an answer that was cut short, or None where none began.
    """

    def __init__(self, message: str = "", *, request: httpx.Request | None = None, job_id: str | None = None) -> None:
        request = request or unsent_request()
        httpx.RequestError.__init__(self, message, request=request)
        self.job_id = job_id
        self.request_id: str | None = sent_id(request)
        self.status_code: int | None = None


class ConnectError(RequestError, httpx.ConnectError):
    """No connection could be made."""


class ConnectTimeout(RequestError, httpx.ConnectTimeout):
    """No connection was made in time."""


class PoolTimeout(RequestError, httpx.PoolTimeout):
    """No connection of the pool became free in time."""


class ProxyError(RequestError, httpx.ProxyError):
    """The proxy refused or failed."""


class ReadError(RequestError, httpx.ReadError):
    """The connection broke while the answer was read."""


class ReadTimeout(RequestError, httpx.ReadTimeout):
    """The answer did not come in time."""


class RemoteProtocolError(RequestError, httpx.RemoteProtocolError):
    """The server broke the protocol, for example by closing the connection in mid-answer."""


class WriteError(RequestError, httpx.WriteError):
    """The connection broke while the request was sent."""


class WriteTimeout(RequestError, httpx.WriteTimeout):
    """The request could not be sent in time."""


class APIStatusError(SpeechmaticsError, httpx.HTTPStatusError):
    """The service answered with an error status.

    Attributes:
        status_code: The HTTP status, 400 to 599; 0 for one that was made by hand and is of no class of its own.
        error: The API's own word for it (`error` of the body), or the HTTP reason phrase.
        detail: The API's `detail`, or an excerpt of a body that is not the API's, or None.
        request_id: The service's id of the request, which its support asks for, or else the id it was sent with.
        response: The whole answer.

    Args:
        message: What is said of it; where it is an answer, what that says.
        job_id: The job the error concerns.
        context: What the message of an answer begins with.
        response: The answer, if `message` is none; by default one with nothing but the status of the class.
    """

    _usual_status: ClassVar[int] = 0

    def __init__(
        self,
        message: str | httpx.Response = "",
        *,
        job_id: str | None = None,
        context: str | None = None,
        response: httpx.Response | None = None,
    ) -> None:
        answer = message if isinstance(message, httpx.Response) else response
        if answer is None:
            answer = httpx.Response(self._usual_status, request=unsent_request())
        self.status_code: int = answer.status_code
        error, detail = read_error_body(answer)
        self.error = without_key(error, answer)
        self.detail = None if detail is None else without_key(detail, answer)
        self.request_id: str | None = request_id_of(answer)
        said = message if isinstance(message, str) else ""
        if not said and (answer is message or response is not None):
            said = self._message_of(answer, context)
        elif not said:
            said = f"{self.status_code} {self.error}"
        httpx.HTTPStatusError.__init__(self, said, request=request_of(answer), response=answer)
        self.job_id = job_id

    def _message_of(self, answer: httpx.Response, context: str | None) -> str:
        """What an answer says."""
        said = f"{self.status_code} {self.error}" if context is None else f"{context}: {self.status_code} {self.error}"
        if self.detail:
            said += f": {self.detail}"
        request = request_of(answer)
        said += f" ({request.method} {shown_url(request)}"
        if self.request_id:
            said += f", request id {self.request_id}"
        return said + ")"


class BadRequestError(APIStatusError):
    """400: the service rejects the request, most often its configuration."""

    _usual_status = 400


class AuthenticationError(APIStatusError):
    """401: the token is missing, wrong or expired; the message says which, and where one is searched for."""

    _usual_status = 401

    def _message_of(self, answer: httpx.Response, context: str | None) -> str:
        said = super()._message_of(answer, context)
        return f"{said}; {_WRONG_KEY if 'Authorization' in request_of(answer).headers else _NO_KEY}"


class PermissionDeniedError(APIStatusError):
    """403: the token may not do this."""

    _usual_status = 403


class JobNotFoundException(APIStatusError):
    """404 on a job: it does not exist, or is not this token's to see; for a page of HTML, no such server perhaps."""

    _usual_status = 404

    def _message_of(self, answer: httpx.Response, context: str | None) -> str:
        said = super()._message_of(answer, context)
        if not is_page(answer):
            return said
        url = shown_url(request_of(answer))
        return f"{said}; the answer is a page of HTML: this may be no Speechmatics server: {url}"


class JobExpiredError(APIStatusError):
    """410: the job or its files have been removed from the service."""

    _usual_status = 410


class JobRunningError(APIStatusError):
    """423: the job still runs, and `force` was not given."""

    _usual_status = 423


class RateLimitError(APIStatusError):
    """429: too many requests or too many running jobs."""

    _usual_status = 429


class ServerError(APIStatusError):
    """500 and above: the service failed."""

    _usual_status = 500


class DuplicateJobWarning(UserWarning):
    """A submission was sent again, and both became jobs: the first turned up after the search for it had ended."""


class SubmissionUncertainError(SpeechmaticsError):
    """A submission failed so that the job may or may not have been created; it was not sent again.

    Attributes:
        failure: How the submission failed.
        submission_id: What to search for in the jobs' `tracking.details`, or None if the submission
            carried none.
        found: Submissions that were found by the same search, and the ids of their jobs.
    """

    def __init__(
        self,
        message: str = "",
        failure: SpeechmaticsError | None = None,
        *,
        submission_id: str | None = None,
        found: Mapping[str, str] | None = None,
        job_id: str | None = None,
    ) -> None:
        super().__init__(message, job_id=job_id)
        self.failure = SpeechmaticsError(message) if failure is None else failure
        self.submission_id = submission_id
        self.found = dict(found or {})


class TranscriptionError(SpeechmaticsError):
    """A job ended without a transcript: it was rejected, deleted or has expired.

    Attributes:
        job: The job as the service last described it, or None; without its configuration where the error was pickled.
        errors: The service's own list of what went wrong; may be empty.
    """

    def __init__(self, message: str = "", *, job_id: str | None = None, job: JobDetails | None = None) -> None:
        super().__init__(message, job_id=job_id)
        self.job = job

    def _travelling(self) -> dict[str, Any]:
        # The configuration of a job may have the headers that authorise a fetch or a callback.
        job = None if self.job is None else self.job.model_copy(update={"config": None})
        return {**vars(self), "job": job}

    @property
    def errors(self) -> Sequence[JobDetailError]:
        """The service's own list of what went wrong; may be empty."""
        return (self.job.errors if self.job else None) or ()


class UnknownFormatError(TranscriptionError, InvalidInputError):
    """The transcript format is none of json-v2, txt and srt; nothing was sent."""


class WaitTimeoutError(SpeechmaticsError, TimeoutError):
    """The job did not end in time and is still running, or its transcript came too late, or the upload did."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    410: JobExpiredError,
    423: JobRunningError,
    429: RateLimitError,
}

_BY_HTTPX: dict[type[httpx.RequestError], type[RequestError]] = {
    httpx.ConnectError: ConnectError,
    httpx.ConnectTimeout: ConnectTimeout,
    httpx.PoolTimeout: PoolTimeout,
    httpx.ProxyError: ProxyError,
    httpx.ReadError: ReadError,
    httpx.ReadTimeout: ReadTimeout,
    httpx.RemoteProtocolError: RemoteProtocolError,
    httpx.WriteError: WriteError,
    httpx.WriteTimeout: WriteTimeout,
}


def error_for_status(
    response: httpx.Response, *, job_id: str | None = None, context: str | None = None
) -> APIStatusError:
    """The error that an answer with a status of 400 or above stands for; its message begins with the context."""
    status = response.status_code
    if status == 404 and job_id is not None:
        return JobNotFoundException(response, job_id=job_id, context=context)
    if status >= 500:
        return ServerError(response, job_id=job_id, context=context)
    return _BY_STATUS.get(status, APIStatusError)(response, job_id=job_id, context=context)


def error_for_failure(
    failure: httpx.RequestError, request: httpx.Request, *, job_id: str | None = None
) -> RequestError:
    """This package's error for a failure of httpx.

    Its cause is the operating system's error, without the frames of the network stack: their
    locals hold the request as it was sent, token included.
    """
    message = f"{str(failure) or type(failure).__name__} ({request.method} {shown_url(request)}"
    if sent_with := sent_id(request):
        message += f", request id {sent_with}"
    message += ")"
    error = _BY_HTTPX.get(type(failure), RequestError)(message, request=request, job_id=job_id)
    error.__cause__ = _root_cause(failure)
    return error


def _root_cause(failure: BaseException) -> OSError | None:
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, OSError):
            return type(cause)(*cause.args)
        cause = cause.__cause__ or cause.__context__
    return None


# They are known by their public module, in tracebacks and in pickles.
for _kind in (
    AnswerMismatchError,
    AudioError,
    AudioNotFoundError,
    AudioNotReadableError,
    ConfigError,
    ConfigNotFoundError,
    ConfigNotReadableError,
    InvalidDataError,
    InvalidInputError,
    InvalidResponseError,
    MissingExtraError,
    ResponseTooLargeError,
    SettingsError,
    SpeechmaticsError,
    TranscriptNotFoundError,
    TranscriptNotReadableError,
):
    _kind.__module__ = __name__
