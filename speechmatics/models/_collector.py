"""Holds Python's cyclic garbage collector off while an answer is read, which makes many objects and no garbage."""

from __future__ import annotations

import gc
import os
import threading
import warnings

__all__ = ["CollectorHeld", "hold_collector"]

_VARIABLE = "SPEECHMATICS_HOLD_COLLECTOR"
_HELD = 1_987_654_321
"""Allocations before a collection while it is held: more than a parse makes, and a number nobody else sets."""

_hold = threading.Lock()
_found = gc.get_threshold()


def hold_collector(hold: bool) -> None:
    """Says whether Python's garbage collector is held off while an answer of the service is read.

    It is, unless `SPEECHMATICS_HOLD_COLLECTOR=false` was in the environment when this package was imported. That is
    for the whole process. An answer that is being read in another thread is not concerned.

    Args:
        hold: Whether it is held off.

    Example:
        >>> hold_collector(False)
    """
    global _is_wanted
    _is_wanted = hold


def _is_wanted_by(text: str) -> bool:
    """Whether the variable asks for it; its words are those of the settings."""
    word = text.strip().lower()
    if word not in ("", "1", "true", "t", "yes", "y", "on", "0", "false", "f", "no", "n", "off"):
        warnings.warn(f"{_VARIABLE} must be true or false, not {text!r}; true is taken", UserWarning, stacklevel=2)
    return word not in ("0", "false", "f", "no", "n", "off")


_is_wanted = _is_wanted_by(os.environ.get(_VARIABLE, ""))


class CollectorHeld:
    """Puts automatic collections off until the block ends: `with CollectorHeld(): ...`.

    Collections start by a count of new objects, and each may walk all that have been made so far, so that reading a
    long transcript takes twice as long with them as without.

    It is the threshold that is raised: whether the collector is on stays the program's own affair, and a threshold
    that is set meanwhile is left as it is. A collector that is off, by whichever of the two, is left alone. A block
    within a block, or in another thread while one is held, changes nothing; so the collector has its turn between two
    blocks, however many threads read without a pause.
    """

    __slots__ = ("_holding",)

    def __enter__(self) -> None:
        global _found
        is_on = gc.isenabled() and gc.get_threshold()[0] > 0
        self._holding = _hold if _is_wanted and is_on and _hold.acquire(blocking=False) else None
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
