"""Submitting without a network: when a submission is sent again, how long it is looked for, and what it carries."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import speechmatics as sm
from speechmatics import ConnectionSettings
from speechmatics._core import endpoints
from speechmatics._core.flows import delete_job, send_with_retry
from speechmatics._core.policies import (
    Aftermath,
    JobPager,
    Search,
    aftermath,
    may_have_arrived,
    moment_of,
    next_delay,
    retry_after,
)
from speechmatics._core.submission import submit_job
from speechmatics.exceptions import error_for_status
from tests.servers.scripted import (
    CONFIG,
    NOW,
    PAGE,
    Reply,
    Script,
    Scripted,
    api_error,
    created,
    job,
    listed,
    page,
    path_of,
)


@pytest.mark.parametrize(
    "first", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, api_error(429), api_error(503)]
)
def test_what_cannot_have_been_worked_on_is_sent_again(first: Reply) -> None:
    """Without looking for a job first; afterwards neither."""
    service = Scripted([first, created()])
    assert service.submit() == "made"
    assert service.asked == ["POST jobs", "POST jobs"]
    assert [(retry.attempt, retry.delay) for retry in service.retries] == [(1, 0.5)]


@pytest.mark.parametrize(
    ("first", "seconds"),
    [(httpx.ReadTimeout, 30), (httpx.ReadError, 30), (httpx.WriteError, 30), (httpx.RemoteProtocolError, 30)]
    + [(page(status), 30) for status in (504, 522, 524, 598, 599)]
    + [(page(status), 5) for status in (408, 421, 425, 500, 502, 520, 530)]
    + [(api_error(status), 5) for status in (408, 421, 425, 500, 502, 520, 530)]
    + [(page(status), 0) for status in (429, 503)],
)
def test_how_long_a_submission_is_looked_for(first: Reply, seconds: float) -> None:
    """By the default settings; then it is sent again, and one look sees whether the first has turned up."""
    service = Scripted([first, *[listed()] * (5 if seconds else 1), created()])
    assert service.submit() == "made"
    looks = 5 if seconds else 1
    assert service.asked == ["POST jobs", *["GET jobs"] * looks, "POST jobs", "GET jobs"]
    # A look just before it is sent again waits for half the window: lists lag.
    assert sum(service.slept) == pytest.approx(seconds + 0.5 if seconds else 2.5)


@pytest.mark.parametrize("status", [204, 301, 304, 400, 401, 403, 404, 413, 422, 501, 511])
def test_what_is_never_sent_again(status: int) -> None:
    """What it cannot help to send again."""
    service = Scripted([api_error(status)])
    with pytest.raises(sm.SpeechmaticsError):
        service.submit()
    assert service.asked.count("POST jobs") == 1


def test_submissions_end_with_the_last_failure() -> None:
    """When the attempts are used up, and the job is certainly absent."""
    service = Scripted([httpx.ReadTimeout, *[listed()] * 5, httpx.ReadTimeout])
    with pytest.raises(sm.ReadTimeout) as caught:
        service.submit(retry_attempts=2)
    assert caught.value.__notes__ == ["sent 2 times", f"no job was found (submission id {service.submission_id})"]


def test_a_refusal_after_a_lost_answer_is_followed_by_one_more_look() -> None:
    """The first may have turned up meanwhile; if not, the refusal is raised, and names the submission."""
    lost: list[Reply] = [httpx.ReadTimeout, *[listed()] * 5, api_error(401)]

    def answer(service: Scripted, request: httpx.Request) -> Reply:
        return lost[len(service.requests) - 1] if len(service.requests) <= len(lost) else listed(service.submission_id)

    assert Scripted(answer).submit() == "job-0"
    service = Scripted(lost)
    with pytest.raises(sm.AuthenticationError) as caught:
        service.submit()
    assert service.submission_id in caught.value.__notes__[0]


def test_a_look_that_is_refused_like_the_submission() -> None:
    """A lost right to read the list is no news about the submission, which is uncertain."""
    service = Scripted([httpx.ReadTimeout, api_error(403)])
    with pytest.raises(sm.SubmissionUncertainError) as caught:
        service.submit()
    assert isinstance(caught.value.failure, sm.ReadTimeout)
    assert service.asked == ["POST jobs", "GET jobs"]


def test_a_search_that_does_not_reach_back_to_the_submission_is_uncertain() -> None:
    """It ends after 50 pages, however many newer jobs there are; nothing is sent twice."""
    pages = 0

    def answer(service: Scripted, request: httpx.Request) -> Reply:
        nonlocal pages
        if request.method == "POST":
            return httpx.ReadTimeout
        pages += 1
        others = listed(*["other"] * 100, age=pages / 100)
        jobs = [{**job, "id": f"{pages} {job['id']}"} for job in others.json()["jobs"]]
        return httpx.Response(200, json={"jobs": jobs}, headers={"Date": others.headers["Date"]})

    service = Scripted(answer)
    with pytest.raises(sm.SubmissionUncertainError, match="does not reach back"):
        service.submit(recovery_window_long=0)
    assert service.asked == ["POST jobs", *["GET jobs"] * 50]


def silent(service: Scripted, request: httpx.Request) -> Reply:
    """No answer comes before the time-out."""
    service.now += request.extensions["timeout"]["read"]
    return httpx.ReadTimeout


def silent_but_for(answer: httpx.Response) -> Script:
    """As `silent`, but the list is answered at once."""

    def answered(service: Scripted, request: httpx.Request) -> Reply:
        if request.method == "POST":
            return silent(service, request)
        service.now += 0.1
        return answer

    return answered


def test_a_server_that_is_silent_altogether() -> None:
    """By the default settings it keeps nobody for longer than its own time-out, the long window and some seconds."""
    service = Scripted(silent)
    with pytest.raises(sm.SubmissionUncertainError):
        service.submit()
    assert service.now <= 60 + 30 + 15


def test_a_server_that_is_silent_about_submissions() -> None:
    """It gets one again while `retry_total` lasts, and each is looked for."""
    service = Scripted(silent_but_for(listed()))
    with pytest.raises(sm.ReadTimeout):
        service.submit()
    assert service.asked.count("POST jobs") == 2
    assert service.now <= 120 + 60 + 30


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "7"}, {"Retry-After": "3600"}])
@pytest.mark.parametrize("status", [429, 503])
def test_a_list_that_turns_away_for_ever(status: int, headers: dict[str, str]) -> None:
    """It is asked for while `retry_total` lasts."""
    service = Scripted(silent_but_for(api_error(status, **headers)))
    with pytest.raises(sm.SubmissionUncertainError, match=str(status)):
        service.submit()
    assert service.now <= 60 + 120 + 15
    assert service.asked.count("POST jobs") == 1


def test_a_list_that_turns_away_for_a_minute() -> None:
    """Longer than the window is; then the job is found."""

    def answer(service: Scripted, request: httpx.Request) -> Reply:
        service.now += 0.1
        if request.method == "POST":
            return page(502)
        return api_error(429) if service.now < 60 else listed(service.submission_id)

    service = Scripted(answer)
    assert service.submit() == "job-0"
    assert 60 <= service.now <= 90


def test_a_list_that_is_slow() -> None:
    """Page by page: it is not read for longer than the settings say."""

    def answer(service: Scripted, request: httpx.Request) -> Reply:
        if request.method == "POST":
            return silent(service, request)
        ids = [None] * 100
        jobs = [{**each, "id": f"{len(service.asked)} {each['id']}"} for each in listed(*ids).json()["jobs"]]
        service.now += min(4.9, request.extensions["timeout"]["read"])
        if path_of(request) == "jobs":
            return httpx.Response(200, json={"jobs": jobs})
        return job(job_id=path_of(request).removeprefix("jobs/"))

    service = Scripted(answer)
    with pytest.raises(sm.SubmissionUncertainError):
        service.submit()
    assert service.now <= 60 + 30 + 120 + 15


@pytest.mark.parametrize("timeout", [0.5, 70, 95, 200])
def test_a_timeout_is_kept(timeout: float) -> None:
    """Whatever is being done when it is over; what is not known then is uncertain."""
    for script in (silent, silent_but_for(api_error(503))):
        service = Scripted(script)
        flow = submit_job(b"audio", CONFIG, service.session(), timeout=timeout)
        with pytest.raises(sm.SubmissionUncertainError):
            service.run(flow)
        assert service.now <= timeout + 0.2


def test_the_user_s_tracking_is_kept() -> None:
    """A fresh id joins it, and the caller's dict is not changed."""
    config = {**CONFIG, "tracking": {"title": "T", "details": {"mine": 1}}}
    before = json.dumps(config)
    service = Scripted([created()])
    service.submit(config=config)
    assert json.dumps(config) == before
    assert service.config["tracking"]["title"] == "T"
    assert service.config["tracking"]["details"] == {"mine": 1, "submission_id": service.submission_id}
    assert service.submission_id.startswith("sm-typed-")


