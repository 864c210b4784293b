"""Calls a method of the blocking client and of the async one alike, for tests of what both must do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import anyio
import httpx
from typing_extensions import TypeIs

from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings

__all__ = ["CLIENTS", "Call", "Respond", "await_all", "call_async", "call_blocking", "take_all"]

Respond = Callable[[httpx.Request], httpx.Response]
Call = Callable[..., Any]
"""Calls the method of that name, of a client whose requests `respond` answers, to the end of what it gives."""

SETTINGS: dict[str, Any] = {
    "url": "http://asr.test",
    "retry_attempts": 1,
    "retry_total": 0,
    "recovery_window": 0,
    "recovery_window_long": 0,
    "long_poll": 0,
    "outage_timeout": 0.001,
    "poll_interval": 0.001,
}
"""Nothing is tried twice, and nothing is waited for."""


def take_all(given: object) -> Any:
    """What a method of a `BatchClient` gives; a list of what an iterator gives."""
    return list(given) if _is_iterator(given) else given


async def await_all(given: object) -> Any:
    """The same for an `AsyncBatchClient`."""
    if _is_async_iterator(given):
        return [value async for value in given]
    return await given if _is_awaitable(given) else given


def call_blocking(respond: Respond, method: str, *args: Any, parse: bool = False, **options: Any) -> Any:
    """Calls a method of a `BatchClient`."""
    with httpx.Client(transport=httpx.MockTransport(respond)) as http:
        client = BatchClient(ConnectionSettings(**SETTINGS), parse=parse, http_client=http)
        return take_all(getattr(client, method)(*args, **options))


def call_async(respond: Respond, method: str, *args: Any, parse: bool = False, **options: Any) -> Any:
    """Calls a method of an `AsyncBatchClient`, on asyncio."""

    async def call() -> Any:
        async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http:
            client = AsyncBatchClient(ConnectionSettings(**SETTINGS), parse=parse, http_client=http)
            return await await_all(getattr(client, method)(*args, **options))

    return anyio.run(call)


CLIENTS: dict[str, Call] = {"blocking": call_blocking, "async": call_async}


def _is_iterator(value: object) -> TypeIs[Iterator[object]]:
    return isinstance(value, Iterator)


def _is_async_iterator(value: object) -> TypeIs[AsyncIterator[object]]:
    return isinstance(value, AsyncIterator)


def _is_awaitable(value: object) -> TypeIs[Awaitable[object]]:
    return isinstance(value, Awaitable)
