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

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import httpx
from pydantic_core import from_json
from typing_extensions import TypeIs

if TYPE_CHECKING:
    from speechmatics.models.job import JobDetailError, JobDetails
    from speechmatics.validation.report import ValidationReport

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

REQUEST_ID_HEADERS = ("Request-Id", "X-Azure-Ref", "X-Request-Id")
"""Where the service names a request, in the order of trust; support asks for it. The last is the id sent with it."""

BUSY = "Server busy"
"""How `detail` begins where a worker on premises turns a request away (documentation)."""
_BODY_EXCERPT = 200
"""Characters of an answer's body that an error message quotes."""
_NO_KEY = (
    "no key was sent, as the request had no Authorization header: one is looked for in the argument auth_token, in "
    "SPEECHMATICS_AUTH_TOKEN and SPEECHMATICS_API_KEY, in an env file and a secrets directory that are named, and in "
    "the profile"
)


class SpeechmaticsError(Exception):
    """Base of every error of this package.

    Attributes:
        job_id: The job the error concerns, or None.
        audio: The file that the error concerns, by its path, name or URL (without its query), or None.
    """

    job_id: str | None = None
    audio: str | None = None

    def __init__(self, message: str = "", *, job_id: str | None = None) -> None:
        super().__init__(message)
        self.job_id = job_id

    def __str__(self) -> str:
        """The message, which names the file that it concerns."""
        message = super().__str__()
        return message if self.audio is None or self.audio in message else f"{self.audio}: {message}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets a worker process raise it: errors travel between processes by pickle, and the token does not.

        What was sent is known by its method, URL and id afterwards, in a copy too: the headers hold the token, and the
        body the audio. What the service answered travels whole, but for cookies.
        """
        return _arrived, (type(self), self.args), {name: _portable(value) for name, value in self._travelling().items()}

    def _travelling(self) -> dict[str, Any]:
        """The attributes that travel."""
        return vars(self)


class SettingsError(SpeechmaticsError, ValueError):
    """A connection setting is wrong; the message names the variable or file it came from."""


class InvalidInputError(SpeechmaticsError, ValueError):
    """An argument is wrong; nothing was sent."""


class AudioError(InvalidInputError):
    """The audio cannot be sent: empty, too large, of a wrong type, or changed while it was read."""


class AudioNotFoundError(AudioError, FileNotFoundError):
    """There is no file at the given path."""


class AudioNotReadableError(AudioError, OSError):
    """The audio exists but cannot be read."""


class ConfigError(InvalidInputError):
    """The job configuration is not valid; the message names each field that is wrong."""


class ConfigNotFoundError(ConfigError, FileNotFoundError):
    """There is no configuration file at the given path."""


class ConfigNotReadableError(ConfigError, OSError):
    """The configuration file exists but cannot be read."""


class TranscriptNotReadableError(InvalidInputError, OSError):
    """The file of a transcript exists but cannot be read."""


class TranscriptNotFoundError(TranscriptNotReadableError, FileNotFoundError):
    """There is no transcript at the given path."""


class InvalidDataError(InvalidInputError):
    """A configuration or transcript was validated and has errors; the message names each place.

    Attributes:
        report: All that the validation found.
    """

    def __init__(self, message: str = "", *, report: ValidationReport | None = None, job_id: str | None = None) -> None:
        super().__init__(message, job_id=job_id)
        if report is None:
            from speechmatics.validation.report import ValidationReport

            report = ValidationReport()
        self.report = report


class MissingExtraError(SpeechmaticsError, ImportError):
    """A part of the package needs an extra that is not installed; the message names it."""

    def __init__(self, what: str = "", extra: str | None = None, *, job_id: str | None = None) -> None:
        # No name of an index: until the package is published, anybody could take it there.
        needs = (
            ""
            if extra is None
            else f' needs the extra "{extra}" of speechmatics-typed: pip install ".[{extra}]" in a clone of it, or '
            f'pip install "WHEEL[{extra}]" with the path of its wheel'
        )
        super().__init__(what + needs, job_id=job_id)


class RequestError(SpeechmaticsError, httpx.RequestError):
    """No whole answer came: the request could not be sent, or its answer could not be read.

    Attributes:
        request_id: The id that the request was sent with, or None.
        status_code: The status of an answer that was cut short, or None where none began.
    """

    def __init__(self, message: str = "", *, request: httpx.Request | None = None, job_id: str | None = None) -> None:
        request = request or _unsent()
        httpx.RequestError.__init__(self, message, request=request)
        self.job_id = job_id
        self.request_id: str | None = _sent_id(request)
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
            answer = httpx.Response(self._usual_status, request=_unsent())
        self.status_code: int = answer.status_code
        error, detail = _read_error_body(answer)
        self.error = _without_key(error, answer)
        self.detail = None if detail is None else _without_key(detail, answer)
        self.request_id: str | None = request_id_of(answer)
        said = message if isinstance(message, str) else ""
        if not said and (answer is message or response is not None):
            said = self._told_by(answer, context)
        elif not said:
            said = f"{self.status_code} {self.error}"
        httpx.HTTPStatusError.__init__(self, said, request=request_of(answer), response=answer)
        self.job_id = job_id

    def _told_by(self, answer: httpx.Response, context: str | None) -> str:
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
    """401: the token is missing, wrong or expired; the message says if none was sent, and where it was looked for."""

    _usual_status = 401

    def _told_by(self, answer: httpx.Response, context: str | None) -> str:
        said = super()._told_by(answer, context)
        return said if "Authorization" in request_of(answer).headers else f"{said}; {_NO_KEY}"


class PermissionDeniedError(APIStatusError):
    """403: the token may not do this."""

    _usual_status = 403


class JobNotFoundException(APIStatusError):
    """404 on a job: it does not exist, or is not this token's to see; for a page of HTML, no such server perhaps."""

    _usual_status = 404

    def _told_by(self, answer: httpx.Response, context: str | None) -> str:
        said = super()._told_by(answer, context)
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


