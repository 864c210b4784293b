"""What the tests of submissions share: settings with short windows, and a submission by each driver."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from typing import IO, Any, Literal, TypeVar

import anyio
import httpx

from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings, Retry
from tests.servers.fault_server import FaultServer

__all__ = [
    "AUDIO",
    "CONFIG",
    "DRIVERS",
    "Driver",
    "api_words",
    "lists_of",
    "notes_of",
    "posts_of",
    "run_async",
    "settings_of",
    "submit",
]

Driver = Literal["sync", "asyncio", "trio"]
DRIVERS: tuple[Driver, ...] = ("sync", "asyncio", "trio")
CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
AUDIO = b"some audio"

_T = TypeVar("_T")
Audio = str | os.PathLike[str] | bytes | IO[bytes] | tuple[str, bytes | IO[bytes]] | None


def settings_of(server: FaultServer | str, **changes: Any) -> ConnectionSettings:
    """Settings for a server whose windows are short, and whose retries come at once."""
    usual: dict[str, Any] = {
        "trust_env": False,
        "read_timeout": 20,
        "retry_attempts": 3,
        "retry_delay": 0.01,
        "retry_delay_max": 0.02,
        "retry_total": 60,
        "recovery_window": 0.02,
        "recovery_window_long": 0.03,
        "poll_interval": 0.01,
    }
    return ConnectionSettings(server if isinstance(server, str) else server.url, **(usual | changes))


def submit(
    driver: Driver,
    settings: ConnectionSettings,
    audio: Audio = AUDIO,
    config: Any = CONFIG,
    *,
    auth: httpx.Auth | None = None,
    on_answer: Callable[[httpx.Response], None] | None = None,
    on_retry: Callable[[Retry], None] | None = None,
    **options: Any,
) -> str:
    """Submits, and gives the job's id; `on_answer` is a hook of an httpx client that is given."""
    if driver == "sync":
        hooks = {"response": [on_answer]} if on_answer is not None else {}
        given = httpx.Client(event_hooks=hooks, trust_env=False) if on_answer is not None else None
        try:
            with BatchClient(settings, auth=auth, http_client=given, on_retry=on_retry) as client:
                return client.submit_job(audio, config, **options)
        finally:
            if given is not None:
                given.close()

    async def hook(response: httpx.Response) -> None:
        if on_answer is not None:
            on_answer(response)

    async def main() -> str:
        given = httpx.AsyncClient(event_hooks={"response": [hook]}, trust_env=False) if on_answer is not None else None
        try:
            async with AsyncBatchClient(settings, auth=auth, http_client=given, on_retry=on_retry) as client:
                return await client.submit_job(audio, config, **options)
        finally:
            if given is not None:
                await given.aclose()

    return run_async(driver, main)


def run_async(driver: Driver, main: Callable[[], Awaitable[_T]]) -> _T:
    """Runs a coroutine function on one of the event loops."""
    return anyio.run(main, backend=driver)


def posts_of(server: FaultServer) -> int:
    """How many submissions came."""
    return sum(received.method == "POST" for received in server.requests)


def lists_of(server: FaultServer) -> int:
    """How often the list was asked for."""
    return sum((received.method, received.path) == ("GET", "jobs") for received in server.requests)


def notes_of(error: BaseException) -> str:
    """The notes of an error."""
    return "\n".join(getattr(error, "__notes__", ()))


def api_words(status: int) -> str:
    """An error in the API's own words."""
    return json.dumps({"code": status, "error": "An Error"})
