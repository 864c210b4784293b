"""Builds the models that nearly all results are, faster and smaller than Pydantic does.

A long transcript is two hundred thousand models. Pydantic gives each a dict with a table of names of its own, a set of
the names received, and a dict for unknown fields; that is most of the memory they take, and most of what a garbage
collection has to walk. Models made here share all three, so that they take no more memory than the dicts of
`json.loads`. Only what Pydantic would take over as it is becomes a model here.

As `dataclasses` does, it writes functions and compiles them: one for each model and set of fields, which goes through
rows that have these fields, looks at the types of their values, and makes the models.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from types import new_class
from typing import Any, TypeAlias, TypeGuard

from pydantic import BaseModel

__all__ = ["Builder", "Each", "Usual", "is_list"]

Row: TypeAlias = dict[str, Any]
"""An object of the wire, which is to be a model."""
Column: TypeAlias = Sequence[object]
"""The values that a field has in several rows."""
Make: TypeAlias = Callable[..., list[object]]
"""Takes rows, what the columns of their parts have become, and what their models share; gives a model for each row, or
None for one that is not usual. Raises a KeyError if one has not the fields it should have."""

_AT_A_TIME = 1_000
"""Rows, few enough to stay in the processor's cache from the first step to the last."""
_ROOM_AT_FIRST = 30
"""The attributes that CPython leaves room for in a class's first instance; for one less in each that follows."""
_BY_ATTRIBUTES = sys.version_info < (3, 13)
"""Whether the fields of a model are set one by one, which is faster. From CPython 3.13 on the dict that this makes has
room for 30 of them, so there a model is given the copy of a dict that fits."""

_UNUSUAL = object()


class Each:
    """Says of a field that it is a list, and what each item is."""

    def __init__(self, item: type | Usual) -> None:
        self.item = item


class Usual:
    """What usual rows of a model look like.

    Args:
        model: The model, a `ReceivedModel` (which knows how to part with what its instances share). It has no
            validators and no aliases; each of its fields is required, or None when it is left out.
        fields: What a usual value of each field is: of a builtin type that Pydantic takes over as it is, a usual row of
            another model, or a list of either. A whole number is usual for a float, and becomes one; None is usual for
            a field of a mere type that is not required.
    """

    def __init__(self, model: type[BaseModel], **fields: type | Usual | Each) -> None:
        self.model = model
        self.fields = fields
        self.types = {name: kind for name, kind in fields.items() if isinstance(kind, type)}
        self.parts = {name: kind for name, kind in fields.items() if not isinstance(kind, type)}
        self.by_attributes = _BY_ATTRIBUTES
        self.required = {name for name, field in model.model_fields.items() if field.is_required()}
        self._blank = _blank(model)
        self._makers: dict[frozenset[str], Make] = {}

    def maker(self, names: frozenset[str]) -> Make:
        """The function for rows with these fields, and perhaps unknown ones."""
        if names not in self._makers:
            used: dict[str, Any] = {
                "Model": self.model,
                "Blank": self._blank,
                "none": None if self.by_attributes else _none(self.model.model_fields),
                "chosen": _chosen,
                "UNUSUAL": _UNUSUAL,
                **{
                    f"converted_{name}": partial(_converted, kind, name not in self.required)
                    for name, kind in self.types.items()
                },
            }
            exec(_source(self, names), used)
            self._makers[names] = used["make"]
        return self._makers[names]


class Builder:
    """Builds the models of usual rows, which share the sets of their fields' names, and a dict of no unknown fields.

    Args:
        usual: What usual rows look like.
        no_extra: What a model without unknown fields has for them: a dict, or None where they are not kept. Only where
            they are kept are they usual.
    """

    def __init__(self, usual: Usual, no_extra: Row | None) -> None:
        self._usual = usual
        self._no_extra = no_extra
        self._columns = {name: _column_of(kind, no_extra) for name, kind in usual.parts.items()}
        self._makers: dict[tuple[object, ...], Make] = {}

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
        return _apart(rows, len, self._of_a_size) if rows and _are_rows(rows) else [None] * len(rows)

    def _of_a_size(self, rows: Sequence[Row]) -> Column:
        """The same for rows with the same number of fields, which are likely to be the same fields."""
        if rows[0].keys() == rows[-1].keys():
            try:
                return self._of_names(rows)
            except KeyError:
                pass
        return _apart(rows, tuple, self._of_names)

    def _of_names(self, rows: Sequence[Row]) -> Column:
        """The same for rows with the same fields; raises a KeyError if they are not."""
        names = tuple(rows[0])
        if names not in self._makers:
            self._makers[names] = self._maker(names)
        columns = [column([row[name] for row in rows]) for name, column in self._columns.items() if name in names]
        return self._makers[names](rows, *columns)

    def _maker(self, names: tuple[object, ...]) -> Make:
        usual = self._usual
        known = frozenset(name for name in usual.fields if name in names)
        unknown = {name: name for name in names if name not in known}
        are_names = {*map(type, names)} <= {str}
        if not are_names or not usual.required <= known or (unknown and self._no_extra is None):
            return partial(_make_none, names)
        return partial(usual.maker(known), received={*known, *unknown}, unknown=unknown, no_extra=self._no_extra)


def _make_none(names: tuple[object, ...], rows: Sequence[Row], *_: Column) -> list[object]:
    if any(tuple(row) != names for row in rows):
        raise KeyError
    return [None] * len(rows)


def _apart(
    rows: Sequence[Row], kind_of: Callable[[Row], Hashable], column_of: Callable[[Sequence[Row]], Column]
) -> Column:
    """The column of rows, of which those of one kind are made together."""
    kinds = [*map(kind_of, rows)]
    if kinds.count(kinds[0]) == len(kinds):
        return column_of(rows)
    alike = defaultdict[Hashable, list[Row]](list)
    for kind, row in zip(kinds, rows, strict=True):
        alike[kind].append(row)
    columns: dict[Hashable, Iterator[object]] = {kind: iter(column_of(some)) for kind, some in alike.items()}
    return [next(columns[kind]) for kind in kinds]


