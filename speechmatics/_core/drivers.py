"""The two places that touch the network: they send what a flow asks for and hand back what came."""

from __future__ import annotations

import logging
import platform
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import closing
from contextvars import copy_context
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from secrets import token_hex
from typing import TypeVar

import anyio
import anyio.to_thread
import httpx

from speechmatics._core.auth import auth_for
from speechmatics._core.connections import client_options
from speechmatics._core.flows import Aside, Flow, Sleep, Stream
from speechmatics._core.media import MultipartBody
from speechmatics._core.operations import BasicAuth, CustomRequest, Request
from speechmatics.exceptions import (
    InvalidInputError,
    RequestError,
    error_for_failure,
    request_id_of,
)
from speechmatics.settings import ConnectionSettings

__all__ = ["AwaitingDriver", "BlockingDriver"]

_T = TypeVar("_T")

_Headers = httpx.Headers | Mapping[str, str] | Sequence[tuple[str, str]] | None

REQUEST_ID = "X-Request-Id"
"""Header that carries the id each request is given here."""

_logger = logging.getLogger("speechmatics")


def _user_agent() -> str:
    try:
        own = version("speechmatics-typed")
    except PackageNotFoundError:
        own = "unknown"
    return f"speechmatics-typed/{own} httpx/{httpx.__version__} python/{platform.python_version()}"


class _Wire:
    """What both drivers know of how requests look."""

    def __init__(
        self,
        settings: ConnectionSettings,
        auth: httpx.Auth | None,
        http_client: httpx.Client | httpx.AsyncClient | None,
    ) -> None:
        self._settings = settings
        self._base_url = httpx.URL(settings.base_url)
        self._root = str(self._base_url)
        self._auth = auth if auth is not None else auth_for(settings)
        self._headers = httpx.Headers({"Accept": "application/json", "User-Agent": _user_agent()})
        self._headers.update(settings.headers)
        if settings.processing_data is not None:
            self._headers["X-SM-Processing-Data"] = settings.processing_data.header
        # A client that is opened here brings them along, which is cheaper; one that was given is not changed.
        self._added = {} if http_client is None else dict(self._headers)

    def _build(self, client: httpx.Client | httpx.AsyncClient, step: Request) -> httpx.Request:
        if isinstance(step, CustomRequest):
            return self._build_custom(client, step)
        body = step.body
        content = _AsyncBody(body) if body is not None and isinstance(client, httpx.AsyncClient) else body
        given = None if body is None else body.headers
        request = client.build_request(
            step.method,
            self._root + step.path,
            params=step.params or None,
            content=content,
            headers=given,
            timeout=_timeout(client.timeout, step.patience, step.limit),
        )
        if body is not None:
            request.extensions["speechmatics.replayable"] = lambda: body.replayable
        return self._completed(request, given)

    def _build_custom(self, client: httpx.Client | httpx.AsyncClient, step: CustomRequest) -> httpx.Request:
        options = step.options
        url = self._url(step.path)
        if params := options.get("params"):
            url = url.copy_merge_params(httpx.QueryParams(params))
        given = options.get("headers")
        request = client.build_request(
            step.method,
            url,
            content=options.get("content"),
            data=options.get("data"),
            files=options.get("files"),
            json=options.get("json"),
            headers=given,
            cookies=options.get("cookies"),
            timeout=options.get("timeout", client.timeout),
            extensions=dict(options.get("extensions", {})),
        )
        return self._completed(request, given)

    def _completed(self, request: httpx.Request, given: _Headers) -> httpx.Request:
        """Adds the headers that every request carries, and an id of its own, but for what it was given.

        One by one, because httpx takes several times as long to merge two sets of headers.
        """
        for name, value in self._added.items():
            request.headers[name] = value
        request.headers[REQUEST_ID] = token_hex(16)
        if given:
            request.headers.update(given)
        return request

    def _url(self, path: str) -> httpx.URL:
        url = httpx.URL(path)
        base = self._base_url
        if url.is_relative_url:
            return httpx.URL(self._root + path.lstrip("/"))
        if (url.scheme, url.host, url.port) != (base.scheme, base.host, base.port):
            raise InvalidInputError(f"{url.host} is not the server of this client; give a path below {base}")
        return url

    def _auth_of(self, step: Request) -> BasicAuth | httpx.Auth | None:
        return step.options.get("auth", self._auth) if isinstance(step, CustomRequest) else self._auth

    def _failed(self, step: Request, request: httpx.Request, failure: httpx.RequestError) -> RequestError:
        # A failure of the exchange that gets a temporary key concerns another request than this one.
        failed = _request_of(failure) or request
        _logger.debug(
            "%s %s: %s, request id %s",
            failed.method,
            failed.url,
            type(failure).__name__,
            failed.headers.get(REQUEST_ID),
        )
        return error_for_failure(failure, failed, job_id=step.job_id)

    def _answered(self, request: httpx.Request, response: httpx.Response, started: float) -> httpx.Response:
        if _logger.isEnabledFor(logging.DEBUG):
            _logger.debug(
                "%s %s: %d in %.3f s, request id %s",
                request.method,
                request.url,
                response.status_code,
                time.monotonic() - started,
                request_id_of(response),
            )
        return response


