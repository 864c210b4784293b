"""What a call is given - signed URLs, headers, passwords - is in nothing that an error or a log shows.

Each call fails in each way that there is; then the error is looked through: its text, its pickle, the locals of the
frames that it came through, and of all errors behind it. Only the program's own frames, which are the tests' here, have
what they gave.
"""

from __future__ import annotations

import logging
import pickle
import socket
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from pydantic import ValidationError

from speechmatics import (
    AsyncBatchClient,
    BatchClient,
    BatchTranscriptionConfig,
    ConnectionSettings,
    FetchData,
    JobConfig,
    Notification,
    NotificationConfig,
    RateLimitError,
    SpeechmaticsError,
    UnknownConfigWarning,
)
from speechmatics.validation import validate_config
from tests.servers.both_clients import CLIENTS

SECRET = "SECRET-of-the-caller"
URL = f"https://user:{SECRET}@store.test/calls/a.wav?sig={SECRET}#{SECRET}"
HEADERS = [f"Authorization: Bearer {SECRET}"]
FETCH = {"fetch_data": {"url": URL, "auth_headers": HEADERS}}
NOTIFY = {"notification_config": [{"url": URL, "auth_headers": HEADERS, "contents": ["transcript"]}]}
ENGLISH = {"transcription_config": {"language": "en"}}
FLAT = BatchTranscriptionConfig(language="en", fetch_data=FetchData(url=URL, auth_headers=HEADERS))
WIRE = JobConfig.model_validate({**ENGLISH, **FETCH, **NOTIFY})

Answer = Callable[[httpx.Request], httpx.Response]
Given = tuple[tuple[Any, ...], dict[str, Any]]


def given(*args: Any, **options: Any) -> Given:
    """Arguments of a call."""
    return args, options


WRONG: dict[str, tuple[str, Given]] = {
    "audio and fetch_data": ("submit_job", given(b"audio", {**ENGLISH, **FETCH})),
    "no language": ("submit_job", given(None, {"transcription_config": {}, **FETCH})),
    "a wrong type": ("submit_job", given(None, {"transcription_config": {"language": 5}, **FETCH, **NOTIFY})),
    "too many callbacks": ("submit_job", given(b"a", {**ENGLISH, "notification_config": [{"url": URL}] * 4})),
    "a callback without a URL": (
        "submit_job",
        given(b"a", {**ENGLISH, "notification_config": {"auth_headers": HEADERS}}),
    ),
    "headers of another form": (
        "submit_job",
        given(None, {**ENGLISH, "fetch_data": {"url": URL, "auth_headers": {"Authorization": SECRET}}}),
    ),
    "a header that is none": (
        "submit_job",
        given(None, {**ENGLISH, "fetch_data": {"url": URL, "auth_headers": SECRET}}),
    ),
    "a URL of no scheme": ("submit_job", given(None, {**ENGLISH, "fetch_data": {"url": URL[8:]}})),
    "a URL for an object": ("submit_job", given(None, {**ENGLISH, "fetch_data": URL})),
    "contradictions": (
        "submit_job",
        given(
            None,
            {"transcription_config": {"language": "en", "model": "enhanced", "operating_point": "standard"}, **FETCH},
        ),
    ),
    "a URL as audio": ("submit_job", given(URL, ENGLISH)),
    "a URL as a path": ("submit_job", given(Path(URL), ENGLISH)),
    "a URL as a name, and nothing": ("submit_job", given((URL, b""), ENGLISH)),
    "a URL as the configuration": ("submit_job", given(b"audio", URL)),
    "JSON text as the configuration": ("submit_job", given(b"audio", JobConfig.to_json(WIRE))),
    "another type as the configuration": ("submit_job", given(b"audio", [FETCH])),
    "a wrong time": ("submit_job", given(None, {**ENGLISH, **FETCH}, timeout="5")),
    "a wrong time to transcribe": ("transcribe", given(None, {**ENGLISH, **FETCH}, timeout=-1)),
    "a wrong format": ("transcribe", given(None, {**ENGLISH, **FETCH}, "docx")),
    "many of a wrong configuration": ("submit_jobs", given(["a.wav"], {"transcription_config": {}, **NOTIFY})),
    "many of a wrong number": ("submit_jobs", given(["a.wav"], {**ENGLISH, **NOTIFY}, 0)),
    "URLs as many": ("submit_jobs", given([URL], {**ENGLISH, **NOTIFY})),
    "a wrong header": ("send_request", given("GET", "jobs", headers={"X-Key": f"{SECRET}\n"})),
    "a wrong option": ("send_request", given("GET", "jobs", headers={"X-Key": SECRET}, timeout="5")),
    "an unknown option": ("send_request", given("GET", "jobs", headers={"X-Key": SECRET}, tiemout=5)),
    "a wrong auth": ("send_request", given("GET", "jobs", auth=("user", SECRET, SECRET))),
    "what is no JSON": ("send_request", given("POST", "jobs", json={"key": SECRET, "what": {1}})),
    "another server": ("send_request", given("GET", URL)),
    "a wrong path": ("send_request", given("GET", f"jobs?sig={SECRET}\n")),
}
"""Calls that fail before anything is sent."""

