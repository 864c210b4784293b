"""Requests of the caller's making: what is wrong with them is said before they are sent, without what may be secret."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx
from typing_extensions import TypeIs

from speechmatics._core.arguments import check_limit
from speechmatics.exceptions import InvalidInputError

__all__ = [
    "check_fields",
    "checked_auth",
    "checked_extensions",
    "checked_request",
    "checked_timeout",
    "reason_of",
]

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The name of a header (RFC 9110)."""
_VALUE = re.compile(rb"(?:[^\x00\s]+(?:[ \t]+[^\x00\s]+)*)?")
"""The value of a header, without white space around it."""


def checked_timeout(timeout: object) -> httpx.Timeout:
    """The time limits of a request, from all that httpx takes for them.

    Raises:
        InvalidInputError: They are none.
    """
    if isinstance(timeout, httpx.Timeout):
        parts = timeout.as_dict()
        return httpx.Timeout(**{name: check_limit(f"timeout.{name}", value) for name, value in parts.items()})
    if _is_tuple(timeout):
        if len(timeout) != 4:
            raise InvalidInputError("a tuple as timeout has four parts: seconds to connect, read, write, and wait")
        connect, read, write, pool = (check_limit("each of timeout", part) for part in timeout)
        return httpx.Timeout(connect=connect, read=read, write=write, pool=pool)
    return httpx.Timeout(check_limit("timeout", timeout))


def checked_extensions(extensions: object) -> dict[str, Any]:
    """The extensions of a request.

    Raises:
        InvalidInputError: They are none, or set time limits that are none.
    """
    if extensions is None:
        return {}
    if not _is_mapping(extensions):
        raise InvalidInputError(f"extensions must be a dict, not {type(extensions).__name__}")
    checked = {str(name): value for name, value in extensions.items()}
    if "timeout" in checked:
        limits: object = checked["timeout"]
        if not _is_mapping(limits):
            raise InvalidInputError("the timeout of extensions must be a dict; give timeout itself")
        checked["timeout"] = {name: check_limit("the timeout of extensions", part) for name, part in limits.items()}
    return checked


def check_fields(data: object) -> None:
    """Checks the fields of a form.

    Raises:
        InvalidInputError: They are none.
    """
    if not isinstance(data, Mapping | None):
        raise InvalidInputError(
            f"data must be a dict of form fields, not {type(data).__name__}; text and bytes are content"
        )


def checked_auth(auth: object) -> httpx.Auth | None:
    """What authorises a request, from all that httpx takes for it.

    Raises:
        InvalidInputError: It is none; it is not shown.
    """
    if auth is None or isinstance(auth, httpx.Auth):
        return auth
    try:
        if _is_tuple(auth) and len(auth) == 2:
            user, password = auth
            if isinstance(user, str | bytes) and isinstance(password, str | bytes):
                return httpx.BasicAuth(user, password)
    except UnicodeError:
        raise InvalidInputError("auth holds half a surrogate pair, which cannot be sent") from None
    raise InvalidInputError(
        f"auth must be a tuple of a user's name and password, or an httpx.Auth, not {type(auth).__name__}"
    )


def checked_request(request: httpx.Request, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
    """A request that was built, if it can be sent.

    Raises:
        InvalidInputError: It holds a header that is none, or content that is of the other client's kind.
    """
    for name, value in request.headers.raw:
        if _NAME.fullmatch(name) is None:
            raise InvalidInputError("headers holds a name that is not the name of a header")
        if _VALUE.fullmatch(value) is None:
            raise InvalidInputError(f"headers holds a value of {name.decode()} that no header has (it is not shown)")
    is_async = isinstance(client, httpx.AsyncClient)
    content = request.stream
    if isinstance(content, httpx.ByteStream):
        return request
    if not hasattr(content, "__aiter__" if is_async else "__iter__"):
        taken = "one that is gone through by `async for`" if is_async else "one that is not async"
        raise InvalidInputError(f"content must be text, bytes or an iterable of bytes, {taken}")
    request.stream = _Content(content)
    return request


class _Content(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Content that the caller's own objects give while it is sent; what goes wrong with them is an error of ours."""

    def __init__(self, content: Any) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._content:
                yield _checked(piece)
        except InvalidInputError:
            raise
        except Exception as error:
            raise _unreadable(error) from error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._content:
                yield _checked(piece)
        except InvalidInputError:
            raise
        except Exception as error:
            raise _unreadable(error) from error


def _checked(piece: object) -> bytes:
    if not isinstance(piece, bytes):
        raise InvalidInputError(f"the content must be bytes, not {type(piece).__name__}")
    return piece


def _unreadable(error: Exception) -> InvalidInputError:
    return InvalidInputError(f"the content of the request cannot be read: {type(error).__name__}")


def reason_of(error: Exception) -> str:
    """What an error of httpx or Python says of a request that cannot be built."""
    if isinstance(error, UnicodeError):
        return "it holds text that cannot be sent there; headers are ASCII"
    is_telling = isinstance(error, httpx.InvalidURL | TypeError | ValueError)
    return str(error)[:200] if is_telling else type(error).__name__


def _is_tuple(value: object) -> TypeIs[tuple[object, ...]]:
    return isinstance(value, tuple)


def _is_mapping(value: object) -> TypeIs[Mapping[object, object]]:
    return isinstance(value, Mapping)
