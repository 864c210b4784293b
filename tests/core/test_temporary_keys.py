"""Temporary keys: got when first needed, shared, renewed; the long-lived key goes to the management platform alone."""

from __future__ import annotations

import gc
import io
import json
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr

import speechmatics as sm
from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings, TemporaryKeyAuth
from speechmatics._core.operations import RequestOptions
from tests.servers.serving import Answer, Received, Serving, serving

pytestmark = pytest.mark.slow  # waits for keys

LONG_LIVED = "very-secret-long-lived"
CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}


@dataclass
class Service:
    """A management platform and an API that takes the keys which that made, on two ports.

    Attributes:
        script: What the platform answers before it behaves.
        keys: The keys that the API takes.
        slowness: Seconds that the platform takes to answer, unless the test is over before.
        is_over: Whether it is.
        made: Keys that the platform made.
        instead: What the API answers whatever it is asked.
        platform: The platform's server.
        api: The API's server.
    """

    script: list[Answer] = field(default_factory=list[Answer])
    keys: set[str] = field(default_factory=set[str])
    slowness: float = 0
    is_over: threading.Event = field(default_factory=threading.Event)
    made: int = 0
    instead: Answer | None = None
    platform: Serving = field(default_factory=lambda: Serving(""))
    api: Serving = field(default_factory=lambda: Serving(""))

    def make_key(self, received: Received) -> Answer:
        """The platform's answer."""
        self.is_over.wait(self.slowness)
        if self.script:
            return self.script.pop(0)
        if received.headers.get("Authorization") != f"Bearer {LONG_LIVED}":
            return Answer(401, b"<html>No</html>", {"Content-Type": "text/html"})
        self.made += 1
        self.keys.add(f"very-secret-key-{self.made}")
        return Answer(201, json.dumps({"key_value": f"very-secret-key-{self.made}"}).encode())

    def answer(self, received: Received) -> Answer:
        """The API's answer."""
        if self.instead is not None:
            return self.instead
        if received.headers.get("Authorization", "").removeprefix("Bearer ") not in self.keys:
            return Answer(401, b'{"code": 401, "error": "Permission Denied"}')
        return Answer(201, b'{"id": "job"}') if received.method == "POST" else Answer()

    def settings(self, **more: Any) -> ConnectionSettings:
        """Settings of a client."""
        values: dict[str, Any] = {"auth_token": LONG_LIVED, "generate_temp_token": True, "mp_url": self.platform.url}
        values |= {"trust_env": False, "retry_delay": 0.01, "recovery_window": 0.01, **more}
        return ConnectionSettings(self.api.url, **values)

    @property
    def requests(self) -> list[str]:
        """What the API was asked."""
        return [received.method for received in self.api.received]


@pytest.fixture
def service() -> Iterator[Service]:
    """A service whose keys are good until a test says otherwise."""
    service = Service()
    with serving(service.make_key) as service.platform, serving(service.answer) as service.api:
        yield service
        service.is_over.set()


