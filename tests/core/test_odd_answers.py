"""Answers of any charset, compression, nesting and place: an error of ours, or what can be read of them."""

from __future__ import annotations

import gzip
import json
import logging
import pickle
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

import speechmatics as sm
from tests.servers.both_clients import CLIENTS, Call

CONFIG = {"transcription_config": {"language": "en"}}
SECRET = "s3cr3t"


@pytest.fixture(params=CLIENTS)
def call(request: pytest.FixtureRequest) -> Call:
    """A client's method, by its name."""
    name: str = request.param
    return CLIENTS[name]


def answering(
    status: int, content: bytes, content_type: str = "application/json", **headers: str
) -> Callable[[httpx.Request], httpx.Response]:
    """Gives one answer to everything."""
    lines = {"Content-Type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return lambda request: httpx.Response(status, headers=lines, stream=httpx.ByteStream(content))


CHARSETS = ["rot13", "hex", "base64", "zlib", "idna", "punycode", "undefined", "utf-16", "nonsense", '"a\0b"']


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("status", [200, 401, 404, 500])
def test_a_charset_that_is_none(call: Call, charset: str, status: int) -> None:
    """Is that of an answer that is read as UTF-8; its error can be handed on."""
    answer = answering(status, b"no \xff such thing", f"text/plain; charset={charset}")
    kind = sm.InvalidResponseError if status == 200 else sm.APIStatusError
    with pytest.raises(kind) as caught:
        call(answer, "check_job_status", "j")
    pickle.loads(pickle.dumps(caught.value))
    if charset in ("rot13", "nonsense") and isinstance(caught.value, sm.APIStatusError):
        assert caught.value.detail == "no \ufffd such thing"
    with pytest.raises(kind):
        call(answering(status, b"<html>\xff</html>", f"text/html; charset={charset}"), "get_job_log", "j")


def test_a_charset_that_is_one(call: Call) -> None:
    """Is used for what an error quotes."""
    with pytest.raises(sm.ServerError) as caught:
        call(answering(500, "Größe".encode("latin-1"), "text/plain; charset=iso-8859-1"), "list_jobs")
    assert caught.value.detail == "Größe"


PACKED = gzip.compress(b'{"jobs": []}', mtime=0)


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("gzip", b'{"jobs": []}'),
        ("gzip", PACKED[:10] + b"\xff" * 9),
        ("deflate", b"not packed"),
        ("gzip, deflate", PACKED),
        ("gzip", zlib.compress(b"{}")),
    ],
)
def test_what_is_not_compressed_as_it_says(call: Call, encoding: str, content: bytes) -> None:
    """Is an `InvalidResponseError`, or what its status says; for a submission, a job that may be there."""
    with pytest.raises(sm.InvalidResponseError, match="not compressed as it says"):
        call(answering(200, content, Content_Encoding=encoding), "list_jobs")
    with pytest.raises(sm.JobNotFoundException, match="404 Not Found") as caught:
        call(answering(404, content, Content_Encoding=encoding, Request_Id="r"), "check_job_status", "j")
    assert (caught.value.request_id, caught.value.job_id) == ("r", "j")
    with pytest.raises(sm.SubmissionUncertainError):
        call(answering(201, content, Content_Encoding=encoding), "submit_job", b"audio", CONFIG)
    with pytest.raises((sm.RateLimitError, sm.SubmissionUncertainError)):
        call(answering(429, content, Content_Encoding=encoding), "submit_job", b"audio", CONFIG)


DEEP = b"[" * 20_000 + b"]" * 20_000
METHODS: list[tuple[str, tuple[object, ...]]] = [
    ("list_jobs", ()),
    ("iter_jobs", ()),
    ("check_job_status", ("j",)),
    ("get_job_result", ("j",)),
    ("get_usage", ()),
    ("wait_for_many", (["j"],)),
    ("delete_job", ("j",)),
]


@pytest.mark.parametrize("parse", [False, True])
@pytest.mark.parametrize(("method", "args"), METHODS)
def test_json_of_many_brackets(call: Call, method: str, args: tuple[object, ...], parse: bool) -> None:
    """Is no answer, whatever is in the brackets and whatever stands before them, for models and dicts alike."""
    wrapped = [DEEP, *(b'{"%s": %s}' % (name, DEEP) for name in (b"jobs", b"job", b"results", b"id"))]
    for content in [*wrapped, b'{"a":' * 20_000 + b"1" + b"}" * 20_000]:
        options = {"timeout": 0} if method == "wait_for_many" else {}
        with pytest.raises((sm.InvalidResponseError, sm.WaitTimeoutError)):
            call(answering(200, content), method, *args, parse=parse, **options)
        with pytest.raises(sm.APIStatusError):
            call(answering(400, content), method, *args, parse=parse, **options)


def test_json_of_many_brackets_for_a_submission(call: Call) -> None:
    """Leaves it unknown whether there is a job."""
    with pytest.raises(sm.SubmissionUncertainError):
        call(answering(201, DEEP), "submit_job", b"audio", CONFIG)


