"""What every request of the API passes: it lets in who has the token, and gives each answer and each error its form."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from speechmatics.local.errors import ApiError, unauthorized

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Gate"]

_logger = logging.getLogger("speechmatics")


class Gate:
    """An application around that of the API; a slash at the end of a path is passed over.

    Args:
        app: What answers, or raises an `ApiError`.
        token: The only token accepted; None accepts every request.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._allowed = None if token is None else f"Bearer {token}"

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
            if self._allowed not in (None, Headers(scope=scope).get("Authorization")):
                raise unauthorized()
            await self._app({**scope, "path": scope["path"].rstrip("/")}, receive, send_identified)
        except ApiError as error:
            response = JSONResponse(error.body, error.code, error.headers)
            await response(scope, receive, send_identified)
        except ClientDisconnect:
            return
        except Exception:
            _logger.exception("%s %s failed", scope["method"], scope["path"])
            if has_begun:
                raise
            failure = ApiError(500, "Internal Server Error")
            await JSONResponse(failure.body, failure.code)(scope, receive, send_identified)
