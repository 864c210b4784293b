"""What all conversations of one client share: its settings, its clock, and whom it calls."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from speechmatics.exceptions import SpeechmaticsError
from speechmatics.settings import ConnectionSettings

__all__ = ["ResponseInfo", "Retry", "Session"]

YOUNG = 60.0
"""Seconds after its submission during which a server that does not know a job is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """What `on_retry` is called with when a request is to be sent again.

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
class ResponseInfo:
    """What `on_response` is called with when an answer has come, whatever its status.

    Attributes:
        method: HTTP method.
        url: The URL without its query.
        status_code: HTTP status.
        seconds: How long it took until the answer was read.
        request_id: By which id the server, a gateway or this client knows the request; to be named to support.
    """

    method: str
    url: str
    status_code: int
    seconds: float
    request_id: str | None


@dataclass(slots=True)
class Memory:
    """What the conversations of one client learn.

    Attributes:
        shows_tracking: Whether the server has ever shown the tracking of a submission of this package: until then it
            may hide it.
        lists_tracking: Whether its list has.
        submitted: When the jobs of the last minute were submitted, by id.
        callers_error: What `on_retry` raised last, if anything.
    """

    shows_tracking: bool = False
    lists_tracking: bool = False
    submitted: dict[str, float] = field(default_factory=dict[str, float])
    callers_error: BaseException | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What all conversations of one client share.

    Attributes:
        settings: The client's settings.
        on_retry: Called for each request that is to be sent again.
        clock: Seconds from any fixed point, never running backwards.
        wall_clock: Seconds since 1970. Unlike `clock` it counts while a machine is suspended, but it may be set.
        chance: A number from 0 to 1, drawn anew for each delay.
        memory: What they learn.
    """

    settings: ConnectionSettings
    on_retry: Callable[[Retry], None] | None = None
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random
    memory: Memory = field(default_factory=Memory)

    def remember(self, job_id: str) -> None:
        """Notes a job that was submitted just now, and forgets those that are no longer young."""
        now = self.clock()
        # The oldest come first; two for each that comes in are enough, and a thousand a second cost no more than one.
        for other, moment in list(islice(self.memory.submitted.items(), 2)):
            if now - moment > YOUNG:
                self.memory.submitted.pop(other, None)
        self.memory.submitted[job_id] = now

    def tell_of_retry(self, retry: Retry) -> None:
        """Calls `on_retry`; what it raises is known for the caller's own."""
        if self.on_retry is not None:
            try:
                self.on_retry(retry)
            except BaseException as error:
                self.memory.callers_error = error
                raise

    def is_young(self, job_id: str) -> bool:
        """Whether a job was submitted so shortly ago that a server may not know it everywhere."""
        moment = self.memory.submitted.get(job_id)
        return moment is not None and self.clock() - moment <= YOUNG
