"""Decisions without I/O: whether and when to ask again, how often to poll a job, how to page through a list."""

from __future__ import annotations

import random
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import NamedTuple

import httpx

from speechmatics._answers import is_in_api_words, is_page
from speechmatics.exceptions import (
    AnswerMismatchError,
    APIStatusError,
    ConnectError,
    ConnectTimeout,
    InvalidResponseError,
    PoolTimeout,
    ProxyError,
    RequestError,
    ResponseTooLargeError,
    SpeechmaticsError,
)
from speechmatics.settings import ConnectionSettings

__all__ = [
    "CURSOR_STEP",
    "LONG_POLL_HONOURED_AFTER",
    "RECOVERY_SHARES",
    "REFUSING_STATUSES",
    "Aftermath",
    "JobPager",
    "Search",
    "aftermath",
    "held_limit",
    "hold_after_cut",
    "is_blip",
    "is_transient",
    "may_have_arrived",
    "moment_of",
    "next_delay",
    "polling_delay",
    "retry_after",
    "server_time",
    "wait_seconds",
    "with_zone",
]

TRANSIENT_STATUSES = frozenset({408, 421, 425, 429, 500, 502, 503, 504, *range(520, 528), 529, 530, 598, 599})
"""Statuses of failures after which the same request may succeed; those from 520 on are of gateways."""
BLIP_STATUSES = frozenset({408, 409, 421, 425, 429})
"""Statuses below 500 that no wait for a job is abandoned for."""
REFUSING_STATUSES = frozenset({429, 503})
"""Statuses that say that a request was turned away: by the API before it was worked on, by a gateway perhaps later."""
UNCLEAR_STATUSES = frozenset({408, 409, 421, 425, 499})
"""Statuses below 500 after which a submission may have been worked on."""
LOST_ANSWER_STATUSES = frozenset({504, 522, 524, 598, 599})
"""Statuses by which a gateway says that it got no answer: the work may still be going on."""
DISTRUST = ("CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE")
"""Words of OpenSSL's errors of which one stands in each that says that a certificate is missing or not trusted."""
RECOVERY_SHARES = (0.0, 0.1, 0.3, 0.6, 1.0)
"""Parts of a window that have passed when a submission is searched for: its job may appear late."""
POLLING_SHARE = 0.045
"""Share of the time already waited that passes before the next poll: so much later is a job's end seen at most."""
CURSOR_STEP = timedelta(milliseconds=1)
"""What the service's cutting of a time cursor may take from it (specification)."""
LONG_POLL_HONOURED_AFTER = 0.5
"""Seconds from which on an answer counts as held back by a server that honours `wait`."""
CUT_AFTER = 1.0
"""Seconds from which on a held answer that failed counts as cut by something in between."""
YEARS = range(1971, 9999)
"""Years that a time of the service may be of: with others there is no reckoning."""
LATE_AT_MOST = 10.0
"""Seconds after which a held answer that is late counts as dropped."""
FEWEST_ON_A_PAGE = 10
"""Jobs that every server is taken to show on a page if it has them."""


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


def is_transient(error: SpeechmaticsError) -> bool:
    """Whether the same request may well succeed a little later."""
    if isinstance(error, APIStatusError):
        return error.status_code in TRANSIENT_STATUSES
    if isinstance(error, ProxyError):
        # A proxy that answers is quoted by its status, as in "407 Proxy Authentication Required".
        status = str(error).partition(" ")[0]
        return not status.isdecimal() or int(status) in TRANSIENT_STATUSES
    return isinstance(error, RequestError) and not _is_distrust(error)


def is_blip(error: SpeechmaticsError) -> bool:
    """Whether what came is no answer of the API about a job that is waited for, so that asking again may bring one."""
    if isinstance(error, APIStatusError):
        return error.status_code >= 500 or error.status_code in BLIP_STATUSES or is_page(error.response)
    if isinstance(error, AnswerMismatchError | ResponseTooLargeError):
        return False
    return is_transient(error) or isinstance(error, InvalidResponseError)


class Search(Enum):
    """How long the list is searched for a submission that failed."""

    NONE = "none"
    """There is no job."""
    ONCE = "once"
    """Just before the submission is sent again."""
    SHORT = "short"
    """For `recovery_window` seconds."""
    LONG = "long"
    """For `recovery_window_long` seconds."""


class Aftermath(NamedTuple):
    """What follows a submission that failed."""

    search: Search
    """How long it is searched for; what is found is the job."""
    resend: bool
    """Whether it is sent again where there is no job."""


