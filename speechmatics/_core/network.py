"""The network below httpx: what bounds an exchange as a whole, and knows how far the body of a submission has come.

httpcore asks a backend for each connection, and passes a time-out with each step. The streams here give each step the
time that is left of the exchange at most; a step that is over raises httpcore's own time-out, whereupon httpcore closes
the connection. The look-up of a name is the one step that cannot be bounded so.
"""

from __future__ import annotations

import select
import selectors
import socket
import ssl
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager
from typing import TypeVar

import anyio
import httpcore

from speechmatics._core.exchange import EarlyAnswer, Exchange, ReadBefore, current_exchange
from speechmatics._core.media import MultipartBody

__all__ = ["AsyncBackend", "AsyncStream", "Backend", "Stream", "listen_while"]

PIECE = 512 * 1024
"""Bytes that are sent, at most, before it is asked whether an answer has come; 64 KiB cost a third of the speed."""
RECORD = 16 * 1024
"""The same where TLS goes through TLS, whose writes cannot be stopped halfway."""
PEEK = 0.001
"""Seconds to wait for what a readable socket has; under TLS that may be a ticket, and no answer at all."""
READ_SIZE = 64 * 1024
"""Bytes read at once, as httpcore does."""
LAST_WORDS = 1.0
"""Seconds given to an answer that came before a connection broke: it is there, and has only to be read."""

_T = TypeVar("_T")


