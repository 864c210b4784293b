"""What follows a submission that failed: the table, over HTTP, by each driver."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
import trustme

import speechmatics as sm
from speechmatics import Retry
from tests.core.submitting import (
    AUDIO,
    DRIVERS,
    Driver,
    api_words,
    lists_of,
    notes_of,
    posts_of,
    settings_of,
    submit,
)
from tests.servers.fault_rules import PAGE, Rule
from tests.servers.fault_server import FaultServer, Quirks
from tests.servers.serving import Answer, serving

pytestmark = pytest.mark.slow  # goes through hundreds of submissions over HTTP

LARGE = bytes(8 * 1024 * 1024)
"""More than the buffers of a connection take, so that the server can act before the body has been given."""
SUBMISSION = "the-submission"

Look = Literal["no", "once", "window"]
Then = Literal["send again"] | type[sm.SpeechmaticsError]


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        name: What came back.
        rule: How the first submission goes wrong.
        look: How the job is looked for.
        then: What follows where there is no job.
        audio: What is submitted.
        worked: Whether it may have been worked on, so that a job may be found.
        raised: Whether the answer is raised even where there is a job: it is a refusal.
    """

    name: str
    rule: Rule
    look: Look
    then: Then
    audio: bytes = AUDIO
    worked: bool = True
    raised: bool = False


def submission_rule(**fields: Any) -> Rule:
    return Rule(name="fault", method="POST", path="jobs", times=1, **fields)


def answered(
    status: int, body: str, look: Look, then: Then, *, worked: bool = True, raised: bool = False, **more: Any
) -> Row:
    words = "a page" if body == PAGE else body
    return Row(
        f"{status} {words}", submission_rule(status=status, body=body, **more), look, then, worked=worked, raised=raised
    )


def early(status: int, body: str, then: Then, **more: Any) -> Row:
    words = "a page" if body == PAGE else "API"
    rule = submission_rule(status=status, body=body, early=1, **more)
    return Row(f"early {status} {words} {rule.ends}", rule, "no", then, audio=LARGE, worked=False)


def error_type(status: int) -> type[sm.SpeechmaticsError]:
    known: dict[int, type[sm.SpeechmaticsError]] = {
        400: sm.BadRequestError,
        401: sm.AuthenticationError,
        403: sm.PermissionDeniedError,
        410: sm.JobExpiredError,
    }
    return known.get(status, sm.ServerError if status >= 500 else sm.APIStatusError)


BUSY = '{"detail": "Server busy: no engine is free"}'


def rows() -> Iterator[Row]:
    for body in (PAGE, '{"id": "jo', '{"id": ""}', '{"id": 5}', "{}", "[]", ""):
        yield answered(201, body, "window", sm.InvalidResponseError)
    for status in (200, 202, 204):
        yield answered(status, PAGE, "window", sm.InvalidResponseError)
    for length in (0, 5):
        rule = submission_rule(status=201, body='{"id": "job-of-another"}', truncate=length)
        yield Row(f"201 cut after {length} bytes", rule, "window", sm.InvalidResponseError)
    for status in (301, 302, 303, 304, 307, 308):
        headers = {"Location": "/v2/jobs"}
        yield answered(status, "", "no", sm.APIStatusError, raised=True, headers=headers)
    for status in (400, 401, 403, 404, 407, 410, 413, 422):
        for body in (api_words(status), PAGE):
            yield answered(status, body, "no", error_type(status), raised=True)
    for status in (401, 400):
        rule = submission_rule(status=status, body=PAGE, truncate="half")
        yield Row(f"{status} cut", rule, "no", error_type(status), raised=True)
    for status, body in ((429, api_words(429)), (503, api_words(503)), (503, BUSY)):
        yield answered(status, body, "no", "send again", worked=False)
    for status in (429, 503):
        for body in (PAGE, "", '{"code": 500, "error": "Other"}', '{"message": "limit exceeded"}'):
            yield answered(status, body, "once", "send again")
    for status in (408, 421, 425, 500, 502, 504, 520, 522, 524, 530, 598, 599):
        for body in (api_words(status), PAGE):
            yield answered(status, body, "window", "send again")
    for status in (409, 499, 501, 511, 561):
        for body in (api_words(status), PAGE):
            yield answered(status, body, "window", error_type(status))
    yield Row("reset", submission_rule(drop="after_body"), "window", "send again")
    yield Row("closed", submission_rule(drop="after_body", ending="close"), "window", "send again")
    for drop in ("before_body", "during_body"):
        rule = submission_rule(drop=drop)
        yield Row(f"reset {drop}", rule, "no", "send again", audio=LARGE, worked=False)
    # Where the server reads on it may be given the rest: then what follows must be the same.
    yield early(429, api_words(429), "send again")
    yield early(503, BUSY, "send again", ending="close", headers={"Connection": "close"})
    for status in (408, 429, 500, 502, 503):
        for body in (api_words(status), PAGE):
            yield early(status, body, "send again", ending="stop")
    for status in (400, 401, 403, 413):
        yield early(status, PAGE, error_type(status))
        yield early(status, api_words(status), error_type(status), ending="stop")


