"""Many configurations or transcripts -> one report for each, as they come, with little in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from speechmatics._errors import InvalidInputError
from speechmatics._folders import Document, Sources, find_documents
from speechmatics.validation.one import validate_config, validate_transcript
from speechmatics.validation.report import ValidationReport

__all__ = ["Sources", "Task", "examine", "validate_configs", "validate_transcripts"]


@dataclass(frozen=True, slots=True)
class Task:
    """A source that is to be examined.

    Attributes:
        document: Where it is, and what its report calls it.
        is_config: Whether it is a configuration rather than a transcript.
        strict: Whether what is not known is an error.
    """

    document: Document
    is_config: bool
    strict: bool


def validate_transcripts(sources: Sources, *, strict: bool = False, processes: int = 1) -> Iterator[ValidationReport]:
    """Checks the transcripts in files, folders and files of JSON Lines, as `validate_transcript` does each.

    Args:
        sources: One or more paths; of a folder all its files `*.json`, `*.jsonl` and `*.ndjson` at any depth, of the
            latter two each line. They are looked for as the reports are asked for.
        strict: As for `validate_transcript`.
        processes: How many processes do the work, 1 or more; more than 1 are started by `subprocess`, so that the
            program needs no `if __name__ == "__main__"`.

    Returns:
        A report for each source in their order, with the source's name: its path, or path and line as in
        `day.jsonl:12`. A file that cannot be read has a report too.

    Raises:
        InvalidInputError: `processes` is below 1, or something is no path.
        RuntimeError: The processes cannot be started.

    Example:
        >>> for report in validate_transcripts("transcripts", processes=4):
        ...     if not report:
        ...         print(report.source, report.count_by_code())
    """
    return _validated(sources, strict=strict, processes=processes, is_config=False)


def validate_configs(sources: Sources, *, strict: bool = False, processes: int = 1) -> Iterator[ValidationReport]:
    """Checks the configurations in files, folders and files of JSON Lines, as `validate_config` does each.

    Arguments, results and errors are those of `validate_transcripts`.
    """
    return _validated(sources, strict=strict, processes=processes, is_config=True)


def examine(task: Task) -> ValidationReport:
    """The report of one source."""
    validate = validate_config if task.is_config else validate_transcript
    return validate(task.document.content(), task.strict).of(task.document.name)


def _validated(sources: Sources, *, strict: bool, processes: int, is_config: bool) -> Iterator[ValidationReport]:
    if isinstance(processes, bool) or processes < 1:
        raise InvalidInputError(f"processes must be 1 or more, not {processes!r}")
    tasks = (Task(document, is_config, strict) for document in find_documents(sources))
    if processes == 1:
        return map(examine, tasks)
    from speechmatics.validation.processes import examined_by  # which is a program too

    return examined_by(processes, tasks)