class Clock:
    """A clock that goes when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_key_is_got_when_first_needed_and_then_used(service: Service) -> None:
    """As the settings say; the long-lived key goes to the platform alone."""
    settings = service.settings(temp_token_ttl=600, client_ref="customer 7", region="eu", mp_url=service.platform.url)
    with BatchClient(settings) as client:
        assert not service.platform.received
        client.list_jobs()
        assert client.submit_job(b"audio", CONFIG) == "job"
    [asked] = service.platform.received
    assert (asked.method, asked.path) == ("POST", "/v1/api_keys?type=batch")
    assert json.loads(asked.body) == {"ttl": 600, "client_ref": "customer 7", "region": "eu"}
    assert asked.headers["Authorization"] == f"Bearer {LONG_LIVED}"
    assert asked.headers["User-Agent"].startswith("speechmatics-typed/")
    assert asked.headers["X-Request-Id"] not in [received.headers["X-Request-Id"] for received in service.api.received]
    assert {received.headers["Authorization"] for received in service.api.received} == {"Bearer very-secret-key-1"}


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_the_platform_s_url_may_end_in_any_way(service: Service, ending: str) -> None:
    """The path has `/v1` once; headers of the settings are for the service, not for the platform."""
    with BatchClient(service.settings(mp_url=service.platform.url + ending, headers={"X-Gateway": "one"})) as client:
        client.list_jobs()
    assert [received.path for received in service.platform.received] == ["/v1/api_keys?type=batch"]
    assert "X-Gateway" not in service.platform.received[0].headers
    assert service.api.received[0].headers["X-Gateway"] == "one"


def test_threads_share_a_key(service: Service) -> None:
    """20 threads of two clients ask for one key, and for one more when it is refused."""
    service.slowness = 0.1
    auth = TemporaryKeyAuth(LONG_LIVED, url=service.platform.url)
    settings = service.settings(auth_token=None, generate_temp_token=False)
    with BatchClient(settings, auth=auth) as one, BatchClient(settings, auth=auth) as other:
        for made in (1, 2):
            with ThreadPoolExecutor(20) as pool:
                asked = [pool.submit((one, other)[number % 2].list_jobs) for number in range(20)]
                assert [future.result() for future in asked] == [[]] * 20
            assert service.made == made
            service.keys.clear()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_share_a_key(service: Service, backend: str) -> None:
    """20 tasks of two clients ask for one key, and for one more when it is refused; the event loop goes on."""
    service.slowness = 0.1
    auth = TemporaryKeyAuth(LONG_LIVED, url=service.platform.url)
    settings = service.settings(auth_token=None, generate_temp_token=False)

    async def main() -> None:
        async with AsyncBatchClient(settings, auth=auth) as one, AsyncBatchClient(settings, auth=auth) as other:
            for made in (1, 2):
                async with anyio.create_task_group() as tasks:
                    for number in range(20):
                        tasks.start_soon((one, other)[number % 2].list_jobs)
                assert service.made == made
                service.keys.clear()

    anyio.run(main, backend=backend)
    assert service.requests.count("GET") == 60


def test_threads_and_event_loops_share_one_object(service: Service) -> None:
    """Asyncio and trio in threads of their own, beside plain threads, at once and one after another."""
    service.slowness = 0.05
    clock = Clock()
    auth = TemporaryKeyAuth(LONG_LIVED, url=service.platform.url, clock=clock)
    settings = service.settings(auth_token=None, generate_temp_token=False)

    async def main() -> None:
        async with AsyncBatchClient(settings, auth=auth) as client, anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(client.list_jobs)

    def run(backend: str) -> None:
        anyio.run(main, backend=backend)

    def block() -> None:
        with BatchClient(settings, auth=auth) as client:
            client.list_jobs()

    for made in (1, 2):
        with ThreadPoolExecutor(6) as pool:
            loops = [pool.submit(run, backend) for backend in ("asyncio", "trio", "asyncio")]
            threads = [pool.submit(block) for _ in range(3)]
            for future in loops + threads:
                future.result(timeout=30)
        # The threads ask for one key, and so does each event loop at most.
        assert made <= service.made <= 4 * made
        clock.now += 3600
    for backend in ("asyncio", "trio", "asyncio"):
        clock.now += 3600
        before = service.made
        run(backend)
        assert service.made == before + 1


@pytest.mark.parametrize(("ttl", "used"), [(3600, 3540), (60, 30)])
def test_a_key_is_renewed_before_it_ends(service: Service, ttl: int, used: float) -> None:
    """A minute before, or after half of a short life; seconds count from when it was asked for."""
    clock = Clock()
    auth = TemporaryKeyAuth(SecretStr(LONG_LIVED), ttl=ttl, url=service.platform.url, clock=clock)
    with BatchClient(service.settings(), auth=auth) as client:
        client.list_jobs()
        clock.now += used - 0.01
        client.list_jobs()
        assert service.made == 1
        clock.now += 0.01
        client.list_jobs()
        client.list_jobs()
    assert service.made == 2
    assert [received.headers["Authorization"][-1] for received in service.api.received] == ["1", "1", "2", "2"]


def test_a_key_s_life_begins_when_it_is_asked_for() -> None:
    """However long its answer takes."""
    clock = Clock()
    made = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal made
        if request.url.host == "service":
            return httpx.Response(200, json={"jobs": []})
        made += 1
        clock.now += 20
        return httpx.Response(201, json={"key_value": "key"})

    auth = TemporaryKeyAuth(LONG_LIVED, ttl=60, url="http://platform", clock=clock)
    with httpx.Client(transport=httpx.MockTransport(answer)) as transport:
        client = BatchClient(ConnectionSettings("http://service"), auth=auth, http_client=transport)
        client.list_jobs()
        clock.now += 9.9
        client.list_jobs()
        assert made == 1
        clock.now += 0.1
        client.list_jobs()
        assert made == 2


class Pipe(io.BytesIO):
    """A stream that cannot be rewound."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        raise io.UnsupportedOperation("not seekable")


