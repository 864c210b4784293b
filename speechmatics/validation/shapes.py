"""The models as shapes of JSON: checks types, required fields, and fields and values that are not known.

The shapes are derived from the models, so that there is one description of the API. Building the models themselves
would accept what is not on the wire (text for a number, say), stop at the first surprise, and fill the memory with
objects that nobody reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError
from typing_extensions import TypeIs

from speechmatics._names import did_you_mean
from speechmatics._secrets import problems_of
from speechmatics._urls import bare_url, is_url
from speechmatics.models._markers import knowledge_of
from speechmatics.validation.report import Findings, Path, ProblemCode
from speechmatics.validation.source import Json

__all__ = ["Fields", "Shape", "check_shape", "fields_of"]

_NAMES = {str: "a string", bool: "true or false", int: "a whole number", float: "a number", NoneType: "null"}


@dataclass(frozen=True, slots=True)
class Shape:
    """What JSON may stand at a place; a union is one shape with several of these."""

    scalars: frozenset[type] = frozenset()
    """Accepted as they are."""
    vocabulary: frozenset[str] | None = None
    """The strings that are documented."""
    text: TypeAdapter[Any] | None = None
    """Tells whether a string has the right form."""
    model: type[BaseModel] | None = None
    """An object with the fields of this model."""
    items: Shape | None = None
    """A list of these."""
    entries: Shape | None = None
    """An object whose values are these."""
    one_or_many: bool = False
    """A single item may stand for a list of one."""
    from_text: bool = False
    """A string may stand for an object of the model."""
    anything: bool = False
    """Any JSON at all."""

    def __str__(self) -> str:
        names = [name for kind, name in _NAMES.items() if kind in self.scalars and kind is not NoneType]
        if int in self.scalars and float in self.scalars:
            names.remove(_NAMES[int])
        if self.text:
            names.append("a string")
        if self.items:
            names.append("a list")
        if self.model or self.entries:
            names.append("an object")
        return " or ".join(names)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a model by their names on the wire."""

    shapes: dict[str, Shape]
    required: frozenset[str]
    documented: frozenset[str]


def check_shape(model: type[BaseModel], data: Json, findings: Findings, path: Path = ()) -> None:
    """Checks that `data` is an object as `model` describes it."""
    _check(Shape(model=model), data, path, findings)


def _check(shape: Shape, value: Json, path: Path, findings: Findings) -> None:
    if isinstance(value, dict) and shape.model:
        _check_fields(shape.model, value, path, findings)
    elif isinstance(value, dict) and shape.entries:
        for name, item in () if shape.entries.anything else value.items():
            _check(shape.entries, item, (*path, name), findings)
    elif isinstance(value, list) and shape.items:
        ordinary = findings.ordinary if path == ("results",) else ()
        for index, item in enumerate(value):
            if not (ordinary and ordinary[index]):
                _check(shape.items, item, (*path, index), findings)
    elif isinstance(value, str) and str in shape.scalars:
        if shape.vocabulary and value not in shape.vocabulary:
            known = sorted(shape.vocabulary)
            hint = did_you_mean(value.lower(), tuple(known))
            message = f"{_shown(value)} is not a known value; known are {', '.join(known)}{hint}"
            findings.add(path, ProblemCode.UNKNOWN_VALUE, message)
    elif isinstance(value, str) and shape.from_text:
        pass
    elif isinstance(value, str) and shape.text:
        _check_text(shape.text, value, path, findings)
    elif shape.items and shape.one_or_many and value is not None:
        _check(shape.items, value, path, findings)
    elif not (shape.anything or type(value) in shape.scalars or _is_whole(value, shape)):
        findings.add_new(path, ProblemCode.WRONG_TYPE, f"must be {shape}, not {_kind(value)}")


