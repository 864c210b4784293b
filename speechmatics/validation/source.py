"""Whatever may be validated -> plain JSON values, without ever raising for what it holds."""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any, Protocol, TypeAlias, TypeGuard

from pydantic import BaseModel
from pydantic_core import from_json, to_json
from typing_extensions import TypeIs

from speechmatics._documents import as_utf8, content_of, unlike_json
from speechmatics._urls import bare_url, is_url
from speechmatics.models import BatchTranscriptionConfig, Leniency, SentModel, leniency
from speechmatics.validation.report import Findings, Ordinary, Path, ProblemCode

__all__ = ["MAX_VALUES", "FindOrdinary", "Json", "Source", "Unreadable", "name_of", "read"]

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | int | bool | None"
Source: TypeAlias = "Mapping[str, Any] | str | bytes | bytearray | os.PathLike[str]"
"""What may be validated beside models: the wire's dict, JSON text, or the path of a JSON file.

A `str` whose first character, white space aside, is `{` or `[` is JSON text, and any other `str` is a path; a file
whose name begins so is given as a `pathlib.Path`. `bytes` are always JSON. A byte order mark is passed over.
"""

MAX_DEPTH = 100
"""Nesting beyond which values of Python are refused; far beyond what the API has."""
MAX_VALUES = 20_000_000
"""Values of Python beyond which data is refused; a hundred hours of speech have fewer. References can make a small
object stand for an endless one."""


class Unreadable(Exception):
    """There is nothing to examine; the reason has been noted."""


class FindOrdinary(Protocol):
    """Tells which results of a transcript are known to be right by themselves."""

    def __call__(self, data: object, *, is_json: bool) -> list[Ordinary | None]:
        """See `find_ordinary`."""
        ...


def read(data: object, findings: Findings, find_ordinary: FindOrdinary | None = None) -> Json:
    """The data as plain JSON values; what has no form in JSON is noted and stands as None.

    Args:
        data: What is to be validated.
        findings: Notes what is wrong, and which results are ordinary.
        find_ordinary: Tells these, where the data is a transcript.

    Raises:
        Unreadable: There is nothing to examine; the reason has been noted.
    """
    if isinstance(data, BaseModel):
        return _plain(_dumped(data, findings), findings, find_ordinary)
    if isinstance(data, bytes | bytearray):
        return _parsed(bytes(data), findings, find_ordinary)
    if isinstance(data, str):
        text = data.removeprefix("\ufeff")
        return _parsed(text if _is_json(text) else _content(data, findings), findings, find_ordinary)
    if _is_path(data):
        return _parsed(_content(data, findings), findings, find_ordinary)
    return _plain(data, findings, find_ordinary)


def name_of(data: object) -> str | None:
    """The name of what is validated: a path, without the credentials of what turns out to be a URL; else None."""
    if isinstance(data, str):
        text = str.__str__(data)
        return None if _is_json(text.removeprefix("\ufeff")) else _fit(text)
    try:
        return _fit(os.fsdecode(data)) if _is_path(data) else None
    except Exception:  # objects of Python can raise anything when they are read
        return None


def _fit(path: str) -> str:
    return (bare_url(path) if is_url(path) else path).encode("utf-8", "backslashreplace").decode()


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("", "{", "[")


def _dumped(model: BaseModel, findings: Findings) -> object:
    try:
        if isinstance(model, BatchTranscriptionConfig):
            with leniency(Leniency.RECEIVED):
                model = model.to_job_config()
        if isinstance(model, SentModel):
            return model.model_dump(mode="json", by_alias=True, exclude_none=True, warnings=False)
        return model.model_dump(mode="json", by_alias=True, exclude_unset=True, warnings=False)
    except Exception:
        findings.add((), ProblemCode.NOT_JSON, f"this {type(model).__name__} holds values that JSON has no form for")
        raise Unreadable from None


def _content(place: str | os.PathLike[str], findings: Findings) -> bytes:
    try:
        return content_of(FilePath(place).expanduser())
    except OSError as error:
        reason = error.strerror or "it cannot be read"
    except (TypeError, ValueError, RuntimeError):
        reason = "this is no path"
    findings.add((), ProblemCode.UNREADABLE, f"neither a JSON object nor a file that can be read: {reason}")
    raise Unreadable


def _parsed(text: bytes | str, findings: Findings, find_ordinary: FindOrdinary | None) -> Json:
    try:
        text = as_utf8(text)
    except ValueError as error:
        findings.add((), ProblemCode.INVALID_JSON, f"not JSON: {error}")
        raise Unreadable from None
    try:
        data: Json = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        reason = unlike_json(text) or str(error)
        try:
            lax: Json = from_json(text)
        except ValueError:
            findings.add((), ProblemCode.INVALID_JSON, f"not JSON: {reason}")
            raise Unreadable from None
        data = _plain(lax, findings, find_ordinary)
    else:
        findings.ordinary = find_ordinary(data, is_json=True) if find_ordinary else []
    if _may_repeat_keys(text, data):
        _note_repeated_keys(text, findings)
    return data


_KEY = re.compile(rb'"\s*:')
_SPACED_COLONS = (b" :", b"\t:", b"\n:", b"\r:")
_HIDDEN = re.compile(rb"\\u00(?:22|3[aA])")
"""A quotation mark or a colon as an escape, which is neither when it is written anew."""