class Stream(httpcore.NetworkStream):
    """A stream whose steps do not outlast the exchange."""

    def __init__(self, stream: httpcore.NetworkStream, *, is_nested: bool = False) -> None:
        self._stream = stream
        self._read_before = ReadBefore()
        found: object = None if is_nested else stream.get_extra_info("socket")
        self._socket = found if isinstance(found, socket.socket) else None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._read_before.take()
        if data is not None:
            return data
        return self._stream.read(max_bytes, current_exchange().left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        exchange = current_exchange()
        body = _watched_body(exchange, self._stream)
        rest = memoryview(buffer)
        size = RECORD if self._socket is None else PIECE
        while rest:
            if body is not None and self._is_answered():
                raise EarlyAnswer("the server answered before it had the whole body")
            piece, rest = rest[:size], rest[size:]
            left = exchange.left(timeout, httpcore.WriteTimeout)
            if body is not None:
                body.begin_write()
            if self._socket is None:
                self._stream.write(bytes(piece), left)
            else:
                self._send(self._socket, piece, exchange, timeout, is_watched=body is not None)

    def _send(
        self,
        connection: socket.socket,
        piece: memoryview,
        exchange: Exchange,
        timeout: float | None,
        *,
        is_watched: bool,
    ) -> None:
        """Sends a piece part by part, each within the time that is left then; a slow reader takes small ones."""
        while piece:
            left = exchange.left(timeout, httpcore.WriteTimeout)
            try:
                connection.settimeout(0)
                piece = piece[connection.send(piece) :]
            except ssl.SSLWantReadError:
                _wait(connection, selectors.EVENT_READ, left)
            except (BlockingIOError, ssl.SSLWantWriteError):
                _wait(connection, selectors.EVENT_WRITE | (selectors.EVENT_READ if is_watched else 0), left)
                if is_watched and self._is_answered():
                    raise EarlyAnswer("the server answered, and reads no more") from None
            except OSError as error:
                raise httpcore.WriteError(str(error)) from error

    def _is_answered(self) -> bool:
        """Whether an answer, or the end of the connection, has come; what has been read of it is kept for `read`."""
        if not self._read_before.ends_writing() and self._stream.get_extra_info("is_readable"):
            try:
                self._read_before.add(self._stream.read(READ_SIZE, PEEK))
            except httpcore.ReadTimeout:
                return False
            except httpcore.ReadError as error:
                self._read_before.add_failure(error)
        return self._read_before.ends_writing()

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        # httpcore leaves it to the stream to close itself where no TLS comes of it, whatever the reason.
        try:
            left = current_exchange().left(timeout, httpcore.ConnectTimeout)
            is_nested = isinstance(self._stream.get_extra_info("socket"), ssl.SSLSocket)
            return Stream(self._stream.start_tls(ssl_context, server_hostname, left), is_nested=is_nested)
        except BaseException:
            self._stream.close()
            raise

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
        """Connects to the first address of a host that answers, within the time that is left."""
        options = list(socket_options or ())
        failure: Exception | None = None
        for address in _addresses(host, port):
            left = current_exchange().left(timeout, httpcore.ConnectTimeout)
            try:
                return Stream(self._backend.connect_tcp(address, port, left, local_address, options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = failure or error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self._backend.sleep(seconds)


@contextmanager
def _ended_as(error: type[httpcore.NetworkError]) -> Generator[None]:
    """Raises anyio's end of a stream as an error of httpcore, which forgets it: under TLS a write may meet it too."""
    try:
        yield
    except anyio.EndOfStream:
        raise error("the server ended the connection") from None


class AsyncStream(httpcore.AsyncNetworkStream):
    """As `Stream`; one task sends a body, another listens for an early answer until one begins."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        # The pool asks each connection whether it is readable, for each request; anyio asks for its peer then too.
        self._number: Callable[[], int] | None = getattr(stream.get_extra_info("socket"), "fileno", None)
        self._read_before = ReadBefore()
        self._has_listened: anyio.Event | None = None
        self._sending: anyio.CancelScope | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = current_exchange().left(timeout, httpcore.ReadTimeout)
        if self._has_listened is not None:
            # What another task is reading is not to be read here, and not to be stopped: it could get lost.
            with anyio.move_on_after(left):
                await self._has_listened.wait()
            if not self._has_listened.is_set():
                raise httpcore.ReadTimeout("no answer came in time")
            self._has_listened = None
        data = self._read_before.take()
        if data is not None:
            return data
        with _ended_as(httpcore.ReadError):
            return await self._stream.read(max_bytes, left)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        exchange = current_exchange()
        body = _watched_body(exchange, self._stream)
        left = exchange.left(timeout, httpcore.WriteTimeout)
        if body is None or exchange.tasks is None:
            if body is not None:
                body.begin_write()
            with _ended_as(httpcore.WriteError):
                await self._stream.write(buffer, left)
            return
        if self._has_listened is None and not self._read_before.ends_writing():
            self._has_listened = anyio.Event()
            exchange.tasks.start_soon(self._listen, self._has_listened)
        failure: Exception | None = None
        if not self._read_before.ends_writing():
            with anyio.CancelScope() as self._sending:
                body.begin_write()
                try:
                    with _ended_as(httpcore.WriteError):
                        await self._stream.write(buffer, left)
                except httpcore.WriteError as error:
                    failure = error
            self._sending = None
        if failure is not None and self._has_listened is not None:
            with anyio.move_on_after(LAST_WORDS):
                await self._has_listened.wait()
        if self._read_before.ends_writing():
            raise EarlyAnswer("the server answered before it had the whole body")
        if failure is not None:
            raise failure

    async def _listen(self, has_listened: anyio.Event) -> None:
        try:
            while not self._read_before.ends_writing():
                with _ended_as(httpcore.ReadError):
                    self._read_before.add(await self._stream.read(READ_SIZE))
        except (httpcore.ReadError, ssl.SSLError) as error:
            self._read_before.add_failure(error)
        finally:
            has_listened.set()
            if self._sending is not None:
                self._sending.cancel()

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            left = current_exchange().left(timeout, httpcore.ConnectTimeout)
            return AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, left))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> object:
        if info == "is_readable" and self._number is not None:
            return _is_readable(self._number())
        return self._stream.get_extra_info(info)


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """As `Backend`, on asyncio and trio.

    On trio httpx would take httpcore's own backend, which does less for a status call; but a stream of that cannot be
    asked whether it is readable once it has been closed, and the pool asks.
    """

    def __init__(self) -> None:
        self._backend = _checked(httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects, within the time that is left."""
        left = current_exchange().left(timeout, httpcore.ConnectTimeout)
        return AsyncStream(await self._backend.connect_tcp(host, port, left, local_address, socket_options))

    async def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        await self._backend.sleep(seconds)


async def listen_while(send: Callable[[], Awaitable[_T]]) -> _T:
    """Sends, and lets a task listen for an early answer meanwhile if the exchange has a body."""
    exchange = current_exchange()
    if exchange.body is None:
        return await send()
    received: list[_T] = []
    failure: BaseException | None = None
    try:
        async with anyio.create_task_group() as exchange.tasks:
            try:
                received.append(await send())
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException as error:
                # Raised below: a group of tasks would make it part of an exception group.
                failure = error
            exchange.tasks.cancel_scope.cancel()
    finally:
        exchange.tasks = None
    if failure is not None:
        raise failure
    return received[0]


def _watched_body(
    exchange: Exchange, stream: httpcore.NetworkStream | httpcore.AsyncNetworkStream
) -> MultipartBody | None:
    """The body of the exchange if it is being sent over a connection of its own.

    With HTTP/2 the frames of all requests share one: what comes may be anybody's, and each may write what another has
    handed on, so that a body counts as given from then on.
    """
    body = exchange.body
    if body is None or not body.is_being_sent:
        return None
    if _is_http2(stream):
        body.is_observed = False
        return None
    return body


def _is_http2(stream: httpcore.NetworkStream | httpcore.AsyncNetworkStream) -> bool:
    # httpcore shows what is below an `ssl.SSLSocket`, which is of no public class.
    chosen = getattr(stream.get_extra_info("ssl_object"), "selected_alpn_protocol", None)
    return chosen is not None and chosen() == "h2"


def _checked(backend: object) -> httpcore.AsyncNetworkBackend:
    """A backend as what it is: httpcore has another class of the same name for where anyio is missing."""
    if not isinstance(backend, httpcore.AsyncNetworkBackend):
        raise TypeError("httpcore's backend for anyio is none")
    return backend


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


A_DAY = 86_400.0
"""Seconds: what waits for a socket counts milliseconds in 31 bits."""


def _is_readable(number: int) -> bool:
    """Whether a socket, by its number, has something to read; of one that is closed that is its end."""
    if number < 0:
        return True
    if not hasattr(select, "poll"):  # on Windows
        return bool(select.select([number], [], [], 0)[0])
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))


def _wait(connection: socket.socket, events: int, timeout: float | None) -> None:
    """Waits until a socket is ready. Raises `WriteTimeout` if it is not in time."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, events)
        if not selector.select(timeout if timeout is None else min(timeout, A_DAY)):
            raise httpcore.WriteTimeout("the server does not read")
