"""Reads a long list of JSON piece by piece, so that what is made of it never lies in memory beside all of its dicts."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeGuard

from pydantic_core import from_json

from speechmatics.models._columns import is_list

__all__ = ["read_by_pieces"]

_PIECE = 1 << 17
"""Bytes of a piece: few enough for the processor's cache, and many enough for the work on each to be small."""
_STARTS = 3
"""Places where the list may begin; a transcript has one more of the name before it, in what languages were heard."""
_TRIES = 8
_STEP = 1_000
"""Bytes from one try to end a piece to the next; an entity, which has objects in lists within it, may be as long."""
_BETWEEN_OBJECTS = re.compile(rb"\}\s*(,)\s*\{")


def read_by_pieces(text: bytes, field: str, build: Callable[[Sequence[object]], Sequence[object]]) -> object:
    """Reads a JSON object as `from_json` does.

    A list of objects in one of its fields, if it is long, is read in pieces. Text is cut at commas between two objects.
    Pieces that can each be read as a list, with brackets put around it, are a list together, as JSON has one meaning
    only. And that it is the list of this field from which they were taken shows in a mark that is read in their place.

    Args:
        text: The JSON.
        field: The name of the field.
        build: What is made of each piece of the list.

    Raises:
        ValueError: It is not JSON.
    """
    starts = re.finditer(rb'"%s"\s*:\s*\[' % field.encode(), text if len(text) > 2 * _PIECE else b"")
    for start in islice(starts, _STARTS):
        first = _BETWEEN_OBJECTS.search(text, start.end())
        if first is None:
            break
        items: list[object] = []
        end = first.start(1)
        while (piece := _piece(text, end)) is not None:
            items += build(piece[0])
            end = piece[1]
        if not items:
            continue
        mark = os.urandom(16).hex()
        try:
            whole = from_json(text[: first.start(1)] + f', "{mark}"'.encode() + text[end:])
        except ValueError:
            break
        if _is_object(whole) and is_list(found := whole.get(field)) and mark in found:
            place = found.index(mark)
            return {**whole, field: [*build(found[:place]), *items, *build(found[place + 1 :])]}
    return from_json(text)


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _piece(text: bytes, begin: int) -> tuple[list[object], int] | None:
    """The objects after the comma at `begin` up to another comma, and where that is; None where no list goes on."""
    place = begin + _PIECE
    for _ in range(_TRIES):
        cut = _BETWEEN_OBJECTS.search(text, place)
        if cut is None:
            return None
        try:
            return from_json(b"".join((b"[", memoryview(text)[begin + 1 : cut.start(1)], b"]"))), cut.start(1)
        except ValueError:
            place = cut.end() + _STEP
    return None
