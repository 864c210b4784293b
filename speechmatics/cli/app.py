"""The command and its groups. What a command needs is imported when it is run: help is to come at once."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated

import typer

from speechmatics.cli import account, configuration, evaluate, jobs, render, serve, transcribe, validate
from speechmatics.cli.connection import remember
from speechmatics.cli.output import exit_code_of, say

__all__ = ["app", "run"]

app = typer.Typer(
    name="speechmatics",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="The key comes from SPEECHMATICS_API_KEY, or from `speechmatics config set api_key`. "
    "Exit codes: 0 all done, 1 some failed, 2 usage, 3 settings or key, 4 service cannot be reached, 130 interrupted.",
)
_PASSED_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def old_batch(arguments: Annotated[list[str] | None, typer.Argument(metavar="COMMAND ...")] = None) -> None:
    """Run a command of the older package, with its options: batch --help shows them."""
    from speechmatics.cli.batch import run_batch

    raise typer.Exit(run_batch(arguments or ["--help"]))


app.command("transcribe")(transcribe.transcribe)
app.add_typer(jobs.app, name="jobs")
app.command("usage")(account.usage)
app.command("features")(account.features)
app.command("check")(account.check)
app.add_typer(validate.app, name="validate")
app.command("render")(render.render)
app.command("evaluate")(evaluate.evaluate)
app.command("serve", context_settings={"ignore_unknown_options": True})(serve.serve)
app.add_typer(configuration.app, name="config")
app.command("batch", context_settings=_PASSED_ON, add_help_option=False)(old_batch)
app.command("rt", hidden=True, context_settings={"ignore_unknown_options": True})(serve.refuse_real_time)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(version("speechmatics-typed"))
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    profile: Annotated[str | None, typer.Option(help="Profile of the configuration file.")] = None,
    url: Annotated[str | None, typer.Option(help="URL of the service, in place of the settings'.")] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Transcribe recordings with the Speechmatics Batch API, or without a key on this machine.

    Examples:
    speechmatics transcribe call.wav

    speechmatics transcribe calls/ --output out --format json,srt

    speechmatics transcribe call.wav --local
    """
    remember(context, profile, url)


def _say_warning(message: Warning | str, *_: object, **__: object) -> None:
    say(f"warning: {message}")


def run() -> None:
    """Runs the command of this process; errors of the service and of settings are a sentence and an exit code."""
    warnings.showwarning = _say_warning
    try:
        app()
    except Exception as error:
        code = exit_code_of(error)
        if code is None:
            raise
        say(f"error: {error}")
        sys.exit(code)
