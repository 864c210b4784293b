"""The place that touches the network: sends what a flow asks for and hands back what came."""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import IO, TypedDict, TypeVar

import httpx
from pydantic import SecretStr
from typing_extensions import Unpack

from speechmatics.exceptions import InvalidInputError, error_for_failure, error_for_status, request_id_of
from speechmatics.flows import Flow, Sleep
from speechmatics.operations import Operation
from speechmatics.settings import ConnectionSettings

__all__ = ["BlockingDriver", "RequestOptions"]

_T = TypeVar("_T")

Scalar = str | int | float | bool | None
QueryParams = httpx.QueryParams | Mapping[str, Scalar | Sequence[Scalar]] | list[tuple[str, Scalar]] | str
FileContent = IO[bytes] | bytes | str
File = FileContent | tuple[str | None, FileContent] | tuple[str | None, FileContent, str | None]
BasicAuth = tuple[str, str]


class RequestOptions(TypedDict, total=False):
    """The keywords of httpx's `request` that `send_request` passes on."""

    content: str | bytes | Iterable[bytes]
    data: Mapping[str, object]
    files: Mapping[str, File] | Sequence[tuple[str, File]]
    json: object
    params: QueryParams | None
    headers: httpx.Headers | Mapping[str, str] | Sequence[tuple[str, str]] | None
    cookies: dict[str, str]
    auth: BasicAuth | httpx.Auth | None
    follow_redirects: bool
    timeout: float | httpx.Timeout | None
    extensions: Mapping[str, object]


_logger = logging.getLogger("speechmatics")


def _user_agent() -> str:
    try:
        own = version("speechmatics-typed")
    except PackageNotFoundError:
        own = "unknown"
    return f"speechmatics-typed/{own} httpx/{httpx.__version__} python/{platform.python_version()}"


class _BearerAuth(httpx.Auth):
    """Adds the token as the request leaves, so that it stands in no frame and no object that others see."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if "Authorization" not in request.headers:
            request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        yield request


class BlockingDriver:
    """Runs flows on an `httpx.Client`, which it opens at the first request unless it is given one.

    May be used from many threads.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        http_client: httpx.Client | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url = httpx.URL(settings.base_url)
        self._settings = settings
        self._given = http_client
        self._own: httpx.Client | None = None
        self._lock = threading.Lock()
        self._sleep = sleep
        self._auth = _BearerAuth(settings.auth_token) if settings.auth_token else None
        self._headers = {"Accept": "application/json", "User-Agent": _user_agent()}

    def open(self) -> httpx.Client:
        """The client that requests go through, opened if need be."""
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None:
                settings = self._settings
                context = settings.ssl_context
                self._own = httpx.Client(
                    verify=context if context is not None else self._base_url.scheme == "https",
                    timeout=settings.timeout,
                    trust_env=settings.trust_env,
                )
            return self._own

    def close(self) -> None:
        """Closes the client that was opened here; one that was given is its owner's to close."""
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            own.close()

    def run(self, flow: Flow[_T]) -> _T:
        """Runs a flow to its end."""
        try:
            step = next(flow)
            while True:
                if isinstance(step, Sleep):
                    self._sleep(step.seconds)
                    step = flow.send(None)
                    continue
                try:
                    response = self._send(step)
                except httpx.RequestError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(response)
        except StopIteration as end:
            value: _T = end.value
            return value
        finally:
            flow.close()

    def request(self, method: str, path: str, **options: Unpack[RequestOptions]) -> httpx.Response:
        """Sends a request of the caller's making.

        Raises:
            InvalidInputError: `path` is a URL of another server, which must not see the token.
            APIStatusError: The answer is an error.
            RequestError: No whole answer came.
        """
        url = self._url(path)
        if params := options.get("params"):
            url = url.copy_merge_params(httpx.QueryParams(params))
        headers = httpx.Headers(self._headers)
        headers.update(options.get("headers"))
        client = self.open()
        request = client.build_request(
            method,
            url,
            content=options.get("content"),
            data=options.get("data"),
            files=options.get("files"),
            json=options.get("json"),
            headers=headers,
            cookies=options.get("cookies"),
            timeout=options.get("timeout", client.timeout),
            extensions=dict(options.get("extensions", {})),
        )
        response = self._exchange(
            client,
            request,
            auth=options.get("auth", self._auth),
            follow_redirects=options.get("follow_redirects", False),
        )
        if not response.is_success:
            raise error_for_status(response)
        return response

    def _url(self, path: str) -> httpx.URL:
        url = httpx.URL(path)
        if url.is_relative_url:
            return httpx.URL(f"{self._base_url}{path.lstrip('/')}")
        if (url.scheme, url.host, url.port) != (self._base_url.scheme, self._base_url.host, self._base_url.port):
            raise InvalidInputError(f"{url.host} is not the server of this client; give a path below {self._base_url}")
        return url

    def _send(self, operation: Operation[object, object]) -> httpx.Response:
        client = self.open()
        timeout = client.timeout
        if operation.patience and timeout.read is not None:
            timeout = httpx.Timeout(timeout, read=timeout.read + operation.patience)
        body = operation.body
        request = client.build_request(
            operation.method,
            self._url(operation.path),
            params=operation.params or None,
            content=body,
            headers={**self._headers, **(body.headers if body is not None else {})},
            timeout=timeout,
        )
        return self._exchange(client, request, auth=self._auth, job_id=operation.job_id)

    def _exchange(
        self,
        client: httpx.Client,
        request: httpx.Request,
        *,
        auth: BasicAuth | httpx.Auth | None,
        follow_redirects: bool = False,
        job_id: str | None = None,
    ) -> httpx.Response:
        started = time.monotonic()
        failure: httpx.RequestError | None = None
        try:
            response = client.send(
                request, auth=auth if auth is not None else httpx.USE_CLIENT_DEFAULT, follow_redirects=follow_redirects
            )
        except httpx.RequestError as error:
            failure = error
        else:
            _logger.debug(
                "%s %s: %d in %.3f s, request id %s",
                request.method,
                request.url,
                response.status_code,
                time.monotonic() - started,
                request_id_of(response),
            )
            return response
        # Raised outside the handler: the frames of the network stack, which hold the token, are not chained.
        _logger.debug("%s %s: %s", request.method, request.url, type(failure).__name__)
        raise error_for_failure(failure, request, job_id=job_id)
