"""Suggests the name that was meant where one is not known."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

__all__ = ["NEARER", "did_you_mean"]

_LONGEST = 60
"""Characters beyond which a name is none that was meant; comparing long ones takes long."""


NEAR, NEARER = 0.6, 0.8
"""How alike two names are, from 0 to 1, where one may be meant: of names that are errors, and of those of strangers."""


@lru_cache
def did_you_mean(name: str, known: tuple[str, ...], likeness: float = NEAR) -> str:
    """What an error about an unknown name adds: `; did you mean language?`, or nothing where no known one is near."""
    near = get_close_matches(name, known, n=1, cutoff=likeness) if len(name) <= _LONGEST else ()
    return f"; did you mean {near[0]}?" if near else ""
