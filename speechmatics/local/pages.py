"""What people see of the server in a browser: its jobs, and the transcript and the audio of each."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.responses import FileResponse, HTMLResponse

from speechmatics.local.errors import ApiError, file_expired
from speechmatics.local.jobs import KEPT
from speechmatics.models.job import JobStatus
from speechmatics.models.transcript import Transcript
from speechmatics.rendering.page import content_policy, filled_in, hash_of, policy_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from speechmatics.local.jobs import Job
    from speechmatics.local.state import JobStore

__all__ = ["Pages", "is_page"]

SHOWN = 100
"""Jobs that are listed."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def is_page(path: str) -> bool:
    """Whether a path is one of those that people open in a browser, and not of the API."""
    return path == "/" or path.startswith("/jobs/")


class Pages:
    """Answers what a browser asks.

    Args:
        store: The jobs.
    """

    def __init__(self, store: JobStore) -> None:
        self._store = store

    async def list_jobs(self, request: Request) -> Response:
        """The newest jobs; while one is running, the page is loaded again every few seconds."""
        jobs = self._store.recent(created_before=None, limit=SHOWN, include_deleted=False)
        is_running = any(job.status == JobStatus.RUNNING for job in jobs)
        rows = "\n".join(_row(job) for job in jobs) or '<tr><td colspan="4">No jobs yet.</td></tr>'
        refresh = '<meta http-equiv="refresh" content="3">' if is_running else ""
        style = _resource("jobs.css")
        page = filled_in(_resource("jobs.html"), refresh=refresh, style=style, rows=rows)
        return _html(page, policy_of("default-src 'none'", f"style-src {hash_of(style)}"))

    async def get_transcript(self, request: Request) -> Response:
        """The page of a transcript, which plays the audio."""
        job = self._store.get(request.path_params["job_id"])
        if job.status not in KEPT:
            raise file_expired()
        text = self._store.transcript(job.id)
        if text is None:
            raise ApiError(404, "Not Found", f"there is no transcript: the job is {job.status}")
        has_audio = await anyio.to_thread.run_sync(self._store.audio_of(job.id).is_file)
        audio = f"/jobs/{job.id}/audio" if has_audio else None
        page = await anyio.to_thread.run_sync(lambda: Transcript.from_json(text).to_html(audio))
        return _html(page, content_policy("'self'"))

    async def get_audio(self, request: Request) -> Response:
        """The audio of a job, also in part, so that a player can go to any time."""
        job, found = await anyio.to_thread.run_sync(self._store.stat_audio, request.path_params["job_id"])
        audio = self._store.audio_of(job.id)
        kind = mimetypes.guess_type(job.data_name)[0] or ""
        # A name may end in .html or .svg, which would run scripts in the name of this server.
        media_type = kind if kind.startswith(("audio/", "video/")) else "application/octet-stream"
        headers = {**_HEADERS, "Content-Security-Policy": "sandbox; default-src 'none'"}
        return FileResponse(audio, headers=headers, media_type=media_type, stat_result=found)


def _html(page: str, policy: str) -> Response:
    headers = {**_HEADERS, "Content-Security-Policy": f"{policy}; frame-ancestors 'none'"}
    return HTMLResponse(page, headers=headers)


def _row(job: Job) -> str:
    name = f"<bdi>{escape(job.data_name or job.id)}</bdi>"
    if job.status == JobStatus.DONE:
        name = f'<a href="/jobs/{escape(job.id)}">{name}</a>'
    cells = [escape(job.created_at[:19].replace("T", " ")), name, "; ".join(_state(job)), escape(job.id)]
    columns = "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<tr>{columns}</tr>"


def _state(job: Job) -> Iterator[str]:
    yield escape(job.status)
    for error in job.errors:
        yield escape(error["message"])


@cache
def _resource(name: str) -> str:
    return files("speechmatics.local").joinpath(name).read_text(encoding="utf-8")
