"""The limiter: a pure value on a clock that is passed in."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmatics import InvalidInputError, RateLimit


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def sent(limit: RateLimit, clock: Clock, seconds: float) -> int:
    """Requests that are sent within so many seconds by one who waits as told."""
    end = clock.now + seconds
    count = 0
    while True:
        clock.now += limit.reserve()
        if clock.now >= end:
            return count
        count += 1


def test_a_burst_then_the_rate() -> None:
    """At once as many as may be, then one after the other; a rest gives the burst back."""
    clock = Clock()
    limit = RateLimit(10, burst=5, clock=clock)
    assert [round(limit.reserve(), 6) for _ in range(8)] == [0, 0, 0, 0, 0, 0.1, 0.2, 0.3]
    clock.now = 100
    assert [limit.reserve() for _ in range(5)] == [0] * 5


def test_a_refusal_slows_down_and_acceptance_recovers() -> None:
    """Half the rate after a pause; each accepted request gives a twentieth back, never above the rate."""
    clock = Clock()
    limit = RateLimit(10, clock=clock)
    limit.reserve()
    limit.refused()
    limit.refused()
    assert limit.rate == 5
    assert limit.reserve() == 1
    clock.now = 1
    limit.refused(retry_after=30)
    assert limit.rate == 2.5
    assert limit.reserve() == 30
    for _ in range(100):
        limit.accepted()
    assert limit.rate == 10
    for _ in range(1000):
        clock.now += 1
        limit.refused()
    assert limit.rate > 0.1


@given(st.floats(0.1, 1000), st.integers(1, 50), st.floats(1, 20))
def test_the_rate_is_never_exceeded(rate: float, burst: int, seconds: float) -> None:
    """But for the burst, over any time."""
    clock = Clock()
    limit = RateLimit(rate, burst, clock=clock)
    assert sent(limit, clock, seconds) <= math.ceil(rate * seconds) + burst


def test_wrong_arguments_are_named() -> None:
    """Before anything waits for them."""
    for rate in (0, -1, math.inf, math.nan):
        with pytest.raises(InvalidInputError, match="rate"):
            RateLimit(rate)
    with pytest.raises(InvalidInputError, match="burst"):
        RateLimit(1, 0)
    for backoff in (0, 1, math.nan):
        with pytest.raises(InvalidInputError, match="backoff"):
            RateLimit(1, backoff=backoff)
    for pause in (-1, math.inf):
        with pytest.raises(InvalidInputError, match="pause"):
            RateLimit(1, pause=pause)
