"""Many results: pages of the list, jobs that are waited for together, files that are submitted together."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import speechmatics as sm
from speechmatics._core import iterators
from speechmatics._core.operations import JsonObject
from speechmatics._core.policies import JobPager
from speechmatics._core.readers import PARSED, RAW, JobT, Readers, TranscriptT, UsageT
from tests.servers.scripted import CONFIG, Scripted, api_error, created, path_of

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
LATENCY = 0.05
FOR_EVER = 1e9
Trouble = Callable[[httpx.Request], httpx.Response | None]


class Service(Scripted):
    """Jobs that end when their time has come; each request takes a moment."""

    def __init__(self, ends: dict[str, float] | None = None, *, honours_wait: bool = False) -> None:
        super().__init__(
            lambda _, request: self.answer(request), retry_attempts=1, outage_timeout=30, recovery_window=1
        )
        self.honours_wait = honours_wait
        self.ends = dict(ends or {})
        self.made = {job_id: BEGAN + timedelta(seconds=number) for number, job_id in enumerate(self.ends)}
        self.trouble: Trouble = lambda request: None
        self.takes = FOR_EVER

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the service says."""
        self.now += LATENCY
        if (trouble := self.trouble(request)) is not None:
            return trouble
        query = request.url.params
        if request.method == "POST":
            job_id = f"job{len(self.ends)}"
            self.ends[job_id] = self.now + self.takes
            self.made[job_id] = BEGAN + timedelta(days=1, seconds=self.now)
            return created(job_id)
        if (path := path_of(request)) == "jobs":
            before = query.get("created_before")
            moment = BEGAN + timedelta(days=9) if before is None else datetime.fromisoformat(before)
            newest = sorted((job_id for job_id in self.ends if self.made[job_id] < moment), key=self.made.__getitem__)
            return httpx.Response(
                200, json={"jobs": [self.details(job) for job in newest[::-1][: int(query["limit"])]]}
            )
        job_id = path.removeprefix("jobs/")
        if job_id not in self.ends:
            return api_error(404)
        if self.honours_wait and self.ends[job_id] > self.now:
            self.now = min(self.now + int(query["wait"]), self.ends[job_id])
        return httpx.Response(200, json={"job": self.details(job_id)})

    def details(self, job_id: str) -> JsonObject:
        """One job."""
        status = "done" if self.now >= self.ends[job_id] else "running"
        return {"id": job_id, "status": status, "created_at": self.made[job_id].isoformat()}

    def ended(self, *job_ids: str, timeout: float | None = None) -> Iterator[str]:
        """The ids of jobs as they end."""
        stream = iterators.wait_for_many(iter(job_ids), self.session(), PARSED, timeout=timeout)
        return (job.id for job in self.each(stream))

    def submitted(self, *paths: Path, concurrency: int = 5) -> Iterator[tuple[Any, str]]:
        """Paths and ids of jobs as they end."""
        session = self.session(track_submissions=False)
        return self.each(iterators.submit_jobs(iter(paths), CONFIG, session, concurrency=concurrency))


def notes(caught: pytest.ExceptionInfo[BaseException]) -> list[str]:
    """What was noted on an error."""
    return list(getattr(caught.value, "__notes__", []))


@pytest.mark.parametrize("honours_wait", [True, False])
@pytest.mark.parametrize(("count", "per_look"), [(1, 1), (2, 2), (3, 1), (150, 2), (250, 3)])
@pytest.mark.parametrize("takes", [0.3, 3, 30])
def test_jobs_are_in_hand_soon_and_by_few_requests(count: int, per_look: int, takes: float, honours_wait: bool) -> None:
    """At most half a second or 5% late; as many requests per look as the list has pages of them."""
    service = Service({f"j{number}": takes for number in range(count)}, honours_wait=honours_wait)
    assert set(service.ended(*service.ends)) == set(service.ends)
    late = service.now - takes
    looks = 1 if count == 1 and honours_wait and takes < 20 else 3 + takes / 0.45
    assert len(service.asked) <= per_look * looks
    assert late <= max(0.5, 0.05 * takes) + per_look * LATENCY


