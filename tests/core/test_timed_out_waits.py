"""Waits that time out leave nothing: a small round of the trial."""

from __future__ import annotations

import pytest

from tests.trials.timed_out_waits import KINDS, run

pytestmark = pytest.mark.slow  # waits for time-outs


@pytest.mark.parametrize("driver", ["blocking", "asyncio", "trio"])
@pytest.mark.parametrize("kind", KINDS)
def test_waits_that_time_out_leave_nothing(kind: str, driver: str) -> None:
    """No thread, no descriptor, little memory; and none is late by more than a busy machine explains."""
    left = run(kind, driver, 4)
    assert left.threads <= 0
    assert left.descriptors <= 0
    assert left.megabytes < 20
    assert len(left.overshoots) == 5
    assert max(left.overshoots) < 2
