"""What is to be done with a file, or with several that are the same: a pure decision, from the journal and the disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from speechmatics.runner.folders import OutputFolder
from speechmatics.runner.journal import Entry, FileState, Planned
from speechmatics.runner.outputs import OutputFormat, output_names

__all__ = ["Action", "Decision", "decide"]


class Action(Enum):
    """What is to be done."""

    SKIP = auto()
    """Nothing: all outputs are there."""
    RENDER = auto()
    """Outputs are written from the JSON of another one."""
    WAIT = auto()
    """There is a job, whose transcript is to be fetched."""
    SUBMIT = auto()
    REJECTED = auto()
    """An earlier job was rejected, and that is not to be tried again."""
    REFUSE = auto()
    """It cannot be submitted, or is not to be."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with files that are the same.

    Attributes:
        action: What is to be done.
        open: The files that need outputs; the first of them is submitted for all.
        finished: The files that have theirs, and what is known of each.
        job_id: The job to wait for, or that there was.
        transcript: The JSON to render from, by its name in the output folder.
        reason: Why it is not submitted.
    """

    action: Action
    open: list[Planned] = field(default_factory=list[Planned])
    finished: list[tuple[Planned, Entry]] = field(default_factory=list[tuple[Planned, Entry]])
    job_id: str | None = None
    transcript: str | None = None
    reason: str | None = None


def decide(
    files: Sequence[Planned],
    entries: Mapping[str, Entry],
    folder: OutputFolder,
    formats: Sequence[OutputFormat],
    *,
    retry_failed: bool,
    resubmit_expired: bool,
) -> Decision:
    """Decides what is to be done.

    Args:
        files: Files with the same content and configuration.
        entries: What the journal knows of them, by name.
        folder: The output folder.
        formats: The outputs that are wanted.
        retry_failed: Whether what failed or was rejected is submitted again.
        resubmit_expired: Whether what was paid for, and is not kept any more, is submitted again.
    """
    # What the journal says of another content or configuration says nothing of this one.
    known = {
        file.name: entry
        for file in files
        if (entry := entries.get(file.name)) and (entry.identity, entry.config) == (file.identity, file.config)
    }
    finished = [
        (file, known[file.name])
        for file in files
        if file.name in known
        and known[file.name].state == FileState.DONE
        and all(map(folder.exists, output_names(file.output, formats)))
    ]
    names = {file.name for file, _ in finished}
    missing = [file for file in files if file.name not in names]
    if not missing:
        return Decision(Action.SKIP, finished=finished)
    for file in files:
        [transcript] = output_names(file.output, ["json"])
        if file.name in known and known[file.name].state == FileState.DONE and folder.exists(transcript):
            job_id = known[file.name].job_id
            return Decision(Action.RENDER, missing, finished, job_id=job_id, transcript=transcript)
    for entry in known.values():
        if entry.job_id and entry.state in (FileState.SUBMITTED, FileState.DONE):
            return Decision(Action.WAIT, missing, finished, job_id=entry.job_id)
    action, reason = _may_submit(missing[0], [*known.values()], retry_failed, resubmit_expired)
    # A new submission has a new job; what is not submitted had this one.
    earlier = (
        None if action == Action.SUBMIT else next((entry.job_id for entry in known.values() if entry.job_id), None)
    )
    return Decision(action, missing, finished, job_id=earlier, reason=reason)


def _may_submit(
    file: Planned, known: Sequence[Entry], retry_failed: bool, resubmit_expired: bool
) -> tuple[Action, str | None]:
    if file.refusal is not None:
        return Action.REFUSE, file.refusal
    for entry in known:
        if entry.state == FileState.SUBMITTING:
            return Action.REFUSE, (
                f"it may have a job already, which could not be found (submission {entry.submission_id}); "
                "it is looked for again by the next run"
            )
        if entry.state == FileState.EXPIRED and not resubmit_expired:
            return Action.REFUSE, (
                f"its job {entry.job_id} was paid for, and is not kept any more; resubmit_expired, or "
                "--resubmit-expired, pays for it again"
            )
        if entry.state in (FileState.FAILED, FileState.REJECTED) and not retry_failed:
            action = Action.REJECTED if entry.state == FileState.REJECTED else Action.REFUSE
            return action, f"{entry.error} (in an earlier run; retry_failed, or --retry-failed, submits it again)"
    return Action.SUBMIT, None
