"""A rate that is found rather than assumed: it falls when a service refuses, and recovers."""

from __future__ import annotations

import time
from collections.abc import Callable

from speechmatics.exceptions import InvalidInputError

__all__ = ["RateLimit"]

SLOWEST = 1 / 64
"""Share of the rate that remains however often the service refuses."""
RECOVERY = 1 / 20
"""Share of the rate that each accepted request gives back."""


class RateLimit:
    """How many requests may be sent a second: a token bucket that slows down when the service says so.

    It does no waiting of its own: `reserve` gives the seconds to wait, and whoever sends tells it what came of that.
    Use one from one thread or event loop.

    Example:
        >>> limit = RateLimit(10, burst=2, clock=lambda: 0.0)
        >>> limit.reserve(), limit.reserve(), limit.reserve()
        (0.0, 0.0, 0.1)
        >>> limit.refused()
        >>> limit.rate
        5.0

    Args:
        rate: Requests a second at most; more than 0.
        burst: Requests that may be sent at once after a time without any; 1 or more.
        backoff: What a refusal (429) multiplies the rate by; more than 0 and less than 1.
        pause: Seconds without a request after a refusal, unless the service asks for more; 1 is advised by the
            service's documentation.
        clock: Seconds from any fixed point, never running backwards.

    Raises:
        InvalidInputError: An argument is out of its range.

    Attributes:
        rate: Requests a second at the moment.
    """

    def __init__(
        self,
        rate: float,
        burst: int = 1,
        *,
        backoff: float = 0.5,
        pause: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0 < rate < float("inf"):
            raise InvalidInputError(f"rate must be more than 0 requests a second, and finite, not {rate}")
        if burst < 1:
            raise InvalidInputError(f"burst must be 1 or more, not {burst}")
        if not 0 < backoff < 1:
            raise InvalidInputError(f"backoff must be between 0 and 1, not {backoff}")
        if not 0 <= pause < float("inf"):
            raise InvalidInputError(f"pause must be 0 or more seconds, and finite, not {pause}")
        self.rate = float(rate)
        self._highest = float(rate)
        self._burst = burst
        self._backoff = backoff
        self._pause = pause
        self._clock = clock
        self._lowered_until = clock()
        self._next = clock() - (burst - 1) / self.rate

    def __repr__(self) -> str:
        return f"RateLimit({self._highest:g}, burst={self._burst}, rate now {self.rate:g})"

    def reserve(self) -> float:
        """Takes the turn of one request, and gives the seconds to wait before it is sent, 0 or more."""
        now = self._clock()
        turn = max(self._next, now - (self._burst - 1) / self.rate)
        self._next = turn + 1 / self.rate
        return max(0.0, turn - now)

    def refused(self, retry_after: float | None = None) -> None:
        """The service refused a request: the rate falls, and nothing is sent for a while.

        Refusals that come together, within `pause`, lower it once.

        Args:
            retry_after: Seconds that the service asks to wait, if it does.
        """
        now = self._clock()
        if now >= self._lowered_until:
            self.rate = max(self.rate * self._backoff, self._highest * SLOWEST)
            self._lowered_until = now + self._pause
        self._next = max(self._next, now + max(self._pause, retry_after or 0.0))

    def accepted(self) -> None:
        """The service took a request: the rate recovers a little."""
        self.rate = min(self._highest, self.rate + self._highest * RECOVERY)
