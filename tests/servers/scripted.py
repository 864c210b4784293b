"""A service without a network or a clock: it answers from a script, and time passes as the script says.

Flows run on the blocking driver that programs use, on a transport that calls the script. So what is tested is all but
connections, of which tests/core has tests over real ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeVar

import httpx

from speechmatics import ConnectionSettings
from speechmatics._core.drivers import BlockingDriver
from speechmatics._core.session import Memory, Retry, Session
from speechmatics._core.steps import Flow, Stream
from speechmatics._core.submission import submit_job

__all__ = [
    "CONFIG",
    "NOW",
    "PAGE",
    "Reply",
    "Script",
    "Scripted",
    "api_error",
    "created",
    "job",
    "listed",
    "page",
    "path_of",
]

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = "<!DOCTYPE html><html><body>Please wait</body></html>"

Reply = httpx.Response | type[httpx.TransportError]
"""An answer, or how there is none."""
Script = Callable[["Scripted", httpx.Request], Reply]

_T = TypeVar("_T")


class Scripted:
    """Answers from a list, and then with an empty list of jobs, or as a function says; remembers what was asked.

    Args:
        script: The answers in their order, or what gives one to each request.
        takes: Seconds that an answer of the list takes; a function moves `now` itself.
        **settings: Of the connection.
    """

    def __init__(self, script: Iterable[Reply] | Script = (), *, takes: float = 0, **settings: Any) -> None:
        self.now = 0.0
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []
        self.retries: list[Retry] = []
        self.memory = Memory()
        self.transport = httpx.MockTransport(self._reply)
        self._settings = settings
        self._script = script if callable(script) else _one_by_one(script, takes)
        connection = ConnectionSettings("http://host", trust_env=False, **settings)
        http = httpx.Client(transport=self.transport, timeout=connection.timeout)
        self._driver = BlockingDriver(connection, http, sleep=self._sleep)

    @property
    def asked(self) -> list[str]:
        """The requests so far, as `GET jobs/j`."""
        return [f"{request.method} {path_of(request)}" for request in self.requests]

    @property
    def config(self) -> dict[str, Any]:
        """The configuration of the submission that came last."""
        body = next(request.content for request in reversed(self.requests) if request.method == "POST")
        config: dict[str, Any] = json.loads(body.partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0])
        return config

    @property
    def submission_id(self) -> str:
        """The id of the submission that came last."""
        details: dict[str, str] = self.config["tracking"]["details"]
        return details["submission_id"]

    def session(self, **settings: Any) -> Session:
        """That of one client: no chance but the worst, and the script's clock."""
        return Session(
            settings=ConnectionSettings("http://host", trust_env=False, **(self._settings | settings)),
            on_retry=self.retries.append,
            clock=lambda: self.now,
            chance=lambda: 1.0,
            memory=self.memory,
        )

    def run(self, flow: Flow[_T]) -> _T:
        """Runs a flow to its end."""
        return self._driver.run(flow)

    def each(self, stream: Stream[_T]) -> Iterator[_T]:
        """Runs a stream as its results are asked for."""
        return self._driver.each(stream)

    def submit(self, audio: Any = b"audio", config: Any = CONFIG, **settings: Any) -> str:
        """Submits, and gives the job's id."""
        return self.run(submit_job(audio, config, self.session(**settings)))

    def _sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        self.slept.append(seconds)

    def _reply(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self._script(self, request)
        if isinstance(reply, httpx.Response):
            return reply
        raise reply("it broke")


def _one_by_one(answers: Iterable[Reply], takes: float) -> Script:
    rest = iter(answers)

    def answer(service: Scripted, request: httpx.Request) -> Reply:
        service.now += takes
        return next(rest, listed())

    return answer


def path_of(request: httpx.Request) -> str:
    """The path below `/v2`."""
    return request.url.path.removeprefix("/v2/")


def created(job_id: str = "made") -> httpx.Response:
    """The answer to a submission."""
    return httpx.Response(201, json={"id": job_id})


def job(status: str = "done", job_id: str = "j", **others: object) -> httpx.Response:
    """What the service says of a job."""
    return httpx.Response(200, json={"job": {"id": job_id, "status": status, **others}})


def listed(*submission_ids: str | None, age: float = 0) -> httpx.Response:
    """A list of jobs that carry these ids; without a configuration where the id is None."""
    jobs = [
        {"id": f"job-{number}", "status": "running", "created_at": (NOW - timedelta(seconds=age)).isoformat()}
        | ({} if found is None else {"config": {**CONFIG, "tracking": {"details": {"submission_id": found}}}})
        for number, found in enumerate(submission_ids)
    ]
    return httpx.Response(200, json={"jobs": jobs}, headers={"Date": format_datetime(NOW, usegmt=True)})


def api_error(status: int, error: str = "Error", **headers: str) -> httpx.Response:
    """An error in the API's own words."""
    return httpx.Response(status, json={"code": status, "error": error}, headers=headers)


def page(status: int) -> httpx.Response:
    """What a gateway answers."""
    return httpx.Response(status, text=PAGE, headers={"Content-Type": "text/html"})
