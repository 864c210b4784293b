"""Wrong arguments are errors of their own, before anything is sent, and for both clients alike."""

from __future__ import annotations

import io
import mmap
import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

import speechmatics as sm
from tests.servers.both_clients import CLIENTS, Call

CONFIG = {"transcription_config": {"language": "en"}}
NAN = float("nan")
SECRET = "s3cr3t"


class BytesPath:
    """A path in bytes."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __fspath__(self) -> bytes:
        return os.fsencode(self.path)


class NoPath:
    """A class that promises a path."""

    def __fspath__(self) -> str:
        raise RuntimeError("no path today")


class Reader:
    """A file object of which just `read` is known."""

    name = "odd.wav"

    def __init__(self, *given: object) -> None:
        self.given = list(given)

    def read(self, size: int = -1) -> Any:
        if size == 0:
            return b""
        given = self.given.pop(0) if self.given else b""
        if isinstance(given, Exception):
            raise given
        return given


def closed_file() -> io.BytesIO:
    """A file object that is closed."""
    file = io.BytesIO(b"audio")
    file.close()
    return file


class CalledLater:
    """An object whose calls want to be awaited."""

    async def __call__(self, *args: object) -> None:
        """Does nothing."""


async def on_progress(sent: int, total: int | None) -> None:
    """Nobody awaits it."""


def refuse(request: httpx.Request) -> NoReturn:
    """Nothing is to be sent."""
    raise AssertionError(f"{request.method} {request.url} was sent")


@pytest.fixture(params=CLIENTS)
def call(request: pytest.FixtureRequest) -> Call:
    """A client's method, by its name."""
    name: str = request.param
    return CLIENTS[name]


WRONG_AUDIO: list[tuple[object, str]] = [
    ("a\0b.wav", "holds a NUL character"),
    (Path("a\0b.wav"), "holds a NUL character"),
    ("~nosuchuser/x.wav", "no audio file at ~nosuchuser/x.wav: nothing is known of that user's home"),
    ("", "the path of the audio is empty"),
    ("no/such.wav", "there is no audio file at no/such.wav"),
    ("a\ud800.wav", "audio file"),
    (tempfile.gettempdir(), "it is a folder"),
    (NoPath(), "a NoPath that gives no path"),
    ((b"audio",), "two parts, a file name, and bytes or a file object; this one has 1"),
    (("a.wav", b"audio", "audio/wav"), "this one has 3"),
    ((5, b"audio"), "the first part of a tuple of audio is a file name, not int"),
    (("a.wav", Path("b.wav")), "not PosixPath"),
    (5, "must be a path, bytes, a binary file object, .* not int"),
    ([b"audio"], "not list"),
    (CONFIG, "not dict"),
    (None, "there is no audio"),
    (closed_file(), "cannot read the audio file object audio: I/O operation on closed file"),
    (io.StringIO("text"), "in text mode"),
    (Reader("text"), "in text mode"),
    (Reader(None), "non-blocking"),
    (Reader(5), "gives int, not bytes"),
    (Reader(OSError(5, "Input/output error")), r"cannot read the audio file object odd\.wav: Input/output error"),
    (Reader(KeyError(SECRET)), r"cannot read the audio file object odd\.wav: KeyError"),
    (Reader(b""), "is empty"),
    ('{"notification_config": [{"auth_headers": ["Authorization: s3cr3t"]}]}', "JSON text"),
    (
        "https://me:s3cr3t@host/a.wav?X-Amz-Signature=s3cr3t",
        r'"fetch_data": {"url": "https://host/a\.wav"}.* whole URL',
    ),
    (Path("https://host/a.wav"), r'submit_job\(None, {"fetch_data": {"url": "https://host/a\.wav"}'),
    (
        "s3://bucket/a.wav?token=s3cr3t",
        "s3://bucket/a.wav is a URL of s3; the service fetches https URLs by",
    ),
    ("file:///tmp/a.wav", "file:///tmp/a.wav is a URL; give the path"),
]


@pytest.mark.parametrize(("audio", "message"), WRONG_AUDIO, ids=[message[:25] for _, message in WRONG_AUDIO])
def test_wrong_audio(call: Call, audio: Any, message: str) -> None:
    """Is an `AudioError` that says what is right, and repeats no secret."""
    if isinstance(audio, Reader):
        audio = Reader(*audio.given)
    with pytest.raises(sm.AudioError, match=message) as caught:
        call(refuse, "submit_job", audio, CONFIG)
    assert SECRET not in str(caught.value)
    assert SECRET not in str(caught.value.audio)