def _column_of(kind: type | Usual | Each, no_extra: Row | None) -> Callable[[Sequence[object]], Column]:
    """What makes the values of a field from those of the wire: None for what is not usual."""
    if isinstance(kind, Usual):
        return Builder(kind, no_extra).column
    if isinstance(kind, Each):
        return partial(_lists, _column_of(kind.item, no_extra))
    return partial(_of_type, kind)


def _of_type(kind: type, values: Sequence[object]) -> Column:
    return [value if type(value) is kind else None for value in values]


def _lists(column_of: Callable[[Sequence[object]], Column], values: Sequence[object]) -> Column:
    """Lists of what is made from the items of lists; None for one that has an item that is not usual."""
    if not _are_lists(values):
        made = iter(_lists(column_of, [value for value in values if is_list(value)]))
        return [next(made) if is_list(value) else None for value in values]
    singles = [value[0] for value in values if len(value) == 1]
    if len(singles) == len(values):
        return [None if part is None else [part] for part in column_of(singles)]
    parts = iter(column_of([*chain.from_iterable(values)]))
    lists = [[*islice(parts, len(value))] for value in values]
    return [None if any(part is None for part in some) else some for some in lists]


def _model_or_row(model: object, row: object) -> object:
    return row if model is None else model


def _source(usual: Usual, names: frozenset[str]) -> str:
    """A function `make` for rows with these fields.

    For the fields `label` and `forms` of a model that has a `gain` as well, and by attributes, it is in other lines:

        def make(rows, all_forms, *, received, unknown, no_extra):
            models = []
            add = models.append
            for row, its_forms in zip(rows, all_forms):
                its_label = row['label']
                extra = chosen(row, unknown) if unknown else no_extra
                if its_forms is None:
                    add(None); continue
                if type(its_label) is not str and (its_label := converted_label(its_label)) is UNUSUAL:
                    add(None); continue
                model = Blank()
                model.label = its_label
                model.forms = its_forms
                model.gain = None
                model.__pydantic_fields_set__ = received
                model.__pydantic_extra__ = extra
                model.__pydantic_private__ = None
                model.__class__ = Model
                add(model)
            return models
    """
    types = {name: kind.__name__ for name, kind in usual.types.items() if name in names}
    parts = [name for name in usual.parts if name in names]
    row = ", ".join(["row", *(f"its_{name}" for name in parts)])
    rows = ", ".join(["rows", *(f"all_{name}" for name in parts)])
    if usual.by_attributes:
        fields = [f"model.{name} = {f'its_{name}' if name in names else None}" for name in usual.model.model_fields]
    else:
        fields = [f"fields[{name!r}] = its_{name}" for name in [*types, *parts]]
        fields = ["fields = none.copy()", *fields, "model.__dict__ = fields"]
    lines = [
        *(f"its_{name} = row[{name!r}]" for name in types),
        "extra = chosen(row, unknown) if unknown else no_extra",
        *(f"if its_{name} is None: add(None); continue" for name in parts),
        *(
            f"if type(its_{name}) is not {kind} and (its_{name} := converted_{name}(its_{name})) is UNUSUAL:"
            " add(None); continue"
            for name, kind in types.items()
        ),
        "model = Blank()",
        *fields,
        "model.__pydantic_fields_set__ = received",
        "model.__pydantic_extra__ = extra",
        "model.__pydantic_private__ = None",
        "model.__class__ = Model",
        "add(model)",
    ]
    head = f"def make({rows}, *, received, unknown, no_extra):"
    loop = f"for {row} in {f'zip({rows})' if parts else rows}:"
    return "\n ".join(
        [head, "models = []", "add = models.append", loop, *(f" {line}" for line in lines), "return models"]
    )


def _chosen(row: Row, names: dict[str, str]) -> Row:
    """The fields of these names, in the order of the row; a name of a subtype of `str` becomes the one given for it.

    Raises:
        KeyError: The row has not all of them.
    """
    chosen = {names[name]: value for name, value in row.items() if name in names}
    if len(chosen) < len(names):
        raise KeyError
    return chosen


def _converted(kind: type, is_optional: bool, value: object) -> object:
    """What a value becomes that is not of the usual type."""
    if value is None and is_optional:
        return value
    if kind is float and type(value) is int:
        try:
            return float(value)
        except OverflowError:
            pass
    return _UNUSUAL


def _blank(model: type[BaseModel]) -> type:
    """A class of blank models, which are mere objects until they are given their own class."""
    plain = {name: getattr(object, name) for name in ("__init__", "__setattr__", "__delattr__")}
    namespace = {**plain, "__module__": __name__, "__doc__": _blank.__doc__}
    return new_class(f"_Blank{model.__name__}", (model,), exec_body=lambda body: body.update(namespace))


def _none(names: Iterable[str]) -> Row:
    """A dict with None for each name, copies of which share its table of names: an instance's `__dict__` (PEP 412)."""

    class Instance:
        def __init__(self) -> None:
            for name in names:
                setattr(self, name, None)

    return vars([Instance() for _ in range(_ROOM_AT_FIRST)][-1])


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether a value is a list, and of no other type that is one."""
    return type(value) is list


def _are_rows(values: Sequence[object]) -> TypeGuard[Sequence[Row]]:
    return {*map(type, values)} <= {dict}


def _are_lists(values: Sequence[object]) -> TypeGuard[Sequence[list[object]]]:
    return {*map(type, values)} <= {list}
