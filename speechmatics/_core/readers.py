"""How the answers to a client are read: as they came, or as models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from typing_extensions import TypeVar

from speechmatics._core import endpoints
from speechmatics._core.endpoints import Page
from speechmatics._core.operations import JsonObject, Operation, Request
from speechmatics._core.steps import Reader
from speechmatics.models.job import JobDetails, UsageReport
from speechmatics.models.transcript import Transcript

__all__ = ["PARSED", "RAW", "JobT", "Readers", "TranscriptT", "UsageT", "as_sent"]

JobT = TypeVar("JobT", default=JsonObject)
"""What a client gives for a job: a dict, or `JobDetails`."""
TranscriptT = TypeVar("TranscriptT", default=JsonObject)
"""What a client gives for a transcript in json-v2: a dict, or a `Transcript`."""
UsageT = TypeVar("UsageT", default=JsonObject)
"""What a client gives for a usage report: a dict, or a `UsageReport`."""

_RawT = TypeVar("_RawT")
_ModelT = TypeVar("_ModelT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers(Generic[JobT, TranscriptT, UsageT]):
    """How the answers to a client are read.

    Attributes:
        job: What reads an answer about one job.
        jobs: What reads an answer that lists jobs.
        transcript: What reads a transcript in json-v2.
        usage: What reads a usage report.
        from_page: Makes jobs of those on a page of the list; those that cannot be read are left out.
        from_job: Makes a job of one that was sent.
    """

    job: Callable[[Operation[JsonObject, JobDetails]], Reader[JobT]]
    jobs: Callable[[Operation[list[JsonObject], list[JobDetails]]], Reader[list[JobT]]]
    transcript: Callable[[Operation[JsonObject, Transcript]], Reader[TranscriptT]]
    usage: Callable[[Operation[JsonObject, UsageReport]], Reader[UsageT]]
    from_page: Callable[[Page], list[JobT]]
    from_job: Callable[[JsonObject], JobT]

    def get_transcript(
        self, job_id: str, transcription_format: object, *, wait: int | None = None
    ) -> tuple[Request, Reader[TranscriptT | str]]:
        """A request for a transcript in any format, and what reads its answer.

        Raises:
            UnknownFormatError: There is no such format.
            InvalidInputError: Another argument is wrong.
        """
        text_format = endpoints.text_format(transcription_format)
        if text_format is not None:
            text = endpoints.get_text_transcript(job_id, text_format, wait=wait)
            return text, text.read
        transcript = endpoints.get_json_transcript(job_id, wait=wait)
        return transcript, self.transcript(transcript)


def as_sent(operation: Operation[_RawT, object]) -> Reader[_RawT]:
    """Reads an answer as the server sent it."""
    return operation.read


def _as_model(operation: Operation[object, _ModelT]) -> Reader[_ModelT]:
    """Reads an answer as a model."""
    return operation.parse


RAW: Readers[JsonObject, JsonObject, JsonObject] = Readers(
    job=as_sent,
    jobs=as_sent,
    transcript=as_sent,
    usage=as_sent,
    from_page=lambda page: page.jobs,
    from_job=lambda job: job,
)
"""Plain dicts."""
PARSED: Readers[JobDetails, Transcript, UsageReport] = Readers(
    job=_as_model,
    jobs=_as_model,
    transcript=_as_model,
    usage=_as_model,
    from_page=endpoints.parse_jobs,
    from_job=endpoints.parse_job,
)
"""Models."""
