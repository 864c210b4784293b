"""Submitting without a network: what is sent again, what is looked for first, and what is left alone."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import speechmatics as sm
from speechmatics import ConnectionSettings
from speechmatics._core import operations
from speechmatics._core.flows import Flow, RunBlocking, Sleep, Step, delete_job, send_with_retry
from speechmatics._core.operations import Operation
from speechmatics._core.policies import may_have_arrived, next_delay, retry_after
from speechmatics._core.session import Retry, Session
from speechmatics._core.submission import submit_job

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Answer = httpx.Response | type[sm.RequestError]


class Service:
    """Answers from a script; remembers what was asked, and the submission's id."""

    def __init__(self, *answers: Answer | str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.slept: list[float] = []
        self.submission_id = ""
        self.config: dict[str, Any] = {}
        self.retries: list[Retry] = []

    def session(self, **settings: Any) -> Session:
        """No chance, a clock that counts the sleeps."""
        usual = {"retry_attempts": 4, "retry_delay": 1, "retry_delay_max": 8, "retry_total": 100, "long_poll": 0}
        return Session(
            settings=ConnectionSettings("http://host", **(usual | settings)),
            on_retry=self.retries.append,
            clock=lambda: sum(self.slept),
            chance=lambda: 1.0,
        )

    def run(self, flow: Flow[Any]) -> Any:
        """Runs a flow to its end."""
        step = next(flow)
        while True:
            try:
                step = self._answer(flow, step)
            except StopIteration as end:
                return end.value

    def _answer(self, flow: Flow[Any], step: Step) -> Step:
        if isinstance(step, Sleep):
            self.slept.append(step.seconds)
            return flow.send(None)
        if isinstance(step, RunBlocking):
            try:
                step.function()
            except sm.SpeechmaticsError as error:
                return flow.throw(error)
            return flow.send(None)
        assert isinstance(step, Operation)
        self.asked.append(f"{step.method} {step.path}")
        request = httpx.Request(step.method, f"http://host/v2/{step.path}")
        if step.body is not None:
            body = b"".join(step.body)
            self.config = json.loads(body.partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0])
            self.submission_id = self.config.get("tracking", {}).get("details", {}).get("submission_id", "")
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            answer = listed(self.submission_id if answer == "it" else answer)
        if isinstance(answer, httpx.Response):
            answer.request = request
            return flow.send(answer)
        return flow.throw(answer("failed", request=request))

    def submit(self, audio: Any = b"audio", config: Any = CONFIG, **settings: Any) -> str:
        """Submits, and gives the job's id."""
        job_id: str = self.run(submit_job(audio, config, self.session(**settings)))
        assert self.answers == []
        return job_id


def created() -> httpx.Response:
    """The answer to a submission."""
    return httpx.Response(201, json={"id": "made"})


def listed(*submission_ids: str | None, age: float = 0, date: bool = True) -> httpx.Response:
    """A list of jobs that carry these ids; without a configuration where the id is None."""
    jobs = [
        {"id": f"job-{number}", "status": "running", "created_at": (NOW - timedelta(seconds=age)).isoformat()}
        | ({} if found is None else {"config": {**CONFIG, "tracking": {"details": {"submission_id": found}}}})
        for number, found in enumerate(submission_ids)
    ]
    headers = {"Date": format_datetime(NOW, usegmt=True)} if date else {}
    return httpx.Response(200, json={"jobs": jobs}, headers=headers)


def error(code: int, **headers: str) -> httpx.Response:
    """An error of the API."""
    return httpx.Response(code, json={"code": code, "error": "Error"}, headers=headers)


def empty() -> list[httpx.Response]:
    """The five looks that find no job."""
    return [listed() for _ in range(5)]


@pytest.mark.parametrize("first", [sm.ConnectError, sm.ConnectTimeout, sm.PoolTimeout, error(429), error(503)])
def test_what_cannot_have_been_worked_on_is_sent_again(first: Answer) -> None:
    """Without looking for a job first."""
    service = Service(first, created())
    assert service.submit() == "made"
    assert service.asked == ["POST jobs", "POST jobs"]
    assert [(retry.attempt, retry.delay) for retry in service.retries] == [(1, 1.0)]


AMBIGUOUS: list[Answer] = [
    sm.ReadTimeout,
    sm.ReadError,
    sm.WriteError,
    sm.RemoteProtocolError,
    error(500),
    error(502),
    error(504),
    httpx.Response(201, text="<html>"),
]


@pytest.mark.parametrize("first", AMBIGUOUS)
def test_a_job_whose_answer_was_lost_is_found(first: Answer) -> None:
    """And nothing is sent twice."""
    service = Service(first, "it")
    assert service.submit() == "job-0"
    assert service.asked == ["POST jobs", "GET jobs"]


def test_a_job_that_appears_late_is_found() -> None:
    """The search goes on for a few seconds."""
    service = Service(sm.ReadTimeout, listed(), error(502), error(502), error(502), error(502), "it")
    assert service.submit() == "job-0"