class InvalidResponseError(SpeechmaticsError, ValueError):
    """What was received is not what the API documents.

    Attributes:
        body: What was received.
        request: The request that was answered so, where that is another than the one made: that for a temporary key.
    """

    def __init__(
        self, message: str = "", *, body: bytes = b"", job_id: str | None = None, request: httpx.Request | None = None
    ) -> None:
        super().__init__(message, job_id=job_id)
        self.body = body
        self.request = request


class AnswerMismatchError(InvalidResponseError):
    """An answer is about another job than the one asked for, twice in a row: something in between mixes up answers.

    Attributes:
        answered: The id of the job that the answer is about; `job_id` is that of the job asked for.
    """

    def __init__(
        self, message: str = "", *, body: bytes = b"", job_id: str | None = None, answered: str | None = None
    ) -> None:
        super().__init__(message, body=body, job_id=job_id)
        self.answered = answered


class ResponseTooLargeError(InvalidResponseError):
    """An answer has more bytes than the setting `max_response_bytes` allows; it was not read to its end."""


class DuplicateJobWarning(UserWarning):
    """A submission was sent again, and both became jobs: the first turned up after the search for it had ended."""


class SubmissionUncertainError(SpeechmaticsError):
    """A submission failed so that the job may or may not have been created; it was not sent again.

    Attributes:
        failure: How the submission failed.
        submission_id: What to look for in the jobs' `tracking.details`, or None if the submission
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
    if sent_with := _sent_id(request):
        message += f", request id {sent_with}"
    message += ")"
    error = _BY_HTTPX.get(type(failure), RequestError)(message, request=request, job_id=job_id)
    error.__cause__ = _root_cause(failure)
    return error


def is_page(response: httpx.Response) -> bool:
    """Whether an answer is a page of HTML, as gateways and other servers than the API's answer."""
    return "html" in response.headers.get("Content-Type", "").lower() or response.content[:100].lstrip(
        b"\xef\xbb\xbf \t\r\n"
    ).lower().startswith((b"<!doctype html", b"<html"))


