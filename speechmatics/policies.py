"""Decisions without I/O: how often to look at a job, which failures pass, how to page through a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from speechmatics.exceptions import RateLimitError, RequestError, ServerError, SpeechmaticsError

__all__ = ["JobPager", "is_passing", "polling_delays"]

POLLING_GROWTH = 1.5
"""Factor by which the time between two looks at a job grows."""
MAX_FAILURES = 10
"""Passing failures in a row that waiting survives."""


def polling_delays(first: float, longest: float) -> Iterator[float]:
    """Seconds to wait before each further look at a running job, without end: `first`, growing up to `longest`."""
    delay = min(first, longest)
    while True:
        yield delay
        delay = min(delay * POLLING_GROWTH, longest)


def is_passing(error: SpeechmaticsError) -> bool:
    """Whether the same request may well succeed a little later."""
    return isinstance(error, RequestError | RateLimitError | ServerError)


class JobPager:
    """Walks through the list of jobs by its time cursor, giving each job once.

    The service cuts the cursor to milliseconds (specification), so that jobs of one millisecond may straddle two
    pages: the cursor is set a millisecond late, and jobs seen before are passed over.
    """

    def __init__(self, page_size: int) -> None:
        self._page_size = page_size
        self._seen: set[str] = set()
        self.created_before: datetime | None = None
        self.finished = False

    def take(self, page: Sequence[tuple[str, datetime | None]]) -> list[int]:
        """The positions of the jobs of a page, given by id and time of creation, that are new."""
        new = [position for position, (job_id, _) in enumerate(page) if job_id not in self._seen]
        self._seen.update(job_id for job_id, _ in page)
        oldest = page[-1][1] if page else None
        if oldest is None or len(page) < self._page_size:
            self.finished = True
            return new
        cursor = oldest + timedelta(milliseconds=1)
        if not new or cursor == self.created_before:
            cursor = oldest
        self.finished = cursor == self.created_before
        self.created_before = cursor
        return new
