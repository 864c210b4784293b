"""What fresh eyes found: a suspended machine, clocks that are ahead, odd lists, lines between two steps."""

from __future__ import annotations

import gzip
import os
import threading
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

import speechmatics as sm
from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings, Retry
from speechmatics._core import iterators
from speechmatics._core.drivers import BlockingDriver
from speechmatics._core.search import ListSearch, could_be_any
from speechmatics._core.session import Session
from speechmatics._core.submission import find_submissions, submit_job
from tests.servers.fault_rules import PAGE
from tests.servers.fault_server import FaultServer, Quirks, Rule
from tests.servers.scripted import CONFIG, NOW, Scripted, created
from tests.servers.serving import Answer, serving

OWN = "sm-typed-own"


def page_of(*moments: str) -> httpx.Response:
    """A list of jobs that were created so, the last of which is the submission that is searched for."""
    jobs: list[dict[str, Any]] = [
        {"id": f"j{number}", "status": "running", "created_at": moment, "config": {"tracking": {"details": {"a": 1}}}}
        for number, moment in enumerate(moments)
    ]
    jobs[-1]["config"] = {"tracking": {"details": {"submission_id": OWN}}}
    return httpx.Response(200, json={"jobs": jobs}, headers={"Date": NOW.strftime("%a, %d %b %Y %H:%M:%S GMT")})


def run_search(search: ListSearch, *pages: httpx.Response) -> Any:
    """What one pass over these pages, and then empty ones, brings."""
    answers = [*pages, *[httpx.Response(200, json={"jobs": []}, headers=pages[0].headers)] * 3]

    def ask(request: Any, read: Callable[[httpx.Response], Any], /) -> Any:
        yield from ()
        return read(answers.pop(0))

    flow = search.check(ask)
    try:
        next(flow)
    except StopIteration as end:
        return end.value
    raise AssertionError("a search whose answers are there asks for nothing")


def session_of(**clocks: Any) -> Session:
    """A session with other clocks."""
    return Session(settings=ConnectionSettings("http://host"), **clocks)


def test_a_machine_that_was_suspended_finds_its_job() -> None:
    """The monotonic clock stood still meanwhile, the wall clock did not."""
    session = session_of(clock=lambda: 1.0, wall_clock=lambda: 600.0)
    search = ListSearch([OWN], session, began=(0.0, 0.0), could_be=could_be_any)
    made = (NOW - timedelta(seconds=599)).isoformat()
    assert run_search(search, page_of(made)).job_ids == {OWN: ["j0"]}


def test_a_job_whose_time_has_no_zone_is_not_taken_for_an_older_one() -> None:
    """It may be local time, hours behind UTC."""
    search = ListSearch([OWN], session_of(), began=(time.monotonic(), time.time()), could_be=could_be_any)
    local = (NOW - timedelta(hours=8)).replace(tzinfo=None).isoformat()
    assert run_search(search, page_of(local)).job_ids == {OWN: ["j0"]}


def test_a_list_that_begins_with_the_oldest_proves_nothing() -> None:
    """Its last job says nothing of those that it leaves out."""
    search = ListSearch(["other"], session_of(), began=(time.monotonic(), time.time()), could_be=could_be_any)
    old = [(NOW - timedelta(days=2) + timedelta(seconds=number)).isoformat() for number in range(5)]
    assert "begins with the oldest" in run_search(search, page_of(*old)).doubt


def test_a_clock_that_is_ahead_of_the_server_s_finds_earlier_submissions() -> None:
    """`since` is moved back by as much."""
    ahead = NOW + timedelta(minutes=10)
    session = session_of(wall_clock=ahead.timestamp)
    flow = find_submissions([OWN], ahead, session)
    step = next(flow)
    page = page_of((NOW - timedelta(seconds=1)).isoformat())
    try:
        page.request = httpx.Request("GET", "http://host/v2/jobs")
        flow.send(page)
    except StopIteration as end:
        assert end.value == {OWN: "j0"}
    else:
        raise AssertionError(f"one page was enough: {step}")


