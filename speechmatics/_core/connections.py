"""How connections are made (certificates, proxies, how many), and that they stay in their process and event loop."""

from __future__ import annotations

import logging
import os
import ssl
from asyncio import AbstractEventLoop
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from urllib.request import getproxies

import httpx
from anyio.lowlevel import EventLoopToken, current_token

from speechmatics._core.auth import BearerAuth
from speechmatics._core.transports import PoolOptions
from speechmatics.exceptions import MissingExtraError, SettingsError
from speechmatics.settings import ConnectionSettings

__all__ = ["ClientsOfLoops", "ClientsOfProcesses", "Routes", "routes"]

_logger = logging.getLogger("speechmatics")

KEEPALIVE_EXPIRY = 5.0
"""Seconds that an idle connection is kept, as httpx does."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Which way requests go: over a pool of connections, straight or through a proxy.

    Attributes:
        options: How each pool is opened.
        proxy: The proxy of all requests but those of `others`; None for none.
        others: Proxies by patterns of URLs, as httpx's `mounts` has them; None for no proxy.
    """

    options: PoolOptions
    proxy: httpx.Proxy | None
    others: Mapping[str, httpx.Proxy | None]


def routes(settings: ConnectionSettings, auth: httpx.Auth | None) -> Routes:
    """How the settings and the environment have requests sent.

    Raises:
        SettingsError: Certificates cannot be loaded, a proxy of the environment is none, or settings contradict.
        MissingExtraError: HTTP/2 or a SOCKS proxy is wanted, and what it needs is not installed.
    """
    if settings.http2 and find_spec("h2") is None:
        raise MissingExtraError("HTTP/2", "http2")
    context = _context(settings, auth)
    options: PoolOptions = {
        "ssl_context": context,
        "http2": settings.http2,
        "max_connections": settings.max_connections,
        "max_keepalive_connections": settings.max_keepalive_connections,
        "keepalive_expiry": KEEPALIVE_EXPIRY,
    }
    if settings.proxy is not None:
        proxy = httpx.Proxy(settings.proxy)
        _check_extra(proxy)
        if proxy.url.scheme == "https":
            proxy.ssl_context = context
        return Routes(options, proxy, {})
    hosts = [httpx.URL(url).host for url in (settings.base_url, settings.mp_url) if url is not None]
    return Routes(options, None, _proxies_of_environment(hosts) if settings.trust_env else {})


def _context(settings: ConnectionSettings, auth: httpx.Auth | None) -> ssl.SSLContext:
    if settings.ssl_context is not None:
        if settings.client_cert is not None or settings.verify is not True:
            raise SettingsError("ssl_context says how certificates are checked: give it, or verify and client_cert")
        return settings.ssl_context
    uses_tls = (
        httpx.URL(settings.base_url).scheme == "https"
        # Temporary keys come from another server; what other ways of authorisation send, and where, is theirs.
        or not (auth is None or isinstance(auth, BearerAuth))
        or (settings.proxy is not None and httpx.URL(settings.proxy).scheme == "https")
    )
    if not uses_tls:
        return _no_tls()
    return _tls(settings.verify, settings.client_cert, settings.trust_env, settings.http2)


@cache
def _tls(verify: bool | Path, client_cert: Path | None, trust_env: bool, http2: bool) -> ssl.SSLContext:
    """A TLS context, built once for all clients that differ in nothing of this.

    HTTP/2 is offered by the context itself, which httpx sets anew for each connection.
    """
    try:
        if isinstance(verify, Path):
            path = verify.expanduser()
            context = ssl.create_default_context(
                cafile=None if path.is_dir() else str(path), capath=str(path) if path.is_dir() else None
            )
        else:
            context = httpx.create_ssl_context(verify=verify, trust_env=trust_env)
    except OSError as error:
        named = f"verify: {verify}" if isinstance(verify, Path) else "the environment's SSL_CERT_FILE or SSL_CERT_DIR"
        raise SettingsError(f"{named} cannot be loaded as certificates: {error}") from None
    if client_cert is not None:
        try:
            # Without a password OpenSSL would ask the terminal for that of an encrypted key, and wait.
            context.load_cert_chain(client_cert.expanduser(), password="")
        except OSError as error:
            raise SettingsError(f"client_cert: {client_cert} cannot be loaded: {error}") from None
    return context


