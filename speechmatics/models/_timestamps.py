"""Points in time, which are dumped as the very text that was read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self, SupportsIndex

from pydantic import (
    PlainSerializer,
    WrapValidator,
)
from pydantic_core import (
    PydanticKnownError,
)

__all__ = ["Timestamp"]


class _WireDatetime(datetime):
    """A datetime that remembers how the service wrote it: nanoseconds and the form of the zone survive."""

    wire: str | None = None
    """None for one that was computed from another, as by adding a day."""

    @classmethod
    def of(cls, moment: datetime, wire: str | None) -> Self:
        kept = cls.combine(moment.date(), moment.timetz())
        kept.wire = wire
        return kept

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return self.of, (datetime.combine(self.date(), self.timetz()), self.wire)


def _remember(value: object, handler: Any) -> Any:
    if isinstance(value, int | float):
        raise PydanticKnownError("datetime_type")
    parsed: datetime = handler(value)
    return _WireDatetime.of(parsed, value) if isinstance(value, str) else parsed


def _as_written(value: datetime) -> str:
    wire = value.wire if isinstance(value, _WireDatetime) else None
    return value.isoformat().replace("+00:00", "Z") if wire is None else wire


Timestamp = Annotated[datetime, WrapValidator(_remember), PlainSerializer(_as_written, return_type=str)]
"""A point in time as ISO 8601 text on the wire; dumps as the very text that was read."""
