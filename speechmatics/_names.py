"""Suggests the name that was meant where one is not known."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

__all__ = ["did_you_mean"]

_LONGEST = 60
"""Characters beyond which a name is none that was meant; comparing long ones takes long."""


@lru_cache
def did_you_mean(name: str, known: tuple[str, ...]) -> str:
    """What an error about an unknown name adds: `; did you mean language?`, or nothing where no known one is near."""
    near = get_close_matches(name, known, n=1) if len(name) <= _LONGEST else ()
    return f"; did you mean {near[0]}?" if near else ""