def test_tracking_can_be_switched_off() -> None:
    """Then nothing is added, unless the program gives an id."""
    service = Scripted([created()])
    service.submit(track_submissions=False)
    assert service.config == CONFIG
    service = Scripted([created()])
    session = service.session(track_submissions=False)
    service.run(submit_job(b"audio", CONFIG, session, submission_id="mine"))
    assert service.submission_id == "mine"


def test_a_job_that_is_run_again_is_not_taken_for_the_earlier_one() -> None:
    """Its configuration, as the service gives it back, brings the earlier submission's id along, wherever it stands."""
    first = Scripted([created()])
    first.submit()
    details = first.config["tracking"]["details"]
    again = Scripted([created()])
    again.submit(config=first.config)
    assert again.submission_id != first.submission_id
    assert list(again.config["tracking"]["details"]) == ["submission_id"]
    elsewhere = {**CONFIG, "tracking": {"details": {"speechmatics_submission_id": details["submission_id"]}}}
    moved = Scripted([created()])
    moved.submit(config=elsewhere)
    assert first.submission_id not in moved.config["tracking"]["details"].values()


def test_idempotent_requests_are_sent_again() -> None:
    """With `Retry-After` obeyed; a delete whose answer was lost is not a job that never was."""
    service = Scripted([api_error(429, **{"Retry-After": "7"}), httpx.ReadError, httpx.Response(200, text="x")])
    service.run(send_with_retry(endpoints.get_job("j"), lambda answer: answer, service.session()))
    assert service.slept == [7.5, 1]
    service = Scripted([httpx.ReadTimeout, api_error(404)])
    assert service.run(delete_job("j", service.session(), force=True)) == "Job j deleted"
    service = Scripted([httpx.ConnectError, api_error(404)])
    with pytest.raises(sm.JobNotFoundException):
        service.run(delete_job("j", replace(service.session(), on_retry=None), force=True))


