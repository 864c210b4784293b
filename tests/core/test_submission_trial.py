"""Submissions to a server that goes wrong at random: the trial in small."""

from __future__ import annotations

import pytest

from tests.core.submitting import DRIVERS, Driver
from tests.trials.submissions import run

pytestmark = pytest.mark.slow  # submits hundreds of files


@pytest.mark.parametrize("driver", DRIVERS)
def test_each_submission_ends_in_one_job_or_in_an_error_that_names_it(driver: Driver) -> None:
    """None is doubled, lost or hung, and each transcript is that of its audio."""
    trial = run(60, 0.3, 1, driver)
    print(trial)
    assert trial.problems == []
    assert trial.met > 20
