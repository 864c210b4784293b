"""What stands before the application: it takes note of each request, and lets go wrong what faults say."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import anyio
import httpx

from speechmatics.local.faults import NO_BODY, Fault, Faults

if TYPE_CHECKING:
    from asyncio import Transport

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["TRANSPORT", "ReceivedRequest", "RequestLog", "Requests", "note_config"]

KEPT = 10_000
"""Requests that are remembered; the oldest are forgotten."""
STOP_INTERVAL = 0.1
"""Seconds after which a delay sees at the latest that the server stops."""
TRANSPORT = "speechmatics.transport"
"""Key of the scope for the connection's transport."""
_RECEIVED = "speechmatics.received"


@dataclass(slots=True)
class ReceivedRequest:
    """A request that came to the server.

    Attributes:
        method: HTTP method.
        path: Path below `/v2` without slashes at its ends, as `jobs/a1b2c3d4e5/transcript`; others as they are
            (`v1/api_keys`).
        query: Query parameters.
        headers: Headers; a token among them is not shown by `repr`.
        config: The job's configuration, where it is a submission that the application has read.
        fault: Name of the fault that it met, or None.
        status: Status of the answer; None until there is one, and where the connection was dropped.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: httpx.Headers
    config: Mapping[str, Any] | None = field(default=None, repr=False)
    fault: str | None = None
    status: int | None = None


class RequestLog:
    """The requests that came, in the order of their coming; may be used from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: deque[ReceivedRequest] = deque(maxlen=KEPT)

    def add(self, request: ReceivedRequest) -> None:
        """Takes note of a request."""
        with self._lock:
            self._requests.append(request)

    def copy(self) -> list[ReceivedRequest]:
        """Those that are remembered."""
        with self._lock:
            return list(self._requests)


def note_config(scope: Scope, config: Mapping[str, Any]) -> None:
    """Adds to what is noted of a request the configuration that it submits."""
    scope[_RECEIVED].config = config


class Requests:
    """An application around the application.

    Args:
        app: What answers.
        log: Where requests are noted.
        faults: What goes wrong.
    """

    def __init__(self, app: ASGIApp, log: RequestLog, faults: Faults) -> None:
        self._app = app
        self._log = log
        self._faults = faults
        self._stopping = threading.Event()

    def end_delays(self) -> None:
        """Answers everyone who waits for the end of a fault's delay, and delays nobody any more."""
        self._stopping.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or lets it go wrong."""
        received = _received(scope)
        fault = self._faults.choose(received.method, received.path)
        received.fault = fault.name if fault else None
        self._log.add(received)

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                received.status = message["status"]
            await send(message)

        scope[_RECEIVED] = received
        if fault is None:
            await self._app(scope, receive, send_noted)
        else:
            await self._fail(fault, scope, receive, send_noted)

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer(fault.status or 200, [], b"")
        if fault.works:
            answer = await self._work(scope, receive)
        elif fault.drop != "before_body":
            await _read_body(receive)
        if not await self._delay(fault, receive):
            return
        transport: Transport = scope[TRANSPORT]
        if fault.drop is not None:
            transport.abort()
        else:
            await _send(_changed(answer, fault), fault, send)
            if fault.truncate is not None:
                transport.close()
        if transport.is_closing():
            await _wait_until_gone(receive)

    async def _delay(self, fault: Fault, receive: Receive) -> bool:
        """Waits until the answer is due, and gives whether the client is still there."""
        until = anyio.current_time() + fault.delay
        while (left := until - anyio.current_time()) > 0 and not self._stopping.is_set():
            with anyio.move_on_after(min(left, STOP_INTERVAL)):
                if fault.drop == "before_body":
                    await anyio.sleep_forever()
                await _wait_until_gone(receive)
                return False
        return True

    async def _work(self, scope: Scope, receive: Receive) -> _Answer:
        answer = _Answer(500, [], b"")

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = [(bytes(name).lower(), bytes(value)) for name, value in message["headers"]]
            else:
                answer.body += message.get("body", b"")

        await self._app(scope, receive, collect)
        return answer


@dataclass(slots=True)
class _Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def _changed(answer: _Answer, fault: Fault) -> _Answer:
    """An answer as the fault makes it."""
    status, headers, body = answer.status, dict(answer.headers), answer.body
    if fault.status is not None:
        status, headers, body = fault.status, {}, b""
    if fault.body is not None:
        body = fault.body.encode()
        by_default = "text/html" if fault.body.startswith("<") else "application/json"
        headers[b"content-type"] = (fault.content_type or by_default).encode("latin-1", "replace")
    headers |= {name.lower().encode(): value.encode("latin-1") for name, value in fault.headers.items()}
    if status not in NO_BODY:
        headers[b"content-length"] = str(len(body)).encode()
    return _Answer(status, list(headers.items()), body)


async def _send(answer: _Answer, fault: Fault, send: Send) -> None:
    body = answer.body
    if fault.truncate is not None:
        body = body[: len(body) // 2 if fault.truncate == "half" else fault.truncate]
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": body, "more_body": fault.truncate is not None})


async def _read_body(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _received(scope: Scope) -> ReceivedRequest:
    path: str = scope["path"]
    return ReceivedRequest(
        method=scope["method"],
        path=path.removeprefix("/v2/").strip("/"),
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers=httpx.Headers(scope["headers"]),
    )
