"""What leaves the public methods of both clients, whatever they are given: run `python -m tests.trials.fuzz`.

Arguments, files, answers and environments are drawn by hypothesis. All that a method may raise is a
`SpeechmaticsError`, and a `TypeError` for a keyword that is not known; the table says what was raised, and how often.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import inspect
import io
import json
import os
import sys
import traceback
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import speechmatics as sm
from speechmatics._core.operations import RequestOptions
from tests.servers.both_clients import SETTINGS, await_all, take_all
from tests.servers.fault_server import FaultServer, Rule

__all__ = ["Seen", "fuzz"]

CONFIG: dict[str, Any] = {"transcription_config": {"language": "en"}}
JOB: dict[str, Any] = {"id": "j", "status": "done", "created_at": "2026-01-01T00:00:00Z", "data_name": "a.wav"}
TRANSCRIPT: dict[str, Any] = {"format": "2.9", "job": {"id": "j"}, "metadata": {"type": "transcription"}, "results": []}
USAGE: dict[str, Any] = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z", "summary": [], "details": []}
Outcome = tuple[str, str]
"""A method, and the type of what it raised, or `(returned)`."""


@dataclass
class Seen:
    """What was seen.

    Attributes:
        outcomes: How often each method ended in which way.
        foreign: The tracebacks of errors that are not the package's, the first of each kind.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter[Outcome])
    foreign: dict[Outcome, str] = field(default_factory=dict[Outcome, str])

    def note(self, method: str, error: BaseException | None, *, is_keyword_wrong: bool = False) -> None:
        """Notes how a call ended."""
        kind = "(returned)" if error is None else type(error).__name__
        self.outcomes[method, kind] += 1
        is_ours = error is None or isinstance(error, sm.SpeechmaticsError)
        if not is_ours and not (is_keyword_wrong and type(error) is TypeError):
            self.foreign.setdefault((method, kind), "".join(traceback.format_exception(error)))

    def __str__(self) -> str:
        methods = sorted({method for method, _ in self.outcomes})
        return "\n".join(f"{method:45} {self._told(method)}" for method in methods)

    def _told(self, method: str) -> str:
        kinds = sorted((kind, count) for (name, kind), count in self.outcomes.items() if name == method)
        return ", ".join(f"{kind} {count}" for kind, count in kinds)


class HostileError(Exception):
    """What objects of the caller's raise."""


class Hostile:
    """An object all of whose parts raise."""

    def __getattr__(self, name: str) -> Any:
        raise HostileError(name)

    def __bool__(self) -> bool:
        raise HostileError("bool")

    def __eq__(self, other: object) -> bool:
        raise HostileError("eq")

    def __hash__(self) -> int:
        raise HostileError("hash")


class OddPath:
    """A `PathLike` that gives anything, or raises it."""

    def __init__(self, given: object) -> None:
        self._given = given

    def __fspath__(self) -> Any:
        if isinstance(self._given, Exception):
            raise self._given
        return self._given


class OddFile:
    """A file object whose methods give anything, or raise it."""

    def __init__(self, read: list[object], name: object, position: object) -> None:
        self._read = list(read)
        self.name = name
        self._position = position

    def read(self, size: int = -1) -> Any:
        given = self._read.pop(0) if self._read else b""
        if isinstance(given, Exception):
            raise given
        return given

    def seek(self, *args: object) -> Any:
        return self.tell()

    def tell(self) -> Any:
        if isinstance(self._position, Exception):
            raise self._position
        return self._position


class OddAsyncFile(OddFile):
    """The same, awaited."""

    async def read(self, size: int = -1) -> Any:
        return super().read(size)


def callback(*args: object) -> None:
    """Is called with anything; what a callback raises would be the caller's own."""


async def coroutine_function(*args: object) -> None:
    """Looks like a callback."""


