"""Calls that may block for ever, beside an event loop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context

import anyio
import anyio.from_thread
from anyio.lowlevel import current_token

__all__ = ["run_in_own_thread"]


async def run_in_own_thread(function: Callable[[], None]) -> None:
    """Calls a function in a thread of its own, and waits for it.

    It is not one of the program's threads, which a silent pipe could take for ever, and a daemon: a call that is
    cancelled is left behind, and keeps no process alive.
    """
    is_over = anyio.Event()
    failures: list[BaseException] = []
    token, context = current_token(), copy_context()

    def work() -> None:
        try:
            context.run(function)
        except BaseException as error:
            failures.append(error)
        # The loop may have ended meanwhile.
        with suppress(Exception):
            anyio.from_thread.run_sync(is_over.set, token=token)

    threading.Thread(target=work, name="speechmatics-audio", daemon=True).start()
    await is_over.wait()
    if failures:
        raise failures[0]
