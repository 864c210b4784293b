"""Callbacks of every form are read; broken ones are a named error."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from examples.receive_notifications import make_server
from speechmatics import InvalidInputError, InvalidResponseError, JobDetails, JobInfo, Notification, NotificationPart
from speechmatics.models import NotificationStatus

QUERY = "id=a1b2c3d4e5&status=success"
TRANSCRIPT: dict[str, Any] = {
    "format": "2.9",
    "job": {"id": "a1b2c3d4e5"},
    "results": [{"type": "word", "start_time": 0, "end_time": 1, "alternatives": [{"content": "Hello"}]}],
    "new_field": None,
}
JOB = {"id": "a1b2c3d4e5", "status": "done", "created_at": "2026-01-09T12:29:01Z", "data_name": "a.wav", "duration": 3}
TEXT = "SPEAKER: S1\nHellö.\n"
SRT = "1\n00:00:00,000 --> 00:00:01,000\nHello.\n\n"
AUDIO = bytes(range(256)) + b"\r\n--\r\n\r\n--b\r\r\n\n"
BOUNDARY = "6f1C0b7D9e"

Part = tuple[str, bytes]


def multipart(*parts: Part, boundary: str = BOUNDARY) -> bytes:
    """A body as the service writes it; each part is its headers but the last line end, and its content."""
    lines = [f"--{boundary}\r\n{headers}\r\n\r\n".encode() + content + b"\r\n" for headers, content in parts]
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


def attachment(name: str, content: bytes, content_type: str = "application/octet-stream") -> Part:
    """A named file."""
    return f'Content-Disposition: form-data; name="{name}"; filename="{name}"\r\nContent-Type: {content_type}', content


FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "User-Agent": "Speechmatics-API/2.0"}


def as_bytes(value: object) -> bytes:
    """JSON text."""
    return json.dumps(value).encode()


def test_a_single_json_item_is_the_body() -> None:
    """The transcript or the job, told apart by what they hold."""
    headers = {"content-type": "application/json; charset=utf-8"}
    notification = Notification.from_request(QUERY, headers, as_bytes(TRANSCRIPT))
    assert (notification.id, notification.status) == ("a1b2c3d4e5", NotificationStatus.SUCCESS)
    assert notification.is_success
    assert notification.transcript is not None
    assert notification.transcript.to_dict() == TRANSCRIPT
    assert notification.others == []
    vendor = {"Content-Type": "application/vnd.speechmatics.v2+json"}
    assert Notification.from_request(QUERY, vendor, as_bytes(TRANSCRIPT)).transcript == notification.transcript


@pytest.mark.parametrize("body", [JOB, {"job": JOB}])
def test_jobinfo_is_typed(body: dict[str, Any]) -> None:
    """With a status it is `JobDetails`, wrapped or not; without one it is the shorter `JobInfo`."""
    headers = {"Content-Type": "application/json"}
    notification = Notification.from_request(f"{QUERY[:-7]}fetch_error", headers, as_bytes(body))
    assert notification.status is NotificationStatus.FETCH_ERROR
    assert not notification.is_success
    assert isinstance(notification.jobinfo, JobDetails)
    assert notification.jobinfo.to_dict() == JOB
    short = {name: value for name, value in JOB.items() if name != "status"}
    shorter = Notification.from_request(QUERY, headers, as_bytes(short)).jobinfo
    assert isinstance(shorter, JobInfo)
    assert shorter.to_dict() == short


@pytest.mark.parametrize("content_type", ["text/plain", "text/plain; charset=utf-8", 'text/plain; charset="UTF-8"'])
def test_a_single_text_item_is_the_body(content_type: str) -> None:
    """Text and SRT share a content type and are told apart by their form."""
    headers = {"Content-Type": content_type}
    assert Notification.from_request(QUERY, headers, TEXT.encode()).txt == TEXT
    notification = Notification.from_request(QUERY, headers, SRT.encode())
    assert (notification.txt, notification.srt) == (None, SRT)


def test_text_in_latin_1_is_read_as_it_says() -> None:
    """And text in UTF-8 with a byte order mark without the mark."""
    headers = {"Content-Type": "text/plain; charset=ISO-8859-1"}
    assert Notification.from_request(QUERY, headers, TEXT.encode("latin-1")).txt == TEXT
    headers = {"Content-Type": "text/plain"}
    assert Notification.from_request(QUERY, headers, TEXT.encode("utf-8-sig")).txt == TEXT


def test_an_empty_body_says_just_how_the_job_ended() -> None:
    """As `contents: []` asks for."""
    notification = Notification.from_request("id=a&status=trim_error", {}, b"")
    assert notification.to_dict() == {
        "id": "a",
        "status": "trim_error",
        "query": {"id": ["a"], "status": ["trim_error"]},
    }


def test_several_items_are_attachments() -> None:
    """Each is typed by its name; bytes come through untouched; what is unknown is kept."""
    body = multipart(
        attachment("transcript.json-v2", as_bytes(TRANSCRIPT), "application/json"),
        attachment("transcript.txt", TEXT.encode(), "text/plain"),
        attachment("transcript.srt", SRT.encode(), "text/plain"),
        attachment("jobinfo", as_bytes({"job": JOB}), "application/json"),
        attachment("data", AUDIO),
        attachment("text", b"Hello."),
        attachment("transcript.docx", b"PK\x03\x04"),
        ("X-Nothing: known", b""),
    )
    notification = Notification.from_request(QUERY, FORM, body)
    assert notification.transcript is not None
    assert notification.transcript.to_dict() == TRANSCRIPT
    assert (notification.txt, notification.srt, notification.text) == (TEXT, SRT, "Hello.")
    assert isinstance(notification.jobinfo, JobDetails)
    assert notification.data == NotificationPart(
        name="data", filename="data", content_type="application/octet-stream", content=AUDIO
    )
    assert [(part.name, part.content) for part in notification.others] == [
        ("transcript.docx", b"PK\x03\x04"),
        (None, b""),
    ]


def test_the_data_file_of_old_is_the_transcript() -> None:
    """Where no `contents` are asked for; should it be something else, it is that."""
    for content_type in ("application/octet-stream", "application/json"):
        body = multipart(attachment("data_file", as_bytes(TRANSCRIPT), content_type))
        notification = Notification.from_request(QUERY, FORM, body)
        assert notification.transcript is not None
        assert notification.transcript.to_dict() == TRANSCRIPT
    notification = Notification.from_request(QUERY, FORM, multipart(attachment("data_file", AUDIO)))
    assert notification.data is not None
    assert notification.data.content == AUDIO
    text = multipart(attachment("data_file", TEXT.encode(), "text/plain"))
    assert Notification.from_request(QUERY, FORM, text).txt == TEXT


def test_the_same_item_twice_is_kept_twice() -> None:
    """The first is typed, the second is among the others."""
    part = attachment("transcript", as_bytes(TRANSCRIPT))
    notification = Notification.from_request(QUERY, FORM, multipart(part, part))
    assert notification.transcript is not None
    assert [other.name for other in notification.others] == ["transcript"]


@pytest.mark.parametrize(
    ("headers", "body", "others"),
    [
        ({"Content-Type": "application/json"}, b"[1, 2]", 1),
        ({"Content-Type": "application/json"}, b'{"code": 500}', 1),
        ({"Content-Type": "application/pdf"}, b"%PDF", 1),
        ({}, b"?", 1),
        ({"Content-Type": "audio/wav"}, AUDIO, 0),
    ],
)
def test_an_unknown_body_is_kept(headers: dict[str, str], body: bytes, others: int) -> None:
    """As it came, with what its sender calls it."""
    notification = Notification.from_request(QUERY, headers, body)
    kept = notification.others[0] if others else notification.data
    assert kept == NotificationPart(content_type=headers.get("Content-Type"), content=body)


@pytest.mark.parametrize(
    "query",
    [
        QUERY,
        f"?{QUERY}",
        f"/callback?{QUERY}",
        f"https://example.com/callback?{QUERY}#top",
        f"token=t&id=mine&{QUERY}",
        QUERY.encode(),
        {"id": "a1b2c3d4e5", "status": "success"},
        {"id": ["mine", "a1b2c3d4e5"], "status": ["success"]},
    ],
)
def test_a_query_in_any_shape(query: Any) -> None:
    """Text, path, URL, bytes or mapping; the service's own parameters come last, the others are kept."""
    notification = Notification.from_request(query, {}, b"")
    assert (notification.id, notification.status) == ("a1b2c3d4e5", "success")
    assert notification.query["id"][-1] == "a1b2c3d4e5"


