"""What the server says of itself: what it offers, and that it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from speechmatics.local.engine import LANGUAGE_PACK

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["HEALTH", "answer_health", "features_of"]

HEALTH = {"/started": "started", "/live": "alive", "/ready": "ready"}
"""Paths that ask whether a container runs, and the key of the answer (documentation, "Health service")."""


async def answer_health(request: Request) -> Response:
    """True, as the server begins to listen when all of it is there."""
    return JSONResponse({HEALTH[request.scope["path"]]: True})


def features_of(*, is_scripted: bool) -> dict[str, Any]:
    """The answer of feature discovery: English alone, or nothing of what is offered where rules say what was heard."""
    if is_scripted:
        return {"metadata": {}}
    transcription: dict[str, Any] = {"version": "latest", "languages": ["en"], "locales": {}, "domains": {}}
    return {
        "metadata": {"language_pack_info": {"en": LANGUAGE_PACK}},
        "batch": {"transcription": [transcription], "translation": [], "languageid": []},
    }
