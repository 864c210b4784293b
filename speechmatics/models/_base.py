"""The two base classes: what we send is checked early and hard, what we receive never breaks a running service."""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, LiteralString, Self, SupportsIndex, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import (
    CoreSchema,
    InitErrorDetails,
    PydanticCustomError,
    PydanticKnownError,
    PydanticSerializationError,
    core_schema,
    to_json,
    to_jsonable_python,
)

from speechmatics._descriptions import DescribedModel
from speechmatics._documents import as_utf8, unlike_json
from speechmatics._names import did_you_mean
from speechmatics._secrets import MASK, forget_locals, without_inputs
from speechmatics.exceptions import ConfigError, InvalidInputError, InvalidResponseError
from speechmatics.models._collector import CollectorHeld
from speechmatics.models._json_schema import without_rules
from speechmatics.models._kept import DumpsOnce, KeepsUnfit

__all__ = [
    "AsReceived",
    "KnownValues",
    "Leniency",
    "LenientModel",
    "LenientPart",
    "OpenValues",
    "ReceivedModel",
    "SentModel",
    "Timestamp",
    "UnknownConfigWarning",
    "Within",
    "invalid_response",
    "is_assigning",
    "is_received",
    "leniency",
    "read_json",
    "report_unknown",
    "require_json",
    "text_of",
]


class UnknownConfigWarning(UserWarning):
    """A configuration holds a field or a value that this package does not know; it is sent all the same."""


class Leniency(Enum):
    """What becomes of a field or a value of a configuration that this package does not know."""

    WARN = "warn"
    """It is passed on with an `UnknownConfigWarning`: the API grows faster than the SDK."""
    REJECT = "reject"
    """It is a validation error."""
    SILENT = "silent"
    """It is passed on without a word; contradictions are errors all the same."""
    RECEIVED = "received"
    """It is kept in silence, and so are contradictions: the service has already taken this configuration."""


_leniency: ContextVar[Leniency] = ContextVar("speechmatics_leniency", default=Leniency.WARN)


@contextmanager
def leniency(level: Leniency) -> Generator[None]:
    """Validates configurations within the block at `level`."""
    token = _leniency.set(level)
    try:
        yield
    finally:
        _leniency.reset(token)


def is_received() -> bool:
    """Whether the configuration under validation comes from the service rather than from the user."""
    return _leniency.get() is Leniency.RECEIVED


_assigning: ContextVar[bool] = ContextVar("speechmatics_assigning", default=False)


def is_assigning() -> bool:
    """Whether a single field is being set, so that rules between fields have to wait."""
    return _assigning.get()


def report_unknown(code: LiteralString, message: str) -> None:
    """Warns of something unknown in a configuration, or raises, or keeps silent, as the leniency says."""
    level = _leniency.get()
    if level is Leniency.REJECT:
        raise PydanticCustomError(code, "{reason}", {"reason": message})
    if level is Leniency.WARN:
        warnings.warn(message, UnknownConfigWarning, stacklevel=_level_outside())


def _level_outside() -> int:
    """The stack level, for the caller's warning, of the first frame that is neither Pydantic's nor of this package."""
    level = 0
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("speechmatics", "pydantic"):
        frame = frame.f_back
        level += 1
    return level


