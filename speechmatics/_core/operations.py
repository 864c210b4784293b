"""A request as a value: what is sent, and how its answer is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Generic, Literal, TypedDict, TypeVar

import httpx

from speechmatics._core.arguments import (
    check_keywords,
)
from speechmatics._core.media import MultipartBody
from speechmatics.exceptions import InvalidInputError

__all__ = [
    "BasicAuth",
    "CustomRequest",
    "JsonFormat",
    "JsonObject",
    "Operation",
    "Request",
    "RequestOptions",
    "TextFormat",
    "TranscriptFormat",
    "custom_request",
]

JsonObject = dict[str, Any]
"""A JSON object just as the server sent it."""
JsonFormat = Literal["json-v2", "json_v2", "json"]
"""The three names of the json-v2 format."""
TextFormat = Literal["txt", "srt"]
"""The formats that are text."""
TranscriptFormat = Literal["json-v2", "json_v2", "json", "txt", "srt"]
"""Every name of a transcript format."""

Scalar = str | int | float | bool | None
QueryParams = httpx.QueryParams | Mapping[str, Scalar | Sequence[Scalar]] | list[tuple[str, Scalar]] | str
FileContent = IO[bytes] | bytes | str
File = FileContent | tuple[str | None, FileContent] | tuple[str | None, FileContent, str | None]
BasicAuth = tuple[str, str]


class RequestOptions(TypedDict, total=False):
    """The keywords of httpx's `request` that `send_request` passes on."""

    content: str | bytes | Iterable[bytes]
    data: Mapping[str, object]
    files: Mapping[str, File] | Sequence[tuple[str, File]]
    json: object
    params: QueryParams | None
    headers: httpx.Headers | Mapping[str, str] | Sequence[tuple[str, str]] | None
    cookies: dict[str, str]
    auth: BasicAuth | httpx.Auth | None
    follow_redirects: bool
    timeout: float | httpx.Timeout | None
    extensions: Mapping[str, object]


_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What HTTP calls a token (RFC 9110)."""

_RawT = TypeVar("_RawT", covariant=True)
_ParsedT = TypeVar("_ParsedT", covariant=True)


@dataclass(frozen=True, slots=True)
class Operation(Generic[_RawT, _ParsedT]):
    """A request that can be sent, and what its answer means.

    Attributes:
        method: HTTP method.
        path: Path below the base URL.
        read: The answer as the server sent it.
        parse: The answer as a model.
        params: Query parameters.
        body: The body, if there is one.
        job_id: The job concerned, if there is one.
        patience: Seconds that the server may take before it begins to answer, on top of the usual.
        limit: Seconds that the whole exchange may take, whatever the settings say; None for no such limit.
    """

    method: str
    path: str
    read: Callable[[httpx.Response], _RawT]
    parse: Callable[[httpx.Response], _ParsedT]
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    body: MultipartBody | None = None
    job_id: str | None = None
    patience: float = 0
    limit: float | None = None

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return self.method != "POST"


@dataclass(frozen=True, slots=True)
class CustomRequest:
    """A request of the caller's making: method, path below the base URL, and keywords of httpx's `request`.

    The other attributes are those of an `Operation`.
    """

    method: str
    path: str = field(repr=False)
    options: RequestOptions = field(repr=False)
    job_id: str | None = None
    patience: float = 0
    limit: float | None = None

    @property
    def repeatable(self) -> bool:
        """Whether it is certain that sending it twice does what sending it once does."""
        is_read_once = hasattr(self.options.get("content"), "__next__") or self.options.get("files") is not None
        return self.method.upper() in ("GET", "HEAD", "OPTIONS") and not is_read_once


def custom_request(method: object, path: object, options: RequestOptions) -> CustomRequest:
    """A request of the caller's making.

    Raises:
        TypeError: A keyword is not known.
        InvalidInputError: The method or the path is none. What is wrong with the rest is found when it is built.
    """
    check_keywords("send_request", options, RequestOptions.__annotations__)
    if not isinstance(method, str) or _METHOD.fullmatch(method) is None:
        raise InvalidInputError("method must be the name of an HTTP method, such as 'GET'")
    if not isinstance(path, str) or not path.isprintable():
        raise InvalidInputError("path must be a path below the base URL as text, such as 'jobs'")
    return CustomRequest(method, path, options)


Request = Operation[object, object] | CustomRequest
"""What a driver sends."""
