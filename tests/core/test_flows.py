"""Waiting and asking, without a network: a scripted service and a clock of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

import speechmatics as sm
from speechmatics._core import endpoints, flows, waiting
from speechmatics._core.policies import JobPager, polling_delay
from tests.servers.scripted import Reply, Scripted, api_error, job

TRANSCRIPT = endpoints.get_text_transcript("j", "txt")


def service_of(*replies: Reply, takes: float = 0) -> Scripted:
    """Three attempts, no held answers, and an outage of at most 30 s."""
    return Scripted(
        replies,
        takes=takes,
        retry_attempts=3,
        retry_delay=1,
        retry_delay_max=10,
        retry_total=60,
        poll_interval=0.2,
        long_poll=0,
        outage_timeout=30,
    )


def wait(
    service: Scripted, timeout: float | None = None, on_status: Callable[[sm.JobDetails], None] | None = None
) -> str:
    """Waits for the job `j`."""
    flow = waiting.wait_for_completion(
        TRANSCRIPT, "j", lambda answer: answer, service.session(), timeout=timeout, on_status=on_status
    )
    return service.run(flow).text


def limits(service: Scripted) -> list[float]:
    """How long each answer may take."""
    return [request.extensions["timeout"]["read"] for request in service.requests]


def done(text: str = "text") -> httpx.Response:
    """A transcript."""
    return httpx.Response(200, text=text)


def test_waiting_looks_at_once_and_then_ever_more_rarely() -> None:
    """No sleep before the first look; the time between looks grows with the time waited, up to its limit."""
    service = service_of(job("done"), done())
    assert (wait(service), service.now) == ("text", 0)
    moments = [0.0]
    while (delay := polling_delay(0.2, 10, moments[-1])) < 10:
        moments.append(moments[-1] + delay)
    assert moments[1] == 0.2
    for job_ends in (0.1, 0.3, 3, 30, 200):
        seen = next(moment for moment in moments if moment >= job_ends)
        assert seen - job_ends <= max(0.5, 0.05 * job_ends)


def test_waiting_survives_what_passes() -> None:
    """A dropped connection, 429, 5xx, and a transcript that is late do not end the wait."""
    service = service_of(
        job("running"),
        httpx.ReadTimeout,
        api_error(429, "Too many"),
        api_error(503, "Busy"),
        job("done"),
        api_error(404, "Transcription not ready"),
        api_error(502, "Bad gateway"),
        done(),
    )
    assert wait(service) == "text"


def test_waiting_gives_up_on_what_does_not_pass() -> None:
    """A 401 ends the wait at once, and so does an outage that goes on for longer than the settings say."""
    with pytest.raises(sm.AuthenticationError) as refused:
        wait(service_of(api_error(401, "Permission Denied")))
    assert refused.value.__notes__ == ["job j is still running"]
    service = service_of(*[httpx.ConnectError for _ in range(1000)])
    with pytest.raises(sm.ConnectError) as caught:
        wait(service)
    assert 30 < service.now < 35
    assert caught.value.__notes__ == ["no usable answer came for 30 s", "job j is still running"]


def test_an_error_of_the_program_s_own_ends_the_wait() -> None:
    """One that is raised by `on_status`, even if it is of a kind that the wait itself would survive."""
    told: list[str] = []

    def on_status(job: sm.JobDetails) -> None:
        told.append(str(job.status))
        raise sm.ReadError("of another request")

    with pytest.raises(sm.ReadError, match="of another request") as caught:
        wait(service_of(job("running"), job("done"), done()), on_status=on_status)
    assert told == ["running"]
    assert caught.value.__notes__ == ["job j is still running"]


def test_the_timeout_0_looks_once() -> None:
    """However long that takes, and at the transcript too; the message says what was seen."""
    service = service_of(job("done"), done("slow"), takes=5)
    assert wait(service, timeout=0) == "slow"
    assert limits(service) == [60, 60]
    cases: list[tuple[Reply, str]] = [
        (job("running"), "did not end within 0 s"),
        (httpx.ReadTimeout, "could not be polled within 0 s"),
    ]
    for answer, words in cases:
        service = service_of(answer, takes=5)
        with pytest.raises(sm.WaitTimeoutError, match=words):
            wait(service, timeout=0)
    service = service_of(job("done"), done(), takes=2)
    assert wait(service, timeout=10) == "text"
    assert limits(service) == [10, 8]


@pytest.mark.parametrize("header", ["9" * 14, "9" * 400, "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"])
def test_a_retry_after_beyond_measure_is_no_reason_to_wait_for_ever(header: str) -> None:
    """The wait goes on after the time that an outage may last, at most."""
    busy = httpx.Response(429, headers={"Retry-After": header}, json={"code": 429, "error": "Too Many Requests"})
    service = service_of(busy, job("done"), done())
    assert wait(service) == "text"
    assert service.now <= 30


def test_a_transcript_that_never_comes_is_not_waited_for_without_end() -> None:
    """Though the job is done, and the server says so each time; it is asked for again sooner than a job is."""
    for trouble in (api_error(500, "Error"), api_error(404, "Transcription not ready"), httpx.ReadError):
        service = service_of(job("running"), job("done"), *[trouble for _ in range(1000)])
        with pytest.raises((sm.APIStatusError, sm.ReadError)) as caught:
            wait(service)
        assert 30 < service.now < 35
        assert caught.value.__notes__[0] == "no usable answer came for 30 s"
    late = [job("running")] * 40 + [job("done"), api_error(404, "Transcription not ready"), done()]
    service = service_of(*late)
    assert wait(service) == "text"
    assert service.slept[-1] == 0.2 < service.slept[-2]


def test_an_answer_that_was_held_back_is_followed_by_the_next_question() -> None:
    """At once: the server waits, so that the client need not."""
    service = service_of(*[job("running")] * 9, job("done"), done(), takes=2)
    assert wait(service) == "text"
    assert service.now == 11 * 2


def test_a_driver_hands_back_an_answer_for_each_request() -> None:
    """One that does not is told so."""
    flow = flows.send_with_retry(TRANSCRIPT, lambda answer: answer, service_of().session())
    next(flow)
    with pytest.raises(TypeError, match="a driver hands back an answer"):
        flow.send(None)


def test_a_deadline_is_kept() -> None:
    """The last sleep ends at the deadline, and the error names the job."""
    service = service_of(*[job("running") for _ in range(50)])
    with pytest.raises(sm.WaitTimeoutError, match="within 3 s") as caught:
        wait(service, timeout=3)
    assert caught.value.job_id == "j"
    assert service.now == pytest.approx(3)


@pytest.mark.parametrize("ended", ["rejected", "deleted", "expired"])
def test_a_job_that_ends_without_a_transcript(ended: str) -> None:
    """The error carries the job and the service's own list."""
    errors = [{"timestamp": "2026-01-01T00:00:00Z", "message": "no speech"}]
    with pytest.raises(sm.TranscriptionError, match=f"ended as {ended}: no speech") as caught:
        wait(service_of(job(ended, errors=errors)))
    assert [error.to_dict() for error in caught.value.errors] == errors


