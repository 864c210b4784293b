"""What the service says of a job, of the account's usage, and of an error."""

import logging
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, ModelWrapValidatorHandler, StrictFloat, StrictInt, ValidationError, model_validator

from speechmatics.models._base import LenientPart
from speechmatics.models._kept import is_list, is_object, keep_as_it_came
from speechmatics.models._leniency import AsReceived
from speechmatics.models._markers import OpenValues
from speechmatics.models._timestamps import Timestamp
from speechmatics.models.config import JobConfig
from speechmatics.models.delivery import TrackingData
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


_logger = logging.getLogger("speechmatics")


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


class JobDetailError(LenientPart):
    """Something that went wrong with a job, for example a fetch or a callback."""

    timestamp: str | None = None
    """When, in ISO 8601."""
    message: str | None = None
    """What happened."""


class JobDetails(LenientPart):
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
    duration: StrictInt | StrictFloat | None = None
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


class RetrieveJobResponse(LenientPart):
    """The answer to a question about one job."""

    job: JobDetails
    """The job."""


class DeleteJobResponse(RetrieveJobResponse):
    """The answer to a deletion: the job that was deleted."""


class RetrieveJobsResponse(LenientPart):
    """A page of the list of jobs.

    One job that cannot be read breaks none of the others: the lists have those that have an `id` and a `status`, and
    where there are others, a line of the log `speechmatics` says so and `model_extra` has the list as it came.
    """

    jobs: list[JobDetails] | None = None
    """The jobs, newest first; a worker on premises may list `active_jobs` in its place."""
    active_jobs: list[JobDetails] | None = None
    """The jobs that run on a worker on premises; the status of one that comes without is `running`."""
    max_engines: StrictInt | None = None
    """Engines of that worker."""
    unused_engines: StrictInt | None = None
    """Engines of that worker that are free."""

    @property
    def listed(self) -> list[JobDetails]:
        """The jobs, by whichever of the two names the server lists them."""
        return [*(self.jobs or ()), *(self.active_jobs or ())]

    @model_validator(mode="wrap")
    @classmethod
    def _pass_over_unreadable(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not is_object(data):
            return handler(data)
        came = {name: items for name in ("jobs", "active_jobs") if is_list(items := data.get(name))}
        read = {name: _readable(items, are_active=name == "active_jobs") for name, items in came.items()}
        unread = {name: items for name, items in came.items() if len(read[name]) < len(items)}
        if unread:
            counts = sum(map(len, unread.values())), sum(len(read[name]) for name in unread)
            _logger.warning("%d jobs are listed, of which %d can be read; the others are passed over", *counts)
        return keep_as_it_came(handler({**data, **read}), unread)


def _readable(items: list[object], *, are_active: bool) -> list[JobDetails]:
    """The jobs of a list that can be read."""
    jobs: list[JobDetails] = []
    for item in items:
        with suppress(ValidationError):
            jobs.append(_active(item) if are_active else JobDetails.model_validate(item))
    return jobs


def _active(item: object) -> JobDetails:
    """A job of a list of those that run, which need not say so."""
    if not is_object(item) or "status" in item:
        return JobDetails.model_validate(item)
    job = JobDetails.model_validate({**item, "status": JobStatus.RUNNING})
    job.__pydantic_fields_set__.discard("status")
    return job


class CreateJobResponse(LenientPart):
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


class UsageDetails(LenientPart):
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
    count: StrictInt
    """Number of billable jobs."""
    duration_hrs: StrictFloat
    """Length of the audio in hours."""


class UsageReport(LenientPart):
    """Usage of an account between two points in time."""

    since: Timestamp | None = None
    """Begin of the period."""
    until: Timestamp | None = None
    """End of the period."""
    summary: list[UsageDetails]
    """Usage by kind of job."""
    details: list[UsageDetails]
    """Usage by kind of job, language and model."""


class ErrorResponse(LenientPart):
    """The body of an error."""

    code: StrictInt | None = None
    """The HTTP status, 100 or more; workers on premises leave it out."""
    error: OpenValues[ErrorMessage] | None = None
    """What went wrong, in the API's words; workers on premises leave it out."""
    detail: str | None = None
    """More about it."""
