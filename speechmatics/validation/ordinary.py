"""Finds the results of a transcript that are as documented, all in a moment, so that only the others are looked into.

Nearly every result is: a word or a mark with its times and an alternative or two. A strict schema of Pydantic's core,
made of the same shapes that are checked elsewhere, tells them many times as fast as code of Python. It may reject what
is right, which is then looked into as well, but it accepts nothing of which there is anything to say.
"""

from __future__ import annotations

from functools import cache
from typing import TypeGuard

from pydantic import BaseModel
from pydantic_core import CoreSchema, SchemaValidator, ValidationError, core_schema

from speechmatics.models import RecognitionResult
from speechmatics.validation.report import Ordinary
from speechmatics.validation.shapes import Shape, fields_of
from speechmatics.validation.source import MAX_VALUES

__all__ = ["find_ordinary"]

_AT_ONCE = 100
"""Results that are checked in one go; where one of them is not ordinary, each is checked by itself."""
_LONGEST_LIST = 3
"""Alternatives of an ordinary result or form, and tags of an alternative, at most."""
_MOST_FORMS = 30
"""Words of the written or the spoken form of an ordinary entity, at most."""
_FORMS = ("written_form", "spoken_form")
_VALUES_IN_RESULT, _VALUES_IN_FORM = 60, 40
"""More than any ordinary one can have; forms are counted by themselves."""
_LONGEST_TEXT = 1_000_000
"""Characters; a text has to be read to be counted, and so one with half a surrogate pair is noticed."""
_LATEST = 1e9
"""Seconds: a number beyond may be one that no float holds."""
_HIGHEST = {"confidence": 1, "volume": 100}


def find_ordinary(data: object, *, is_json: bool) -> list[Ordinary | None]:
    """The results of a transcript in their order, with None for each that has to be looked into.

    Args:
        data: What should be a transcript.
        is_json: Whether it was read from JSON. Otherwise it may hold anything, and what is found is a copy of
            it of the exact built-in types.

    Returns:
        As many as there are results, or none if there is no list of results.
    """
    results = _results_in(data)
    find = _among_json if is_json else _among_python
    found: list[Ordinary | None] = []
    values = len(results) * _VALUES_IN_RESULT
    for start in range(0, len(results), _AT_ONCE):
        # References can make a small object stand for an endless one; whoever looks into it counts as well.
        if values > MAX_VALUES and not is_json:
            return [None] * len(results)
        chunk = results[start : start + _AT_ONCE]
        together: list[Ordinary | None] = [*find(chunk)]
        found.extend(together or [next(iter(find([item])), None) for item in chunk])
        values += _VALUES_IN_FORM * sum(len(item.get(name) or ()) for item in found[start:] if item for name in _FORMS)
    return found


def _results_in(data: object) -> list[object]:
    if not _is_object(data):
        return []
    results = data.get("results")
    return results if _is_list(results) else []


def _among_json(results: list[object]) -> list[Ordinary]:
    return results if _are_ordinary(results) else []


def _among_python(results: list[object]) -> list[Ordinary]:
    try:
        copied: list[Ordinary] = _validator().validate_python(results)
    except ValidationError:
        return []
    return copied


def _are_ordinary(results: list[object]) -> TypeGuard[list[Ordinary]]:
    return _validator().isinstance_python(results)


def _is_object(data: object) -> TypeGuard[dict[object, object]]:
    return type(data) is dict


def _is_list(data: object) -> TypeGuard[list[object]]:
    return type(data) is list


@cache
def _validator() -> SchemaValidator:
    return SchemaValidator(core_schema.list_schema(_of_model(RecognitionResult), strict=True, fail_fast=True))


def _of_model(model: type[BaseModel]) -> CoreSchema:
    fields = fields_of(model)
    needed = fields.required | fields.documented
    schemas = {name: _of_shape(shape, name) for name, shape in fields.shapes.items()}
    return core_schema.typed_dict_schema(
        {
            name: core_schema.typed_dict_field(schema, required=name in needed)
            for name, schema in schemas.items()
            if schema is not None
        },
        extra_behavior="forbid",
        strict=True,
    )


def _of_shape(shape: Shape, name: str) -> CoreSchema | None:
    """The schema of a field; None if nothing in it is ordinary."""
    schema: CoreSchema | None = None
    if shape.vocabulary:
        schema = core_schema.literal_schema([*shape.vocabulary])
    elif str in shape.scalars:
        schema = core_schema.str_schema(strict=True, max_length=_LONGEST_TEXT)
    elif bool in shape.scalars:
        schema = core_schema.bool_schema(strict=True)
    elif float in shape.scalars:
        highest = _HIGHEST.get(name, _LATEST)
        schema = core_schema.union_schema(  # so that a whole number is copied as one
            [
                core_schema.float_schema(strict=True, allow_inf_nan=False, ge=0, le=highest),
                core_schema.int_schema(strict=True, ge=0, le=int(highest)),
            ]
        )
    elif shape.model:
        schema = _of_model(shape.model)
    elif shape.items:
        items = _of_shape(shape.items, name)
        longest = _MOST_FORMS if name in _FORMS else _LONGEST_LIST
        schema = items and core_schema.list_schema(items, strict=True, max_length=longest)
    return core_schema.nullable_schema(schema) if schema and type(None) in shape.scalars else schema
