"""A service of the tests without a network or a clock: it answers from a script, and time passes as the script says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeVar

import httpx

import speechmatics as sm
from speechmatics import ConnectionSettings
from speechmatics._core.operations import Operation
from speechmatics._core.session import Retry, Session
from speechmatics._core.steps import Flow, RunBlocking, Sleep, Step
from speechmatics._core.submission import submit_job

__all__ = ["CONFIG", "NOW", "Answer", "Scripted", "created", "failed_with", "listed"]

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
NOW = datetime(2026, 1, 1, tzinfo=UTC)

Answer = httpx.Response | type[sm.RequestError]
"""An answer, or how there is none."""
Respond = Callable[[Operation[object, object]], tuple[Answer, float]]
"""The answer to a request, and the seconds that it takes."""

_T = TypeVar("_T")


class Scripted:
    """Answers from a list, at once, or as a function says; remembers what was asked, and the submission's id."""

    def __init__(self, answers: Sequence[Answer | str] = (), respond: Respond | None = None) -> None:
        self.answers: list[Answer | str] = list(answers)
        self.asked: list[str] = []
        self.slept: list[float] = []
        self.now = 0.0
        self.submission_id = ""
        self.config: dict[str, Any] = {}
        self.retries: list[Retry] = []
        self._respond = respond or self._next_answer

    def session(self, **settings: Any) -> Session:
        """No chance but the worst, and the script's clock."""
        return Session(
            settings=ConnectionSettings("http://host", **settings),
            on_retry=self.retries.append,
            clock=lambda: self.now,
            chance=lambda: 1.0,
        )

    def run(self, flow: Flow[_T]) -> _T:
        """Runs a flow to its end."""
        step = next(flow)
        while True:
            try:
                step = self._do(flow, step)
            except StopIteration as end:
                value: _T = end.value
                return value

    def submit(self, audio: Any = b"audio", config: Any = CONFIG, **settings: Any) -> str:
        """Submits, and gives the job's id."""
        return self.run(submit_job(audio, config, self.session(**settings)))

    def _do(self, flow: Flow[Any], step: Step) -> Step:
        if isinstance(step, Sleep):
            self.slept.append(step.seconds)
            self.now += step.seconds
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
        answer, seconds = self._respond(step)
        self.now += seconds
        if isinstance(answer, httpx.Response):
            answer.request = request
            return flow.send(answer)
        return flow.throw(answer("failed", request=request))

    def _next_answer(self, step: Operation[object, object]) -> tuple[Answer, float]:
        answer = self.answers.pop(0) if self.answers else listed()
        return (listed(self.submission_id) if isinstance(answer, str) else answer), 0


def created() -> httpx.Response:
    """The answer to a submission."""
    return httpx.Response(201, json={"id": "made"})


def listed(*submission_ids: str | None, age: float = 0) -> httpx.Response:
    """A list of jobs that carry these ids; without a configuration where the id is None."""
    jobs = [
        {"id": f"job-{number}", "status": "running", "created_at": (NOW - timedelta(seconds=age)).isoformat()}
        | ({} if found is None else {"config": {**CONFIG, "tracking": {"details": {"submission_id": found}}}})
        for number, found in enumerate(submission_ids)
    ]
    return httpx.Response(200, json={"jobs": jobs}, headers={"Date": format_datetime(NOW, usegmt=True)})


def failed_with(code: int, **headers: str) -> httpx.Response:
    """An error of the API."""
    return httpx.Response(code, json={"code": code, "error": "Error"}, headers=headers)
