"""What a validation finds: problems, each with its path, the report that holds them, and the error that carries it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from typing import TypedDict

from speechmatics._errors import InvalidInputError

__all__ = [
    "InvalidDataError",
    "Path",
    "ProblemCode",
    "ProblemRecord",
    "ReportDict",
    "Severity",
    "ValidationProblem",
    "ValidationReport",
]

Path = tuple[str | int, ...]
"""Where something is: keys and indexes from the root, as in `("results", 3, "end_time")`."""

_SHOWN = 20
"""Problems that the text of a report and the message of its error quote."""


class Severity(StrEnum):
    """How bad a problem is."""

    ERROR = "error"
    """The data is wrong."""
    WARNING = "warning"
    """The data is not as the API documents it today, and may yet be right: the API grows."""


class ProblemCode(StrEnum):
    """What a problem is. Those from `unknown_field` to `undocumented_omission` are warnings, and errors when strict."""

    UNREADABLE = "unreadable"
    """There is nothing to examine: no such file, no right to read it, or an object that cannot be looked into."""
    INVALID_JSON = "invalid_json"
    """The text is not JSON, or is nested too deeply."""
    DUPLICATE_KEY = "duplicate_key"
    """An object of JSON has a key twice: readers take the last value, and the others are lost without a word."""
    OTHER_DOCUMENT = "other_document"
    """It is JSON of another kind than a json-v2 transcript; the message says which."""
    NOT_JSON = "not_json"
    """A value of Python that JSON has no form for: NaN, an infinity, half a surrogate pair, an object, a cycle."""
    WRONG_TYPE = "wrong_type"
    """A value of another type than the field has."""
    MISSING_FIELD = "missing_field"
    """A field that nothing can be done without is not there."""
    INVALID_VALUE = "invalid_value"
    """A value, or several together, that the API does not take; the message names the rule."""
    OUT_OF_RANGE = "out_of_range"
    """A number outside its range: a confidence outside 0-1, a volume outside 0-100, a time below 0 or infinite."""
    UNKNOWN_FIELD = "unknown_field"
    """A field that this package does not know."""
    UNKNOWN_VALUE = "unknown_value"
    """A value outside the documented vocabulary of its field."""
    UNKNOWN_OFFER = "unknown_offer"
    """Something that the service is not known to offer, or is known to drop without a word; the message says what."""
    UNDOCUMENTED_OMISSION = "undocumented_omission"
    """A field is not there that the API's specification calls required; this package reads the data all the same."""
    NOT_OFFERED = "not_offered"
    """Something that the server whose features were given does not offer."""
    END_BEFORE_START = "end_before_start"
    """An `end_time` that is less than the `start_time` beside it."""
    TIMES_RUN_BACKWARDS = "times_run_backwards"
    """Something begins earlier than what stands before it on the same channel."""
    OVERLAPPING_WORDS = "overlapping_words"
    """A word begins while the same speaker, on the same channel, is still speaking the word before it."""
    NO_ALTERNATIVES = "no_alternatives"
    """A word, punctuation or entity without an alternative."""
    EMPTY_CONTENT = "empty_content"
    """The alternative of a word, punctuation or entity has no text."""
    NOTHING_TO_ATTACH_TO = "nothing_to_attach_to"
    """A punctuation attaches to the previous or the next item of its channel, and there is none."""
    UNKNOWN_SPEAKER = "unknown_speaker"
    """A speaker is named who speaks nowhere in the results, or who is none of the speakers that the job knew."""
    UNKNOWN_CHANNEL = "unknown_channel"
    """A channel is named that is neither in the results nor among the labels of the configuration."""
    FORM_OUTSIDE_ENTITY = "form_outside_entity"
    """A word of an entity's written or spoken form lies outside the entity's times."""
    DURATION_TOO_SHORT = "duration_too_short"
    """The audio's duration is shorter than the end of the last word."""


class ProblemRecord(TypedDict):
    """A problem as a row of a table; see `ValidationProblem`."""

    source: str | None
    """What was examined."""
    severity: str
    """`error` or `warning`."""
    code: str
    """One of `ProblemCode`."""
    location: str
    """As in `results[3].end_time`."""
    pointer: str
    """As in `/results/3/end_time`."""
    value: str | None
    """What stands there."""
    message: str
    """What it is, for people."""


class ReportDict(TypedDict):
    """A report as JSON can hold it; see `ValidationReport`."""

    source: str | None
    """What was examined."""
    ok: bool
    """Whether there is no error."""
    errors: int
    """How many there are."""
    warnings: int
    """How many there are."""
    problems: list[ProblemRecord]
    """All of them."""


