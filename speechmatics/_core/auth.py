"""How requests are authorised: by a token, or by temporary keys that a token makes."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import get_args
from uuid import uuid4
from weakref import WeakKeyDictionary

import anyio
import httpx
from anyio.lowlevel import RunVar
from pydantic import SecretStr, ValidationError

from speechmatics._answers import REQUEST_ID_HEADERS, request_id_of, shown_url
from speechmatics._setting_values import check_token, check_url
from speechmatics.exceptions import InvalidResponseError, SettingsError, error_for_status
from speechmatics.models.temporary_key import TemporaryKey, TemporaryKeyRequest
from speechmatics.settings import (
    DEFAULT_MP_URL,
    LONGEST_KEY_LIFE,
    SHORTEST_KEY_LIFE,
    ConnectionSettings,
    KeyRegion,
)

__all__ = ["BearerAuth", "TemporaryKeyAuth", "auth_for"]

RENEWAL_MARGIN = 60.0
"""Seconds before its end, but no more than half its life, at which a temporary key is replaced."""

_ASKED = "speechmatics.asked"
"""Where a request for a key notes when it was made: a key's life begins before its answer arrives."""

_logger = logging.getLogger("speechmatics")

_locks: RunVar[WeakKeyDictionary[TemporaryKeyAuth, anyio.Lock]] = RunVar("speechmatics temporary keys")
"""The locks of an event loop: a lock of anyio belongs to the loop that first waits for it."""


class BearerAuth(httpx.Auth):
    """Adds a token as the request leaves, so that it stands in no frame and no object that others see."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Adds the token, unless the request brings its own."""
        if "Authorization" not in request.headers:
            request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        yield request


@dataclass(slots=True, eq=False)
class _Key:
    value: SecretStr
    end: float
    refused: bool = False


