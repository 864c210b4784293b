"""`speechmatics config`: what is set, and where; values of the configuration file."""

from __future__ import annotations

from typing import Annotated

import typer

from speechmatics.cli.connection import read_settings
from speechmatics.cli.output import print_json, print_result, say

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Show and change how the service is reached.")


@app.command()
def show(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show each setting and where it comes from; secrets are masked."""
    settings = read_settings(context)
    origins = settings.origins()
    values = settings.model_dump(mode="json")
    if as_json:
        print_json({name: {"value": values.get(name), "origin": origin} for name, origin in origins.items()})
        return
    for name, origin in origins.items():
        print_result(f"{name} = {values.get(name)}  ({origin})")


@app.command("set")
def set_value(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A setting, as api_key or url.")],
    value: Annotated[str | None, typer.Argument(help="Its value; asked for where it is not given.")] = None,
    profile: Annotated[str, typer.Option(help="The profile.")] = "default",
) -> None:
    """Keep a setting in the configuration file, which only its owner can read."""
    from speechmatics.cli.profiles import set_in_profile

    given = typer.prompt(name, hide_input=True, err=True) if value is None else value
    file = set_in_profile(profile, name, given)
    say(f"{name} is set in the profile {profile} of {file}")


@app.command()
def unset(
    name: Annotated[str, typer.Argument(help="A setting.")],
    profile: Annotated[str, typer.Option(help="The profile.")] = "default",
) -> None:
    """Take a setting out of the configuration file."""
    from speechmatics.cli.profiles import set_in_profile

    file = set_in_profile(profile, name, None)
    say(f"{name} is not set any more in the profile {profile} of {file}")
