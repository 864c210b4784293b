"""Connections that an application can end, and that end where nothing comes: uvicorn's, with limits of time."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from speechmatics.local.errors import ApiError, request_timeout
from speechmatics.local.requests import TRANSPORT

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["MIN_BYTES", "Connection", "Progress", "connections_with"]

MIN_BYTES = 16 * 1024
"""Bytes of a body that have to come in the time in which its head has to; less is enough where it ends."""
CHECKS = 8
"""How often it is checked within that time."""


class Progress:
    """Whether what is waited for comes; knows no clock but the one it is given.

    Args:
        timeout: Seconds without progress after which it is late.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._awaited: object = None
        self._received = 0
        self._since = 0.0

    def is_late(self, now: float, awaited: object, received: int) -> bool:
        """Whether it should have come by now.

        Args:
            now: Seconds of any clock.
            awaited: What is waited for; None for nothing. Something else than before is progress.
            received: Bytes that have come of it so far; 16 KiB more than before are progress.
        """
        if awaited is None or awaited != self._awaited or received - self._received >= MIN_BYTES:
            self._awaited, self._received, self._since = awaited, received, now
        return now - self._since >= self._timeout


class Connection(H11Protocol):
    """One connection of a client."""

    receive_timeout: float
    """Seconds that a client may take to send the head of a request, 16 KiB more of a body, or to read an answer."""

    def connection_made(self, transport: Any) -> None:
        """Begins to serve."""
        super().connection_made(transport)
        app = self.app

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            scope[TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = serve
        self._received = 0
        self._progress = Progress(self.receive_timeout)
        self._stalled: asyncio.TimerHandle | None = None
        self._check()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends."""
        super().connection_lost(exc)
        self._next_check.cancel()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Takes what a client sends."""
        self._received += len(data)
        super().data_received(data)

    def pause_writing(self) -> None:
        """Waits until the client reads; it does, or is gone."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self.receive_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        """Writes on."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP, in the form of the API's errors."""
        self._refuse(ApiError(400, "Bad Request", msg))

    def _check(self) -> None:
        awaited = self._awaited()
        # The rest of a body that is not wanted any more has to end, however fast it comes; so has a head.
        counted = self._received if awaited == ("body", self.cycle) else 0
        if not self._progress.is_late(self.loop.time(), awaited, counted):
            self._next_check = self.loop.call_later(self.receive_timeout / CHECKS, self._check)
            return
        if self.conn.their_state is h11.SEND_BODY:
            # What works on the request learns of it at once, and answers no more.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self._received and self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._refuse(request_timeout(self.receive_timeout))
        else:
            self.transport.close()

    def _awaited(self) -> object:
        """What the client has to send, for the request that it belongs to; None where it is the server's turn."""
        state = self.conn.their_state
        if state is h11.IDLE:
            return "head", self.cycle
        if state is h11.SEND_BODY and not (self.flow.read_paused or self.cycle.waiting_for_100_continue):
            return "rest" if self.cycle.response_complete else "body", self.cycle
        return None

    def _refuse(self, error: ApiError) -> None:
        body = json.dumps(error.body).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close")]
        for event in (
            h11.Response(status_code=error.code, headers=headers, reason=error.error.encode()),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def connections_with(receive_timeout: float) -> type[Connection]:
    """The class of connections that have so many seconds."""

    class LimitedConnection(Connection):
        """A connection with its limit."""

    LimitedConnection.receive_timeout = receive_timeout
    return LimitedConnection
