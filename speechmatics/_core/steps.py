"""What a flow asks of a driver: to send a request, to let time pass, to call what the program gave."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import httpx

from speechmatics._core.operations import Request
from speechmatics.exceptions import (
    SpeechmaticsError,
)

__all__ = [
    "Await",
    "Callback",
    "Disconnect",
    "Flow",
    "Reader",
    "RunBlocking",
    "Sleep",
    "Step",
    "Stream",
    "run_blocking",
]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Sleep:
    """Asks the driver to let time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class RunBlocking:
    """Asks the driver to call a function that may block, such as one that opens a file.

    Attributes:
        function: The function.
        limit: Seconds after which it is given up with a `TimeoutError`, where the driver can; None for no limit.
    """

    function: Callable[[], None]
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Callback:
    """Asks the driver to call a function of the program's, and to await what it returns if that can be awaited."""

    function: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Await:
    """Asks the driver to await what a function gives; one that blocks raises what it is refused by."""

    function: Callable[[], Awaitable[None]]
    refusal: SpeechmaticsError
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Asks the driver to close the connection over which an answer came."""

    response: httpx.Response


Step = Request | Sleep | RunBlocking | Callback | Await | Disconnect

Flow = Generator[Step, httpx.Response | None, _T]
"""A conversation that ends with a result of type T."""

Stream = Iterator[Flow[Sequence[_T]]]
"""A conversation with many results: flows to run one after the other, each of which ends with the next few."""

Reader = Callable[[httpx.Response], _T]
"""What makes a result of an answer."""


def run_blocking(function: Callable[[], _T], limit: float | None = None) -> Flow[_T]:
    """Calls a function that may block, where the driver lets such functions do so, for as long as it may take."""
    results: list[_T] = []
    yield RunBlocking(lambda: results.append(function()), limit)
    return results[0]