def test_a_job_that_is_certainly_absent_is_submitted_again() -> None:
    """With the same id, after the search has come to its end."""
    service = Service(sm.ReadTimeout, *empty(), created())
    assert service.submit() == "made"
    assert sum(service.slept) == pytest.approx(6)


def test_submissions_end_with_the_last_failure() -> None:
    """When the attempts are used up, and the job is certainly absent."""
    service = Service(sm.ReadTimeout, *empty(), sm.ReadTimeout, *empty())
    with pytest.raises(sm.ReadTimeout) as caught:
        service.submit(retry_attempts=2)
    assert caught.value.__notes__ == ["sent 2 times"]


@pytest.mark.parametrize("code", [400, 401, 403, 404, 413, 422])
def test_a_refusal_is_never_sent_again(code: int) -> None:
    """4xx is an answer."""
    with pytest.raises(sm.APIStatusError):
        Service(error(code)).submit()


@pytest.mark.parametrize(
    "looks",
    [
        [error(403)],
        [httpx.Response(200, json={"active_jobs": []})] * 5,
        [listed(None), httpx.Response(200, json={"job": {"id": "job-0", "status": "running"}})] * 5,
    ],
)
def test_without_certainty_nothing_is_sent_twice(looks: list[httpx.Response]) -> None:
    """The error says what to look for, and how the submission failed."""
    service = Service(sm.ReadTimeout, *looks)
    with pytest.raises(sm.SubmissionUncertainError) as caught:
        service.submit()
    assert caught.value.submission_id == service.submission_id != ""
    assert service.submission_id in str(caught.value)
    assert isinstance(caught.value.failure, sm.ReadTimeout)
    assert service.asked.count("POST jobs") == 1


def test_lists_without_configurations_are_looked_through_by_details() -> None:
    """Each job once."""
    other = {"id": "job-0", "status": "running", "config": CONFIG}
    service = Service(sm.ReadTimeout, listed(None), httpx.Response(200, json={"job": other}), *[listed(None)] * 4)
    service.answers.append(created())
    assert service.submit() == "made"
    assert service.asked.count("GET jobs/job-0") == 1


def test_the_search_goes_back_as_far_as_the_submission() -> None:
    """Full pages are followed until they are older than it by the server's clock."""
    young, old = ["x"] * 100, ["y"] * 100
    pages = [page for _ in range(5) for page in (listed(*young), listed(*old, age=3600))]
    service = Service(sm.ReadTimeout, *pages, created())
    assert service.submit() == "made"


def test_the_user_s_tracking_is_kept() -> None:
    """A fresh id joins it; the caller's dict is not changed, and neither is what the user has in the id's place."""
    config = {**CONFIG, "tracking": {"title": "T", "details": {"mine": 1}}}
    before = json.dumps(config)
    service = Service(created())
    service.submit(config=config)
    assert json.dumps(config) == before
    assert service.config["tracking"]["title"] == "T"
    assert service.config["tracking"]["details"] == {"mine": 1, "submission_id": service.submission_id}
    service.answers.append(created())
    earlier = service.submission_id
    service.submit(config=config)
    assert service.submission_id != earlier


def test_a_value_of_the_user_s_own_in_the_id_s_place_is_kept() -> None:
    """The id then stands beside it, and is found there; another job with the same value is not taken for this one."""
    for own in ("own", 7):
        service = Service(sm.ReadTimeout, listed("own", "7"), *[listed("own")] * 4, created())
        assert service.submit(config={**CONFIG, "tracking": {"details": {"submission_id": own}}}) == "made"
        assert service.config["tracking"]["details"]["submission_id"] == own
        beside = service.config["tracking"]["details"]["speechmatics_submission_id"]
        assert isinstance(beside, str)
    page = listed("own")
    jobs = page.json()["jobs"]

    class Found(Service):
        """Lists the job with what was submitted."""

        def _answer(self, flow: Flow[Any], step: Step) -> Step:
            jobs[0]["config"] = self.config
            self.answers[:] = [httpx.Response(200, json={"jobs": jobs}) if self.config else sm.ReadTimeout]
            return super()._answer(flow, step)

    found = Found()
    assert found.submit(config={**CONFIG, "tracking": {"details": {"submission_id": "own"}}}) == "job-0"


def test_a_job_that_is_run_again_is_not_taken_for_the_earlier_one() -> None:
    """Its configuration, as the service gives it back, brings the earlier submission's id along."""
    first = Service(created())
    first.submit()
    earlier = first.config
    service = Service(sm.ReadTimeout, *[listed(first.submission_id)] * 5, created())
    assert service.submit(config=earlier) == "made"
    assert service.submission_id != first.submission_id
    assert list(service.config["tracking"]["details"]) == ["submission_id"]


def test_tracking_can_be_switched_off() -> None:
    """Then an ambiguous failure is never followed by another submission."""
    service = Service(created())
    service.submit(track_submissions=False)
    assert service.config == CONFIG
    with pytest.raises(sm.SubmissionUncertainError, match="not tracked"):
        Service(sm.ReadTimeout).submit(track_submissions=False)


