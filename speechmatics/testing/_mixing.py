"""Mixes into the wire's JSON what this package does not know, as a newer service would."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from typing_extensions import TypeIs

from speechmatics.testing._wire_values import JSON_VALUES, Json

__all__ = ["with_unknown"]

_Change = Callable[[DrawFn], None]

_VOCABULARIES = frozenset(
    {
        "attaches_to",
        "content_type",
        "contents",
        "diarization",
        "direction",
        "domain",
        "entity_class",
        "error",
        "low_confidence_action",
        "max_delay_mode",
        "model",
        "operating_point",
        "sentiment",
        "status",
        "summary_length",
        "summary_type",
        "tags",
        "type",
        "types",
        "writing_direction",
    }
)
"""The fields whose values the API may add to."""

_NULLABLE = frozenset(
    {
        "additional_vocab",
        "channel",
        "config",
        "confidence",
        "created_at",
        "display",
        "duration",
        "end_time",
        "errors",
        "job",
        "language_pack_info",
        "metadata",
        "notification_config",
        "output_config",
        "sentiment_analysis",
        "speaker",
        "summary",
        "tags",
        "tracking",
        "translations",
        "volume",
        "word_delimiter",
    }
)
"""The fields that servers leave empty with `null`; nothing that a program cannot do without."""

_MAPS = (
    "tracking.details",
    "translations",
    "topics.summary.overall",
    "audio_event_summary.overall",
    "audio_event_summary.channels",
    "audio_event_summary.channels.*",
    "per_language_word_delimiters",
    "per_language_writing_direction",
)
"""Where an object's keys are data, so that there is no such thing as an unknown field."""

_NEW_NAMES = st.sampled_from(["copy", "schema", "model_fields", "self", "extra field", "é"]) | st.text(max_size=5).map(
    "x-{}".format
)
_UNKNOWN = JSON_VALUES.filter(lambda value: value is not None)
"""A field that is None is never sent, so one cannot come back."""
_NEW_VALUES = st.text(max_size=5).map("x-{}".format)


@st.composite
def with_unknown(draw: DrawFn, wire: SearchStrategy[Json], *, received: bool) -> Json:
    """Adds unknown fields and values to an object, and where it is `received` also nulls and unknown results."""
    data = copy.deepcopy(draw(wire))
    changes = list(_changes(data, "", received=received))
    for position in draw(st.lists(st.integers(0, len(changes) - 1), min_size=1, max_size=6, unique=True)):
        changes[position](draw)
    return data


def _is_object(value: object) -> TypeIs[Json]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeIs[list[Any]]:
    return isinstance(value, list)


def _changes(node: Json, path: str, *, received: bool) -> Iterator[_Change]:
    """All that could be changed in an object and below it."""
    if path.endswith("tracking.details"):
        return
    if inside_map := path.endswith(_MAPS):
        fields: Json = {}
    else:
        fields = node
        yield partial(_add_field, node)
    for name, value in fields.items():
        if received and (name in _NULLABLE or value is None):
            yield partial(_replace, node, name, st.none())
        if name in _VOCABULARIES and not (name == "diarization" and "channel_diarization_labels" in node):
            yield from _new_words(node, name)
        if received and name == "results" and _is_list(value):
            yield partial(_insert_result, value)
    for name, value in node.items():
        place = f"{path}.{'*' if inside_map else name}"
        for item in value if _is_list(value) else [value]:
            if _is_object(item):
                yield from _changes(item, place, received=received)


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