def require_json(name: str, value: object) -> None:
    """Raises unless what the user sends as `name`, whose type the API leaves open, can be written as JSON."""
    if is_received():
        return
    try:
        json.dumps(to_jsonable_python(value, inf_nan_mode="constants"), allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise PydanticCustomError(
            "not_json", "{name} must be JSON: {reason}", {"name": name, "reason": str(error)}
        ) from None


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
                message = f"{info.field_name}: {value!r} is not a known value; known are {', '.join(known)}"
                report_unknown("unknown_value", message)
            return value

        return core_schema.with_info_after_validator_function(check, schema)


_TextT = TypeVar("_TextT", bound=str)
KnownValues = Annotated[_TextT | str, _Vocabulary(reported=True)]
"""A vocabulary of what we send that may grow: `KnownValues[Literal["a", "b"]]`; an unknown value is reported."""
OpenValues = Annotated[_TextT | str, _Vocabulary(reported=False)]
"""A vocabulary of what we receive: the literal documents it, any string is accepted at the cost of a plain string."""


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
            token = _assigning.set(True)
            try:
                super().__setattr__(name, value)
            except ValidationError as error:
                object.__setattr__(self, "__dict__", fields)
                object.__setattr__(self, "__pydantic_fields_set__", fields_set)
                object.__setattr__(self, "__pydantic_extra__", extra)
                fields, extra, kept = {}, {}, {}  # a traceback shows the locals of its frames
                forget_locals(error)
                raise
            finally:
                _assigning.reset(token)
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


def _of_whole(
    model: type[BaseModel], kind: str | PydanticCustomError, context: dict[str, Any] | None = None
) -> ValidationError:
    """The error of a rule for the whole of a model, without what the model was given."""
    problem = InitErrorDetails(type=kind, loc=(), input=MASK, ctx=context or {})
    return ValidationError.from_exception_data(model.__name__, [problem], hide_input=True)


class ReceivedModel(DescribedModel):
    """Base of what we receive: unknown fields are kept, and `to_dict` gives back what was read."""

    model_config = ConfigDict(
        extra="allow",
        validate_by_name=True,
        validate_by_alias=True,
        protected_namespaces=(),
    )

    if not TYPE_CHECKING:

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


_ReceivedT = TypeVar("_ReceivedT", bound=ReceivedModel)


def read_json(model: type[_ReceivedT], data: bytes | str, *, job_id: str | None = None) -> _ReceivedT:
    """Reads received JSON as `model`; an error is about the job, where one is given.

    Raises:
        InvalidResponseError: `data` is not JSON, or lacks what the API promises.
    """
    text = text_of(model, data, job_id)
    try:
        with CollectorHeld():
            return model.model_validate_json(text)
    except ValidationError as error:
        raise invalid_response(model, text, error, job_id=job_id) from None


def text_of(model: type[BaseModel], data: object, job_id: str | None = None) -> bytes:
    """Received JSON as bytes in UTF-8; a byte order mark is passed over.

    Raises:
        InvalidInputError: It is neither bytes nor text.
        InvalidResponseError: It has no form in UTF-8.
    """
    if not isinstance(data, bytes | bytearray | str):
        raise InvalidInputError(f"the JSON of a {model.__name__} is given as bytes or text, not {type(data).__name__}")
    try:
        return as_utf8(data)
    except ValueError as error:
        raise InvalidResponseError(f"not a {model.__name__} as the API documents it: {error}", job_id=job_id) from None


def invalid_response(
    model: type[BaseModel], data: bytes | str, error: ValidationError, *, job_id: str | None = None
) -> InvalidResponseError:
    """The error for received JSON that `model` cannot read; names each place and carries the body."""
    places = "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    )
    body = data.encode() if isinstance(data, str) else data
    what = unlike_json(body) or places
    return InvalidResponseError(f"not a {model.__name__} as the API documents it: {what}", body=body, job_id=job_id)


def _as_received(value: object, handler: Any) -> Any:
    with leniency(Leniency.RECEIVED):
        return handler(value)


_T = TypeVar("_T")
AsReceived = Annotated[_T, WrapValidator(_as_received)]
"""A configuration as it comes back inside an answer: `config: AsReceived[JobConfig | None] = None`."""


class _WireDatetime(datetime):
    """A datetime that remembers how the service wrote it: nanoseconds and the form of the zone survive."""

    wire: str | None = None
    """None for one that was computed from another, as by adding a day."""

    @classmethod
    def of(cls, moment: datetime, wire: str | None) -> Self:
        kept = cls.combine(moment.date(), moment.timetz())
        kept.wire = wire
        return kept

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return self.of, (datetime.combine(self.date(), self.timetz()), self.wire)


def _remember(value: object, handler: Any) -> Any:
    if isinstance(value, int | float):
        raise PydanticKnownError("datetime_type")
    parsed: datetime = handler(value)
    return _WireDatetime.of(parsed, value) if isinstance(value, str) else parsed


def _as_written(value: datetime) -> str:
    wire = value.wire if isinstance(value, _WireDatetime) else None
    return value.isoformat().replace("+00:00", "Z") if wire is None else wire


Timestamp = Annotated[datetime, WrapValidator(_remember), PlainSerializer(_as_written, return_type=str)]
"""A point in time as ISO 8601 text on the wire; dumps as the very text that was read."""
