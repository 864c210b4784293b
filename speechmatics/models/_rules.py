"""Rules for what a user sends; what the service has taken already is not judged again."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
)

from speechmatics._urls import check_http_url
from speechmatics.models._base import SentModel
from speechmatics.models._leniency import is_assigning, is_received

__all__ = ["Headers", "Url", "at_most", "check", "check_together", "lowercase", "one_or_many"]

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[^\s\x00-\x1f\x7f][^\x00-\x08\x0a-\x1f\x7f]*")


def one_or_many(value: object) -> object:
    if is_received():
        return value
    one: list[object] = [value]
    return one if isinstance(value, str | Mapping | SentModel) else value


def check(holds: bool, message: str) -> None:
    """A rule for what the user sends; what the service has taken already is not judged again."""
    if not holds and not is_received():
        raise ValueError(message)


def check_together(holds: bool, message: str) -> None:
    """A rule between fields: it waits while fields are set one by one."""
    check(holds or is_assigning(), message)


def _http_url(url: str) -> str:
    return url if is_received() else check_http_url(url)


def _header(header: str) -> str:
    is_header = _HEADER.fullmatch(header) is not None
    check(is_header, 'must have the form "Name: value" (it is not shown, being a secret)')
    return header


def lowercase(value: object) -> object:
    return value.lower() if isinstance(value, str) and not is_received() else value


def at_most(limit: int, what: str, *, least: int = 0) -> AfterValidator:
    """A rule for the length of a list."""
    takes = f"takes {least} to {limit}" if least else f"takes at most {limit}"

    def check_length(items: list[Any]) -> list[Any]:
        check(least <= len(items) <= limit, f"{takes} {what}, not {len(items)}")
        return items

    return AfterValidator(check_length)


Url = Annotated[
    str, AfterValidator(_http_url), Field(json_schema_extra={"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/\\s]"})
]
Headers = Annotated[list[Annotated[str, AfterValidator(_header)]] | None, BeforeValidator(one_or_many)]
