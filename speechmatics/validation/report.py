"""Collects what a validation finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

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


@dataclass(slots=True)
class Findings:
    """Collects problems while data is examined."""

    strict: bool
    problems: list[ValidationProblem] = field(default_factory=list[ValidationProblem])
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