def test_the_look_before_a_gateway_s_503_is_sent_again_waits_for_lists_that_lag() -> None:
    """Half the window; without it the first job is not to be seen yet, and there are two."""
    gateway = Rule(name="gateway", method="POST", path="jobs", times=1, status=503, body=PAGE, work="before")
    with FaultServer([gateway], quirks=Quirks(list_lag=0.3)) as server:
        settings = ConnectionSettings(server.url, trust_env=False, retry_delay=0, recovery_window=1)
        with BatchClient(settings) as client:
            job_id = client.submit_job(b"audio", CONFIG)
        assert list(server.jobs) == [job_id]


def test_what_on_retry_raises_is_the_caller_s_own() -> None:
    """It is raised, with the job in a note, though the job was found."""
    gateway = Rule(name="gateway", method="POST", path="jobs", times=1, status=503, body=PAGE, work="before")

    def on_retry(retry: Retry) -> None:
        raise LookupError("no more")

    with FaultServer([gateway]) as server:
        settings = ConnectionSettings(server.url, trust_env=False, recovery_window=0.1)
        with BatchClient(settings, on_retry=on_retry) as client, pytest.raises(LookupError) as caught:
            client.submit_job(b"audio", CONFIG)
        [job_id] = server.jobs
    assert caught.value.__notes__ == [f"job {job_id} was created"]


class Interrupting(dict[str, float]):
    """Where jobs are remembered when Ctrl-C comes."""

    def __setitem__(self, job_id: str, moment: float) -> None:
        raise KeyboardInterrupt


def test_an_interruption_after_the_answer_names_the_job() -> None:
    """Between any two lines up to the return."""
    service = Scripted([created()])
    session = service.session()
    session.memory.submitted = Interrupting()
    with pytest.raises(KeyboardInterrupt) as caught:
        service.run(submit_job(b"audio", CONFIG, session))
    assert caught.value.__notes__ == ["job made was created"]


def test_ctrl_c_while_submissions_are_slowed_down_names_the_jobs(tmp_path: Path) -> None:
    """As in any other pause of `submit_jobs`."""
    paths = [tmp_path / f"{number}.wav" for number in range(12)]
    for path in paths:
        path.write_bytes(b"audio")

    def sleep(seconds: float) -> None:
        raise KeyboardInterrupt

    with FaultServer(quirks=Quirks(work_seconds=60)) as server:
        settings = ConnectionSettings(server.url, trust_env=False)
        driver = BlockingDriver(settings, sleep=sleep)
        stream = iterators.submit_jobs(paths, CONFIG, Session(settings=settings), concurrency=50)
        with pytest.raises(KeyboardInterrupt) as caught:
            list(driver.each(stream))
        driver.close()
        notes = "\n".join(caught.value.__notes__)
        assert len(server.jobs) == 10
        assert all(job_id in notes for job_id in server.jobs)


def test_a_coroutine_function_is_refused_by_the_blocking_client(tmp_path: Path) -> None:
    """As `on_error`: nobody would await it."""

    async def on_error(path: object, error: Exception) -> None: ...

    with FaultServer() as server, BatchClient(ConnectionSettings(server.url, trust_env=False)) as client:
        with pytest.raises(sm.InvalidInputError):
            list(client.submit_jobs([tmp_path / "missing.wav"], CONFIG, on_error=on_error))


def test_an_upload_that_does_not_end_in_time_is_a_timeout() -> None:
    """It made no job; the error is a `TimeoutError` too."""
    slow = Rule(name="slow", method="POST", path="jobs", read_pause=0.05, read_bytes=1000)
    with FaultServer([slow], quirks=Quirks(receive_buffer=4096)) as server:
        with BatchClient(ConnectionSettings(server.url, trust_env=False)) as client:
            with pytest.raises(sm.WaitTimeoutError, match="no job was created"):
                client.submit_job(bytes(20_000_000), CONFIG, timeout=0.3)
        assert not server.jobs


