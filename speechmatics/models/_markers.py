"""What is known of a field, on the field: vocabularies that may grow, ranges of numbers, what the API promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import (
    BaseModel,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import (
    CoreSchema,
    PydanticCustomError,
    PydanticKnownError,
    core_schema,
)

from speechmatics._names import did_you_mean
from speechmatics.models._leniency import (
    is_received,
    report_unknown,
)

__all__ = ["DOCUMENTED", "Knowledge", "KnownValues", "OpenText", "OpenValues", "Within", "knowledge_of"]


class _Vocabulary:
    """Marks `Literal[...] | str`: any string is accepted; one outside the literal may be reported as unknown."""

    def __init__(self, *, reported: bool) -> None:
        self.reported = reported

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        known = tuple(value for part in get_args(source) for value in get_args(part))
        text = Annotated[str, WithJsonSchema({"type": "string", "examples": list(known)})]
        schema = handler.generate_schema(text)
        if not self.reported:
            return schema

        def check(value: str, info: core_schema.ValidationInfo) -> str:
            if value not in known:
                hint = did_you_mean(value.lower(), known)
                message = f"{info.field_name}: {value!r} is not a known value; known are {', '.join(known)}{hint}"
                report_unknown("unknown_value", message)
            return value

        return core_schema.with_info_after_validator_function(check, schema)


_TextT = TypeVar("_TextT", bound=str)
KnownValues = Annotated[_TextT | str, _Vocabulary(reported=True)]
"""A vocabulary of what we send that may grow: `KnownValues[Literal["a", "b"]]`; an unknown value is reported."""
OpenValues = Annotated[_TextT | str, _Vocabulary(reported=False)]
"""A vocabulary of what we receive: the literal documents it, any string is accepted at the cost of a plain string."""


class _Marker:
    """A mark that changes nothing of how a field is read."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


DOCUMENTED = _Marker("DOCUMENTED")
"""Marks a field that the specification calls required, and that the model can do without."""
_OPEN = _Marker("OPEN")
OpenText = Annotated[str, _OPEN]
"""Text of a vocabulary that the specification does not list."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of a field.

    Attributes:
        required: Whether nothing can be done without it.
        documented: Whether the specification promises it, and the model can do without.
        nullable: Whether it may be null.
        open: Whether the API may add to its values.
        is_map: Whether it is an object whose keys are data.
        model: The model of what it holds, of the items or the values where it is a list or a map.
    """

    required: bool
    documented: bool
    nullable: bool
    open: bool
    is_map: bool
    model: type[BaseModel] | None


def knowledge_of(field: FieldInfo) -> Knowledge:
    """What the annotation of a field says of it."""
    parts = list(_parts(field.annotation))
    marks = [*field.metadata, *parts]
    return Knowledge(
        required=field.is_required(),
        documented=DOCUMENTED in marks,
        nullable=type(None) in parts,
        open=_OPEN in marks or any(isinstance(mark, _Vocabulary) for mark in marks),
        is_map=any(get_origin(part) is dict for part in parts),
        model=next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None),
    )


def _parts(annotation: Any) -> Iterator[Any]:
    """An annotation, and all that it is made of."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


class Within:
    """Marks a number of a configuration that must lie within `low` and `high`, both included."""

    def __init__(self, low: float, high: float | None = None) -> None:
        self.low = low
        self.high = high

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        json_schema = handler(schema)
        json_schema["minimum"] = self.low
        if self.high is not None:
            json_schema["maximum"] = self.high
        return json_schema

    def _check(self, given: object, handler: Callable[[object], float]) -> float:
        value = handler(given)
        if is_received():
            if value != given:  # a whole number too large for a float to hold its digits
                raise PydanticKnownError("float_type")
        elif not (self.low <= value and (self.high is None or value <= self.high)):
            expected = f"at least {self.low}" if self.high is None else f"from {self.low} to {self.high}"
            raise PydanticCustomError(
                "out_of_range", "must be {expected}, not {value}", {"expected": expected, "value": value}
            )
        return value
