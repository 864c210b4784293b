"""A transcript as Arrow: its words, turns or sentences, with one schema a level; needs the extra `frames`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from speechmatics._errors import InvalidInputError, MissingExtraError
from speechmatics._names import did_you_mean
from speechmatics.rendering.fragments import Results
from speechmatics.rendering.records import PASSAGE_COLUMNS, WORD_COLUMNS, passage_records, to_records
from speechmatics.rendering.text import sentences, turns

try:
    import pyarrow as pa
except ImportError:
    raise MissingExtraError("Arrow", "frames") from None

__all__ = ["TRANSCRIPT_SCHEMAS", "TranscriptLevel", "schema_of", "table_of", "to_arrow", "unknown_level"]

TranscriptLevel: TypeAlias = Literal["words", "turns", "sentences"]
"""What of a transcript a row is."""

_TYPES = {str: pa.string(), float: pa.float64(), int: pa.int64()}


def schema_of(columns: Mapping[str, type]) -> pa.Schema:
    """The schema of columns that hold a type of Python, or None."""
    return pa.schema([pa.field(name, _TYPES[kind]) for name, kind in columns.items()])


TRANSCRIPT_SCHEMAS: dict[TranscriptLevel, pa.Schema] = {
    "words": schema_of(WORD_COLUMNS),
    "turns": schema_of(PASSAGE_COLUMNS),
    "sentences": schema_of(PASSAGE_COLUMNS),
}
"""The schema of each level, which is the same whatever a transcript holds."""


def to_arrow(transcript: Results, level: TranscriptLevel, transcript_id: str | None) -> pa.Table:
    """The words, turns or sentences of a transcript; see `Transcript.to_arrow`.

    Raises:
        InvalidInputError: There is no such level.
    """
    records: Iterable[Mapping[str, object]]
    if level == "words":
        records = to_records(transcript, transcript_id)
    elif level == "turns":
        records = passage_records(turns(transcript), transcript_id)
    elif level == "sentences":
        records = passage_records(sentences(transcript), transcript_id)
    else:
        raise unknown_level(level, TRANSCRIPT_SCHEMAS)
    return table_of(records, TRANSCRIPT_SCHEMAS[level])


def unknown_level(level: object, known: Iterable[str]) -> InvalidInputError:
    """The error that says which levels there are."""
    names = tuple(known)
    hint = did_you_mean(level, names) if isinstance(level, str) else ""
    return InvalidInputError(f"level must be one of {', '.join(names)}, not {level!r}{hint}")


def table_of(records: Iterable[Mapping[str, object]], schema: pa.Schema) -> pa.Table:
    """The records as a table; half a surrogate pair, which a strange file name may have, becomes `?`.

    Raises:
        InvalidInputError: A value is of another type than its column, as in a model that was never validated.
    """
    rows = [*records]
    fields = zip(schema.names, schema.types, strict=True)
    return pa.table([_column(name, [row[name] for row in rows], kind) for name, kind in fields], schema=schema)


def _column(name: str, values: list[object], kind: pa.DataType) -> pa.Array[Any]:
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array([_as_utf8(value) if isinstance(value, str) else value for value in values], kind)
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        raise InvalidInputError(f"the column {name} is {kind}, and a value of it is not: {error}") from None


def _as_utf8(text: str) -> str:
    return text.encode(errors="replace").decode()
