"""Requests that the server makes for others: to no address but those that are allowed.

Each name is resolved once, its addresses are checked, and one that was checked is connected to, so that a name whose
addresses change in between, or a redirect, leads nowhere else.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from urllib.parse import unquote

import anyio
import httpcore
import httpx

from speechmatics._urls import check_http_url

__all__ = ["ForbiddenAddress", "Outbound", "OutboundError", "is_public", "read_headers", "request_to"]

USER_AGENT = "Speechmatics-API/2.0"
"""What the service calls itself (specification)."""
CONNECT_SECONDS = 10.0
"""Seconds for a connection, and for the look-up of a name."""
IDLE_SECONDS = 30.0
"""Seconds without a byte after which a request ends."""
# Networks that hold IPv4 addresses: NAT64 (RFC 6052 and 8215).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")


class OutboundError(Exception):
    """A request got no answer; the text says why, and shows nothing of the URL."""


class ForbiddenAddress(OutboundError):
    """The name has no address that may be connected to."""


class Outbound:
    """Makes requests; proxies of the environment are not used, and redirects are not followed.

    Args:
        is_allowed: Whether an IP address may be connected to.
    """

    def __init__(self, is_allowed: Callable[[str], bool]) -> None:
        self._backend = _CheckedBackend(is_allowed)

    @asynccontextmanager
    async def send(
        self, request: httpx.Request, headers: Iterable[tuple[str, str]] = ()
    ) -> AsyncGenerator[httpx.Response]:
        """An answer whose body is still to come.

        Args:
            request: What is sent; a name and password in its URL are sent as basic authentication.
            headers: Headers in place of its own.

        Raises:
            ForbiddenAddress: The address is not allowed.
            OutboundError: There is no answer, or its body does not come.
        """
        url, body = request.url, request.stream
        if not isinstance(body, httpx.AsyncByteStream):
            raise TypeError("the body of the request cannot be sent by an async client")
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        timeouts = {"connect": CONNECT_SECONDS, "read": IDLE_SECONDS, "write": IDLE_SECONDS, "pool": None}
        try:
            async with (
                httpcore.AsyncConnectionPool(network_backend=self._backend, max_connections=1) as pool,
                pool.stream(
                    request.method,
                    target,
                    headers=_headers(request, headers),
                    # A body of unknown length is sent in chunks, also where there is none.
                    content=aiter(body) if "Content-Length" in request.headers else None,
                    extensions={"timeout": timeouts},
                ) as answer,
            ):
                yield httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpx.DecodingError) as error:
            raise OutboundError(_reason(error)) from None


def read_headers(lines: Iterable[str] | None) -> list[tuple[str, str]]:
    """The headers of a configuration's `auth_headers`, each `Name: value`."""
    return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines or ())]


def request_to(method: str, url: str) -> httpx.Request:
    """A request without a body.

    Raises:
        OutboundError: The URL is none of http or https.
    """
    try:
        return httpx.Request(method, check_http_url(url))
    except (httpx.InvalidURL, ValueError) as error:
        raise OutboundError(f"the URL is not valid: {error}") from None


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, is_allowed: Callable[[str], bool]) -> None:
        self._is_allowed = is_allowed
        backend: object = httpcore.AnyIOBackend()
        if not isinstance(backend, httpcore.AsyncNetworkBackend):  # as type checkers see it
            raise TypeError("httpcore has no backend for anyio")
        self._backend = backend

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        error: Exception = httpcore.ConnectError("the name has no address")
        for address in await self._allowed(host, port):
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                error = failure
        raise error

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def _allowed(self, host: str, port: int) -> list[str]:
        try:
            with anyio.fail_after(CONNECT_SECONDS):
                found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise httpcore.ConnectTimeout("the name was not resolved in time") from None
        except OSError as error:
            raise httpcore.ConnectError(error.strerror or "the name cannot be resolved") from None
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        allowed = [address for address in addresses if self._is_allowed(address)]
        if addresses and not allowed:
            raise ForbiddenAddress("the address is not one that this server connects to")
        return allowed


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.aiter_stream():
            yield chunk


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public network; of an IPv4 address within IPv6, whether that is."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.is_site_local or ip in _LOCAL_NAT64:
            return False
        ip = _embedded(ip) or ip
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour


def _headers(request: httpx.Request, others: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    headers = httpx.Headers({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}, encoding="utf-8")
    headers.update(request.headers)
    if request.url.userinfo:
        plain = unquote(request.url.userinfo.decode("ascii")).encode()
        headers["Authorization"] = f"Basic {base64.b64encode(plain).decode('ascii')}"
    headers.update(httpx.Headers(list(others), encoding="utf-8"))
    return headers.raw


def _reason(error: BaseException) -> str:
    """What went wrong, in the words of whatever it was at first."""
    first = error
    while (before := first.__cause__ or first.__context__) is not None:
        first = before
    number = first.errno if isinstance(first, OSError) and not isinstance(first, ssl.SSLError) else None
    return (os.strerror(number) if number else None) or str(first) or str(error) or type(error).__name__
