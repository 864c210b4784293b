"""How strictly a configuration is judged: as one that a user sends, or as one that the service has taken."""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Annotated, Any, LiteralString, TypeVar

from pydantic import (
    WrapValidator,
)
from pydantic_core import (
    PydanticCustomError,
    to_jsonable_python,
)

__all__ = [
    "AsReceived",
    "Leniency",
    "UnknownConfigWarning",
    "assigning",
    "is_assigning",
    "is_received",
    "leniency",
    "report_unknown",
    "require_json",
]


class UnknownConfigWarning(UserWarning):
    """A configuration holds a field or a value that this package does not know; it is sent all the same."""


class Leniency(Enum):
    """What becomes of a field or a value of a configuration that this package does not know."""

    WARN = "warn"
    """It is passed on with an `UnknownConfigWarning`: the API grows faster than the SDK."""
    REJECT = "reject"
    """It is a validation error."""
    SILENT = "silent"
    """It is passed on without a word; contradictions are errors all the same."""
    RECEIVED = "received"
    """It is kept in silence, and so are contradictions: the service has already taken this configuration."""


_leniency: ContextVar[Leniency] = ContextVar("speechmatics_leniency", default=Leniency.WARN)


@contextmanager
def leniency(level: Leniency) -> Generator[None]:
    """Validates configurations within the block at `level`."""
    token = _leniency.set(level)
    try:
        yield
    finally:
        _leniency.reset(token)


def is_received() -> bool:
    """Whether the configuration under validation comes from the service rather than from the user."""
    return _leniency.get() is Leniency.RECEIVED


_assigning: ContextVar[bool] = ContextVar("speechmatics_assigning", default=False)


@contextmanager
def assigning() -> Generator[None]:
    """Within the block a single field is set."""
    token = _assigning.set(True)
    try:
        yield
    finally:
        _assigning.reset(token)


def is_assigning() -> bool:
    """Whether a single field is being set, so that rules between fields have to wait."""
    return _assigning.get()


def report_unknown(code: LiteralString, message: str) -> None:
    """Warns of something unknown in a configuration, or raises, or keeps silent, as the leniency says."""
    level = _leniency.get()
    if level is Leniency.REJECT:
        raise PydanticCustomError(code, "{reason}", {"reason": message})
    if level is Leniency.WARN:
        warnings.warn(message, UnknownConfigWarning, stacklevel=_level_outside())


def _level_outside() -> int:
    """The stack level, for the caller's warning, of the first frame that is neither Pydantic's nor of this package."""
    level = 0
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("speechmatics", "pydantic"):
        frame = frame.f_back
        level += 1
    return level


def require_json(name: str, value: object) -> None:
    """Raises unless what the user sends as `name`, whose type the API leaves open, can be written as JSON."""
    if is_received():
        return
    try:
        json.dumps(to_jsonable_python(value, inf_nan_mode="constants"), allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise PydanticCustomError(
            "not_json", "{name} must be JSON: {reason}", {"name": name, "reason": str(error)}
        ) from None


def _as_received(value: object, handler: Any) -> Any:
    with leniency(Leniency.RECEIVED):
        return handler(value)


_T = TypeVar("_T")
AsReceived = Annotated[_T, WrapValidator(_as_received)]
"""A configuration as it comes back inside an answer: `config: AsReceived[JobConfig | None] = None`."""
