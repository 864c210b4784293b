"""`speechmatics jobs`: list, show, wait for, read and delete jobs."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechmatics.cli.connection import open_client
from speechmatics.cli.output import ExitCode, print_json, print_result, say

if TYPE_CHECKING:
    from speechmatics.models.job import JobDetails

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List, show, wait for, read and delete jobs.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, a line for each.")]
JobId = Annotated[str, typer.Argument(help="Id of the job.")]


class TextFormat(StrEnum):
    """How a transcript is printed."""

    TXT = "txt"
    JSON = "json"
    SRT = "srt"
    VTT = "vtt"
    HTML = "html"


@app.command("list")
def list_jobs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="Jobs at most, the most recent first.")] = 20,
    tag: Annotated[str | None, typer.Option(help="Only jobs with this tag.")] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted and expired jobs, too.")] = False,
    as_json: Json = False,
) -> None:
    """List jobs, the most recent first: id, status, time, length and name."""
    found = 0
    with open_client(context) as client:
        for job in client.iter_jobs(include_deleted=deleted):
            if tag is not None and tag not in _tags(job):
                continue
            print_json(job.to_dict()) if as_json else print_result(_line(job))
            found += 1
            if found == limit:
                return
    if not found:
        say("no jobs")


@app.command()
def show(context: typer.Context, job_id: JobId) -> None:
    """Show all that is known of a job, as JSON."""
    with open_client(context) as client:
        print_json(client.check_job_status(job_id).to_dict())


@app.command()
def wait(
    context: typer.Context,
    job_ids: Annotated[list[str], typer.Argument(help="Ids of jobs.")],
    timeout: Annotated[float | None, typer.Option(min=0, help="Seconds at most.")] = None,
) -> None:
    """Wait until jobs have ended, and print how each did, as it does."""
    is_done = True
    with open_client(context) as client:
        for job in client.wait_for_many(job_ids, timeout=timeout):
            print_result(_line(job))
            is_done = is_done and job.status == "done"
    if not is_done:
        raise typer.Exit(ExitCode.SOME_FAILED)


@app.command()
def result(
    context: typer.Context,
    job_id: JobId,
    text_format: Annotated[
        TextFormat, typer.Option("--format", help="How the transcript is printed.")
    ] = TextFormat.TXT,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write it to.")] = None,
) -> None:
    """Print the transcript of a job, which is waited for."""
    from speechmatics.cli.render import rendered

    with open_client(context) as client:
        text = rendered(client.wait_for_completion(job_id, "json-v2"), text_format)
    if output is None:
        print_result(text)
    else:
        output.write_text(text, encoding="utf-8")


@app.command()
def log(context: typer.Context, job_id: JobId) -> None:
    """Print the log of a job."""
    with open_client(context) as client:
        print_result(client.get_job_log(job_id))


@app.command()
def audio(
    context: typer.Context,
    job_id: JobId,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write it to, or - for standard output.")],
) -> None:
    """Fetch the audio that a job was submitted with."""
    with open_client(context) as client:
        content = client.get_job_audio(job_id)
    if str(output) == "-":
        sys.stdout.buffer.write(content)
    else:
        output.write_bytes(content)


@app.command()
def delete(
    context: typer.Context,
    job_ids: Annotated[list[str] | None, typer.Argument(help="Ids of jobs.")] = None,
    before: Annotated[datetime | None, typer.Option(help="All jobs that were made before this time (UTC).")] = None,
    tag: Annotated[str | None, typer.Option(help="Of these, only jobs with this tag; or all with it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Jobs that are still running, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete jobs and all that belongs to them, by their ids, their age or their tag."""
    from speechmatics.exceptions import JobNotFoundException

    if not job_ids and before is None and tag is None:
        raise typer.BadParameter("ids of jobs, --before or --tag are needed")
    is_done = True
    with open_client(context) as client:
        chosen = list(job_ids or ())
        if before is not None or tag is not None:
            chosen += [job.id for job in client.iter_jobs() if _is_meant(job, before, tag)]
            if not chosen:
                say("no jobs")
                return
            if not yes:
                typer.confirm(f"delete {len(chosen)} jobs?", abort=True, err=True)
        for job_id in chosen:
            try:
                is_deleted = client.delete_job(job_id, force) is not False
            except JobNotFoundException as error:
                say(f"{job_id}: {error}")
                is_done = False
                continue
            is_done = is_done and is_deleted
            say(f"{job_id}: deleted" if is_deleted else f"{job_id}: is still running; --force ends it")
    if not is_done:
        raise typer.Exit(ExitCode.SOME_FAILED)


def _line(job: JobDetails) -> str:
    created = f"{job.created_at:%Y-%m-%d %H:%M:%SZ}" if isinstance(job.created_at, datetime) else str(job.created_at)
    length = "" if job.duration is None else f"{job.duration:g} s"
    return f"{job.id}  {job.status:<9}  {created}  {length:>8}  {job.data_name or ''}".rstrip()


def _tags(job: JobDetails) -> list[str]:
    tracking = getattr(job.config, "tracking", None)
    return list(getattr(tracking, "tags", None) or ())


def _is_meant(job: JobDetails, before: datetime | None, tag: str | None) -> bool:
    from datetime import UTC

    if tag is not None and tag not in _tags(job):
        return False
    if before is None:
        return True
    limit = before.replace(tzinfo=UTC) if before.tzinfo is None else before
    return isinstance(job.created_at, datetime) and job.created_at < limit
