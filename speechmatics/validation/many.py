"""Many configurations or transcripts -> one report for each, as they come, with little in memory."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from typing_extensions import TypeIs

from speechmatics._errors import InvalidInputError
from speechmatics.validation.one import validate_config, validate_transcript
from speechmatics.validation.report import ValidationReport

__all__ = ["Sources", "Task", "examine", "validate_configs", "validate_transcripts"]

Sources: TypeAlias = "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]"
"""What is gone through: the path of a file, of a folder, or of a file of JSON Lines, or several of them.

Of a folder these are the files `*.json`, `*.jsonl` and `*.ndjson` in it and below it, by name; of a file `*.jsonl` or
`*.ndjson` its lines, but for empty ones.
"""

_OF_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Task:
    """A source that is to be examined.

    Attributes:
        name: What its report calls it.
        path: The absolute path of its file.
        start: Where in the file it begins; None where it is the whole file.
        length: How many bytes it has, if it is a part of the file.
        is_config: Whether it is a configuration rather than a transcript.
        strict: Whether what is not known is an error.
    """

    name: str
    path: str
    start: int | None
    length: int
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
    data: bytes | Path = Path(task.path)
    if task.start is not None:
        with Path(task.path).open("rb") as file:
            file.seek(task.start)
            data = file.read(task.length)
    validate = validate_config if task.is_config else validate_transcript
    return validate(data, task.strict).of(task.name)


def _validated(sources: Sources, *, strict: bool, processes: int, is_config: bool) -> Iterator[ValidationReport]:
    if isinstance(processes, bool) or processes < 1:
        raise InvalidInputError(f"processes must be 1 or more, not {processes!r}")
    tasks = _tasks([sources] if _is_path(sources) else _several(sources), strict=strict, is_config=is_config)
    if processes == 1:
        return map(examine, tasks)
    from speechmatics.validation.processes import examined_by  # which is a program too

    return examined_by(processes, tasks)


def _several(sources: object) -> Iterable[object]:
    if not _is_several(sources):
        raise InvalidInputError(f"sources must be one or more paths, not {type(sources).__name__}")
    return sources


def _is_several(value: object) -> TypeIs[Iterable[object]]:
    return isinstance(value, Iterable) and not isinstance(value, bytes | Mapping)


def _is_path(value: object) -> TypeIs[str | os.PathLike[str]]:
    return isinstance(value, str | os.PathLike)


def _tasks(sources: Iterable[object], *, strict: bool, is_config: bool) -> Iterator[Task]:
    for source in sources:
        if not _is_path(source):
            raise InvalidInputError(f"a source must be a path, not {type(source).__name__}")
        for path in _files(Path(source).expanduser()):
            for name, start, length in _parts(path):
                yield Task(name, str(path.absolute()), start, length, is_config, strict)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names) if name.lower().endswith((".json", *_OF_LINES)))


def _parts(path: Path) -> Iterator[tuple[str, int | None, int]]:
    """The name, the start and the length of each line, or the name of a file that is one source or cannot be read."""
    name = os.fspath(path)
    if not (name.lower().endswith(_OF_LINES) and _is_readable(path)):
        yield name, None, 0
        return
    start = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield f"{name}:{number}", start, len(line)
            start += len(line)


def _is_readable(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode) and os.access(path, os.R_OK)
    except (OSError, ValueError):
        return False
