"""Tables of transcripts, jobs and reports, and how many small ones become batches that are not small."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias, overload

import pyarrow as pa
from typing_extensions import TypeIs

from speechmatics.exceptions import InvalidInputError
from speechmatics.frames.jobs import JOB_SCHEMA, record_of_job, record_of_transcript
from speechmatics.models import JobDetails, Transcript
from speechmatics.rendering.arrow import TRANSCRIPT_SCHEMAS, TranscriptLevel, schema_of, table_of, unknown_level
from speechmatics.rendering.arrow import to_arrow as transcript_to_arrow
from speechmatics.validation import ProblemRecord, ValidationReport

__all__ = ["SCHEMAS", "Level", "check_data", "check_level", "in_batches", "table_of_transcript", "to_arrow"]

Level: TypeAlias = Literal["words", "turns", "sentences", "jobs", "problems"]
"""What a row is."""

BATCH_ROWS = 65_536
"""Rows after which a batch ends with the transcript that it is at; each is a row group of a Parquet file."""

HELD_TABLES = 1_000
"""Tables that are held at most before they are made one: one of a single row takes much more memory than the row."""

SCHEMAS: dict[Level, pa.Schema] = {
    "words": TRANSCRIPT_SCHEMAS["words"],
    "turns": TRANSCRIPT_SCHEMAS["turns"],
    "sentences": TRANSCRIPT_SCHEMAS["sentences"],
    "jobs": JOB_SCHEMA,
    "problems": schema_of(dict.fromkeys(ProblemRecord.__annotations__, str)),
}
"""The schema of each level."""


@overload
def to_arrow(
    items: Transcript | Iterable[Transcript] | Mapping[str, Transcript], level: TranscriptLevel = "words"
) -> pa.Table: ...
@overload
def to_arrow(
    items: Transcript | JobDetails | Iterable[Transcript | JobDetails], level: Literal["jobs"]
) -> pa.Table: ...
@overload
def to_arrow(items: ValidationReport | Iterable[ValidationReport], level: Literal["problems"]) -> pa.Table: ...
def to_arrow(items: object, level: Level = "words") -> pa.Table:
    """One or many transcripts, jobs or reports as a table with the schema of the level.

    Args:
        items: For `words`, `turns` and `sentences` transcripts, or a dict of them by the id that stands in the column
            `transcript_id` (else that of their job); for `jobs` jobs (`list_jobs`) or transcripts, of which each has a
            row; for `problems` the reports of validations.
        level: What a row is.

    Raises:
        InvalidInputError: There is no such level, or something else is given than the level is made of.

    Example:
        >>> to_arrow(client.iter_jobs(), level="jobs")
        >>> to_arrow(validate_transcripts("transcripts"), level="problems")
    """
    check_level(level)
    return pa.Table.from_batches(in_batches(_tables(items, level)), SCHEMAS[level])


def check_level(level: object) -> None:
    """That there is such a level.

    Raises:
        InvalidInputError: There is none.
    """
    if level not in SCHEMAS:
        raise unknown_level(level, SCHEMAS)


def check_data(data: object) -> None:
    """That there is a table or a stream.

    Raises:
        InvalidInputError: There is something else.
    """
    if not isinstance(data, pa.Table | pa.RecordBatchReader):
        raise InvalidInputError(
            f"data must be a pyarrow Table or RecordBatchReader, as to_arrow and read_folder give, "
            f"not {type(data).__name__}"
        )


def in_batches(tables: Iterable[pa.Table]) -> Iterator[pa.RecordBatch]:
    """The rows of many tables, most of which may be small, in batches that are not."""
    held: list[pa.Table] = []
    rows = 0
    for table in tables:
        if table.num_rows:
            held.append(table)
        rows += table.num_rows
        if rows >= BATCH_ROWS:
            yield from _as_one(held).to_batches()
            held, rows = [], 0
        elif len(held) >= HELD_TABLES:
            held = [_as_one(held)]
    if rows:
        yield from _as_one(held).to_batches()


def _as_one(tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).combine_chunks()


def _tables(items: object, level: Level) -> Iterator[pa.Table]:
    """A table for each item."""
    for name, item in _named(items):
        if level == "problems":
            if not isinstance(item, ValidationReport):
                raise _unfit(item, level, "the reports of validations")
            yield table_of(item.to_records(), SCHEMAS[level])
        elif level == "jobs" and isinstance(item, JobDetails):
            yield table_of([record_of_job(item)], SCHEMAS[level])
        elif isinstance(item, Transcript):
            yield table_of_transcript(item, level, name)
        else:
            raise _unfit(item, level, "Transcript models" + (" or JobDetails" if level == "jobs" else ""))


def _named(items: object) -> Iterator[tuple[str | None, object]]:
    if isinstance(items, Transcript | JobDetails | ValidationReport):
        yield None, items
    elif _is_mapping(items):
        yield from items.items()
    elif _is_iterable(items):
        yield from ((None, item) for item in items)
    else:
        yield None, items


def _is_mapping(value: object) -> TypeIs[Mapping[str, object]]:
    return isinstance(value, Mapping)


def _is_iterable(value: object) -> TypeIs[Iterable[object]]:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes)


def _unfit(item: object, level: Level, wanted: str) -> InvalidInputError:
    hint = "; Transcript.model_validate reads a dict" if _is_mapping(item) else ""
    return InvalidInputError(f"{level} are made of {wanted}, not of {type(item).__name__}{hint}")


def table_of_transcript(
    transcript: Transcript,
    level: TranscriptLevel | Literal["jobs"],
    transcript_id: str | None = None,
    source: str | None = None,
) -> pa.Table:
    """The rows of one transcript, from a file if `source` is one."""
    if level == "jobs":
        return table_of([record_of_transcript(transcript, source)], SCHEMAS[level])
    if transcript_id is None and transcript.job is not None:
        transcript_id = transcript.job.id
    return transcript_to_arrow(transcript, level, transcript_id)
