"""What every request of the API passes: who may ask, and the form of each answer and each error."""

from __future__ import annotations

import base64
import contextlib
import hmac
import ipaddress
import logging
import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from speechmatics.local.discovery import HEALTH
from speechmatics.local.errors import ApiError, forbidden, not_kept, unauthorized
from speechmatics.local.keys import KEYS_PATH, TemporaryKeys
from speechmatics.local.options import ANY_ORIGIN, ServerOptions
from speechmatics.local.pages import is_page

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Gate"]

ASK_FOR_TOKEN = {"WWW-Authenticate": 'Basic realm="any name, and the token as password", charset="UTF-8"'}
"""Lets browsers, which know no other way, ask a person for the token; only for pages, never for the API."""
_logger = logging.getLogger("speechmatics")


class Gate:
    """An application around that of the API; a slash at the end of a path is passed over.

    No web page may ask for anything, unless its origin is allowed: neither by a name that its owner has pointed at this
    machine, nor across origins.

    Args:
        app: What answers, or raises an `ApiError`.
        token: The only token accepted; None accepts every request, as those of a container's health are in any case.
        keys: Those that were made with it are accepted too, but for making keys.
        options: The names by which the server may be asked, beside `localhost` and addresses, the origins, and whether
            errors are those of a container.
    """

    def __init__(self, app: ASGIApp, token: str | None, keys: TemporaryKeys, options: ServerOptions) -> None:
        self._app = app
        self._token = None if token is None else token.encode()
        self._hosts = {"localhost", *options.hosts}
        self._origins = options.allowed_origins
        self._is_on_premises = options.on_premises
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        has_begun = False

        async def send_identified(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                message["headers"] = [*message["headers"], (b"request-id", uuid4().hex.encode())]
            await send(message)

        try:
            path = scope["path"].rstrip("/") or "/"
            self._check(Headers(scope=scope), path)
            await self._app({**scope, "path": path}, receive, send_identified)
        except ApiError as error:
            await self._refuse(error)(scope, receive, send_identified)
        except ClientDisconnect:
            return
        except Exception as error:
            if has_begun:
                raise
            if isinstance(error, OSError | sqlite3.Error):
                _logger.warning("%s %s failed: %s", scope["method"], scope["path"], error)
                failure = not_kept(error)
            else:
                _logger.exception("%s %s failed", scope["method"], scope["path"])
                failure = ApiError(500, "Internal Server Error")
            await self._refuse(failure)(scope, receive, send_identified)

    def _refuse(self, error: ApiError) -> Response:
        body = error.body_on_premises if self._is_on_premises else error.body
        return JSONResponse(body, error.code, error.headers)

    def _check(self, headers: Headers, path: str) -> None:
        host = headers.get("Host", "")
        if host and not self._is_own(host):
            raise forbidden(f"the host {host!r} is not this server's; allowed_hosts, or --allow-host, may name it")
        origin = headers.get("Origin")
        if (
            origin is not None
            and _authority(origin) != host.lower()
            and not self._origins & {ANY_ORIGIN, origin.lower()}
        ):
            raise forbidden(
                f"pages of {origin!r} may not ask this server; allowed_origins, or --allow-origin, may name it"
            )
        if self._token is None or path in HEALTH:
            return
        is_for_browsers = not self._is_on_premises and is_page(path)
        given = _read_token(headers.get("Authorization", ""), may_be_basic=is_for_browsers)
        if given is None or not (
            hmac.compare_digest(given, self._token) or (path != KEYS_PATH and self._keys.is_valid(given))
        ):
            raise unauthorized(ASK_FOR_TOKEN if is_for_browsers else None)

    def _is_own(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._hosts or _is_address(name)


def _read_token(authorization: str, *, may_be_basic: bool) -> bytes | None:
    """The token that a request has; of browsers the password, with any name."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode("latin-1")
    if scheme.lower() == "basic" and may_be_basic:
        with contextlib.suppress(ValueError):
            return base64.b64decode(value, validate=True).partition(b":")[2]
    return None


def _is_address(name: str) -> bool:
    """Whether a host is an address of IP, which nobody can point elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
