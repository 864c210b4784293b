"""Ctrl-C and cancellation at every step of a submission, and of a transcription: every job that is made is named."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any, Literal, TypeVar

import anyio
import httpx
import pytest

from speechmatics import AsyncBatchClient
from speechmatics._core import endpoints
from speechmatics._core.drivers import BlockingDriver
from speechmatics._core.operations import Operation
from speechmatics._core.session import Session
from speechmatics._core.steps import Flow, Sleep
from speechmatics._core.submission import submit_job
from speechmatics._core.waiting import wait_for_completion
from tests.core.submitting import AUDIO, CONFIG, api_words, notes_of, run_async, settings_of
from tests.servers.fault_rules import PAGE, Rule
from tests.servers.fault_server import FaultServer, Quirks

pytestmark = pytest.mark.slow  # goes through every step of a submission

_T = TypeVar("_T")

SUBMISSION = "the-submission"
FAULTS: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "lost answer": [{"drop": "after_work"}],
    "lost submission": [{"drop": "after_body"}],
    "refused": [{"status": 503, "body": api_words(503)}],
    "gateway": [{"status": 503, "body": PAGE}],
    "gateway after the work": [{"status": 502, "body": PAGE, "work": "before"}],
    "page": [{"status": 201, "body": PAGE}],
}
QUICK: dict[str, Any] = {
    "long_poll": 0,
    "poll_interval": 0.005,
    "recovery_window": 0.005,
    "recovery_window_long": 0.005,
}
MOST_STEPS = 400


def rules_of(fault: str) -> list[Rule]:
    return [Rule(name=fault, method="POST", path="jobs", times=1, **fields) for fields in FAULTS[fault]]


def interrupt_at(flow: Flow[_T], number: int, when: Literal["before", "after"]) -> Flow[_T]:
    """The flow, into which Ctrl-C comes just before or after a step is done."""
    step = next(flow)
    done = 0
    while True:
        done += 1
        if (done, when) == (number, "before"):
            flow.throw(KeyboardInterrupt())
        interruption: BaseException | None = None
        try:
            response = yield step
        except Exception as error:
            response, interruption = None, error
        if (done, when) == (number, "after"):
            interruption = KeyboardInterrupt()
        try:
            step = flow.send(response) if interruption is None else flow.throw(interruption)
        except StopIteration as end:
            value: _T = end.value
            return value


class CancelAt(Awaitable[_T]):
    """Awaits something, and cancels when it is about to wait for the so manieth time."""

    def __init__(self, awaited: Awaitable[_T], number: int, cancel: Callable[[], object]) -> None:
        self._awaited = awaited
        self._number = number
        self._cancel = cancel

    def __await__(self) -> Generator[Any, Any, _T]:
        steps = self._awaited.__await__()
        failure: BaseException | None = None
        value: object = None
        waits = 0
        while True:
            try:
                waited_for = steps.send(value) if failure is None else steps.throw(failure)
            except StopIteration as end:
                result: _T = end.value
                return result
            waits += 1
            if waits == self._number:
                self._cancel()
            failure = value = None
            try:
                value = yield waited_for
            except BaseException as error:
                failure = error


def check(server: FaultServer, said: str, what: str) -> None:
    """Each job that there is has been named, and none that there is has been denied."""
    for job in server.jobs.values():
        assert job.id in said or SUBMISSION in said, f"{what}: {job.id} is not named in {said!r}"
    if "no job was created" in said:
        assert not server.jobs, what


def transcribe(session: Session) -> Flow[object]:
    """What `transcribe` does, as one flow."""
    job_id = yield from submit_job(("a.wav", AUDIO), CONFIG, session, submission_id=SUBMISSION)
    transcript = endpoints.get_json_transcript(job_id)
    return (yield from wait_for_completion(transcript, job_id, transcript.read, session, timeout=30))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", FAULTS)
def test_ctrl_c_at_each_step(fault: str, when: Literal["before", "after"], caplog: pytest.LogCaptureFixture) -> None:
    """Of a submission whose job is then waited for."""
    caplog.set_level(logging.INFO, "speechmatics")
    is_interrupted, number = True, 0
    while is_interrupted:
        number += 1
        assert number < MOST_STEPS
        caplog.clear()
        notes, began = "", False
        with FaultServer(rules_of(fault), quirks=Quirks(work_seconds=0.01)) as server:
            settings = settings_of(server, **QUICK)
            driver = BlockingDriver(settings)
            try:
                driver.run(interrupt_at(transcribe(Session(settings=settings)), number, when))
            except KeyboardInterrupt as error:
                notes, began = notes_of(error), True
            except Exception as error:
                notes = str(error)
            is_interrupted = began
            driver.close()
        check(server, f"{notes}\n{caplog.text}", f"step {number}")
    assert number > 3


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("fault", FAULTS)
def test_cancellation_at_each_wait(
    fault: str, backend: Literal["asyncio", "trio"], caplog: pytest.LogCaptureFixture
) -> None:
    """Wherever the task waits for something, within the network too."""
    caplog.set_level(logging.INFO, "speechmatics")

    async def transcribe_and_cancel(server: FaultServer, number: int) -> tuple[bool, str]:
        """Whether it was cancelled, and what is said."""
        async with AsyncBatchClient(settings_of(server, **QUICK)) as client:

            async def run() -> object:
                job_id = await client.submit_job(("a.wav", AUDIO), CONFIG, submission_id=SUBMISSION)
                return await client.wait_for_completion(job_id, timeout=30)

            with anyio.CancelScope() as scope:
                task = asyncio.current_task() if backend == "asyncio" else None
                try:
                    await CancelAt(run(), number, scope.cancel if task is None else task.cancel)
                except asyncio.CancelledError as error:
                    if task is not None:
                        task.uncancel()
                        return True, notes_of(error)
                    raise
                except Exception as error:
                    return False, str(error)
            return scope.cancelled_caught, ""

    is_cancelled, number = True, 0
    while is_cancelled:
        number += 1
        assert number < MOST_STEPS
        caplog.clear()
        with FaultServer(rules_of(fault), quirks=Quirks(work_seconds=0.01)) as server:
            is_cancelled, said = run_async(backend, partial(transcribe_and_cancel, server, number))
        check(server, f"{said}\n{caplog.text}", f"wait {number}")
    assert number > 3


def test_a_submission_that_is_dropped_halfway(caplog: pytest.LogCaptureFixture) -> None:
    """As by an event loop that ends without its tasks: a line of the log names the submission."""
    session = Session(settings=settings_of("http://host"))
    flow = submit_job(("a.wav", AUDIO), CONFIG, session, submission_id=SUBMISSION)
    request = next(flow)  # bytes are looked at without a thread
    assert isinstance(request, Operation)
    assert request.body is not None
    b"".join(request.body)
    with caplog.at_level(logging.WARNING, "speechmatics"):
        flow.close()
    assert SUBMISSION in caplog.text


def test_an_error_before_a_submission_is_sent_again() -> None:
    """What had been given of the first is not taken for a part of the second: there is no job, and no look for one."""
    session = Session(settings=settings_of("http://host"))
    flow = submit_job(("a.wav", AUDIO), CONFIG, session, submission_id=SUBMISSION)
    request = next(flow)  # bytes are looked at without a thread
    assert isinstance(request, Operation)
    assert request.body is not None
    b"".join(request.body)
    refusal = httpx.Response(503, text=api_words(503), request=httpx.Request("POST", "http://host/v2/jobs"))
    assert isinstance(flow.send(refusal), Sleep)
    assert flow.send(None) is not None
    with pytest.raises(RuntimeError) as caught:
        flow.throw(RuntimeError("broken"))
    assert notes_of(caught.value) == "no job was created"