def _check_fields(model: type[BaseModel], data: dict[str, Json], path: Path, findings: Findings) -> None:
    fields = fields_of(model)
    for name, value in data.items():
        shape = fields.shapes.get(name)
        if shape is None:
            message = f"not a known field of {model.__name__}{did_you_mean(name, tuple(fields.shapes))}"
            findings.add((*path, name), ProblemCode.UNKNOWN_FIELD, message)
        elif shape.vocabulary or type(value) not in shape.scalars:
            _check(shape, value, (*path, name), findings)
    # What a transcript says of its configuration is read whatever it lacks.
    code = ProblemCode.UNDOCUMENTED_OMISSION if path[:1] == ("metadata",) else ProblemCode.MISSING_FIELD
    for missing in sorted(fields.required - data.keys()):
        findings.add_new((*path, missing), code, f"{model.__name__} needs this field")
    for missing in sorted(fields.documented - data.keys()):
        message = f"the API documents this field as a part of every {model.__name__}"
        findings.add_new((*path, missing), ProblemCode.UNDOCUMENTED_OMISSION, message)


def _check_text(form: TypeAdapter[Any], value: str, path: Path, findings: Findings) -> None:
    try:
        form.validate_python(value)
    except ValidationError as error:
        findings.add(path, ProblemCode.INVALID_VALUE, problems_of(error)[0].message)


def _is_whole(value: Json, shape: Shape) -> bool:
    """Whether a number without a fraction stands where a whole number is wanted: JSON does not tell 2.0 from 2."""
    return isinstance(value, float) and int in shape.scalars and value.is_integer()


def _shown(text: str) -> str:
    text = bare_url(text) if is_url(text) else text  # one that is signed may stand in the wrong field
    return repr(text if len(text) <= 40 else text[:40] + "…")


def _kind(value: Json) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else _NAMES[type(value)]


@cache
def fields_of(model: type[BaseModel]) -> Fields:
    """The fields of a model, with their shapes and which of them should be there."""
    shapes: dict[str, Shape] = {}
    required: set[str] = set()
    documented: set[str] = set()
    for attribute, field in model.model_fields.items():
        name = field.alias or attribute
        shapes[name] = _shape_of(field.annotation, _is_rewritten(field.metadata))
        knowledge = knowledge_of(field)
        if knowledge.required:
            required.add(name)
        if knowledge.documented:
            documented.add(name)
    return Fields(shapes, frozenset(required), frozenset(documented))


def _shape_of(annotation: Any, rewritten: bool = False) -> Shape:
    """The shape of a type; where a validator may rewrite the value first, it alone knows the vocabulary."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape_of(arguments[0], rewritten or _is_rewritten(arguments[1:]))
    if origin in (Union, UnionType):
        return _union([_shape_of(member, rewritten) for member in arguments])
    if origin is list:
        return Shape(items=_shape_of(arguments[0]), one_or_many=rewritten)
    if origin is dict:
        return Shape(entries=_shape_of(arguments[1]))
    if origin is Literal:
        return Shape(scalars=frozenset({str}), vocabulary=None if rewritten else frozenset(arguments))
    if annotation is Any or annotation is object:
        return Shape(anything=True)
    if annotation is float:
        return Shape(scalars=frozenset({int, float}))
    if annotation in _NAMES:
        return Shape(scalars=frozenset({annotation}))
    if _is_model(annotation):
        return Shape(model=annotation, from_text=rewritten)
    return Shape(text=TypeAdapter(annotation))


def _is_rewritten(metadata: Iterable[object]) -> bool:
    return any(isinstance(item, BeforeValidator) for item in metadata)


def _is_model(annotation: object) -> TypeIs[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _union(members: list[Shape]) -> Shape:
    merged = Shape()
    for member in members:
        merged = Shape(
            scalars=merged.scalars | member.scalars,
            vocabulary=merged.vocabulary or member.vocabulary,
            text=merged.text or member.text,
            model=merged.model or member.model,
            items=merged.items or member.items,
            entries=merged.entries or member.entries,
            one_or_many=merged.one_or_many or member.one_or_many,
            from_text=merged.from_text or member.from_text,
            anything=merged.anything or member.anything,
        )
    return merged
