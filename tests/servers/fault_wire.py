"""What the server of faults reads and sends, as bytes."""

from __future__ import annotations

import hashlib
import re
import select
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tests.servers.fault_rules import Ending, Rule

__all__ = ["Body", "Upload", "Wire", "status_line"]

PIECE = 256 * 1024
"""Bytes of a request's body that are read at once."""
HEAD_PIECE = 4096
"""Bytes that are read at once until a head is complete."""


@dataclass
class Body:
    """How much of a request's body is still to come: `left` bytes, of the whole or of a chunk."""

    length: int
    left: int
    is_chunked: bool
    is_over: bool = False


class Wire:
    """A connection: reads requests, sends answers, and comes to an end in several ways.

    Args:
        connection: Its socket.
        pause: Waits for some seconds, and raises `OSError` when the server closes meanwhile.
    """

    def __init__(self, connection: socket.socket, pause: Callable[[float], None]) -> None:
        self._connection = connection
        self._pause = pause
        self._pending = bytearray()

    def read_head(self) -> str | None:
        """The head of the next request, or None when the client has gone."""
        while (end := self._pending.find(b"\r\n\r\n")) < 0:
            if not (data := self._connection.recv(HEAD_PIECE)):
                return None
            self._pending += data
        return self._take(end + 4).decode("latin-1")

    def read_body(self, body: Body, rule: Rule) -> Iterator[bytes]:
        """The rest of a request's body, or as much as a rule lets be read, in the rule's time."""
        at_most = PIECE if not rule.read_pause else rule.read_bytes
        allowed = float("inf") if rule.early is None else rule.early
        if rule.drop == "during_body":
            allowed = 1 if body.is_chunked else body.length // 2
        while allowed > 0 and (piece := self._read_piece(body, int(min(at_most, allowed)))):
            allowed -= len(piece)
            yield piece
            self._pause(rule.read_pause)

    def _read_piece(self, body: Body, at_most: int) -> bytes:
        if body.is_chunked and not body.left and not body.is_over:
            body.left = int(self._read_line().partition(b";")[0], 16)
            if not body.left:
                body.is_over = True
                while self._read_line():
                    pass
        if not body.left:
            return b""
        at_most = min(at_most, body.left)
        piece = self._take(at_most) if self._pending else self._receive(at_most)
        body.left -= len(piece)
        if body.is_chunked and not body.left:
            self._read_line()
        return piece

    def _read_line(self) -> bytes:
        while (end := self._pending.find(b"\r\n")) < 0:
            self._pending += self._receive(HEAD_PIECE)
        return self._take(end + 2)[:-2]

    def _receive(self, at_most: int) -> bytes:
        data = self._connection.recv(at_most)
        if not data:
            raise ConnectionAbortedError
        return data

    def _take(self, count: int) -> bytes:
        taken = bytes(self._pending[:count])
        del self._pending[:count]
        return taken

    def send_informational(self, status: int) -> None:
        """Sends an answer that another one follows."""
        self._connection.sendall(f"{status_line(status)}\r\n".encode())

    def send(self, head: bytes, body: bytes, rule: Rule) -> None:
        """Sends an answer in the rule's time."""
        if not rule.drip_head and not rule.drip_body:
            self._connection.sendall(head + body)
            return
        self._drip(head, rule.drip_head, rule.drip_bytes)
        self._drip(body, rule.drip_body, rule.drip_bytes)

    def _drip(self, data: bytes, pause: float, count: int | None) -> None:
        dripping = 0 if not pause else len(data) if count is None else min(count, len(data))
        for position in range(dripping):
            self._pause(pause)
            self._connection.sendall(data[position : position + 1])
        self._connection.sendall(data[dripping:])

    def wait_until_gone(self) -> None:
        """Reads without an answer until the client goes away."""
        while self._connection.recv(PIECE):
            pass

    def end(self, ending: Ending) -> None:
        """Ends the connection: by a RST, by a FIN, or by leaving it to the client."""
        if ending == "reset":
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif ending == "stop":
            _wait_until_hung_up(self._connection)
        elif ending == "close":
            # Closing with bytes unread would be a reset. The methods of the base class send no goodbye of TLS.
            socket.socket.shutdown(self._connection, socket.SHUT_WR)
            while socket.socket.recv(self._connection, PIECE):
                pass


@dataclass
class _Part:
    name: str
    filename: str | None
    content: bytearray = field(default_factory=bytearray)
    digest: Any = field(default_factory=hashlib.sha256)
    length: int = 0

    def add(self, data: bytes) -> None:
        self.length += len(data)
        self.digest.update(data)
        if self.name != "data_file":
            self.content += data


class Upload:
    """Reads a multipart body as it comes, and keeps the audio's digest only.

    Args:
        content_type: The request's `Content-Type`.
    """

    def __init__(self, content_type: str) -> None:
        boundary = re.search('multipart/form-data.*boundary="?([^";]+)', content_type)
        self.is_complete = False
        self.parts: dict[str, _Part] = {}
        self._delimiter = b"\r\n--" + boundary[1].encode() if boundary else None
        self._pending = bytearray(b"\r\n")
        self._part: _Part | None = None
        self._in_header = False

    def feed(self, data: bytes) -> None:
        """Takes the next bytes of the body."""
        if self._delimiter is None or self.is_complete:
            return
        self._pending += data
        while self._advance(self._delimiter):
            pass

    def _advance(self, delimiter: bytes) -> bool:
        if self._in_header:
            if self._pending.startswith(b"--"):
                self.is_complete = True
                return False
            return self._start_part()
        position = self._pending.find(delimiter)
        content = position if position >= 0 else max(0, len(self._pending) - len(delimiter) + 1)
        if self._part is not None:
            self._part.add(bytes(self._pending[:content]))
        del self._pending[:content]
        if position < 0:
            return False
        del self._pending[: len(delimiter)]
        self._in_header = True
        return True

    def _start_part(self) -> bool:
        end = self._pending.find(b"\r\n\r\n")
        if end < 0:
            return False
        header = self._pending[:end].decode()
        del self._pending[: end + 4]
        name = re.search(r'[; ]name="([^"]*)"', header)
        filename = re.search(r'filename="([^"]*)"', header)
        self._part = _Part(name[1] if name else "", filename[1] if filename else None)
        self.parts[self._part.name] = self._part
        self._in_header = False
        return True


def _wait_until_hung_up(connection: socket.socket) -> None:
    poll = select.poll()
    poll.register(connection, getattr(select, "POLLRDHUP", 0))
    poll.poll()


def status_line(status: int) -> str:
    """The first line of an answer."""
    known = {item.value: item.phrase for item in HTTPStatus}
    return f"HTTP/1.1 {status} {known.get(status, 'Status')}\r\n"
