"""Transcripts anywhere -> a dataframe of their words, or of what is wrong with them, a part a task."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from speechmatics.dask.storage import as_url, find_files, read_file
from speechmatics.dask.transcription import Files, TranscribedFile, is_bag
from speechmatics.exceptions import InvalidInputError, InvalidResponseError, SpeechmaticsError
from speechmatics.frames import SCHEMAS, Level, to_arrow, to_pandas
from speechmatics.models import Transcript
from speechmatics.validation import ProblemCode, Severity, ValidationProblem, ValidationReport, validate_transcript

if TYPE_CHECKING:
    import pandas
    from dask.dataframe import DataFrame

__all__ = ["validate", "words"]

FILES_PER_PART = 100
"""Transcripts of a part, unless something else is asked for."""

_logger = logging.getLogger("speechmatics")


def words(transcripts: Files, *, skip_unreadable: bool = False, files_per_part: int = FILES_PER_PART) -> DataFrame:
    """The words of transcripts, a row each, with the columns of `speechmatics.frames.SCHEMAS["words"]`.

    Args:
        transcripts: Paths or fsspec URLs of json-v2 files: one, which may be a pattern, several, or a bag of them; or
            the bag that `transcribe` gives, of which results without a transcript have no rows.
        skip_unreadable: Whether a file that is no transcript is passed over, and named in the log `speechmatics`.
        files_per_part: Files of a part of the dataframe; a bag keeps its own parts.

    Raises:
        InvalidInputError: An argument is wrong. While it is computed: `InvalidResponseError`, which names the
            file that cannot be read or is no transcript.

    Example:
        >>> words("s3://transcripts/*.json").to_parquet("s3://tables/words", write_index=False)
    """
    return _dataframe(transcripts, "words", partial(_words_of, skip_unreadable=skip_unreadable), files_per_part)


def validate(transcripts: Files, *, strict: bool = False, files_per_part: int = FILES_PER_PART) -> DataFrame:
    """The problems of transcripts, a row each, with the columns of `speechmatics.frames.SCHEMAS["problems"]`.

    A file that cannot be read has a row too, and a transcript without problems has none.

    Args:
        transcripts: As for `words`.
        strict: As for `validate_transcript`.
        files_per_part: As for `words`.

    Raises:
        InvalidInputError: An argument is wrong.
    """
    return _dataframe(transcripts, "problems", partial(_problems_of, strict=strict), files_per_part)


def _dataframe(
    transcripts: Files, level: Level, table_of: Callable[[Iterable[object]], pa.Table], files_per_part: int
) -> DataFrame:
    if isinstance(files_per_part, bool) or files_per_part < 1:
        raise InvalidInputError(f"files_per_part must be 1 or more, not {files_per_part!r}")
    frames: Any = import_module("dask.dataframe")
    meta = to_pandas(SCHEMAS[level].empty_table())
    part_of = partial(_part_of, table_of)
    frame: DataFrame
    if is_bag(transcripts):
        bag: Any = transcripts
        parts = [import_module("dask").delayed(part_of)(part) for part in bag.to_delayed()]
        frame = frames.from_delayed(parts, meta=meta, verify_meta=False)
        return frame
    urls = [*find_files(transcripts)]
    parts = [urls[start : start + files_per_part] for start in range(0, len(urls), files_per_part)]
    frame = frames.from_map(part_of, parts or [[]], meta=meta)
    return frame


def _part_of(table_of: Callable[[Iterable[object]], pa.Table], items: Iterable[object]) -> pandas.DataFrame:
    return to_pandas(table_of(items))


def _words_of(items: Iterable[object], skip_unreadable: bool) -> pa.Table:
    return pa.concat_tables([SCHEMAS["words"].empty_table(), *_tables_of_words(items, skip_unreadable)])


def _tables_of_words(items: Iterable[object], skip_unreadable: bool) -> Iterator[pa.Table]:
    for item in items:
        if isinstance(item, TranscribedFile) and item.error is not None:
            continue
        name = _name_of(item)
        try:
            transcript = item.load() if isinstance(item, TranscribedFile) else Transcript.from_json(read_file(name))
        except (SpeechmaticsError, OSError) as error:
            if not skip_unreadable:
                raise InvalidResponseError(f"{name}: {error}") from None
            _logger.warning("%s is passed over: %s", name, error)
            continue
        job_id = None if transcript.job is None else transcript.job.id
        yield transcript.to_arrow(transcript_id=job_id or name)


def _problems_of(items: Iterable[object], strict: bool) -> pa.Table:
    return to_arrow((_report_of(item, strict) for item in items), "problems")


def _report_of(item: object, strict: bool) -> ValidationReport:
    name = _name_of(item)
    if isinstance(item, TranscribedFile):
        if item.error is not None:
            return ValidationReport(source=name)
        if item.transcript is not None:
            return validate_transcript(item.transcript, strict).of(name)
    try:
        data = read_file(name)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        return ValidationReport((ValidationProblem((), ProblemCode.UNREADABLE, Severity.ERROR, message, None, name),))
    return validate_transcript(data, strict).of(name)


def _name_of(item: object) -> str:
    """The URL of a transcript, or of the audio of one that was not saved."""
    if isinstance(item, TranscribedFile):
        return item.output or item.url
    return as_url(item)
