"""A request and its answer, as the network sees them: until when, how far the body is, and what came meanwhile."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import anyio.abc
import httpcore

from speechmatics._core.media import MultipartBody

__all__ = ["EarlyAnswer", "Exchange", "ReadBefore", "current_exchange", "exchanging"]

INFORMATIONAL = (b"HTTP/1.1 1", b"HTTP/1.0 1")
"""How answers begin that another one follows."""
HEAD_END = b"\r\n\r\n"
MOST_INFORMATION = 64 * 1024
"""Bytes of such answers after which no more of the body is sent: no server has so much to say of itself, and to go
through a megabyte of them takes longer than a deadline may be late."""


@dataclass(slots=True)
class Exchange:
    """A request and its answer.

    Attributes:
        deadline: When it must be over, by `time.monotonic`; None for no such limit.
        body: The body of a submission.
        tasks: Where a task may listen for an early answer while the body is sent; None where there can be none.
    """

    deadline: float | None = None
    body: MultipartBody | None = None
    tasks: anyio.abc.TaskGroup | None = field(default=None, repr=False)

    def left(self, timeout: float | None, over: type[httpcore.TimeoutException]) -> float | None:
        """The time-out of a step: what is left of the exchange at most. Raises `over` if nothing is."""
        if self.deadline is None:
            return timeout
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise over("the time for the whole request is over")
        return left if timeout is None else min(timeout, left)


_UNBOUNDED = Exchange()
_current: ContextVar[Exchange] = ContextVar("speechmatics_exchange", default=_UNBOUNDED)
current_exchange = _current.get
"""The exchange that what is sent and received here belongs to."""


@contextmanager
def exchanging(exchange: Exchange) -> Generator[None]:
    """What is sent and received within the block belongs to the exchange."""
    token = _current.set(exchange)
    try:
        yield
    finally:
        _current.reset(token)


class EarlyAnswer(httpcore.WriteError):
    """An answer came while the body was sent: httpcore stops writing at an error of this kind, and reads."""


class ReadBefore:
    """What was read of a connection while a body was being sent; it is kept for whoever reads next."""

    __slots__ = ("_begin", "_data", "_failure", "_is_over", "_searched")

    def __init__(self) -> None:
        self._data = bytearray()
        self._begin = 0
        self._searched = 0
        self._is_over = False
        self._failure: Exception | None = None

    def add(self, data: bytes) -> None:
        """Notes what came; nothing is the end."""
        self._data += data
        self._is_over = not data

    def add_failure(self, failure: Exception) -> None:
        """Notes that reading failed."""
        self._failure = failure

    def ends_writing(self) -> bool:
        """Whether an answer has begun, or the connection come to its end: informational answers are neither."""
        if self._is_over or self._failure is not None or len(self._data) > MOST_INFORMATION:
            return True
        # What has been gone through is not gone through again: a server may send thousands of these, byte by byte.
        while self._data.startswith(INFORMATIONAL, self._begin):
            end = self._data.find(HEAD_END, max(self._begin, self._searched - len(HEAD_END) + 1))
            if end < 0:
                self._searched = len(self._data)
                return False
            self._begin = end + len(HEAD_END)
        begun = bytes(self._data[self._begin : self._begin + len(INFORMATIONAL[0])])
        return bool(begun) and not any(start.startswith(begun) for start in INFORMATIONAL)

    def take(self) -> bytes | None:
        """What came; None if nothing did. Raises the failure that followed nothing."""
        if self._data:
            data = bytes(self._data)
            self._data.clear()
            self._begin = self._searched = 0
            return data
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return b"" if self._is_over else None