@pytest.mark.parametrize("parse", [False, True])
def test_json_of_other_encodings(call: Call, parse: bool) -> None:
    """Is no answer, but for what Python's decoder takes for JSON; NaN is read."""
    text = json.dumps({"jobs": []})
    for encoding in ("utf-16", "utf-32", "utf-8-sig", "utf-16-le"):
        try:
            assert call(answering(200, text.encode(encoding)), "list_jobs", parse=parse) == []
        except sm.InvalidResponseError as error:
            assert error.body
    for content in (b'{"jobs": [\xff]}', b'{"jobs": "\xc3"}', b"\x00", b""):
        with pytest.raises(sm.InvalidResponseError):
            call(answering(200, content), "list_jobs", parse=parse)
    call(answering(200, b'{"jobs": [{"id": "j", "status": "done", "duration": NaN}]}'), "list_jobs", parse=parse)


@pytest.mark.parametrize(
    "location", ["http://[bad", "http://xn--a.b/", "mailto:a", "http://a\nb/", "x" * 70_000, "//[", "ftp://a/", "\xff"]
)
def test_a_redirect_to_nowhere(call: Call, location: str) -> None:
    """Is a `RequestError`."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers=[(b"Location", location.encode())])

    with pytest.raises(sm.RequestError):
        call(answer, "send_request", "GET", "jobs", follow_redirects=True)
    with pytest.raises((sm.APIStatusError, sm.RequestError)):
        call(answer, "send_request", "GET", "jobs")


def test_a_signed_url_is_in_no_message(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the error of what it redirects to, nor in a log."""
    caplog.set_level(logging.DEBUG, "speechmatics")

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "asr.test":
            return httpx.Response(302, headers={"Location": f"http://me:{SECRET}@other.test/a?sig={SECRET}#{SECRET}"})
        if request.url.path == "/a":
            return httpx.Response(403, json={"error": "Forbidden"})
        raise httpx.ReadError("broken", request=request)

    with pytest.raises(sm.PermissionDeniedError, match=r"GET http://other\.test/a,") as caught:
        call(answer, "send_request", "GET", "jobs", follow_redirects=True)
    assert SECRET not in str(caught.value)
    assert [record for record in caplog.records if record.name == "speechmatics"]
    assert not [record for record in caplog.records if record.name == "speechmatics" and SECRET in record.getMessage()]


WRONG_OPTIONS: list[tuple[dict[str, object], str]] = [
    ({"headers": {"A": "b\ns3cr3t"}}, r"headers holds a value of A that no header has \(it is not shown\)"),
    ({"headers": {"A": " s3cr3t"}}, "headers holds a value of A"),
    ({"headers": {"A b": "s3cr3t"}}, "headers holds a name"),
    ({"headers": {"A": "s3cr3té"}}, "headers are ASCII"),
    ({"headers": 5}, "cannot be built"),
    ({"headers": {"A": 5}}, "cannot be built: Header value must be str or bytes"),
    ({"headers": {5: "a"}}, "cannot be built"),
    ({"cookies": {"a": "b\ns3cr3t"}}, "headers holds a value of Cookie"),
    ({"cookies": 5}, "cannot be built"),
    ({"json": object()}, "cannot be built: Object of type object is not JSON serializable"),
    ({"json": "\ud800"}, "cannot be built"),
    ({"data": b"s3cr3t"}, "data must be a dict of form fields, not bytes; text and bytes are content"),
    ({"files": {"a": 5}}, "cannot be read: AttributeError"),
    ({"params": 5}, "cannot be built"),
    ({"params": {"a": "\ud800"}}, "cannot be built"),
    ({"content": 5}, "cannot be built: Unexpected type"),
    ({"auth": "s3cr3t"}, r"auth must be a tuple of a user's name and password, or an httpx\.Auth, not str"),
    ({"auth": ("s3cr3t",)}, "auth must be"),
    ({"auth": ("a", "s3cr3t\ud800")}, "auth holds half a surrogate pair"),
    ({"timeout": "5"}, "timeout must be a number of seconds"),
    ({"timeout": -1}, "timeout must be 0 or more"),
    ({"timeout": float("nan")}, "timeout must be 0 or more"),
    ({"timeout": (1, 2)}, "a tuple as timeout has four parts"),
    ({"timeout": (1, 2, 3, "4")}, "each of timeout must be a number"),
    ({"timeout": httpx.Timeout(True)}, "timeout.connect must be a number"),
    ({"extensions": 5}, "extensions must be a dict, not int"),
    ({"extensions": {"timeout": 5}}, "the timeout of extensions must be a dict"),
    ({"extensions": {"timeout": {"read": "5"}}}, "the timeout of extensions must be a number"),
    ({"follow_redirects": "yes"}, "follow_redirects must be True or False"),
]
WRONG_REQUESTS: list[tuple[tuple[object, object], dict[str, object], str]] = [
    (("GET", "http://[bad"), {}, "is not the server of this client|cannot be built"),
    (("GET", "http://other.test/"), {}, r"other\.test is not the server of this client"),
    (("GET", "http://asr.test:abc/"), {}, "cannot be built: Invalid port"),
    (("GET", "http://xn--a.b/"), {}, "cannot be built"),
    (("GET", "jobs\n"), {}, "path must be a path below the base URL as text"),
    (("GET", "jobs\ud800"), {}, "path must be"),
    (("GET", None), {}, "path must be"),
    (("GET", b"jobs"), {}, "path must be"),
    (("GET", "x" * 70_000), {}, "cannot be built: URL too long"),
    (("GE T", "jobs"), {}, "method must be the name of an HTTP method, such as 'GET'"),
    (("", "jobs"), {}, "method must be"),
    ((None, "jobs"), {}, "method must be"),
    *[(("POST", "jobs"), options, message) for options, message in WRONG_OPTIONS],
]


