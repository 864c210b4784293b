"""What a notification callback delivers: the service's request to the customer's own server, read into a model."""

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any, Protocol, Self
from urllib.parse import parse_qs

from pydantic import BeforeValidator, Field, PlainSerializer, SecretStr, TypeAdapter, ValidationError
from pydantic_core import from_json

from speechmatics._errors import InvalidInputError, InvalidResponseError
from speechmatics._secrets import forgetting_locals
from speechmatics.models._base import ReceivedModel
from speechmatics.models._kept import DumpsOnce
from speechmatics.models._multipart import parameters_of, read_multipart
from speechmatics.models._reading import invalid_response
from speechmatics.models.job import JobDetails
from speechmatics.models.results import JobInfo
from speechmatics.models.transcript import Transcript

__all__ = ["HeaderSource", "Notification", "NotificationPart", "NotificationStatus", "QuerySource"]


class _Items(Protocol):
    def items(self) -> Iterable[tuple[str, str | Sequence[str]]]: ...


HeaderSource = _Items | Sequence[tuple[str, str]] | Sequence[tuple[bytes, bytes]] | None
"""Headers of a request as web frameworks have them: anything with `items()`, each value a string or a list of them, or
pairs of strings or bytes; None for none."""
QuerySource = str | bytes | Mapping[str, str | Sequence[str]] | None
"""A query as web frameworks have it: its text, the path or URL that it ends, or a mapping; None for none."""


class NotificationStatus(StrEnum):
    """How the job ended that a callback is about."""

    SUCCESS = "success"
    ERROR = "error"
    """The job was rejected or failed."""
    FETCH_ERROR = "fetch_error"
    """The audio could not be fetched."""
    TRIM_ERROR = "trim_error"
    """The audio could not be trimmed."""


def _from_base64(value: object) -> object:
    return b64decode(value, validate=True) if isinstance(value, str) else value


_Binary = Annotated[
    bytes,
    BeforeValidator(_from_base64, json_schema_input_type=str),
    PlainSerializer(lambda content: b64encode(content).decode(), return_type=str, when_used="json"),
]


class NotificationPart(ReceivedModel):
    """Content as it was delivered."""

    name: str | None = None
    """Its name in the form, for example `data`; None where it was the whole body."""
    filename: str | None = None
    """Name of the attached file, as the sender says; not to be used as a path."""
    content_type: str | None = None
    """Media type, as the sender says."""
    content: _Binary = Field(repr=False)
    """The bytes; in JSON they are base64."""