@dataclass(frozen=True, slots=True)
class ValidationProblem:
    """One thing that is not as it should be.

    Attributes:
        path: Keys and indexes from the root, as in `("results", 3, "end_time")`; `()` is the whole. The
            path of something missing is where it should be. Paths are those of the wire's JSON.
        code: What it is, for programs.
        severity: `error` or `warning`.
        message: What it is, for people. Holds no header and no other secret of a configuration.
        value: What stands there, as JSON of at most 100 characters; `{…}` and `[…]` for an object and an array, and
            `**********` where it is a secret or may hold one. None where nothing stands.
        source: What was examined: a path, or a path and a line; None for data that has no name.
    """

    path: Path
    code: ProblemCode
    severity: Severity
    message: str
    value: str | None = None
    source: str | None = None

    @property
    def location(self) -> str:
        """The path as text: `results[3].end_time`, or `$` for the whole."""
        text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return text.removeprefix(".") or "$"

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer (RFC 6901): `/results/3/end_time`, or `` for the whole."""
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.path)

    def to_dict(self) -> ProblemRecord:
        """The problem as a flat dict, which JSON and tables can hold."""
        return {
            "source": self.source,
            "severity": self.severity.value,
            "code": self.code.value,
            "location": self.location,
            "pointer": self.pointer,
            "value": self.value,
            "message": self.message,
        }

    def __str__(self) -> str:
        return f"{self.severity} at {self.location}: {self.message} ({self.code})"


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """What a validation found; also true or false, as `ok` is, with the length and the items of `problems`.

    Attributes:
        problems: Errors and warnings, in the order in which they were found.
        source: What was examined: a path, or a path and a line; None for data that has no name, and for several.
    """

    problems: tuple[ValidationProblem, ...] = ()
    source: str | None = None

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings are allowed."""
        return not self.errors

    @property
    def errors(self) -> tuple[ValidationProblem, ...]:
        """The problems of severity `error`."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[ValidationProblem, ...]:
        """The problems of severity `warning`."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.WARNING)

    def count_by_code(self) -> dict[ProblemCode, int]:
        """How many problems there are of each code, the most frequent first; without those of which there is none."""
        return dict(Counter(problem.code for problem in self.problems).most_common())

    def count_by_severity(self) -> dict[Severity, int]:
        """How many problems there are of each severity, of which there may be none."""
        return {Severity.ERROR: len(self.errors), Severity.WARNING: len(self.warnings)}

    def merge(self, *others: ValidationReport) -> ValidationReport:
        """One report with the problems of this and others, each of which says of which source it is."""
        problems = tuple(chain.from_iterable(report.problems for report in (self, *others)))
        sources = {report.source for report in (self, *others)}
        return ValidationReport(problems, sources.pop() if len(sources) == 1 else None)

    def of(self, source: str) -> ValidationReport:
        """The report under the name of what was examined, where the data itself had none."""
        return ValidationReport(tuple(replace(problem, source=source) for problem in self.problems), source)

    def to_dict(self) -> ReportDict:
        """The report as a dict that JSON can hold."""
        return {
            "source": self.source,
            "ok": self.ok,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "problems": self.to_records(),
        }

    def to_json(self, *, indent: int | None = None) -> str:
        """The report as JSON, on one line unless `indent` says how far lines are indented."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    def to_records(self) -> list[ProblemRecord]:
        """One flat dict per problem, for tables and dataframes."""
        return [problem.to_dict() for problem in self.problems]

    def raise_for_errors(self) -> None:
        """Does nothing where the report is `ok`.

        Raises:
            InvalidDataError: There are errors; it carries this report, and its message names each path.
        """
        if errors := self.errors:
            raise InvalidDataError(_listed([f"{p.location}: {p.message}" for p in errors], "; "), report=self)

    def __bool__(self) -> bool:
        return self.ok

    def __len__(self) -> int:
        return len(self.problems)

    def __iter__(self) -> Iterator[ValidationProblem]:
        return iter(self.problems)

    def __repr__(self) -> str:
        return f"ValidationReport(ok={self.ok}, errors={len(self.errors)}, warnings={len(self.warnings)})"

    def __str__(self) -> str:
        return _listed([str(problem) for problem in self.problems], "\n") or "no problems"


def _listed(lines: list[str], separator: str) -> str:
    left = len(lines) - _SHOWN
    return separator.join([*lines[:_SHOWN], f"and {left} more"] if left > 0 else lines)


class InvalidDataError(InvalidInputError):
    """A configuration or transcript was validated and has errors; the message names each path.

    Attributes:
        report: All that the validation found.
    """

    def __init__(self, message: str = "", *, report: ValidationReport | None = None, job_id: str | None = None) -> None:
        super().__init__(message, job_id=job_id)
        self.report = ValidationReport() if report is None else report