TEXT = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    ["", "\0", "~nobody/x", "{}", '{"a": "b"}', "https://host/a?b", "j", "json-v2", "..", "\ud800", "/", "2026-01-01"]
)
ERRORS = st.sampled_from([OSError(5, "Input/output error"), ValueError("x"), KeyError("x"), HostileError(), EOFError()])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | TEXT
    | st.binary(max_size=20)
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.dates()
    | st.decimals()
    | st.fractions()
    | st.complex_numbers()
    | st.uuids()
    | st.builds(Path, TEXT)
)
FILES = (
    st.builds(io.BytesIO, st.binary())
    | st.builds(io.StringIO, st.text())
    | st.builds(OddFile, st.lists(SCALARS | ERRORS, max_size=3), SCALARS, SCALARS | ERRORS)
    | st.builds(OddAsyncFile, st.lists(SCALARS | ERRORS, max_size=3), SCALARS, SCALARS | ERRORS)
)
OBJECTS = (
    SCALARS
    | FILES
    | st.builds(OddPath, SCALARS | ERRORS)
    | st.builds(Hostile)
    | st.builds(object)
    | st.just(callback)
    | st.just(coroutine_function)
    | st.builds(sm.BatchTranscriptionConfig.model_construct, language=SCALARS)
)
CONTAINERS = st.recursive(
    OBJECTS,
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.lists(parts, max_size=3).map(tuple)
        | st.dictionaries(TEXT, parts, max_size=3)
        | st.lists(parts, max_size=3).map(iter)
    ),
    max_leaves=6,
)
ANYTHING = st.integers(0, 3).flatmap(lambda number: OBJECTS if number else CONTAINERS)


def right_values(name: str) -> Any:
    """A value that a parameter takes."""
    values: dict[str, Any] = {
        "audio": b"audio",
        "audio_paths": [__file__],
        "transcription_config": CONFIG,
        "transcription_format": "txt",
        "job_id": "j",
        "job_ids": ["j"],
        "ids": ["sm-typed-1"],
        "since": datetime(2026, 1, 1, tzinfo=UTC),
        "until": date(2026, 1, 1),
        "method": "GET",
        "path": "jobs",
        "timeout": 0,
        "page_size": 10,
        "concurrency": 2,
        "submission_id": "sm-typed-1",
    }
    return values.get(name)


def public_methods(kind: type) -> list[str]:
    """The names of the public methods of a class, but of the one that sends nothing and takes any name of an option."""
    methods = {name for name, value in vars(kind).items() if callable(value) and not name.startswith("_")}
    return sorted(methods - {"with_options"})


@st.composite
def calls(draw: st.DrawFn, kind: type) -> tuple[str, dict[str, Any]]:
    """A method, and arguments of which one or more are anything."""
    method = draw(st.sampled_from(["__init__", *public_methods(kind)]))
    parameters = list(inspect.signature(getattr(kind, method)).parameters.values())[1:]
    arguments: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            names = st.sampled_from([*RequestOptions.__annotations__])
            arguments.update(draw(st.dictionaries(names, ANYTHING, max_size=2)))
        elif not draw(st.integers(0, 2)):
            arguments[parameter.name] = draw(ANYTHING)
        elif (right := right_values(parameter.name)) is not None:
            arguments[parameter.name] = right
        elif parameter.default is inspect.Parameter.empty:
            arguments[parameter.name] = draw(ANYTHING)
    if "timeout" in {parameter.name for parameter in parameters}:
        # Whoever waits for long is right to; here it would be the trial that waits.
        timeout = arguments.get("timeout")
        if timeout is None or (isinstance(timeout, int | float) and timeout > 0):
            arguments["timeout"] = 0
    return method, arguments


def usual(request: httpx.Request) -> httpx.Response:
    """A service that does what it is asked."""
    path = request.url.path
    if request.method == "POST":
        return httpx.Response(201, json={"id": "j"})
    if path.endswith("/jobs"):
        return httpx.Response(200, json={"jobs": [] if "created_before" in request.url.params else [JOB]})
    if path.endswith("/usage"):
        return httpx.Response(200, json=USAGE)
    if path.endswith(("/transcript", "/log")):
        is_json = request.url.params.get("format") == "json-v2"
        return httpx.Response(200, json=TRANSCRIPT) if is_json else httpx.Response(200, text="Hello.")
    return httpx.Response(200, json={"job": {**JOB, "id": path.rpartition("/")[2]}})


Respond = Callable[[httpx.Request], httpx.Response]


def call_of(seen: Seen, kind: type, method: str, arguments: dict[str, Any], respond: Respond, *, parse: bool) -> None:
    """Calls a method of a client whose requests are answered so, and notes how it ends."""
    name = f"{kind.__name__}.{method}"
    error: BaseException | None = None
    try:
        if method == "__init__":
            kind(**arguments)
        elif kind is sm.BatchClient:
            with httpx.Client(transport=httpx.MockTransport(respond)) as http:
                client = sm.BatchClient(sm.ConnectionSettings(**SETTINGS), parse=parse, http_client=http)
                take_all(getattr(client, method)(**arguments))
        else:
            anyio.run(_call_async, method, arguments, respond, parse)
    except Exception as raised:
        error = raised
    seen.note(name, error)