def test_a_refused_key_is_renewed_once_and_the_request_sent_again(service: Service) -> None:
    """With its whole body; the answers of the platform are no part of the history."""
    with BatchClient(service.settings()) as client:
        client.list_jobs()
        service.keys.clear()
        assert client.submit_job(b"audio" * 1000, CONFIG) == "job"
        assert service.made == 2
        first, second = service.api.received[1:]
        assert first.body == second.body
        assert b"audio" * 1000 in second.body
        service.keys.clear()
        response = client.send_request("POST", "jobs", json={"a": 1})
        assert [earlier.status_code for earlier in response.history] == [401]
        assert [received.body for received in service.api.received[-2:]] == [b'{"a":1}', b'{"a":1}']
    assert service.requests == ["GET", "POST", "POST", "POST", "POST"]


def test_a_body_that_cannot_be_read_again_is_not_sent_again(service: Service) -> None:
    """The refusal is raised; the next request has a new key. An untouched stream is sent."""
    with BatchClient(service.settings()) as client:
        assert client.submit_job(Pipe(b"audio"), CONFIG) == "job"
        service.keys.clear()
        with pytest.raises(sm.AuthenticationError):
            client.submit_job(Pipe(b"audio"), CONFIG)
        assert service.made == 1
        assert client.submit_job(Pipe(b"audio"), CONFIG) == "job"
        assert service.made == 2
        service.keys.clear()
        bodies: list[RequestOptions] = [{"content": iter([b"au", b"dio"])}, {"files": {"data_file": Pipe(b"audio")}}]
        for body in bodies:
            with pytest.raises(sm.AuthenticationError):
                client.send_request("POST", "jobs", **body)
            service.keys = {f"very-secret-key-{service.made + 1}"}
            client.list_jobs()
            service.keys.clear()
    assert service.requests.count("POST") == 5


def test_a_request_that_brings_its_own_authorisation_needs_no_key(service: Service) -> None:
    """It is sent as it is, by both clients."""
    service.keys.add("own")

    async def ask() -> httpx.Response:
        async with AsyncBatchClient(service.settings()) as client:
            return await client.send_request("GET", "jobs", headers={"Authorization": "Bearer own"})

    with BatchClient(service.settings()) as client:
        assert client.send_request("GET", "jobs", headers={"Authorization": "Bearer own"}).status_code == 200
    assert anyio.run(ask).status_code == 200
    assert not service.platform.received


def submit_blocking(settings: ConnectionSettings) -> str:
    """Submits by the blocking client."""
    with BatchClient(settings) as client:
        return client.submit_job(b"audio", CONFIG)


def submit_awaiting(settings: ConnectionSettings) -> str:
    """Submits by the other client."""

    async def main() -> str:
        async with AsyncBatchClient(settings) as client:
            return await client.submit_job(b"audio", CONFIG)

    return anyio.run(main)


both = pytest.mark.parametrize("submit", [submit_blocking, submit_awaiting])


@both
def test_a_key_that_stays_refused(service: Service, submit: Callable[[ConnectionSettings], str]) -> None:
    """After one renewal the refusal is raised, as the service's and not the platform's."""
    service.instead = Answer(401)
    with pytest.raises(sm.AuthenticationError, match=r"^401 .*/v2/jobs"):
        submit(service.settings())
    assert service.made == 2


@both
@pytest.mark.parametrize(
    "body", [b"{}", b"<html>", b'{"key_value": null}', b'{"key_value": " "}', '{"key_value": "kéy"}'.encode()]
)
def test_an_answer_without_a_key_submits_nothing(
    service: Service, submit: Callable[[ConnectionSettings], str], body: bytes
) -> None:
    """It is an invalid answer, and no doubt about the job."""
    service.script = [Answer(201, body)]
    with pytest.raises(sm.InvalidResponseError, match=r"the management platform's answer holds no key \(POST http"):
        submit(service.settings())
    assert not service.api.received


