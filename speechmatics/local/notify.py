"""Callbacks about jobs that have ended (`notification_config`), as the service makes them."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlencode

import anyio
import anyio.to_thread
import httpx

from speechmatics.local.background import Background
from speechmatics.local.fetching import FETCH_FAILURE
from speechmatics.local.jobs import Job
from speechmatics.local.outbound import Outbound, OutboundError, read_headers
from speechmatics.local.state import JobStore
from speechmatics.models._leniency import Leniency, leniency
from speechmatics.models.config import JobConfig
from speechmatics.models.delivery import NotificationConfig
from speechmatics.models.job import JobStatus
from speechmatics.models.transcript import Transcript

__all__ = ["Notifier"]

DELAYS = (1.0, 4.0, 16.0, 60.0, 300.0)
"""Seconds after each attempt but the last."""
SECONDS = 60.0
"""Seconds that an attempt may take."""
_JSON = "application/json"
_TYPES = {
    "jobinfo": _JSON,
    "transcript": _JSON,
    "transcript.json-v2": _JSON,
    "transcript.txt": "text/plain; charset=utf-8",
    "transcript.srt": "text/plain; charset=utf-8",
    "data": "application/octet-stream",
}
_logger = logging.getLogger("speechmatics.local")


class Notifier:
    """Tells whoever is to be told how a job ended; each failure stands in the job's errors and its log.

    Args:
        store: The jobs.
        outbound: Makes the requests.
        background: Where they are made.
        delays: Seconds after each attempt but the last.
    """

    def __init__(
        self, store: JobStore, outbound: Outbound, background: Background, delays: Sequence[float] = DELAYS
    ) -> None:
        self._store = store
        self._outbound = outbound
        self._background = background
        self._delays = delays

    def start(self) -> None:
        """Begins with the jobs of which an earlier server has not told."""
        for job_id in self._store.unnotified():
            self.take(job_id)

    def take(self, job_id: str) -> None:
        """Tells how a job ended, if somebody is to be told."""
        self._background.start_soon(self._notify_all, job_id)

    async def _notify_all(self, job_id: str) -> None:
        try:
            job = self._store.get(job_id)
            async with anyio.create_task_group() as tasks:
                for number, target in enumerate(_targets(job), 1):
                    tasks.start_soon(self._notify, job, target, f"notification {number}")
            self._store.set_notified(job_id)
        except Exception:
            _logger.exception("job %s: notifying failed", job_id)

    async def _notify(self, job: Job, target: NotificationConfig, name: str) -> None:
        for delay in (*self._delays, None):
            reason = await self._attempt(job, target)
            if reason is None:
                self._store.write_log(job.id, f"{name} sent")
                return
            self._store.add_error(job.id, f"{name} failed: {reason}")
            if delay is None or self._store.get(job.id).status != job.status:
                return
            await anyio.sleep(delay)

    async def _attempt(self, job: Job, target: NotificationConfig) -> str | None:
        """None where it was taken, otherwise why not."""
        headers = read_headers(target.auth_headers)
        transcript = await anyio.to_thread.run_sync(self._store.transcript, job.id)
        audio = self._store.audio_of(job.id)
        try:
            contents = await anyio.to_thread.run_sync(_contents, target.contents, job, transcript)
            with _request(target, contents, job, audio) as request, anyio.fail_after(SECONDS):
                async with self._outbound.send(request, headers) as answer:
                    return None if answer.is_success else f"http status {answer.status_code}"
        except TimeoutError:
            return f"it took longer than {SECONDS:g} s"
        except (OutboundError, OSError) as error:
            return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _targets(job: Job) -> list[NotificationConfig]:
    with leniency(Leniency.SILENT):
        return JobConfig.model_validate(job.config).notification_config or []


def _url(url: str, job: Job) -> str:
    if job.status == JobStatus.DONE:
        status = "success"
    else:
        is_fetch = any(FETCH_FAILURE in error["message"] for error in job.errors)
        status = "fetch_error" if is_fetch else "error"
    address = url.partition("#")[0]
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'id': job.id, 'status': status})}"


def _contents(asked: Sequence[str] | None, job: Job, transcript: str | None) -> dict[str, bytes | None]:
    """What is sent, by the names that it has in a form, as far as it is there; None stands for the audio."""
    contents: dict[str, bytes | None] = {}
    for name in ["data_file"] if asked is None else asked:
        if name == "jobinfo":
            contents[name] = json.dumps({"job": job.details}).encode()
        elif transcript is None:
            continue
        elif name in ("transcript", "transcript.json-v2", "data_file"):
            contents[name] = transcript.encode()
        elif name == "transcript.txt":
            contents[name] = Transcript.from_json(transcript).to_text().encode()
        elif name == "transcript.srt":
            contents[name] = Transcript.from_json(transcript).to_srt().encode()
        elif name == "data":
            contents[name] = None
    return contents


@contextmanager
def _request(
    target: NotificationConfig, contents: dict[str, bytes | None], job: Job, audio: Path
) -> Generator[httpx.Request]:
    """One thing that was asked for is the body; several are a form, and so is the audio."""
    method, url = (target.method or "post").upper(), _url(target.url, job)
    asked = target.contents
    is_form = asked is None or len(asked) > 1 or "data" in asked
    with ExitStack() as files:
        parts: list[tuple[str, tuple[str, IO[bytes] | bytes, str]]] = []
        for name, content in contents.items():
            kind = _TYPES.get(name, _JSON)
            if content is None:
                parts.append((name, (job.data_name or name, files.enter_context(audio.open("rb")), kind)))
            else:
                parts.append((name, (name, content, kind)))
        if not parts:
            yield httpx.Request(method, url, content=b"")
        elif is_form:
            yield httpx.Request(method, url, files=parts)
        else:
            [(_, (_, body, kind))] = parts
            yield httpx.Request(method, url, content=body, headers={"Content-Type": kind})
