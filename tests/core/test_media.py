"""The audio argument: what is taken, what is refused before anything is sent, and the body that goes out."""

from __future__ import annotations

import email.parser
import email.policy
import io
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmatics import AudioError, AudioNotReadableError
from speechmatics._core.audio import CHUNK_SIZE, Audio
from speechmatics._core.audio_input import open_audio
from speechmatics._core.media import MultipartBody


def read_back(body: MultipartBody) -> dict[str, tuple[str | None, str, bytes]]:
    """File name, type and content of each part, as another's parser reads them."""
    header = f"Content-Type: {body.headers['Content-Type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(header + b"".join(body))
    parts: dict[str, tuple[str | None, str, bytes]] = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = part.get_param("name", header="Content-Disposition")
        parts[str(name)] = part.get_filename(), part.get_content_type(), content
    return parts


class Reader:
    """A stream with nothing but `read`, as an answer of another library may be."""

    def __init__(self, content: bytes) -> None:
        self.inside = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self.inside.read(size)


open_anything: Callable[..., Audio] = open_audio


@given(st.binary(min_size=1, max_size=1000), st.integers(0, 999), st.sampled_from(["bytes", "tuple", "stream", "path"]))
def test_a_body_holds_both_parts_and_its_length_is_true(content: bytes, position: int, form: str) -> None:
    """Whatever the bytes and wherever a file object stands; and it can be sent again."""
    position %= len(content)
    stream = io.BytesIO(content)
    stream.seek(position)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "call.MP3"
        path.write_bytes(content)
        forms: dict[str, object] = {
            "bytes": content,
            "tuple": ("call.mp3", bytearray(content)),
            "stream": ("call.mp3", stream),
            "path": path,
        }
        body = MultipartBody('{"type": "transcription"}', open_anything(forms[form]))
        sent = b"".join(body)
        assert len(sent) == body.length == int(body.headers["Content-Length"])
        assert b"".join(body) == sent
        parts = read_back(body)
    assert parts["config"] == (None, "application/json", b'{"type": "transcription"}')
    _, content_type, data = parts["data_file"]
    assert content_type == ("application/octet-stream" if form == "bytes" else "audio/mpeg")
    assert data == (content[position:] if form == "stream" else content)


def test_a_body_without_audio() -> None:
    """Has the configuration alone."""
    body = MultipartBody("{}", None)
    assert set(read_back(body)) == {"config"}
    assert len(b"".join(body)) == body.length
    assert repr(body) == f"MultipartBody(audio=None, length={body.length})"


def test_a_stream_without_a_size_goes_in_chunks() -> None:
    """It has no length, arrives whole, and stays below the limit or fails on the way."""
    content = os.urandom(CHUNK_SIZE * 2 + 1)
    body = MultipartBody("{}", open_anything(("x.wav", Reader(content))))
    assert body.length is None
    assert "Content-Length" not in body.headers
    assert content in b"".join(body)
    body = MultipartBody("{}", open_anything(Reader(content), limit=CHUNK_SIZE * 2))
    with pytest.raises(AudioError, match=f"must stay below {CHUNK_SIZE * 2}"):
        b"".join(body)
    with pytest.raises(AudioError, match="audio is empty"):
        open_anything(Reader(b""))


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.wav", "audio/wav"),
        ("a.MP4", "video/mp4"),
        ("a.flac", "audio/flac"),
        ("a.xyz", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_content_type_is_this_package_s_own(name: str, content_type: str) -> None:
    """Whatever the machine's tables say."""
    assert open_audio((name, b"x")).content_type == content_type


@pytest.mark.parametrize(
    "name", ["plain.wav", "Grüße 日本.wav", 'quoted "x".wav', "back\\slash.wav", "new\r\nline.wav", "broken\udcff.wav"]
)
def test_no_file_name_breaks_the_body(name: str) -> None:
    """Line breaks and quotes stay inside the name; what is not text is replaced."""
    body = MultipartBody("{}", open_audio((name, b"audio")))
    head = b"".join(body).split(b"audio")[0].decode()
    assert len(b"".join(body)) == body.length
    lines = [line for line in head.split("\r\n") if "data_file" in line]
    shown = name.replace("\\", "\\\\").replace('"', '\\"').replace("\r\n", "%0D%0A").replace("\udcff", "?")
    assert lines == [f'Content-Disposition: form-data; name="data_file"; filename="{shown}"']


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (3, "must be a path, bytes, a binary file object, .* not int"),
        (("a.wav", "text"), "not str"),
        (("a.wav", b"x", "audio/wav"), "has two parts"),
        (io.StringIO("text"), "in text mode"),
        (io.BytesIO(b""), "audio is empty"),
        (b"x" * 10, "audio has 10 bytes, and an upload must stay below 10"),
        ("/dev/null", "is no regular file"),
    ],
)
def test_what_is_not_audio_is_refused(audio: object, message: str) -> None:
    """Before anything is sent; the message says what would be taken."""
    with pytest.raises(AudioError, match=message):
        open_anything(audio, limit=10)