@both
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(401, b"<html>No</html>", {"Content-Type": "text/html"}), sm.AuthenticationError),
        (Answer(403, b'{"code": 403, "error": "Forbidden"}'), sm.PermissionDeniedError),
        (Answer(302, b"", {"Location": "/elsewhere"}), sm.APIStatusError),
    ],
)
def test_a_refusal_of_the_platform_is_raised_and_names_it(
    service: Service, submit: Callable[[ConnectionSettings], str], answer: Answer, error: type[sm.APIStatusError]
) -> None:
    """At once, and nothing is submitted."""
    service.script = [answer] * 2
    with pytest.raises(error, match=f"^the management platform made no temporary key: {answer.status} ") as caught:
        submit(service.settings())
    assert type(caught.value) is error
    assert f"(POST {service.platform.url}/v1/api_keys, request id " in str(caught.value)
    assert len(service.platform.received) == 1
    assert not service.api.received


@both
@pytest.mark.parametrize(
    "answer",
    [Answer(500, b"{}"), Answer(503, b"<html>", {"Content-Type": "text/html"}), Answer(429, b"{}"), Answer(None)],
    ids=["500", "503", "429", "dropped"],
)
def test_a_passing_failure_of_the_platform_is_survived(
    service: Service, submit: Callable[[ConnectionSettings], str], answer: Answer
) -> None:
    """Since nothing was submitted, nothing is looked for: there is just one request to the service, the job's."""
    service.script = [answer] * 3
    assert submit(service.settings()) == "job"
    assert len(service.platform.received) == 4
    assert service.requests == ["POST"]