def with_work(row: Row) -> Rule:
    """The row's rule, by which the job is made all the same."""
    if row.rule.drop is not None:
        return replace(row.rule, drop="after_work")
    return replace(row.rule, work="before")


CASES = [(row, is_there) for row in rows() for is_there in ((False, True) if row.worked else (False,))]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("row", "is_there"), [pytest.param(*case, id=f"{case[0].name}-{'job' if case[1] else 'none'}") for case in CASES]
)
def test_what_follows_a_submission_that_failed(row: Row, is_there: bool, driver: Driver) -> None:
    """One job and its id, or an error that is right; and no request too many."""
    rule = with_work(row) if is_there else row.rule
    quirks = Quirks(receive_buffer=4096) if row.audio is LARGE else None
    with FaultServer([rule], quirks=quirks) as server:
        result: str | sm.SpeechmaticsError
        try:
            result = submit(driver, settings_of(server, write_timeout=2), row.audio, submission_id=SUBMISSION)
        except sm.SpeechmaticsError as error:
            result = error
        jobs = server.submissions_of(SUBMISSION)
        posts, lists = posts_of(server), lists_of(server)
    assert server.met == {"fault"}
    if is_there and not row.raised:
        assert (result, posts, lists) == (jobs[0], 1, 1)
        assert len(jobs) == 1
        return
    # After one that was sent again, one more list request sees whether the first has turned up.
    looks = {"no": range(1), "once": range(2, 3), "window": range(2, 7)}[row.look]
    if row.then == "send again":
        assert (result, posts) == (jobs[0], 2)
        assert len(jobs) == 1
        assert lists in looks
        return
    assert isinstance(row.then, type)
    assert type(result) is row.then
    assert posts == 1
    assert len(jobs) == int(is_there)
    assert lists in (range(1) if row.look == "no" else range(1, 6))
    if row.look != "no" and isinstance(result, sm.SpeechmaticsError):
        assert "no job was found" in notes_of(result) + str(result)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("is_there", [False, True])