def test_a_file_object_that_cannot_be_read(tmp_path: Path) -> None:
    """One that is open for writing, and one that is closed."""
    with (tmp_path / "a.wav").open("wb") as writing:
        with pytest.raises(AudioNotReadableError, match=r"cannot read the audio file object a\.wav"):
            open_anything(writing)
    with (tmp_path / "a.wav").open("rb") as reading:
        pass
    with pytest.raises(AudioNotReadableError, match=r"cannot read the audio file object a\.wav: .*closed"):
        open_audio(reading)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="sockets have paths where there are such sockets")
def test_a_socket_is_no_audio_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is whatever else is no regular file; the message says so."""
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("audio.wav")
        with pytest.raises(AudioError, match=r"audio\.wav is no regular file"):
            open_audio("audio.wav")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only POSIX has pipes with names")
def test_a_named_pipe_does_not_wait_for_its_writer(tmp_path: Path) -> None:
    """It is refused by its path, and taken as a file object."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(AudioError, match="give the file object"):
        open_audio(tmp_path / "pipe")


def test_a_file_object_beyond_its_end_is_empty() -> None:
    """There is nothing from where it stands."""
    stream = io.BytesIO(b"audio")
    stream.seek(10)
    with pytest.raises(AudioError, match="is empty"):
        open_audio(stream)


def test_a_file_that_vanishes_before_it_is_sent(tmp_path: Path) -> None:
    """The error names it."""
    path = tmp_path / "a.wav"
    path.write_bytes(b"audio")
    audio = open_audio(path)
    path.unlink()
    with pytest.raises(AudioNotReadableError, match=r"cannot read .*a\.wav: No such file"):
        list(audio.chunks())


def test_the_name_of_a_file_object_is_used_where_it_is_one(tmp_path: Path) -> None:
    """A descriptor's number is no name."""
    path = tmp_path / "call.wav"
    path.write_bytes(b"audio")
    with path.open("rb") as file:
        assert open_audio(file).name == "call.wav"
    with os.fdopen(os.open(path, os.O_RDONLY), "rb") as file:
        assert open_audio(file).name == "audio"


def test_a_stream_that_cannot_be_rewound_is_sent_once() -> None:
    """A second time is an error, and not a body without its beginning."""
    body = MultipartBody("{}", open_anything(Reader(b"audio")))
    assert b"audio" in b"".join(body)
    assert not body.replayable
    with pytest.raises(AudioError, match="cannot be rewound"):
        b"".join(body)


def test_progress_is_told_each_time_from_the_beginning() -> None:
    """Bytes so far, and in all where that is known."""
    told: list[tuple[int, int | None]] = []

    def tell(sent: int, total: int | None) -> None:
        told.append((sent, total))

    size = CHUNK_SIZE + 5
    body = MultipartBody("{}", open_audio(bytes(size)), tell)
    for _ in range(2):
        list(body)
    assert told == [(CHUNK_SIZE, size), (size, size)] * 2
    told.clear()
    list(MultipartBody("{}", open_anything(Reader(b"audio")), tell))
    assert told == [(5, None)]


def test_a_repr_holds_no_audio() -> None:
    """Neither bytes nor what has been read of a stream."""
    for audio in (open_audio(b"very loud"), open_anything(Reader(b"very loud"))):
        assert "loud" not in repr(audio)
        assert "loud" not in repr(MultipartBody("{}", audio))