def test_a_key_that_a_server_echoes_is_not_shown() -> None:
    """Not in the message, nor in what the error knows of the answer's words."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500, text=f"debug: {request.headers['Authorization']}")

    given = httpx.Client(transport=httpx.MockTransport(answer))
    settings = ConnectionSettings("http://host", auth_token="very-secret", retry_attempts=1)
    with BatchClient(settings, http_client=given) as client, pytest.raises(sm.ServerError) as caught:
        client.list_jobs()
    assert "debug" in str(caught.value)
    assert "very-secret" not in f"{caught.value}{caught.value.detail}{caught.value.error}"


def silent_pipe() -> tuple[Any, int]:
    """A pipe that gives nothing: its reader, and the descriptor that keeps it open."""
    reader, writer = os.pipe()
    return os.fdopen(reader, "rb"), writer


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_silent_pipe_is_given_up_in_time(backend: str) -> None:
    """By the async client, before a request is made; the thread that reads it keeps no process alive."""

    async def submit() -> None:
        pipe, writer = silent_pipe()
        with FaultServer() as server:
            async with AsyncBatchClient(ConnectionSettings(server.url, trust_env=False)) as client:
                with pytest.raises(sm.WaitTimeoutError, match="no job was created"):
                    await client.submit_job(pipe, CONFIG, timeout=0.2)
            assert not server.requests
        left = [thread for thread in threading.enumerate() if thread.name == "speechmatics-audio"]
        assert left
        assert all(thread.daemon for thread in left)
        kept.append((pipe, writer, left))

    kept: list[tuple[Any, int, list[threading.Thread]]] = []
    anyio.run(submit, backend=backend)
    [(pipe, writer, left)] = kept
    os.close(writer)
    for thread in left:
        thread.join(20)
    pipe.close()


def test_an_answer_that_is_packed_twice_is_refused() -> None:
    """A few hundred bytes would be gigabytes before they could be counted."""
    packed = gzip.compress(gzip.compress(bytes(1_000_000)))
    with serving(lambda received: Answer(200, packed, {"Content-Encoding": "gzip, gzip"})) as server:
        with BatchClient(ConnectionSettings(server.url, trust_env=False)) as client:
            with pytest.raises(sm.InvalidResponseError, match="packed 2 times"):
                client.list_jobs()


def test_one_time_limit_bounds_a_call_of_several_requests() -> None:
    """`call_timeout` is for the call."""
    slow = Rule(name="slow", method="GET", path="jobs/**", delay=0.5, status=404, body='{"code": 404, "error": "x"}')
    with FaultServer([slow]) as server:
        settings = ConnectionSettings(server.url, trust_env=False, call_timeout=0.7, retry_attempts=1)
        with BatchClient(settings) as client, pytest.raises(sm.RequestError):
            client.get_job_result("j")
        assert len(server.requests) == 2


def test_a_configuration_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    """Reading it might never end."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(sm.ConfigNotReadableError, match="no regular file"):
        BatchClient("key").submit_job(b"audio", fifo)
    with pytest.raises(sm.SettingsError, match="no regular file"):
        ConnectionSettings(config_file=fifo)


@pytest.mark.parametrize("before", [" ", "\ufeff", '"', "<"])
def test_a_url_is_known_whatever_stands_before_it(before: str) -> None:
    """As pasted from somewhere; its query is not shown."""
    with pytest.raises(sm.AudioError, match="fetch_data") as caught:
        BatchClient("key").submit_job(f"{before}https://bucket/a.wav?sig=very-secret", CONFIG)
    assert "very-secret" not in str(caught.value)


def test_jobs_with_strange_ids_break_no_list() -> None:
    """Nor a wait for others."""
    strange: list[Any] = [{}, [], 5, None]
    foreign = [{"id": odd, "status": "running", "created_at": "2026-01-01T00:00:00Z"} for odd in strange]
    with FaultServer(quirks=Quirks(foreign_jobs=tuple(foreign))) as server:
        with BatchClient(ConnectionSettings(server.url, trust_env=False)) as client:
            ids = [client.submit_job(b"audio %d" % number, CONFIG) for number in range(4)]
            assert {job["id"] for job in client.wait_for_many(ids)} == set(ids)
            assert len(list(client.iter_jobs())) >= 4
        with BatchClient(ConnectionSettings(server.url, trust_env=False), parse=True) as client:
            assert set(ids) <= {job.id for job in client.iter_jobs()}


def test_a_model_that_was_never_finished_can_be_shown() -> None:
    """As a traceback with locals does."""
    wrong: list[tuple[Any, dict[str, Any]]] = [(sm.FetchData, {"url": 5}), (sm.JobConfig, {"transcription_config": {}})]
    for kind, fields in wrong:
        with pytest.raises(ValueError) as caught:
            kind(**fields)
        report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert kind.__name__ in "".join(report.format())
