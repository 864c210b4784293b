"""What a run says: an event for each file, and a summary of all."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from speechmatics.runner.folders import OutputFile

__all__ = ["FileEvent", "FileResult", "RunPlan", "RunSummary"]


class FileResult(StrEnum):
    """What became of a file."""

    SUBMITTED = "submitted"
    """It has a job, which is still running."""
    DONE = "done"
    REJECTED = "rejected"
    """The service rejected its job."""
    FAILED = "failed"
    """It could not be submitted, or its transcript not be fetched or written."""
    SKIPPED = "skipped"
    """An earlier run was done with it, and it has not changed."""


@dataclass(frozen=True, slots=True)
class FileEvent:
    """Something became of a file.

    Attributes:
        source: The file as it was given or found, or the URL without its query.
        result: What became of it.
        job_id: Its job, where there is one.
        duration: Seconds of audio, as the service says; None where it has not said.
        outputs: The files that were written; in a store, their URLs.
        error: Why there is no transcript, or None.
    """

    source: str
    result: FileResult
    job_id: str | None = None
    duration: float | None = None
    outputs: tuple[OutputFile, ...] = ()
    error: str | None = None

    def to_dict(self) -> dict[str, object]:
        """As a line of the file of results has it."""
        return {
            "source": self.source,
            "state": str(self.result),
            "job_id": self.job_id,
            "duration": self.duration,
            "outputs": [str(output) for output in self.outputs],
            "error": self.error,
        }


@dataclass(slots=True, kw_only=True)
class RunSummary:
    """How a run went; the files add up to `files` where it was not stopped.

    Attributes:
        files: Files that there were.
        done: Files whose transcript was written.
        skipped: Files that an earlier run was done with.
        rejected: Files whose job the service rejected.
        failed: Files that could not be submitted, or whose transcript could not be fetched or written.
        running: Files whose job was still running when the run was stopped.
        submitted: Jobs that were submitted.
        seconds: Seconds of audio of the jobs that ended.
        results_file: A line of JSON for each file: `source`, `state`, `job_id`, `duration`, `outputs`, `error`.
        is_stopped: Whether it was stopped before all files were done.
        not_deleted: Jobs that were to be deleted, and why they could not be.
    """

    files: int = 0
    done: int = 0
    skipped: int = 0
    rejected: int = 0
    failed: int = 0
    running: int = 0
    submitted: int = 0
    seconds: float = 0.0
    results_file: OutputFile | None = None
    is_stopped: bool = False
    not_deleted: list[str] = field(default_factory=list[str])

    def count(self, result: FileResult) -> None:
        """Counts what became of a file."""
        match result:
            case FileResult.DONE:
                self.done += 1
            case FileResult.SKIPPED:
                self.skipped += 1
            case FileResult.REJECTED:
                self.rejected += 1
            case FileResult.FAILED:
                self.failed += 1
            case FileResult.SUBMITTED:
                self.running += 1

    @property
    def is_complete(self) -> bool:
        """Whether every file has its transcript."""
        return self.done + self.skipped == self.files


@dataclass(slots=True, kw_only=True)
class RunPlan:
    """What a run would do.

    Attributes:
        files: Files that there are.
        skipped: Files that an earlier run was done with, or whose transcript needs no job.
        waiting: Files that have a job already.
        submissions: Jobs that would be submitted.
        refused: Files that would not be submitted, and why.
        seconds: Seconds of audio of the jobs that would be submitted, as far as that is known.
        unknown: Jobs whose length is not known before they are done.
    """

    files: int = 0
    skipped: int = 0
    waiting: int = 0
    submissions: int = 0
    refused: list[tuple[str, str]]
    seconds: float = 0.0
    unknown: int = 0

    def cost(self, price_per_hour: float) -> float:
        """What the jobs of known length would cost at a price of an hour of audio."""
        return self.seconds / 3600 * price_per_hour