CALLS: dict[str, tuple[str, Given]] = {
    "fetched": ("submit_job", given(None, {**ENGLISH, **FETCH, **NOTIFY})),
    "fetched, flat": ("submit_job", given(None, FLAT)),
    "fetched, as a model": ("submit_job", given(None, WIRE)),
    "transcribed": ("transcribe", given(None, {**ENGLISH, **FETCH, **NOTIFY})),
    "a name with a query": ("submit_job", given((URL, b"audio"), {**ENGLISH, **NOTIFY})),
    "custom": (
        "send_request",
        given(
            "POST",
            f"jobs?sig={SECRET}",
            headers={"X-Key": SECRET},
            auth=("user", SECRET),
            json={"key": SECRET},
            params={"sig": SECRET},
        ),
    ),
    "a form": ("send_request", given("POST", "jobs", data={"key": SECRET}, files={"a": (SECRET, SECRET.encode())})),
}
"""Calls that fail by what the server answers."""


def _no_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no connection", request=request)


def _no_answer(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("no answer", request=request)


def _unforeseen(request: httpx.Request) -> httpx.Response:
    raise RuntimeError("a fault of the transport")


def _rejected(request: httpx.Request) -> httpx.Response:
    if request.method == "POST":
        return httpx.Response(201, json={"id": "abc"})
    job = {"id": "abc", "status": "rejected", "created_at": "2026-01-01T00:00:00Z", "config": {**ENGLISH, **FETCH}}
    return httpx.Response(200, json={"job": job})


def _answering(status: int, content: str) -> Answer:
    return lambda request: httpx.Response(status, text=content)


ANSWERS: dict[str, Answer] = {
    "400": _answering(400, '{"code": 400, "error": "Bad Request", "detail": "no"}'),
    "429": _answering(429, '{"code": 429, "error": "Too many"}'),
    "500": _answering(500, "<html>"),
    "201 without an id": _answering(201, "<html>"),
    "no connection": _no_connection,
    "no answer": _no_answer,
    "unforeseen": _unforeseen,
    "rejected": _rejected,
}


def _is_program(frame: traceback.FrameSummary) -> bool:
    return str(Path(__file__).parents[1]) in frame.filename


def shown_of(error: BaseException) -> list[str]:
    """All that is shown of an error and of those behind it, suppressed ones too."""
    texts: list[str] = []
    seen: list[BaseException] = []
    errors: list[BaseException | None] = [error]
    while errors:
        each = errors.pop()
        if each is None or each in seen:
            continue
        seen.append(each)
        errors += [each.__cause__, each.__context__]
        report = traceback.TracebackException(type(each), each, each.__traceback__, capture_locals=True)
        frames = [frame for frame in report.stack if not _is_program(frame)]
        texts += [
            f"{frame.filename}:{frame.lineno} {name}={value}"
            for frame in frames
            for name, value in (frame.locals or {}).items()
        ]
        texts += [str(each), repr(each), *getattr(each, "__notes__", [])]
    return texts


def check(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing shown has the secret; of the logs, httpx's has the URLs that it is asked for."""
    records = [record for record in caplog.records if record.name != "httpx"]
    logged = [text for record in records for text in (record.getMessage(), repr(record.args))]
    assert [text for text in shown_of(error) + logged if SECRET in text] == []
    if isinstance(error, SpeechmaticsError):
        assert SECRET.encode() not in pickle.dumps(error)


@pytest.mark.parametrize("way", CLIENTS)
@pytest.mark.parametrize("name", WRONG)
def test_a_call_that_is_wrong_shows_nothing_it_was_given(name: str, way: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever else is wrong with it."""
    caplog.set_level(logging.DEBUG)
    method, (args, options) = WRONG[name]
    with pytest.raises((SpeechmaticsError, TypeError)) as caught:
        CLIENTS[way](_unforeseen, method, *args, **options)
    check(caught.value, caplog)


def _created(request: httpx.Request) -> httpx.Response:
    return httpx.Response(201, json={"id": "j"})


@pytest.mark.parametrize("way", CLIENTS)
def test_a_warning_of_another_scheme_shows_no_url(way: str) -> None:
    """It names the scheme alone."""
    config = {**ENGLISH, "fetch_data": {"url": "s3" + URL[5:]}}
    with pytest.warns(UnknownConfigWarning, match="not by s3") as caught:
        assert CLIENTS[way](_created, "submit_job", None, config) == "j"
    assert all(URL[8:20] not in str(warning.message) for warning in caught)


@pytest.mark.parametrize("way", CLIENTS)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_fails_shows_nothing_it_was_given(
    name: str, answer: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it fails by."""
    caplog.set_level(logging.DEBUG)
    method, (args, options) = CALLS[name]
    try:
        CLIENTS[way](ANSWERS[answer], method, *args, **options)
    except (SpeechmaticsError, RuntimeError) as error:
        check(error, caplog)
        return
    assert answer in ("rejected", "201 without an id")


def test_a_refused_file_of_many_shows_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In the log line that says so, and to `on_error`."""
    caplog.set_level(logging.DEBUG)
    (tmp_path / "a.wav").write_bytes(b"audio")
    errors: list[BaseException] = []

    def note(path: object, error: BaseException) -> None:
        errors.append(error)

    for way in CLIENTS:
        for on_error in (None, note):
            CLIENTS[way](ANSWERS["400"], "submit_jobs", [tmp_path / "a.wav"], {**ENGLISH, **NOTIFY}, on_error=on_error)
    assert len(errors) == 2
    for error in errors:
        check(error, caplog)


fetch: Any = FetchData
notify: Any = NotificationConfig
flat: Any = BatchTranscriptionConfig
MODELS: list[Callable[[], object]] = [
    lambda: fetch(url="nowhere", auth_headers=HEADERS),
    lambda: fetch(URL, [SECRET]),
    lambda: fetch(URL, {"Authorization": SECRET}),
    lambda: FetchData.model_validate({"auth_headers": HEADERS}),
    lambda: FetchData.model_validate(URL),
    lambda: FetchData.model_validate_json(f'{{"url": "{URL}"'),
    lambda: notify("https://x/", auth_headers=HEADERS, contents=5),
    lambda: notify("https://x/", auth_headers=HEADERS, method="get"),
    lambda: JobConfig.model_validate({"transcription_config": {}, **FETCH}),
    lambda: JobConfig.model_validate({**FETCH}),
    lambda: JobConfig.model_validate({**ENGLISH, "fetch_data": URL}),
    lambda: JobConfig.model_validate_json(WIRE.to_json() + SECRET),
    lambda: flat(fetch_data={"url": URL, "auth_headers": SECRET}),
    lambda: flat(language=5, fetch_data={"url": URL}),
    lambda: setattr(fetch(URL), "auth_headers", [SECRET]),
    lambda: setattr(fetch("https://x/", HEADERS), "url", SECRET),
    lambda: setattr(flat(fetch_data=fetch(URL)), "language", 5),
]


@pytest.mark.parametrize("make", MODELS)
def test_a_model_that_is_wrong_shows_nothing_it_was_given(
    make: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the error nor `errors()`, `json()` and its pickle, nor the frames."""
    with pytest.raises((ValidationError, TypeError)) as caught:
        make()
    error = caught.value
    check(error, caplog)
    if isinstance(error, ValidationError):
        assert SECRET not in repr(error.errors()) + error.json()
        assert SECRET.encode() not in pickle.dumps(error)


def test_a_model_shows_no_secret_and_sends_them() -> None:
    """A repr is for people to see; what is dumped is what is sent."""
    for model in (FLAT, WIRE, fetch(URL, HEADERS), notify(URL, auth_headers=HEADERS)):
        assert SECRET not in repr(model) + str(model)
        assert "store.test/calls/a.wav" in repr(model)
        assert SECRET in model.to_json()
        assert SECRET in repr(model.to_dict())


def test_an_unknown_field_beside_a_url_is_not_shown() -> None:
    """It may be a misspelt secret."""
    with pytest.warns(UserWarning, match="auth_header: not a known field") as warned:
        fetch = FetchData.model_validate({"url": "https://x/", "auth_header": SECRET})
    assert SECRET not in repr(fetch) + str(warned[0].message)


def test_an_error_made_by_hand_is_as_it_was_made() -> None:
    """Nothing of what is looked through here is lost where there is no secret."""
    assert any("slow down" in text for text in shown_of(RateLimitError("slow down")))


def _serve(listener: socket.socket) -> None:
    """Is a SOCKS proxy that asks for a name and a password, and answers as the server would."""
    connection, _ = listener.accept()
    with connection:
        for answer in (b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x01" + bytes(6), b"HTTP/1.1 200 OK\r\n"):
            connection.recv(4096)
            connection.sendall(answer)
        connection.sendall(b'Content-Length: 12\r\nConnection: close\r\n\r\n{"jobs": []}')


@pytest.mark.parametrize("is_async", [False, True])
def test_a_socks_proxy_s_password_is_in_no_log(is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    """What httpcore gives to a proxy, it logs at DEBUG."""
    caplog.set_level(logging.DEBUG)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=[listener])
        thread.start()
        proxy = f"socks5://user:{SECRET}@127.0.0.1:{listener.getsockname()[1]}"
        settings = ConnectionSettings(url="http://asr.test", proxy=proxy, retry_attempts=1)

        async def list_jobs() -> list[dict[str, Any]]:
            async with AsyncBatchClient(settings) as client:
                return await client.list_jobs()

        if is_async:
            assert anyio.run(list_jobs) == []
        else:
            with BatchClient(settings) as client:
                assert client.list_jobs() == []
        thread.join(20)
    logged = [text for record in caplog.records for text in (record.getMessage(), repr(record.args))]
    assert any("socks5" in text for text in logged)
    assert [text for text in logged if SECRET in text] == []


def _answered(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200)


def test_the_log_of_httpx_can_be_told_to_show_no_queries(caplog: pytest.LogCaptureFixture) -> None:
    """The guide says how: it logs the URL of each request at INFO."""
    caplog.set_level(logging.DEBUG)
    CLIENTS["blocking"](_answered, "send_request", "GET", f"jobs?sig={SECRET}")
    assert SECRET in caplog.text
    caplog.clear()
    caplog.set_level(logging.WARNING, "httpx")
    CLIENTS["blocking"](_answered, "send_request", "GET", f"jobs?sig={SECRET}")
    assert SECRET not in caplog.text


wrong: Any = Notification
CALLBACKS: list[Callable[[], object]] = [
    lambda: Notification.from_request(f"key={SECRET}", {"X-Key": SECRET}, SECRET),
    lambda: Notification.from_request(
        f"id=a&status=success&key={SECRET}", {"Content-Type": "application/json"}, SECRET
    ),
    lambda: Notification.from_request("id=a&status=success", {"Content-Type": "multipart/form-data"}, SECRET),
    lambda: wrong.is_authorized(5, SECRET),
    lambda: Notification.is_authorized({"Authorization": SECRET}, " "),
]


@pytest.mark.parametrize("read", CALLBACKS)
def test_a_callback_that_cannot_be_read_shows_nothing_of_it(
    read: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    """Its query, headers and body, and what it should be authorised by."""
    with pytest.raises(SpeechmaticsError) as caught:
        read()
    texts = shown_of(caught.value) + [record.getMessage() for record in caplog.records]
    assert [text for text in texts if SECRET in text] == []


def test_a_report_shows_no_signed_url() -> None:
    """Where one stands in a field of other values."""
    config = {**ENGLISH, "notification_config": {"url": "https://x/", "contents": [URL]}}
    report = validate_config(config, strict=True)
    assert report.problems
    assert SECRET not in str(report)


def test_a_log_record_can_travel(caplog: pytest.LogCaptureFixture) -> None:
    """Pickled, as a handler of other processes sends it, it has no secret."""
    caplog.set_level(logging.DEBUG, "speechmatics")
    method, (args, options) = CALLS["fetched"]
    with pytest.raises(SpeechmaticsError):
        CLIENTS["blocking"](ANSWERS["400"], method, *args, **options)
    records = [record for record in caplog.records if record.name == "speechmatics"]
    assert records
    assert all(SECRET.encode() not in pickle.dumps(vars(record)) for record in records)
