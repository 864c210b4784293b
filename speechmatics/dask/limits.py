"""What a cluster may do at once: jobs in flight, and submissions a second, shared by all that hold a lease."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from speechmatics.exceptions import APIStatusError, InvalidInputError

__all__ = ["ClusterLimits", "holding_job", "holding_lock", "holding_turn", "note_refusal"]

SLOWEST = 1 / 64
"""Share of the rate that remains however often the service refuses."""
BACKOFF = 0.5
"""What a refusal (429) multiplies the rate by."""
PAUSE = 1.0
"""Seconds without a submission after a refusal, as the service's documentation advises; those that come within them
lower the rate once."""
RECOVERY_SECONDS = 60.0
"""Seconds in which a rate recovers from nothing to all of it."""
WAIT = 5
"""Seconds after which a lease is asked for anew."""
LOCKS_DIGITS = 4
"""Digits of an id that a lock is named after: the scheduler remembers each name for ever, and so 65,536 at most."""

_logger = logging.getLogger("speechmatics")


@dataclass(frozen=True, slots=True)
class ClusterLimits:
    """What a cluster may do at once. Calls with the same limits share them.

    Attributes:
        jobs: Jobs in flight at most, 1 or more.
        submissions_per_second: Submissions a second at most, above 0; 10 is what the service recommends at most
            (documentation).
        name: Under which name the cluster knows them. One name stands for one number of jobs and one rate, until the
            scheduler ends; Dask raises a `ValueError` for another.

    Raises:
        InvalidInputError: A value is out of its range.
    """

    jobs: int = 20
    submissions_per_second: float = 10.0
    name: str = "speechmatics"

    def __post_init__(self) -> None:
        if isinstance(self.jobs, bool) or self.jobs < 1:
            raise InvalidInputError(f"jobs must be 1 or more, not {self.jobs!r}")
        if not 0 < self.submissions_per_second < math.inf:
            raise InvalidInputError(
                f"submissions_per_second must be more than 0, and finite, not {self.submissions_per_second!r}"
            )
        if not self.name:
            raise InvalidInputError("name must not be empty")

    @property
    def turns(self) -> int:
        """Submissions that may be made at once: so many leases, each kept for so long that the rate is that of all."""
        return max(1, int(self.submissions_per_second))


@contextmanager
def holding_job(limits: ClusterLimits) -> Generator[None]:
    """Waits for one of the leases of jobs, of which there are as many as may be in flight."""
    with _held(import_module("distributed").Semaphore(max_leases=limits.jobs, name=f"{limits.name}-jobs")):
        yield


@contextmanager
def holding_turn(limits: ClusterLimits) -> Generator[None]:
    """Waits until the cluster may submit; to be left when the service has answered.

    The lease is kept after that for its share of the rate: of ten leases and ten submissions a second, a second. So one
    lease never makes two submissions within that time, whichever process has it, and nobody has to know of the others.
    """
    distributed = import_module("distributed")
    with _held(distributed.Semaphore(max_leases=limits.turns, name=f"{limits.name}-turns")):
        _, pause = read_lowered(limits)
        time.sleep(pause)
        try:
            yield
        finally:
            whole, _ = read_lowered(limits)
            time.sleep(limits.turns / whole)


def note_refusal(limits: ClusterLimits, error: BaseException) -> None:
    """Lowers the rate of the cluster if that is what a failed request asks for."""
    if not isinstance(error, APIStatusError) or error.status_code != 429:
        return
    whole, pause = read_lowered(limits)
    if pause > 0:
        return
    lowered = max(whole * BACKOFF, limits.submissions_per_second * SLOWEST)
    _logger.warning("the service refused a request (429): the cluster submits %.3g files a second", lowered)
    distributed = import_module("distributed")
    distributed.Variable(_rate_name(limits)).set({"rate": lowered, "since": time.time()})
    distributed.Event(_rate_name(limits)).set()


def read_lowered(limits: ClusterLimits) -> tuple[float, float]:
    """The rate of the cluster at the moment, and the seconds for which it pauses."""
    distributed = import_module("distributed")
    # A variable that was never set is waited for, and the scheduler logs it: the event says whether there is one.
    if not distributed.Event(_rate_name(limits)).is_set():
        return limits.submissions_per_second, 0.0
    lowered = distributed.Variable(_rate_name(limits)).get()
    return recovered(lowered["rate"], time.time() - lowered["since"], limits)


def recovered(rate: float, seconds: float, limits: ClusterLimits) -> tuple[float, float]:
    """What has become of a rate that was lowered so many seconds ago, and the seconds for which nothing is sent."""
    whole = limits.submissions_per_second
    since_pause = max(0.0, seconds - PAUSE)
    return min(whole, rate + whole * since_pause / RECOVERY_SECONDS), min(PAUSE, max(0.0, PAUSE - seconds))


@contextmanager
def holding_lock(submission_id: str) -> Generator[None]:
    """Holds off other tasks with the same submission, in the whole cluster."""
    with _held(import_module("distributed").Lock(f"speechmatics-{submission_id[:LOCKS_DIGITS]}")):
        yield


@contextmanager
def _held(semaphore: Any) -> Generator[None]:
    if semaphore.loop is None:
        raise InvalidInputError("transcribe runs on the workers of a cluster: make a distributed.Client before")
    try:
        # The scheduler keeps the place of a worker that dies while it waits, and would give it the lease.
        while not semaphore.acquire(timeout=WAIT):
            pass
        try:
            yield
        finally:
            semaphore.release()
    finally:
        # It would run for as long as the worker does, once for each lease that there ever was.
        if (refreshing := getattr(semaphore, "refresh_callback", None)) is not None:
            semaphore.loop.add_callback(refreshing.stop)


def _rate_name(limits: ClusterLimits) -> str:
    return f"{limits.name}-rate"
