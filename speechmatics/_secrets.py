"""What may be secret is not shown: in an error of Pydantic, and in the locals of a traceback."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from typing import NamedTuple, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError, core_schema

__all__ = ["MASK", "Problem", "forget_locals", "forgetting_locals", "problems_of", "sentence_of", "without_inputs"]

MASK = "**********"

_PYDANTIC_S = frozenset(get_args(core_schema.ErrorType))
"""The kinds of errors that Pydantic makes of a name and a context."""
_HOLDS_SECRETS = frozenset({"speechmatics", "httpx", "httpcore", "json", "pydantic", "pydantic_settings"})
"""The packages in whose frames a token, a header or a configuration may stand."""

_custom_error: Callable[..., PydanticCustomError] = PydanticCustomError


class Problem(NamedTuple):
    """One thing that an error of Pydantic says.

    Attributes:
        location: Keys and indexes from the root.
        kind: Its kind, for programs.
        message: What it is, for people, without the value.
    """

    location: tuple[int | str, ...]
    kind: str
    message: str


def problems_of(error: ValidationError) -> list[Problem]:
    """All that an error of Pydantic says, without the values that are wrong."""
    return [
        Problem(problem["loc"], problem["type"], problem["msg"].removeprefix("Value error, "))
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def sentence_of(problems: Iterable[Problem], whole: str) -> str:
    """Problems in one sentence, each with its path; `whole` is what is said of no path."""
    return "; ".join(f"{'.'.join(map(str, problem.location)) or whole}: {problem.message}" for problem in problems)


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
