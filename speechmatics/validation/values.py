"""What stands where a problem is, as far as it may be shown."""

from __future__ import annotations

import json

from speechmatics._secrets import MASK
from speechmatics._urls import bare_url, is_url
from speechmatics.validation.report import Path, ProblemCode, ValidationProblem
from speechmatics.validation.source import Json

__all__ = ["value_in_config", "value_in_transcript"]

LONGEST = 100
"""Characters of a value that are shown at most."""
_WITH_SECRETS = frozenset({("fetch_data",), ("fetch_text",), ("notification_config",)})
"""Parts of a configuration with headers and signed URLs."""
_WITHOUT_SECRETS = frozenset({"contents", "method"})
"""Their fields that hold neither."""


def value_in_transcript(data: Json, problem: ValidationProblem) -> str | None:
    """What stands in a transcript, which holds no secrets but the queries of URLs; None where nothing stands."""
    return _shown(data, problem.path)


def value_in_config(data: Json, problem: ValidationProblem) -> str | None:
    """What stands in a configuration; masked where it may be a secret, as in a field that is not known."""
    shown = _shown(data, problem.path)
    if shown is None or shown in ("{…}", "[…]", "null"):
        return shown
    may_be_secret = (
        problem.code is ProblemCode.UNKNOWN_FIELD
        or "auth_headers" in problem.path
        or (problem.path[:1] in _WITH_SECRETS and _WITHOUT_SECRETS.isdisjoint(problem.path) and not is_url(shown))
    )
    return MASK if may_be_secret else shown


def _shown(data: Json, path: Path) -> str | None:
    for step in path:
        if isinstance(data, dict):
            if step not in data:
                return None
            data = data[str(step)]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    if isinstance(data, dict):
        return "{…}"
    if isinstance(data, list):
        return "[…]"
    if isinstance(data, str):
        data = (bare_url(data) if is_url(data) else data)[: 2 * LONGEST]
    try:
        text = json.dumps(data, ensure_ascii=False)
    except ValueError:  # a whole number of more digits than Python prints
        return "…"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