class TemporaryKeyAuth(httpx.Auth):
    """Authorises requests by temporary keys, which it gets when first needed and renews before they end.

    The long-lived key goes to the management platform alone. One object may be shared by clients: threads wait for
    one another's key, and so do the tasks of an event loop, each no longer than it would for a connection (the pool
    timeout). A request that the service answers with 401 is sent once more with a new key if its body can be.

    Example:
        >>> auth = TemporaryKeyAuth("long-lived key", ttl=600, client_ref="customer 7")
        >>> client = BatchClient(auth=auth)  # doctest: +SKIP

    Args:
        key: The long-lived API key.
        ttl: Whole seconds that a key lives, 60 to 86400.
        client_ref: A reference; the keys see only the jobs made with it, and no usage.
        region: `eu`, `usa` or `au`; None for the service's own choice.
        url: The management platform.
        clock: Seconds from any fixed point, never running backwards.

    Raises:
        SettingsError: An argument is wrong.

    Requests raise `APIStatusError` where the platform refuses to make a key, `InvalidResponseError` where its answer
    holds none, and `httpx.RequestError` where no whole answer came or no key was there in time; they were not sent.
    """

    def __init__(
        self,
        key: str | SecretStr,
        *,
        ttl: int = 3600,
        client_ref: str | None = None,
        region: KeyRegion | None = None,
        url: str = DEFAULT_MP_URL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # From here on the key stands in no frame whose locals others show.
        key = SecretStr(key) if isinstance(key, str) else key
        self._long_lived = _checked(key)
        if not _is_number(ttl) or not SHORTEST_KEY_LIFE <= ttl <= LONGEST_KEY_LIFE or ttl != int(ttl):
            raise SettingsError(
                f"ttl must be from {SHORTEST_KEY_LIFE} to {LONGEST_KEY_LIFE} whole seconds, not {ttl!r}"
            )
        if client_ref is not None and not (_is_text(client_ref) and client_ref.strip()):
            raise SettingsError("client_ref must not be empty, and text: the keys would see the jobs of all")
        if not _is_text(url):
            raise SettingsError(f"url must be text, not {type(url).__name__}")
        if region not in (None, *get_args(KeyRegion)):
            raise SettingsError(f"region must be {', '.join(get_args(KeyRegion))} or None, not {region!r}")
        try:
            root = check_url(url).rstrip("/").removesuffix("/v1")
        except ValueError as error:
            raise SettingsError(f"url {error}") from None
        self._url = httpx.URL(f"{root}/v1/api_keys", params={"type": "batch"})
        self._wish = TemporaryKeyRequest(ttl=int(ttl), client_ref=client_ref, region=region).to_dict()
        self._life = float(ttl)
        self._clock = clock
        self._key: _Key | None = None
        # By process: a child must not wait for a thread that it does not have.
        self._thread_locks: dict[int, threading.Lock] = {}

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sends the request with a key; once more with a new one if the service no longer takes the old."""
        if "Authorization" in request.headers:
            yield request
            return
        for _ in range(2):
            if (key := self._usable()) is None:
                with self._turn_of_a_thread(request):
                    key = self._usable() or self._take(_read((yield self._asking(request))))
            response = yield _authorised(request, key)
            if not self._is_to_go_again(request, response, key):
                return

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """As `sync_auth_flow`."""
        if "Authorization" in request.headers:
            yield request
            return
        for _ in range(2):
            if (key := self._usable()) is None:
                async with self._turn_of_a_task(request):
                    key = self._usable() or self._take(await _aread((yield self._asking(request))))
            response = yield _authorised(request, key)
            if not self._is_to_go_again(request, response, key):
                return

    def _usable(self) -> _Key | None:
        key = self._key
        return None if key is None or key.refused or self._clock() >= key.end else key

    @contextmanager
    def _turn_of_a_thread(self, request: httpx.Request) -> Generator[None]:
        patience = _patience(request)
        lock = self._thread_locks.setdefault(os.getpid(), threading.Lock())
        if not lock.acquire(timeout=-1 if patience is None else patience):
            raise self._waited_in_vain(request)
        try:
            yield
        finally:
            lock.release()

    @asynccontextmanager
    async def _turn_of_a_task(self, request: httpx.Request) -> AsyncGenerator[None]:
        # A task must not wait for the threads' lock: if its own loop's thread held that, neither would continue.
        lock = self._lock_of_the_loop()
        with anyio.move_on_after(_patience(request)) as waiting:
            await lock.acquire()
        if waiting.cancelled_caught:
            raise self._waited_in_vain(request)
        try:
            yield
        finally:
            lock.release()

    def _lock_of_the_loop(self) -> anyio.Lock:
        locks = _locks.get(None)
        if locks is None:
            locks = WeakKeyDictionary[TemporaryKeyAuth, anyio.Lock]()
            _locks.set(locks)
        return locks.setdefault(self, anyio.Lock())

    def _waited_in_vain(self, request: httpx.Request) -> httpx.PoolTimeout:
        return httpx.PoolTimeout("another request did not get a temporary key in time", request=self._asking(request))

    def _asking(self, request: httpx.Request) -> httpx.Request:
        """The request for a key; it may take as long as the request that needs it."""
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self._long_lived.get_secret_value()}",
            "User-Agent": request.headers.get("User-Agent", f"httpx/{httpx.__version__}"),
            REQUEST_ID_HEADERS[-1]: uuid4().hex,
        }
        extensions = {"timeout": request.extensions.get("timeout", {}), _ASKED: self._clock()}
        return httpx.Request("POST", self._url, json=self._wish, headers=headers, extensions=extensions)

    def _take(self, answer: httpx.Response) -> _Key:
        _logger.debug(
            "POST %s: %d, asked for a temporary key, request id %s",
            shown_url(answer.request),
            answer.status_code,
            request_id_of(answer),
        )
        if not answer.is_success:
            raise error_for_status(answer, context="the management platform made no temporary key")
        value = _key_in(answer)
        if value is None:
            raise InvalidResponseError(
                f"the management platform's answer holds no key ({answer.request.method} {shown_url(answer.request)})",
                request=answer.request,
            )
        asked: float = answer.request.extensions[_ASKED]
        self._key = _Key(value, asked + self._life - min(RENEWAL_MARGIN, self._life / 2))
        return self._key

    def _is_to_go_again(self, request: httpx.Request, response: httpx.Response, key: _Key) -> bool:
        # httpx counts the platform's answers, which hold keys, among those that came before.
        response.history = [earlier for earlier in response.history if earlier.request.url != self._url]
        if response.status_code != 401:
            return False
        key.refused = True
        return _can_be_sent_again(request)


def auth_for(settings: ConnectionSettings) -> httpx.Auth | None:
    """How the settings have requests authorised; None: not at all, as servers on premises have it."""
    if settings.auth_token is None:
        if settings.generate_temp_token:
            raise SettingsError("generate_temp_token needs auth_token: the long-lived key that makes temporary keys")
        return None
    if not settings.generate_temp_token:
        return BearerAuth(settings.auth_token)
    return TemporaryKeyAuth(
        settings.auth_token,
        ttl=settings.temp_token_ttl,
        client_ref=settings.client_ref,
        region=_key_region(settings),
        url=settings.mp_url or DEFAULT_MP_URL,
    )


def _key_region(settings: ConnectionSettings) -> KeyRegion | None:
    return next((region for region in get_args(KeyRegion) if region == settings.region), None)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _checked(key: object) -> SecretStr:
    if not isinstance(key, SecretStr):
        raise SettingsError(f"key must be an API key, as text or SecretStr, not {type(key).__name__}")
    try:
        checked = check_token(key)
    except ValueError as error:
        raise SettingsError(f"key {error}") from None
    if checked is None:
        raise SettingsError("key must not be empty: temporary keys are made with a long-lived one")
    return checked


def _key_in(answer: httpx.Response) -> SecretStr | None:
    try:
        return check_token(SecretStr(TemporaryKey.model_validate_json(answer.content).key_value))
    except (ValidationError, ValueError):
        return None


def _read(answer: httpx.Response) -> httpx.Response:
    answer.read()
    return answer


async def _aread(answer: httpx.Response) -> httpx.Response:
    await answer.aread()
    return answer


def _authorised(request: httpx.Request, key: _Key) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {key.value.get_secret_value()}"
    return request


def _patience(request: httpx.Request) -> float | None:
    """Seconds that a request may wait for its turn."""
    seconds: float | None = request.extensions.get("timeout", {}).get("pool")
    return seconds


def _can_be_sent_again(request: httpx.Request) -> bool:
    replayable: Callable[[], bool] | None = request.extensions.get("speechmatics.replayable")
    return isinstance(request.stream, httpx.ByteStream) if replayable is None else replayable()