@given(st.integers(1, 50), st.floats(0, 1), st.floats(0, 1000), st.integers(0, 1000))
def test_delays_stay_within_their_bounds(attempt: int, chance: float, elapsed: float, asked: int) -> None:
    """Between 0 and the doubling bound, on top of what the server asks; never past the total."""
    settings = ConnectionSettings(retry_attempts=20, retry_delay=0.5, retry_delay_max=20, retry_total=120)
    response = api_error(503, **{"Retry-After": str(asked)})
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
    response = api_error(429, **{"Retry-After": header, "Date": format_datetime(NOW, usegmt=True)})
    response.request = httpx.Request("GET", "http://host/v2/jobs")
    assert retry_after(sm.RateLimitError(response)) == seconds
    assert retry_after(sm.ReadError("x")) is None


def test_the_exchange_that_gets_a_key_is_not_the_submission() -> None:
    """Its failure leaves no doubt about a job."""
    request = httpx.Request("POST", "https://mp.speechmatics.com/v1/api_keys")
    assert not may_have_arrived(sm.ReadTimeout("slow", request=request), "jobs")


@given(st.integers(300, 999), st.booleans(), st.booleans())
def test_what_was_never_given_is_never_looked_for(status: int, is_given: bool, is_page: bool) -> None:
    """And an answer below 500 is never sent again, but for those that say that it may be."""
    response = httpx.Response(status, text=PAGE) if is_page else api_error(status)
    response.request = httpx.Request("POST", "http://host/v2/jobs")
    after = aftermath(error_for_status(response), is_given=is_given, path="jobs")
    if not is_given:
        assert after.search is Search.NONE
    if after.search is Search.NONE and after.resend:
        assert not is_given or (status in (429, 503) and not is_page)
    if status < 500 and status not in (408, 409, 421, 425, 429, 499):
        assert after == Aftermath(Search.NONE, resend=False)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01T00:00:00Z", NOW),
        ("2026-01-01T00:00:00", NOW),
        ("2026-01-01T02:00:00+02:00", NOW),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59.999999Z", None),
        (5, None),
        (None, None),
    ],
)
def test_times_of_the_service(text: object, moment: datetime | None) -> None:
    """Those that cannot be reckoned with are none."""
    assert moment_of(text) == moment


def test_a_page_without_times_is_the_end_only_where_others_have_them() -> None:
    """It may be one of many otherwise."""
    cases: list[tuple[list[list[tuple[str, datetime | None]]], bool]] = [
        ([[("a", None)]], False),
        ([[("a", NOW), ("b", None)], [("a", NOW), ("b", None)], [("b", None)]], True),
        ([[("a", NOW), ("", None)], [("", None)]], True),
        ([[(str(number), None) for number in range(40)]], False),
    ]
    for pages, ends in cases:
        pager = JobPager()
        for each in pages:
            assert not pager.is_finished
            pager.take(each)
        assert pager.is_finished
        assert pager.reaches_end == ends
