"""How many jobs a server takes: as many as the service, or as many as a container on premises has engines for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from starlette.responses import JSONResponse

from speechmatics.local.errors import bad_request, busy, too_many_jobs
from speechmatics.local.state import JobStore

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["Backlog", "Capacity", "Engines"]

PROCESSING_DATA = "X-SM-Processing-Data"
"""Header of submissions to a container: how many engines the job is to have, as JSON (specification)."""


class Capacity(Protocol):
    """Whether a further job is taken."""

    def check(self, headers: Headers) -> None:
        """Does nothing if a submission with these headers can be taken.

        Raises:
            ApiError: It cannot.
        """
        ...

    def claim(self, job_id: str, headers: Headers) -> None:
        """As `check`, and takes note of the job, which is added next."""
        ...


class Backlog:
    """The service takes jobs until so many have yet to end; then it answers 429."""

    def __init__(self, store: JobStore, max_jobs: int) -> None:
        self._store = store
        self._max_jobs = max_jobs

    def check(self, headers: Headers) -> None:
        """Raises an error where too many jobs have yet to end."""
        if self._store.backlog >= self._max_jobs:
            raise too_many_jobs(self._max_jobs)

    def claim(self, job_id: str, headers: Headers) -> None:
        """Raises an error where too many jobs have yet to end."""
        self.check(headers)


class Engines:
    """A container takes a job where the engines that it asks for are free; else it answers 503 (documentation)."""

    def __init__(self, store: JobStore, number: int) -> None:
        self._store = store
        self._number = number
        self._claimed: dict[str, int] = {}

    def check(self, headers: Headers) -> None:
        """Raises an error where not enough engines are free, or what is asked for is malformed."""
        self._count(headers)

    def claim(self, job_id: str, headers: Headers) -> None:
        """As `check`, and the job has its engines until it ends."""
        self._claimed = {**self._in_use(), job_id: self._count(headers)}

    async def answer_jobs(self, request: Request) -> Response:
        """`GET /jobs`: the jobs that run, and how many engines are free."""
        in_use = self._in_use()
        return JSONResponse(
            {
                "active_jobs": [{"job_id": job_id, "parallel_engines": count} for job_id, count in in_use.items()],
                "max_engines": self._number,
                "unused_engines": max(self._number - sum(in_use.values()), 0),
            }
        )

    async def answer_live(self, request: Request) -> Response:
        """`GET /live`: true."""
        return JSONResponse({"live": True})

    async def answer_ready(self, request: Request) -> Response:
        """`GET /ready`: whether an engine is free."""
        used = sum(self._in_use().values())
        is_ready = used < self._number
        return JSONResponse({"ready": is_ready, "engines_used": used}, 200 if is_ready else 503)

    def _in_use(self) -> dict[str, int]:
        """The engines of each job that runs; of an earlier server's one."""
        return {job.id: self._claimed.get(job.id, 1) for job in self._store.running()}

    def _count(self, headers: Headers) -> int:
        count, used = _engines_asked_for(headers.get(PROCESSING_DATA)), sum(self._in_use().values())
        if used + count > self._number:
            raise busy(f"{count} engines not available ({used} engines in use, {self._number} parallel allowed)")
        return count


def _engines_asked_for(text: str | None) -> int:
    try:
        data: Any = json.loads(text or "{}")
        count: object = data.get("parallel_engines", 1)
    except (AttributeError, RecursionError, ValueError):
        raise bad_request(f"{PROCESSING_DATA}: it is no JSON object") from None
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise bad_request(f"{PROCESSING_DATA}: parallel_engines is a whole number from 1 on")
    return count
