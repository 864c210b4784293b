"""How requests look on the wire: URLs, headers, ids and time limits; and what is logged of them."""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from secrets import token_hex

import httpx

from speechmatics._answers import REQUEST_ID_HEADERS, request_id_of, shown_url
from speechmatics._core.arguments import check_flag
from speechmatics._core.auth import auth_for
from speechmatics._core.custom_requests import (
    check_fields,
    checked_auth,
    checked_extensions,
    checked_request,
    checked_timeout,
    reason_of,
)
from speechmatics._core.operations import BasicAuth, CustomRequest, Operation, Request
from speechmatics._core.read_ahead import ReadAhead
from speechmatics._core.responses import ACCEPT_ENCODING
from speechmatics._core.session import ResponseInfo
from speechmatics.exceptions import (
    APIStatusError,
    InvalidInputError,
    InvalidResponseError,
    SpeechmaticsError,
    error_for_failure,
    error_for_status,
)
from speechmatics.settings import ConnectionSettings

__all__ = ["RequestBuilder", "failed", "follows_redirects", "not_a_url", "tell_of_answer"]

_Headers = httpx.Headers | Mapping[str, str] | Sequence[tuple[str, str]] | None

_logger = logging.getLogger("speechmatics")


def _user_agent() -> str:
    try:
        own = version("speechmatics-typed")
    except PackageNotFoundError:
        own = "unknown"
    return f"speechmatics-typed/{own} httpx/{httpx.__version__} python/{platform.python_version()}"


