"""What is wrong with settings, in words that name where each wrong value came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings

from speechmatics._errors import SettingsError
from speechmatics._secrets import MASK, problems_of
from speechmatics._sources import SourceFiles, origin_of

__all__ = ["as_problem", "explained"]

_WHOLE = "settings"
"""The kind of an error that is a whole sentence."""
_error: Callable[..., PydanticCustomError] = PydanticCustomError


def as_problem(settings_cls: type[BaseSettings], message: str, *path: str) -> ValidationError:
    """An error whose message is a whole sentence, in Pydantic's form, without the values given."""
    message, *location = (text.encode("utf-8", "backslashreplace").decode() for text in (message, *path))
    problem = InitErrorDetails(type=_error(_WHOLE, message), loc=tuple(location), input=MASK)
    return ValidationError.from_exception_data(settings_cls.__name__, [problem], hide_input=True)


def explained(
    error: ValidationError, settings_cls: type[BaseSettings], arguments: Iterable[str], files: SourceFiles
) -> SettingsError:
    """The error in words that name where each wrong value came from."""
    problems = problems_of(error)
    if problems[0].kind == _WHOLE:
        return SettingsError(problems[0].message)

    def origin(name: str) -> str:
        found = origin_of(name, settings_cls, arguments, files)
        return found or f"{name} in the profile of the configuration file"

    # Pydantic's own sentences begin with "Input", for which the setting stands here.
    texts = [
        " ".join([*map(origin, map(str, found.location[:1])), found.message.removeprefix("Input ")])
        for found in problems
    ]
    return SettingsError(f"wrong connection settings: {'; '.join(texts)}")
