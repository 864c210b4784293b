"""Deadlines of whole exchanges, answers that come while a body is sent, and how far a body has come."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import anyio
import httpcore
import pytest

import speechmatics as sm
from speechmatics import AsyncBatchClient, BatchClient, JobConfig
from speechmatics._core.audio_input import open_audio
from speechmatics._core.endpoints import get_job
from speechmatics._core.exchange import MOST_INFORMATION, Exchange, ReadBefore, exchanging
from speechmatics._core.media import MultipartBody
from speechmatics._core.network import AsyncBackend, AsyncStream, Stream
from speechmatics._core.operations import Operation
from tests.core.clients import (
    CONFIG,
    RUNNERS,
    Certificates,
    count_descriptors,
    count_threads,
    run_all,
    settings_for,
    upload,
    way_to,
)
from tests.servers.fault_clients import eventually
from tests.servers.fault_server import FaultServer, Quirks, Rule

pytestmark = pytest.mark.slow  # sends large bodies

LIMIT = 0.4
LATE = 20
"""Seconds after which an exchange of that limit is late on the busiest machine; without a deadline it takes minutes."""
LARGE = bytes(48_000_000)
"""More than the system takes for a server that does not read."""

SLOW = [
    Rule(name="drips its head", path="jobs/head", drip_head=0.02),
    Rule(name="drips its body", path="jobs/body", body=" " * 4000, drip_body=0.02),
    Rule(name="is silent", path="jobs/silent", hang=True),
    Rule(name="reads slowly", path="slow/jobs", read_pause=0.02, read_bytes=20_000),
    Rule(name="stops reading", path="stopped/jobs", read_pause=60, read_bytes=1_000_000),
]
runners = pytest.mark.parametrize("runner", RUNNERS)
ways = pytest.mark.parametrize("way", ["plain", "tls", "forward", "connect"])
plain_and_tls = pytest.mark.parametrize("way", ["plain", "tls"])


def slow_operations(limit: float) -> list[Operation[Any, Any]]:
    """One for each of the slow rules."""
    asking = [replace(get_job(name), limit=limit) for name in ("head", "body", "silent")]
    return [*asking, upload(LARGE, "slow/jobs", limit), upload(LARGE, "stopped/jobs", limit)]


@ways
@runners
def test_an_exchange_is_over_at_its_limit(runner: str, way: str, certificates: Certificates) -> None:
    """Whatever the server does: it drips, is silent, reads slowly or no more; what is not sent in full is no job."""
    operations = slow_operations(LIMIT)
    with way_to(way, certificates, SLOW, Quirks(receive_buffer=65536)) as (server, settings):
        outcomes = run_all(runner, settings, operations)
        assert server.met == {rule.name for rule in SLOW}
    for operation, outcome in zip(operations, outcomes, strict=True):
        assert isinstance(outcome.error, sm.ReadTimeout | sm.WriteTimeout), outcome
        assert LIMIT <= outcome.seconds < LATE
        assert operation.body is None or not operation.body.is_given


@runners
def test_a_limit_bounds_the_handshake_of_tls(runner: str, certificates: Certificates) -> None:
    """A server that takes connections and says nothing."""
    with FaultServer() as server:
        settings = settings_for(server, certificates)
        settings.url = server.url.replace("http:", "https:")
        (outcome,) = run_all(runner, settings, [replace(get_job("a"), limit=LIMIT)])
    assert isinstance(outcome.error, sm.ConnectTimeout)
    assert LIMIT <= outcome.seconds < LATE


@runners
def test_nothing_is_left_of_a_handshake_that_did_not_come_about(runner: str, certificates: Certificates) -> None:
    """No descriptor, where the time was over before it began, or a certificate was not trusted."""
    operations = [replace(get_job("a"), limit=limit) for limit in (1e-9, 1e-5, 0.001, 0.003) for _ in range(5)]
    with FaultServer(tls=certificates.server) as server:
        run_all(runner, settings_for(server, certificates), [get_job("a")])
        descriptors = count_descriptors()
        for settings in (settings_for(server, certificates), settings_for(server)):
            outcomes = run_all(runner, settings, operations)
            assert all(outcome.error is not None for outcome in outcomes)
        eventually(lambda: count_descriptors() <= descriptors)


@plain_and_tls
@runners
def test_nothing_is_left_of_what_is_over(runner: str, way: str, certificates: Certificates) -> None:
    """No thread and no descriptor, after 100 exchanges that ended at their limit."""
    descriptors, threads = count_descriptors(), count_threads()
    with way_to(way, certificates, SLOW, Quirks(receive_buffer=65536)) as (_, settings):
        outcomes = [outcome for _ in range(5) for outcome in run_all(runner, settings, slow_operations(0.05) * 4)]
    assert len(outcomes) == 100
    assert all(isinstance(outcome.error, sm.RequestError) for outcome in outcomes)
    eventually(lambda: count_threads() <= threads)
    eventually(lambda: count_descriptors() <= descriptors)


@plain_and_tls
@runners
@pytest.mark.parametrize("ending", ["keep", "stop", "close"])
def test_an_early_answer_is_what_it_is(runner: str, way: str, ending: Any, certificates: Certificates) -> None:
    """Whether the server then reads on, reads no more or closes; the body was not given, and nothing is sent again."""
    for status in (413, 401, 503):
        rule = Rule(name="early", method="POST", status=status, body="{}", early=200_000, ending=ending)
        operation = upload(LARGE)
        with way_to(way, certificates, [rule]) as (server, settings):
            (outcome,) = run_all(runner, settings, [operation])
            assert isinstance(outcome.error, sm.APIStatusError), outcome
            assert outcome.error.status_code == status
            assert outcome.seconds < 20
            assert len(server.requests) == 1
        assert operation.body is not None
        assert not operation.body.is_given


@plain_and_tls
@runners
def test_an_early_answer_before_a_reset(runner: str, way: str, certificates: Certificates) -> None:
    """Is given, or lost: a reset may overtake it. Then the error is one of the connection, and the body not given."""
    rule = Rule(name="early", method="POST", status=413, body="{}", early=200_000, ending="reset")
    operation = upload(LARGE)
    with way_to(way, certificates, [rule]) as (server, settings):
        (outcome,) = run_all(runner, settings, [operation])
        assert len(server.requests) == 1
    if isinstance(outcome.error, sm.APIStatusError):
        assert outcome.error.status_code == 413
    else:
        assert isinstance(outcome.error, sm.ReadError | sm.WriteError | sm.RemoteProtocolError), outcome
    assert operation.body is not None
    assert not operation.body.is_given


@runners
def test_a_refused_submission_is_sent_once(runner: str) -> None:
    """The client raises what an early answer says, and does not try again."""
    rules = [Rule(name="early", method="POST", status=413, body="{}", early=200_000, ending="stop")]
    with FaultServer(rules) as server:

        async def submit() -> None:
            async with AsyncBatchClient(settings_for(server)) as client:
                await client.submit_job(LARGE, CONFIG)

        with pytest.raises(sm.APIStatusError, match="413"):
            if runner == "blocking":
                with BatchClient(settings_for(server)) as client:
                    client.submit_job(LARGE, CONFIG)
            else:
                anyio.run(submit, backend=runner)
        assert [request.method for request in server.requests] == ["POST"]


@plain_and_tls
@runners
@pytest.mark.parametrize("status", [100, 103])
def test_an_informational_answer_is_none(runner: str, way: str, status: int, certificates: Certificates) -> None:
    """The body is sent to its end, and the job is made; nor are the tickets of TLS an answer."""
    operation = upload(LARGE)
    with way_to(way, certificates, [Rule(name="hint", informational=status)]) as (server, settings):
        (outcome,) = run_all(runner, settings, [operation])
        assert outcome.answer is not None, outcome
        assert list(server.jobs) == [operation.read(outcome.answer)]
    assert operation.body is not None
    assert operation.body.is_given


@plain_and_tls
@runners
@pytest.mark.parametrize("ending", ["close", "reset"])
@pytest.mark.parametrize("drop", ["before_body", "during_body"])
def test_a_connection_that_ends_is_no_answer(
    runner: str, way: str, drop: Any, ending: Any, certificates: Certificates
) -> None:
    """The body was not given: there can be no job."""
    operation = upload(LARGE)
    with way_to(way, certificates, [Rule(name="gone", drop=drop, ending=ending)]) as (server, settings):
        (outcome,) = run_all(runner, settings, [operation])
        assert isinstance(outcome.error, sm.RequestError), outcome
        assert not isinstance(outcome.error, sm.WriteTimeout | sm.ReadTimeout)
        assert len(server.requests) == 1
    assert operation.body is not None
    assert not operation.body.is_given


@pytest.mark.parametrize("cut", range(1, 80))
def test_informational_answers_are_told_by_their_beginning(cut: int) -> None:
    """However they are cut, they end no writing; the answer that follows does, and all of it is kept."""
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    came = hint + b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 413 Too Large\r\n\r\n"
    before = ReadBefore()
    before.add(came[:cut])
    is_known = cut > came.index(b"413")
    assert before.ends_writing() == is_known
    before.add(came[cut:])
    assert before.ends_writing()
    assert before.take() == came
    assert before.take() is None


def test_a_flood_of_informational_answers_ends_writing() -> None:
    """Of more than a server has to say of itself no more is kept, however small the pieces are."""
    before = ReadBefore()
    hint = b"HTTP/1.1 102 Processing\r\n\r\n"
    for _ in range(MOST_INFORMATION // len(hint)):
        before.add(hint)
        assert not before.ends_writing()
    for byte in hint * 2:
        before.add(bytes([byte]))
    assert before.ends_writing()


def test_the_end_of_a_connection_ends_writing() -> None:
    """Nothing can be answered any more; whoever reads sees the end, after what came before it."""
    before = ReadBefore()
    before.add(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert not before.ends_writing()
    before.add(b"")
    assert before.ends_writing()
    assert before.take() == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert before.take() == b""


class Broken(httpcore.NetworkStream):
    """A stream over which some writes succeed, and the others fail."""

    def __init__(self, writes: int) -> None:
        self._left = writes

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._left -= 1
        if self._left < 0:
            raise httpcore.WriteError("broken pipe")

    def get_extra_info(self, info: str) -> object:
        return None


class Stuck(httpcore.AsyncNetworkStream):
    """A stream over which some writes succeed, and the next one never ends."""

    def __init__(self, writes: int) -> None:
        self._left = writes

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._left -= 1
        if self._left < 0:
            await anyio.sleep_forever()

    def get_extra_info(self, info: str) -> object:
        return None


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_connection_is_readable_where_something_has_come_or_it_has_ended(anyio_backend: str) -> None:
    """The pool asks, and throws such a connection away; a closed one may be asked too."""
    with socket.create_server(("127.0.0.1", 0)) as listener, exchanging(Exchange()):
        address = listener.getsockname()
        stream = await AsyncBackend().connect_tcp(*address)
        peer, _ = listener.accept()
        with peer, anyio.fail_after(10):
            assert stream.get_extra_info("is_readable") is False
            peer.send(b"something")
            while not stream.get_extra_info("is_readable"):
                await anyio.sleep(0.01)
            assert stream.get_extra_info("server_addr") == address
            assert await stream.read(100) == b"something"
            assert stream.get_extra_info("is_readable") is False
            await stream.aclose()
            while not stream.get_extra_info("is_readable"):  # an event loop closes the socket with its next step
                await anyio.sleep(0.01)


def small_body() -> MultipartBody:
    """A body of three pieces: what is before the audio, the audio, and the closing boundary."""
    body = MultipartBody(JobConfig.model_validate(CONFIG).to_json(), open_audio(b"audio"))
    body.is_observed = True
    return body


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_body_is_given_once_the_write_of_its_end_begins(writes: int) -> None:
    """Also when that write fails; not when an earlier one does."""
    body = small_body()
    stream = Stream(Broken(writes))
    with exchanging(Exchange(body=body)), pytest.raises(httpcore.WriteError):
        for piece in body:
            stream.write(piece)
    assert body.is_given == (writes == 2)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_body_is_given_though_the_write_of_its_end_is_cancelled(writes: int, backend: str) -> None:
    """What was begun may have arrived."""
    body = small_body()
    stream = AsyncStream(Stuck(writes))

    async def main() -> None:
        with exchanging(Exchange(body=body)), anyio.move_on_after(0.05) as scope:
            for piece in body:
                await stream.write(piece)
        assert scope.cancelled_caught

    anyio.run(main, backend=backend)
    assert body.is_given == (writes == 2)


def test_a_body_that_was_handed_on_is_not_given_before_it_is_written() -> None:
    """The pool, or another request's turn, may be between the two."""
    body = small_body()
    seen = [len(list(body)), body.is_given]
    body.begin_write()
    seen.append(body.is_given)
    body.start()
    seen.append(body.is_given)
    assert seen == [3, False, True, False]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_upload_is_cancelled(backend: str) -> None:
    """By its own scope, and it leaves no task that listens; what the audio raises is no exception group."""
    with FaultServer([Rule(name="stops", method="POST", read_pause=60)]) as server:

        async def main() -> None:
            async with AsyncBatchClient(settings_for(server)) as client:
                with anyio.move_on_after(0.2) as scope:
                    await client.submit_job(LARGE, CONFIG)
                assert scope.cancelled_caught
                with pytest.raises(KeyboardInterrupt):
                    await client.submit_job(LARGE, CONFIG, on_progress=interrupt)

        anyio.run(main, backend=backend)


def interrupt(sent: int, total: int | None) -> None:
    """Ends a program."""
    raise KeyboardInterrupt
