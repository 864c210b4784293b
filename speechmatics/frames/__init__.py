"""Transcripts, jobs and problems as Arrow, which pandas, polars, DuckDB and Parquet read; needs the extra `frames`.

Each level has one schema (`SCHEMAS`), whatever the data holds, so that tables of many transcripts, made on many days,
are joined without a surprise. A column may hold nulls. Its types are those of `Transcript.to_records`: texts are
`string`, numbers `float64`.

| level | a row is | columns |
|---|---|---|
| `words` | a word | those of `WordRecord`: `transcript_id`, `content`, `start_time`, `end_time`, `confidence`, \
`language`, `speaker`, `channel`, `entity_class`, `volume`, `tags` |
| `turns`, `sentences` | a speaker's turn, a sentence | `transcript_id`, `speaker`, `channel`, `language`, \
`start_time`, `end_time`, `text`, `words` (their number, `int64`) |
| `jobs` | a job, or a transcript and its job | those of `JobRecord`; `created_at` is `timestamp[us, tz=UTC]` |
| `problems` | a problem of a validation | those of `ProblemRecord`: `source`, `severity`, `code`, `location`, \
`pointer`, `value`, `message` |

Example:
    >>> from speechmatics.frames import read_folder, to_polars, write_parquet
    >>> write_parquet(read_folder("transcripts"), "words.parquet")
    >>> to_polars(read_folder("transcripts", level="problems")).group_by("code").len()
"""

from __future__ import annotations

from speechmatics import _installation as _installation
from speechmatics.exceptions import MissingExtraError

try:
    import pyarrow as pyarrow
except ImportError:
    raise MissingExtraError("speechmatics.frames", "frames") from None

from speechmatics.frames.dataframes import to_pandas, to_polars
from speechmatics.frames.files import OnUnreadable, read_folder, write_parquet
from speechmatics.frames.jobs import JobRecord
from speechmatics.frames.tables import SCHEMAS, Level, to_arrow
from speechmatics.rendering.arrow import TranscriptLevel

__all__ = [
    "SCHEMAS",
    "JobRecord",
    "Level",
    "OnUnreadable",
    "TranscriptLevel",
    "read_folder",
    "to_arrow",
    "to_pandas",
    "to_polars",
    "write_parquet",
]