class BlockingDriver(_Wire):
    """Runs flows on an `httpx.Client`, which it opens at the first request unless it is given one.

    May be used from many threads.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        http_client: httpx.Client | None = None,
        *,
        auth: httpx.Auth | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(settings, auth, http_client)
        self._given = http_client
        self._own: httpx.Client | None = None
        self._lock = threading.Lock()
        self._sleep = sleep

    def open(self) -> httpx.Client:
        """The client that requests go through, opened if need be."""
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None:
                self._own = httpx.Client(**client_options(self._settings, self._auth), headers=self._headers)
            return self._own

    def close(self) -> None:
        """Closes the client that was opened here; one that was given is its owner's to close."""
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            own.close()

    def run(self, flow: Flow[_T]) -> _T:
        """Runs a flow to its end."""
        try:
            step = next(flow)
            while True:
                try:
                    response = self._do(step)
                except BaseException as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(response)
        except StopIteration as end:
            value: _T = end.value
            return value
        finally:
            flow.close()

    def each(self, stream: Stream[_T]) -> Iterator[_T]:
        """Runs a stream as its results are asked for."""
        for flow in stream:
            yield from self.run(flow)

    def _do(self, step: Request | Sleep | Aside) -> httpx.Response | None:
        if isinstance(step, Sleep):
            self._sleep(step.seconds)
            return None
        if isinstance(step, Aside):
            step.function()
            return None
        client = self.open()
        request = self._build(client, step)
        started = time.monotonic()
        auth = self._auth_of(step)
        send = partial(
            client.send,
            request,
            auth=auth if auth is not None else httpx.USE_CLIENT_DEFAULT,
            follow_redirects=_follows(step),
        )
        limit = _limit(step)
        try:
            response = send() if limit is None else _send_within(limit, request, send)
        except httpx.RequestError as error:
            failure = error
        else:
            return self._answered(request, response, started)
        # Raised outside the handler: the frames of the network stack, which hold the token, are not chained.
        raise self._failed(step, request, failure)


