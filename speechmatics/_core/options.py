"""What a client may do otherwise than another whose connections it shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from pydantic import SecretStr

from speechmatics._core.session import ResponseInfo, Retry
from speechmatics._names import did_you_mean
from speechmatics.settings import ConnectionSettings, ProcessingData

__all__ = ["TIMEOUTS", "ClientOptions", "settings_with"]

TIMEOUTS = frozenset({"connect_timeout", "read_timeout", "write_timeout", "pool_timeout"})
"""The time limits that an existing `httpx.Client` has of its own."""
_OF_CONNECTIONS = frozenset(
    [
        *("ssl_context", "verify", "client_cert", "proxy", "trust_env", "http2"),
        *("max_connections", "max_keepalive_connections", "max_response_bytes"),
    ]
)
"""What connections are opened with, which are shared."""


class ClientOptions(TypedDict, total=False):
    """The keywords of `with_options`: fields of `ConnectionSettings` that are no property of connections, and hooks."""

    url: str
    auth_token: str | SecretStr | None
    headers: Mapping[str, str]
    processing_data: ProcessingData | Mapping[str, object] | None
    app: str | None
    call_timeout: float | None
    connect_timeout: float | None
    read_timeout: float | None
    write_timeout: float | None
    pool_timeout: float | None
    retry_attempts: int
    retry_delay: float
    retry_delay_max: float
    retry_total: float
    track_submissions: bool
    recovery_window: float
    recovery_window_long: float
    max_upload_bytes: int | None
    poll_interval: float
    poll_interval_max: float
    long_poll: int
    wait_timeout: float | None
    outage_timeout: float
    on_retry: Callable[[Retry], None] | None
    on_response: Callable[[ResponseInfo], None] | None


def settings_with(settings: ConnectionSettings, options: Mapping[str, Any]) -> ConnectionSettings:
    """A copy of settings with other values; headers are added to those that there are.

    Raises:
        TypeError: There is no such option, or it belongs to connections.
        SettingsError: A value is wrong.
    """
    for name in options:
        if name in _OF_CONNECTIONS:
            raise TypeError(f"{name} belongs to the connections, which are shared; make another client for it")
        if name not in ClientOptions.__annotations__:
            hint = did_you_mean(name, tuple(ClientOptions.__annotations__))
            raise TypeError(f"with_options has no option {name!r}{hint}")
    changed = settings.model_copy()
    values = {name: value for name, value in options.items() if name in ConnectionSettings.model_fields}
    if "headers" in values:
        values["headers"] = {**settings.headers, **values["headers"]}
    # The pair must hold when both are set: the wider one first.
    for name in sorted(values, key=lambda name: name != "poll_interval_max"):
        setattr(changed, name, values[name])
    return changed
