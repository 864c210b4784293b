"""`ConnectionSettings`: how to reach the service, and where the values come from."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import httpx
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import from_json
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as UnreadableValueError
from typing_extensions import Unpack

from speechmatics._descriptions import BuiltByOne, DescribedModel
from speechmatics._names import did_you_mean
from speechmatics.exceptions import SettingsError

__all__ = [
    "DEFAULT_MP_URL",
    "DEFAULT_URL",
    "ConnectionSettings",
    "KeyRegion",
    "ProcessingData",
    "check_token",
    "check_url",
]

KeyRegion = Literal["eu", "usa", "au"]
"""Regions of temporary keys (reference; deprecated by the service)."""

DEFAULT_URL = "https://asr.api.speechmatics.com/v2"
"""The service's own host (reference)."""
DEFAULT_MP_URL = "https://mp.speechmatics.com"
"""The management platform (reference)."""
MAX_UPLOAD_BYTES = 1_000_000_000
"""Upload limit of the service: a file must be under 1 GB (documentation)."""
MAX_RESPONSE_BYTES = 1024**3
"""More than a transcript of a hundred hours has."""

_PREFIX = "SPEECHMATICS_"
_SECOND_NAMES = {"auth_token": "api_key", "url": "batch_url"}
"""Other names that the environment, an env file and a profile may use; the field's own name wins."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What HTTP calls a token (RFC 9110)."""