def headers_of_http_server() -> Message:
    """What `http.server` gives its handlers."""
    message = Message()
    message["content-type"] = "text/plain"
    return message


@pytest.mark.parametrize(
    "headers",
    [
        {"CONTENT-TYPE": "text/plain"},
        [("Content-Type", "text/plain")],
        [(b"content-type", b"text/plain")],
        headers_of_http_server(),
    ],
)
def test_headers_in_any_shape(headers: Any) -> None:
    """A mapping, pairs, pairs of bytes, or an e-mail message."""
    assert Notification.from_request(QUERY, headers, b"Hi.").txt == "Hi."


def test_a_status_to_come_is_kept() -> None:
    """As a plain string."""
    assert Notification.from_request("id=a&status=paused", {}, b"").status == "paused"


def test_a_notification_goes_through_a_queue() -> None:
    """Its JSON holds all of it, the audio in base64."""
    body = multipart(
        attachment("transcript", as_bytes(TRANSCRIPT)), attachment("data", AUDIO), attachment("jobinfo", as_bytes(JOB))
    )
    notification = Notification.from_request(QUERY, FORM, body)
    assert Notification.from_json(notification.to_json()) == notification
    assert Notification.model_validate(notification.to_dict()) == notification


def test_content_and_query_are_not_in_the_repr() -> None:
    """The audio is large, and the customer's own parameters may be secret."""
    notification = Notification.from_request(f"token=hush&{QUERY}", FORM, multipart(attachment("data", b"loud")))
    assert "hush" not in repr(notification)
    assert "loud" not in repr(notification)


