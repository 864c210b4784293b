"""Temporary keys, as the management platform makes them: JWTs that are signed, and expire."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from starlette.responses import JSONResponse

from speechmatics.local.errors import bad_request, too_large, unsupported
from speechmatics.models._leniency import Leniency, leniency
from speechmatics.models.temporary_key import TemporaryKeyRequest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["KEYS_PATH", "TemporaryKeys"]

KEYS_PATH = "/v1/api_keys"
MAX_REQUEST = 64 * 1024
"""Bytes of a request for a key at most."""
_OBJECT = TypeAdapter(dict[str, Any])


class TemporaryKeys:
    """The keys of one server; those of another, or of an earlier run, are none of its own.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)

    async def answer(self, request: Request) -> Response:
        """Makes the key that a request asks for."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_REQUEST:
                raise too_large(MAX_REQUEST)
        try:
            with leniency(Leniency.SILENT):
                wish = TemporaryKeyRequest.model_validate_json(bytes(body))
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise bad_request(problems, error="Bad Request") from None
        if wish.client_ref is not None:
            raise unsupported("client_ref: this server does not keep the jobs of clients apart")
        return JSONResponse({"key_value": self.make(wish.ttl)}, 201)

    def make(self, ttl: int) -> str:
        """A key that lives for so many seconds."""
        now = int(self._clock())
        parts = [{"alg": "HS256", "typ": "JWT"}, {"iat": now, "exp": now + ttl, "jti": secrets.token_hex(8)}]
        text = ".".join(_encode(json.dumps(part).encode()) for part in parts)
        return f"{text}.{self._sign(text)}"

    def is_valid(self, key: bytes) -> bool:
        """Whether a key was made here and has not expired."""
        text, _, signature = key.decode("latin-1").rpartition(".")
        if not hmac.compare_digest(signature.encode("latin-1"), self._sign(text).encode()):
            return False
        payload = _OBJECT.validate_json(_decode(text.partition(".")[2]))
        return bool(self._clock() < payload["exp"])

    def _sign(self, text: str) -> str:
        return _encode(hmac.digest(self._secret, text.encode("latin-1"), hashlib.sha256))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
