"""A thread with an event loop for what the server asks of others; it is started when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from typing import TypeVarTuple

from anyio.from_thread import BlockingPortal, start_blocking_portal

__all__ = ["Background"]

Arguments = TypeVarTuple("Arguments")


class Background:
    """Runs async functions, which end with the server wherever they are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._resources = ExitStack()
        self._portal: BlockingPortal | None = None
        self._stopped = False

    def start_soon(self, function: Callable[[*Arguments], Awaitable[object]], *arguments: *Arguments) -> None:
        """Runs a function that raises nothing; may be called by any thread, and does nothing once stopped."""
        with self._lock:
            if self._stopped:
                return
            if self._portal is None:
                name = "speechmatics-local-background"
                self._portal = self._resources.enter_context(start_blocking_portal(name=name))
                self._resources.callback(self._portal.call, partial(self._portal.stop, cancel_remaining=True))
            self._portal.start_task_soon(function, *arguments)

    def stop(self) -> None:
        """Cancels what runs, and waits for its end."""
        with self._lock:
            self._stopped = True
        self._resources.close()