class Notification(DumpsOnce, ReceivedModel):
    """A callback: how a job ended, and what its `notification_config` asked for.

    Only `id` and `status` are always there. After an error the service sends at most `jobinfo`.

    Example:
        ```python
        if not Notification.is_authorized(request.headers, "Bearer s3cret"):
            return 401
        notification = Notification.from_request(request.query_string, request.headers, request.body)
        if notification.transcript is not None:
            print(notification.id, notification.transcript.to_text())
        ```
    """

    id: str
    """The job's id."""
    status: Annotated[NotificationStatus | str, Field(union_mode="left_to_right")]
    """How it ended; a status this package does not know is kept as a plain string."""
    transcript: Transcript | None = None
    """The json-v2 transcript (`transcript`, `transcript.json-v2`, or the attachment `data_file` of old)."""
    txt: str | None = None
    """The transcript as text (`transcript.txt`)."""
    srt: str | None = None
    """The transcript as SRT (`transcript.srt`)."""
    jobinfo: Annotated[JobDetails | JobInfo | None, Field(union_mode="left_to_right")] = None
    """The job: `JobDetails` where a status comes with it, otherwise the shorter `JobInfo`."""
    data: NotificationPart | None = None
    """The audio (`data`)."""
    text: str | None = None
    """The text that was submitted with the audio, for alignment jobs of older versions (`text`)."""
    others: list[NotificationPart] = Field(default_factory=list[NotificationPart])
    """Whatever else was delivered, as it came."""
    query: dict[str, list[str]] = Field(default_factory=dict[str, list[str]], repr=False)
    """The whole query, with the parameters that the callback's own URL has; these may be secret."""

    @classmethod
    def _keeps_unfit(cls) -> bool:
        return False

    @property
    def is_success(self) -> bool:
        """Whether the job ended with a transcript."""
        return self.status == NotificationStatus.SUCCESS

    @classmethod
    def from_request(cls, query: QuerySource, headers: HeaderSource, body: bytes | str | None) -> Self:
        """Reads a callback of any form: one item as the body, several as attachments, none, or the `data_file` of old.

        Args:
            query: The query, or the path or URL that ends in it; of an AWS Lambda function `rawQueryString`,
                `multiValueQueryStringParameters` or `queryStringParameters`.
            headers: The headers of the request; of a Lambda function `headers` or `multiValueHeaders`.
            body: The whole body; chunked transfer coding, compression and base64 already undone. Text is taken as
                UTF-8, and holds no audio; None is an empty body.

        Raises:
            InvalidResponseError: It is no callback of the service, or was cut off or damaged on the way.
            InvalidInputError: An argument is of a type that no request has.
        """
        try:
            with forgetting_locals():
                return cls._read(query, headers, body)
        finally:
            del query, headers, body  # a traceback shows the locals of its frames

    @classmethod
    def _read(cls, query: QuerySource, headers: HeaderSource, body: bytes | str | None) -> Self:
        body = _as_bytes(body)
        parameters = _parse_query(query)
        folded = _fold(headers)
        if not parameters:
            raise InvalidResponseError(
                "the callback has no query, which says which job it is about (id) and how that ended (status)",
                body=body,
            )
        job_id, status = (parameters.get(name, [""])[-1] for name in ("id", "status"))
        if not job_id or not status:
            raise InvalidResponseError(f"the callback's query has no {'status' if job_id else 'id'}", body=body)
        try:
            contents = _contents(folded, body)
            return cls.model_validate({"id": job_id, "status": status, "query": parameters, **contents})
        except ValidationError as error:
            raise invalid_response(cls, body, error, job_id=job_id) from None
        except ValueError as error:
            message = f"the callback cannot be read: {error}"
            raise InvalidResponseError(message, body=body, job_id=job_id) from None

    @staticmethod
    def is_authorized(headers: HeaderSource, expected: str | SecretStr) -> bool:
        """Whether the request carries the expected `Authorization` header, compared in constant time.

        Args:
            headers: The headers of the request.
            expected: The header's value, as `Bearer s3cret`, or the whole entry of the configuration's `auth_headers`,
                as `Authorization: Bearer s3cret`.

        Raises:
            InvalidInputError: `expected` is empty, which any request could meet.
        """
        try:
            with forgetting_locals():
                return _is_expected(headers, expected)
        finally:
            del headers, expected  # a traceback shows the locals of its frames


def _is_expected(headers: HeaderSource, expected: str | SecretStr) -> bool:
    secret = _secret_of(expected)
    name, colon, value = secret.partition(":")
    if colon and name.strip().lower() == "authorization":
        secret = value
    if not secret.strip():
        raise InvalidInputError("the expected Authorization header is empty")
    given = _fold(headers).get("authorization", [])
    return len(given) == 1 and any(hmac.compare_digest(form, secret.strip().encode()) for form in _sent(given[0]))


_OBJECT = TypeAdapter(dict[str, object])
_SUBTITLE = re.compile(r"\s*\d+\s*\n\d+:\d\d:\d\d[,.]\d+ --> ")
_JSON_NAMES = {"transcript", "transcript.json-v2", "transcript:json-v2"}
_TEXT_NAMES = {"transcript.txt": "txt", "transcript.srt": "srt", "text": "text"}


def _parse_query(query: QuerySource) -> dict[str, list[str]]:
    if isinstance(query, bytes):
        query = query.decode("latin-1")
    if isinstance(query, str):
        if query.startswith(("/", "http://", "https://")):
            query = query.partition("?")[2].partition("#")[0]
        return parse_qs(query.removeprefix("?"), keep_blank_values=True)
    parameters: dict[str, list[str]] = {}
    for name, value in _pairs("query", query):
        parameters.setdefault(name, []).append(value)
    return parameters


def _as_bytes(body: object) -> bytes:
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if body is None:
        return b""
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    raise InvalidInputError(f"the body of a callback must be bytes or text, not {type(body).__name__}")


