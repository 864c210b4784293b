"""Connections that an application can end: uvicorn's, with the transport in the scope of each request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from speechmatics.local.requests import TRANSPORT

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["Connection"]


class Connection(H11Protocol):
    """One connection of a client."""

    def connection_made(self, transport: Any) -> None:
        """Begins to serve."""
        super().connection_made(transport)
        app = self.app

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            scope[TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = serve
