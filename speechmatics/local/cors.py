"""Answers that pages of other servers may read (CORS), and what their browsers ask before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import Response

from speechmatics.local.options import ANY_ORIGIN

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Cors"]

METHODS = "GET, POST, DELETE"
SENT_HEADERS = "Authorization, Content-Type"
"""Headers that pages may send, where a browser does not say which."""
READ_HEADERS = "Request-Id, Retry-After, Allow, Content-Disposition, Speechmatics-Local-Ignored"
"""Headers that pages may read, beside those that they always may."""
MAX_AGE = "600"
"""Seconds for which a browser need not ask again."""


class Cors:
    """An application around another one, which refuses pages that may not ask.

    Args:
        app: What answers.
        origins: Origins of the pages that may read its answers; `*` for all.
    """

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers what a browser asks before a request, or has the request answered."""
        asked = Headers(scope=scope)
        origin = asked.get("Origin")
        # Caches must not show one origin's answer to another.
        headers = {"Vary": "Origin"}
        if origin is not None and (ANY_ORIGIN in self._origins or origin.lower() in self._origins):
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = READ_HEADERS
            if scope["method"] == "OPTIONS" and "Access-Control-Request-Method" in asked:
                await Response(status_code=204, headers=headers | _permissions(asked))(scope, receive, send)
                return

        async def send_readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, send_readable)


def _permissions(asked: Headers) -> dict[str, str]:
    permissions = {
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": asked.get("Access-Control-Request-Headers") or SENT_HEADERS,
        "Access-Control-Max-Age": MAX_AGE,
    }
    # Pages of the Internet that ask servers of the user's own network.
    if asked.get("Access-Control-Request-Private-Network") == "true":
        permissions["Access-Control-Allow-Private-Network"] = "true"
    return permissions