class AwaitingDriver(_Wire):
    """Runs flows on an `httpx.AsyncClient`, on asyncio or trio; otherwise as `BlockingDriver`."""

    def __init__(
        self,
        settings: ConnectionSettings,
        http_client: httpx.AsyncClient | None = None,
        *,
        auth: httpx.Auth | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        super().__init__(settings, auth, http_client)
        self._given = http_client
        self._own: httpx.AsyncClient | None = None
        self._sleep = sleep

    def open(self) -> httpx.AsyncClient:
        """The client that requests go through, opened if need be."""
        if self._given is not None:
            return self._given
        if self._own is None:
            self._own = httpx.AsyncClient(**client_options(self._settings, self._auth), headers=self._headers)
        return self._own

    async def close(self) -> None:
        """Closes the client that was opened here; one that was given is its owner's to close."""
        own, self._own = self._own, None
        if own is not None:
            await own.aclose()

    async def run(self, flow: Flow[_T]) -> _T:
        """Runs a flow to its end."""
        try:
            step = next(flow)
            while True:
                try:
                    response = await self._do(step)
                except BaseException as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(response)
        except StopIteration as end:
            value: _T = end.value
            return value
        finally:
            flow.close()

    def each(self, stream: Stream[_T]) -> AsyncIterator[_T]:
        """Runs a stream as its results are asked for."""
        return _Results(self, stream)

    async def _do(self, step: Request | Sleep | Aside) -> httpx.Response | None:
        if isinstance(step, Sleep):
            await self._sleep(step.seconds)
            return None
        if isinstance(step, Aside):
            await anyio.to_thread.run_sync(step.function, abandon_on_cancel=True)
            return None
        client = self.open()
        request = self._build(client, step)
        started = time.monotonic()
        auth = self._auth_of(step)
        sending = client.send(
            request,
            auth=auth if auth is not None else httpx.USE_CLIENT_DEFAULT,
            follow_redirects=_follows(step),
        )
        limit = _limit(step)
        try:
            response = await (sending if limit is None else _await_within(limit, request, sending))
        except httpx.RequestError as error:
            failure = error
        except ssl.SSLError as error:
            # On asyncio an alert of the server comes through httpx as it is.
            failure = httpx.ReadError(str(error), request=request)
            failure.__cause__ = error
        else:
            return self._answered(request, response, started)
        raise self._failed(step, request, failure)


class _Results(AsyncIterator[_T]):
    """What a stream gives.

    An async generator that is left half-read wants to be closed, and says so on trio; this may just be dropped. As
    with a generator, an error ends it, and one task at a time may read it.
    """

    def __init__(self, driver: AwaitingDriver, stream: Stream[_T]) -> None:
        self._driver = driver
        self._stream = stream
        self._ready: Iterator[_T] = iter(())
        self._guard = anyio.ResourceGuard("reading")

    async def __anext__(self) -> _T:
        with self._guard:
            while True:
                for value in self._ready:
                    return value
                stream, self._stream = self._stream, iter(())
                flow = next(stream, None)
                if flow is None:
                    raise StopAsyncIteration
                self._ready = iter(await self._driver.run(flow))
                self._stream = stream


class _LimitedStream(httpx.SyncByteStream):
    """The body of an answer, given up at a moment."""

    def __init__(self, response: httpx.Response, end: float, request: httpx.Request) -> None:
        # The answers of a blocking client have streams of this kind, but the type does not say so.
        [self._stream] = [stream for stream in [response.stream] if isinstance(stream, httpx.SyncByteStream)]
        self._end = end
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            yield chunk
            if time.monotonic() > self._end:
                raise _too_late(self._request)

    def close(self) -> None:
        self._stream.close()


class _AsyncBody:
    """A body for an `httpx.AsyncClient`; files are read in threads, so that the event loop goes on.

    A read that is cancelled is left behind: one from a silent pipe may never end.
    """

    def __init__(self, body: MultipartBody) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = iter(self._body)
        while (chunk := await anyio.to_thread.run_sync(next, chunks, None, abandon_on_cancel=True)) is not None:
            yield chunk


def _follows(step: Request) -> bool:
    return isinstance(step, CustomRequest) and step.options.get("follow_redirects", False)


def _limit(step: Request) -> float | None:
    return None if isinstance(step, CustomRequest) else step.limit


def _send_within(limit: float, request: httpx.Request, send: Callable[..., httpx.Response]) -> httpx.Response:
    """Sends in a thread of its own, which is left behind when the time is over.

    The time limits of httpx bound each step of an exchange. None of them bounds one that proceeds byte by byte, nor
    the look-up of a name, and nothing can interrupt these from outside. The thread that is left behind ends when its
    step does, or with the body's next bytes, or when the connection is closed; it does not keep the program alive.
    """
    end = time.monotonic() + limit
    outcome = Future[httpx.Response]()
    context = copy_context()

    def exchange() -> httpx.Response:
        with closing(send(stream=True)) as response:
            response.stream = _LimitedStream(response, end, request)
            response.read()
            return response

    def work() -> None:
        try:
            outcome.set_result(context.run(exchange))
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=work, name="speechmatics-exchange", daemon=True).start()
    if not wait_for([outcome], min(end - time.monotonic(), threading.TIMEOUT_MAX)).done:
        raise _too_late(request)
    return outcome.result()


async def _await_within(limit: float, request: httpx.Request, sending: Awaitable[httpx.Response]) -> httpx.Response:
    """Awaits an answer, and cancels the exchange when the time is over."""
    with anyio.move_on_after(limit):
        return await sending
    raise _too_late(request)


def _too_late(request: httpx.Request) -> httpx.ReadTimeout:
    return httpx.ReadTimeout("no whole answer came in time", request=request)


def _request_of(failure: httpx.RequestError) -> httpx.Request | None:
    try:
        return failure.request
    except RuntimeError:
        return None


def _timeout(usual: httpx.Timeout, patience: float, limit: float | None) -> httpx.Timeout:
    """The usual time limits, with more time for the answer to begin, and none of them above the limit."""
    if not patience and limit is None:
        return usual
    read = None if usual.read is None else usual.read + patience

    def least(seconds: float | None) -> float | None:
        if limit is None:
            return seconds
        return max(0.001, limit if seconds is None else min(seconds, limit))

    return httpx.Timeout(
        connect=least(usual.connect), read=least(read), write=least(usual.write), pool=least(usual.pool)
    )