class RequestBuilder:
    """Builds the requests of one client.

    Attributes:
        headers: What every request carries.
        auth: What authorises requests; None for nothing.

    Args:
        settings: The client's settings.
        auth: What authorises requests in place of the settings' token.
        adds_headers: Whether the headers are added to each request; those of an `httpx.Client` that has them come
            along by themselves, which is cheaper.
        timeout: The time limits of a request; None for those of the `httpx.Client` that sends it.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        auth: httpx.Auth | None,
        *,
        adds_headers: bool,
        timeout: httpx.Timeout | None = None,
    ) -> None:
        self._own_timeout = timeout
        self._base_url = httpx.URL(settings.base_url)
        self._root = str(self._base_url)
        self.auth = auth if auth is not None else auth_for(settings)
        self.headers = httpx.Headers({"Accept": "application/json", "User-Agent": _user_agent()})
        if not adds_headers:
            self.headers["Accept-Encoding"] = ACCEPT_ENCODING
        self.headers.update(settings.headers)
        if settings.processing_data is not None:
            self.headers["X-SM-Processing-Data"] = settings.processing_data.header
        self._added = dict(self.headers) if adds_headers else {}

    def build(self, client: httpx.Client | httpx.AsyncClient, step: Request) -> httpx.Request:
        """The request that a step asks for.

        Raises:
            InvalidInputError: It cannot be built of what the caller gave.
        """
        try:
            if isinstance(step, CustomRequest):
                return checked_request(self._build_custom(client, step), client)
            return self._build(client, step)
        except InvalidInputError:
            raise
        except Exception as error:  # httpx has no error of its own for most of what it cannot send
            raise InvalidInputError(f"the request cannot be built: {reason_of(error)}") from None

    def _build(self, client: httpx.Client | httpx.AsyncClient, step: Operation[object, object]) -> httpx.Request:
        body = step.body
        given = None if body is None else body.headers
        request = client.build_request(
            step.method,
            self._root + step.path,
            params=step.params or None,
            content=body,
            headers=given,
            timeout=_timeout(self._timeout_of(client), step.patience, step.limit),
        )
        if body is not None:
            if isinstance(client, httpx.AsyncClient):
                request.stream = ReadAhead(body)
            request.extensions["speechmatics.replayable"] = lambda: body.replayable
        return self._completed(request, given)

    def auth_of(self, step: Request) -> BasicAuth | httpx.Auth | None:
        """What authorises a step.

        Raises:
            InvalidInputError: The caller gave what authorises nothing.
        """
        if isinstance(step, CustomRequest) and "auth" in step.options:
            return checked_auth(step.options["auth"])
        return self.auth

    def _build_custom(self, client: httpx.Client | httpx.AsyncClient, step: CustomRequest) -> httpx.Request:
        options = step.options
        url = self._url(step.path)
        if params := options.get("params"):
            url = url.copy_merge_params(httpx.QueryParams(params))
        given = options.get("headers")
        check_fields(options.get("data"))
        request = client.build_request(
            step.method,
            url,
            content=options.get("content"),
            data=options.get("data"),
            files=options.get("files"),
            json=options.get("json"),
            headers=given,
            cookies=options.get("cookies"),
            timeout=checked_timeout(options["timeout"]) if "timeout" in options else self._timeout_of(client),
            extensions=checked_extensions(options.get("extensions")),
        )
        return self._completed(request, given)

    def _timeout_of(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Timeout:
        return self._own_timeout or client.timeout

    def _completed(self, request: httpx.Request, given: _Headers) -> httpx.Request:
        """Adds the headers that every request carries, and an id of its own, but for what it was given.

        One by one, because httpx takes several times as long to merge two sets of headers.
        """
        for name, value in self._added.items():
            request.headers[name] = value
        request.headers[REQUEST_ID_HEADERS[-1]] = token_hex(16)
        if given:
            request.headers.update(given)
        return request

    def _url(self, path: str) -> httpx.URL:
        url = httpx.URL(path)
        base = self._base_url
        if url.is_relative_url:
            return httpx.URL(self._root + path.lstrip("/"))
        if (url.scheme, url.host, url.port) != (base.scheme, base.host, base.port):
            raise InvalidInputError(f"{url.host} is not the server of this client; give a path below {base}")
        return url


def follows_redirects(step: Request) -> bool:
    """Whether a step asks for what another URL has, if the server says so."""
    if not isinstance(step, CustomRequest):
        return False
    return check_flag("follow_redirects", step.options.get("follow_redirects", False))


def tell_of_answer(
    response: httpx.Response, seconds: float, on_response: Callable[[ResponseInfo], None] | None
) -> None:
    """Logs a request that was answered, at DEBUG, and calls who wants to know."""
    if on_response is None and not _logger.isEnabledFor(logging.DEBUG):
        return
    info = ResponseInfo(
        method=response.request.method,
        url=shown_url(response.request),
        status_code=response.status_code,
        seconds=seconds,
        request_id=request_id_of(response),
    )
    _logger.debug(
        "%s %s: %d in %.3f s, request id %s", info.method, info.url, info.status_code, info.seconds, info.request_id
    )
    if on_response is not None:
        on_response(info)


def not_a_url(error: httpx.InvalidURL | UnicodeError, request: httpx.Request) -> httpx.RequestError:
    """The failure that it is to be sent on to what is no URL, or has no host that there can be."""
    failure = httpx.RemoteProtocolError("the answer redirects to what is no URL", request=request)
    failure.__cause__ = error
    return failure


def failed(
    step: Request, request: httpx.Request, failure: httpx.RequestError, response: httpx.Response | None
) -> SpeechmaticsError:
    """This package's error for a failure of httpx, logged at DEBUG; `response` is an answer that was cut short."""
    # A failure of the exchange that gets a temporary key concerns another request than this one.
    concerned = _request_of(failure) or request
    _logger.debug(
        "%s %s: %s, request id %s",
        concerned.method,
        shown_url(concerned),
        type(failure).__name__,
        concerned.headers.get(REQUEST_ID_HEADERS[-1]),
    )
    if isinstance(failure, httpx.DecodingError):
        return _undecodable(step, concerned if concerned is not request else None, response)
    error = error_for_failure(failure, concerned, job_id=step.job_id)
    error.status_code = None if response is None else response.status_code
    return error


def _undecodable(
    step: Request, other: httpx.Request | None, response: httpx.Response | None
) -> APIStatusError | InvalidResponseError:
    """The error for an answer that is not compressed as it says: what its status says, if that is an error."""
    if response is not None and other is None and response.is_error:
        headers = [item for item in response.headers.multi_items() if item[0] != "content-encoding"]
        unread = httpx.Response(
            response.status_code, headers=headers, request=response.request, extensions=response.extensions
        )
        return error_for_status(unread, job_id=step.job_id)
    return InvalidResponseError(
        "the answer is not compressed as it says, and cannot be read", job_id=step.job_id, request=other
    )


def _request_of(failure: httpx.RequestError) -> httpx.Request | None:
    try:
        return failure.request
    except RuntimeError:
        return None


def _timeout(usual: httpx.Timeout, patience: float, limit: float | None) -> httpx.Timeout:
    """The usual time limits, with more time for the answer to begin, and none of them above the limit."""
    if not patience and limit is None:
        return usual
    read = None if usual.read is None else usual.read + patience

    def least(seconds: float | None) -> float | None:
        if limit is None:
            return seconds
        return max(0.001, limit if seconds is None else min(seconds, limit))

    return httpx.Timeout(
        connect=least(usual.connect), read=least(read), write=least(usual.write), pool=least(usual.pool)
    )