def is_in_api_words(response: httpx.Response) -> bool:
    """Whether an error is the API's own rather than that of something in between."""
    try:
        body: object = from_json(response.content)
    except ValueError:
        return False
    if not _is_object(body):
        return False
    if body.get("code") == response.status_code and body.get("error"):
        return True
    return str(body.get("detail") or "").startswith(BUSY)


def request_id_of(response: httpx.Response) -> str | None:
    """The service's id of a request, or that which the request was sent with, or None."""
    for name in REQUEST_ID_HEADERS:
        if value := response.headers.get(name):
            return str(value)
    return _sent_id(request_of(response))


def request_of(response: httpx.Response) -> httpx.Request:
    """What an answer answers; a request that was never sent for an answer that was made by hand."""
    try:
        return response.request
    except RuntimeError:
        return _unsent()


def shown_url(request: httpx.Request) -> str:
    """Where a request went, without what may be secret: a query, which may be signed, and a password."""
    return str(request.url.copy_with(userinfo=b"", query=None, fragment=None))


def _unsent() -> httpx.Request:
    return httpx.Request("GET", "https://unsent.invalid/")


def _sent_id(request: httpx.Request) -> str | None:
    sent: str | None = request.headers.get(REQUEST_ID_HEADERS[-1])
    return sent


def _portable(value: Any) -> Any:
    """A value of an error as another process gets it."""
    if isinstance(value, httpx.Request):
        known = {name: value.headers[name] for name in REQUEST_ID_HEADERS if name in value.headers}
        # A query may be a signature.
        return httpx.Request(value.method, value.url.copy_with(query=None), headers=known)
    if isinstance(value, httpx.Response):
        response = copy.copy(value)
        response.__dict__.update({name: _portable(part) for name, part in vars(response).items()})
        response.history = [_portable(step) for step in response.history]
        response.headers = httpx.Headers([item for item in value.headers.multi_items() if item[0] != "set-cookie"])
        response.default_encoding = "utf-8" if _decoded(value) is None else value.encoding or "utf-8"
        return response
    return value


def _arrived(kind: type[SpeechmaticsError], args: tuple[Any, ...]) -> SpeechmaticsError:
    """An error of which nothing but the arguments is known yet."""
    # `kind.__new__` may be that of ValueError, which does not make an OSError.
    error = OSError.__new__(kind) if issubclass(kind, OSError) else kind.__new__(kind)
    error.args = args
    if isinstance(error, ImportError):
        error.msg = str(error)
    return error


def _root_cause(failure: BaseException) -> OSError | None:
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, OSError):
            return type(cause)(*cause.args)
        cause = cause.__cause__ or cause.__context__
    return None


def _without_key(text: str, answer: httpx.Response) -> str:
    """What a server says, without the key if it says that too."""
    sent = request_of(answer).headers.get("Authorization", "")
    key = sent.rpartition(" ")[2]
    return text.replace(key, "**********") if key else text


def _read_error_body(response: httpx.Response) -> tuple[str, str | None]:
    """`error` and `detail` of the API's error body, or the best that another body offers."""
    reason = response.reason_phrase or "Error"
    try:
        body: object = from_json(response.content)
    except ValueError:
        body = None
    if not _is_object(body):
        text = None if is_page(response) else _decoded(response)
        if text is None and not is_page(response):
            text = response.content.decode(errors="replace")
        return reason, (text or "").strip()[:_BODY_EXCERPT] or None
    error, detail = body.get("error"), body.get("detail")
    return (str(error) if error else reason), (str(detail) if detail else None)


def _decoded(response: httpx.Response) -> str | None:
    """The text of an answer; None where the charset that it names is none."""
    try:
        return response.text
    except Exception:  # codecs raise what they like: Python has `rot13`, `hex`, `idna` and `undefined` among them
        return None


def _is_object(value: object) -> TypeIs[dict[str, object]]:
    return isinstance(value, dict)