def test_the_last_job_is_waited_for_by_long_polls() -> None:
    """Where the service honours them there are no pauses any more, and it is in hand at once."""
    service = Service({"a": 5, "b": 5, "c": 47}, honours_wait=True)
    stream = service.ended("a", "b", "c")
    assert {next(stream), next(stream)} == {"a", "b"}
    service.requests.clear()
    service.slept.clear()
    assert list(stream) == ["c"]
    assert service.now == 47
    assert service.asked == ["GET jobs/c"] * 3
    assert service.slept == []


def test_jobs_that_newer_ones_hide_are_found_in_the_list_all_the_same() -> None:
    """Each is looked at once; from then on the list is read from where they stand."""
    old = {f"old{number}": 4.0 + 0.05 * 40 for number in range(40)}
    service = Service({**old, **{f"new{number}": FOR_EVER for number in range(500)}})
    assert set(service.ended(*old)) == set(old)
    assert service.asked[:41] == ["GET jobs", *(f"GET jobs/{job_id}" for job_id in old)]
    assert set(service.asked[41:]) == {"GET jobs"}


def test_a_list_that_shows_few_of_the_jobs_is_not_read_again() -> None:
    """It would cost more than it saves."""
    service = Service({"a": FOR_EVER, **{f"x{n}": FOR_EVER for n in range(200)}, "b": 3, "c": FOR_EVER})
    service.made = {job_id: BEGAN + timedelta(days=-number) for number, job_id in enumerate(service.ends)}
    service.made["c"] = BEGAN - timedelta(days=1000)
    assert next(service.ended("a", "b", "c")) == "b"
    assert service.asked.count("GET jobs") == 2
    assert service.asked[:3] == ["GET jobs", "GET jobs/b", "GET jobs/c"]


@pytest.mark.parametrize(
    "listing",
    [
        httpx.Response(200, json={"active_jobs": []}),
        httpx.Response(200, json={"jobs": 5}),
        httpx.Response(200, text="<html>"),
        api_error(403),
        api_error(404),
    ],
)
def test_a_list_that_cannot_be_used_is_done_without(listing: httpx.Response) -> None:
    """Each job is looked at."""
    service = Service({"a": 3, "b": 3, "c": 3})
    service.trouble = lambda request: listing if request.url.path == "/v2/jobs" else None
    assert set(service.ended("a", "b", "c")) == {"a", "b", "c"}
    assert service.asked.count("GET jobs") <= 2


def test_what_passes_is_survived_without_more_requests() -> None:
    """A list that is refused for a while is asked for again."""
    service = Service({"a": 3, "b": 3, "c": 3})
    service.trouble = lambda request: api_error(503) if service.now < 2 else None
    assert set(service.ended("a", "b", "c")) == {"a", "b", "c"}
    assert set(service.asked) == {"GET jobs"}


def test_an_outage_ends_the_wait() -> None:
    """And the error says what is still running."""
    service = Service({"a": 3, "b": 3})
    service.trouble = lambda request: api_error(500)
    with pytest.raises(sm.ServerError) as caught:
        list(service.ended("a", "b"))
    assert 30 < service.now < 35
    assert notes(caught) == [
        "no usable answer came for 30 s",
        "job a may still be running",
        "still running: b",
    ]


def test_the_end_of_some_comes_before_the_error_of_another() -> None:
    """A job that does not exist ends the iteration; the error has its id, its notes those that are still running."""
    service = Service({"a": 0, "b": FOR_EVER, "d": FOR_EVER})
    stream = service.ended("a", "gone", "b", "d")
    assert next(stream) == "a"
    with pytest.raises(sm.JobNotFoundException) as caught:
        next(stream)
    assert caught.value.job_id == "gone"
    assert notes(caught) == ["still running: b, d"]
    assert list(stream) == []
    with pytest.raises(sm.JobNotFoundException) as caught:
        list(service.ended("gone"))
    assert notes(caught) == []


