"""Whether a client gives models: its type parameters say so, or else its flag."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin

from typing_extensions import NoDefault, get_original_bases

from speechmatics.models.job import JobDetails, UsageReport
from speechmatics.models.transcript import Transcript

__all__ = ["check_parse", "gives_models"]

_MODELS = (JobDetails, Transcript, UsageReport)
"""The parameters of a client that gives models."""


def check_parse(made: object, client: type, parse: bool | None) -> None:
    """Checks the flag while a client is made; where its class is generic, `gives_models` does so once it is.

    Raises:
        TypeError: As `gives_models`.
    """
    if not getattr(made, "__parameters__", ()):
        gives_models(made, client, parse)


def gives_models(made: object, client: type, parse: bool | None) -> bool:
    """Whether a client gives models.

    Args:
        made: The client.
        client: The class whose parameters decide, `BatchClient` or `AsyncBatchClient`.
        parse: The flag as it was given; None where it was not.

    Raises:
        TypeError: The flag contradicts the parameters, or no client gives what they name.
    """
    # What was called to make a client, `ParsedBatchClient(...)` for example, is known once `__init__` is over.
    kind: Any = getattr(made, "__orig_class__", type(made))
    return _decide(kind, client, parse)


@lru_cache
def _decide(kind: Any, client: type, parse: bool | None) -> bool:
    if kind is client:
        return parse is True
    given = _parameters_of(kind, client)
    name = _class_of(kind).__name__
    if given and all({*get_args(one)} & {model} for one, model in zip(given, _MODELS, strict=True)):
        return parse is True
    says = given == _MODELS
    if not says and not all(_class_of(one) is dict or isinstance(one, TypeVar) for one in given):
        raise TypeError(f"the type parameters of {name} must be JobDetails, Transcript and UsageReport, or dicts")
    if parse is False and says:
        raise TypeError(f"{name} gives models by its type parameters, which parse=False contradicts")
    if parse is True and not says:
        raise TypeError(
            f"{name} gives dicts by its type parameters, which parse=True contradicts; for models, derive it from "
            f"Parsed{client.__name__}, or call {name}[JobDetails, Transcript, UsageReport](...) if it is generic"
        )
    return says


def _parameters_of(kind: Any, client: type) -> tuple[object, ...]:
    """What the parameters of `client` are in a class that derives from it, subscripted or not; none if it is bare."""
    origin = _class_of(kind)
    if origin is client:
        return get_args(kind)
    given = dict(zip(origin.__parameters__, get_args(kind), strict=False))
    base = next(base for base in get_original_bases(origin) if issubclass(_class_of(base), client))
    if get_args(base) and base.__parameters__:
        base = base[tuple(given.get(variable, _default_of(variable)) for variable in base.__parameters__)]
    return _parameters_of(base, client)


def _class_of(kind: Any) -> Any:
    return get_origin(kind) or kind


def _default_of(variable: Any) -> Any:
    """What a type variable that is left open stands for: its default (PEP 696), if it has one."""
    default = getattr(variable, "__default__", NoDefault)
    return variable if default is NoDefault else default
