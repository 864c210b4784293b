"""Builds many models of one class column by column rather than one after the other.

A long transcript is two hundred thousand models. Pydantic gives each a dict with a table of names of its own, a set of
the names received, and a dict for unknown fields; that is most of the memory they take, and most of what a garbage
collection has to walk. Models made here share all three, so that they take no more memory than the dicts of
`json.loads`. Only what Pydantic would take over as it is becomes a model here.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from itertools import chain, islice, repeat
from typing import Any, TypeGuard

from pydantic import BaseModel

__all__ = ["Builder", "Each", "Usual", "is_list"]

Row = dict[str, Any]
"""An object of the wire, which is to be a model."""
Shape = tuple[object, ...]
"""The names of a row's fields, and then the types of their values."""
Column = Sequence[object]
"""The values that a field has in several rows."""

_AT_A_TIME = 1_000
"""Rows, few enough to stay in the processor's cache from the first step to the last."""
_ROOM_AT_FIRST = 30
"""The attributes that CPython leaves room for in a class's first instance; for one less in each that follows."""

_TO_CHANGE: frozenset[object] = frozenset({int, dict, list})
"""The types of usual values that are not what a model holds."""


class Each:
    """Says of a field that it is a list, and what each item is."""

    def __init__(self, item: type | Usual) -> None:
        self.item = item


class Usual:
    """What usual rows of a model look like.

    Args:
        model: The model, a `ReceivedModel` (which knows how to part with what its instances share). It has no
            validators and no aliases; each of its fields is required, or None when it is left out.
        fields: What a usual value of each field is: of a type that Pydantic takes over as it is, a usual row of
            another model, or a list of either. A whole number is usual for a float, and becomes one; None is usual for
            a field of a mere type that is not required.
    """

    def __init__(self, model: type[BaseModel], **fields: type | Usual | Each) -> None:
        self.model = model
        self.fields = fields
        self.blank = _blank(model.model_fields)
        self._required = {name for name, field in model.model_fields.items() if field.is_required()}

    def names(self, shape: Shape, *, unknown: bool) -> set[str]:
        """The names of the fields of a row of this shape, or an empty set if it is not usual.

        Args:
            shape: Names and types.
            unknown: Whether fields that the model does not know are usual.
        """
        size = len(shape) // 2
        types = {name: kind for name, kind in zip(shape[:size], shape[size:], strict=True) if type(name) is str}
        if (
            len(types) == size
            and self._required <= types.keys()
            and all(self._takes(name, kind) if name in self.blank else unknown for name, kind in types.items())
        ):
            return set(types)
        return set()

    def _takes(self, name: str, kind: object) -> bool:
        match self.fields.get(name):
            case Usual():
                return kind is dict
            case Each():
                return kind is list
            case usual:
                whole = usual is float and kind is int
                return whole or kind is usual or (kind is type(None) and name not in self._required)


