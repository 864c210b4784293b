"""How requests are authorised: by a token, or by temporary keys that a token makes."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from speechmatics.exceptions import InvalidResponseError, error_for_status

if TYPE_CHECKING:
    import anyio

__all__ = ["BearerAuth", "TemporaryKeyAuth"]

RENEWAL_MARGIN = 60.0
"""Seconds before its end, but no more than half its life, at which a temporary key is replaced."""


class BearerAuth(httpx.Auth):
    """Adds a token as the request leaves, so that it stands in no frame and no object that others see."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Adds the token, unless the request brings its own."""
        if "Authorization" not in request.headers:
            request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        yield request


class _NewKey(BaseModel):
    key_value: SecretStr


class TemporaryKeyAuth(httpx.Auth):
    """Authorises requests by temporary keys, which it gets when first needed and renews before they end.

    The long-lived key goes to the management platform alone. One object may be shared by threads, by the tasks of an
    event loop, and by clients; each key is asked for once.

    Args:
        key: The long-lived API key.
        ttl: Seconds that a key lives, 60 to 86400.
        client_ref: A reference; the keys see only the jobs made with it.
        region: `eu`, `usa` or `au`; None for the service's own choice.
        url: The management platform.
        clock: Seconds from any fixed point, never running backwards.

    Raises:
        APIStatusError: The platform refused to make a key.
        InvalidResponseError: The platform's answer holds no key.
    """

    def __init__(
        self,
        key: str | SecretStr,
        *,
        ttl: int = 3600,
        client_ref: str | None = None,
        region: str | None = None,
        url: str = "https://mp.speechmatics.com",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 60 <= ttl <= 86400:
            raise ValueError(f"ttl must be from 60 to 86400 seconds, not {ttl}")
        self._key = SecretStr(key) if isinstance(key, str) else key
        self._url = f"{url.rstrip('/').removesuffix('/v1')}/v1/api_keys"
        self._wish = {"ttl": ttl, **({"client_ref": client_ref} if client_ref else {})}
        if region:
            self._wish["region"] = region
        self._life = float(ttl)
        self._clock = clock
        self._current: tuple[SecretStr, float] | None = None
        self._lock = threading.Lock()
        self._async_lock: anyio.Lock | None = None

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sends the request with a key; once more with a new one if the service no longer takes the old."""
        with self._lock:
            key = self._usable()
            if key is None:
                asked = self._clock()
                answer = yield self._request()
                answer.read()
                key = self._take(answer, asked)
        response = yield self._authorised(request, key)
        if response.status_code == 401 and _can_be_sent_again(request):
            with self._lock:
                key = self._usable(other_than=key)
                if key is None:
                    asked = self._clock()
                    answer = yield self._request()
                    answer.read()
                    key = self._take(answer, asked)
            yield self._authorised(request, key)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """As `sync_auth_flow`."""
        lock = self._task_lock()
        async with lock:
            key = self._usable()
            if key is None:
                asked = self._clock()
                answer = yield self._request()
                await answer.aread()
                key = self._take(answer, asked)
        response = yield self._authorised(request, key)
        if response.status_code == 401 and _can_be_sent_again(request):
            async with lock:
                key = self._usable(other_than=key)
                if key is None:
                    asked = self._clock()
                    answer = yield self._request()
                    await answer.aread()
                    key = self._take(answer, asked)
            yield self._authorised(request, key)

    def _task_lock(self) -> anyio.Lock:
        import anyio

        if self._async_lock is None:
            self._async_lock = anyio.Lock()
        return self._async_lock

    def _usable(self, other_than: SecretStr | None = None) -> SecretStr | None:
        if self._current is None:
            return None
        key, end = self._current
        return None if key is other_than or self._clock() >= end else key

    def _request(self) -> httpx.Request:
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}"}
        return httpx.Request("POST", self._url, params={"type": "batch"}, json=self._wish, headers=headers)

    def _take(self, answer: httpx.Response, asked: float) -> SecretStr:
        if not answer.is_success:
            raise error_for_status(answer)
        try:
            key = _NewKey.model_validate_json(answer.content).key_value
        except ValidationError:
            raise InvalidResponseError("the management platform's answer holds no key_value") from None
        self._current = key, asked + self._life - min(RENEWAL_MARGIN, self._life / 2)
        return key

    def _authorised(self, request: httpx.Request, key: SecretStr) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {key.get_secret_value()}"
        return request


def _can_be_sent_again(request: httpx.Request) -> bool:
    return bool(request.extensions.get("speechmatics.replayable", lambda: True)())
