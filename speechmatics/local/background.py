"""A thread with an event loop for what the server asks of others; it is started when it is first needed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVarTuple

__all__ = ["Background"]

Arguments = TypeVarTuple("Arguments")


class Background:
    """Runs async functions, which end with the server wherever they are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._is_ready = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def start_soon(self, function: Callable[[*Arguments], Coroutine[Any, Any, None]], *arguments: *Arguments) -> None:
        """Runs a function that raises nothing; may be called by any thread, and does nothing once stopped."""
        with self._lock:
            if self._stopped:
                return
            if self._thread is None:
                name = "speechmatics-local-background"
                self._thread = threading.Thread(target=asyncio.run, args=[self._run()], name=name, daemon=True)
                self._thread.start()
                self._is_ready.wait()
            self._loop.call_soon_threadsafe(lambda: self._start(function(*arguments)))

    def stop(self) -> None:
        """Cancels what runs, and waits for its end."""
        with self._lock:
            self._stopped = True
            if self._thread is not None:
                self._loop.call_soon_threadsafe(self._end.set)
        if self._thread is not None:
            self._thread.join()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        self._is_ready.set()
        await self._end.wait()

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        # A task that nothing refers to may be collected before it ends.
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
