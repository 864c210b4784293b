"""Jobs as rows of a table, from what the service says of them or from their transcripts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict

import pyarrow as pa

from speechmatics.models import JobDetails, JobStatus, Transcript
from speechmatics.models.delivery import TrackingData
from speechmatics.models.recognition import TranscriptionConfig
from speechmatics.models.results import JobInfo, RecognitionMetadata

__all__ = ["JOB_SCHEMA", "JobRecord", "record_of_job", "record_of_transcript"]


class JobRecord(TypedDict):
    """A job as a row of a table."""

    source: str | None
    """The file of its transcript, where it was read from one."""
    id: str | None
    """The job's id; None for transcripts of containers on premises."""
    status: str
    """Where it stands; `done` where there is a transcript."""
    created_at: datetime | None
    """When it was created (UTC)."""
    data_name: str | None
    """Name of the audio file."""
    duration: float | None
    """Length of the audio in seconds."""
    language: str | None
    """ISO code that was asked for, or `auto`."""
    model: str | None
    """The model that was asked for, by either of its two names (`model`, `operating_point`)."""
    title: str | None
    """The customer's title of the job."""
    reference: str | None
    """The customer's own reference."""
    tags: str
    """The customer's labels, separated by commas."""
    errors: str
    """What went wrong, a line each."""


_OTHER_TYPES = {"created_at": pa.timestamp("us", tz="UTC"), "duration": pa.float64()}
JOB_SCHEMA = pa.schema([pa.field(name, _OTHER_TYPES.get(name, pa.string())) for name in JobRecord.__annotations__])
"""The columns of a `JobRecord`."""


def record_of_job(job: JobDetails) -> JobRecord:
    """The row of a job."""
    config = None if job.config is None else job.config.transcription_config
    tracking = None if job.config is None else job.config.tracking
    errors = [error.message for error in job.errors or ()]
    return _record(job, str(job.status), config, tracking or job.tracking, errors, None)


def record_of_transcript(transcript: Transcript, source: str | None) -> JobRecord:
    """The row of a transcript and its job; an error of an add-on, without which it was made, is in `errors`."""
    metadata = transcript.metadata or RecognitionMetadata()
    failed = (
        metadata.translation_errors,
        metadata.summarization_errors,
        metadata.sentiment_analysis_errors,
        metadata.topic_detection_errors,
        metadata.auto_chapters_errors,
    )
    errors = [error.message for errors in failed for error in errors or ()]
    job = transcript.job or JobInfo()
    return _record(job, JobStatus.DONE.value, metadata.transcription_config, job.tracking, errors, source)


def _record(
    job: JobDetails | JobInfo,
    status: str,
    config: TranscriptionConfig | None,
    tracking: TrackingData | None,
    errors: Iterable[str | None],
    source: str | None,
) -> JobRecord:
    return {
        "source": source,
        "id": job.id,
        "status": status,
        "created_at": job.created_at,
        "data_name": job.data_name,
        "duration": None if job.duration is None else _as_float(job.duration),
        "language": None if config is None else config.language,
        "model": None if config is None else config.model or config.operating_point,
        "title": None if tracking is None else tracking.title,
        "reference": None if tracking is None else tracking.reference,
        "tags": ",".join(() if tracking is None else tracking.tags or ()),
        "errors": "\n".join(filter(None, errors)),
    }


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of more than 308 digits
        return math.inf
