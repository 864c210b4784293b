"""An answer that is about another job than the one asked for."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, cast

import anyio
import httpx
import pytest
from pydantic import TypeAdapter

import speechmatics as sm
from speechmatics import AsyncBatchClient, BatchClient, JobDetails, Transcript
from tests.core.clients import CONFIG, RUNNERS, Certificates, settings_for
from tests.servers.fault_clients import client_of, eventually, make_job
from tests.servers.fault_server import FaultServer, Rule

OTHER = "another0"
STATUS = json.dumps({"job": {"id": OTHER, "status": "done", "created_at": "2026-01-01T00:00:00Z", "data_name": "a"}})
TRANSCRIPT = json.dumps(
    {
        "format": "2.9",
        "job": {"id": OTHER, "created_at": "2026-01-01T00:00:00Z", "data_name": "a", "duration": 1},
        "metadata": {"created_at": "2026-01-01T00:00:00Z", "type": "transcription"},
        "results": [],
    }
)

OBJECT = TypeAdapter(dict[str, Any])

Call = Callable[[Any, str], Any]


async def first_of(given: AsyncIterator[object] | Awaitable[object]) -> object:
    """What the async client gives: awaited, or the first that an iterator yields."""
    return await anext(given) if isinstance(given, AsyncIterator) else await given


def call(runner: str, settings: sm.ConnectionSettings, ask: Call, job_id: str, *, parse: bool) -> object:
    """Calls a method of a client."""
    if runner == "blocking":
        with BatchClient(settings, parse=parse) as client:
            given: object = ask(client, job_id)
            return next(cast("Iterator[object]", given)) if isinstance(given, Iterator) else given

    async def main() -> object:
        async with AsyncBatchClient(settings, parse=parse) as client:
            return await first_of(ask(client, job_id))

    return anyio.run(main, backend=runner)


def check_status(client: Any, job_id: str) -> Any:
    """The state of a job."""
    return client.check_job_status(job_id)


def get_result(client: Any, job_id: str) -> Any:
    """Its transcript."""
    return client.get_job_result(job_id)


def wait(client: Any, job_id: str) -> Any:
    """The same, waited for."""
    return client.wait_for_completion(job_id, "json-v2", timeout=20)


def wait_for_many(client: Any, job_id: str) -> Any:
    """Jobs that are waited for: the first to end."""
    return client.wait_for_many([job_id], timeout=20)


def id_in(found: object) -> object:
    """Which job something is about."""
    if isinstance(found, JobDetails):
        return found.id
    if isinstance(found, Transcript):
        return None if found.job is None else found.job.id
    job = OBJECT.validate_python(found)
    return job.get("job", job)["id"]


CALLS = [
    (check_status, "jobs/*", STATUS),
    (get_result, "jobs/*/transcript", TRANSCRIPT),
    (wait, "jobs/*", STATUS),
    (wait, "jobs/*/transcript", TRANSCRIPT),
    (wait_for_many, "jobs/*", STATUS),
]
calls = pytest.mark.parametrize(
    ("ask", "path", "body"), CALLS, ids=[f"{ask.__name__}-{path}" for ask, path, _ in CALLS]
)
runners = pytest.mark.parametrize("runner", RUNNERS)
either_way = pytest.mark.parametrize("parse", [False, True])


@calls
@either_way
@runners
def test_an_answer_about_another_job_is_asked_for_again(
    runner: str, parse: bool, ask: Call, path: str, body: str
) -> None:
    """Once, on a new connection; the other is closed, and the right answer is given."""
    with FaultServer([Rule(name="mixed up", method="GET", path=path, times=1, body=body)]) as server:
        with client_of(server) as other:
            job_id = make_job(other)
        found = call(runner, settings_for(server, poll_interval=0.01), ask, job_id, parse=parse)
        assert id_in(found) == job_id
        asked = [request for request in server.requests if request.method == "GET"]
        wrong = next(index for index, request in enumerate(asked) if request.rule == "mixed up")
        assert asked[wrong + 1].path == asked[wrong].path
        assert asked[wrong].connection not in {request.connection for request in asked[wrong + 1 :]}


@calls
@either_way
@runners
def test_a_second_one_is_an_error(runner: str, parse: bool, ask: Call, path: str, body: str) -> None:
    """That names both jobs; also while waiting."""
    with FaultServer([Rule(name="mixed up", method="GET", path=path, body=body)]) as server:
        with client_of(server) as other:
            job_id = make_job(other)
        with pytest.raises(sm.AnswerMismatchError) as caught:
            call(runner, settings_for(server, poll_interval=0.01), ask, job_id, parse=parse)
        assert job_id in str(caught.value)
        assert OTHER in str(caught.value)
        assert (caught.value.job_id, caught.value.answered) == (job_id, OTHER)
        assert [request.rule for request in server.requests].count("mixed up") == 2


@runners
def test_a_deletion_is_not_repeated(runner: str) -> None:
    """It is not known what was deleted."""
    with FaultServer([Rule(name="mixed up", method="DELETE", body=STATUS)]) as server:
        with client_of(server) as other:
            job_id = make_job(other)
        with pytest.raises(sm.AnswerMismatchError, match=OTHER):
            call(runner, settings_for(server), lambda client, job: client.delete_job(job), job_id, parse=False)
        assert [request.method for request in server.requests].count("DELETE") == 1


@pytest.mark.parametrize("way", ["plain", "tls"])
@runners
def test_the_server_sees_the_connection_closed(runner: str, way: str, certificates: Certificates) -> None:
    """Though the client goes on over another."""
    tls = certificates.server if way == "tls" else None
    with FaultServer([Rule(name="mixed up", method="GET", times=1, body=STATUS)], tls=tls) as server:
        settings = settings_for(server, certificates if tls else None)
        if runner == "blocking":
            with BatchClient(settings) as client:
                job_id = client.submit_job(b"audio", CONFIG)
                client.check_job_status(job_id)
                eventually(lambda: server.open_connections == 1)
        else:

            async def main() -> None:
                async with AsyncBatchClient(settings) as client:
                    job_id = await client.submit_job(b"audio", CONFIG)
                    await client.check_job_status(job_id)
                    await anyio.to_thread.run_sync(eventually, lambda: server.open_connections == 1)

            anyio.run(main, backend=runner)


def test_a_transport_of_a_test_is_asked_again_too() -> None:
    """It has no connection to close."""
    answers = iter([OTHER, "asked"])

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"job": {"id": next(answers), "status": "done"}})

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        client = BatchClient("token", http_client=http)
        assert client.check_job_status("asked")["job"]["id"] == "asked"
