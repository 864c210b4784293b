"""What the service says of a job, of the account's usage, and of an error."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue

from speechmatics.models._base import AsReceived, OpenValues, ReceivedModel, Timestamp
from speechmatics.models.config import JobConfig, TrackingData
from speechmatics.models.transcript import Transcript
from speechmatics.models.vocabularies import CreateJobStatus, ErrorMessage, JobMode, JobType, ModelName

__all__ = [
    "CreateJobResponse",
    "DeleteJobResponse",
    "ErrorResponse",
    "JobDetailError",
    "JobDetails",
    "JobStatus",
    "RetrieveJobResponse",
    "RetrieveJobsResponse",
    "UsageDetails",
    "UsageReport",
    "is_running",
]


class JobStatus(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    DONE = "done"
    REJECTED = "rejected"
    """It was taken, but could not be processed."""
    DELETED = "deleted"
    """A user deleted it."""
    EXPIRED = "expired"
    """The service deleted it, usually after 7 days."""


class JobDetailError(ReceivedModel):
    """Something that went wrong with a job, for example a fetch or a callback."""

    timestamp: str | None = None
    """When, in ISO 8601."""
    message: str | None = None
    """What happened."""


class JobDetails(ReceivedModel):
    """A job as the service describes it."""

    id: str
    """The job's id."""
    status: Annotated[JobStatus | str, Field(union_mode="left_to_right")]
    """Where it stands; a status this package does not know is kept as a plain string."""
    created_at: Timestamp | None = None
    """When it was created (UTC)."""
    data_name: str | None = None
    """Name of the audio file."""
    text_name: str | None = None
    """Name of the text file, for alignment jobs of older versions."""
    duration: int | float | None = None
    """Length of the audio in seconds; may be missing for fetched audio."""
    config: AsReceived[JobConfig | None] = None
    """The configuration; lists of on-premises servers leave it out."""
    lang: str | None = None
    """Language, for compatibility with the API's version 1."""
    errors: list[JobDetailError] | None = None
    """What went wrong, also for a job that is done (a callback that failed, say)."""
    tracking: AsReceived[TrackingData | None] = None
    """The customer's notes, where the server puts them here."""
    request_id: str | None = None
    """Id of the request that created it (on-premises workers)."""

    @property
    def is_running(self) -> bool:
        """Whether the job has yet to end."""
        return is_running(self.status)


_ENDED = frozenset({*JobStatus, "failed", "error", "cancelled"} - {JobStatus.RUNNING})
"""The last three are not the API's, but have been seen."""


def is_running(status: str) -> bool:
    """Whether a job of this status has yet to end; one whose status is not known has."""
    return status not in _ENDED


class RetrieveJobResponse(ReceivedModel):
    """The answer to a question about one job."""

    job: JobDetails
    """The job."""


class DeleteJobResponse(RetrieveJobResponse):
    """The answer to a deletion: the job that was deleted."""


class RetrieveJobsResponse(ReceivedModel):
    """A page of the list of jobs."""

    jobs: list[JobDetails] | None = None
    """The jobs, newest first; a worker on one's own premises may list `active_jobs` in its place."""
    active_jobs: list[JsonValue] | None = None
    """The jobs that run on a worker on one's own premises, as it describes them."""
    max_engines: int | None = None
    """Engines of that worker."""
    unused_engines: int | None = None
    """Engines of that worker that are free."""


class CreateJobResponse(ReceivedModel):
    """The answer to a submission."""

    id: str
    """The new job's id."""
    status: OpenValues[CreateJobStatus] | None = None
    """With `wait`: `created`, `done`, `rejected` or `deleted`."""
    json_v2: Transcript | None = Field(default=None, alias="json-v2")
    """The transcript, where the job ended within `wait`."""
    txt: str | None = None
    """The transcript as text, where it was asked for."""
    srt: str | None = None
    """The transcript as SRT, where it was asked for."""


class UsageDetails(ReceivedModel):
    """Usage of one kind of job."""

    mode: OpenValues[JobMode] | None = None
    """`batch`."""
    type: OpenValues[JobType] | None = None
    """`transcription`."""
    language: str | None = None
    """ISO code."""
    model: OpenValues[ModelName] | None = None
    """The model used."""
    operating_point: OpenValues[ModelName] | None = None
    """The old name of `model`."""
    count: int
    """Number of billable jobs."""
    duration_hrs: float
    """Length of the audio in hours."""


class UsageReport(ReceivedModel):
    """Usage of an account between two points in time."""

    since: Timestamp | None = None
    """Begin of the period."""
    until: Timestamp | None = None
    """End of the period."""
    summary: list[UsageDetails]
    """Usage by kind of job."""
    details: list[UsageDetails]
    """Usage by kind of job, language and model."""


class ErrorResponse(ReceivedModel):
    """The body of an error."""

    code: int | None = None
    """The HTTP status, 100 or more; workers on one's own premises leave it out."""
    error: OpenValues[ErrorMessage] | None = None
    """What went wrong, in the API's words; workers on one's own premises leave it out."""
    detail: str | None = None
    """More about it."""
