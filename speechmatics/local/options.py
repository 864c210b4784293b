"""How a local server differs from one that was asked for nothing in particular."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FETCH_TIMEOUT", "MAX_AUDIO_BYTES", "MAX_BACKLOG", "RETENTION_DAYS", "ServerOptions"]

MAX_AUDIO_BYTES = 1_000_000_000
"""Bytes of audio that the service takes (specification: 1 GB)."""
MAX_BACKLOG = 20_000
"""Jobs that the service runs and keeps waiting at once (documentation, "Limits")."""
FETCH_TIMEOUT = 1800.0
"""Seconds that fetching the audio of a job may take: 1 GB at half a megabyte a second."""
RETENTION_DAYS = 7.0
"""Days for which the service keeps jobs (documentation)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """What `LocalServer` was given; it documents them."""

    hosts: frozenset[str] = frozenset()
    honour_wait: bool = True
    max_audio_bytes: int = MAX_AUDIO_BYTES
    max_backlog: int = MAX_BACKLOG
    accept_unsupported: bool = False
    retention_days: float | None = RETENTION_DAYS
    allow_private_addresses: bool = False
    fetch_timeout: float = FETCH_TIMEOUT
