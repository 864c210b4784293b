"""What the values of `ConnectionSettings` are: their types, their bounds, and what is checked of each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import httpx
from pydantic import BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_core import from_json

from speechmatics._descriptions import DescribedModel
from speechmatics._names import did_you_mean
from speechmatics._urls import check_http_url

__all__ = [
    "CREDENTIALS",
    "DEFAULT_MP_URL",
    "DEFAULT_URL",
    "ENDLESS",
    "LONGEST_KEY_LIFE",
    "MAX_RESPONSE_BYTES",
    "MAX_UPLOAD_BYTES",
    "SHORTEST_KEY_LIFE",
    "Count",
    "HostRegion",
    "KeyRegion",
    "Number",
    "OptionalCount",
    "OptionalSeconds",
    "ProcessingData",
    "Region",
    "Seconds",
    "SomeSeconds",
    "check_headers",
    "check_mp_url",
    "check_proxy",
    "check_token",
    "check_url",
    "check_verify",
    "from_json_text",
]

HostRegion = Literal["eu1", "us1", "au1", "eu2", "us2"]
"""Regions with a host of their own; a job belongs to the host that took it (documentation)."""
KeyRegion = Literal["eu", "usa", "au"]
"""Regions of temporary keys (reference; deprecated by the service)."""
Region = Literal["eu1", "us1", "au1", "eu2", "us2", "eu", "usa", "au"]
"""Either of them."""
SHORTEST_KEY_LIFE, LONGEST_KEY_LIFE = 60, 86_400
"""Seconds that a temporary key may live (reference)."""

DEFAULT_URL = "https://asr.api.speechmatics.com/v2"
"""The service's own host (reference)."""
DEFAULT_MP_URL = "https://mp.speechmatics.com"
"""The management platform (reference)."""
MAX_UPLOAD_BYTES = 1_000_000_000
"""Upload limit of the service: a file must be under 1 GB (documentation)."""
MAX_RESPONSE_BYTES = 1024**3
"""More than a transcript of a hundred hours has."""

CREDENTIALS = re.compile(r"//.*@", re.DOTALL)
"""What stands before the host of a URL."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What HTTP calls a token (RFC 9110)."""


def check_url(value: str) -> str:
    """The URL of a server, without white space around it; raises ValueError if it is none."""
    try:
        url = httpx.URL(check_http_url(value.strip()))
    except (ValueError, httpx.InvalidURL):
        raise ValueError(f"must be an http or https URL such as {DEFAULT_URL} (it is not shown)") from None
    if "jobs" in url.path.split("/"):
        raise ValueError(f"must be the URL of the server, as {DEFAULT_URL}, not that of its jobs")
    if url.userinfo or url.query or url.fragment:
        raise ValueError(f"must hold no credentials, query or fragment, as in {DEFAULT_URL}")
    return value.strip()


def check_token(value: SecretStr | None) -> SecretStr | None:
    """A token that a header can hold, or None if it is empty; raises ValueError, which does not show it."""
    if value is None or not value.get_secret_value().strip():
        return None
    kept = SecretStr(value.get_secret_value().strip())
    if not all("!" <= character <= "~" for character in kept.get_secret_value()):
        raise ValueError("must be printable ASCII without white space (the token is not shown)")
    return kept


def _none_if_named(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() in ("none", "null") else value


ENDLESS = 1e9
"""Seconds that count as no limit: some thirty years, and less than what the operating system can count."""


def _none_if_endless(value: object) -> object:
    try:
        return None if isinstance(value, str | float | int) and float(value) >= ENDLESS else value
    except ValueError:
        return value


def _no_flag(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


def check_proxy(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        httpx.Proxy(value.strip())
    except (ValueError, httpx.InvalidURL):
        raise ValueError("must be an http, https, socks5 or socks5h URL (it is not shown)") from None
    return value.strip()


def check_headers(value: dict[str, str]) -> dict[str, str]:
    for name, content in value.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError("holds what is not the name of a header (it is not shown)")
        if not all(character == "\t" or " " <= character <= "~" for character in content):
            raise ValueError(f"holds a value of {name} that is not printable ASCII (it is not shown)")
    return value


def check_verify(value: bool | Path) -> bool | Path:
    text = str(value).lower()
    if isinstance(value, Path) and (hint := did_you_mean(text, ("true", "false"))) and not value.expanduser().exists():
        raise ValueError(f"must be true, false or a path, not {str(value)!r}{hint}")
    return value


def check_mp_url(value: str | None) -> str | None:
    return None if value is None else check_url(value)


class ProcessingData(DescribedModel):
    """How an on-premises worker is to process a job."""

    model_config = ConfigDict(extra="allow")

    parallel_engines: Annotated[int, Field(ge=1)] | None = None
    """Engines that work on one job at once, 1 or more."""
    user_id: str | None = None
    """Whose job it is, for fair shares between users."""

    @property
    def header(self) -> str:
        """The value of `X-SM-Processing-Data`."""
        return self.model_dump_json(exclude_none=True)


def from_json_text(value: object) -> object:
    try:
        return from_json(value) if isinstance(value, str) else value
    except (TypeError, ValueError):
        raise ValueError("must be a JSON object (it is not shown, as it may hold secrets)") from None


Number = BeforeValidator(_no_flag)
Seconds = Annotated[float, Number, Field(ge=0, allow_inf_nan=False)]
SomeSeconds = Annotated[float, Number, Field(gt=0, allow_inf_nan=False)]
OptionalSeconds = Annotated[SomeSeconds | None, BeforeValidator(_none_if_endless), BeforeValidator(_none_if_named)]
Count = Annotated[int, Number, Field(gt=0)]
OptionalCount = Annotated[Count | None, BeforeValidator(_none_if_named)]
