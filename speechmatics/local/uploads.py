"""Reads a submission while it comes: the audio goes to its file as it is, the configuration to memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import anyio.to_thread
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from speechmatics.local.errors import bad_request, too_large

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["Submission", "receive_submission"]

MAX_CONFIG = 16 * 1024 * 1024
"""Bytes of a configuration at most."""
MAX_HEAD = 64 * 1024
"""Bytes of a part's headers at most."""
_WRITTEN_AT_ONCE = 1024 * 1024
"""Bytes of audio that are kept in memory until they are written."""


@dataclass(slots=True)
class Submission:
    """What a submission holds.

    Attributes:
        config: The configuration's text, or None where there is none.
        file_name: Name of the audio's file, or None where there is no audio.
        size: Bytes of audio.
    """

    config: str | None = None
    file_name: str | None = None
    size: int = 0


async def receive_submission(request: Request, spool: Path, max_bytes: int) -> Submission:
    """Reads a submission, and writes its audio to `spool`; a file that is made stays there, after errors too.

    Args:
        request: The request.
        spool: Where the audio goes.
        max_bytes: Bytes of audio at most.

    Raises:
        ApiError: 400, it is not as multipart/form-data is; 413, it is too large, which is said while it comes.
    """
    promised = request.headers.get("Content-Length", "")
    if promised.isdecimal() and int(promised) > max_bytes + MAX_CONFIG:
        raise too_large(max_bytes)
    parts = _Parts(spool)
    kind, options = parse_options_header(request.headers.get("Content-Type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise _malformed("a body of multipart/form-data with its boundary is needed")
    try:
        parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": parts.begin,
                "on_header_field": parts.add_header_name,
                "on_header_value": parts.add_header_value,
                "on_header_end": parts.end_header,
                "on_headers_finished": parts.open,
                "on_part_data": parts.add,
                "on_end": parts.end,
            },
        )
        received = 0
        async for chunk in request.stream():
            parser.write(chunk)
            received += len(chunk)
            # Parts that are passed over end too.
            if parts.submission.size > max_bytes or received > max_bytes + MAX_CONFIG:
                raise too_large(max_bytes)
            if len(parts.pending) >= _WRITTEN_AT_ONCE:
                await anyio.to_thread.run_sync(parts.flush)
        if not parts.has_ended:
            raise _malformed("the body ends before its closing boundary")
        parts.flush()
    except MultipartParseError as error:
        raise _malformed(str(error)) from None
    finally:
        parts.close()
    return parts.submission


class _Parts:
    """What the parser of a body calls."""

    def __init__(self, spool: Path) -> None:
        self.submission = Submission()
        self.pending = bytearray()
        self.has_ended = False
        self._spool = spool
        self._file: IO[bytes] | None = None
        self._config = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._head_size = 0
        self._header = (bytearray(), bytearray())
        self._name: bytes | None = None

    def begin(self) -> None:
        self._headers = {}
        self._head_size = 0
        self._header = (bytearray(), bytearray())

    def add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._extend(self._header[0], data[start:end])

    def add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._extend(self._header[1], data[start:end])

    def end_header(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def open(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._name = options.get(b"name")
        if self._name == b"data_file":
            if self._file is not None:
                raise _malformed("data_file is given twice")
            self.submission.file_name = options.get(b"filename", b"").decode("utf-8", "replace")
            self._file = self._spool.open("wb")
        elif self._name == b"config":
            if self.submission.config is not None:
                raise _malformed("config is given twice")
            self.submission.config = ""

    def add(self, data: bytes, start: int, end: int) -> None:
        if self._name == b"data_file":
            self.pending += memoryview(data)[start:end]
            self.submission.size += end - start
        elif self._name == b"config":
            self._config += memoryview(data)[start:end]
            if len(self._config) > MAX_CONFIG:
                raise too_large(MAX_CONFIG)

    def end(self) -> None:
        self.has_ended = True
        if self.submission.config is not None:
            try:
                self.submission.config = self._config.decode()
            except UnicodeDecodeError:
                raise _malformed("config in body: it is not text in UTF-8") from None

    def flush(self) -> None:
        if self._file is not None:
            self._file.write(self.pending)
            self.pending.clear()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _extend(self, text: bytearray, more: bytes) -> None:
        text += more
        self._head_size += len(more)
        if self._head_size > MAX_HEAD:
            raise _malformed("the headers of a part are too long")


def _malformed(detail: str) -> Exception:
    return bad_request(detail, error="Malformed request")
