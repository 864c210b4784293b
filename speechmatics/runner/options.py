"""What a run was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from speechmatics.runner.decisions import Decision, decide
from speechmatics.runner.folders import OutputFolder
from speechmatics.runner.journal import Journal, Planned
from speechmatics.runner.outputs import OutputFormat

__all__ = ["WorkOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOptions:
    """What `TranscriptionRun` was given, which documents it."""

    folder: OutputFolder
    formats: tuple[OutputFormat, ...]
    submissions: int
    in_flight: int
    downloads: int
    rate: float
    retry_failed: bool
    resubmit_expired: bool
    delete_after: bool
    max_jobs: int | None
    max_seconds: float | None
    recovery_window: float
    fetch_stored: bool | None = None

    def decide(self, journal: Journal, file: Planned) -> Decision:
        """What is to be done with a file, and with those that are the same."""
        files = [file, *journal.followers(file.number)]
        entries = {entry.name: entry for each in files if (entry := journal.entry(each.name)) is not None}
        return decide(
            files,
            entries,
            self.folder,
            self.formats,
            retry_failed=self.retry_failed,
            resubmit_expired=self.resubmit_expired,
        )
