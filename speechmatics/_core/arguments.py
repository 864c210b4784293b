"""Checks of arguments before anything is sent: an error says what is wrong, and what would be right.

What is wrong is named by its type: a value may be a key, a header or a signed URL that came into the wrong place.
"""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from numbers import Integral, Real
from typing import TypeVar

import httpx
from pydantic import SecretStr
from typing_extensions import TypeIs

from speechmatics._names import did_you_mean
from speechmatics._urls import is_url
from speechmatics.exceptions import InvalidInputError
from speechmatics.settings import ConnectionSettings

__all__ = [
    "LONGEST_WAIT",
    "as_settings",
    "check_callback",
    "check_client",
    "check_datetime",
    "check_day",
    "check_flag",
    "check_ids",
    "check_job_id",
    "check_keywords",
    "check_limit",
    "check_moment",
    "check_path",
    "check_seconds",
    "check_text",
    "check_whole",
    "is_path",
    "items_of",
]

LONGEST_ID = 200
"""Characters that the id of a job may have; those of the service have ten."""
LONGEST_WAIT = 86400
"""Seconds that a server may be asked to hold an answer back; the service's own limit is far below."""

_T = TypeVar("_T")


def check_client(
    settings: object,
    *,
    parse: object,
    auth: object,
    http_client: object,
    on_retry: object,
    on_response: object,
    is_async: bool,
) -> None:
    """Checks what a client is made with.

    Raises:
        InvalidInputError: One of the arguments is of a wrong type.
    """
    if not isinstance(settings, ConnectionSettings | str | SecretStr | None):
        raise InvalidInputError(
            f"connection_settings must be a ConnectionSettings, a key as text, or None for the environment's settings, "
            f"not {_kind(settings)}"
        )
    if not isinstance(auth, httpx.Auth | None):
        raise InvalidInputError(
            f"auth must be an httpx.Auth such as TemporaryKeyAuth, not {_kind(auth)}; a key is given as "
            "ConnectionSettings(auth_token=...)"
        )
    own, other = (httpx.AsyncClient, httpx.Client) if is_async else (httpx.Client, httpx.AsyncClient)
    if not isinstance(http_client, own | None):
        hint = "; BatchClient takes that" if is_async else "; AsyncBatchClient takes that"
        raise InvalidInputError(
            f"http_client must be an httpx.{own.__name__}, not {_kind(http_client)}"
            + (hint if isinstance(http_client, other) else "")
        )
    if parse is not None:
        check_flag("parse", parse)
    check_callback("on_retry", on_retry)
    check_callback("on_response", on_response)


def as_settings(given: ConnectionSettings | str | SecretStr | None) -> ConnectionSettings:
    """Settings from what a client is given: settings, a token, or nothing for the environment's."""
    if isinstance(given, str):
        given = SecretStr(given)  # before anything fails: a traceback may show the locals of its frames
    if isinstance(given, SecretStr):
        if is_url(given.get_secret_value()):
            raise InvalidInputError("a URL was given where a key is meant; give ConnectionSettings(url=...)")
        return ConnectionSettings(auth_token=given)
    return given or ConnectionSettings()


def check_text(name: str, value: object) -> str:
    """Text that can be sent.

    Raises:
        InvalidInputError: It is no text, or is empty, or holds half a surrogate pair.
    """
    if not isinstance(value, str):
        raise InvalidInputError(f"{name} must be text, not {_kind(value)}")
    if not value.strip():
        raise InvalidInputError(f"{name} must not be empty")
    if not _is_encodable(value):
        raise InvalidInputError(f"{name} holds half a surrogate pair, which cannot be sent")
    return value


def check_job_id(value: object, name: str = "job_id") -> str:
    """The id of a job.

    Raises:
        InvalidInputError: It is none.
    """
    if not isinstance(value, str):
        raise InvalidInputError(f"{name} must be the id of a job as text, such as 'a1b2c3d4e5', not {_kind(value)}")
    if not value.strip() or value in (".", "..") or len(value) > LONGEST_ID or not value.isprintable():
        raise InvalidInputError(f"{name}: {value[:100]!r} is not a job id, such as 'a1b2c3d4e5'")
    return value


def check_ids(name: str, values: Iterable[str]) -> list[str]:
    """The ids of several submissions.

    Raises:
        InvalidInputError: They are not several, or one of them is not text.
    """
    return [check_text(f"each of {name}", value) for value in items_of(name, values, "id")]