class Pipe(io.RawIOBase):
    """A stream that cannot be rewound."""

    def __init__(self) -> None:
        self._left = [b"audio", b"more"]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if len(buffer) == 0 or not self._left:
            return 0
        chunk = self._left.pop(0)
        buffer[: len(chunk)] = chunk
        return len(chunk)


def test_a_stream_that_cannot_be_rewound_is_never_replayed() -> None:
    """Once it has begun to be sent; a job that it made is still found."""
    with pytest.raises(sm.ServerError) as caught:
        Service(error(503)).submit(Pipe())
    assert "cannot be rewound" in caught.value.__notes__[0]
    with pytest.raises(sm.ReadTimeout):
        Service(sm.ReadTimeout, *empty()).submit(Pipe())
    assert Service(sm.ReadTimeout, "it").submit(Pipe()) == "job-0"


def test_an_interrupted_submission_says_what_to_look_for() -> None:
    """Ctrl-C leaves the submission's id in the notes."""
    flow = submit_job(b"audio", CONFIG, Service().session())
    opening = next(flow)
    assert isinstance(opening, RunBlocking)
    opening.function()
    flow.send(None)
    with pytest.raises(KeyboardInterrupt) as caught:
        flow.throw(KeyboardInterrupt())
    assert "tracking.details" in caught.value.__notes__[0]


def test_a_search_that_does_not_reach_back_to_the_submission_is_uncertain() -> None:
    """However many newer jobs there are; nothing is sent twice."""

    def page(number: int) -> httpx.Response:
        made = (NOW + timedelta(hours=1) - timedelta(seconds=number)).isoformat()
        jobs = [
            {"id": f"{number}-{each}", "status": "done", "created_at": made, "config": CONFIG} for each in range(100)
        ]
        return httpx.Response(200, json={"jobs": jobs}, headers={"Date": format_datetime(NOW, usegmt=True)})

    service = Service(sm.ReadTimeout, *[page(number) for number in range(250)])
    with pytest.raises(sm.SubmissionUncertainError, match="50 pages of jobs do not reach back"):
        service.submit()
    assert service.asked.count("POST jobs") == 1


def test_a_job_that_is_gone_while_it_is_looked_at_is_not_the_submission() -> None:
    """The search goes on without it."""
    service = Service(sm.ReadTimeout, listed(None), error(404), *[listed(None) for _ in range(4)], created())
    assert service.submit() == "made"


def test_idempotent_requests_are_sent_again() -> None:
    """With `Retry-After` obeyed; a delete whose answer was lost is not a job that never was."""
    service = Service(error(429, **{"Retry-After": "7"}), sm.ReadError, httpx.Response(200, text="x"))
    service.run(send_with_retry(operations.get_job("j"), lambda answer: answer, service.session()))
    assert service.slept == [8, 2]
    service = Service(sm.ReadTimeout, error(404))
    assert service.run(delete_job("j", service.session(), force=True)) == "deleted"
    service = Service(sm.ConnectError, error(404))
    with pytest.raises(sm.JobNotFoundException):
        service.run(delete_job("j", replace(service.session(), on_retry=None), force=True))


@given(st.integers(1, 50), st.floats(0, 1), st.floats(0, 1000), st.integers(0, 1000))
def test_delays_stay_within_their_bounds(attempt: int, chance: float, elapsed: float, asked: int) -> None:
    """Between 0 and the doubling bound, on top of what the server asks; never past the total."""
    settings = ConnectionSettings(retry_attempts=20, retry_delay=0.5, retry_delay_max=20, retry_total=120)
    response = error(503, **{"Retry-After": str(asked)})
    response.request = httpx.Request("GET", "http://host/v2/jobs")
    delay = next_delay(settings, attempt, elapsed, sm.ServerError(response), lambda: chance)
    if delay is None:
        assert attempt >= 20 or elapsed + asked + 20 > 120
    else:
        assert asked <= delay <= asked + min(20, 0.5 * 2 ** (attempt - 1))
        assert elapsed + delay <= 120


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3), ("Thu, 01 Jan 2026 00:00:30 GMT", 30), ("Wed, 31 Dec 2025 00:00:00 GMT", 0), ("soon", None), ("", None)],
)
def test_retry_after_in_both_forms(header: str, seconds: float | None) -> None:
    """As seconds, and as a date by the server's own clock."""
    response = error(429, **{"Retry-After": header, "Date": format_datetime(NOW, usegmt=True)})
    response.request = httpx.Request("GET", "http://host/v2/jobs")
    assert retry_after(sm.RateLimitError(response)) == seconds
    assert retry_after(sm.ReadError("x")) is None


def test_the_exchange_that_gets_a_key_is_not_the_submission() -> None:
    """Its failure leaves no doubt about a job."""
    request = httpx.Request("POST", "https://mp.speechmatics.com/v1/api_keys")
    assert not may_have_arrived(sm.ReadTimeout("slow", request=request), "jobs")
