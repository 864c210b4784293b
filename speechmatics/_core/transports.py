"""httpx's transports over httpcore's pools, with the network of this package below them.

httpx has no argument for the network of its own transports, and would have to be reached into; httpcore's pools have
one. What httpx's transports do beside is what stands here: they translate requests, answers and errors.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from typing import TypedDict

import httpcore
import httpx

from speechmatics._core.network import AsyncBackend, Backend, listen_while
from speechmatics._core.responses import BoundedResponse
from speechmatics._secrets import MASK

__all__ = ["AsyncTransport", "PoolOptions", "Transport", "translated"]

_ERRORS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ProxyError: httpx.ProxyError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.WriteError: httpx.WriteError,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.NetworkError: httpx.NetworkError,
    httpcore.ProtocolError: httpx.ProtocolError,
    httpcore.TimeoutException: httpx.TimeoutException,
}
"""The general ones stand last."""


_extensions = attrgetter("extensions")
"""The extensions of an answer, whose type httpcore leaves partly unknown."""


class PoolOptions(TypedDict):
    """Options of a pool of connections."""

    ssl_context: ssl.SSLContext
    http2: bool
    max_connections: int
    max_keepalive_connections: int
    keepalive_expiry: float


@contextmanager
def translated() -> Generator[None]:
    """Raises the errors of httpcore within the block as those of httpx."""
    try:
        yield
    except Exception as error:
        for kind, translated in _ERRORS.items():
            if isinstance(error, kind):
                raise translated(str(error)) from error
        raise


class _Stream(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        # Not `iter_stream`, which is one generator more; that costs a status call some hundredths of its time.
        stream = self._answer.stream
        with translated():
            if isinstance(stream, Iterable):
                yield from stream

    def close(self) -> None:
        self._answer.close()


class Transport(httpx.BaseTransport):
    """Sends requests over a pool of connections, through a proxy if one is given."""

    def __init__(
        self, options: PoolOptions, proxy: httpx.Proxy | None = None, *, max_response_bytes: int | None = None
    ) -> None:
        self._max_bytes = max_response_bytes
        backend = Backend()
        self._pool: httpcore.ConnectionPool
        if proxy is None:
            self._pool = httpcore.ConnectionPool(network_backend=backend, **options)
        elif proxy.url.scheme.startswith("socks"):
            self._pool = httpcore.SOCKSProxy(
                _url(proxy.url), proxy_auth=_credentials(proxy), network_backend=backend, **options
            )
        else:
            self._pool = httpcore.HTTPProxy(
                _url(proxy.url),
                proxy_auth=proxy.raw_auth,
                proxy_headers=proxy.headers.raw,
                proxy_ssl_context=proxy.ssl_context,
                network_backend=backend,
                **options,
            )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request."""
        with translated():
            answer = self._pool.handle_request(_request(request, request.stream))
        return _response(answer, _Stream(answer), self._max_bytes)

    def close(self) -> None:
        """Closes the connections."""
        self._pool.close()


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        stream = self._answer.stream
        with translated():
            if isinstance(stream, AsyncIterable):
                async for part in stream:
                    yield part

    async def aclose(self) -> None:
        await self._answer.aclose()


class AsyncTransport(httpx.AsyncBaseTransport):
    """As `Transport`, on asyncio and trio."""

    def __init__(
        self, options: PoolOptions, proxy: httpx.Proxy | None = None, *, max_response_bytes: int | None = None
    ) -> None:
        self._max_bytes = max_response_bytes
        backend = AsyncBackend()
        self._pool: httpcore.AsyncConnectionPool
        if proxy is None:
            self._pool = httpcore.AsyncConnectionPool(network_backend=backend, **options)
        elif proxy.url.scheme.startswith("socks"):
            self._pool = httpcore.AsyncSOCKSProxy(
                _url(proxy.url), proxy_auth=_credentials(proxy), network_backend=backend, **options
            )
        else:
            self._pool = httpcore.AsyncHTTPProxy(
                _url(proxy.url),
                proxy_auth=proxy.raw_auth,
                proxy_headers=proxy.headers.raw,
                proxy_ssl_context=proxy.ssl_context,
                network_backend=backend,
                **options,
            )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request."""
        send = partial(self._pool.handle_async_request, _request(request, _awaited(request.stream)))
        with translated():
            answer = await listen_while(send)
        return _response(answer, _AsyncStream(answer), self._max_bytes)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._pool.aclose()


class _Unseen(bytes):
    """Bytes that are not shown: httpcore logs the password of a SOCKS proxy at DEBUG."""

    def __repr__(self) -> str:
        return f"b'{MASK}'"


def _credentials(proxy: httpx.Proxy) -> tuple[bytes, bytes] | None:
    if proxy.raw_auth is None:
        return None
    name, password = proxy.raw_auth
    return _Unseen(name), _Unseen(password)


def _url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def _request(request: httpx.Request, content: Iterable[bytes] | AsyncIterable[bytes]) -> httpcore.Request:
    return httpcore.Request(
        method=request.method,
        url=_url(request.url),
        headers=request.headers.raw,
        content=content,
        extensions=request.extensions,
    )


def _response(
    answer: httpcore.Response, stream: httpx.SyncByteStream | httpx.AsyncByteStream, max_bytes: int | None
) -> httpx.Response:
    return BoundedResponse(
        answer.status, headers=answer.headers, stream=stream, extensions=_extensions(answer), max_bytes=max_bytes
    )


def _awaited(stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> Iterable[bytes] | AsyncIterable[bytes]:
    """What is in memory, without the async generator of httpx: trio complains of one that is left half-read."""
    return _Parts(list(stream)) if isinstance(stream, httpx.ByteStream) else stream


class _Parts(AsyncIterable[bytes]):
    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _NextParts(iter(self._parts))


class _NextParts(AsyncIterator[bytes]):
    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    async def __anext__(self) -> bytes:
        for part in self._parts:
            return part
        raise StopAsyncIteration