def _pairs(what: str, given: Any) -> Iterator[tuple[str, str]]:
    """Names and values, of a mapping or of pairs, whose values may be several; those that are None are left out.

    Raises:
        InvalidInputError: It is neither.
    """
    try:
        pairs = () if given is None else given.items() if hasattr(given, "items") else given
        for name, value in pairs:
            several: list[Any] = [value] if isinstance(value, str | bytes) else [] if value is None else list(value)
            for one in several:
                yield _as_text(name), _as_text(one)
    except (TypeError, ValueError):
        raise InvalidInputError(f"the {what} of a callback must be a mapping, or pairs, of text") from None


def _secret_of(expected: object) -> str:
    if isinstance(expected, SecretStr):
        return expected.get_secret_value()
    if isinstance(expected, str):
        return expected
    raise InvalidInputError(
        f"the expected Authorization header must be text or a SecretStr, not {type(expected).__name__}"
    )


def _contents(headers: dict[str, list[str]], body: bytes) -> dict[str, Any]:
    """What the body delivers, by field; what has no field of its own goes to `others`."""
    length = headers.get("content-length", [""])[-1]
    if length.isdecimal() and "content-encoding" not in headers and len(body) < int(length):
        raise ValueError(f"the body is cut off after {len(body)} of {length} bytes")
    contents: dict[str, Any] = {}
    others: list[NotificationPart] = []
    for part in _parts(headers.get("content-type", [""])[-1], body):
        field, value = _typed(part)
        if field is None or field in contents:
            others.append(part)
        else:
            contents[field] = value
    return {**contents, "others": others} if others else contents


def _parts(content_type: str, body: bytes) -> Iterator[NotificationPart]:
    media_type, parameters = parameters_of(content_type)
    if not body:
        return
    if not media_type.startswith("multipart/"):
        yield NotificationPart(content_type=content_type or None, content=body)
        return
    for headers, content in read_multipart(body, parameters.get("boundary", "")):
        _, disposition = parameters_of(headers.get("content-disposition", ""))
        yield NotificationPart(
            name=disposition.get("name"),
            filename=disposition.get("filename"),
            content_type=headers.get("content-type"),
            content=content,
        )


def _typed(part: NotificationPart) -> tuple[str | None, object]:
    """The field that a part fills, and its value."""
    name = (part.name or part.filename or "").lower()
    if name in _JSON_NAMES:
        return "transcript", Transcript.from_json(part.content)
    if name == "jobinfo":
        return "jobinfo", _job_of(part.content)
    if name in _TEXT_NAMES:
        return _TEXT_NAMES[name], _text(part)
    if name == "data":
        return "data", part
    return _by_content(part) if name in ("", "data_file") else (None, None)


def _by_content(part: NotificationPart) -> tuple[str | None, object]:
    """The same for a part whose name does not tell: the only one, or the `data_file` of old."""
    media_type, _ = parameters_of(part.content_type or "")
    if media_type.endswith(("/json", "+json")) or part.content.startswith(b"{"):
        content: object = from_json(part.content)
        if not isinstance(content, Mapping):
            return None, None
        if "results" in content:
            return "transcript", Transcript.from_json(part.content)
        return ("jobinfo", _job_of(part.content)) if "job" in content or "id" in content else (None, None)
    if media_type.startswith("text/"):
        text = _text(part)
        return ("srt" if _SUBTITLE.match(text) else "txt"), text
    is_media = media_type.startswith(("audio/", "video/")) or media_type == "application/octet-stream"
    return ("data", part) if is_media else (None, None)


def _job_of(content: bytes) -> object:
    job = _OBJECT.validate_python(from_json(content))
    return job.get("job", job)


def _text(part: NotificationPart) -> str:
    _, parameters = parameters_of(part.content_type or "")
    is_latin = parameters.get("charset", "").lower() in ("iso-8859-1", "latin1")
    return part.content.decode("latin-1" if is_latin else "utf-8-sig")


def _fold(headers: HeaderSource) -> dict[str, list[str]]:
    """Headers by name in lower case."""
    folded: dict[str, list[str]] = {}
    for name, value in _pairs("headers", headers):
        folded.setdefault(name.lower(), []).append(value.strip())
    return folded


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("latin-1")
    raise TypeError


def _sent(value: str) -> Iterator[bytes]:
    """What a header's value may have been on the wire: most servers read its bytes as Latin-1, some as UTF-8."""
    yield value.encode("utf-8", "surrogatepass")
    if not value.isascii():
        with suppress(UnicodeEncodeError):
            yield value.encode("latin-1")
