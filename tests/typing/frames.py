"""What type checkers infer of frames; checked, never run.

Each `type: ignore` marks an argument that must be rejected: a checker that accepts it reports the comment as unused.
"""

from __future__ import annotations

from typing import assert_type

import pandas as pd
import polars as pl
import pyarrow as pa

from speechmatics import JobDetails, Transcript, ValidationReport
from speechmatics.frames import Level, read_folder, to_arrow, to_pandas, to_polars, write_parquet


def tables(transcript: Transcript, job: JobDetails, report: ValidationReport, level: Level) -> None:
    """A level takes what it is made of."""
    assert_type(transcript.to_arrow("turns"), pa.Table)
    assert_type(to_arrow([transcript]), pa.Table)
    assert_type(to_arrow({"a": transcript}, "sentences"), pa.Table)
    assert_type(to_arrow([transcript, job], "jobs"), pa.Table)
    assert_type(to_arrow(iter([report]), "problems"), pa.Table)
    assert_type(read_folder("folder", level, on_error=print), pa.RecordBatchReader)
    assert_type(write_parquet(read_folder(["a.json"]), "words.parquet"), int)
    assert_type(to_pandas(transcript.to_arrow()), pd.DataFrame)
    assert_type(to_polars(read_folder("folder")), pl.DataFrame)


def rejected(transcript: Transcript, job: JobDetails) -> None:
    """A level does not take what it is not made of."""
    to_arrow([job], "words")  # type: ignore[call-overload]
    to_arrow([transcript], "problems")  # type: ignore[call-overload]
    transcript.to_arrow("jobs")  # type: ignore[arg-type]
    read_folder("folder", "word")  # type: ignore[arg-type]