def check_url(value: str) -> str:
    """The URL of a server, without white space around it; raises ValueError if it is none."""
    try:
        url = httpx.URL(value.strip())
    except httpx.InvalidURL as error:
        raise ValueError(f"must be a URL such as {DEFAULT_URL}: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"must be an http or https URL such as {DEFAULT_URL}")
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


def _check_proxy(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        httpx.Proxy(value.strip())
    except (ValueError, httpx.InvalidURL):
        raise ValueError("must be an http, https, socks5 or socks5h URL (it is not shown)") from None
    return value.strip()


def _check_headers(value: dict[str, str]) -> dict[str, str]:
    for name, content in value.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"holds {name!r}, which is not the name of a header")
        if not all(character == "\t" or " " <= character <= "~" for character in content):
            raise ValueError(f"holds a value of {name} that is not printable ASCII (it is not shown)")
    return value


def _check_mp_url(value: str | None) -> str | None:
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


def _from_json(value: object) -> object:
    try:
        return from_json(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("must be a JSON object (it is not shown, as it may hold secrets)") from None


Seconds = Annotated[float, Field(gt=0)]
OptionalSeconds = Annotated[Seconds | None, BeforeValidator(_none_if_named)]
OptionalBytes = Annotated[Annotated[int, Field(gt=0)] | None, BeforeValidator(_none_if_named)]


class _Values(TypedDict, total=False):
    """What `ConnectionSettings` takes beside `url`, and as what types."""

    auth_token: str | SecretStr | None
    ssl_context: ssl.SSLContext | None
    message_buffer_size: int
    semaphore_timeout_seconds: float
    ping_timeout_seconds: float
    generate_temp_token: bool | None
    mp_url: str | None
    region: KeyRegion | None
    client_ref: str | None
    temp_token_ttl: int
    verify: bool | str | Path
    client_cert: str | Path | None
    proxy: str | None
    http2: bool
    max_connections: int
    max_keepalive_connections: int
    headers: Mapping[str, str]
    processing_data: ProcessingData | Mapping[str, object] | None
    app: str | None
    long_poll: int
    outage_timeout: float
    retry_attempts: int
    retry_delay: float
    retry_delay_max: float
    retry_total: float
    track_submissions: bool
    recovery_window: float
    recovery_window_long: float
    call_timeout: float | None
    connect_timeout: float | None
    read_timeout: float | None
    write_timeout: float | None
    pool_timeout: float | None
    max_upload_bytes: int | None
    max_response_bytes: int | None
    poll_interval: float
    poll_interval_max: float
    wait_timeout: float | None
    trust_env: bool
    profile: str | None
    config_file: str | Path
    env_file: str | Path | None
    secrets_dir: str | Path | None


class ConnectionSettings(BuiltByOne, BaseSettings):
    """How to reach the service.

    Each value comes from the first of: the argument; the environment (`SPEECHMATICS_` and the field's name);
    `env_file`, where given; a file in `secrets_dir`, where given; the profile of `~/.speechmatics/config`; the default.
    The token may also be named `SPEECHMATICS_API_KEY`, and the URL `SPEECHMATICS_BATCH_URL`.

    Example:
        >>> ConnectionSettings(url="https://eu1.asr.api.speechmatics.com", auth_token="secret").base_url
        'https://eu1.asr.api.speechmatics.com/v2/'

    Raises:
        SettingsError: A value is wrong; the message names where it came from, never a token.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        validate_assignment=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        defer_build=True,
    )

    url: Annotated[str, AfterValidator(check_url)] = DEFAULT_URL
    """Where the service is, with or without `/v2` at the end."""
    auth_token: Annotated[SecretStr | None, AfterValidator(check_token)] = None
    """API key or JWT; None sends no `Authorization` header, as on-premises servers allow."""
    ssl_context: ssl.SSLContext | None = Field(default=None, repr=False, exclude=True)
    """TLS context of one's own, in place of `verify` and `client_cert`; None for httpx's."""
    verify: bool | Path = True
    """Whether the server's certificate is checked; a path names a file of certificates to check it by, or a folder
    prepared by `openssl rehash`."""
    client_cert: Path | None = None
    """A PEM file with the client's certificate and its unencrypted private key, for servers that ask for one."""
    proxy: Annotated[str | None, AfterValidator(_check_proxy)] = Field(default=None, repr=False)
    """URL of a proxy, `http://`, `https://` or `socks5://` (extra `socks`); None for those of the environment."""
    http2: bool = False
    """Whether HTTP/2 is offered to the server (extra `http2`)."""
    max_connections: Annotated[int, Field(gt=0)] = 100
    """Connections open at once at most."""
    max_keepalive_connections: Annotated[int, Field(ge=0)] = 20
    """Idle connections kept at most."""
    headers: Annotated[dict[str, str], NoDecode, BeforeValidator(_from_json), AfterValidator(_check_headers)] = Field(
        default_factory=dict[str, str], repr=False
    )
    """Headers sent with every request."""
    processing_data: ProcessingData | None = None
    """How an on-premises worker is to process jobs (`X-SM-Processing-Data`)."""
    app: str | None = None
    """Name of the application, which usage reports show (`sm-app`)."""
    generate_temp_token: bool | None = False
    """Whether requests carry a temporary key, made with `auth_token`, which then goes to `mp_url` alone."""
    mp_url: Annotated[str | None, AfterValidator(_check_mp_url)] = DEFAULT_MP_URL
    """The management platform, which makes temporary keys."""
    temp_token_ttl: Annotated[int, Field(ge=60, le=86400)] = 3600
    """Seconds that a temporary key lives, 60 to 86400."""
    region: KeyRegion | None = None
    """Region of temporary keys: `eu`, `usa` or `au`; None for the service's own choice."""
    client_ref: Annotated[str, Field(min_length=1)] | None = None
    """Reference of temporary keys; they see only the jobs made with it."""
    message_buffer_size: int = 512
    """Kept for existing code; without meaning for recorded audio."""
    semaphore_timeout_seconds: float = 120
    """Kept for existing code; without meaning for recorded audio."""
    ping_timeout_seconds: float = 60
    """Kept for existing code; without meaning for recorded audio."""
    connect_timeout: OptionalSeconds = 10
    """Seconds to connect; None for no limit."""
    read_timeout: OptionalSeconds = 60
    """Seconds between two parts of an answer; None for no limit."""
    write_timeout: OptionalSeconds = 60
    """Seconds to send one part of a request; None for no limit."""
    pool_timeout: OptionalSeconds = 60
    """Seconds to get a connection of the pool; None for no limit."""
    call_timeout: OptionalSeconds = 300
    """Seconds that any call other than a submission or a wait may take as a whole; None for no limit."""
    max_upload_bytes: OptionalBytes = MAX_UPLOAD_BYTES
    """A file must be smaller than this many bytes; None for a server without a limit."""
    max_response_bytes: OptionalBytes = MAX_RESPONSE_BYTES
    """Bytes, unpacked, that an answer may have; None for no limit."""
    poll_interval: Seconds = 0.4
    """Seconds between the first looks at a running job."""
    poll_interval_max: Seconds = 10
    """Seconds at most between two looks at a running job."""
    wait_timeout: OptionalSeconds = None
    """Seconds that waiting for a job takes at most; None for no limit."""
    long_poll: Annotated[int, Field(ge=0)] = 20
    """Whole seconds that the service is asked to hold an answer back while a job runs; 0 never asks."""
    outage_timeout: Seconds = 300
    """Seconds without a usable answer that waiting for a job survives."""
    retry_attempts: Annotated[int, Field(ge=1)] = 5
    """How often a request is sent at most; 1 never sends again."""
    retry_delay: Annotated[float, Field(ge=0)] = 0.5
    """Seconds within which the second request is sent; the bound doubles with each further one."""
    retry_delay_max: Annotated[float, Field(ge=0)] = 20
    """Seconds at most between two requests, unless the server asks for more."""
    retry_total: Annotated[float, Field(ge=0)] = 120
    """Seconds after which a request is not sent again."""
    track_submissions: bool = True
    """Whether a submission carries a `submission_id` in `tracking.details`, by which it is found after a failure."""
    recovery_window: Annotated[float, Field(ge=0)] = 5
    """Seconds over which a submission is looked for after a failure, since its job may appear late."""
    recovery_window_long: Annotated[float, Field(ge=0)] = 30
    """Seconds over which a submission is looked for after its answer was lost altogether."""
    trust_env: bool = True
    """Whether proxies and certificates named in the environment are used."""

    profile: str | None = None
    """Table of the configuration file; None for `default`."""
    config_file: Path = Path("~/.speechmatics/config")
    """The configuration file (TOML); it need not exist unless a profile is named."""

    def __init__(self, url: str | None = None, **values: Unpack[_Values]) -> None:
        token = values.pop("auth_token", None)
        env_file, secrets_dir = values.pop("env_file", None), values.pop("secrets_dir", None)
        given: dict[str, Any] = {**values}
        if url is not None:
            given["url"] = url
        if token is not None:
            given["auth_token"] = token = SecretStr(token) if isinstance(token, str) else token
        for name in given:
            _check_name(name, type(self).model_fields)
        if secrets_dir is not None and not Path(secrets_dir).is_dir():
            raise SettingsError(f"secrets_dir: there is no directory {secrets_dir}")
        try:
            super().__init__(_env_file=env_file, _secrets_dir=secrets_dir, **given)
        except ValidationError as error:
            raise _explained(error, type(self), given, env_file, secrets_dir) from None
        except UnreadableValueError as error:
            raise SettingsError(f"wrong connection settings: {error}; it must be JSON") from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources, the strongest first."""
        return (
            init_settings,
            env_settings,
            _SecondNames(settings_cls, env_settings),
            dotenv_settings,
            _SecondNames(settings_cls, dotenv_settings),
            file_secret_settings,
            _Profile(settings_cls),
        )

    @property
    def base_url(self) -> str:
        """The URL that requests are made below, with `/v2/` at its end just once."""
        return self.url.rstrip("/").removesuffix("/v2").rstrip("/") + "/v2/"

    @property
    def timeout(self) -> httpx.Timeout:
        """The time limits of a request."""
        return httpx.Timeout(
            connect=self.connect_timeout, read=self.read_timeout, write=self.write_timeout, pool=self.pool_timeout
        )


class _SecondNames(PydanticBaseSettingsSource):
    """Reads the second names from where another source reads the first."""

    def __init__(self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._variables: Mapping[str, str | None] = source.env_vars if isinstance(source, EnvSettingsSource) else {}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of one field, if its second name is set."""
        second = _SECOND_NAMES.get(field_name)
        return (self._variables.get(_PREFIX.lower() + second) if second else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        """The fields whose second names are set."""
        values = {name: self.get_field_value(self.settings_cls.model_fields[name], name)[0] for name in _SECOND_NAMES}
        return {name: value for name, value in values.items() if value}


class _Profile(PydanticBaseSettingsSource):
    """Reads a table of the configuration file."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self._table: Mapping[str, Any] = {}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of one field, if the profile has it; a profile cannot name another."""
        names = () if field_name in ("profile", "config_file") else (field_name, _SECOND_NAMES.get(field_name, ""))
        return next((self._table[name] for name in names if name in self._table), None), field_name, False

    def __call__(self) -> dict[str, Any]:
        """The fields that the profile has; other keys are not ours."""
        place = Path(self.current_state.get("config_file") or "~/.speechmatics/config").expanduser()
        self._table = _read_profile(place, self.current_state.get("profile"))
        fields = self.settings_cls.model_fields
        values = {name: self.get_field_value(field, name)[0] for name, field in fields.items()}
        return {name: value for name, value in values.items() if value is not None}


def _read_profile(place: Path, profile: str | None) -> Mapping[str, Any]:
    import tomllib  # rarely needed, and slow to import

    try:
        content = tomllib.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if profile is not None:
            raise SettingsError(f"profile {profile!r} was asked for, but there is no file {place}") from None
        return {}
    except OSError as error:
        raise SettingsError(f"cannot read {place}: {error.strerror}") from None
    except ValueError:
        raise SettingsError(f"{place} is not TOML") from None
    table = content.get(profile or "default")
    if not isinstance(table, Mapping):
        if profile is None:
            return {}
        names = ", ".join(sorted(name for name, value in content.items() if isinstance(value, Mapping))) or "none"
        raise SettingsError(f"{place} has no profile {profile!r}; it has {names}")
    values: Mapping[str, Any] = content[profile or "default"]
    return values


def _check_name(name: str, fields: Iterable[str]) -> None:
    names = (*fields, "env_file", "secrets_dir")
    if name not in names:
        raise SettingsError(f"no setting is named {name}{did_you_mean(name, names)}")


def _explained(
    error: ValidationError,
    settings_cls: type[BaseSettings],
    given: Mapping[str, object],
    env_file: str | Path | None,
    secrets_dir: str | Path | None,
) -> SettingsError:
    """The error in words that name where each wrong value came from."""
    environment = EnvSettingsSource(settings_cls).env_vars
    in_file: Mapping[str, str | None] = (
        DotEnvSettingsSource(settings_cls, env_file=env_file).env_vars if env_file is not None else {}
    )

    def origin(name: str) -> str:
        if name in given:
            return f"the argument {name}"
        variables = [_PREFIX + other.upper() for other in (name, _SECOND_NAMES.get(name)) if other]
        for variable in variables:
            if environment.get(variable.lower()):
                return f"the environment variable {variable}"
        for variable in variables:
            if in_file.get(variable.lower()):
                return f"{variable} in {env_file}"
        if secrets_dir is not None and (Path(secrets_dir) / (_PREFIX.lower() + name)).exists():
            return f"the file {Path(secrets_dir) / (_PREFIX.lower() + name)}"
        return f"{name} in the profile of the configuration file"

    problems = "; ".join(
        f"{origin(str(problem['loc'][0]))} {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    )
    return SettingsError(f"wrong connection settings: {problems}")
