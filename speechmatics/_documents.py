"""Documents: how a file is read, what bytes are that should be JSON, and what an object that should be a transcript."""

from __future__ import annotations

import errno
import stat
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping
from pathlib import Path

__all__ = ["as_utf8", "content_of", "unlike_json", "unlike_transcript"]

_PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2"}
"""How packed data begins, and by what it is packed."""

_REAL_TIME = frozenset(
    [
        "AddPartialTranscript",
        "AddPartialTranslation",
        "AddTranscript",
        "AddTranslation",
        "AudioAdded",
        "AudioEventEnded",
        "AudioEventStarted",
        "EndOfTranscript",
        "EndOfUtterance",
        "RecognitionStarted",
        "SpeakersResult",
    ]
)
"""Messages of the real-time API; an `AddTranscript` has `results` too, of a few seconds."""


def content_of(path: Path) -> bytes:
    """The bytes of a regular file; of a pipe or a device, which may be silent or endless, nothing is read.

    Raises:
        OSError: There is no such file, or it cannot be read; `strerror` says why.
    """
    kind = path.stat().st_mode
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(kind):
        raise OSError(errno.EINVAL, "it is no regular file")
    return path.read_bytes()


def as_utf8(data: str | bytes | bytearray) -> bytes:
    """The bytes of a document, without a byte order mark of UTF-8.

    Raises:
        ValueError: It is text that holds half a surrogate pair, which has no form in UTF-8.
    """
    if isinstance(data, str):
        try:
            data = data.encode()
        except UnicodeEncodeError:
            raise ValueError("it holds half a surrogate pair") from None
    return bytes(data).removeprefix(BOM_UTF8)


def unlike_json(data: bytes) -> str | None:
    """What bytes are that are no JSON in UTF-8, where that is known; None otherwise."""
    start = data[:1000].lstrip()
    if not start:
        return "there is nothing in it"
    for magic, program in _PACKED.items():
        if data.startswith(magic):
            return f"it is packed by {program}"
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b"\0" in data[:4]:
        return "it is text in UTF-16 or UTF-32, and JSON is in UTF-8"
    if start.startswith(b"<"):
        return "it is XML or a page of HTML"
    try:
        data.decode()
    except UnicodeDecodeError:
        return "it is not text in UTF-8"
    return None


def unlike_transcript(data: Mapping[str, object]) -> str | None:
    """What an object is that is no json-v2 transcript, where that is known; None otherwise."""
    message = data.get("message")
    if isinstance(message, str) and message in _REAL_TIME:
        return f"it is a message of the real-time API ({message})"
    if "results" in data:
        return None
    if isinstance(data.get("words"), list):
        return "it is a transcript in the json format of version 1; json-v2 is what is read here"
    if isinstance(data.get("jobs"), list):
        return "it is a list of jobs"
    if isinstance(data.get("job"), dict) and "metadata" not in data:
        return "it is the details of a job"
    if {"code", "error"} <= data.keys():
        return "it is an error of the API"
    return None
