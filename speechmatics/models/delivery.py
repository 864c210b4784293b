"""Where the audio comes from, where the result goes, and what the customer notes of a job."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    WithJsonSchema,
)

from speechmatics._secrets import MASK
from speechmatics._urls import bare_url, check_http_url
from speechmatics.models._base import SentModel
from speechmatics.models._leniency import is_received, require_json
from speechmatics.models._markers import KnownValues
from speechmatics.models._rules import Headers, Url, check, lowercase
from speechmatics.models.vocabularies import (
    NotificationContent,
    NotificationMethod,
)

__all__ = ["FetchData", "NotificationConfig", "TrackingData"]


def _method(method: str) -> str:
    check(method in get_args(NotificationMethod), f"must be post or put, not {method!r}")
    return method


_METHODS = get_args(NotificationMethod)
_Method = Annotated[str, AfterValidator(_method), WithJsonSchema({"type": "string", "examples": list(_METHODS)})]


class _Addressed(SentModel):
    """Base of what has a URL that may be signed, and headers that authorise: no repr and no error shows them."""

    @classmethod
    def _is_secret(cls) -> bool:
        return True

    if not TYPE_CHECKING:

        def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
            """The URL without its query and credentials; unknown fields without their values."""
            for name, value in super().__repr_args__():
                if name == "url" and isinstance(value, str):
                    value = bare_url(value)
                elif name not in type(self).model_fields:
                    value = MASK
                yield name, value


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def _fetched(url: str) -> str:
    is_of_another_scheme = _SCHEME.match(url) and not url.lower().startswith(("http://", "https://"))
    return url if is_received() or is_of_another_scheme else check_http_url(url)


class FetchData(_Addressed):
    """Where the service fetches the audio, in place of an upload."""

    url: Annotated[str, AfterValidator(_fetched), Field(json_schema_extra={"pattern": "^[A-Za-z][A-Za-z0-9+.-]*:"})] = (
        Field(kw_only=False)
    )
    """HTTP or HTTPS URL of the audio; one of another scheme, as workers on premises take `file://`, is a warning
    of reports and submissions."""
    auth_headers: Headers = Field(default=None, kw_only=False, repr=False)
    """Headers added to the fetch, each `Name: value`; secret, so not in the repr."""


class NotificationConfig(_Addressed):
    """A callback that the service makes when the job has ended."""

    url: Url = Field(kw_only=False)
    """HTTP or HTTPS URL; the service adds the query parameters `id` and `status`."""
    contents: list[KnownValues[NotificationContent]] | None = Field(default=None, kw_only=False)
    """What is sent: `jobinfo`, `transcript`, `transcript.json-v2`, `transcript.txt`, `transcript.srt`, `data`, `text`.
    An empty list: an empty body. None: the transcript as a file named `data_file`."""
    method: Annotated[_Method | None, BeforeValidator(lowercase)] = Field(
        default=None, kw_only=False, json_schema_extra={"enum": [*get_args(NotificationMethod), None]}
    )
    """`post` (the service's default) or `put`, in either case."""
    auth_headers: Headers = Field(default=None, kw_only=False, repr=False)
    """Headers added to the callback, each `Name: value`; secret, so not in the repr."""


class TrackingData(SentModel):
    """The customer's own notes on a job; they come back in job details, transcripts and callbacks."""

    title: str | None = None
    """Title of the job."""
    reference: str | None = None
    """The customer's own reference."""
    tags: list[str] | None = None
    """Labels."""
    details: dict[str, Any] | None = None
    """Any JSON object."""

    def _check_rules(self) -> None:
        """Its `details` can be written as JSON."""
        super()._check_rules()
        require_json("details", self.details)