@cache
def _no_tls() -> ssl.SSLContext:
    """A context that trusts nobody: cheap, and safe where a plain HTTP exchange is redirected to TLS after all."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _proxies_of_environment(hosts: Iterable[str]) -> dict[str, httpx.Proxy | None]:
    """The proxies of the environment by patterns of URLs, and None for what `NO_PROXY` excepts, as httpx reads them.

    Networks, such as `10.0.0.0/8`, are not among httpx's patterns: they except those of the given hosts that are in
    them.
    """
    named = getproxies()
    found: dict[str, httpx.Proxy | None] = {
        f"{scheme}://": _proxy_of_environment(scheme, named[scheme])
        for scheme in ("http", "https", "all")
        if named.get(scheme)
    }
    for entry in filter(None, map(str.strip, named.get("no", "").split(","))):
        if entry == "*":
            return {}
        for pattern in _excepted(entry, hosts):
            if _has_host(pattern):
                found[pattern] = None
            else:
                _warn_of(entry)
    return found


def _has_host(pattern: str) -> bool:
    try:
        return bool(httpx.URL(pattern).host) and " " not in pattern
    except httpx.InvalidURL:
        return False


@cache
def _warn_of(entry: str) -> None:
    """Once in a process: each event loop and each child reads the environment anew."""
    _logger.warning("NO_PROXY holds %r, which is no host, address or network; it is passed over", entry)


def _excepted(entry: str, hosts: Iterable[str]) -> list[str]:
    """The patterns of the URLs that an entry of `NO_PROXY` excepts."""
    if "://" in entry:
        return [entry]
    try:
        network = ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        # Others write `*.example.com` for what is `.example.com` to httpx.
        return [f"all://{entry}" if entry.lower() == "localhost" else f"all://*{entry.removeprefix('*')}"]
    inside = [host for host in hosts if (address := _address(host)) is not None and address in network]
    return [_pattern(host) for host in (*inside, str(network.network_address))]


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _pattern(address: str) -> str:
    return f"all://[{address}]" if ":" in address else f"all://{address}"


def _proxy_of_environment(name: str, url: str) -> httpx.Proxy:
    try:
        proxy = httpx.Proxy(url if "://" in url else f"http://{url}")
    except (ValueError, httpx.InvalidURL):
        raise SettingsError(
            f"the environment's {name}_proxy must be an http, https, socks5 or socks5h URL (it is not shown); "
            "with trust_env=False it is not used"
        ) from None
    _check_extra(proxy)
    return proxy


def _check_extra(proxy: httpx.Proxy) -> None:
    if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise MissingExtraError("a SOCKS proxy", "socks")


class ClientsOfProcesses:
    """An `httpx.Client` for each process that asks for one.

    A child leaves its parent's connections alone: to close them would end their TLS. There is no lock, which another
    thread might hold at the moment of a fork.
    """

    def __init__(self, make: Callable[[], httpx.Client]) -> None:
        self._make = make
        self._clients: dict[int, httpx.Client] = {}

    def current(self) -> httpx.Client:
        """The client of this process, opened if need be."""
        client = self._clients.get(os.getpid())
        if client is None:
            made = self._make()
            client = self._clients.setdefault(os.getpid(), made)
            if client is not made:
                made.close()
        return client

    def close(self) -> None:
        """Closes the client of this process."""
        client = self._clients.pop(os.getpid(), None)
        if client is not None:
            client.close()


class ClientsOfLoops:
    """An `httpx.AsyncClient` for each event loop that asks for one, closed before its loop ends.

    Every event loop closes, as its last act, the async generators that were begun on it. One that waits at its `yield`
    therefore closes the client in time. Where a loop is closed without that, its client is dropped: nothing may be
    written to its connections.
    """

    def __init__(self, make: Callable[[], httpx.AsyncClient]) -> None:
        self._make = make
        self._clients: dict[tuple[int, EventLoopToken], tuple[httpx.AsyncClient, AsyncGenerator[None]]] = {}

    async def current(self) -> httpx.AsyncClient:
        """The client of this event loop, opened if need be."""
        key = os.getpid(), current_token()
        if (known := self._clients.get(key)) is not None:
            return known[0]
        self._drop_those_of_closed_loops()
        client = self._make()
        keeper = self._keep(key, client)
        self._clients[key] = client, keeper
        await anext(keeper)
        return client

    async def _keep(self, key: tuple[int, EventLoopToken], client: httpx.AsyncClient) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self._clients.pop(key, None)
            await client.aclose()

    async def close(self) -> None:
        """Closes the client of this event loop here; other loops close theirs, those of trio when they end."""
        own = self._clients.pop((os.getpid(), current_token()), None)
        for key in list(self._clients):
            # A generator that is dropped is closed by the loop on which it was begun; trio would complain of it.
            if key[0] == os.getpid() and isinstance(key[1].native_token, AbstractEventLoop):
                self._clients.pop(key, None)
        if own is not None:
            await own[1].aclose()

    def _drop_those_of_closed_loops(self) -> None:
        for key in list(self._clients):
            loop = key[1].native_token
            if key[0] == os.getpid() and isinstance(loop, AbstractEventLoop) and loop.is_closed():
                self._clients.pop(key, None)
