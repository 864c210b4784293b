"""What a wait for a job survives, and what it does not: on a scripted service with a clock of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

import speechmatics as sm
from speechmatics._core import endpoints, iterators, waiting
from speechmatics._core.readers import RAW
from tests.servers.scripted import Reply, Script, Scripted, api_error, job, page, path_of

TRANSCRIPT: dict[str, Any] = {
    "format": "2.9",
    "job": {"id": "j", "created_at": "2026-01-01T00:00:00Z", "data_name": "a.wav", "duration": 1},
    "metadata": {"created_at": "2026-01-01T00:00:00Z", "type": "transcription"},
    "results": [],
}
Way = Callable[[Scripted], object]


def service_of(script: Script, **settings: Any) -> Scripted:
    """One attempt each, and an outage of at most 60 s."""
    usual: dict[str, Any] = {"retry_attempts": 1, "outage_timeout": 60, "track_submissions": False}
    return Scripted(script, **(usual | settings))


def wait(service: Scripted, *, as_text: bool = False) -> object:
    """Waits for the job `j`."""
    operation = endpoints.get_text_transcript("j", "txt") if as_text else endpoints.get_json_transcript("j")
    return service.run(waiting.wait_for_completion(operation, "j", operation.read, service.session(), timeout=None))


def wait_among_others(service: Scripted) -> list[Any]:
    """Waits for the job `j`, and for another, by the list where that helps."""
    return list(service.each(iterators.wait_for_many(["j", "k"], service.session(), RAW, timeout=None)))


def waits(service: Scripted) -> list[int]:
    """How long each answer about the job `j` was to be held."""
    return [int(request.url.params.get("wait", "0")) for request in service.requests if path_of(request) == "jobs/j"]


def usual(request: httpx.Request) -> httpx.Response:
    """What the service answers when all is well: every job is done."""
    if request.url.path.endswith("/transcript"):
        return (
            httpx.Response(200, text="text")
            if request.url.params["format"] == "txt"
            else httpx.Response(200, json=TRANSCRIPT)
        )
    return job(job_id=request.url.path.rpartition("/")[2])


def trouble_for(seconds: float, reply: Reply, where: str = "") -> Script:
    """Trouble on paths that end so, for so long."""

    def answer(service: Scripted, request: httpx.Request) -> Reply:
        return reply if service.now < seconds and request.url.path.endswith(where) else usual(request)

    return answer


BLIPS: list[Reply] = [
    *[api_error(status) for status in (408, 409, 421, 425, 429, 500, 501, 502, 503, 504, 507, 520, 524, 599)],
    *[page(status) for status in (200, 202, 302, 418, 429, 503)],
    httpx.Response(204),
    httpx.Response(206, text='{"job": {"id"'),
    httpx.Response(200, text=""),
    httpx.Response(200, text='{"job": {"id": "j", "sta'),
    httpx.Response(200, json={"job": None}),
    httpx.ReadTimeout,
    httpx.RemoteProtocolError,
    httpx.ConnectError,
]
IN_HAND: list[Reply] = [page(401), page(403), page(404), httpx.Response(404, text="no route"), httpx.Response(404)]
"""What is survived for some seconds only."""


@pytest.mark.parametrize("reply", BLIPS)
@pytest.mark.parametrize("where", ["/j", "/transcript"])
def test_a_blip_abandons_nothing(reply: Reply, where: str) -> None:
    """On the status and on the transcript, whatever its status; it lasts 30 s of the 60 s that an outage may."""
    if where == "/transcript" and reply is BLIPS[-4]:
        reply = httpx.Response(200, text="[1]")
    assert wait(service_of(trouble_for(30, reply, where))) == TRANSCRIPT


@pytest.mark.parametrize("reply", BLIPS)
def test_a_blip_abandons_none_of_many(reply: Reply) -> None:
    """In `wait_for_many` alike."""
    answered = wait_among_others(service_of(trouble_for(30, reply, "/j")))
    assert sorted(each["id"] for each in answered) == ["j", "k"]


@pytest.mark.parametrize("reply", [page(200), httpx.Response(204), httpx.Response(206, text="te")])
def test_what_is_no_transcript_is_not_taken_for_one(reply: httpx.Response) -> None:
    """A page, nothing, or a part of it, where text is asked for."""
    assert wait(service_of(trouble_for(5, reply, "/transcript")), as_text=True) == "text"


@pytest.mark.parametrize("reply", IN_HAND)
def test_what_may_be_missing_for_a_moment_is_waited_for(reply: httpx.Response) -> None:
    """A page that says so, or a server that is not the API, is survived for 10 s; after that it is an error."""
    for way in (wait, wait_among_others):
        assert way(service_of(trouble_for(9, reply, "/j")))
        service = service_of(trouble_for(1000, reply, "/j"))
        with pytest.raises(sm.APIStatusError) as caught:
            way(service)
        assert caught.value.status_code == reply.status_code
        assert 10 <= service.now < 13


def test_a_page_in_place_of_a_job_says_where_it_came_from() -> None:
    """It may be no Speechmatics server at all."""
    with pytest.raises(sm.JobNotFoundException, match="may be no Speechmatics server: http://host/v2/jobs/j"):
        wait(service_of(trouble_for(1000, page(404))))


def test_a_job_that_the_api_does_not_know_is_an_error_at_once() -> None:
    """Unless it was submitted here less than a minute ago, or has been seen: a replica may lag."""
    lag = trouble_for(8, api_error(404, "Job not found"), "/j")
    for way in (wait, wait_among_others):
        service = service_of(lag)
        with pytest.raises(sm.JobNotFoundException):
            way(service)
        assert service.now < 1
        young = service_of(lag)
        young.session().remember("j")
        assert way(young)
        old = service_of(trouble_for(1000, api_error(404, "Job not found"), "/j"))
        old.session().remember("j")
        old.now = 61.0
        with pytest.raises(sm.JobNotFoundException):
            way(old)
        assert old.now < 62

        def seen_then_gone(service: Scripted, request: httpx.Request) -> Reply:
            if request.url.path.endswith("/j") and service.now < 2:
                return job("running")
            return lag(service, request)

        assert way(service_of(seen_then_gone))


@pytest.mark.parametrize("code", [400, 401, 402, 403, 405, 410, 422])
def test_what_the_api_says_is_final(code: int) -> None:
    """In its own words."""
    for way in (wait, wait_among_others):
        service = service_of(trouble_for(1000, api_error(code), "/j"))
        with pytest.raises(sm.APIStatusError, match=str(code)):
            way(service)
        assert service.now < 1


@pytest.mark.parametrize("status", ["rejected", "deleted", "expired", "failed", "error", "cancelled"])
def test_a_job_that_failed_has_ended(status: str) -> None:
    """By statuses that other servers use, too."""
    with pytest.raises(sm.TranscriptionError, match=status):
        wait(service_of(lambda service, request: job(status)))
    [ended, _] = wait_among_others(service_of(lambda service, request: job(status, request.url.path[-1])))
    assert isinstance(ended, dict)
    assert ended["status"] == status


def test_an_unknown_status_is_warned_of_once_and_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    """In the log."""

    def answer(service: Scripted, request: httpx.Request) -> Reply:
        return job("pondering") if request.url.path.endswith("/j") and service.now < 20 else usual(request)

    for way in (wait, wait_among_others):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "speechmatics"):
            assert way(service_of(answer))
        assert caplog.text.count("'pondering'") == 1


@pytest.mark.parametrize("way", [wait, wait_among_others])
def test_a_gateway_that_cuts_held_answers_does_not_end_a_wait(way: Way) -> None:
    """After a hold that failed the next poll asks for none, and later ones stay below what was cut."""

    def answer(service: Scripted, request: httpx.Request) -> Reply:
        if request.url.path.endswith("/transcript"):
            return usual(request)
        job_id = request.url.path[-1]
        if job_id == "k":
            return job(job_id="k")
        hold = int(request.url.params["wait"])
        if hold > 15:
            service.now += 15.2
            return page(504)
        service.now += hold
        return job("done" if service.now > 600 else "running")

    service = service_of(answer)
    assert way(service)
    held = [wait for wait in waits(service) if wait]
    assert held.count(20) == 1
    assert set(held) == {20, 14}
    assert waits(service)[waits(service).index(20) + 1] == 0
    assert len(waits(service)) < 60


def test_an_outage_ends_a_wait_that_nothing_answers() -> None:
    """After `outage_timeout`, and the job is said to be still running."""
    for way in (wait, wait_among_others):
        service = service_of(trouble_for(1e9, page(502)))
        with pytest.raises(sm.ServerError) as caught:
            way(service)
        assert 60 < service.now < 75
        assert any("still running" in note for note in caught.value.__notes__)


def test_more_ids_may_come_while_others_are_waited_for() -> None:
    """An iterator that gives None is asked again after each round."""

    def answer(service: Scripted, request: httpx.Request) -> Reply:
        return job("done" if service.now > 3 else "running", request.url.path[-1])

    service = service_of(answer)

    def ids() -> Iterable[str | None]:
        yield "a"
        while service.now < 1:
            yield None
        yield "b"
        yield None
        yield "c"

    ended = [each["id"] for each in service.each(iterators.wait_for_many(ids(), service.session(), RAW, timeout=None))]
    assert sorted(ended) == ["a", "b", "c"]
    assert {"GET jobs/a", "GET jobs/b"} <= set(service.asked)
    with pytest.raises(sm.InvalidInputError, match="one id"):
        iterators.wait_for_many("abc", service.session(), RAW, timeout=None)


@pytest.mark.parametrize("reply", [httpx.ReadError, page(503), api_error(429)])
def test_one_job_whose_poll_fails_does_not_hold_up_the_others(reply: Reply) -> None:
    """They come as they end; its own error comes when an outage has lasted too long."""
    service = service_of(trouble_for(1e9, reply, "/j"))
    ended: list[Any] = []
    with pytest.raises(sm.SpeechmaticsError):
        stream = iterators.wait_for_many(["j", "k", "m"], service.session(), RAW, timeout=None)
        ended.extend((job["id"], service.now) for job in service.each(stream))
    assert {job_id for job_id, _ in ended} == {"k", "m"}
    assert all(moment < 15 for _, moment in ended)


def test_held_answers_that_are_dropped_in_silence_do_not_hold_up_a_wait() -> None:
    """Each is given up ten seconds late, and then half as long a one is asked for."""

    def answer(service: Scripted, request: httpx.Request) -> Reply:
        if request.url.path.endswith("/transcript"):
            return usual(request)
        hold = int(request.url.params["wait"])
        if hold > 4:
            service.now += request.extensions["timeout"]["read"]
            return httpx.ReadTimeout
        service.now += hold
        return job("done" if service.now > 100 else "running")

    service = service_of(answer)
    assert wait(service) == TRANSCRIPT
    held = [wait for wait in waits(service) if wait]
    assert held[:4] == [20, 10, 5, 2]
    assert service.now < 110


def test_ids_that_never_pause_end_at_the_time_limit() -> None:
    """As when each takes a second to come."""
    service = service_of(lambda service, request: job("running", request.url.path.rpartition("/")[2]))

    def ids() -> Iterator[str]:
        while True:
            service.now += 1
            yield f"j{service.now:g}"

    stream = iterators.wait_for_many(ids(), service.session(), RAW, timeout=5)
    with pytest.raises(sm.WaitTimeoutError):
        list(service.each(stream))
    assert service.now <= 7


def test_jobs_that_come_steadily_cost_a_page_of_the_list_for_ten_of_them() -> None:
    """Ten a second, each done after three: 2,000 of them, and none is noticed late."""
    begun: dict[str, float] = {}

    def of(job_id: str, service: Scripted) -> dict[str, Any]:
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=begun[job_id])
        status = "done" if service.now >= begun[job_id] + 3 else "running"
        return {"id": job_id, "status": status, "created_at": moment.isoformat()}

    def answer(service: Scripted, request: httpx.Request) -> Reply:
        service.now += 0.01
        if path_of(request) != "jobs":
            return httpx.Response(200, json={"job": of(path_of(request).removeprefix("jobs/"), service)})
        before = request.url.params.get("created_before")
        shown = [job for job_id in begun if (job := of(job_id, service)) and (not before or job["created_at"] < before)]
        return httpx.Response(200, json={"jobs": shown[::-1][:100]})

    service = service_of(answer)

    def ids() -> Iterator[str | None]:
        for number in range(2000):
            while service.now < number / 10:
                yield None
            begun[f"j{number}"] = service.now
            yield f"j{number}"

    ended = service.each(iterators.wait_for_many(ids(), service.session(), RAW, timeout=None))
    late = [service.now - begun[job["id"]] - 3 for job in ended]
    assert len(late) == 2000
    assert max(late) < 2.1  # two pauses: one from the page before, and one where ids are taken
    assert len(service.requests) <= 50 + 0.11 * 2000 + 5


def test_the_only_job_is_not_held_for_long_where_others_may_come() -> None:
    """They would not be looked at meanwhile."""

    def answer(service: Scripted, request: httpx.Request) -> Reply:
        service.now += int(request.url.params.get("wait", "0"))
        return job("done" if service.now > 30 else "running", path_of(request).removeprefix("jobs/"))

    service = service_of(answer)

    def ids() -> Iterator[str | None]:
        yield "j"
        while service.now < 25:
            yield None

    assert list(service.each(iterators.wait_for_many(ids(), service.session(), RAW, timeout=None)))
    held = waits(service)
    assert max(held[:5]) == 5
    assert held[-1] == 20  # no others come now


def test_only_the_jobs_of_the_last_minute_are_remembered() -> None:
    """However many are submitted: the memory does not grow with a program that runs for long."""
    session = (service := Scripted()).session()
    for number in range(20_000):
        service.now = number / 100
        session.remember(f"j{number}")
    assert len(service.memory.submitted) <= 6001
    assert session.is_young("j19999")
    assert not session.is_young("j13000")
    service.now += 3600
    for number in range(6001):
        session.remember(f"k{number}")
    assert len(service.memory.submitted) == 6001
