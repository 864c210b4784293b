"""The two base classes: what we send is checked early and hard, what we receive never breaks a running service."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import (
    InitErrorDetails,
    PydanticCustomError,
    PydanticSerializationError,
    to_json,
)

from speechmatics._descriptions import DescribedModel
from speechmatics._errors import ConfigError
from speechmatics._names import did_you_mean
from speechmatics._secrets import MASK, forget_locals, without_inputs
from speechmatics.models._json_schema import without_rules
from speechmatics.models._kept import DumpsOnce, KeepsUnfit, is_list, is_object
from speechmatics.models._leniency import (
    assigning,
    is_received,
    report_unknown,
    require_json,
)
from speechmatics.models._reading import read_json

__all__ = ["LenientModel", "LenientPart", "ReceivedModel", "SentModel"]


class SentModel(DumpsOnce):
    """Base of what we send: wrong types and values are errors, unknown fields are passed on with a warning.

    In a configuration that comes back nothing is an error: a value that does not fit its field is in `model_extra`.
    """

    model_config = ConfigDict(
        extra="allow",
        validate_assignment=True,
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
        protected_namespaces=(),
    )

    if not TYPE_CHECKING:

        def __init__(self, /, *args: Any, **data: Any) -> None:
            """Takes the fields marked `kw_only=False` by position too, as existing code passes them."""
            names = [name for name, field in type(self).model_fields.items() if field.kw_only is False]
            if len(args) > len(names):
                raise TypeError(f"{type(self).__name__} takes {len(names)} positional arguments, not {len(args)}")
            for name, value in zip(names, args, strict=False):
                if name in data:
                    raise TypeError(f"{type(self).__name__} got {name} twice")
                data[name] = value
            try:
                super().__init__(**data)
            except ValidationError as error:
                forget_locals(error)
                raise
            finally:
                args, data, value = (), {}, None  # a traceback shows the locals of its frames

        # As with Pydantic's own `__init__`, it is not called for what is read: the rules would be checked twice.
        __init__.__pydantic_base_init__ = True

        def __setattr__(self, name: str, value: Any) -> None:
            """Validates the value; a wrong one leaves the model as it was.

            Rules between fields wait until the model is used, so that fields may be set in any order.
            """
            fields, fields_set = dict(self.__dict__), set(self.__pydantic_fields_set__)
            extra = dict(self.__pydantic_extra__ or {})
            kept = {wire: extra[wire] for field, wire in self._kept().items() if field != name}
            # Pydantic would take what is kept for other fields to be their values.
            self._forget_kept(type(self).model_fields)
            try:
                with assigning():
                    super().__setattr__(name, value)
            except ValidationError as error:
                object.__setattr__(self, "__dict__", fields)
                object.__setattr__(self, "__pydantic_fields_set__", fields_set)
                object.__setattr__(self, "__pydantic_extra__", extra)
                fields, extra, kept = {}, {}, {}  # a traceback shows the locals of its frames
                forget_locals(error)
                raise
            finally:
                value = None
            if kept:
                self.__pydantic_extra__.update(kept)

        @classmethod
        def model_validate(cls, obj: Any, **options: Any) -> Self:
            """Pydantic's; no frame of the error shows what was given."""
            try:
                return super().model_validate(obj, **options)
            except ValidationError as error:
                forget_locals(error)
                raise
            finally:
                obj = None

        @classmethod
        def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
            """Pydantic's; neither the error of text that is no JSON nor its frames show what was given."""
            try:
                return super().model_validate_json(json_data, **options)
            except ValidationError as error:
                problem = cls._shown(error)
            finally:
                json_data = ""
            raise problem

    @classmethod
    def _keeps_unfit(cls) -> bool:
        return is_received()

    @model_validator(mode="wrap")
    @classmethod
    def _validate_masked(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Validates fields and rules; the errors of either do not show what may be secret.

        The rules are checked in here: an error of a validator of the whole model holds all that the model was given.
        """
        try:
            model = handler(data)
            model._check_rules()
        except ValidationError as error:
            problem = cls._shown(error)
        except PydanticCustomError as error:
            problem = _of_whole(cls, error)
        except ValueError as error:
            problem = _of_whole(cls, "value_error", {"error": ValueError(str(error))})
        else:
            return model
        raise problem

    def _check_rules(self) -> None:
        """Checks the rules that no field knows of by itself; subclasses add theirs.

        Raises:
            ValueError, PydanticCustomError: One of them is broken.
        """
        names = tuple(field.alias or name for name, field in type(self).model_fields.items())
        for name, value in (self.__pydantic_extra__ or {}).items():
            message = f"{name}: not a known field of {type(self).__name__}{did_you_mean(name, names)}"
            report_unknown("unknown_field", message)
            require_json(name, value)

    @classmethod
    def _shown(cls, error: ValidationError) -> ValidationError:
        """An error as it may be shown: what is sent may be secret."""
        return without_inputs(error, keeps_scalars=not cls._is_secret())

    @classmethod
    def _is_secret(cls) -> bool:
        """Whether each of its values may be a secret."""
        return False

    def to_dict(self) -> dict[str, Any]:
        """The wire's shape as a plain dict; fields that are None are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def to_json(self) -> str:
        """The wire's shape as JSON text; fields that are None are left out.

        Raises:
            ConfigError: A text holds half a surrogate pair, which JSON has no form for.
        """
        try:
            return self.model_dump_json(by_alias=True, exclude_none=True)
        except PydanticSerializationError:
            raise ConfigError(
                f"the {type(self).__name__} holds half a surrogate pair in a text, which cannot be sent"
            ) from None


_ITEMS, _CHARACTERS = 3, 200
"""Items of a list, and characters of a text, that the repr of what is received shows at most."""


def _of_whole(
    model: type[BaseModel], kind: str | PydanticCustomError, context: dict[str, Any] | None = None
) -> ValidationError:
    """The error of a rule for the whole of a model, without what the model was given."""
    problem = InitErrorDetails(type=kind, loc=(), input=MASK, ctx=context or {})
    return ValidationError.from_exception_data(model.__name__, [problem], hide_input=True)


class _Abridged:
    """Shows a value of which there may be very much."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        if is_list(self._value):
            more = [f"… {len(self._value):,} in all"] if len(self._value) > _ITEMS else []
            return f"[{', '.join([*map(repr, self._value[:_ITEMS]), *more])}]"
        if is_object(self._value):
            more = [f"… {len(self._value):,} in all"] if len(self._value) > _ITEMS else []
            items = [f"{name!r}: {_Abridged(value)!r}" for name, value in islice(self._value.items(), _ITEMS)]
            return f"{{{', '.join([*items, *more])}}}"
        text = repr(self._value)
        return text if len(text) <= _CHARACTERS or not isinstance(self._value, str) else f"{text[:_CHARACTERS]}…"


class ReceivedModel(DescribedModel):
    """Base of what we receive: unknown fields are kept, and `to_dict` gives back what was read."""

    model_config = ConfigDict(
        extra="allow",
        validate_by_name=True,
        validate_by_alias=True,
        protected_namespaces=(),
    )

    if not TYPE_CHECKING:

        def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
            """Pydantic's, abridged: a transcript of four hours would be ten megabytes, in every log that shows it."""
            return [(name, _Abridged(value)) for name, value in super().__repr_args__()]

        @classmethod
        def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
            """Pydantic's, without the rules for configurations: one that comes back is not judged again."""
            return without_rules(super().model_json_schema(*args, **options))

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Reads JSON as the service sent it.

        Raises:
            InvalidResponseError: `data` is not JSON, or lacks what the API promises.
        """
        return read_json(cls, data)

    def to_dict(self) -> dict[str, Any]:
        """The wire's shape as a plain dict: just the fields that were received or set."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def to_json(self) -> str:
        """The wire's shape as JSON text: just the fields that were received or set."""
        return self.model_dump_json(by_alias=True, exclude_unset=True)


class LenientModel(KeepsUnfit, ReceivedModel):
    """Base of what is received once in an answer: a value that does not fit its field is kept, and the rest is read.

    What a program cannot do without is required, and an error where it is of a wrong type.
    """

    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None:
            """Sets a field; what was kept for it goes."""
            super().__setattr__(name, value)
            self._forget_kept([name])

        def model_dump_json(self, **options: Any) -> str:
            """Pydantic's; a field for which a value was kept is written once."""
            if not self._kept():
                return super().model_dump_json(**options)
            layout = {name: options.pop(name) for name in ("indent", "ensure_ascii") if name in options}
            return to_json(self.model_dump(mode="json", **options), inf_nan_mode="null", **layout).decode()


class LenientPart(DumpsOnce, LenientModel):
    """The same for what is small: however it is dumped, each field is written once."""
