"""Holds Python's cyclic garbage collector off while an answer is read, which makes many objects and no garbage."""

from __future__ import annotations

import gc
import os
import threading

__all__ = ["CollectorHeld"]

_HELD = 1_987_654_321
"""Allocations before a collection while it is held: more than a parse makes, and a number nobody else sets."""

_hold = threading.Lock()
_found = gc.get_threshold()


class CollectorHeld:
    """Puts automatic collections off until the block ends: `with CollectorHeld(): ...`.

    Collections start by a count of new objects, and each may walk all that have been made so far, so that reading a
    long transcript takes several times as long with them as without.

    It is the threshold that is raised: whether the collector is on stays the program's own affair, and a threshold
    that is set meanwhile is left as it is. A block within a block, or in another thread while one is held, changes
    nothing; so the collector has its turn between two blocks, however many threads read without a pause.
    """

    __slots__ = ("_holding",)

    def __enter__(self) -> None:
        global _found
        self._holding = _hold if _hold.acquire(blocking=False) else None
        if self._holding is not None:
            _found = gc.get_threshold()
            gc.set_threshold(_HELD, *_found[1:])

    def __exit__(self, *_: object) -> None:
        if self._holding is not None:
            _let_go()
            self._holding.release()


def _let_go() -> None:
    if gc.get_threshold()[0] == _HELD:
        gc.set_threshold(*_found)


def _after_fork() -> None:
    """A child forked in the middle of another thread's block has no thread left to end it."""
    global _hold
    _hold = threading.Lock()
    _let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