class Builder:
    """Builds the models of usual rows, which share the sets of their fields' names, and a dict of no unknown fields.

    Args:
        usual: What usual rows look like.
        unknown: Whether fields that the models do not know are usual, and kept. Who calls Pydantic may say otherwise.
    """

    def __init__(self, usual: Usual, *, unknown: bool) -> None:
        self._usual = usual
        self._takes_unknown = unknown
        self._columns = {name: _column_of(kind, unknown) for name, kind in usual.fields.items()}
        self._names: dict[Shape, set[str]] = {}
        self._changed: set[str] = set()
        self._unknown: set[str] = set()
        self._no_extra: Row = {}

    def build(self, rows: Sequence[object]) -> list[object]:
        """Rows, with models in place of those that are usual in all their parts; the others are as they were."""
        built: list[object] = []
        for start in range(0, len(rows), _AT_A_TIME):
            some = rows[start : start + _AT_A_TIME]
            models = self.column(some)
            built += models if all(models) else map(_model_or_row, models, some)
        return built

    def column(self, rows: Sequence[object]) -> Column:
        """A model for each row, or None for one that is not usual."""
        if not _are_rows(rows):
            return [None] * len(rows)
        names = self._names_of(rows)
        fields, extra = self._divided(rows)
        for field in self._changed:
            places = [place for place, received in enumerate(names) if field in received]
            column = self._columns[field]([rows[place][field] for place in places])
            for place, value in zip(places, column, strict=True):
                fields[place][field] = value
                if value is None:
                    names[place] = set()
        models = [*map(object.__new__, repeat(self._usual.model, len(rows)))]
        _consume(map(_set_fields, models, fields))
        _consume(map(_set_names, models, names))
        _consume(map(_set_extra, models, extra))
        _consume(map(_set_private, models, repeat(None)))
        if not all(names):
            return [model if received else None for model, received in zip(models, names, strict=True)]
        return models

    def _divided(self, rows: Sequence[Row]) -> tuple[list[Row], Iterable[Row]]:
        """Every field of the model for each row, None where the row has none, and the row's unknown fields."""
        blank, unknown = self._usual.blank, self._unknown
        if not unknown:
            return [blank | row for row in rows], repeat(self._no_extra)
        known = [blank | {name: value for name, value in row.items() if name not in unknown} for row in rows]
        extra = [{name: value for name, value in row.items() if name in unknown} for row in rows]
        return known, [some or self._no_extra for some in extra]

    def _names_of(self, rows: Sequence[Row]) -> list[set[str]]:
        """The names of the fields of each row, or an empty set for one that is not usual."""
        sizes = [*map(len, rows)]
        if len({*sizes}) == 1:
            return self._names_of_a_size(rows)
        by_size = defaultdict[int, list[Row]](list)
        for size, row in zip(sizes, rows, strict=True):
            by_size[size].append(row)
        names = {size: iter(self._names_of_a_size(alike)) for size, alike in by_size.items()}
        return [next(names[size]) for size in sizes]

    def _names_of_a_size(self, rows: Sequence[Row]) -> list[set[str]]:
        """As `_names_of`, for one row or more with the same number of fields: such rows are likely to be alike."""
        first, size = _shape(rows[0]), len(rows[0])
        all_names = [*chain.from_iterable(rows)]
        all_types = [*map(type, chain.from_iterable(map(_values, rows)))]
        are_alike = all_names == [*first[:size]] * len(rows) and all_types == [*first[size:]] * len(rows)
        shapes = [first] if are_alike else [*map(_shape, rows)]
        for shape in {*shapes}.difference(self._names):
            self._names[shape] = self._usual.names(shape, unknown=self._takes_unknown)
            types = dict(zip(shape[:size], shape[size:], strict=True))
            self._unknown |= self._names[shape] - self._usual.blank.keys()
            self._changed |= {name for name in self._names[shape] - self._unknown if types[name] in _TO_CHANGE}
        names = [*map(self._names.__getitem__, shapes)]
        return names * len(rows) if are_alike else names


def _column_of(kind: type | Usual | Each, unknown: bool) -> Callable[[Sequence[Any]], Column]:
    """What makes the values of a field from those of the wire: None for what is not usual."""
    if isinstance(kind, Usual):
        return Builder(kind, unknown=unknown).column
    if isinstance(kind, Each):
        return partial(_lists, _column_of(kind.item, unknown))
    return _floats if kind is float else partial(_of_type, kind)


def _floats(values: Sequence[object]) -> Column:
    try:
        return [float(value) if type(value) is int else value for value in values]
    except OverflowError:
        return [None] * len(values)


def _of_type(kind: type, values: Sequence[object]) -> Column:
    return [value if type(value) is kind else None for value in values]


def _lists(column_of: Callable[[Sequence[object]], Column], lists: Sequence[Sequence[object]]) -> Column:
    """Lists of what is made from the items of lists; None for one that has an item that is not usual."""
    parts = column_of([*chain.from_iterable(lists)])
    rest = iter(parts)
    are_single = {*map(len, lists)} == {1}
    made = [[part] for part in parts] if are_single else [[*islice(rest, len(items))] for items in lists]
    if type(None) not in {*map(type, parts)}:
        return made
    return [None if any(part is None for part in items) else items for items in made]


def _model_or_row(model: object, row: object) -> object:
    return row if model is None else model


def _shape(row: Row) -> Shape:
    return (*row, *map(type, row.values()))


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether a value is a list, and of no other type that is one."""
    return type(value) is list


def _are_rows(values: Sequence[object]) -> TypeGuard[Sequence[Row]]:
    return {*map(type, values)} <= {dict}


def _blank(names: Collection[str]) -> Row:
    """A dict with None for each name, copies of which share its table of names.

    It is the `__dict__` of an instance (PEP 412). A class's first instances have room for more attributes, and so would
    the copies.
    """

    class Instance:
        def __init__(self) -> None:
            for name in names:
                setattr(self, name, None)

    return vars([Instance() for _ in range(_ROOM_AT_FIRST)][-1])


def _setter(name: str) -> Callable[[BaseModel, object], None]:
    """What sets one of the attributes that Pydantic keeps a model in."""
    setter: Callable[[BaseModel, object], None] = BaseModel.__dict__[name].__set__
    return setter


_set_fields = _setter("__dict__")
_set_names = _setter("__pydantic_fields_set__")
_set_extra = _setter("__pydantic_extra__")
_set_private = _setter("__pydantic_private__")
_values: Callable[[Row], Iterable[object]] = dict[str, object].values
_consume: Callable[[Iterable[object]], None] = deque[object](maxlen=0).extend
