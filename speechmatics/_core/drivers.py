"""The two places that touch the network: they send what a flow asks for and hand back what came."""

from __future__ import annotations

import contextlib
import inspect
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from copy import copy
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TypeVar

import anyio
import httpx
from anyio.lowlevel import EventLoopToken, current_token

from speechmatics._core.connections import ClientsOfLoops, ClientsOfProcesses, routes
from speechmatics._core.exchange import Exchange, exchanging
from speechmatics._core.operations import CustomRequest, Request
from speechmatics._core.read_ahead import ReadAhead
from speechmatics._core.requests import RequestBuilder, failed, follows_redirects, not_a_url, tell_of_answer
from speechmatics._core.session import ResponseInfo
from speechmatics._core.steps import Await, Callback, Disconnect, Flow, RunBlocking, Sleep, Step, Stream
from speechmatics._core.threads import run_in_own_thread
from speechmatics._core.transports import AsyncTransport, Transport
from speechmatics._secrets import forget_locals
from speechmatics.exceptions import InvalidInputError
from speechmatics.settings import ConnectionSettings

__all__ = ["AwaitingDriver", "BlockingDriver"]

_T = TypeVar("_T")


class BlockingDriver:
    """Runs flows over connections that it opens at the first request, or on an `httpx.Client` that it is given.

    May be used from many threads, and by the children of a process that forks: each has connections of its own.

    Attributes:
        awaits: Whether it awaits what the program gives it.
    """

    awaits = False

    def __init__(
        self,
        settings: ConnectionSettings,
        http_client: httpx.Client | None = None,
        *,
        auth: httpx.Auth | None = None,
        on_response: Callable[[ResponseInfo], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._given = http_client
        self._owner = os.getpid()
        self._requests = RequestBuilder(settings, auth, adds_headers=http_client is not None)
        self._clients = ClientsOfProcesses(self._make)
        self._sleep = sleep
        self._on_response = on_response
        self._shares = False

    def _make(self) -> httpx.Client:
        ways = routes(self._settings, self._requests.auth)
        make = partial(Transport, ways.options, max_response_bytes=self._settings.max_response_bytes)
        return httpx.Client(
            transport=make(ways.proxy),
            mounts={pattern: None if proxy is None else make(proxy) for pattern, proxy in ways.others.items()},
            timeout=self._settings.timeout,
            headers=self._requests.headers,
            cookies=_no_cookies(),
            trust_env=False,
        )

    def open(self) -> httpx.Client:
        """The client that requests go through, opened if need be.

        Raises:
            InvalidInputError: It was given, to another process than this.
        """
        if self._given is None:
            return self._clients.current()
        if self._owner != os.getpid():
            raise InvalidInputError(
                "the http_client was given in another process, from which this one was forked: its connections must "
                "not be shared; make a client here, or leave http_client out"
            )
        _check_open(self._given)
        return self._given

    def sharing(
        self,
        settings: ConnectionSettings,
        *,
        auth: httpx.Auth | None,
        on_response: Callable[[ResponseInfo], None] | None,
        timeout: httpx.Timeout | None,
    ) -> BlockingDriver:
        """A driver of other settings over the same connections, which it does not close.

        Args:
            settings: Its settings.
            auth: What authorises its requests in place of the settings' token.
            on_response: Called with each answer.
            timeout: The time limits of its requests; None for those of the `httpx.Client`.
        """
        driver = copy(self)
        driver._settings = settings
        driver._requests = RequestBuilder(settings, auth, adds_headers=True, timeout=timeout)
        driver._on_response = on_response
        driver._shares = True
        return driver

    def close(self) -> None:
        """Closes the connections that were opened here; a client that was given is its owner's to close."""
        if not self._shares:
            self._clients.close()

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
        except BaseException as error:
            forget_locals(error)
            raise
        finally:
            flow.close()

    def each(self, stream: Stream[_T]) -> Iterator[_T]:
        """Runs a stream as its results are asked for."""
        for flow in stream:
            yield from self.run(flow)

    def _do(self, step: Step) -> httpx.Response | None:
        match step:
            case Sleep():
                self._sleep(step.seconds)
            case RunBlocking():
                step.function()
            case Callback():
                given = step.function()
                if inspect.iscoroutine(given):
                    given.close()
                    raise InvalidInputError("on_error is a coroutine function, which the blocking client cannot await")
            case Await():
                raise step.refusal
            case Disconnect():
                _shut_down(step.response)
            case _:
                return self._send(step)
        return None

    def _send(self, step: Request) -> httpx.Response:
        client = self.open()
        request = self._requests.build(client, step)
        auth = self._requests.auth_of(step)
        started = time.monotonic()
        response: httpx.Response | None = None
        try:
            with exchanging(_exchange(step, started, is_observed=self._given is None)):
                response = client.send(
                    request,
                    auth=auth if auth is not None else httpx.USE_CLIENT_DEFAULT,
                    follow_redirects=follows_redirects(step),
                    stream=True,
                )
                try:
                    response.read()
                finally:
                    response.close()
        except InvalidInputError as error:
            # The caller's audio or content: httpcore lets its errors through, but hides what they came from.
            raise error from error.__cause__ or error.__context__
        except httpx.RequestError as error:
            failure = error
        except (httpx.InvalidURL, UnicodeError) as error:
            failure = not_a_url(error, request)
        else:
            tell_of_answer(response, time.monotonic() - started, self._on_response)
            return response
        # Raised outside the handler: the frames of the network stack, which hold the token, are not chained.
        raise failed(step, request, failure, response)


class AwaitingDriver:
    """Runs flows over connections of each event loop, or on an `httpx.AsyncClient`; otherwise as `BlockingDriver`."""

    awaits = True

    def __init__(
        self,
        settings: ConnectionSettings,
        http_client: httpx.AsyncClient | None = None,
        *,
        auth: httpx.Auth | None = None,
        on_response: Callable[[ResponseInfo], None] | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._settings = settings
        self._given = http_client
        self._owner: tuple[int, EventLoopToken] | None = None
        self._requests = RequestBuilder(settings, auth, adds_headers=http_client is not None)
        self._clients = ClientsOfLoops(self._make)
        self._sleep = sleep
        self._on_response = on_response
        self._shares = False

    def _make(self) -> httpx.AsyncClient:
        ways = routes(self._settings, self._requests.auth)
        make = partial(AsyncTransport, ways.options, max_response_bytes=self._settings.max_response_bytes)
        return httpx.AsyncClient(
            transport=make(ways.proxy),
            mounts={pattern: None if proxy is None else make(proxy) for pattern, proxy in ways.others.items()},
            timeout=self._settings.timeout,
            headers=self._requests.headers,
            cookies=_no_cookies(),
            trust_env=False,
        )

    async def open(self) -> httpx.AsyncClient:
        """The client that requests go through, opened if need be.

        Raises:
            InvalidInputError: It was given, and first used on another event loop or in another process than this.
        """
        if self._given is None:
            return await self._clients.current()
        here = os.getpid(), current_token()
        if self._owner is None:
            self._owner = here
        if self._owner != here:
            raise InvalidInputError(
                "the http_client was first used on another event loop, to which its connections belong; "
                "make a client for each event loop, or leave http_client out"
            )
        _check_open(self._given)
        return self._given

    def sharing(
        self,
        settings: ConnectionSettings,
        *,
        auth: httpx.Auth | None,
        on_response: Callable[[ResponseInfo], None] | None,
        timeout: httpx.Timeout | None,
    ) -> AwaitingDriver:
        """A driver of other settings over the same connections, which it does not close.

        Args:
            settings: Its settings.
            auth: What authorises its requests in place of the settings' token.
            on_response: Called with each answer.
            timeout: The time limits of its requests; None for those of the `httpx.AsyncClient`.
        """
        driver = copy(self)
        driver._settings = settings
        driver._requests = RequestBuilder(settings, auth, adds_headers=True, timeout=timeout)
        driver._on_response = on_response
        driver._shares = True
        return driver

    async def close(self) -> None:
        """Closes the connections that were opened here; a client that was given is its owner's to close."""
        if not self._shares:
            await self._clients.close()

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
        except BaseException as error:
            forget_locals(error)
            raise
        finally:
            flow.close()

    def each(self, stream: Stream[_T]) -> AsyncIterator[_T]:
        """Runs a stream as its results are asked for."""
        return _Results(self, stream)

    async def _do(self, step: Step) -> httpx.Response | None:
        match step:
            case Sleep():
                await self._sleep(step.seconds)
            case RunBlocking():
                with anyio.fail_after(step.limit):
                    await run_in_own_thread(step.function)
            case Await():
                with anyio.fail_after(step.limit):
                    await step.function()
            case Callback():
                given = step.function()
                if inspect.isawaitable(given):
                    await given
            case Disconnect():
                stream = step.response.extensions.get("network_stream")
                if stream is not None:
                    await stream.aclose()
            case _:
                return await self._send(step)
        return None

    async def _send(self, step: Request) -> httpx.Response:
        client = await self.open()
        request = self._requests.build(client, step)
        auth = self._requests.auth_of(step)
        started = time.monotonic()
        response: httpx.Response | None = None
        try:
            with exchanging(_exchange(step, started, is_observed=self._given is None)):
                response = await client.send(
                    request,
                    auth=auth if auth is not None else httpx.USE_CLIENT_DEFAULT,
                    follow_redirects=follows_redirects(step),
                    stream=True,
                )
                try:
                    await response.aread()
                finally:
                    await response.aclose()
        except InvalidInputError as error:
            # The caller's audio or content: httpcore lets its errors through, but hides what they came from.
            raise error from error.__cause__ or error.__context__
        except httpx.RequestError as error:
            failure = error
        except (httpx.InvalidURL, UnicodeError) as error:
            failure = not_a_url(error, request)
        except ssl.SSLError as error:
            # On asyncio an alert of the server comes through httpx as it is.
            failure = httpx.ReadError(str(error), request=request)
            failure.__cause__ = error
        else:
            tell_of_answer(response, time.monotonic() - started, self._on_response)
            return response
        finally:
            if isinstance(request.stream, ReadAhead):
                request.stream.stop()
        raise failed(step, request, failure, response)


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


def _exchange(step: Request, started: float, *, is_observed: bool) -> Exchange:
    deadline = None if step.limit is None else started + step.limit
    if isinstance(step, CustomRequest) or step.body is None:
        return Exchange(deadline)
    step.body.start()
    step.body.is_observed = is_observed
    return Exchange(deadline, step.body)


def _shut_down(answered: httpx.Response) -> None:
    """Ends the connection of an answer. Its pool finds it ended, and closes it.

    Closing it here would free its number while another thread, to whom the pool may have given it, still reads from
    that number: whatever is opened next would be read instead.
    """
    stream = answered.extensions.get("network_stream")
    connection: object = None if stream is None else stream.get_extra_info("socket")
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):
            # The method of an `ssl.SSLSocket` would take its TLS away, and what another thread writes go in the clear.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _check_open(client: httpx.Client | httpx.AsyncClient) -> None:
    if client.is_closed:
        raise InvalidInputError("the http_client that was given has been closed")


def _no_cookies() -> CookieJar:
    """The API sets none; those of gateways would be kept and sent for ever."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))
