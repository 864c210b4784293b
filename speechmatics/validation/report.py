"""Collects what a validation finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from speechmatics._reports import (
    Path,
    ProblemCode,
    ProblemRecord,
    ReportDict,
    Severity,
    ValidationProblem,
    ValidationReport,
)

__all__ = [
    "Findings",
    "Ordinary",
    "Path",
    "ProblemCode",
    "ProblemRecord",
    "ReportDict",
    "Severity",
    "ValidationProblem",
    "ValidationReport",
]

_WARNINGS = frozenset(
    {
        ProblemCode.UNKNOWN_FIELD,
        ProblemCode.UNKNOWN_VALUE,
        ProblemCode.UNKNOWN_OFFER,
        ProblemCode.UNDOCUMENTED_OMISSION,
    }
)


Ordinary: TypeAlias = dict[str, Any]
"""A result of which there is nothing to say by itself: its types are right, its numbers in range, its fields known."""


@dataclass(slots=True)
class Findings:
    """Collects problems while data is examined.

    Attributes:
        strict: Whether what is not known is an error.
        problems: Those found so far.
        ordinary: For each result of a transcript the result where it is known to be right by itself, else None;
            empty where nothing is known.
    """

    strict: bool
    problems: list[ValidationProblem] = field(default_factory=list[ValidationProblem])
    ordinary: list[Ordinary | None] = field(default_factory=list[Ordinary | None])
    _paths: set[Path] = field(default_factory=set[Path])

    def add(self, path: Path, code: ProblemCode, message: str) -> None:
        """Notes a problem."""
        severity = Severity.WARNING if code in _WARNINGS and not self.strict else Severity.ERROR
        message = message.encode("utf-8", "backslashreplace").decode()
        self.problems.append(ValidationProblem(path, code, severity, message))
        if code is not ProblemCode.DUPLICATE_KEY:  # the value that was read may be wrong as well
            self._paths.add(path)

    def add_new(self, path: Path, code: ProblemCode, message: str) -> None:
        """Notes a problem unless something is known to be wrong at that very path."""
        if path not in self._paths:
            self.add(path, code, message)

    def report(self, source: str | None, value_of: Callable[[ValidationProblem], str | None]) -> ValidationReport:
        """All that was found, with what stands at each path."""
        named = [replace(problem, value=value_of(problem), source=source) for problem in self.problems]
        return ValidationReport(tuple(named), source)
