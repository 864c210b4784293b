"""Keeps a part of what was received as it came where it does not fit its type, so that the rest can be typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar, get_args

from pydantic import (
    BaseModel,
    GetCoreSchemaHandler,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypeIs

from speechmatics._descriptions import DescribedModel, building
from speechmatics._secrets import problems_of

__all__ = ["DumpsOnce", "KeepsUnfit", "is_list", "is_object", "keep_as_it_came", "without_keeping"]

_OF_TYPES = {*get_args(core_schema.ErrorType)} - {"value_error", "assertion_error"}
"""Kinds of errors that say that a value does not fit its type; the others come from validators that users write."""


class KeepsUnfit(DescribedModel):
    """Base of models that keep a value as it came where it does not fit its field.

    The field is then unset, as if nothing had been received for it, and the value stands in `model_extra` under the
    field's name on the wire. It is dumped in the field's place until the field is set.
    """

    @classmethod
    def _keeps_unfit(cls) -> bool:
        """Whether what does not fit is kept; otherwise it is an error."""
        return True

    @model_validator(mode="wrap")
    @classmethod
    def _keep_unfit(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            unfit = _names_of_unfit(cls, error) if cls._keeps_unfit() and is_object(data) else set[str]()
            if not (unfit and is_object(data) and unfit <= data.keys()):
                raise
        model = handler({name: value for name, value in data.items() if name not in unfit})
        return keep_as_it_came(model, {name: data[name] for name in unfit})

    if not TYPE_CHECKING:

        def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
            """Pydantic's; what was kept for a field that is updated goes."""
            copied = super().model_copy(update=update, deep=deep)
            copied._forget_kept(update or ())
            return copied

        def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
            """Pydantic's, without the fields that have a value that does not fit: it may be a secret."""
            kept = self._kept()
            hidden = {*kept, *kept.values()}
            return [(name, value) for name, value in super().__repr_args__() if name not in hidden]

    def _kept(self) -> dict[str, str]:
        """The fields for which a value was kept, and their names on the wire."""
        names = {name: field.alias or name for name, field in type(self).model_fields.items()}
        return {name: wire for name, wire in names.items() if wire in (getattr(self, "__pydantic_extra__", None) or {})}

    def _forget_kept(self, names: Iterable[str]) -> None:
        """Drops what was kept for fields that are set now."""
        kept = self._kept()
        for name in names:
            if name in kept and self.__pydantic_extra__:
                del self.__pydantic_extra__[kept[name]]


_serializer: Callable[[Callable[[Any, SerializerFunctionWrapHandler], Any]], Any] = model_serializer(mode="wrap")
"""Takes a function without a return type, so that the JSON Schema of what is dumped stays that of the model."""


class DumpsOnce(KeepsUnfit):
    """The same for models that are small: whatever they are within, their JSON text names each field once.

    They are dumped by way of a dict, in which what was kept for a field takes the place of the field's default.
    """

    _dump = _serializer(lambda self, dump: dump(self))


_ModelT = TypeVar("_ModelT", bound=BaseModel)


class _WithoutKeeping:
    """Marks a model that is to be read without its validator that keeps what does not fit."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler.resolve_ref_schema(handler(source))
        if schema["type"] == "function-wrap":
            validator = getattr(schema["function"]["function"], "__func__", None)
            if validator is vars(KeepsUnfit)["_keep_unfit"].__func__:
                schema = schema["schema"]
        return schema


_without_keeping: dict[type, TypeAdapter[Any]] = {}


def without_keeping(model: type[_ModelT]) -> TypeAdapter[_ModelT]:
    """Reads a model; what does not fit its field is an error.

    Pydantic hands the validator that keeps it a dict, whether there is need for it or not. Without, a model is made
    straight from JSON text, in half the time. A subclass with validators of the whole model keeps that one too.
    """
    with building:
        if model not in _without_keeping:
            model.model_rebuild()
            marked: Any = Annotated[model, _WithoutKeeping()]
            _without_keeping[model] = TypeAdapter(marked)
        return _without_keeping[model]


def keep_as_it_came(model: _ModelT, values: Mapping[str, object]) -> _ModelT:
    """The model, which was just made, with values that do not fit their fields kept by the fields' names."""
    if model.__pydantic_extra__ is not None:
        model.__pydantic_extra__.update(values)
    for name in values:
        model.__pydantic_fields_set__.discard(name)
    return model


def is_object(data: object) -> TypeIs[dict[str, object]]:
    """Whether data is an object of JSON."""
    return isinstance(data, dict)


def is_list(data: object) -> TypeIs[list[object]]:
    """Whether data is an array of JSON."""
    return isinstance(data, list)


def _names_of_unfit(model: type[BaseModel], error: ValidationError) -> set[str]:
    """The names of the fields that an error is about; none where they cannot be kept."""
    fields = {field.alias or name: name for name, field in model.model_fields.items()}
    problems = problems_of(error)
    names = {str(problem.location[0]) if problem.location else "" for problem in problems}
    are_of_types = {problem.kind for problem in problems} <= _OF_TYPES
    can_be_left_out = names <= fields.keys() and all(_can_be_left_out(model, fields[name]) for name in names)
    return names if are_of_types and can_be_left_out and model.model_config.get("extra") == "allow" else set()


def _can_be_left_out(model: type[BaseModel], name: str) -> bool:
    """Whether a field need not be there, and has the type that this package gave it: a user's subclass may differ."""
    field = model.model_fields[name]
    ours = next(
        base for base in model.__mro__ if base.__module__.startswith("speechmatics.") and issubclass(base, BaseModel)
    )
    declared = ours.model_fields.get(name)
    return (
        not field.is_required()
        and declared is not None
        and (field.annotation, field.metadata) == (declared.annotation, declared.metadata)
    )
