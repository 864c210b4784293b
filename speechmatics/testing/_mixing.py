"""Mixes into the wire's JSON what this package does not know, as a newer service would."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from pydantic import BaseModel
from typing_extensions import TypeIs

from speechmatics.models._markers import knowledge_of
from speechmatics.testing._wire_values import JSON_VALUES, Json

__all__ = ["with_unknown"]

_Change = Callable[[DrawFn], None]

_NEW_NAMES = st.sampled_from(["copy", "schema", "model_fields", "self", "extra field", "é"]) | st.text(max_size=5).map(
    "x-{}".format
)
_UNKNOWN = JSON_VALUES.filter(lambda value: value is not None)
"""A field that is None is never sent, so one cannot come back."""
_NEW_VALUES = st.text(max_size=5).map("x-{}".format)


@st.composite
def with_unknown(draw: DrawFn, wire: SearchStrategy[Json], model: type[BaseModel], *, received: bool) -> Json:
    """Adds unknown fields and values to an object, and where it is `received` also nulls and unknown results.

    What may be unknown or null in a field, its model says.
    """
    data = copy.deepcopy(draw(wire))
    changes = list(_changes(data, model, received=received))
    for position in draw(st.lists(st.integers(0, len(changes) - 1), min_size=1, max_size=6, unique=True)):
        changes[position](draw)
    return data


def _is_object(value: object) -> TypeIs[Json]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeIs[list[Any]]:
    return isinstance(value, list)


def _changes(node: Json, model: type[BaseModel], *, received: bool) -> Iterator[_Change]:
    """All that could be changed in an object and below it."""
    yield partial(_add_field, node)
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    for name, value in node.items():
        knowledge = knowledge_of(fields[name])
        if received and knowledge.nullable:
            yield partial(_replace, node, name, st.none())
        if knowledge.open and not (name == "diarization" and "channel_diarization_labels" in node):
            yield from _new_words(node, name)
        if received and name == "results" and _is_list(value):
            yield partial(_insert_result, value)
        if knowledge.model is not None:
            for part in _objects_in(value, knowledge.is_map):
                yield from _changes(part, knowledge.model, received=received)


def _objects_in(value: object, is_map: bool) -> Iterator[Json]:
    """The objects that a field holds: one, those of a list, or the values of a map, whose keys are data."""
    if is_map and _is_object(value):
        for part in value.values():
            yield from _objects_in(part, _is_map(part))
    elif _is_object(value):
        yield value
    elif _is_list(value):
        for part in value:
            yield from _objects_in(part, False)


def _is_map(value: object) -> bool:
    """Whether all that an object holds are objects, as in a map of maps."""
    return _is_object(value) and all(map(_is_object, value.values()))


def _new_words(node: Json, name: str) -> Iterator[_Change]:
    value = node[name]
    if isinstance(value, str):
        yield partial(_replace, node, name, _NEW_VALUES)
    elif _is_list(value):
        yield from (partial(_replace, value, position, _NEW_VALUES) for position in range(len(value)))


def _add_field(node: Json, draw: DrawFn) -> None:
    node[draw(_NEW_NAMES)] = draw(_UNKNOWN)


def _replace(node: Any, place: str | int, values: SearchStrategy[Any], draw: DrawFn) -> None:
    node[place] = draw(values)


def _insert_result(results: list[Json], draw: DrawFn) -> None:
    position = draw(st.integers(0, len(results)))
    time = results[position - 1].get("end_time", 0.0) if position else 0.0
    unknown = {"type": draw(_NEW_VALUES), "start_time": time, "end_time": time, "x-data": draw(_UNKNOWN)}
    results.insert(position, unknown)