def test_a_silent_server(driver: Driver, is_there: bool) -> None:
    """That reads everything and answers nothing: the job is found, or sent once more."""
    rule = submission_rule(hang=True, work="before" if is_there else "none")
    with FaultServer([rule]) as server:
        result = submit(driver, settings_of(server, read_timeout=1), submission_id=SUBMISSION)
        assert server.submissions_of(SUBMISSION) == [result]
        assert posts_of(server) == (1 if is_there else 2)


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_pause_before_one_look_is_that_which_the_server_asks_for(driver: Driver) -> None:
    """A gateway's 503 is followed by one look, after the pause; a job that appears within it is found."""
    rule = submission_rule(status=503, body=PAGE, work="late", work_delay=0.2, headers={"Retry-After": "1"})
    with FaultServer([rule]) as server:
        result = submit(driver, settings_of(server), submission_id=SUBMISSION)
        assert [result] == server.submissions_of(SUBMISSION)
        assert (posts_of(server), lists_of(server)) == (1, 1)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_connection_that_is_refused(driver: Driver) -> None:
    """It is tried again, and nothing is looked for."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        retries: list[Retry] = []
        with pytest.raises(sm.ConnectError) as caught:
            submit(driver, settings_of(f"http://127.0.0.1:{unused.getsockname()[1]}"), on_retry=retries.append)
    assert [(retry.method, retry.attempt) for retry in retries] == [("POST", 1), ("POST", 2)]
    assert notes_of(caught.value) == "sent 3 times"


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_server_that_cannot_be_reached_for_a_while(driver: Driver) -> None:
    """One that restarts gets the submission when it is there again; what it had read has made no job."""
    restarting = submission_rule(restart=0.1, drop="after_body")
    with FaultServer([restarting]) as server:
        settings = settings_of(server, retry_attempts=50, retry_delay=0.05, retry_delay_max=0.05)
        result = submit(driver, settings, submission_id=SUBMISSION)
        assert server.submissions_of(SUBMISSION) == [result]


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_certificate_that_is_not_trusted(driver: Driver, tmp_path: Path) -> None:
    """It will not be trusted later either: one connection, no retry, no look."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = tmp_path / "server.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    context.load_cert_chain(certificate)
    retries: list[Retry] = []
    with FaultServer(tls=context) as server:
        with pytest.raises(sm.ConnectError):
            submit(driver, settings_of(server), on_retry=retries.append)
        assert (server.connections, server.requests, retries) == (1, [], [])


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("status", "asked"), [(403, 1), (407, 1), (502, 3), (503, 3)])
def test_a_proxy_that_refuses(driver: Driver, status: int, asked: int) -> None:
    """It is asked again where its refusal is transient; nothing is looked for."""
    with serving(lambda received: Answer(status)) as proxy:
        with pytest.raises(sm.ProxyError, match=str(status)):
            submit(driver, settings_of("https://speechmatics.invalid", proxy=proxy.url))
    assert [received.method for received in proxy.received] == ["CONNECT"] * asked


class RaisingAuth(httpx.Auth):
    """Raises when an answer to a submission has come, or to anything."""

    def __init__(self, error: Exception, methods: tuple[str, ...]) -> None:
        self._error = error
        self._methods = methods

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        yield request
        if request.method in self._methods:
            raise self._error


def raising_hook(error: Exception, methods: tuple[str, ...]) -> Callable[[httpx.Response], None]:
    def hook(response: httpx.Response) -> None:
        if response.request.method in methods:
            raise error

    return hook


@contextmanager
def submitting_with(
    driver: Driver, where: str, error: Exception, methods: tuple[str, ...], rule: Rule | None = None
) -> Generator[tuple[FaultServer, Callable[[], str]]]:
    """A server, and what submits to it with an authorisation or a hook that raises."""
    given: dict[str, Any] = (
        {"auth": RaisingAuth(error, methods)} if where == "auth" else {"on_answer": raising_hook(error, methods)}
    )
    with FaultServer([] if rule is None else [rule]) as server:
        yield server, lambda: submit(driver, settings_of(server), submission_id=SUBMISSION, **given)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("where", ["auth", "hook"])
