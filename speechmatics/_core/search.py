"""Searching the list of jobs for submissions: which are found, and whether the others are certainly absent."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar

import httpx

from speechmatics._core import endpoints
from speechmatics._core.flows import send_once, send_with_retry
from speechmatics._core.operations import JsonObject, Request
from speechmatics._core.policies import REFUSING_STATUSES, JobPager, is_blip, moment_of, next_delay, server_time
from speechmatics._core.session import Session
from speechmatics._core.steps import Flow, Reader, Sleep
from speechmatics.exceptions import (
    APIStatusError,
    InvalidInputError,
    JobExpiredError,
    JobNotFoundException,
    RequestError,
    SpeechmaticsError,
)

__all__ = [
    "ID_PREFIX",
    "LAST_LOOK",
    "Ask",
    "Findings",
    "ListSearch",
    "Patiently",
    "Within",
    "could_be_any",
    "place_of_id",
]

_T = TypeVar("_T")

SUBMISSION_ID = "submission_id"
"""Where in `tracking.details` the id of a submission stands."""
OTHER_PLACE = "speechmatics_submission_id"
"""Where it stands if a value of the user's has the first place; where there is one, it counts."""
ID_PREFIX = "sm-typed-"
"""How the ids that are made here begin: one that came with the configuration of an earlier job is known by it."""
ZONE = re.compile(r"(Z|[+-]\d{2}:?\d{2})$", re.IGNORECASE)
"""How a time ends that names its zone."""
ANY_ZONE = timedelta(hours=12)
"""How much later than UTC a time without a zone may be, if it is local time."""
CLOCKS_DIFFER = timedelta(minutes=5)
"""How much the clocks of a server, of a gateway and of a database may differ."""
OPENED_AT_MOST = 200
"""Jobs whose details a search asks for at most, where the list does not show their tracking."""

LAST_LOOK = 5.0
"""Seconds that the last request of a search may take, once its window is over."""


class Ask(Protocol):
    """Sends a request of a search, as often and as long as the search may take, and reads its answer."""

    def __call__(self, request: Request, read: Reader[_T], /) -> Flow[_T]:
        """Sends it."""
        ...


@dataclass(frozen=True, slots=True)
class Findings:
    """What a pass over the list has brought.

    Attributes:
        job_ids: The ids of the jobs of each submission that was found, as the list has them: the newest first.
        doubt: Why the others may be there all the same; None if they are certainly absent.
    """

    job_ids: Mapping[str, list[str]]
    doubt: str | None