def test_what_a_file_object_raises_is_the_cause(call: Call) -> None:
    """Before the submission, and within it, when there is no job."""
    trouble = OSError(5, "Input/output error")
    with pytest.raises(sm.AudioNotReadableError) as caught:
        call(refuse, "submit_job", Reader(trouble), CONFIG)
    assert caught.value.__cause__ is trouble
    with pytest.raises(sm.AudioNotReadableError, match="EndOfTheWorld") as caught:
        call(take, "submit_job", Reader(b"audio", type("EndOfTheWorld", (Exception,), {})("no more")), CONFIG)
    assert type(caught.value.__cause__).__name__ == "EndOfTheWorld"


def take(request: httpx.Request) -> httpx.Response:
    """Takes any submission."""
    return httpx.Response(201, json={"id": "j", "sent": request.content.count(b"audio-bytes")})


def odd_audio(folder: Path) -> Iterator[object]:
    """What is audio all the same."""
    path = folder / "a.wav"
    path.write_bytes(b"audio-bytes")
    yield BytesPath(str(path))
    yield Path("named.wav"), b"audio-bytes"
    yield None, io.BytesIO(b"audio-bytes")
    yield memoryview(b"audio-bytes")
    yield Reader(bytearray(b"audio-bytes"))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield mapped
        mapped.seek(0)
        yield "mapped.wav", mapped


def test_what_is_audio_all_the_same(call: Call, tmp_path: Path) -> None:
    """Paths in bytes, names that are paths or none, views, maps of files, and whatever gives bytes."""
    sent: list[int] = []

    def keep(request: httpx.Request) -> httpx.Response:
        answer = take(request)
        sent.append(answer.json()["sent"])
        return answer

    for audio in odd_audio(tmp_path):
        assert call(keep, "submit_job", audio, CONFIG) == "j"
    assert sent == [1] * 7


WRONG_CONFIGS: list[tuple[object, str]] = [
    (None, "not NoneType"),
    (5, "not int"),
    ([], "not list"),
    (b"{}", "not bytes"),
    ("", "the path of the configuration file is empty"),
    ("no/such.json", "no configuration file at no/such.json"),
    ("a\0b.json", "cannot read the configuration file"),
    ("~nosuchuser/x.json", "cannot read the configuration file"),
    (NoPath(), "a NoPath that gives no path"),
    (' {"notification_config": [{"auth_headers": ["Authorization: s3cr3t"]}]}', r"JSON text .*json\.loads"),
]


@pytest.mark.parametrize(("config", "message"), WRONG_CONFIGS)
@pytest.mark.parametrize("method", ["submit_job", "submit_jobs", "transcribe"])
def test_wrong_configurations(call: Call, method: str, config: Any, message: str) -> None:
    """Are `ConfigError`s, and JSON text is not repeated."""
    if method == "transcribe" and config is None:
        return
    audio: object = [__file__] if method == "submit_jobs" else b"audio"
    with pytest.raises(sm.ConfigError, match=message) as caught:
        call(refuse, method, audio, config)
    assert SECRET not in str(caught.value)


