"""`speechmatics validate`: reports on configurations and transcripts, without a key."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from speechmatics.cli.output import ExitCode, print_json, print_result, say

if TYPE_CHECKING:
    from speechmatics.validation import ValidationReport

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Check configurations and transcripts; no key is needed."
)

Files = Annotated[list[str], typer.Argument(help="JSON files, or - for standard input.")]
Strict = Annotated[bool, typer.Option("--strict", help="What is not known is an error, too.")]
Json = Annotated[bool, typer.Option("--json", help="Print a line of JSON for each file.")]
Records = Annotated[bool, typer.Option("--records", help="Print a line of JSON for each problem.")]


@app.command()
def config(files: Files, strict: Strict = False, as_json: Json = False, records: Records = False) -> None:
    """Check configurations."""
    from speechmatics.validation import validate_config, validate_configs

    if files == ["-"]:
        _print([validate_config(sys.stdin.read(), strict=strict).of("-")], as_json=as_json, records=records)
    else:
        _print(validate_configs(files, strict=strict), as_json=as_json, records=records)


@app.command()
def transcript(files: Files, strict: Strict = False, as_json: Json = False, records: Records = False) -> None:
    """Check json-v2 transcripts."""
    from speechmatics.validation import validate_transcript, validate_transcripts

    if files == ["-"]:
        _print([validate_transcript(sys.stdin.read(), strict=strict).of("-")], as_json=as_json, records=records)
    else:
        _print(validate_transcripts(files, strict=strict), as_json=as_json, records=records)


def _print(reports: Iterable[ValidationReport], *, as_json: bool, records: bool) -> None:
    count = wrong = 0
    for report in reports:
        count += 1
        wrong += not report.ok
        if records:
            for record in report.to_records():
                print_json(record)
        elif as_json:
            print_result(report.to_json())
        elif len(report):
            print_result(f"{report.source}:\n{report}")
    say(f"{count} checked, {wrong} with errors")
    if wrong:
        raise typer.Exit(ExitCode.SOME_FAILED)