@both
@pytest.mark.parametrize(
    ("answer", "error"), [(Answer(500, b"{}"), sm.ServerError), (Answer(None), sm.RemoteProtocolError)]
)
def test_a_lasting_failure_of_the_platform_is_raised_as_it_is(
    service: Service,
    submit: Callable[[ConnectionSettings], str],
    answer: Answer,
    error: type[sm.SpeechmaticsError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No doubt about the job: it was not sent. Error and log have the id of the request for a key."""
    caplog.set_level(logging.DEBUG, "speechmatics")
    service.script = [answer] * 2
    with pytest.raises(error, match="/v1/api_keys") as caught:
        submit(service.settings(retry_attempts=2))
    assert not service.api.received
    ids = [received.headers["X-Request-Id"] for received in service.platform.received]
    assert len(set(ids)) == 2
    assert ids[1] in str(caught.value)
    logged = [record.getMessage() for record in caplog.records if "/v1/api_keys" in record.getMessage()]
    assert [text.rpartition(" ")[2] for text in logged] == ids


@both
def test_a_platform_that_refuses_connections(service: Service, submit: Callable[[ConnectionSettings], str]) -> None:
    """The same."""
    with pytest.raises(sm.ConnectError, match="/v1/api_keys"):
        submit(service.settings(retry_attempts=2, mp_url="http://127.0.0.1:9"))
    assert not service.api.received


@both
def test_a_retry_after_of_the_platform_is_obeyed(service: Service, submit: Callable[[ConnectionSettings], str]) -> None:
    """As one of the service is."""
    service.script = [Answer(429, b"{}", {"Retry-After": "1"})]
    began = time.monotonic()
    assert submit(service.settings()) == "job"
    assert time.monotonic() - began >= 1


@both
def test_a_platform_that_is_silent_is_given_up(service: Service, submit: Callable[[ConnectionSettings], str]) -> None:
    """By the time limits of the request that needs the key."""
    service.slowness = 60
    began = time.monotonic()
    with pytest.raises(sm.ReadTimeout, match="/v1/api_keys"):
        submit(service.settings(retry_attempts=1, read_timeout=0.2))
    assert time.monotonic() - began < 30


def wait_blocking(settings: ConnectionSettings) -> None:
    """Waits for a job, for a short while, by the blocking client."""
    with BatchClient(settings) as client:
        client.wait_for_completion("job", timeout=0.3)


def wait_awaiting(settings: ConnectionSettings) -> None:
    """The same by the other client."""

    async def main() -> None:
        async with AsyncBatchClient(settings) as client:
            await client.wait_for_completion("job", timeout=0.3)

    anyio.run(main)


@pytest.mark.parametrize("wait", [wait_blocking, wait_awaiting])
def test_a_deadline_covers_the_exchange_for_a_key(service: Service, wait: Callable[[ConnectionSettings], None]) -> None:
    """A slow platform does not hold up who waits no longer than some time."""
    service.slowness = 60
    began = time.monotonic()
    with pytest.raises(sm.WaitTimeoutError):
        wait(service.settings())
    assert time.monotonic() - began < 30
    assert not service.api.received


def test_waiting_for_another_s_key_has_a_limit(service: Service) -> None:
    """Threads and tasks that wait for one another's key do so no longer than for a connection."""
    service.slowness = 0.8
    settings = service.settings(retry_attempts=1, pool_timeout=0.1)
    failures: list[str] = []
    with BatchClient(settings) as client:

        def ask(_: int) -> None:
            try:
                client.list_jobs()
            except sm.PoolTimeout as error:
                failures.append(str(error))

        with ThreadPoolExecutor(3) as pool:
            list(pool.map(ask, range(3)))
    assert len(failures) == 2

    async def main() -> None:
        async with AsyncBatchClient(settings) as client, anyio.create_task_group() as tasks:

            async def ask() -> None:
                try:
                    await client.list_jobs()
                except sm.PoolTimeout as error:
                    failures.append(str(error))

            for _ in range(3):
                tasks.start_soon(ask)

    anyio.run(main)
    assert len(failures) == 4
    assert all(failure.startswith("another request did not get a temporary key in time (POST") for failure in failures)
    assert service.made == 2


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_who_is_cancelled_holds_up_nobody(service: Service, backend: str) -> None:
    """Neither while it asks for a key nor while it waits for another's."""
    service.slowness = 0.5
    auth = TemporaryKeyAuth(LONG_LIVED, url=service.platform.url)

    async def main() -> None:
        async with AsyncBatchClient(service.settings(), auth=auth) as client:
            with anyio.move_on_after(0.1) as given_up:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(client.list_jobs)
                    tasks.start_soon(client.list_jobs)
            assert given_up.cancelled_caught
            service.slowness = 0
            with anyio.fail_after(5):
                assert await client.list_jobs() == []

    anyio.run(main, backend=backend)


def test_a_failure_frees_the_turn() -> None:
    """Whatever a transport raises while a key is asked for, the next request asks again; nothing is left open."""
    failing = [RuntimeError("broken"), httpx.ReadError("broken"), KeyboardInterrupt()]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host != "platform":
            return httpx.Response(200, json={"jobs": []})
        if failing:
            raise failing.pop()
        return httpx.Response(201, json={"key_value": "key"})

    auth = TemporaryKeyAuth(LONG_LIVED, url="http://platform")
    settings = ConnectionSettings("http://service", retry_attempts=1)

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as transport:
            client = AsyncBatchClient(settings, auth=auth, http_client=transport)
            for error in (KeyboardInterrupt, sm.ReadError, RuntimeError):
                with pytest.raises(error):
                    await client.list_jobs()
            assert await client.list_jobs() == []

    anyio.run(main)
    failing += [RuntimeError("broken"), httpx.ReadError("broken"), KeyboardInterrupt()]
    auth = TemporaryKeyAuth(LONG_LIVED, url="http://platform")
    with httpx.Client(transport=httpx.MockTransport(answer)) as transport:
        client = BatchClient(settings, auth=auth, http_client=transport)
        for error in (KeyboardInterrupt, sm.ReadError, RuntimeError):
            with pytest.raises(error):
                client.list_jobs()
        assert client.list_jobs() == []
    gc.collect()


def test_it_serves_a_plain_httpx_client(service: Service) -> None:
    """One without time limits too."""
    auth = TemporaryKeyAuth(LONG_LIVED, url=service.platform.url)
    with httpx.Client(auth=auth, trust_env=False, timeout=None) as client:
        response = client.get(f"{service.api.url}/v2/jobs")
        assert (response.status_code, response.history) == (200, [])
        with BatchClient(service.settings(auth_token=None, generate_temp_token=False), http_client=client) as own:
            assert own.list_jobs() == []
    assert service.made == 1


def test_a_redirect_takes_no_key_along(service: Service) -> None:
    """Neither that of the platform nor that of the service, though redirects are followed."""
    with serving(lambda received: Answer(401)) as elsewhere, BatchClient(service.settings()) as client:
        away = Answer(307, b"", {"Location": f"{elsewhere.url}/v1/api_keys"})
        service.script = [away]
        with pytest.raises(sm.AuthenticationError, match="management platform"):
            client.send_request("GET", "jobs", follow_redirects=True)
        service.instead = away
        with pytest.raises(sm.AuthenticationError):
            client.send_request("GET", "jobs", follow_redirects=True)
    assert [received.method for received in elsewhere.received] == ["POST", "GET", "GET"]
    assert not [received for received in elsewhere.received if "Authorization" in received.headers]


@both
@pytest.mark.parametrize(
    "answer", [Answer(401, b"{}"), Answer(201, b'{"key": "very-secret"}'), Answer(None), Answer(500, b"{}")]
)
def test_no_key_is_shown(
    service: Service,
    submit: Callable[[ConnectionSettings], str],
    answer: Answer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In no error, no traceback with locals, no repr of what an error holds, no log record at DEBUG."""
    caplog.set_level(logging.DEBUG)
    settings = service.settings(retry_attempts=1)
    service.script = [answer]
    try:
        submit(settings)
    except sm.SpeechmaticsError as error:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        shown = ["".join(report.format()), str(error), repr(error), repr(vars(error)), repr(error.__context__)]
        if isinstance(error, sm.RequestError | sm.APIStatusError):
            shown.append(repr(error.request.headers))
    else:
        raise AssertionError("the platform's failure was overlooked")
    with BatchClient(settings) as client:
        response = client.send_request("GET", "jobs")
        shown += [repr(client), repr(response), repr(response.request.headers), repr(settings)]
    shown += [repr(TemporaryKeyAuth(LONG_LIVED)), *(record.getMessage() for record in caplog.records)]
    assert any(record.name == "speechmatics" and "a temporary key" in record.getMessage() for record in caplog.records)
    # What the test's own frames show is not the package's to hide.
    assert not [text for text in shown if "very-secret" in text.replace('b\'{"key": "very-secret"}\'', "")]


def test_temporary_keys_need_a_long_lived_one() -> None:
    """A client says so before anything is sent; an `auth` of one's own needs none."""
    for make in (BatchClient, AsyncBatchClient):
        with pytest.raises(sm.SettingsError, match="generate_temp_token needs auth_token"):
            make(ConnectionSettings(generate_temp_token=True))
        make(ConnectionSettings(generate_temp_token=True), auth=TemporaryKeyAuth("key"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"key": ""}, "key must not be empty"),
        ({"key": "very secret"}, r"key must be printable ASCII without white space \(the token is not shown\)"),
        ({"ttl": 59}, "ttl must be from 60 to 86400 whole seconds, not 59"),
        ({"ttl": 86401}, "ttl must be from 60 to 86400 whole seconds, not 86401"),
        ({"ttl": 60.5}, "ttl must be from 60 to 86400 whole seconds, not 60.5"),
        ({"client_ref": " "}, "client_ref must not be empty"),
        ({"region": "us"}, "region must be eu, usa, au or None, not 'us'"),
        ({"url": "mp.speechmatics.com"}, "url must be an http or https URL"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], message: str) -> None:
    """Are named, and a key is not shown."""
    arguments: dict[str, Any] = {"key": LONG_LIVED, **wrong}
    with pytest.raises(sm.SettingsError, match=message):
        TemporaryKeyAuth(**arguments)


@pytest.mark.parametrize(
    ("name", "wrong"), [("region", "us"), ("client_ref", ""), ("temp_token_ttl", 59), ("mp_url", "nowhere")]
)
def test_wrong_settings(name: str, wrong: object) -> None:
    """Are named too."""
    values: dict[str, Any] = {name: wrong}
    with pytest.raises(sm.SettingsError, match=f"the argument {name} "):
        ConnectionSettings(**values)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_object_that_is_dropped_leaves_nothing_in_its_event_loop(service: Service, backend: str) -> None:
    """A service that makes a client for each of its requests does not grow."""

    async def locks_after(clients: int) -> int:
        settings = service.settings(auth_token=None, generate_temp_token=False)

        async def use_one() -> None:
            auth = TemporaryKeyAuth(LONG_LIVED, url=service.platform.url)
            async with AsyncBatchClient(settings, auth=auth) as client:
                await client.list_jobs()

        for _ in range(clients):
            await use_one()
        gc.collect()
        return sum(isinstance(one, anyio.Lock) for one in gc.get_objects())

    async def main() -> tuple[int, int]:
        return await locks_after(1), await locks_after(3)

    few, more = anyio.run(main, backend=backend)
    assert more <= few
