"""Transcripts in files as a stream of Arrow batches, and such a stream as a Parquet file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from speechmatics._folders import Document, Sources, find_documents
from speechmatics._urls import bare_url, is_url
from speechmatics.exceptions import (
    InvalidInputError,
    InvalidResponseError,
    SpeechmaticsError,
    TranscriptNotReadableError,
)
from speechmatics.frames.tables import (
    SCHEMAS,
    Level,
    check_data,
    check_level,
    in_batches,
    table_of_transcript,
    to_arrow,
)
from speechmatics.models import Transcript
from speechmatics.rendering.arrow import TranscriptLevel
from speechmatics.validation import validate_transcripts

__all__ = ["OnUnreadable", "read_folder", "write_parquet"]

OnUnreadable: TypeAlias = Callable[[str, SpeechmaticsError], object]
"""Called with the name of a file, or of a line of one, that is no transcript, and why."""


def read_folder(path: Sources, level: Level = "words", *, on_error: OnUnreadable | None = None) -> pa.RecordBatchReader:
    """The transcripts in files and folders as a stream of Arrow batches, one file after the other.

    No more is in memory than a batch, some 65,000 rows, and the transcript that is read. What is not read is not
    looked for.

    Args:
        path: One or more paths of this machine; of a folder all its files `*.json`, `*.jsonl` and `*.ndjson` at any
            depth, of the latter two each line.
        level: What a row is; `jobs` has one row a file. For `problems` each file is validated, as by
            `validate_transcripts`; one that cannot be read is a problem then, and no error.
        on_error: Called with each file that is no transcript, which is passed over; None: it is raised, and ends the
            stream.

    Returns:
        A reader, which polars, DuckDB and Parquet writers take as it is; the column `transcript_id` has the id of the
        job, or the name of the file where there is none.

    Raises:
        InvalidInputError: There is no such level, or something is no path. While the stream is read:
            `TranscriptNotReadableError` and `InvalidResponseError`, which name the file.
    """
    check_level(level)
    if on_error is not None and not callable(on_error):
        raise InvalidInputError(f"on_error must be a function of a name and an error, not {type(on_error).__name__}")
    tables: Iterator[pa.Table]
    if level == "problems":
        tables = (to_arrow(report, level) for report in validate_transcripts(path))
    else:
        tables = _tables_of_documents(find_documents(path), level, on_error)
    return pa.RecordBatchReader.from_batches(SCHEMAS[level], in_batches(tables))


def write_parquet(data: pa.Table | pa.RecordBatchReader, path: str | os.PathLike[str]) -> int:
    """Writes a table, or a stream batch by batch, as a Parquet file compressed by zstd.

    The file is there once all of it is: it is written under another name beside it, and replaces what was there.

    Returns:
        How many rows were written.

    Raises:
        InvalidInputError: `data` is neither a table nor a stream, or the path is a URL.
        OSError: It cannot be written.
    """
    check_data(data)
    if is_url(os.fspath(path)):
        raise InvalidInputError(
            f"{bare_url(os.fspath(path))!r} is a URL, and what is written here is a file of this machine; "
            "pyarrow.parquet.write_table and the dataframes of speechmatics.dask write to stores"
        )
    target = Path(path).expanduser()
    part = target.with_name(f".{target.name}.{uuid4().hex}.part")
    rows = 0
    try:
        with pq.ParquetWriter(part, data.schema, compression="zstd") as writer:
            for batch in data.to_batches() if isinstance(data, pa.Table) else data:
                writer.write_batch(batch)
                rows += batch.num_rows
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return rows


def _tables_of_documents(
    documents: Iterable[Document], level: TranscriptLevel | Literal["jobs"], on_error: OnUnreadable | None
) -> Iterator[pa.Table]:
    for document in documents:
        try:
            transcript = _read(document)
        except SpeechmaticsError as error:
            if on_error is None:
                raise
            on_error(document.name, error)
            continue
        job_id = None if transcript.job is None else transcript.job.id
        yield table_of_transcript(transcript, level, job_id or document.name, document.name)


def _read(document: Document) -> Transcript:
    """The transcript of a document; errors name it.

    Raises:
        TranscriptNotReadableError, InvalidResponseError: There is none.
    """
    try:
        content = document.content()
    except OSError as error:
        raise TranscriptNotReadableError(f"cannot read the transcript {document.name!r}: {error.strerror}") from None
    if isinstance(content, Path):
        return Transcript.from_file(content)
    try:
        return Transcript.from_json(content)
    except InvalidResponseError as error:
        raise InvalidResponseError(f"{document.name}: {error}", body=error.body) from None
