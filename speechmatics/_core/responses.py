"""Answers that are read up to a limit: a small body may unpack to gigabytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from speechmatics.exceptions import InvalidResponseError, ResponseTooLargeError

__all__ = ["ACCEPT_ENCODING", "BoundedResponse"]

ACCEPT_ENCODING = "gzip, deflate"
"""How answers may be packed: others unpack so much at once that no limit could hold."""
_KNOWN = frozenset({"identity", *ACCEPT_ENCODING.split(", ")})


class BoundedResponse(httpx.Response):
    """An answer whose body, unpacked, has a limit.

    Args:
        max_bytes: The limit; None for none.
        *args: As `httpx.Response`.
        **options: As `httpx.Response`.
    """

    def __init__(self, *args: Any, max_bytes: int | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._max_bytes = max_bytes

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """As httpx's.

        Raises:
            ResponseTooLargeError: There are more bytes than the limit.
            InvalidResponseError: The body is packed in a way that was not asked for.
        """
        self._check_encoding()
        count = 0
        for part in super().iter_bytes(chunk_size):
            count += len(part)
            self._check_size(count)
            yield part

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """As `iter_bytes`."""
        self._check_encoding()
        count = 0
        async for part in super().aiter_bytes(chunk_size):
            count += len(part)
            self._check_size(count)
            yield part

    def _check_encoding(self) -> None:
        encodings = self.headers.get_list("Content-Encoding", split_commas=True)
        if len(encodings) > 1:
            raise InvalidResponseError(f"the answer is packed {len(encodings)} times, which was not asked for")
        for encoding in encodings:
            if encoding.lower() not in _KNOWN:
                raise InvalidResponseError(f"the answer is packed as {encoding!r}, which was not asked for")

    def _check_size(self, count: int) -> None:
        if self._max_bytes is not None and count > self._max_bytes:
            raise ResponseTooLargeError(
                f"the answer has more than {self._max_bytes} bytes, the limit that the setting max_response_bytes moves"
            )