class ListSearch:
    """Searches for submissions by their ids, in one pass over the list or in several.

    Absence is proved by a list that was read to its end, or to a job that is older than the submissions by more than
    clocks differ; provided that it shows all jobs since then, and their tracking. It is read raw: what is strange about
    the jobs of others does not matter.

    Args:
        wanted: The ids of the submissions.
        session: What the client's conversations share.
        since: When the first of them was sent, if that is known by a clock like the server's.
        began: When it was sent by the session's clock and by its wall clock, otherwise.
        could_be: Whether a job could be one of them by what it shows beside its tracking.
        pages: Pages of the list that a pass reads at most.
    """

    def __init__(
        self,
        wanted: Collection[str],
        session: Session,
        *,
        since: datetime | None = None,
        began: tuple[float, float] | None = None,
        could_be: Callable[[JsonObject], bool],
        pages: int | None = None,
    ) -> None:
        self._wanted = frozenset(wanted)
        self._session = session
        self._since = since
        self._began = began
        self._could_be = could_be
        self._pages = pages
        self._opened: dict[str, Mapping[str, object] | None] = {}
        self._times_opened = 0
        self._bare: str | None = None
        self._is_adjusted = False

    def check(self, ask: Ask) -> Flow[Findings]:
        """Goes through the list once, the newest jobs first, until all are found or absent."""
        pager = JobPager()
        found: dict[str, list[str]] = {}
        hidden: list[str] = []
        self._bare = None
        count = 0
        reaches_back = False
        while not (reaches_back or pager.is_finished or found.keys() == self._wanted or count == self._pages):
            operation = endpoints.list_jobs(created_before=pager.created_before, limit=endpoints.MAX_PAGE)
            jobs, now, lists_all = yield from ask(operation, _page_reader(operation.read))
            count += 1
            if not lists_all:
                hidden.append("jobs that have ended")
            if self._since is None and now is not None and self._began is not None:
                self._since = now - timedelta(seconds=self._elapsed_since(self._began))
            elif self._began is None and self._since is not None and now is not None and not self._is_adjusted:
                # The caller's clock may be ahead of the server's.
                ahead = datetime.fromtimestamp(self._session.wall_clock(), UTC) - now
                self._since -= max(ahead, timedelta(0))
                self._is_adjusted = True
            ids = [_id_of(job) for job in jobs]
            moments = [moment_of(job.get("created_at")) for job in jobs]
            latest = [_latest_of(job.get("created_at")) for job in jobs]
            shows_times = any(job.get("created_at") is not None for job in jobs)
            for position in pager.take(list(zip(ids, moments, strict=True)), shows_times=shows_times):
                if self._is_older(latest[position]):
                    continue
                submission_id = yield from self._submission_of(jobs[position], ids[position], ask, hidden)
                if submission_id in self._wanted:
                    found.setdefault(submission_id, []).append(ids[position])
            known = [moment for moment in latest if moment is not None]
            # Two jobs of nearly one moment may stand in either order.
            is_ascending = len(known) > 2 and known[0] < known[-1] and known == sorted(known)
            reaches_back = bool(known) and not is_ascending and self._is_older(known[-1])
            if is_ascending:
                hidden.append("the newest jobs, as its list begins with the oldest")
        return Findings(found, None if found.keys() == self._wanted else self._doubt(pager, hidden, reaches_back))

    def _elapsed_since(self, began: tuple[float, float]) -> float:
        """Seconds since a moment by both clocks: the one stands still while a machine is suspended."""
        return max(self._session.clock() - began[0], self._session.wall_clock() - began[1])

    def _doubt(self, pager: JobPager, hidden: list[str], reaches_back: bool) -> str | None:
        if self._bare is not None and not self._session.memory.shows_tracking:
            hidden.append(f"job {self._bare}")
        if hidden:
            return f"the server does not show the tracking of {hidden[0]}"
        if pager.gap is not None and not self._is_older(pager.gap):
            return f"more jobs were created at {pager.gap.isoformat()} than a page of the list shows"
        if not (reaches_back or pager.reaches_end):
            return "the list of jobs does not reach back to the submission"
        return None

    def _is_older(self, moment: datetime | None) -> bool:
        """Whether a job that was created then is certainly older than the submissions."""
        return moment is not None and self._since is not None and moment < self._since - CLOCKS_DIFFER

    def _submission_of(self, job: JsonObject, job_id: str, ask: Ask, hidden: list[str]) -> Flow[str | None]:
        """The submission id that a job carries, if any; `hidden` gets those that may carry one unseen."""
        memory = self._session.memory
        details = _tracking_details(job)
        is_listed = details is not None
        # A list that shows what is tracked shows what is not: only where it has no configuration is there more to see.
        is_bare = memory.lists_tracking and bool(endpoints.object_in(job, "config"))
        if details is None and not is_bare and self._could_be(job):
            details = yield from self._open(job_id, ask, hidden)
        if details is None:
            return None
        submission_id = details.get(OTHER_PLACE, details.get(SUBMISSION_ID))
        if not isinstance(submission_id, str):
            return None
        if submission_id.startswith(ID_PREFIX) or submission_id in self._wanted:
            memory.shows_tracking = True
            memory.lists_tracking = memory.lists_tracking or is_listed
        if submission_id in self._wanted and not job_id:
            hidden.append("a job without an id")
            return None
        return submission_id

    def _open(self, job_id: str, ask: Ask, hidden: list[str]) -> Flow[Mapping[str, object] | None]:
        """The tracking of a job that the list does not show, from its details."""
        if job_id in self._opened:
            return self._opened[job_id]
        self._times_opened += 1
        if self._times_opened > OPENED_AT_MOST or not job_id:
            hidden.append(f"job {job_id}" if job_id else "a job without an id")
            return None
        try:
            operation = endpoints.get_job(job_id)
            details = _tracking_details((yield from ask(operation, endpoints.read_job(job_id))))
        except (JobNotFoundException, InvalidInputError):
            # One that is gone is no longer listed; a replica that lags does not know one that was just created.
            hidden.append(f"job {job_id}")
            return None
        except JobExpiredError:
            details = None
        else:
            if details is None and not self._session.memory.shows_tracking:
                self._bare = job_id
                return None
        self._opened[job_id] = details
        return details


