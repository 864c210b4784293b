"""Audio that the server fetches itself (`fetch_data`): beside the engine's queue; a slow source delays nobody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import anyio
import httpx

from speechmatics.local.background import Background
from speechmatics.local.jobs import Job, now
from speechmatics.local.outbound import ForbiddenAddress, Outbound, OutboundError, read_headers, request_to
from speechmatics.local.state import JobStore
from speechmatics.models._leniency import Leniency, leniency
from speechmatics.models.delivery import FetchData
from speechmatics.models.job import JobStatus

__all__ = ["FETCH_FAILURE", "Fetcher"]

ATTEMPTS = 3
FETCH_FAILURE = "failed to fetch file"
"""What the errors of a job say whose audio could not be fetched (documentation)."""
DELAY = 0.2
"""Seconds between two attempts to fetch."""
AT_ONCE = 4
"""Sources that are fetched from at once; others wait for them."""
MAX_REDIRECTS = 5
_WRITTEN_AT_ONCE = 1024 * 1024
_logger = logging.getLogger("speechmatics.local")


class Fetcher:
    """Fetches the audio of jobs, and hands each on to who does it; a job that is deleted meanwhile is let go.

    Args:
        store: The jobs.
        outbound: Makes the requests.
        background: Where they are made.
        take: Called with the id of a job whose audio is there.
        max_bytes: Bytes of audio at most.
        max_seconds: Seconds that an attempt may take.
    """

    def __init__(
        self,
        store: JobStore,
        outbound: Outbound,
        background: Background,
        take: Callable[[str], object],
        *,
        max_bytes: int,
        max_seconds: float,
    ) -> None:
        self._store = store
        self._outbound = outbound
        self._background = background
        self._take = take
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._slots: anyio.CapacityLimiter | None = None

    def take(self, job: Job) -> None:
        """Has a job done once its audio is there."""
        source = job.config.get("fetch_data")
        if source is None or self._store.audio_of(job.id).exists():
            self._take(job.id)
            return
        with leniency(Leniency.SILENT):
            fetched = FetchData.model_validate(source)
        self._background.start_soon(self._fetch, job, fetched)

    async def _fetch(self, job: Job, source: FetchData) -> None:
        if self._slots is None:
            self._slots = anyio.CapacityLimiter(AT_ONCE)
        spool = self._store.audio_of(job.id).with_suffix(".part")
        scope = anyio.CancelScope()
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(scope.cancel)

        try:
            # It ends when the job is deleted, or the server stops.
            with self._store.watched(job.id, wake), scope:
                async with self._slots:
                    await self._attempt(job, source, spool)
        except Exception:
            _logger.exception("job %s: fetching failed", job.id)
        finally:
            spool.unlink(missing_ok=True)

    async def _attempt(self, job: Job, source: FetchData, spool: Path) -> None:
        errors: list[dict[str, str]] = []
        while len(errors) < ATTEMPTS and self._store.get(job.id).status == JobStatus.RUNNING:
            if errors:
                await anyio.sleep(DELAY)
            try:
                with anyio.fail_after(self._max_seconds):
                    await self._download(source, spool)
            except (OutboundError, OSError) as error:
                reason = self._reason(error)
                errors.append({"timestamp": now(), "message": f"{FETCH_FAILURE}: {reason}"})
                self._store.write_log(job.id, errors[-1]["message"])
                if isinstance(error, ForbiddenAddress):
                    break
            else:
                self._hand_on(job, spool)
                return
        self._store.reject(job.id, errors)

    def _hand_on(self, job: Job, spool: Path) -> None:
        audio = self._store.audio_of(job.id)
        spool.rename(audio)
        if self._store.get(job.id).status != JobStatus.RUNNING:
            audio.unlink(missing_ok=True)
            return
        self._store.write_log(job.id, "audio fetched")
        self._take(job.id)

    def _reason(self, error: OutboundError | OSError) -> str:
        if isinstance(error, TimeoutError):
            return f"it took longer than {self._max_seconds:g} s"
        return (error.strerror if isinstance(error, OSError) else None) or str(error)

    async def _download(self, source: FetchData, spool: Path) -> None:
        url = source.url
        headers = read_headers(source.auth_headers)
        for _ in range(MAX_REDIRECTS + 1):
            async with self._outbound.send(request_to("GET", url), headers) as answer:
                if answer.has_redirect_location:
                    before, url = url, urljoin(url, answer.headers["Location"])
                    # What authorises at one origin is not for another.
                    if urlsplit(before)[:2] != urlsplit(url)[:2]:
                        headers = []
                    continue
                if not answer.is_success:
                    raise OutboundError(f"http status {answer.status_code}")
                await self._write(answer, spool)
                return
        raise OutboundError(f"more than {MAX_REDIRECTS} redirects")

    async def _write(self, answer: httpx.Response, spool: Path) -> None:
        size = 0
        async with await anyio.open_file(spool, "wb") as file:
            async for chunk in answer.aiter_bytes(_WRITTEN_AT_ONCE):
                size += len(chunk)
                if size > self._max_bytes:
                    raise OutboundError(f"it is larger than {self._max_bytes} bytes, the most that is taken")
                await file.write(chunk)
