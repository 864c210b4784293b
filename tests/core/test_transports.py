"""Ways to the server, and errors on it: as httpx's own transports have them."""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Callable

import anyio
import httpcore
import httpx
import pytest

from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings, SpeechmaticsError
from speechmatics._core.connections import routes
from speechmatics._core.transports import translated
from tests.core.clients import CONFIG, RUNNERS, Certificates, settings_for
from tests.servers.fault_server import FaultServer, Rule

pytestmark = pytest.mark.slow  # measures what an upload keeps

TOKEN = "very-secret-token"
WINDOWS = {"read_timeout": 0.2, "recovery_window": 0.1, "recovery_window_long": 0.1}
PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the proxies of the machine it runs on."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Proxied(httpx.BaseTransport):
    """Stands for a proxy."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="proxied")


class Straight(httpx.BaseTransport):
    """Stands for no proxy."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="straight")


def way_of(url: str) -> str:
    """Whether a request to a URL goes through a proxy of the environment; the mounts are those of our clients."""
    host = httpx.URL(url).host
    base = url if ":" not in host else f"http://[{host}]"
    found = routes(ConnectionSettings(base, auth_token=TOKEN), None)
    mounts = {pattern: Straight() if proxy is None else Proxied() for pattern, proxy in found.others.items()}
    with httpx.Client(transport=Straight(), mounts=mounts, trust_env=False) as client:
        return client.get(url).text


def way_of_httpx(url: str) -> str:
    """The same, as httpx has it: a client of its own, whose requests are recorded where they leave."""

    class Client(httpx.Client):
        def _init_transport(self, *args: object, **options: object) -> httpx.BaseTransport:
            return Straight()

        def _init_proxy_transport(self, *args: object, **options: object) -> httpx.BaseTransport:
            return Proxied()

    with Client() as client:
        return client.get(url).text


HOSTS = [
    "http://example.com",
    "https://example.com",
    "http://www.example.com",
    "http://wwwexample.com",
    "http://example.com:8080",
    "http://localhost",
    "http://localhost:9000",
    "http://10.1.2.3",
    "http://127.0.0.1",
    "http://[::1]",
    "http://other.org",
]


@pytest.mark.parametrize(
    "no_proxy",
    [
        "",
        "example.com",
        ".example.com",
        "example.com:8080",
        "localhost",
        "LOCALHOST",
        "127.0.0.1",
        "::1",
        "10.1.2.3, example.com ,",
        "http://example.com",
        "*",
        "example.com,*",
    ],
)
@pytest.mark.parametrize("proxies", [["HTTP_PROXY"], ["https_proxy"], ["ALL_PROXY"], ["http_proxy", "https_proxy"], []])
def test_the_environment_s_proxies_are_those_of_httpx(
    monkeypatch: pytest.MonkeyPatch, proxies: list[str], no_proxy: str
) -> None:
    """For the entries of NO_PROXY that httpx knows."""
    for name in proxies:
        monkeypatch.setenv(name, PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    for url in HOSTS:
        assert way_of(url) == way_of_httpx(url), url


@pytest.mark.parametrize(
    ("entry", "straight", "proxied"),
    [
        ("10.0.0.0/8", ["http://10.1.2.3", "https://10.255.0.1:8443"], ["http://11.0.0.1", "http://example.com"]),
        ("192.168.0.0/255.255.0.0", ["http://192.168.7.7"], ["http://192.169.0.1"]),
        ("::1/128", ["http://[::1]"], ["http://[::2]", "http://127.0.0.1"]),
        ("fd00::/8", ["http://[fd12::1]:8080"], ["http://[fe80::1]"]),
        ("[::1]", ["http://[::1]"], ["http://[::2]"]),
        ("*.example.com", ["http://www.example.com"], ["http://example.com", "http://wwwexample.com"]),
    ],
)
def test_what_httpx_does_not_know_of_no_proxy(
    monkeypatch: pytest.MonkeyPatch, entry: str, straight: list[str], proxied: list[str]
) -> None:
    """Networks except the addresses in them, and `*.` the names below a domain."""
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", entry)
    assert [way_of(url) for url in straight] == ["straight"] * len(straight)
    assert [way_of(url) for url in proxied] == ["proxied"] * len(proxied)


@pytest.mark.parametrize("entry", ["http://[::1", "example.com:port", "exa mple.com", "://"])
def test_an_entry_that_is_none_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, entry: str
) -> None:
    """With one warning, however many clients there are; the others hold."""
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", f"{entry},example.com")
    assert way_of("http://example.com") == "straight"
    assert way_of("http://other.org") == "proxied"
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [entry in record.getMessage() for record in warned] == [True]


ERRORS = [kind for _, kind in inspect.getmembers(httpcore, inspect.isclass) if issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_of_httpcore_is_httpx_s(kind: type[Exception]) -> None:
    """The one of the same name; but that which never leaves a pool."""
    assert len(ERRORS) >= 15
    if kind is httpcore.ConnectionNotAvailable:
        return
    with pytest.raises(httpx.TransportError) as caught, translated():
        raise kind("what happened")
    assert type(caught.value) is getattr(httpx, kind.__name__)
    assert str(caught.value) == "what happened"


def test_other_errors_stay_what_they_are() -> None:
    """Such as those of the audio."""
    with pytest.raises(ZeroDivisionError), translated():
        raise ZeroDivisionError


FAULTS = [
    Rule(name="reset", drop="before_body"),
    Rule(name="closed", drop="after_body", ending="close"),
    Rule(name="cut", path="jobs", method="GET", truncate="half"),
    Rule(name="refused", status=401, early=100, ending="reset"),
    Rule(name="silent", hang=True),
]


@pytest.mark.parametrize("rule", FAULTS, ids=[rule.name for rule in FAULTS])
@pytest.mark.parametrize("runner", RUNNERS)
def test_no_error_shows_the_token(
    runner: str, rule: Rule, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither its causes nor the locals of their frames, whatever broke the connection; nor what is logged."""
    caplog.set_level(logging.DEBUG, "speechmatics")
    with FaultServer([rule], tls=certificates.server) as server:
        settings = settings_for(server, certificates, auth_token=TOKEN, retry_attempts=1, **WINDOWS)
        raised: list[Exception] = []
        if runner == "blocking":
            with BatchClient(settings) as client:
                raised.append(caught_of(client.list_jobs))
                raised.append(caught_of(lambda: client.submit_job(bytes(3_000_000), CONFIG)))
        else:

            async def main() -> None:
                async with AsyncBatchClient(settings) as client:
                    for ask in (client.list_jobs, lambda: client.submit_job(bytes(3_000_000), CONFIG)):
                        try:
                            await ask()
                        except SpeechmaticsError as error:
                            raised.append(error)

            anyio.run(main, backend=runner)
    assert raised
    for error in raised:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert TOKEN not in "".join(report.format()) + repr(error)
    assert TOKEN not in caplog.text


def caught_of(ask: Callable[[], object]) -> Exception:
    """The error of a call, or one that says that there was none."""
    try:
        ask()
    except SpeechmaticsError as error:
        return error
    return AssertionError("there was no error")