class _Page(NamedTuple):
    """A page of the list: its jobs, the server's clock, and whether jobs that have ended are listed too."""

    jobs: list[JsonObject]
    now: datetime | None
    lists_all: bool


class Patiently:
    """Sends the requests of a search that has no window: again where that may help."""

    def __init__(self, session: Session, deadline: float | None = None) -> None:
        self._session = session
        self._deadline = deadline

    def __call__(self, request: Request, read: Reader[_T], /) -> Flow[_T]:
        return send_with_retry(request, read, self._session, self._deadline)


class Within:
    """Sends the requests of a search that has a window: again while it lasts, and longer where it is turned away."""

    def __init__(self, session: Session, window: float, deadline: float | None) -> None:
        self._session = session
        self._started = session.clock()
        self._window = window
        self._deadline = deadline

    def __call__(self, request: Request, read: Reader[_T], /) -> Flow[_T]:
        session, settings = self._session, self._session.settings
        longest = self._window + LAST_LOOK
        attempt = 0
        while True:
            attempt += 1
            left = self._left()
            if left <= 0 or self._elapsed() > longest + settings.retry_total:
                raise RequestError("the time for the search was over")
            try:
                return (yield from send_once(request, read, min(max(self._window - self._elapsed(), LAST_LOOK), left)))
            except SpeechmaticsError as error:
                elapsed = self._elapsed()
                is_turned_away = isinstance(error, APIStatusError) and error.status_code in REFUSING_STATUSES
                counted = min(attempt, settings.retry_attempts - 1) if is_turned_away else attempt
                delay = next_delay(settings, counted, elapsed, error, session.chance)
                if not is_blip(error) or delay is None or delay >= self._left():
                    raise
                # A server that answers is asked once more for each page even then, so that one blip settles nothing.
                is_last = attempt > 1 or isinstance(error, httpx.TimeoutException)
                if not is_turned_away and elapsed > longest and is_last:
                    raise
                yield Sleep(delay)

    def _elapsed(self) -> float:
        return self._session.clock() - self._started

    def _left(self) -> float:
        return math.inf if self._deadline is None else self._deadline - self._session.clock()


def _page_reader(read: Reader[list[JsonObject]]) -> Reader[_Page]:
    return lambda response: _Page(read(response), server_time(response), endpoints.lists_all(response))


def _id_of(job: JsonObject) -> str:
    job_id = job.get("id")
    return job_id if isinstance(job_id, str) else ""


def _latest_of(text: object) -> datetime | None:
    """The latest moment that a time of the list may stand for: one without a zone may be of any."""
    moment = moment_of(text)
    is_zoned = isinstance(text, str) and ZONE.search(text) is not None
    return moment if moment is None or is_zoned or moment.year > 9000 else moment + ANY_ZONE


def place_of_id(details: Mapping[str, object]) -> str:
    """Where in `tracking.details` the id of a new submission goes."""
    taken = details.get(SUBMISSION_ID, ID_PREFIX)
    is_free = OTHER_PLACE not in details and isinstance(taken, str) and taken.startswith(ID_PREFIX)
    return SUBMISSION_ID if is_free else OTHER_PLACE


def could_be_any(job: JsonObject) -> bool:
    """Nothing is known of the submissions but their ids."""
    return True


def _tracking_details(job: JsonObject) -> Mapping[str, object] | None:
    """The details of a job's tracking, wherever it stands; None where none is shown."""
    for holder in (endpoints.object_in(job, "config"), job):
        if tracking := endpoints.object_in(holder, "tracking"):
            return endpoints.object_in(tracking, "details")
    return None