@pytest.mark.parametrize(
    ("query", "headers", "body", "message"),
    [
        ("status=success", {}, b"", "no id"),
        ("id=a", {}, b"", "no status"),
        ("id=&status=", {}, b"", "no id"),
        (QUERY, {"Content-Length": "10"}, b"short", "cut off after 5 of 10 bytes"),
        (QUERY, {"Content-Type": "application/json"}, b"{", "cannot be read"),
        (QUERY, {"Content-Type": "application/json"}, b'{"results": 1}', "results"),
        (QUERY, {"Content-Type": "application/json"}, b'{"job": 1}', "jobinfo"),
        (QUERY, {"Content-Type": "text/plain"}, b"\xff", "utf-8"),
        (QUERY, {"Content-Type": "multipart/form-data"}, b"--", "no usable boundary"),
        (QUERY, {"Content-Type": f"multipart/form-data; boundary={'b' * 71}"}, b"--", "no usable boundary"),
        (QUERY, FORM, b"something else", "does not hold the boundary"),
        (QUERY, FORM, multipart(attachment("data", AUDIO))[:-20], "cut off"),
        (QUERY, FORM, f"--{BOUNDARY}".encode(), "end of its line"),
        (QUERY, FORM, f"--{BOUNDARY}and more\r\n\r\n".encode(), "end of its line"),
        (QUERY, FORM, multipart(("X: " + "y" * 9000, b"")), "headers of a part have no end"),
        (QUERY, FORM, f"--{BOUNDARY}\r\nX: y\r\n--{BOUNDARY}--\r\n\r\n".encode(), "headers of a part have no end"),
        (QUERY, FORM, multipart(("no colon", b"")), "no colon"),
        (QUERY, FORM, multipart(attachment("transcript", b"<html>")), "not a Transcript"),
        (QUERY, FORM, multipart(attachment("jobinfo", b"[]")), "dictionary"),
    ],
)
def test_a_broken_callback_is_a_named_error(query: str, headers: dict[str, str], body: bytes, message: str) -> None:
    """It says what is wrong and carries the body and, where known, the job."""
    with pytest.raises(InvalidResponseError, match=message) as caught:
        Notification.from_request(query, headers, body)
    assert caught.value.body == body
    assert caught.value.job_id == (None if "no id" in message or "no status" in message else "a1b2c3d4e5")


