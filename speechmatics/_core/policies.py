"""Decisions without I/O: whether and when to ask again, how often to look at a job, how to page through a list."""

from __future__ import annotations

import random
import ssl
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from speechmatics.exceptions import (
    APIStatusError,
    ConnectError,
    ConnectTimeout,
    InvalidResponseError,
    PoolTimeout,
    ProxyError,
    RequestError,
    SpeechmaticsError,
)
from speechmatics.settings import ConnectionSettings

__all__ = [
    "CURSOR_STEP",
    "HELD",
    "JobPager",
    "is_passing",
    "may_have_arrived",
    "next_delay",
    "polling_delay",
    "recovery_delays",
    "retry_after",
    "server_time",
    "wait_seconds",
    "with_zone",
]

PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses of failures that pass."""
REFUSING_STATUSES = frozenset({429, 503})
"""Statuses that say that a request was turned away before it was worked on."""
DISTRUST = ("CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE")
"""Words of OpenSSL's errors of which one stands in each that says that a certificate is missing or not trusted."""
POLLING_SHARE = 0.045
"""Share of the time already waited that passes before the next look: so much later is a job's end seen at most."""
CURSOR_STEP = timedelta(milliseconds=1)
"""What the service's cutting of a time cursor may take from it (specification)."""
HELD = 0.5
"""Seconds from which on an answer counts as held back by a server that honours `wait`."""


def next_delay(
    settings: ConnectionSettings,
    attempt: int,
    elapsed: float,
    error: SpeechmaticsError,
    chance: Callable[[], float] = random.random,
) -> float | None:
    """Seconds until a request that failed is sent again, or None to give up.

    The delay is drawn evenly from 0 to a bound that doubles with each attempt, so that clients which failed together
    do not come back together. A server's `Retry-After` is obeyed on top of it.

    Args:
        settings: `retry_attempts`, `retry_delay`, `retry_delay_max` and `retry_total` count.
        attempt: Requests sent so far, 1 or more.
        elapsed: Seconds since the first of them began.
        error: How the last one failed.
        chance: A number from 0 to 1, drawn anew for each delay.
    """
    if attempt >= settings.retry_attempts:
        return None
    delay = chance() * min(settings.retry_delay_max, settings.retry_delay * 2.0 ** min(attempt - 1, 60))
    delay += retry_after(error) or 0
    return None if elapsed + delay > settings.retry_total else delay


def retry_after(error: SpeechmaticsError) -> float | None:
    """Seconds that the server asks to wait, by `Retry-After` as seconds or as a date; None where it does not say."""
    if not isinstance(error, APIStatusError):
        return None
    text = error.response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    moment = _http_date(text)
    if moment is None:
        return None
    return max(0.0, (moment - (server_time(error.response) or datetime.now(UTC))).total_seconds())


def server_time(response: httpx.Response) -> datetime | None:
    """The server's clock, to the second, as its answer gives it."""
    return _http_date(response.headers.get("Date", ""))


def is_passing(error: SpeechmaticsError) -> bool:
    """Whether the same request may well succeed a little later."""
    if isinstance(error, APIStatusError):
        return error.status_code in PASSING_STATUSES
    if isinstance(error, ProxyError):
        # A proxy that answers is quoted by its status, as in "407 Proxy Authentication Required".
        status = str(error).partition(" ")[0]
        return not status.isdecimal() or int(status) in PASSING_STATUSES
    return isinstance(error, RequestError) and not _is_distrust(error)


def may_have_arrived(error: SpeechmaticsError, path: str) -> bool:
    """Whether the server may have acted on a request to `path` that failed so.

    It has not if there was no connection, if it turned the request away or did not trust the client, or if what failed
    was the exchange that gets a temporary key.
    """
    if isinstance(error, RequestError | APIStatusError) and not error.request.url.path.endswith("/" + path):
        return False
    if isinstance(error, APIStatusError):
        return error.status_code in PASSING_STATUSES - REFUSING_STATUSES
    if isinstance(error, RequestError):
        return not (isinstance(error, ConnectError | ConnectTimeout | PoolTimeout | ProxyError) or _is_distrust(error))
    return isinstance(error, InvalidResponseError) and error.request is None


def polling_delay(first: float, longest: float, waited: float) -> float:
    """Seconds to wait before the next look at a job that runs and has been waited for so long.

    `first` to begin with, then a share of the time waited so far, up to `longest`.
    """
    return min(longest, max(first, POLLING_SHARE * waited))


def recovery_delays(window: float) -> Iterator[float]:
    """Seconds to wait before each further look for a job that may appear late: `window` in all."""
    for share in (0.1, 0.2, 0.3, 0.4):
        yield window * share


def wait_seconds(longest: int, left: float | None) -> int:
    """Whole seconds to ask the server to hold its answer back, so that it comes within the time left."""
    return longest if left is None else int(max(0, min(longest, left)))


def with_zone(moment: datetime | None) -> datetime | None:
    """The moment; one that is given without a zone is UTC."""
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class JobPager:
    """Walks through the list of jobs by its time cursor, giving each job once.

    Jobs of one millisecond may straddle two pages: the cursor is set a millisecond late, and jobs seen before are
    passed over.
    """

    def __init__(self, page_size: int, created_before: datetime | None = None) -> None:
        self._page_size = page_size
        self._seen: set[str] = set()
        self.created_before = created_before
        self.finished = False

    def take(self, page: Sequence[tuple[str, datetime | None]]) -> list[int]:
        """The positions of the jobs of a page, given by id and time of creation, that are new."""
        new = [position for position, (job_id, _) in enumerate(page) if job_id not in self._seen]
        self._seen.update(job_id for job_id, _ in page)
        oldest = with_zone(page[-1][1]) if page else None
        if oldest is None or len(page) < self._page_size:
            self.finished = True
            return new
        cursor = oldest + CURSOR_STEP
        if not new or cursor == self.created_before:
            cursor = oldest
        self.finished = cursor == self.created_before
        self.created_before = cursor
        return new


def _is_distrust(error: RequestError) -> bool:
    """Whether one side refused the other's certificate: it will again, and read no request.

    With TLS 1.3 a client hears of it only after it has begun to send.
    """
    cause = error.__cause__
    return isinstance(cause, ssl.SSLError) and any(word in str(cause) for word in DISTRUST)


def _http_date(text: str) -> datetime | None:
    try:
        return with_zone(parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None
