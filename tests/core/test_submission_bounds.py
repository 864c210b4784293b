"""How long a submission takes at most, over HTTP; what is counted in seconds stands in `test_submission.py`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

import speechmatics as sm
from tests.core.submitting import AUDIO, DRIVERS, Driver, api_words, posts_of, settings_of, submit
from tests.servers.fault_rules import PAGE, Rule
from tests.servers.fault_server import FaultServer

pytestmark = pytest.mark.slow  # waits for time-outs

SUBMISSION = "the-submission"
LONG = 3600
"""Seconds that a server here would take, and no test does."""
FAR = 20
"""Seconds that any machine should need less than for what here takes one."""


def rule(method: str, **fields: Any) -> Rule:
    return Rule(name=method, method=method, path="jobs", **fields)


def uncertain(driver: Driver, rules: list[Rule], **options: Any) -> None:
    """Submits, and checks that it soon is uncertain, and was sent once."""
    settings = settings_of("http://host", **{"read_timeout": 0.3, **options.pop("settings", {})})
    with FaultServer(rules) as server:
        settings.url = server.url
        began = time.monotonic()
        with pytest.raises(sm.SubmissionUncertainError) as caught:
            submit(driver, settings, ("a.wav", AUDIO), submission_id=SUBMISSION, **options)
        assert time.monotonic() - began < FAR
        assert (posts_of(server), caught.value.submission_id) == (1, SUBMISSION)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_server_that_is_silent_altogether(driver: Driver) -> None:
    """It reads everything, and answers nothing."""
    uncertain(driver, [rule("POST", hang=True, work="before"), rule("GET", hang=True)])


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    "listing",
    [
        {"hang": True},
        {"drip_head": 0.05},
        {"drip_body": 0.05},
        {"status": 503, "body": PAGE, "headers": {"Retry-After": str(LONG)}},
        {"status": 429, "body": api_words(429)},
    ],
    ids=str,
)
def test_a_timeout_is_kept_while_a_submission_is_looked_for(driver: Driver, listing: Mapping[str, Any]) -> None:
    """Whatever the list does."""
    settings = {"read_timeout": LONG, "retry_total": LONG, "recovery_window_long": LONG}
    rules = [rule("POST", drop="after_body"), rule("GET", **listing)]
    uncertain(driver, rules, settings=settings, timeout=0.5)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_timeout_is_kept_while_a_submission_is_answered(driver: Driver) -> None:
    """A silent answer, or one that drips: it may have been worked on, and there is no time to look."""
    for answer in ({"hang": True, "work": "before"}, {"drip_head": 0.05}):
        uncertain(driver, [rule("POST", **answer)], settings={"read_timeout": LONG}, timeout=0.4)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("refusal", [{"status": 429, "body": api_words(429)}, {"status": 503, "body": PAGE}], ids=str)
def test_a_list_that_turns_away_for_a_while(driver: Driver, refusal: Mapping[str, Any]) -> None:
    """It is asked again for longer than the window, and the job is found."""
    rules = [rule("POST", times=1, drop="after_work"), rule("GET", times=12, **refusal)]
    with FaultServer(rules) as server:
        job_id = submit(driver, settings_of(server), submission_id=SUBMISSION)
        assert server.submissions_of(SUBMISSION) == [job_id]
        assert posts_of(server) == 1


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_timeout_ends_the_first_look(driver: Driver) -> None:
    """Nothing is sent then."""
    with FaultServer([rule("GET", hang=True)]) as server:
        began = time.monotonic()
        with pytest.raises(sm.RequestError):
            submit(driver, settings_of(server), submission_id=SUBMISSION, look_first=True, timeout=0.3)
        assert time.monotonic() - began < FAR
        assert posts_of(server) == 0
