"""Rules as data: what a TOML or JSON file has becomes values, and an error names the file, the rule and its field."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypeIs

from speechmatics._documents import content_of
from speechmatics._names import did_you_mean
from speechmatics._secrets import problems_of
from speechmatics.exceptions import InvalidInputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["RULE_KEYS", "read_rule", "rules_in"]

RULE_KEYS = ("scripted", "faults")
"""What a file of rules may have: lists of `ScriptedRule` and of `Fault`."""

_RuleT = TypeVar("_RuleT", bound="DataclassInstance")


def rules_in(file: Path, key: str) -> list[Mapping[str, Any]]:
    """The rules that a file has under a key; by its suffix it is TOML (`.toml`) or JSON.

    Raises:
        InvalidInputError: It cannot be read, is no such file, or has no rule under the key.
    """
    document = _read_document(file)
    for other in document:
        if other not in RULE_KEYS:
            raise InvalidInputError(
                f"{file}: {other!r} is none of its keys ({', '.join(RULE_KEYS)}){did_you_mean(other, RULE_KEYS)}"
            )
    found = document.get(key)
    if not _is_list(found) or not found:
        raise InvalidInputError(f"{file}: there are no rules under {key!r}; a list of them is needed")
    rules: list[Mapping[str, Any]] = []
    for number, rule in enumerate(found, 1):
        if not _is_object(rule):
            raise InvalidInputError(f"{file}, rule {number} of {key}: an object is needed, not {_json_type(rule)}")
        rules.append(rule)
    return rules


def read_rule(rule: type[_RuleT], data: Mapping[str, Any], where: str) -> _RuleT:
    """A rule from an object of a file; whatever is wrong with a value itself, the class says.

    Raises:
        InvalidInputError: A field is unknown, missing, of another type or out of its range.
    """
    types = get_type_hints(rule)
    known = tuple(item.name for item in fields(rule))
    for name, value in data.items():
        if name not in known:
            raise InvalidInputError(f"{where}: there is no field {name!r}{did_you_mean(name, known)}")
        adapter: TypeAdapter[object] = TypeAdapter(types[name])
        try:
            adapter.validate_python(value, strict=True)
        except ValidationError as error:
            reasons = "; ".join(dict.fromkeys(problem.message for problem in problems_of(error)))
            raise InvalidInputError(f"{where}: {name} is {value!r}: {reasons}") from None
    for item in fields(rule):
        if item.name not in data and item.default is MISSING and item.default_factory is MISSING:
            raise InvalidInputError(f"{where}: {item.name} is missing")
    try:
        return rule(**data)
    except InvalidInputError as error:
        raise InvalidInputError(f"{where}: {error}") from None


def _read_document(file: Path) -> Mapping[str, Any]:
    try:
        text = content_of(file).decode("utf-8-sig")
    except OSError as error:
        raise InvalidInputError(f"cannot read the rules in {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{file} is not text in UTF-8") from None
    kind = "TOML" if file.suffix.lower() == ".toml" else "JSON"
    try:
        document: object = tomllib.loads(text) if kind == "TOML" else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{file} is not {kind}: {error}") from None
    if not _is_object(document):
        raise InvalidInputError(
            f"{file}: an object with {' or '.join(RULE_KEYS)} is needed, not {_json_type(document)}"
        )
    return document


def _is_object(value: object) -> TypeIs[Mapping[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeIs[list[object]]:
    return isinstance(value, list)


def _json_type(value: object) -> str:
    names = ((list, "a list"), (str, "a text"), (bool, "true or false"), (int | float, "a number"))
    return next((name for kind, name in names if isinstance(value, kind)), "null")
