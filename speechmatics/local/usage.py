"""How much was done: jobs and hours of audio, by kind, language and model."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from speechmatics.local.database import Database

__all__ = ["report_usage"]

_TOTALS = """
SELECT
    {columns}, COUNT(*) AS count, ROUND(TOTAL(duration) / 3600, 4) AS duration_hrs,
    MIN(day) AS first, MAX(day) AS last
FROM (
    SELECT
        duration,
        substr(created_at, 1, 10) AS day,
        -- Whatever a job is called, this is what is done.
        'transcription' AS type,
        json_extract(config, '$.transcription_config.language') AS language,
        COALESCE(
            json_extract(config, '$.transcription_config.model'),
            json_extract(config, '$.transcription_config.operating_point'),
            'standard'
        ) AS model
    FROM jobs
    WHERE duration IS NOT NULL
)
WHERE day BETWEEN ? AND ?
GROUP BY {columns}
ORDER BY count DESC, {columns}
"""
_SUMMARY = _TOTALS.format(columns="type")
_DETAILS = _TOTALS.format(columns="type, language, model")


def report_usage(database: Database, since: date | None, until: date | None) -> dict[str, Any]:
    """Jobs that were done, deleted ones too, by day of creation (UTC); both ends are included.

    The service leaves out the current day; here it counts.
    """
    days = (since or date.min).isoformat(), (until or date.max).isoformat()
    summary, details = (database.read(statement, *days) for statement in (_SUMMARY, _DETAILS))
    today = datetime.now(UTC).date().isoformat()
    first = since or min((row["first"] for row in summary), default=today)
    last = until or max((row["last"] for row in summary), default=today)
    return {
        "since": f"{first}T00:00:00Z",
        "until": f"{last}T23:59:59Z",
        "summary": [
            {"mode": "batch", **{name: row[name] for name in ("type", "count", "duration_hrs")}} for row in summary
        ],
        "details": [_detail(dict(row)) for row in details],
    }


def _detail(row: dict[str, Any]) -> dict[str, Any]:
    # The specification names the model as it was called before; its example as it is called now.
    named = {"model": row["model"], "operating_point": row["model"]}
    about = {"mode": "batch", "type": row["type"], "language": row["language"]}
    return {**about, **named, "count": row["count"], "duration_hrs": row["duration_hrs"]}