def items_of(name: str, values: Iterable[_T], one: str, *, instead: str | None = None) -> Iterator[_T]:
    """Goes through what is to be several.

    Args:
        name: The argument.
        values: What it was given.
        one: What each of them is.
        instead: The method that takes one.

    Raises:
        InvalidInputError: It is one, or cannot be gone through.
    """
    given: object = values
    if is_path(given) or isinstance(given, bytes | bytearray):
        hint = "" if instead is None else f", or use {instead}"
        raise InvalidInputError(f"{name} is one {one}; give a list of {one}s{hint}")
    try:
        return iter(values)
    except TypeError:
        raise InvalidInputError(f"{name} must be a list of {one}s, not {_kind(given)}") from None


def check_path(name: str, value: object) -> str:
    """The path of a file as text.

    Raises:
        InvalidInputError: It is none.
    """
    try:
        if is_path(value):
            return os.fsdecode(value)
    except Exception as error:  # what the caller's own class does
        raise InvalidInputError(f"{name} must be a path, and this {_kind(value)} gives none") from error
    raise InvalidInputError(f"{name} must be a path, not {_kind(value)}")


def is_path(value: object) -> TypeIs[str | os.PathLike[str]]:
    """Whether something is a path as text, or says that it is one."""
    return isinstance(value, str | os.PathLike)


def check_limit(name: str, value: object) -> float | None:
    """Seconds as a number; None for no limit, which endless ones are too.

    Raises:
        InvalidInputError: It is no number, or below 0.
    """
    seconds = check_seconds(name, value)
    return None if seconds is None or seconds >= threading.TIMEOUT_MAX else seconds


def check_seconds(name: str, value: object) -> float | None:
    """Seconds as a number, which may be without end; None for none.

    Raises:
        InvalidInputError: It is no number, or below 0.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Real):
        raise InvalidInputError(f"{name} must be a number of seconds, or None for no limit, not {_shown(value)}")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = float("inf") if isinstance(value, int) and value > 0 else float("-inf")
    if not seconds >= 0:
        raise InvalidInputError(f"{name} must be 0 or more seconds, or None for no limit, not {_shown(value)}")
    return seconds


def check_whole(name: str, value: object, lowest: int, highest: int) -> int:
    """A whole number within limits.

    Raises:
        InvalidInputError: It is none, or outside of them.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or not lowest <= int(value) <= highest:
        raise InvalidInputError(f"{name} must be a whole number from {lowest} to {highest}, not {_shown(value)}")
    return int(value)


def check_flag(name: str, value: object) -> bool:
    """True or False.

    Raises:
        InvalidInputError: It is neither.
    """
    if not isinstance(value, bool):
        raise InvalidInputError(f"{name} must be True or False, not {_shown(value)}")
    return value


def check_callback(name: str, value: object, *, may_be_awaited: bool = False) -> None:
    """What the program is to be called by; None for nothing.

    Raises:
        InvalidInputError: It cannot be called, or wants to be awaited where that is not done.
    """
    if value is None:
        return
    if not callable(value):
        raise InvalidInputError(f"{name} must be a function, or None, not {_kind(value)}")
    # An object may be called by a method that is async.
    is_async = inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(type(value).__call__)
    if not may_be_awaited and is_async:
        raise InvalidInputError(f"{name} must be a function that is not async: nobody would await it")


def check_moment(name: str, value: object) -> str:
    """A moment, given as a datetime or as ISO 8601 text, as ISO 8601 text; that which was given is kept as it is.

    Raises:
        InvalidInputError: It is neither.
    """
    try:
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        if isinstance(value, str):
            datetime.fromisoformat(value)
            return value
    except (OSError, OverflowError, ValueError):
        pass
    raise InvalidInputError(
        f"{name} must be a datetime, or text of ISO 8601 such as '2026-01-31T12:00:00Z', not {_shown(value)}"
    )


def check_datetime(name: str, value: object) -> datetime:
    """A moment, as it is.

    Raises:
        InvalidInputError: It is none.
    """
    if not isinstance(value, datetime):
        raise InvalidInputError(f"{name} must be a datetime, not {_kind(value)}")
    return value


def check_day(name: str, value: object) -> str:
    """A day, as `YYYY-MM-DD`.

    Raises:
        InvalidInputError: It is neither a date nor text of that form.
    """
    try:
        if isinstance(value, datetime):
            return value.date().isoformat()
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, str):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise InvalidInputError(f"{name} must be a date of the form YYYY-MM-DD, not {_shown(value)}")


def check_keywords(function: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Checks the names of keyword arguments, as Python does.

    Raises:
        TypeError: One of them is not known.
    """
    names = tuple(known)
    for name in given:
        if name not in names:
            raise TypeError(f"{function}() got an unexpected keyword argument '{name}'{did_you_mean(name, names)}")


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _shown(value: object) -> str:
    """A value as an error shows it: what can be no secret as it is, anything else by its type."""
    if isinstance(value, float) or (isinstance(value, int) and value.bit_length() <= 64):
        return repr(value)
    if isinstance(value, str) and len(value) <= 16:
        return repr(value)
    return _kind(value)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
