"""Parameters of a query: what each may be, and the API's error where one is something else."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from speechmatics.local.errors import ApiError

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["BOOLEAN", "DATE", "FORMAT", "LIMIT", "MOMENT", "WAIT", "Format", "read_query"]

Format = Literal["json-v2", "txt", "srt"]
"""How a transcript is given."""
FORMAT: TypeAdapter[Format] = TypeAdapter(Format)
WAIT: TypeAdapter[int | None] = TypeAdapter(Annotated[int | None, Field(ge=0)])
"""Seconds."""
LIMIT: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=1, le=100)])
"""Jobs of a page."""
BOOLEAN: TypeAdapter[bool] = TypeAdapter(bool)
DATE: TypeAdapter[date | None] = TypeAdapter(date | None)
MOMENT: TypeAdapter[datetime | None] = TypeAdapter(datetime | None)

_T = TypeVar("_T")


def read_query(request: Request, name: str, adapter: TypeAdapter[_T], default: _T) -> _T:
    """A parameter of a request's query, or what it is by default.

    Raises:
        ApiError: 422, it is something else than it may be.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        return adapter.validate_python(text)
    except ValidationError as error:
        problems = "; ".join(problem["msg"] for problem in error.errors())
        raise ApiError(422, "Unprocessable Entity", f"{name} in query: {problems}") from None
