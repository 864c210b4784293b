"""`speechmatics serve`: the local server, with its own options."""

from __future__ import annotations

from typing import Annotated

import typer

from speechmatics.cli.output import ExitCode, say

__all__ = ["refuse_real_time", "serve"]


def serve(
    arguments: Annotated[
        list[str] | None, typer.Argument(help="Options of the server; serve -- --help shows them.")
    ] = None,
) -> None:
    """Run the local server, which needs no key: the same API on this machine (extra local)."""
    from speechmatics.local.__main__ import main

    raise typer.Exit(main(arguments or []))


def refuse_real_time(arguments: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Says where real time is."""
    say("this command is for recordings; for real time see the package speechmatics-rt")
    raise typer.Exit(ExitCode.USAGE)