WRONG: list[tuple[str, tuple[object, ...], dict[str, object], str]] = [
    *[
        (method, (job_id, *more), {}, message)
        for method, more in [
            ("check_job_status", ()),
            ("get_job_result", ()),
            ("get_job_result", ("txt",)),
            ("wait_for_completion", ()),
            ("delete_job", ()),
            ("get_job_log", ()),
        ]
        for job_id, message in [
            (None, "job_id must be the id of a job as text, such as 'a1b2c3d4e5', not None"),
            (5, "job_id .* not int"),
            (b"j", "job_id .* not bytes"),
            ("", "job_id: '' is not a job id"),
            (" ", "is not a job id"),
            ("a\nb", "is not a job id"),
            ("a\0b", "is not a job id"),
            ("..", "is not a job id"),
            ("\ud800", "is not a job id"),
            ("j" * 100_000, "is not a job id"),
        ]
    ],
    *[
        (method, args, {"timeout": timeout}, message)
        for method, args in [
            ("wait_for_completion", ("j",)),
            ("wait_for_many", (["j"],)),
            ("transcribe", (b"audio",)),
        ]
        for timeout, message in [
            ("5", "timeout must be a number of seconds, or None for no limit, not '5'"),
            (NAN, "timeout must be 0 or more seconds, or None for no limit, not nan"),
            (-1, "timeout must be 0 or more seconds, .* not -1"),
            (float("-inf"), "timeout must be 0 or more"),
            (True, "timeout must be a number of seconds, .* not True"),
            ({1}, "timeout .* not set"),
        ]
    ],
    *[
        (method, ("j",), {"wait": wait}, f"wait must be a whole number from 0 to 86400, not {shown}")
        for method in ("check_job_status", "get_job_result")
        for wait, shown in [("5", "'5'"), (True, "True"), (2.5, "2.5"), (-1, "-1"), (NAN, "nan"), (10**5000, "int")]
    ],
    ("list_jobs", (), {"limit": "5"}, "limit must be a whole number from 1 to 100, not '5'"),
    ("list_jobs", (), {"limit": 0}, "limit must be"),
    ("list_jobs", (), {"limit": True}, "limit must be"),
    ("list_jobs", (), {"created_before": 5}, "created_before must be a datetime, or text of ISO 8601"),
    ("list_jobs", (), {"created_before": "yesterday"}, "created_before .* not 'yesterday'"),
    ("list_jobs", (), {"include_deleted": "yes"}, "include_deleted must be True or False, not 'yes'"),
    ("iter_jobs", (), {"page_size": 0}, "page_size must be a whole number from 1 to 100, not 0"),
    ("iter_jobs", (), {"page_size": "5"}, "page_size must be"),
    ("iter_jobs", (), {"include_deleted": None}, "include_deleted must be True or False, not None"),
    ("wait_for_many", ("abc",), {}, "job_ids is one id; give a list of ids, or use wait_for_completion"),
    ("wait_for_many", (b"abc",), {}, "job_ids is one id"),
    ("wait_for_many", ([None],), {}, "each of job_ids must be the id of a job"),
    ("wait_for_many", (iter([5]),), {}, "job_id must be the id of a job as text, .* not int"),
    ("wait_for_many", (None,), {}, "job_ids must be a list of ids, not None"),
    ("submit_jobs", ("/x.wav", CONFIG), {}, "audio_paths is one path; give a list of paths, or use submit_job"),
    ("submit_jobs", (Path("/x.wav"), CONFIG), {}, "audio_paths is one path"),
    ("submit_jobs", (5, CONFIG), {}, "audio_paths must be a list of paths, not int"),
    ("submit_jobs", ([__file__, 5], CONFIG), {}, "each of audio_paths must be a path, not int"),
    ("submit_jobs", ([io.BytesIO(b"audio")], CONFIG), {}, "each of audio_paths must be a path, not BytesIO"),
    ("submit_jobs", ([__file__], CONFIG), {"concurrency": "5"}, "concurrency must be a whole number from 1 to 50"),
    ("submit_jobs", ([__file__], CONFIG), {"concurrency": 51}, "concurrency must be"),
    ("submit_jobs", ([__file__], CONFIG), {"on_error": 5}, "on_error must be a function, or None, not int"),
    ("delete_job", ("j", "yes"), {}, "force must be True or False, not 'yes'"),
    ("delete_job", ("j",), {"force": None}, "force must be True or False, not None"),
    ("submit_job", (b"audio", CONFIG), {"on_progress": 5}, "on_progress must be a function, or None, not int"),
    (
        "submit_job",
        (b"audio", CONFIG),
        {"on_progress": on_progress},
        "on_progress must be .* not async",
    ),
    ("submit_job", (b"audio", CONFIG), {"on_progress": CalledLater()}, "on_progress must be .* not async"),
    ("transcribe", (b"audio", CONFIG), {"on_status": partial(on_progress, 5)}, "on_status must be .* not async"),
    ("submit_job", (b"audio", CONFIG), {"submission_id": 5}, "submission_id must be text, not int"),
    ("submit_job", (b"audio", CONFIG), {"submission_id": " "}, "submission_id must not be empty"),
    ("submit_job", (b"audio", CONFIG), {"submission_id": "\ud800"}, "submission_id holds half a surrogate pair"),
    ("submit_job", (b"audio", CONFIG), {"look_first": 1}, "look_first must be True or False, not 1"),
    ("transcribe", (b"audio",), {"on_status": 5}, "on_status must be a function"),
    ("transcribe", (b"audio",), {"on_progress": 5}, "on_progress must be a function"),
    ("transcribe", (b"audio",), {"transcription_format": None}, "NoneType is not a transcript format"),
    ("get_job_result", ("j", 5), {}, "int is not a transcript format; use json-v2, txt or srt"),
    ("get_job_result", ("j", "pdf"), {}, "'pdf' is not a transcript format"),
    ("wait_for_completion", ("j", ["txt"]), {}, "list is not a transcript format"),
    ("wait_for_completion", ("j",), {"on_status": 5}, "on_status must be a function"),
    ("get_usage", (5,), {}, "since must be a date of the form YYYY-MM-DD, not 5"),
    ("get_usage", (None, "tomorrow"), {}, "until must be a date of the form YYYY-MM-DD, not 'tomorrow'"),
    ("find_submissions", ("abc", None), {}, "ids is one id"),
    ("find_submissions", ([5], None), {}, "each of ids must be text, not int"),
    ("find_submissions", (["a"], 5), {}, "since must be a datetime, not int"),
    ("find_submissions", ([], "2026-01-01"), {}, "since must be a datetime, not str"),
]


