"""How connections are made: certificates, proxies, and how many there may be."""

from __future__ import annotations

import ssl
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict
from urllib.request import getproxies

import httpx

from speechmatics._core.auth import BearerAuth
from speechmatics.exceptions import MissingExtraError, SettingsError
from speechmatics.settings import ConnectionSettings

__all__ = ["ClientOptions", "client_options"]


class ClientOptions(TypedDict):
    """Options of `httpx.Client` and `httpx.AsyncClient`."""

    verify: ssl.SSLContext
    timeout: httpx.Timeout
    trust_env: bool
    proxy: httpx.Proxy | None
    http2: bool
    limits: httpx.Limits


def client_options(settings: ConnectionSettings, auth: httpx.Auth | None) -> ClientOptions:
    """What a client is opened with.

    Raises:
        SettingsError: Certificates cannot be loaded, a proxy of the environment is none, or settings contradict.
        MissingExtraError: HTTP/2 or a SOCKS proxy is wanted, and what it needs is not installed.
    """
    if settings.http2 and find_spec("h2") is None:
        raise MissingExtraError("HTTP/2", "http2")
    context = _context(settings, auth)
    return {
        "verify": context,
        "timeout": settings.timeout,
        "trust_env": settings.trust_env,
        "proxy": _proxy(settings, context),
        "http2": settings.http2,
        "limits": httpx.Limits(
            max_connections=settings.max_connections,
            max_keepalive_connections=settings.max_keepalive_connections,
        ),
    }


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
            place = verify.expanduser()
            context = ssl.create_default_context(
                cafile=None if place.is_dir() else str(place), capath=str(place) if place.is_dir() else None
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


def _proxy(settings: ConnectionSettings, context: ssl.SSLContext) -> httpx.Proxy | None:
    """The proxy of the settings; those of the environment are httpx's to find, and checked here first."""
    if settings.proxy is None:
        for name, url in getproxies().items() if settings.trust_env else ():
            if name in ("all", "http", "https"):
                _check_proxy_of_environment(name, url if "://" in url else f"http://{url}")
        return None
    proxy = httpx.Proxy(settings.proxy)
    _check_extra(proxy)
    if proxy.url.scheme == "https":
        proxy.ssl_context = context
    return proxy


def _check_proxy_of_environment(name: str, url: str) -> None:
    try:
        proxy = httpx.Proxy(url)
    except (ValueError, httpx.InvalidURL):
        raise SettingsError(
            f"the environment's {name}_proxy must be an http, https, socks5 or socks5h URL (it is not shown); "
            "with trust_env=False it is not used"
        ) from None
    _check_extra(proxy)


def _check_extra(proxy: httpx.Proxy) -> None:
    if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise MissingExtraError("a SOCKS proxy", "socks")