@pytest.mark.parametrize(
    ("answers", "requests"),
    [
        ([api_error(404, "Job In Progress")], 1),
        ([api_error(404, "Job not found"), job("running")], 2),
        ([api_error(404, ""), job("some_new_status")], 2),
    ],
)
def test_a_404_on_the_transcript_of_a_running_job_is_false(answers: list[Reply], requests: int) -> None:
    """Where the answer does not say it, the job's own state does."""
    service = service_of(*answers)
    assert service.run(flows.get_result(TRANSCRIPT, "j", lambda answer: answer, service.session())) is False
    assert len(service.asked) == requests


def test_a_404_on_the_transcript_of_no_job_is_an_error() -> None:
    """And a job that was done in between is read."""
    service = service_of(api_error(404, "Job not found"), api_error(404, "Job not found"))
    with pytest.raises(sm.JobNotFoundException):
        service.run(flows.get_result(TRANSCRIPT, "j", lambda answer: answer, service.session()))
    service = service_of(api_error(404, "Job not found"), job("done"), done())
    response = service.run(flows.get_result(TRANSCRIPT, "j", lambda answer: answer, service.session()))
    assert response
    assert response.text == "text"


def test_errors_without_the_api_s_body() -> None:
    """An HTML page is not quoted; plain text is, in part; a request id is named."""

    def once(answer: httpx.Response) -> None:
        service = service_of(answer)
        service.run(flows.send_with_retry(TRANSCRIPT, lambda answer: answer, service.session(retry_attempts=1)))

    page = httpx.Response(429, html="<html>secret page</html>", headers={"Request-Id": "r-1"})
    with pytest.raises(
        sm.RateLimitError, match=r"429 Too Many Requests \(GET http://host/v2/jobs/j/transcript, .*r-1\)"
    ):
        once(page)
    with pytest.raises(sm.ServerError, match="502 Bad Gateway: upstream"):
        once(httpx.Response(502, text="upstream " * 100))
    with pytest.raises(sm.APIStatusError, match="302"):
        once(httpx.Response(302))


def test_paging_gives_each_job_once_even_within_a_millisecond() -> None:
    """Pages that overlap or repeat end the walk without a loop."""
    details = sm.JobDetails.from_json(json.dumps({"id": "x", "status": "done", "created_at": "2026-01-01T00:00:00Z"}))
    moment = details.created_at
    pager = JobPager()
    assert pager.take([("a", moment), ("b", moment)]) == [0, 1]
    assert not pager.is_finished
    assert pager.take([("a", moment), ("b", moment)]) == []
    assert not pager.is_finished
    assert pager.take([("b", moment), ("c", moment)]) == [1]
    for _ in range(3):
        pager.take([("b", moment), ("c", moment)])
    assert (pager.is_finished, pager.reaches_end) == (True, False)
    pager = JobPager()
    pager.take([("a", moment)])
    pager.take([])
    assert pager.is_finished
    assert pager.reaches_end
    assert pager.gap is None


def test_a_moment_with_more_jobs_than_a_page_shows_is_a_gap() -> None:
    """However few the server shows on a page; the walk goes on before that moment."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for size in (10, 40, 100):
        pager = JobPager()
        page = [(str(number), moment) for number in range(size)]
        assert len(pager.take(page)) == size
        assert pager.take(page) == []
        assert pager.gap == moment
        assert not pager.is_finished
        assert pager.created_before == moment
    pager = JobPager()
    pager.take([(str(number), moment + timedelta(seconds=number % 2)) for number in range(20, 0, -1)])
    pager.take([("20", moment), ("19", moment)])
    assert pager.gap is None


@pytest.mark.parametrize("job_id", ["", " ", ".", ".."])
def test_a_job_id_must_be_one(job_id: str) -> None:
    """An id that would change the path is refused, and others are quoted."""
    with pytest.raises(sm.InvalidInputError):
        endpoints.get_job(job_id)
    assert endpoints.get_job("a/../b").path == "jobs/a%2F..%2Fb"
    with pytest.raises(sm.InvalidInputError, match="wait"):
        endpoints.get_job("a", wait=-1)