def test_other_writers_of_multipart_are_understood() -> None:
    """A preamble, padding after a delimiter, a quoted boundary, escaped and encoded names, an epilogue."""
    headers = {"Content-Type": 'multipart/form-data; charset=utf-8; boundary="a b"'}
    body = (
        b'preamble\r\n--a b \t\r\ncontent-disposition: FORM-DATA; filename="q\\"uo;te"; name=other\r\n\r\n1\r\n'
        b"--a b\r\nContent-Disposition: form-data; name=last; filename*=UTF-8''n%C3%A9.bin\r\n\r\n\r\n--a b--epilogue"
    )
    first, last = Notification.from_request(QUERY, headers, body).others
    assert (first.name, first.filename, first.content) == ("other", 'q"uo;te', b"1")
    assert (last.name, last.filename, last.content) == ("last", "né.bin", b"")


NAMES = st.sampled_from(["data", "other", "newest", "transcript.txt2"])


@given(st.lists(st.tuples(NAMES, st.binary(max_size=40)), max_size=4))
def test_any_bytes_come_through(parts: list[tuple[str, bytes]]) -> None:
    """Of any content without the boundary, in order."""
    notification = Notification.from_request(QUERY, FORM, multipart(*(attachment(*part) for part in parts)))
    delivered = [part for part in (notification.data, *notification.others) if part is not None]
    assert sorted((str(part.name), part.content) for part in delivered) == sorted(parts)


WHOLE = multipart(
    attachment("transcript", as_bytes(TRANSCRIPT)), attachment("jobinfo", as_bytes(JOB)), attachment("data", AUDIO)
)
PIECES = st.sampled_from(
    [
        b"--" + BOUNDARY.encode(),
        b"--",
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b'Content-Disposition: form-data; name="transcript"',
        b"Content-Disposition: form-data; name*=x'y'%ff",
        b'Content-Disposition: form-data; name="',
        b"Content-Type: text/plain; charset=punycode",
        b"\xff\x00",
        b"{",
        b'{"id": 1}',
        b":",
    ]
)
CONTENT_TYPES = st.sampled_from(
    [
        FORM["Content-Type"],
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="',
        "multipart/mixed;;;",
        "application/json",
        "text/plain; charset=rot13",
        "text/plain; charset=latin1",
        "",
        ";",
    ]
)


def read_or_refuse(query: Any, headers: Any, body: bytes) -> Notification | None:
    """A notification, or None where the input is refused with the error that is documented."""
    try:
        return Notification.from_request(query, headers, body)
    except InvalidResponseError as error:
        assert str(error)
        return None


@given(
    st.text(max_size=40) | st.just(QUERY),
    CONTENT_TYPES | st.text(max_size=60),
    st.lists(PIECES | st.binary(max_size=6)),
)
@example(QUERY, "multipart/form-data; boundary=" + ";" * 5000 + 'a="' * 5000, [b"--"])
@example(
    "id=%00&status=%ff",
    FORM["Content-Type"],
    [b"--", BOUNDARY.encode(), b"\r\n\r\n", b"\r\n--", BOUNDARY.encode(), b"--"],
)
def test_no_request_whatever_breaks_the_reader(query: str, content_type: str, pieces: list[bytes]) -> None:
    """It is read, or refused with `InvalidResponseError`."""
    read_or_refuse(query, {"Content-Type": content_type}, b"".join(pieces))