def test_a_job_that_is_deleted_meanwhile_leaves_the_list() -> None:
    """And is asked for by itself: as the service answers, it has ended or is not there."""
    service = Service({"a": FOR_EVER, "b": FOR_EVER, "c": FOR_EVER})

    def delete(request: httpx.Request) -> httpx.Response | None:
        if service.now < 2:
            return None
        if request.url.path == "/v2/jobs":
            return httpx.Response(200, json={"jobs": [service.details(job_id) for job_id in "ac"]})
        return httpx.Response(200, json={"job": {"id": "b", "status": "deleted"}})

    service.trouble = delete
    assert next(service.ended("a", "b", "c")) == "b"


def test_which_jobs_are_waited_for() -> None:
    """Each once, in the order given where they end together; none at all is no request; a wrong id sends nothing."""
    service = Service({"a": 0, "b": 0, "c": 0})
    assert list(service.ended("c", "a", "c", "b", "a")) == ["c", "a", "b"]
    service.requests.clear()
    assert list(service.ended()) == []
    with pytest.raises(sm.InvalidInputError):
        iterators.wait_for_many(["a", ""], service.session(), PARSED, timeout=None)
    assert service.asked == []


@pytest.mark.parametrize(
    ("running", "message"),
    [("abc", "3 jobs did not end within 7 s"), ("b", "job b did not end within 7 s; it is still running")],
)
def test_the_time_is_over(running: str, message: str) -> None:
    """At the deadline, which holds for all of them together, and the notes have those that are still running."""
    service = Service({"quick": 3, **dict.fromkeys(running, FOR_EVER)})
    given: list[str] = []
    with pytest.raises(sm.WaitTimeoutError, match=message) as caught:
        for job_id in service.ended("quick", *running, timeout=7):
            given = [*given, job_id]
    assert given == ["quick"]
    assert 7 <= service.now < 7.2
    assert notes(caught) == [f"still running: {', '.join(running)}"]
    assert caught.value.job_id == ("b" if running == "b" else None)


def test_no_time_at_all_is_one_look() -> None:
    """What has ended is given; a look at many jobs stops with the time."""
    service = Service({"a": 0, "b": FOR_EVER})
    stream = service.ended("a", "b", timeout=0)
    assert next(stream) == "a"
    with pytest.raises(sm.WaitTimeoutError):
        next(stream)
    service = Service({f"j{number}": FOR_EVER for number in range(100)})
    service.trouble = lambda request: api_error(403) if request.url.path == "/v2/jobs" else None
    with pytest.raises(sm.WaitTimeoutError):
        list(service.ended(*service.ends, timeout=1))
    assert service.now < 1.1


