"""The service that a command talks to: the environment's, but for what the command line says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from speechmatics import ParsedBatchClient
    from speechmatics.settings import ConnectionSettings

__all__ = ["open_client", "read_settings", "remember"]

_PROFILE, _URL = "speechmatics.profile", "speechmatics.url"


def remember(context: typer.Context, profile: str | None, url: str | None) -> None:
    """Keeps what was said before the command's name."""
    context.meta[_PROFILE] = profile
    context.meta[_URL] = url


def read_settings(context: typer.Context) -> ConnectionSettings:
    """The settings.

    Raises:
        SettingsError: One is wrong; it says which, and where it came from.
    """
    from speechmatics.settings import ConnectionSettings

    profile: str | None = context.meta.get(_PROFILE)
    url: str | None = context.meta.get(_URL)
    # None is a value: it would win over the environment's.
    if url is None:
        return ConnectionSettings() if profile is None else ConnectionSettings(profile=profile)
    return ConnectionSettings(url) if profile is None else ConnectionSettings(url, profile=profile)


def open_client(context: typer.Context) -> ParsedBatchClient:
    """A client that gives models; to be used in a `with` block."""
    from speechmatics import BatchClient

    return BatchClient(read_settings(context), parse=True)
