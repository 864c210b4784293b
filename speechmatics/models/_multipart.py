"""Reads a multipart body whole and byte for byte, and says plainly what is wrong with a broken one.

The standard library's parser of e-mail splits binary content at line ends and passes over damage in silence; a callback
carries audio, and one that was cut off has to be noticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

__all__ = ["MalformedMultipart", "RawPart", "parameters_of", "read_multipart"]

MAX_PART_HEADERS = 8192
"""Bytes of headers that a part may have."""
MAX_BOUNDARY = 70
"""Characters of a boundary (RFC 2046)."""

_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)', re.DOTALL)


class MalformedMultipart(ValueError):
    """The body is not what its boundary promises."""


class RawPart(NamedTuple):
    """A part as it stands in the body; header names are in lower case."""

    headers: Mapping[str, str]
    content: bytes


def parameters_of(header: str) -> tuple[str, dict[str, str]]:
    """The value of a header in lower case, and its parameters, as in `form-data; name="a"; filename*=UTF-8''b`."""
    header = header[:MAX_PART_HEADERS]
    value = header.partition(";")[0].strip().lower()
    parameters: dict[str, str] = {}
    for found in _PARAMETER.finditer(header):
        name, text = found[1].lower(), found[2]
        if text.startswith('"'):
            text = re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
        elif name.endswith("*"):
            name, text = name.removesuffix("*"), unquote(text.rpartition("'")[2], errors="replace")
        parameters[name] = text
    return value, parameters


def read_multipart(body: bytes, boundary: str) -> Iterator[RawPart]:
    """The parts of a body in order.

    Raises:
        MalformedMultipart: There is no part where one should begin, or the body ends before its last delimiter.
    """
    if not 0 < len(boundary) <= MAX_BOUNDARY:
        raise MalformedMultipart("the content type has no usable boundary")
    delimiter = b"--" + boundary.encode("utf-8", "replace")
    at = _first(body, delimiter)
    while True:
        at += len(delimiter)
        if body.startswith(b"--", at):
            return
        line_end = body.find(b"\r\n", at)
        if line_end < 0 or body[at:line_end].strip(b" \t"):
            raise MalformedMultipart("a delimiter is not at the end of its line")
        head_end = body.find(b"\r\n\r\n", line_end, line_end + MAX_PART_HEADERS)
        head = body[line_end:head_end]
        if head_end < 0 or b"\r\n" + delimiter in head:
            raise MalformedMultipart("the headers of a part have no end")
        end = body.find(b"\r\n" + delimiter, head_end + 4)
        if end < 0:
            raise MalformedMultipart("the body is cut off: its last delimiter is missing")
        yield RawPart(_headers(head), body[head_end + 4 : end])
        at = end + 2


def _first(body: bytes, delimiter: bytes) -> int:
    if body.startswith(delimiter):
        return 0
    found = body.find(b"\r\n" + delimiter)
    if found < 0:
        raise MalformedMultipart("the body does not hold the boundary that its content type names")
    return found + 2


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in filter(None, head.decode("utf-8", "replace").split("\r\n")):
        name, colon, value = line.partition(":")
        if not colon:
            raise MalformedMultipart("a header of a part has no colon")
        headers[name.strip().lower()] = value.strip()
    return headers