def test_what_interrupts_a_wait_names_the_jobs() -> None:
    """Those that have been given are not among them."""

    def interrupt(request: httpx.Request) -> None:
        if service.now > 5:
            raise KeyboardInterrupt

    service = Service({"a": 2, "b": FOR_EVER, "c": FOR_EVER})
    service.trouble = interrupt
    with pytest.raises(KeyboardInterrupt) as caught:
        list(service.ended("a", "b", "c"))
    assert notes(caught) == ["still running: b, c"]
    list(service.ended())


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Six recordings."""
    files = [tmp_path / f"{number}.wav" for number in range(6)]
    for file in files:
        file.write_bytes(b"audio")
    return files


def test_files_are_submitted_as_jobs_end(paths: list[Path]) -> None:
    """So many at once, no sooner than the results are asked for, and each path comes with its job."""
    service = Service()
    service.takes = 3
    stream = service.submitted(*paths, concurrency=2)
    assert service.asked == []
    assert next(stream) == (paths[0], "job0")
    assert service.asked.count("POST jobs") == 2
    assert list(stream) == [(path, f"job{number}") for number, path in enumerate(paths)][1:]
    assert 9 < service.now < 14
    for wrong in (0, 51):
        with pytest.raises(sm.InvalidInputError, match="from 1 to 50"):
            service.submitted(*paths, concurrency=wrong)


def test_a_short_job_is_in_hand_soon_however_long_others_take(paths: list[Path]) -> None:
    """The pauses are those of the job that was submitted last."""
    service = Service()

    def files() -> Iterator[Path]:
        for path, service.takes in zip(paths, [FOR_EVER, 100, 3, 3, 3, 3], strict=True):
            yield path

    session = service.session(track_submissions=False)
    stream = service.each(iterators.submit_jobs(files(), CONFIG, session, concurrency=2))
    next(stream)
    for _ in range(4):
        before = service.now
        next(stream)
        assert 3 <= service.now - before <= 3.6


def test_a_file_that_the_service_refuses_is_passed_over(paths: list[Path], caplog: pytest.LogCaptureFixture) -> None:
    """With a warning; the others are submitted."""
    service = Service()
    service.takes = 0
    service.trouble = lambda request: api_error(400) if b'"2.wav"' in request.read() else None
    with caplog.at_level(logging.WARNING, "speechmatics"):
        assert [path for path, _ in service.submitted(*paths)] == [path for path in paths if path.name != "2.wav"]
    assert re.search(r"2\.wav was not submitted: .*400 Error", caplog.text)


def test_what_ends_a_submission_names_the_jobs_and_their_paths(paths: list[Path]) -> None:
    """An interruption, a file that is not there, and the caller's own error all leave jobs running."""
    expected = [f"still running: job0 ({paths[0]}), job1 ({paths[1]})"]
    service = Service()
    with pytest.raises(sm.AudioNotFoundError) as caught:
        list(service.submitted(paths[0], paths[1], Path("missing.wav")))
    assert notes(caught) == expected

    def interrupt(request: httpx.Request) -> None:
        if service.now > 5:
            raise KeyboardInterrupt

    service = Service()
    service.trouble = interrupt
    with pytest.raises(KeyboardInterrupt) as interrupted:
        list(service.submitted(*paths[:2]))
    assert notes(interrupted) == expected

    def broken() -> Iterator[Path]:
        yield from paths[:2]
        raise LookupError("no more paths")

    service = Service()
    stream = iterators.submit_jobs(broken(), CONFIG, service.session(), concurrency=3)
    with pytest.raises(LookupError) as own:
        list(service.each(stream))
    assert notes(own) == expected


def test_the_list_is_walked_through() -> None:
    """As dicts or as models, page by page as they are asked for."""
    service = Service({f"j{number}": 0 for number in range(7)})

    def walk(readers: Readers[JobT, TranscriptT, UsageT]) -> tuple[JobT, list[JobT]]:
        service.requests.clear()
        jobs = service.each(iterators.iter_jobs(service.session(), readers, include_deleted=False, page_size=3))
        assert service.asked == []
        first = next(jobs)
        assert len(service.asked) == 1
        return first, list(jobs)

    first, rest = walk(PARSED)
    assert isinstance(first, sm.JobDetails)
    assert [job.id for job in rest] == ["j5", "j4", "j3", "j2", "j1", "j0"]
    assert isinstance(walk(RAW)[0], dict)
    assert [job["id"] for job in walk(RAW)[1]] == ["j5", "j4", "j3", "j2", "j1", "j0"]
    with pytest.raises(sm.InvalidInputError):
        iterators.iter_jobs(service.session(), PARSED, include_deleted=False, page_size=0)


def test_a_moment_without_a_zone_is_utc() -> None:
    """Wherever the program runs."""
    pager = JobPager()
    pager.take([("a", datetime(2026, 1, 1))])
    assert pager.created_before == datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)