@given(st.integers(0, len(WHOLE) - 5))
def test_every_cut_is_noticed(length: int) -> None:
    """A body that lacks its end, wherever it stops, is refused; an empty one says nothing."""
    assert read_or_refuse(QUERY, FORM, WHOLE[:length]) is None or length == 0


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, len(WHOLE)), st.binary(max_size=3))
def test_damage_anywhere_is_read_or_refused(start: int, end: int, put: bytes) -> None:
    """Bytes lost, changed or added in a whole body."""
    read_or_refuse(QUERY, FORM, WHOLE[:start] + put + WHOLE[end:])


SECRET = "Bearer s3cr\u00e9t"


@pytest.mark.parametrize(
    ("headers", "authorized"),
    [
        ({"Authorization": SECRET}, True),
        ({"authorization": f" {SECRET} "}, True),
        ([(b"authorization", SECRET.encode())], True),
        ([("Authorization", SECRET.encode().decode("latin-1"))], True),
        ({"Authorization": SECRET.lower()}, False),
        ({"Authorization": SECRET[:-1]}, False),
        ({"Authorization": ""}, False),
        ({"Authorization": "\u20ac\ud800"}, False),
        ([("Authorization", SECRET), ("Authorization", "Bearer other")], False),
        ({"X-Authorization": SECRET}, False),
        ({}, False),
    ],
)
def test_the_authorization_header_is_checked(headers: Any, authorized: bool) -> None:
    """It must be there once and be the expected one, given as a value, a header or a secret."""
    for expected in (SECRET, f"Authorization: {SECRET}", f"authorization:{SECRET}", SecretStr(SECRET)):
        assert Notification.is_authorized(headers, expected) is authorized


@pytest.mark.parametrize("expected", ["", "  ", "Authorization: "])
def test_an_empty_secret_authorizes_nobody(expected: str) -> None:
    """It is an error, not a check that passes."""
    with pytest.raises(InvalidInputError, match="empty"):
        Notification.is_authorized({"Authorization": ""}, expected)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """The example receiver at work, saving below the test's directory."""
    with make_server("127.0.0.1", 0, tmp_path / "saved", "Bearer s3cret") as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield "127.0.0.1", server.server_port
        server.shutdown()
        thread.join()