@pytest.mark.parametrize(("method", "args", "options", "message"), WRONG)
def test_wrong_arguments(call: Call, method: str, args: tuple[Any, ...], options: dict[str, Any], message: str) -> None:
    """Are `InvalidInputError`s, which are `ValueError`s too, and say what is right."""
    if method == "wait_for_many" and isinstance(args[0], Iterator):
        args = (iter([5]),)
    with pytest.raises(sm.InvalidInputError, match=message) as caught:
        call(refuse, method, *args, **options)
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 1000


def test_seconds_without_end_are_no_limit(call: Call) -> None:
    """As None is, whatever the number."""

    def done(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"job": {"id": "j", "status": "done"}})

    for timeout in (float("inf"), 1e300, 10**400):
        assert call(done, "wait_for_completion", "j", timeout=timeout).startswith("{")


def test_an_unknown_keyword_is_a_type_error(call: Call) -> None:
    """It names the one that was meant, as no other wrong argument does."""
    with pytest.raises(TypeError, match=r"send_request\(\) got .* keyword argument 'tiemout'; did you mean timeout\?"):
        call(refuse, "send_request", "GET", "jobs", tiemout=3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        call(refuse, "list_jobs", nonsense=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"connection_settings": 5}, "connection_settings must be a ConnectionSettings, a key .* not int"),
        ({"connection_settings": b"s3cr3t"}, "connection_settings must be .* not bytes"),
        (
            {"auth": "s3cr3t"},
            r"auth must be an httpx\.Auth .* not str; a key is given as ConnectionSettings",
        ),
        ({"on_retry": 5}, "on_retry must be a function, or None, not int"),
        ({"parse": "s3cr3t-and-more"}, "parse must be True or False"),
        ({"http_client": "s3cr3t"}, r"http_client must be an httpx\.(Async)?Client, not str"),
    ],
)
def test_wrong_arguments_of_a_client(options: dict[str, Any], message: str) -> None:
    """Are named where the client is made."""
    for client in (sm.BatchClient, sm.AsyncBatchClient):
        with pytest.raises(sm.InvalidInputError, match=message) as caught:
            client(**options)
        assert SECRET not in str(caught.value) or "parse" in options


def test_an_http_client_of_the_other_kind() -> None:
    """Is named with the client that takes it."""
    takes: Any = sm.AsyncBatchClient
    with httpx.Client() as http, pytest.raises(sm.InvalidInputError, match="not Client; BatchClient takes that"):
        takes(http_client=http)
    takes = sm.BatchClient
    with pytest.raises(sm.InvalidInputError, match="not AsyncClient; AsyncBatchClient takes that"):
        takes(http_client=httpx.AsyncClient())


def test_an_error_handler_that_is_async_is_for_the_async_client() -> None:
    """The blocking one has nobody who would await it."""

    async def note(path: object, error: object) -> None:
        """Awaited by the async client."""

    with pytest.raises(sm.InvalidInputError, match="on_error must be a function that is not async"):
        CLIENTS["blocking"](refuse, "submit_jobs", [], CONFIG, on_error=note)
    assert CLIENTS["async"](refuse, "submit_jobs", [], CONFIG, on_error=note) == []
