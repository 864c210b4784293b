"""The Batch v2 API of the server of faults, as it is when nothing goes wrong: jobs, and the answers about them."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from typing import Any, cast

from tests.servers.fault_rules import Quirks
from tests.servers.fault_wire import Upload

__all__ = ["Answer", "Job", "Service", "held_seconds", "transcript_of", "word_of"]

MAX_PAGE = 100
"""Jobs of a page, with and without a `limit` (specification)."""


def transcript_of(job_id: str, audio: bytes) -> dict[str, Any]:
    """The transcript that a server of faults has for a job with some audio."""
    return _transcript(job_id, hashlib.sha256(audio).hexdigest())


def word_of(transcript: Mapping[str, Any]) -> str:
    """The one word of such a transcript: the SHA-256 of its audio."""
    return str(transcript["results"][0]["alternatives"][0]["content"])


def held_seconds(query: Mapping[str, str]) -> float:
    """For how long a request may be held, by its `wait`."""
    try:
        return max(0.0, float(query.get("wait", "0")))
    except ValueError:
        return 0


@dataclass(frozen=True)
class Answer:
    """What is answered to a request."""

    status: int
    body: bytes
    content_type: str = "application/json"


@dataclass
class Job:
    """A job that was made.

    Attributes:
        id: Its id.
        config: The configuration that came.
        audio: SHA-256 of its audio, in hexadecimal; of the URL where there is one instead.
        length: Bytes of its audio.
        created_at: When it was made, as exact as the server shows it.
        data_name: Name of the file that came.
        made: When it was made, on the monotonic clock.
        done: When it is done, on the monotonic clock.
        deleted: Whether it was deleted.
    """

    id: str
    config: dict[str, Any]
    audio: str
    length: int
    created_at: datetime
    data_name: str | None
    made: float
    done: float
    deleted: bool = False

    @property
    def tracking_details(self) -> dict[str, Any]:
        """What its configuration has as `tracking.details`."""
        tracking = self.config.get("tracking")
        details = cast("dict[str, Any]", tracking).get("details") if isinstance(tracking, dict) else None
        return cast("dict[str, Any]", details) if isinstance(details, dict) else {}

    @property
    def is_running(self) -> bool:
        """Whether it is not done yet."""
        return not self.deleted and time.monotonic() < self.done


class Service:
    """Jobs, and the API's answers about them; safe to use from many threads.

    Args:
        quirks: In what it differs from the usual service.
    """

    def __init__(self, quirks: Quirks) -> None:
        self.quirks = quirks
        self.jobs: dict[str, Job] = {}
        self._began = datetime.now(UTC)
        self._accepted: deque[float] = deque()
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._closed = False

    def close(self) -> None:
        """Lets go of the answers that are held."""
        with self._lock:
            self._closed = True
            self._changed.notify_all()

    def copy_jobs(self) -> dict[str, Job]:
        """The jobs as they are now, by their ids."""
        with self._lock:
            return dict(self.jobs)

    def finish(self, job_id: str) -> None:
        """Makes a job be done now, however long it was to run."""
        with self._lock:
            self.jobs[job_id].done = time.monotonic()
            self._changed.notify_all()

    def answer(
        self, method: str, path: str, query: Mapping[str, str], upload: Upload, hold_at_most: float | None = None
    ) -> Answer | None:
        """Does what a request asks for.

        Args:
            method: HTTP method.
            path: Path below `/v2`.
            query: Query parameters.
            upload: What came as the body.
            hold_at_most: Seconds after which an answer is not waited for, if it is still held.

        Returns:
            The answer, or None if it is still held.
        """
        match (method, path.split("/")):
            case "POST", ["jobs"]:
                return self._create(upload)
            case "GET", ["jobs"]:
                return self._list(query)
            case "GET", ["jobs", job_id]:
                return self._show(job_id) if self._wait(job_id, query, hold_at_most) else None
            case "GET", ["jobs", job_id, "transcript"]:
                return self._transcribe(job_id, query) if self._wait(job_id, query, hold_at_most) else None
            case "DELETE", ["jobs", job_id]:
                return self._delete(job_id, force=query.get("force") in ("true", "True", "1"))
            case _, ["jobs"] | ["jobs", _] | ["jobs", _, "transcript"]:
                return _error(405, f"method {method} is not allowed")
            case _:
                return _error(404, f"path /v2/{path} was not found")

    def _create(self, upload: Upload) -> Answer:
        audio = upload.parts.get("data_file")
        try:
            config: object = json.loads(upload.parts["config"].content)
        except (KeyError, ValueError):
            return _error(400, "Job rejected", "Job config JSON is invalid")
        if not upload.is_complete or not isinstance(config, dict):
            return _error(400, "Malformed request")
        config = cast("dict[str, Any]", config)
        fetched = config.get("fetch_data")
        url = str(cast("dict[str, Any]", fetched).get("url")) if isinstance(fetched, dict) else None
        if audio is None and url is None:
            return _error(400, "Missing data_file")
        digest = audio.digest.hexdigest() if audio else hashlib.sha256(str(url).encode()).hexdigest()
        with self._lock:
            now = time.monotonic()
            if self._is_too_fast(now):
                return _error(429, "Too Many Requests")
            running = sum(job.is_running for job in self.jobs.values())
            if self.quirks.max_running is not None and running >= self.quirks.max_running:
                return _error(429, "Max concurrent running jobs exceeded")
            self._accepted.append(now)
            job = Job(
                id=f"job{len(self.jobs):07}",
                config=config,
                audio=digest,
                length=audio.length if audio else 0,
                created_at=self._moment(),
                data_name=audio.filename if audio else None,
                made=now,
                done=now + self.quirks.work_seconds,
            )
            self.jobs[job.id] = job
        return _json(201, {"id": job.id})

    def _is_too_fast(self, now: float) -> bool:
        rate = self.quirks.max_rate
        if rate is None:
            return False
        window, burst = (1.0, int(rate)) if rate >= 1 else (1 / rate, 1)
        while self._accepted and self._accepted[0] <= now - window:
            self._accepted.popleft()
        return len(self._accepted) >= burst

    def _moment(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=0) if self.quirks.created_at == "seconds" else now

    def _list(self, query: Mapping[str, str]) -> Answer:
        try:
            limit = int(query.get("limit", MAX_PAGE))
        except ValueError:
            return _error(422, "limit in query must be of type int64")
        if not 1 <= limit <= MAX_PAGE:
            return _error(422, f"limit in query should be from 1 to {MAX_PAGE}")
        before = _time_of(query.get("created_before"))
        if before is None and "created_before" in query:
            return _error(422, "created_before in query must be of type date-time")
        with_deleted = query.get("include_deleted", "false").lower() == "true"
        newest = time.monotonic() - self.quirks.list_lag
        with self._lock:
            ours = [
                (job.created_at, self._details(job, in_list=True))
                for job in self.jobs.values()
                if job.made <= newest and (with_deleted or not job.deleted)
            ]
        others = [(_time_of(job.get("created_at")) or self._began, dict(job)) for job in self.quirks.foreign_jobs]
        # Sorting is stable: of two jobs of one time, the one that was made last comes first.
        jobs = sorted([*reversed(ours), *reversed(others)], key=lambda item: item[0], reverse=True)
        page = [details for made, details in jobs if before is None or made < before]
        page = page[: min(limit, self.quirks.page_cap or limit)]
        return _json(200, {"active_jobs" if self.quirks.active_jobs else "jobs": page})

    def _wait(self, job_id: str, query: Mapping[str, str], at_most: float | None) -> bool:
        """Holds an answer; False if it is still held after `at_most` seconds."""
        if not self.quirks.honours_wait:
            return True
        began = time.monotonic()
        until = began + held_seconds(query)
        cut = float("inf") if at_most is None else began + at_most
        with self._lock:
            while (job := self._find(job_id)) is not None and job.is_running and not self._closed:
                now = time.monotonic()
                if now >= min(until, cut):
                    return now < cut
                self._changed.wait(min(until, cut, job.done) - now)
        return True

    def _find(self, job_id: str) -> Job | None:
        """A job that can be asked for by now."""
        job = self.jobs.get(job_id)
        if job is None or job.deleted or time.monotonic() < job.made + self.quirks.details_lag:
            return None
        return job

    def _show(self, job_id: str) -> Answer:
        with self._lock:
            job = self._find(job_id)
            if job is not None:
                return _json(200, {"job": self._details(job)})
        for foreign in self.quirks.foreign_jobs:
            if foreign.get("id") == job_id:
                return _json(200, {"job": dict(foreign)})
        return _not_found()

    def _transcribe(self, job_id: str, query: Mapping[str, str]) -> Answer:
        with self._lock:
            job = self._find(job_id)
            if job is None:
                return _not_found()
            if job.is_running:
                return _error(404, "Transcription not ready")
            if self._is_rejected(job):
                return _error(404, "Job rejected")
        match query.get("format", "json-v2"):
            case "json-v2":
                return _json(200, _transcript(job.id, job.audio))
            case "txt":
                return Answer(200, f"{job.audio}\n".encode(), "text/plain; charset=utf-8")
            case "srt":
                return Answer(200, f"1\n00:00:00,000 --> 00:00:01,000\n{job.audio}\n".encode(), "text/plain")
            case _:
                return _error(404, "Format Not Supported")

    def _delete(self, job_id: str, force: bool) -> Answer:
        with self._lock:
            job = self._find(job_id)
            if job is None:
                return _not_found()
            if job.is_running and not force:
                return _error(423, "Resource Locked")
            job.deleted = True
            self._changed.notify_all()
            return _json(200, {"job": self._details(job)})

    def _is_rejected(self, job: Job) -> bool:
        return self.quirks.rejects is not None and fnmatch(job.data_name or "", self.quirks.rejects)

    def _details(self, job: Job, in_list: bool = False) -> dict[str, Any]:
        quirks = self.quirks
        details: dict[str, Any] = {
            "id": job.id,
            "status": "deleted" if job.deleted else "running" if job.is_running else "done",
            "duration": 1,
        }
        if details["status"] == "done" and self._is_rejected(job):
            details |= {"status": "rejected", "errors": [{"timestamp": "2026-01-01T00:00:00Z", "message": "no speech"}]}
        if quirks.created_at != "absent":
            exact = "seconds" if quirks.created_at == "seconds" else "microseconds"
            details["created_at"] = job.created_at.isoformat(timespec=exact).replace("+00:00", "Z")
        if quirks.data_name and job.data_name is not None:
            details["data_name"] = job.data_name
        if quirks.config or not in_list:
            hidden = quirks.tracking == "never" or (quirks.tracking == "not_in_list" and in_list)
            details["config"] = {key: value for key, value in job.config.items() if key != "tracking" or not hidden}
        return details


def _transcript(job_id: str, digest: str) -> dict[str, Any]:
    word = {"type": "word", "start_time": 0.0, "end_time": 1.0, "alternatives": [{"content": digest, "confidence": 1}]}
    return {"format": "2.9", "job": {"id": job_id}, "metadata": {"type": "transcription"}, "results": [word]}


def _time_of(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _json(status: int, body: Mapping[str, Any]) -> Answer:
    return Answer(status, json.dumps(body).encode())


def _error(code: int, error: str, detail: str | None = None) -> Answer:
    return _json(code, {"code": code, "error": error} | ({} if detail is None else {"detail": detail}))


def _not_found() -> Answer:
    return _error(404, "Job not found")