def call(receiver: tuple[str, int], target: str, body: Any, method: str = "POST", **headers: str) -> int:
    """Makes a callback and returns the status of its answer; a body that is an iterator is sent in chunks."""
    connection = http.client.HTTPConnection(*receiver, timeout=10)
    given_ = {"Authorization": "Bearer s3cret", **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request(method, target, body, given_, encode_chunked=not isinstance(body, bytes))
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_example_receiver_says_why_a_job_failed(
    receiver: tuple[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """As the job's details have it, one reason for each attempt; the shorter information has none."""
    errors = [{"message": "Audio fetch error, http status 418"}, {"timestamp": "2026-01-09T12:29:01Z"}]
    for job in ({**JOB, "status": "rejected", "errors": errors}, {"id": "a1b2c3d4e5", "data_name": "a.wav"}):
        body = as_bytes({"job": job})
        assert call(receiver, "/?id=a1b2c3d4e5&status=fetch_error", body, Content_Type="application/json") == 200
    failed, brief = capsys.readouterr().out.splitlines()
    assert failed.startswith("job a1b2c3d4e5: fetch_error, Audio fetch error, http status 418, for no reason")
    assert brief.startswith("job a1b2c3d4e5: fetch_error, /")


def test_the_example_receiver_saves_what_callbacks_bring(receiver: tuple[str, int], tmp_path: Path) -> None:
    """With POST and PUT, in one piece and in chunks."""
    saved = tmp_path / "saved"
    body = multipart(attachment("transcript", as_bytes(TRANSCRIPT)), attachment("data", AUDIO))
    assert call(receiver, f"/?{QUERY}", body, Content_Type=FORM["Content-Type"]) == 200
    assert json.loads((saved / "a1b2c3d4e5.json").read_bytes()) == TRANSCRIPT
    assert (saved / "a1b2c3d4e5.audio").read_bytes() == AUDIO
    chunks = iter([TEXT.encode()[:5], TEXT.encode()[5:]])
    assert (
        call(receiver, "/x?id=b2&status=success", chunks, "PUT", Content_Type="text/plain", Transfer_Encoding="chunked")
        == 200
    )
    assert (saved / "b2.txt").read_bytes() == TEXT.encode()


def test_the_example_receiver_refuses_strangers_and_nonsense(receiver: tuple[str, int], tmp_path: Path) -> None:
    """A wrong secret, a query without a job, a broken body, an id that is a path; nothing is saved."""
    assert call(receiver, f"/?{QUERY}", b"", Authorization="Bearer other") == 401
    assert call(receiver, "/", b"") == 400
    assert call(receiver, f"/?{QUERY}", b"{", Content_Type="application/json") == 400
    assert call(receiver, "/?id=..%2F..%2Fx&status=success", b"x", Content_Type="text/plain") == 400
    assert call(receiver, f"/?{QUERY}", b"x\r\n", Transfer_Encoding="chunked") == 400
    assert not (tmp_path / "saved").exists()


LAMBDA: list[tuple[Any, Any]] = [
    ({"id": "a1b2c3d4e5", "status": "success"}, {"content-type": "application/json"}),
    ({"id": ["a1b2c3d4e5"], "status": ["success"]}, {"Content-Type": ["application/json"], "X-None": None}),
    ({"id": "a1b2c3d4e5", "status": "success", "flag": None}, {"CONTENT-TYPE": "application/json"}),
    (QUERY, [["Content-Type", "application/json"]]),
    ("?" + QUERY, None),
]


@pytest.mark.parametrize(("query", "headers"), LAMBDA)
def test_a_callback_as_a_lambda_function_gets_it(query: Any, headers: Any) -> None:
    """Text as the body; headers of any case, some of them lists; values of a query that are lists or None."""
    notification = Notification.from_request(query, headers, json.dumps(TRANSCRIPT))
    assert notification.transcript is not None
    assert (notification.id, notification.is_success) == ("a1b2c3d4e5", True)
    assert Notification.from_request(query, headers, None).transcript is None
    if headers is not None:
        assert Notification.is_authorized({"AUTHORIZATION": ["Bearer s3cret"]}, "Bearer s3cret")


@pytest.mark.parametrize("query", [None, "", b"", {}, "/callback", {"id": None}])
def test_a_callback_without_a_query_says_what_it_would_say(query: Any) -> None:
    """Which job it is about, and how that ended: nothing else does."""
    with pytest.raises(InvalidResponseError, match=r"has no query, which says which job it is about \(id\) and how"):
        Notification.from_request(query, {}, "{}")


@pytest.mark.parametrize(
    ("query", "headers", "body", "message"),
    [
        (5, {}, b"", "the query of a callback must be a mapping, or pairs, of text"),
        ({"id": 5}, {}, b"", "the query of a callback"),
        (QUERY, 5, b"", "the headers of a callback must be a mapping, or pairs, of text"),
        (QUERY, {"a": 5}, b"", "the headers of a callback"),
        (QUERY, {5: "a"}, b"", "the headers of a callback"),
        (QUERY, [("a",)], b"", "the headers of a callback"),
        (QUERY, {}, {"job": {}}, "the body of a callback must be bytes or text, not dict"),
    ],
)
def test_what_is_no_request(query: Any, headers: Any, body: Any, message: str) -> None:
    """Is an argument that is wrong."""
    with pytest.raises(InvalidInputError, match=message):
        Notification.from_request(query, headers, body)


@pytest.mark.parametrize("expected", [None, 5, b"Bearer s3cret"])
def test_what_is_expected_is_text(expected: Any) -> None:
    """A variable that is not set lets nobody in."""
    with pytest.raises(InvalidInputError, match="the expected Authorization header must be text or a SecretStr, not"):
        Notification.is_authorized({"Authorization": "None"}, expected)
