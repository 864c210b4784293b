"""What all conversations of one client share: its settings, its clock, and whom it calls."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from speechmatics.exceptions import SpeechmaticsError
from speechmatics.settings import ConnectionSettings

__all__ = ["Retry", "Session"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """What a program is told when a request is to be sent again.

    Attributes:
        method: HTTP method.
        path: Path below the base URL.
        attempt: Requests sent so far, 1 or more.
        delay: Seconds until the next one.
        error: How the last one failed.
    """

    method: str
    path: str
    attempt: int
    delay: float
    error: SpeechmaticsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What all conversations of one client share.

    Attributes:
        settings: The client's settings.
        on_retry: Called for each request that is to be sent again.
        clock: Seconds from any fixed point, never running backwards.
        chance: A number from 0 to 1, drawn anew for each delay.
    """

    settings: ConnectionSettings
    on_retry: Callable[[Retry], None] | None = None
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
