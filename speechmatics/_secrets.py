"""What may be secret is not shown: in an error of Pydantic, in a URL, in the locals of a traceback."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError, core_schema

__all__ = ["MASK", "bare_url", "forget_locals", "forgetting_locals", "is_url", "without_inputs"]

MASK = "**********"

_URL = re.compile(r"^[\s\"'<\ufeff]*([A-Za-z][A-Za-z0-9+.-]+://|(https?|s3|gs):/)", re.IGNORECASE)
"""A URL; one that became a `Path` has lost a slash."""
_PYDANTIC_S = frozenset(get_args(core_schema.ErrorType))
"""The kinds of errors that Pydantic makes of a name and a context."""
_HOLDS_SECRETS = frozenset({"speechmatics", "httpx", "httpcore", "json", "pydantic", "pydantic_settings"})
"""The packages in whose frames a token, a header or a configuration may stand."""

_custom_error: Callable[..., PydanticCustomError] = PydanticCustomError


def is_url(text: str) -> bool:
    """Whether text is a URL, of whatever scheme."""
    return _URL.search(text) is not None


def bare_url(text: str) -> str:
    """A URL without its query, which may be signed, and without the names and passwords in it."""
    scheme, _, rest = re.split(r"[?#]", text, maxsplit=1)[0].partition(":")
    host, slash, path = rest.lstrip("/").partition("/")
    return f"{scheme}://{'/' if rest.startswith('///') else ''}{host.rpartition('@')[2]}{slash}{path}"


def without_inputs(error: ValidationError, *, keeps_scalars: bool = False) -> ValidationError:
    """The same error without the values that are wrong: any of them may be a secret, or hold one.

    Args:
        error: The error.
        keeps_scalars: Whether texts and numbers are shown all the same, being no secrets themselves.
    """
    problems = [_masked(problem, keeps_scalars) for problem in error.errors(include_url=False)]
    return ValidationError.from_exception_data(error.title, problems, hide_input=True)


def _masked(problem: ErrorDetails, keeps_scalars: bool) -> InitErrorDetails:
    kind, context, given = problem["type"], problem.get("ctx", {}), problem["input"]
    is_shown = keeps_scalars and isinstance(given, str | int | float | None) and not kind.startswith("json_")
    shown = given if is_shown else MASK
    if kind not in _PYDANTIC_S:
        return InitErrorDetails(type=_custom_error(kind, problem["msg"]), loc=problem["loc"], input=shown)
    if isinstance(context.get("error"), Exception):
        # The frames of what a validator raised hold the value.
        context = {"error": ValueError(str(context["error"]))}
    return InitErrorDetails(type=kind, loc=problem["loc"], input=shown, ctx=context)


def forget_locals(error: BaseException) -> None:
    """Clears the locals of the frames through which an error came, which loggers and debuggers may show.

    Only those of this package and of those that it hands secrets to, and only where they have ended; the lines of the
    traceback stay as they are. What the program's own frames hold is the program's.
    """
    seen: set[int] = set()
    errors: list[BaseException | None] = [error]
    while errors:
        each = errors.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        errors += [each.__cause__, each.__context__]
        step = each.__traceback__
        while step is not None:
            if step.tb_frame.f_globals.get("__name__", "").partition(".")[0] in _HOLDS_SECRETS:
                with suppress(RuntimeError):  # it is still running
                    step.tb_frame.clear()
            step = step.tb_next


@contextmanager
def forgetting_locals() -> Generator[None]:
    """Does so for an error that leaves the block."""
    try:
        yield
    except BaseException as error:
        forget_locals(error)
        raise