async def _call_async(method: str, arguments: dict[str, Any], respond: Respond, parse: bool) -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http:
        client = sm.AsyncBatchClient(sm.ConnectionSettings(**SETTINGS), parse=parse, http_client=http)
        await await_all(getattr(client, method)(**arguments))


KINDS: list[type] = [sm.BatchClient, sm.AsyncBatchClient]
CHARSETS = ["utf-8", "rot13", "hex", "idna", "utf-16", "utf-7", "nonsense", "undefined", '"a\0b"']
ENCODINGS = ["gzip", "deflate", "br", "identity", "zstd", "gzip, deflate", "nonsense"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(["j", "done"]),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.sampled_from(["id", "a", "job"]), parts, max_size=3),
    max_leaves=6,
)


ANSWERS: list[dict[str, Any]] = [{"jobs": [JOB]}, {"jobs": []}, {"job": JOB}, TRANSCRIPT, USAGE, {"id": "j"}]
RIGHT = [json.dumps(answer) for answer in ANSWERS]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A right answer in which something is anything."""
    answer: Any = json.loads(draw(st.sampled_from(RIGHT)))
    place = answer
    while True:
        steps: list[Any] = list(place) if hasattr(place, "keys") else list(range(len(place)))
        step = draw(st.sampled_from(steps))
        inside = place[step]
        if isinstance(inside, str | int | None) or not inside or draw(st.booleans()):
            place[step] = draw(VALUES)
            return answer
        place = inside


BODIES = (
    st.binary(max_size=50)
    | mutated().map(lambda value: json.dumps(value).encode())
    | st.sampled_from(RIGHT).map(str.encode)
    | st.sampled_from([b"[" * 20_000 + b"]" * 20_000, b'{"job":' * 9_000, b"<html>\xff</html>", b"\xef\xbb\xbf{}"])
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(["text/html", "text/plain", "application/json"]).flatmap(
            lambda kind: st.sampled_from([kind, *(f"{kind}; charset={charset}" for charset in CHARSETS)])
        ),
        "Content-Encoding": st.sampled_from(ENCODINGS),
        "Location": st.sampled_from(["/v2/jobs", "http://[bad", "http://xn--a.b/", "mailto:a", "//", "x" * 70_000, ""])
        | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20),
        "Retry-After": st.sampled_from(["0", "-1", "x", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT", "1e5"]),
        "Date": st.sampled_from(["x", "", "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359"]),
        "Request-Id": st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=9),
    },
)


@st.composite
def answers(draw: st.DrawFn) -> tuple[int, dict[str, str], bytes]:
    """A status, headers and a body, which is now and then packed as the headers say."""
    status = draw(st.sampled_from([200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 410, 423, 429, 500, 503]))
    status = draw(st.just(status) | st.integers(200, 999))
    headers, body = draw(HEADERS), draw(BODIES)
    if draw(st.booleans()):
        encoding = headers.get("Content-Encoding")
        body = gzip.compress(body) if encoding == "gzip" else zlib.compress(body) if encoding == "deflate" else body
    return status, headers, body


def right_call(method: str, kind: type) -> dict[str, Any]:
    """Right arguments of a method."""
    parameters = list(inspect.signature(getattr(kind, method)).parameters.values())[1:]
    names = [each.name for each in parameters if each.default is inspect.Parameter.empty or each.name == "timeout"]
    arguments = {name: right_values(name) for name in names if name != "kwargs"}
    return {**arguments, "follow_redirects": True} if method == "send_request" else arguments


def _respond_with(answer: tuple[int, dict[str, str], bytes], failing: bool) -> Respond:
    status, headers, body = answer

    def respond(request: httpx.Request) -> httpx.Response:
        if failing and request.method == "POST":
            return usual(request)
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        return httpx.Response(status, headers=raw, stream=httpx.ByteStream(body))

    return respond


def _fuzz_arguments(seen: Seen, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    method, arguments = data.draw(calls(kind))
    call_of(seen, kind, method, arguments, usual, parse=data.draw(st.booleans()))


def _fuzz_answers(seen: Seen, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    method = data.draw(st.sampled_from(public_methods(kind)))
    respond = _respond_with(data.draw(answers()), data.draw(st.booleans()))
    call_of(seen, kind, method, right_call(method, kind), respond, parse=data.draw(st.booleans()))


def _fuzz_wire(seen: Seen, data: st.DataObject, server: FaultServer) -> None:
    status, headers, body = data.draw(answers())
    headers = {name: value for name, value in headers.items() if "\0" not in value and len(value) < 1000}
    rule = {"truncate": "half"} if data.draw(st.booleans()) else {}
    given: dict[str, Any] = {"status": status, "headers": headers, "body": body.decode("latin-1"), **rule}
    server.use([Rule(name="any", **given)])
    method = data.draw(st.sampled_from(public_methods(sm.BatchClient)))
    error: BaseException | None = None
    try:
        quick: dict[str, Any] = {**SETTINGS, "url": server.url, "read_timeout": 5}
        with sm.BatchClient(sm.ConnectionSettings(**quick)) as client:
            take_all(getattr(client, method)(**right_call(method, sm.BatchClient)))
    except Exception as raised:
        error = raised
    seen.note(f"wire: BatchClient.{method}", error)


FIELDS = sorted(f"SPEECHMATICS_{name.upper()}" for name in sm.ConnectionSettings.model_fields)
ENV_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20) | st.sampled_from(
    ["none", "nan", "inf", "-1", "{}", "[]", '{"a": "b\\n"}', "true", "1e999", "~no/x", "/", "http://xn--a.b", "\udcff"]
)
PROXIES = st.builds(
    "{}127.0.0.1{}".format,
    st.sampled_from(["", "http://", "https://", "socks5://", "socks9://", "ftp://", "http://a:b@", "http://@", "::"]),
    st.sampled_from(["", ":9", ":0", ":99999", ":x", "/", ":9/a?b#c", "]", " "]),
)
EXCEPTIONS = st.lists(
    st.sampled_from(
        ["::1/128", "*", "10.0.0.0/8", "localhost", "[::1", "http://[", "", ".a", "\udcff", "a" * 300, "%"]
    ),
    max_size=3,
).map(",".join)


@contextlib.contextmanager
def environment(values: dict[str, str]) -> Generator[None]:
    """Has variables set for a while."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _fuzz_environment(seen: Seen, data: st.DataObject) -> None:
    values = data.draw(st.dictionaries(st.sampled_from(FIELDS), ENV_TEXT, max_size=2))
    names = st.sampled_from(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"])
    values |= data.draw(st.dictionaries(names, PROXIES, max_size=2))
    more = {"NO_PROXY": EXCEPTIONS, "SSL_CERT_FILE": ENV_TEXT, "SSL_CERT_DIR": ENV_TEXT, "HOME": ENV_TEXT}
    values |= data.draw(st.fixed_dictionaries({}, optional=more))
    url = data.draw(st.sampled_from(["http://127.0.0.1:9", "https://127.0.0.1:9"]))
    error: BaseException | None = None
    with environment({name: value for name, value in values.items() if "\0" not in value}):
        try:
            own = sm.ConnectionSettings() if "SPEECHMATICS_URL" in values else sm.ConnectionSettings(url)
            sm.BatchClient(own).connect().close()
            # Nothing is asked of a name, which would be looked up, and nothing is tried for long.
            quick = sm.ConnectionSettings(url, retry_attempts=1, connect_timeout=0.2, proxy=None)
            with sm.BatchClient(quick) as client:
                client.list_jobs()
        except Exception as raised:
            error = raised
    seen.note("environment", error)


def fuzz(examples: int, *, seed: int | None = None) -> Seen:
    """Draws so many calls, and fewer over sockets and of environments, and says what was seen."""
    seen = Seen()

    def run(function: Callable[[Seen, st.DataObject], None], count: int) -> None:
        @settings(
            max_examples=max(count, 1),
            database=None,
            deadline=None,
            derandomize=seed is None,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        )
        @given(st.data())
        def draw(data: st.DataObject) -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                function(seen, data)

        draw()

    run(_fuzz_arguments, examples // 2)
    run(_fuzz_answers, examples // 2 - examples // 10)
    run(_fuzz_environment, examples // 20)
    with FaultServer() as server:
        run(lambda seen, data: _fuzz_wire(seen, data, server), examples // 20)
    return seen


def main() -> int:
    """Prints the table, and what was foreign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=2000, help="calls that are drawn")
    parser.add_argument("--random", action="store_true", help="draws others than the last time")
    options = parser.parse_args()
    seen = fuzz(options.examples, seed=0 if options.random else None)
    print(seen)
    for outcome, told in seen.foreign.items():
        print("\nforeign:", *outcome, "\n" + told)
    return 1 if seen.foreign else 0


if __name__ == "__main__":
    sys.exit(main())
