"""`speechmatics usage`, `features` and `check`: what was used, what there is, and whether all of it can be reached."""

from __future__ import annotations

from typing import Annotated

import typer

from speechmatics.cli.connection import open_client, read_settings
from speechmatics.cli.output import print_json, print_result, say

__all__ = ["check", "features", "usage"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def usage(
    context: typer.Context,
    since: Annotated[str | None, typer.Option(help="First day, as 2026-01-31.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day.")] = None,
    as_json: Json = False,
) -> None:
    """Show how many jobs and hours of audio were done."""
    with open_client(context) as client:
        report = client.get_usage(since, until)
    if as_json:
        print_json(report.to_dict())
        return
    print_result(" to ".join(f"{day:%Y-%m-%d}" for day in (report.since, report.until) if day is not None))
    for row in report.details or report.summary or ():
        what = " ".join(str(part) for part in (row.type, row.language, row.operating_point) if part)
        print_result(f"{row.count:>8} jobs  {row.duration_hrs:>10.2f} h  {what}")


def features(context: typer.Context, as_json: Json = False) -> None:
    """Show the languages that the service offers."""
    with open_client(context) as client:
        offered = client.get_features()
    if as_json:
        print_json(offered.to_dict())
    elif offered.languages:
        print_result("\n".join(sorted(offered.languages)))
    else:
        say("the service does not say which languages it offers")


LIMITS = {
    "submissions": "10 a second; free plans may have 1",
    "requests for a job": "50 a second",
    "jobs at once": "20000",
    "jobs are kept": "7 days",
}
"""What the service takes (documentation): it answers with 429 beyond the first three."""


def check(context: typer.Context, as_json: Json = False) -> None:
    """Check that the service can be reached and takes the key.

    It says which limits are documented, too; a server on premises has others.
    """
    settings = read_settings(context)
    with open_client(context) as client:
        client.list_jobs(limit=1)
    most = settings.max_upload_bytes
    upload = "no limit" if most is None else f"below {most} bytes; more by fetch_data"
    limits = {**LIMITS, "upload": upload}
    key = "taken" if settings.auth_token is not None else "none is needed"
    if as_json:
        print_json({"url": settings.url, "key": key, "limits": limits})
        return
    for name, value in {"url": settings.url, "key": key, **limits}.items():
        print_result(f"{name + ':':<20} {value}")
