"""Reads a long list of JSON piece by piece, so that what is made of it never lies in memory beside all of its dicts."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeGuard

from pydantic_core import from_json

from speechmatics.models._usual import is_list

__all__ = ["read_by_pieces"]

_PIECE = 1 << 17
"""Bytes of a piece: few enough for the processor's cache, and many enough for the work on each to be small."""
_STARTS = 3
"""Places where the list may begin; a transcript has one more of the name before it, in what languages were heard."""
_TRIES = 8
"""To end a piece; a comma between two objects may be one within an entity."""
_STEP = 1_000
"""Bytes from one try to the next, to get out of an entity."""
_BETWEEN_OBJECTS = re.compile(rb"\}\s*(,)\s*\{")


def read_by_pieces(text: bytes, field: str, build: Callable[[Sequence[object]], Sequence[object]]) -> object:
    """Reads JSON as `from_json` does, and builds what is listed in a field of the object that it is.

    A long list of objects is read, and built, in pieces. Text is cut at commas between two objects.
    Pieces that can each be read as a list, with brackets put around them, are together what the list says: a comma
    that parts two whole values is within no string and no object. And that they are of the list of this field shows in
    a mark that is read in their place.

    Args:
        text: The JSON.
        field: The name of the field.
        build: What is made of the list, or of each piece of it.

    Raises:
        ValueError: It is not JSON.
    """
    name = re.escape(field.encode())
    starts = re.finditer(rb'"%s"\s*:\s*\[' % name, text if len(text) > 2 * _PIECE else b"")
    for start in islice(starts, _STARTS):
        items: list[object] = []
        begin = end = start.end()
        while (piece := _piece(text, begin)) is not None:
            items += build(piece[0])
            end = piece[1]
            begin = end + 1
        if not items:
            continue
        mark = os.urandom(16).hex()
        try:
            whole = from_json(b"".join((text[: start.end()], f'"{mark}"'.encode(), text[end:])))
        except ValueError:
            break
        if _is_object(whole) and is_list(found := whole.get(field)) and found[:1] == [mark]:
            return {**whole, field: [*items, *build(found[1:])]}
    whole = from_json(text)
    return {**whole, field: build(found)} if _is_object(whole) and is_list(found := whole.get(field)) else whole


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _piece(text: bytes, begin: int) -> tuple[list[object], int] | None:
    """The objects from `begin` to a comma, and where that is; None where no list goes on."""
    place = begin + _PIECE
    for _ in range(_TRIES):
        cut = _BETWEEN_OBJECTS.search(text, place)
        if cut is None:
            return None
        try:
            return from_json(b"".join((b"[", memoryview(text)[begin : cut.start(1)], b"]"))), cut.start(1)
        except ValueError:
            place = cut.end() + _STEP
    return None