@pytest.mark.parametrize(("args", "options", "message"), WRONG_REQUESTS)
def test_wrong_requests(call: Call, args: tuple[object, object], options: dict[str, Any], message: str) -> None:
    """Are `InvalidInputError`s without what may be secret, and nothing is sent."""
    with pytest.raises(sm.InvalidInputError, match=message) as caught:
        call(None, "send_request", *args, **options)
    assert SECRET not in str(caught.value)


def test_a_request_takes_all_that_httpx_takes_for_time_limits(call: Call) -> None:
    """A number, a `Timeout`, four numbers, None; without end is None."""
    seen: list[object] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200)

    for timeout in (5, httpx.Timeout(5), (5, 5, 5, 5), None, float("inf")):
        call(note, "send_request", "GET", "jobs", timeout=timeout)
    call(note, "send_request", "GET", "jobs", extensions={"timeout": dict.fromkeys(("connect", "read"), 5)})
    names = ("connect", "read", "write", "pool")
    assert seen == [dict.fromkeys(names, 5.0)] * 3 + [dict.fromkeys(names)] * 2 + [{"connect": 5.0, "read": 5.0}]


def test_content_that_breaks_while_it_is_sent() -> None:
    """Is an `InvalidInputError`, with what the caller's own iterator raised as its cause."""

    def read(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=request.read())

    def broken(last: object) -> Any:
        yield b"a"
        if isinstance(last, Exception):
            raise last
        yield last

    trouble = KeyError("x")
    with pytest.raises(sm.InvalidInputError, match="cannot be read: KeyError") as caught:
        CLIENTS["blocking"](read, "send_request", "POST", "jobs", content=broken(trouble))
    assert caught.value.__cause__ is trouble
    with pytest.raises(sm.InvalidInputError, match="the content must be bytes, not str"):
        CLIENTS["blocking"](read, "send_request", "POST", "jobs", content=broken("b"))
    with pytest.raises(sm.InvalidInputError, match="one that is gone through by `async for`"):
        CLIENTS["async"](read, "send_request", "POST", "jobs", content=broken(b"b"))
    answer = CLIENTS["blocking"](read, "send_request", "POST", "jobs", content=broken(b"b"))
    assert answer.content == b"ab"


def test_content_that_is_async() -> None:
    """Is for the async client, which names what breaks in it too."""

    async def read(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=await request.aread())

    async def content(last: object) -> Any:
        yield b"a"
        if isinstance(last, Exception):
            raise last
        yield last

    assert CLIENTS["async"](read, "send_request", "POST", "jobs", content=content(b"b")).content == b"ab"
    with pytest.raises(sm.InvalidInputError, match="cannot be read: KeyError"):
        CLIENTS["async"](read, "send_request", "POST", "jobs", content=content(KeyError()))
    with pytest.raises(sm.InvalidInputError, match="not int"):
        CLIENTS["async"](read, "send_request", "POST", "jobs", content=content(5))
    with pytest.raises(sm.InvalidInputError, match="one that is not async"):
        CLIENTS["blocking"](read, "send_request", "POST", "jobs", content=content(b"b"))


def test_content_that_is_read_once_is_sent_once() -> None:
    """It would be gone the second time."""
    sent: list[bytes] = []

    def busy(request: httpx.Request) -> httpx.Response:
        sent.append(request.read())
        return httpx.Response(503)

    settings = sm.ConnectionSettings("http://asr.test", retry_attempts=3, retry_delay=0)
    with (
        httpx.Client(transport=httpx.MockTransport(busy)) as http,
        sm.BatchClient(settings, http_client=http) as client,
    ):
        with pytest.raises(sm.ServerError):
            client.send_request("GET", "jobs", content=iter([b"a"]))
        assert sent == [b"a"]
        with pytest.raises(sm.ServerError):
            client.send_request("GET", "jobs", content=b"a")
        assert sent == [b"a"] * 4


def test_a_client_of_ones_own_that_is_closed() -> None:
    """Is named."""
    http = httpx.Client()
    http.close()
    with pytest.raises(sm.InvalidInputError, match="the http_client that was given has been closed"):
        sm.BatchClient(sm.ConnectionSettings("http://asr.test"), http_client=http).list_jobs()
