"""`speechmatics transcribe`: one recording to standard output, or many to a folder."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from speechmatics.cli.connection import read_settings
from speechmatics.cli.jobs import TextFormat
from speechmatics.cli.output import ExitCode, print_json, print_result, say

if TYPE_CHECKING:
    from speechmatics.runner import FileEvent, RunSummary, TranscriptionRun
    from speechmatics.runner.sources import Source
    from speechmatics.settings import ConnectionSettings

__all__ = ["transcribe"]


class Diarization(StrEnum):
    """Who is told apart."""

    NONE = "none"
    SPEAKER = "speaker"
    CHANNEL = "channel"


def transcribe(
    context: typer.Context,
    inputs: Annotated[
        list[str], typer.Argument(help="Files, folders, patterns, URLs, manifests (.jsonl), or - for standard input.")
    ],
    config: Annotated[Path | None, typer.Option(help="JSON file with the job's configuration.")] = None,
    language: Annotated[str | None, typer.Option("--language", "--lang", "-l", help="Language (default: en).")] = None,
    model: Annotated[str | None, typer.Option(help="Model, as enhanced, standard or melia-1.")] = None,
    diarization: Annotated[Diarization | None, typer.Option(help="Tell speakers or channels apart.")] = None,
    formats: Annotated[str, typer.Option("--format", "-f", help="json, txt, srt, vtt, html; with commas.")] = "txt",
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="<path>", help="Folder for the outputs, - to print.")
    ] = None,
    journal: Annotated[Path | None, typer.Option(help="File that keeps what was done (default: in --output).")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Submissions and downloads at once.")] = 10,
    rate: Annotated[float, typer.Option(min=0.001, help="Submissions a second at most.")] = 10,
    local: Annotated[bool, typer.Option("--local", help="Transcribe on this machine, without a key.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume/--fresh", help="Go on where earlier runs ended, or forget them and pay again.")
    ] = True,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Submit again what failed.")] = False,
    resubmit_expired: Annotated[bool, typer.Option("--resubmit-expired", help="Pay again for expired jobs.")] = False,
    no_dedupe: Annotated[bool, typer.Option("--no-dedupe", help="Submit files that are the same each.")] = False,
    delete_after: Annotated[bool, typer.Option("--delete-after", help="Delete each job when it is written.")] = False,
    max_jobs: Annotated[int | None, typer.Option(min=0, help="Jobs at most.")] = None,
    max_hours: Annotated[float | None, typer.Option(min=0, help="Hours of audio at most.")] = None,
    fetch_stored: Annotated[
        bool | None,
        typer.Option(
            "--fetch-stored/--upload-stored", help="Who reads files of s3:// and the like: the service, or you."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    price: Annotated[float | None, typer.Option(min=0, help="With --dry-run: price of an hour of audio.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each file.")] = False,
    older: Annotated[str | None, typer.Option("--auth-token", "--ssl-mode", hidden=True)] = None,
) -> None:
    """Transcribe recordings.

    One file and no --output prints its transcript. With --output, each file has its outputs there, by its whole name
    (calls/a.wav.txt); the command can be stopped with Ctrl-C, or killed, and run again: it continues where it was, and
    pays for nothing twice.

    Examples:
    speechmatics transcribe call.wav

    speechmatics transcribe calls/ --output out --format json,srt

    speechmatics transcribe "calls/**/*.mp3" --output out --dry-run --price 0.3

    speechmatics transcribe s3://calls/may/ --output s3://transcripts/may --journal may.db
    """
    if older is not None:
        raise typer.BadParameter(
            "the options of the older package are those of `speechmatics batch transcribe`, and its real-time "
            "transcription is in the package speechmatics-rt; the key belongs in SPEECHMATICS_API_KEY"
        )
    asked = _configuration(config, language, model, diarization)
    kinds = [kind.strip() for kind in formats.split(",") if kind.strip()]
    with ExitStack() as resources:
        settings = _local_settings(resources) if local else read_settings(context)
        if output is None or output == "-":
            _print_one(inputs, asked, kinds, settings)
            return
        if not resume and not dry_run:
            _forget(journal or Path(output) / ".speechmatics" / "journal.db")
        from speechmatics.runner import TranscriptionRun

        run = TranscriptionRun(
            inputs,
            asked,
            output,
            formats=kinds,
            settings=settings,
            journal=journal,
            submissions=concurrency,
            downloads=concurrency,
            rate=rate,
            dedupe=not no_dedupe,
            retry_failed=retry_failed,
            resubmit_expired=resubmit_expired,
            delete_after=delete_after,
            max_jobs=max_jobs,
            max_hours=max_hours,
            fetch_stored=fetch_stored,
        )
        if dry_run:
            _print_plan(run, price, as_json=as_json)
        else:
            _work(run, as_json=as_json)


def _configuration(
    file: Path | None, language: str | None, model: str | None, diarization: Diarization | None
) -> dict[str, Any]:
    from speechmatics.models import JobConfig

    config: dict[str, Any] = JobConfig.from_file(file).to_dict() if file else {"type": "transcription"}
    asked: dict[str, Any] = {**config.get("transcription_config", {"language": "en"})}
    given = {"language": language, "model": model, "diarization": diarization and str(diarization)}
    asked.update({name: value for name, value in given.items() if value is not None})
    return {**config, "transcription_config": asked}


def _local_settings(resources: ExitStack) -> ConnectionSettings:
    from speechmatics.local import LocalServer

    return resources.enter_context(LocalServer()).connection_settings


def _print_one(inputs: list[str], config: dict[str, Any], kinds: list[str], settings: ConnectionSettings) -> None:
    from speechmatics import BatchClient
    from speechmatics.cli.render import rendered
    from speechmatics.exceptions import InvalidInputError
    from speechmatics.runner.outputs import check_formats
    from speechmatics.runner.planning import merge_json

    [kind, *more] = check_formats(kinds)
    if more:
        raise InvalidInputError("several formats need --output FOLDER")
    audio: Path | tuple[str, bytes] | None
    if inputs == ["-"]:
        audio = ("audio", sys.stdin.buffer.read())
    else:
        source = _only_source(inputs)
        audio = source.path
        config = merge_json(config, source.overrides or {})
        if source.url is not None:
            config = merge_json(config, {"fetch_data": {"url": source.url}})
    with BatchClient(settings, parse=True) as client:
        transcript = client.transcribe(audio, config)
    print_result(rendered(transcript, TextFormat(kind)))


def _only_source(inputs: list[str]) -> Source:
    from speechmatics.exceptions import InvalidInputError
    from speechmatics.runner.sources import find_sources
    from speechmatics.runner.stores import is_store_url

    if any(map(is_store_url, inputs)):
        raise InvalidInputError("recordings in stores need --output FOLDER")
    sources = [*find_sources(inputs)]
    if len(sources) != 1:
        raise InvalidInputError(f"{len(sources)} recordings need --output FOLDER, to write to")
    if sources[0].stored is not None:  # a manifest of this machine may name it
        raise InvalidInputError("recordings in stores need --output FOLDER")
    return sources[0]


def _forget(file: Path) -> None:
    from speechmatics.runner.journal import Journal

    if not file.exists():
        return
    Journal(file).close()  # which fails while another run uses it
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _print_plan(run: TranscriptionRun, price: float | None, *, as_json: bool) -> None:
    plan = run.plan()
    cost = None if price is None else plan.cost(price)
    if as_json:
        values = {"files": plan.files, "skipped": plan.skipped, "waiting": plan.waiting}
        values |= {"submissions": plan.submissions, "unknown": plan.unknown}
        print_json({**values, "hours": plan.seconds / 3600, "cost": cost, "refused": dict(plan.refused)})
        return
    print_result(f"{plan.files} files: {plan.submissions} to submit, {plan.skipped} done, {plan.waiting} with a job")
    print_result(f"{plan.seconds / 3600:.2f} hours of audio, and {plan.unknown} files of unknown length")
    if cost is not None:
        print_result(f"cost: {cost:.2f}, without the files of unknown length")
    for name, reason in plan.refused:
        print_result(f"not submitted: {name}: {reason}")


def _work(run: TranscriptionRun, *, as_json: bool) -> None:
    from speechmatics.runner import FileResult

    interruptions = 0

    def interrupt(*_: object) -> None:
        nonlocal interruptions
        interruptions += 1
        say("stopping; Ctrl-C once more ends at once" if interruptions == 1 else "ended; run it again to go on")
        run.stop()

    # It stays: one more Ctrl-C while the command ends changes nothing.
    signal.signal(signal.SIGINT, interrupt)
    # Lines of JSON on a terminal would go through the line that changes.
    with _progress(is_live=not (as_json and sys.stdout.isatty())) as show:
        for event in run:
            show(event, run.summary)
            if as_json and event.result != FileResult.SUBMITTED:
                print_json(event.to_dict())
    summary = run.summary
    parts = [f"{summary.done} done", f"{summary.skipped} done before"]
    parts += [f"{count} {name}" for name, count in _others(summary) if count]
    say(f"{summary.files} files: {', '.join(parts)}; {summary.results_file}")
    if interruptions:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if summary.rejected or summary.failed:
        raise typer.Exit(ExitCode.SOME_FAILED)


def _others(summary: RunSummary) -> list[tuple[str, int]]:
    return [("rejected", summary.rejected), ("failed", summary.failed), ("still running", summary.running)]


@contextmanager
def _progress(*, is_live: bool) -> Generator[Callable[[FileEvent, RunSummary], None]]:
    """Shows how far a run is: a line that changes on a terminal, a line for each failure elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)

    def tell(event: FileEvent, summary: RunSummary) -> None:
        if event.error:
            console.print(
                f"{event.source}: {event.result}: {event.error}", markup=False, highlight=False, soft_wrap=True
            )

    if not console.is_terminal or not is_live:
        yield tell
        return
    columns = (BarColumn(24), MofNCompleteColumn(), TextColumn("{task.fields[more]}"), TimeRemainingColumn())
    begin = time.monotonic()
    # What goes to standard output is not to be sent to the console, which is standard error.
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as progress:
        task = progress.add_task("files", total=None, more="")

        def show(event: FileEvent, summary: RunSummary) -> None:
            tell(event, summary)
            ended = summary.done + summary.skipped + summary.rejected + summary.failed
            rate = ended / max(time.monotonic() - begin, 0.001)
            failed = summary.rejected + summary.failed
            more = f"{summary.seconds / 3600:.1f} h, {rate:.1f} files/s, {failed} failed"
            progress.update(task, total=summary.files, completed=ended, more=more)

        yield show
