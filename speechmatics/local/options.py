"""How a local server differs from one that was asked for nothing in particular."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

__all__ = [
    "ANY_ORIGIN",
    "FETCH_TIMEOUT",
    "MAX_AUDIO_BYTES",
    "MAX_BACKLOG",
    "RECEIVE_TIMEOUT",
    "RETENTION_DAYS",
    "ServerOptions",
    "read_origins",
]

MAX_AUDIO_BYTES = 1_000_000_000
"""Bytes of audio that the service takes (specification: 1 GB)."""
MAX_BACKLOG = 20_000
"""Jobs that the service runs and keeps waiting at once (documentation, "Limits")."""
FETCH_TIMEOUT = 1800.0
"""Seconds that fetching the audio of a job may take: 1 GB at half a megabyte a second."""
ANY_ORIGIN = "*"
"""In place of the origins of web pages."""
RECEIVE_TIMEOUT = 60.0
"""Seconds for the head of a request, and for each 16 KiB of its body."""
RETENTION_DAYS = 7.0
"""Days for which the service keeps jobs (documentation)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """What `LocalServer` was given; it documents them."""

    hosts: frozenset[str] = frozenset()
    allowed_origins: frozenset[str] = frozenset()
    honour_wait: bool = True
    max_audio_bytes: int = MAX_AUDIO_BYTES
    max_backlog: int = MAX_BACKLOG
    accept_unsupported: bool = False
    certfile: Path | None = None
    keyfile: Path | None = None
    on_premises: bool = False
    receive_timeout: float = RECEIVE_TIMEOUT
    retention_days: float | None = RETENTION_DAYS
    allow_private_addresses: bool = False
    fetch_timeout: float = FETCH_TIMEOUT


def read_origins(origins: Iterable[str]) -> frozenset[str]:
    """Origins as browsers send them.

    Raises:
        ValueError: One of them is none; the message says which, and how it is written.
    """
    return frozenset(_read_origin(origin) for origin in origins)


def _read_origin(origin: str) -> str:
    if origin == ANY_ORIGIN or _is_origin(origin):
        return origin.lower()
    raise ValueError(f"{origin!r} is no origin, which is as https://app.example or http://localhost:3000, or *")


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        is_host = bool(parts.scheme and parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False
    return is_host and text.lower() == f"{parts.scheme}://{parts.netloc}".lower()