def _may_repeat_keys(text: bytes, data: Json) -> bool:
    """Whether there may be more keys in the text than in what was read of it; of two of one name the last is read.

    Both are counted as text, strings that hold a quotation mark and a colon among them, which is many times as fast
    as to note each key while the text is read. Without escapes the text has at least as many of these.
    """
    is_spaced = any(colon in text for colon in _SPACED_COLONS)
    keys = len(_KEY.findall(text)) if is_spaced else text.count(b'":')
    return _HIDDEN.search(text) is not None or keys != to_json(data).count(b'":')


class _Repeating(dict[str, object]):
    """An object that has keys twice.

    Attributes:
        repeated: Those keys.
    """

    repeated: tuple[str, ...] = ()


def _note_repeated_keys(text: bytes, findings: Findings) -> None:
    """Notes each key that an object has twice, where it is; not those within a value that is lost."""

    def note(members: list[tuple[str, object]]) -> dict[str, object]:
        counted = Counter(name for name, _ in members)
        if len(counted) == len(members):
            return dict(members)
        repeating = _Repeating(members)
        repeating.repeated = tuple(name for name, count in counted.items() if count > 1)
        return repeating

    try:
        pending: list[tuple[Path, object]] = [((), json.loads(text, object_pairs_hook=note))]
    except (ValueError, RecursionError):
        return
    while pending:
        path, value = pending.pop()
        if isinstance(value, _Repeating):
            for name in value.repeated:
                message = "the object has this key twice or more; JSON readers take the last of its values"
                findings.add((*path, name), ProblemCode.DUPLICATE_KEY, message)
        if _is_mapping(value):
            members = [((*path, str(name)), item) for name, item in value.items()]
            pending.extend(reversed(members))
        elif _is_sequence(value):
            items = [((*path, index), item) for index, item in enumerate(value)]
            pending.extend(reversed(items))


def _plain(data: object, findings: Findings, find_ordinary: FindOrdinary | None) -> Json:
    findings.ordinary = find_ordinary(data, is_json=False) if find_ordinary else []
    return _Copy(findings).of(data, ())


def _is_path(value: object) -> TypeIs[os.PathLike[str]]:
    return isinstance(value, os.PathLike)


def _is_mapping(value: object) -> TypeIs[Mapping[object, object]]:
    return isinstance(value, Mapping)


def _is_sequence(value: object) -> TypeIs[Iterable[object]]:
    return isinstance(value, list | tuple)


def _is_plain(value: object) -> TypeGuard[str | float | int | bool | None]:
    """Whether a value is a scalar of JSON as it stands; says no where only a closer look can tell."""
    if type(value) is str:
        return value.isascii()
    if type(value) is float:
        return math.isfinite(value)
    return value is None or type(value) is int or type(value) is bool


class _Copy:
    """Copies Python values as JSON values of the exact built-in types; notes what JSON has no form for."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._ordinary = findings.ordinary
        self._above: set[int] = set()
        self._done: dict[int, tuple[object, Json, int]] = {}
        self._values = 0

    def of(self, value: object, path: Path) -> Json:
        if isinstance(value, str):
            return self._text(str.__str__(value), path)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, float):
            return self._number(float.__float__(value), path)
        if isinstance(value, int):
            return int.__int__(value)
        if _is_mapping(value) or _is_sequence(value):
            return self._container(value, path)
        return self._refused(path, "a value of Python that JSON has no form for")

    def _container(self, value: Mapping[object, object] | Iterable[object], path: Path) -> Json:
        """A container that stands in several places is copied once, and counted in each."""
        identity = id(value)
        if identity in self._done:
            _, copied, size = self._done[identity]
            self._count(size)
            return copied
        if identity in self._above:
            return self._refused(path, "the value contains itself")
        if len(path) >= MAX_DEPTH:
            return self._refused(path[:1], f"the value is nested more than {MAX_DEPTH} deep")
        self._above.add(identity)
        before = self._values
        copied = self._object(value, path) if _is_mapping(value) else self._array(value, path)
        self._above.discard(identity)
        self._count(len(copied))
        # The value is kept alive, so that no other gets its identity.
        self._done[identity] = value, copied, self._values - before
        return copied

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            self._findings.add((), ProblemCode.NOT_JSON, f"there are more than {MAX_VALUES:,} values")
            raise Unreadable

    def _object(self, value: Mapping[object, object], path: Path) -> dict[str, Json]:
        copied: dict[str, Json] = {}
        for key, item in value.items():
            if not isinstance(key, str) or not _is_encodable(key):
                self._refused(path, "a key that is not a string of Unicode")
                continue
            name = str.__str__(key)
            copied[name] = item if _is_plain(item) else self.of(item, (*path, name))
        return copied

    def _array(self, value: Iterable[object], path: Path) -> list[Json]:
        if self._ordinary and path == ("results",):
            known = zip(value, self._ordinary, strict=True)
            return [copied or self.of(item, (*path, index)) for index, (item, copied) in enumerate(known)]
        return [item if _is_plain(item) else self.of(item, (*path, index)) for index, item in enumerate(value)]

    def _text(self, value: str, path: Path) -> Json:
        return value if _is_encodable(value) else self._refused(path, "the text holds half a surrogate pair")

    def _number(self, value: float, path: Path) -> Json:
        if not math.isfinite(value):
            self._refused(path, "the number is not finite")
        return value

    def _refused(self, path: Path, message: str) -> Json:
        self._findings.add_new(path, ProblemCode.NOT_JSON, message)
        return None


def _is_encodable(text: str) -> bool:
    try:
        str.encode(text)
    except UnicodeEncodeError:
        return False
    return True
