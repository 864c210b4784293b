"""The network below httpx: what bounds an exchange as a whole, and knows how far the body of a submission has come.

httpcore asks a backend for each connection, and passes a time-out with each step. The streams here give each step the
time that is left of the exchange at most; a step that is over raises httpcore's own time-out, whereupon httpcore closes
the connection. The look-up of a name is the one step that cannot be bounded so.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import anyio
import httpcore

from speechmatics._core.media import MultipartBody

__all__ = ["AsyncBackend", "Backend", "Exchange", "exchanging"]

PIECE = 512 * 1024
"""Bytes given to one write at most; pieces of 64 KiB cost a third of the speed."""
SMALL_PIECE = 16 * 1024
"""The same where a write may outlast the exchange: a blocking write takes its time-out for each part that goes."""
SLOW_WRITE = 0.5
"""Seconds from which on a write is slow, so that the next ones are small."""
ENDING = 5.0
"""Seconds before the end of an exchange from which on its writes are small."""
PEEK = 0.001
"""Seconds to wait for what a readable socket has; under TLS that may be a ticket, and no answer at all."""
READ_SIZE = 64 * 1024
"""Bytes read at once, as httpcore does."""


@dataclass(slots=True)
class Exchange:
    """A request and its answer.

    Attributes:
        deadline: When it must be over, by `time.monotonic`; None for no such limit.
        body: The body of a submission.
    """

    deadline: float | None = None
    body: MultipartBody | None = None

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


@contextmanager
def exchanging(exchange: Exchange) -> Iterator[None]:
    """What is sent and received within the block belongs to the exchange."""
    token = _current.set(exchange)
    try:
        yield
    finally:
        _current.reset(token)


class EarlyAnswer(httpcore.WriteError):
    """An answer came while the body was sent: httpcore stops writing at an error of this kind, and reads."""


def _is_answer(data: bytes) -> bool:
    """Whether data begins an answer, or is the end of the connection: informational answers are neither."""
    while data.startswith((b"HTTP/1.1 1", b"HTTP/1.0 1")):
        data = data.partition(b"\r\n\r\n")[2]
        if not data:
            return False
    return True


class _Stream(httpcore.NetworkStream):
    """A stream whose steps do not outlast the exchange."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._ahead: bytes | None = None
        self._is_slow = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._ahead is not None:
            data, self._ahead = self._ahead, None
            return data
        return self._stream.read(max_bytes, _current.get().left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        exchange = _current.get()
        body = exchange.body
        watches = body is not None and body.is_being_sent and not _is_http2(self._stream)
        position = 0
        while position < len(buffer):
            left = exchange.left(timeout, httpcore.WriteTimeout)
            if watches and self._is_answered():
                raise EarlyAnswer("the server answered before it had the whole body")
            if body is not None:
                body.begin_write()
            is_ending = exchange.deadline is not None and (self._is_slow or (left is not None and left < ENDING))
            piece = buffer[position : position + (SMALL_PIECE if is_ending else PIECE)]
            began = time.monotonic()
            try:
                self._stream.write(piece, left)
            except httpcore.WriteTimeout:
                if watches and self._is_answered():
                    raise EarlyAnswer("the server answered, and reads no more") from None
                raise
            self._is_slow = time.monotonic() - began > SLOW_WRITE
            position += len(piece)

    def _is_answered(self) -> bool:
        """Whether an answer, or the end of the connection, has come; what has been read of it is kept for `read`."""
        if self._stream.get_extra_info("is_readable"):
            try:
                self._ahead = (self._ahead or b"") + self._stream.read(READ_SIZE, PEEK)
            except httpcore.ReadTimeout:
                return False
            except httpcore.ReadError:
                return True
        return self._ahead is not None and _is_answer(self._ahead)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _current.get().left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class Backend(httpcore.NetworkBackend):
    """Makes connections whose steps do not outlast the exchange that they belong to."""

    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connects, within the time that is left."""
        left = _current.get().left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._backend.connect_tcp(host, port, left, local_address, socket_options))

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self._backend.sleep(seconds)


class _AsyncStream(httpcore.AsyncNetworkStream):
    """As `_Stream`."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._ahead: bytes | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._ahead is not None:
            data, self._ahead = self._ahead, None
            return data
        return await self._stream.read(max_bytes, _current.get().left(timeout, httpcore.ReadTimeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        exchange = _current.get()
        body = exchange.body
        left = exchange.left(timeout, httpcore.WriteTimeout)
        if body is None or not body.is_being_sent or _is_http2(self._stream):
            if body is not None:
                body.begin_write()
            await self._stream.write(buffer, left)
            return
        for position in range(0, len(buffer), PIECE):
            if self._ahead is not None and _is_answer(self._ahead):
                raise EarlyAnswer("the server answered before it had the whole body")
            left = exchange.left(timeout, httpcore.WriteTimeout)
            await self._write_and_listen(buffer[position : position + PIECE], left, body)

    async def _write_and_listen(self, piece: bytes, timeout: float | None, body: MultipartBody) -> None:
        """Writes, and reads meanwhile: on asyncio an answer that waits is lost when a write fails."""
        failure: Exception | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen, tasks.cancel_scope)
            try:
                body.begin_write()
                await self._stream.write(piece, timeout)
            except Exception as error:
                failure = error
            tasks.cancel_scope.cancel()
        if self._ahead is not None and _is_answer(self._ahead):
            raise EarlyAnswer("the server answered before it had the whole body")
        if failure is not None:
            raise failure

    async def _listen(self, writing: anyio.CancelScope) -> None:
        while self._ahead is None or not _is_answer(self._ahead):
            try:
                data = await self._stream.read(READ_SIZE)
            except httpcore.ReadError:
                return
            self._ahead = (self._ahead or b"") + data
            if not data:
                break
        writing.cancel()

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        left = _current.get().left(timeout, httpcore.ConnectTimeout)
        return _AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """As `Backend`, on asyncio and trio."""

    def __init__(self) -> None:
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects, within the time that is left."""
        left = _current.get().left(timeout, httpcore.ConnectTimeout)
        return _AsyncStream(await self._backend.connect_tcp(host, port, left, local_address, socket_options))

    async def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        await self._backend.sleep(seconds)


def _is_http2(stream: httpcore.NetworkStream | httpcore.AsyncNetworkStream) -> bool:
    """Whether frames of all requests share the connection, so that what comes may be anybody's."""
    tls = stream.get_extra_info("ssl_object")
    return isinstance(tls, ssl.SSLObject | ssl.SSLSocket) and tls.selected_alpn_protocol() == "h2"