def aftermath(error: SpeechmaticsError, *, is_given: bool, path: str) -> Aftermath:
    """What follows a submission that failed.

    Args:
        error: How it failed.
        is_given: Whether the closing boundary of its body may have left.
        path: Where it was sent, below the base URL.
    """
    if not is_given or not _concerns(error, path) or _had_no_connection(error):
        return Aftermath(Search.NONE, resend=is_transient(error))
    if isinstance(error, InvalidResponseError):
        return Aftermath(Search.SHORT, resend=False)
    if not isinstance(error, APIStatusError | RequestError):
        return Aftermath(Search.NONE, resend=False)
    status = error.status_code
    if status is None or status in LOST_ANSWER_STATUSES:
        return Aftermath(Search.LONG, resend=True)
    if status in REFUSING_STATUSES:
        is_refused = isinstance(error, APIStatusError) and is_in_api_words(error.response)
        return Aftermath(Search.NONE if is_refused else Search.ONCE, resend=True)
    if status >= 500 or status in UNCLEAR_STATUSES:
        return Aftermath(Search.SHORT, resend=status in TRANSIENT_STATUSES)
    return Aftermath(Search.SHORT if status < 300 else Search.NONE, resend=False)


def may_have_arrived(error: SpeechmaticsError, path: str) -> bool:
    """Whether the server may have acted on a request to `path` that failed so."""
    return aftermath(error, is_given=True, path=path).search is not Search.NONE


def _concerns(error: SpeechmaticsError, path: str) -> bool:
    """Whether it is the request to `path` that failed, and not the exchange that gets a temporary key."""
    if isinstance(error, RequestError | APIStatusError):
        return error.request.url.path.endswith("/" + path)
    return not isinstance(error, InvalidResponseError) or error.request is None


def _had_no_connection(error: SpeechmaticsError) -> bool:
    return isinstance(error, RequestError) and (
        isinstance(error, ConnectError | ConnectTimeout | PoolTimeout | ProxyError) or _is_distrust(error)
    )


def polling_delay(first: float, longest: float, waited: float) -> float:
    """Seconds to wait before the next poll of a job that runs and has been waited for so long.

    `first` to begin with, then a share of the time waited so far, up to `longest`.
    """
    return min(longest, max(first, POLLING_SHARE * waited))


def hold_after_cut(hold: int, seconds: float) -> int:
    """Whole seconds to ask for from now on, after an answer held for `hold` failed after so many seconds.

    One that failed later than it was to be held has been dropped in silence, nobody knows when: half of it is tried.
    """
    if seconds < CUT_AFTER:
        return hold
    return hold // 2 if seconds > hold else max(0, int(seconds) - 1)


def held_limit(hold: int, left: float | None) -> float | None:
    """Seconds that a poll may take, whose answer the server is asked to hold back; None for the usual time limits."""
    if not hold:
        return left
    longest = hold + LATE_AT_MOST
    return longest if left is None else min(left, longest)


def wait_seconds(longest: int, left: float | None) -> int:
    """Whole seconds to ask the server to hold its answer back, so that it comes within the time left."""
    return longest if left is None else int(max(0, min(longest, left)))


def moment_of(text: object) -> datetime | None:
    """The moment that ISO 8601 text of the service stands for; None where it is none of this age."""
    try:
        moment = with_zone(datetime.fromisoformat(text)) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.year in YEARS else None


def with_zone(moment: datetime | None) -> datetime | None:
    """The moment; one that is given without a zone is UTC."""
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class JobPager:
    """Walks through the list of jobs by its time cursor, giving each job once, to an empty page.

    A server may show fewer jobs on a page than it was asked for. Jobs of one millisecond may straddle two pages: the
    cursor is set a millisecond late, and jobs seen before are passed over.

    Attributes:
        created_before: The cursor of the next page; None for the first.
        is_finished: Whether there is no page left to ask for.
        gap: The latest moment at which more jobs were created than a page shows, so that some may have been passed
            over; None if there was none.
        reaches_end: Whether the list was read to its end.
    """

    def __init__(self, created_before: datetime | None = None) -> None:
        self._seen: set[str] = set()
        self._shows_times = False
        self._longest = FEWEST_ON_A_PAGE
        self.created_before = created_before
        self.is_finished = False
        self.gap: datetime | None = None
        self.reaches_end = False

    def take(self, page: Sequence[tuple[str, datetime | None]], *, shows_times: bool = False) -> list[int]:
        """The positions of the jobs of a page that are new.

        Args:
            page: Id and time of creation of each job; "" and None where what is shown is none.
            shows_times: Whether any time of creation is shown, be it one or not.
        """
        if not page:
            self.is_finished = self.reaches_end = True
            return []
        new = [position for position, (job_id, _) in enumerate(page) if not job_id or job_id not in self._seen]
        is_known = all(job_id in self._seen for job_id, _ in page)
        self._seen.update(job_id for job_id, _ in page)
        moments = [moment for _, moment in page if moment is not None]
        oldest = with_zone(moments[-1]) if moments else None
        self._shows_times = self._shows_times or shows_times or bool(moments)
        if oldest is None:
            # What has no time cannot be gone back from. It may be the end, if others have one.
            self.is_finished = True
            self.reaches_end = self._shows_times and len(page) < FEWEST_ON_A_PAGE
            return new
        cursor = oldest + CURSOR_STEP
        if is_known or cursor == self.created_before:
            # The same moment once more: what lies before it comes next, and what does not fit into this page is lost.
            if len(page) >= self._longest and self.gap is None:
                self.gap = oldest
            cursor = oldest
        self._longest = max(self._longest, len(page))
        self.is_finished = cursor == self.created_before
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
