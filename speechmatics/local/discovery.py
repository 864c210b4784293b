"""What the server says of itself: what it offers, and that it runs."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from speechmatics.local.engine import language_pack

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["HEALTH", "answer_health", "features_of"]

HEALTH = {"/started": "started", "/live": "alive", "/ready": "ready"}
"""Paths that ask whether a container runs, and the key of the answer (documentation, "Health service")."""


async def answer_health(request: Request) -> Response:
    """True, as the server begins to listen when all of it is there."""
    return JSONResponse({HEALTH[request.scope["path"]]: True})


def features_of(languages: Collection[str]) -> dict[str, Any]:
    """The answer of feature discovery: the engine's languages, or nothing where rules say what was heard."""
    if not languages:
        return {"metadata": {}}
    transcription: dict[str, Any] = {"version": "latest", "languages": sorted(languages), "locales": {}, "domains": {}}
    return {
        "metadata": {"language_pack_info": {language: language_pack(language) for language in sorted(languages)}},
        "batch": {
            "transcription": [transcription],
            "translation": [],
            "languageid": sorted(languages) if len(languages) > 1 else [],
        },
    }
