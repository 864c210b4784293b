"""The API's own errors, as the server answers them."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterable, Mapping

__all__ = [
    "ApiError",
    "bad_request",
    "busy",
    "file_expired",
    "forbidden",
    "job_expired",
    "job_not_found",
    "locked",
    "not_allowed",
    "not_kept",
    "request_timeout",
    "too_large",
    "too_many_jobs",
    "unauthorized",
    "unsupported",
]


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ApiError(Exception):
    """An answer with an error status and the API's error body."""

    def __init__(
        self, code: int, error: str, detail: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{code} {error}" + (f": {detail}" if detail else ""))
        self.code = code
        self.error = error
        self.detail = detail
        self.headers = headers

    @property
    def body(self) -> dict[str, object]:
        """The error body of the specification."""
        body: dict[str, object] = {"code": self.code, "error": self.error}
        return {**body, "detail": self.detail} if self.detail else body

    @property
    def body_on_premises(self) -> dict[str, object]:
        """The error body of a container on premises."""
        return {"detail": self.detail or self.error}


def bad_request(detail: str, *, error: str = "Job rejected") -> ApiError:
    """400: the request cannot become a job."""
    return ApiError(400, error, detail)


def unsupported(detail: str) -> ApiError:
    """400: the real service may do this, this server does not."""
    return ApiError(400, "Requested product not available", detail)


def unauthorized(headers: Mapping[str, str] | None = None) -> ApiError:
    """401: the token is not the server's."""
    return ApiError(401, "Permission Denied", headers=headers)


def job_not_found(job_id: str) -> ApiError:
    """404: no such job."""
    return ApiError(404, "Job not found", f"there is no job {job_id}")


def file_expired() -> ApiError:
    """410: the job's files are gone with the job."""
    return ApiError(410, "File Expired", "File deleted from the storage")


def job_expired() -> ApiError:
    """410: the job was kept as long as jobs are kept."""
    return ApiError(410, "Job Expired")


def forbidden(detail: str) -> ApiError:
    """403: whoever asks may not."""
    return ApiError(403, "Forbidden", detail)


def not_allowed(methods: Iterable[str]) -> ApiError:
    """405: these are the methods that there are."""
    return ApiError(405, "Method Not Allowed", headers={"Allow": ", ".join(methods)})


def request_timeout(seconds: float) -> ApiError:
    """408: a request does not come, or too slowly."""
    return ApiError(408, "Request Timeout", f"too little came within {seconds:g} s")


def too_large(max_bytes: int) -> ApiError:
    """413: what comes is larger than the server takes."""
    return ApiError(413, "Payload Too Large", f"{max_bytes} bytes is the most that is taken")


def too_many_jobs(max_backlog: int) -> ApiError:
    """429: as many jobs as the server takes have yet to end."""
    detail = f"{max_backlog} jobs have yet to end"
    return ApiError(429, "Max concurrent running jobs exceeded", detail, {"Retry-After": "1"})


def busy(detail: str) -> ApiError:
    """503: the engines of a container are in use."""
    return ApiError(503, "Server busy", f"Server busy: {detail}")


def not_kept(error: OSError | sqlite3.Error) -> ApiError:
    """500: the disk does not take what is to be kept."""
    is_full = getattr(error, "errno", None) in _FULL or getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return ApiError(500, "Internal Server Error", f"jobs cannot be kept{': the disk is full' if is_full else ''}")


def locked(job_id: str) -> ApiError:
    """423: the job runs, and `force` is not set."""
    return ApiError(423, "Resource Locked", f"job {job_id} is running")