@pytest.mark.parametrize("error", [RuntimeError("broken"), MemoryError()], ids=["RuntimeError", "MemoryError"])
def test_an_error_that_is_not_ours_after_the_answer(driver: Driver, where: str, error: Exception) -> None:
    """The job is found, and nothing is sent twice; where there is none, the error is raised and says so."""
    with submitting_with(driver, where, error, ("POST",)) as (server, run):
        assert [run()] == server.submissions_of(SUBMISSION)
        assert (posts_of(server), lists_of(server)) == (1, 1)
    rule = submission_rule(status=500, body=PAGE)
    with submitting_with(driver, where, error, ("POST",), rule) as (server, run):
        with pytest.raises(type(error)) as caught:
            run()
        assert f"no job was found (submission id {SUBMISSION})" in notes_of(caught.value)
        assert posts_of(server) == 1


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("where", ["auth", "hook"])
def test_an_error_that_is_not_ours_after_every_answer(driver: Driver, where: str) -> None:
    """What cannot be found out is said, with the submission's id; nothing is sent twice."""
    error = RuntimeError("broken")
    with submitting_with(driver, where, error, ("POST", "GET")) as (server, run):
        with pytest.raises(RuntimeError) as caught:
            run()
        assert caught.value is error
        assert f"the job may or may not have been created; its tracking.details hold {SUBMISSION}" in notes_of(error)
        assert posts_of(server) == 1


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_search_that_ends_with_an_error_that_is_not_ours(driver: Driver) -> None:
    """Nothing but an error of this package leaves a submission whose answer was lost."""
    rule = submission_rule(drop="after_work")
    with submitting_with(driver, "auth", RuntimeError("broken"), ("GET",), rule) as (server, run):
        with pytest.raises(sm.SubmissionUncertainError, match="broken") as caught:
            run()
        assert caught.value.submission_id == SUBMISSION
        assert posts_of(server) == 1


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("methods", [("POST",), ("GET",)])
def test_an_error_that_is_not_ours_after_one_that_was_sent_again(driver: Driver, methods: tuple[str, ...]) -> None:
    """A job whose id has come is given, whatever happens to the look for another one."""
    rule = submission_rule(status=503, body=api_words(503))
    with submitting_with(driver, "auth", RuntimeError("broken"), methods, rule) as (server, run):
        if methods == ("GET",):
            assert [run()] == server.submissions_of(SUBMISSION)
            return
        with pytest.raises(RuntimeError) as caught:
            run()
        assert "no job was found" in notes_of(caught.value)
        assert server.submissions_of(SUBMISSION) == []


class Unreadable(BytesIO):
    """Audio that can be read for a while."""

    def __init__(self, error: Exception) -> None:
        super().__init__(LARGE)
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= len(LARGE) // 2:
            raise self._error
        return super().read(size)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("where", ["on_progress", "read"])
@pytest.mark.parametrize("given", [False, True], ids=["own client", "given client"])
def test_an_error_of_the_program_s_own_while_the_body_is_sent(driver: Driver, where: str, given: bool) -> None:
    """It is raised as it is, or is the cause of what says that the audio cannot be read; nothing is looked for."""
    error = ZeroDivisionError("of the program")

    def on_progress(sent: int, size: int | None) -> None:
        if where == "on_progress" and sent >= len(LARGE) // 2:
            raise error

    audio = Unreadable(error) if where == "read" else BytesIO(LARGE)
    with FaultServer() as server:
        with pytest.raises((ZeroDivisionError, sm.AudioNotReadableError)) as caught:
            submit(
                driver,
                settings_of(server),
                audio,
                on_progress=on_progress,
                on_answer=(lambda response: None) if given else None,
            )
        assert (server.jobs, lists_of(server)) == ({}, 0)
    if where == "read":
        assert isinstance(caught.value, sm.AudioNotReadableError)
        assert caught.value.__cause__ is error
    else:
        assert caught.value is error
        assert notes_of(error) == "no job was created"


@pytest.mark.parametrize("when", ["after the answer", "while the body is sent"])
def test_ctrl_c(when: str, caplog: pytest.LogCaptureFixture) -> None:
    """Raised at once: it says that there is no job, or by which id a job is to be looked for."""

    class Interrupting(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
            yield request
            raise KeyboardInterrupt

    def on_progress(sent: int, size: int | None) -> None:
        if when == "while the body is sent":
            raise KeyboardInterrupt

    with FaultServer() as server, caplog.at_level(logging.WARNING, "speechmatics"):
        with pytest.raises(KeyboardInterrupt) as caught:
            submit(
                "sync",
                settings_of(server),
                ("call.wav", LARGE),
                submission_id=SUBMISSION,
                auth=Interrupting(),
                on_progress=on_progress,
            )
        assert lists_of(server) == 0
        is_there = bool(server.submissions_of(SUBMISSION))
    assert is_there == (when == "after the answer")
    assert (SUBMISSION in notes_of(caught.value)) == is_there
    assert [record.levelname for record in caplog.records if SUBMISSION in record.message] == ["WARNING"] * is_there
    assert is_there or notes_of(caught.value) == "no job was created"
