"""`ConnectionSettings`: how to reach the service, and where the values come from."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from inspect import Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Self, TypedDict, get_args

import httpx
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_serializer,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as UnreadableValueError
from typing_extensions import TypeIs, Unpack

from speechmatics import _installation as _installation
from speechmatics._descriptions import BuiltByOne, BuiltLater
from speechmatics._errors import SettingsError
from speechmatics._names import did_you_mean
from speechmatics._secrets import MASK, problems_of, without_inputs
from speechmatics._setting_errors import as_problem, explained
from speechmatics._setting_values import (
    CREDENTIALS,
    DEFAULT_MP_URL,
    DEFAULT_URL,
    LONGEST_KEY_LIFE,
    MAX_RESPONSE_BYTES,
    MAX_UPLOAD_BYTES,
    SHORTEST_KEY_LIFE,
    Count,
    HostRegion,
    KeyRegion,
    Number,
    OptionalCount,
    OptionalSeconds,
    ProcessingData,
    Region,
    Seconds,
    SomeSeconds,
    check_headers,
    check_mp_url,
    check_proxy,
    check_token,
    check_url,
    check_verify,
    from_json_text,
)
from speechmatics._sources import (
    PREFIX,
    SECOND_NAMES,
    Profile,
    SecondNames,
    SecondNamesOfSecrets,
    SourceFiles,
    TokenFile,
    origin_of,
    regular_text,
    source_files,
    warn_of_near_names,
)

__all__ = [
    "DEFAULT_MP_URL",
    "DEFAULT_URL",
    "LONGEST_KEY_LIFE",
    "SHORTEST_KEY_LIFE",
    "ConnectionSettings",
    "HostRegion",
    "KeyRegion",
    "ProcessingData",
    "Region",
]


class _Values(TypedDict, total=False):
    """What `ConnectionSettings` takes beside `url`, and as what types."""

    auth_token: str | SecretStr | None
    ssl_context: ssl.SSLContext | None
    message_buffer_size: int
    semaphore_timeout_seconds: float
    ping_timeout_seconds: float
    generate_temp_token: bool | None
    mp_url: str | None
    region: Region | None
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


class _NotGiven(str):
    """What stands for an argument that was not given."""


_NOT_GIVEN = _NotGiven()

_reading: ContextVar[bool] = ContextVar("speechmatics_reading_settings", default=False)
"""Whether Pydantic makes settings from data, as where they are a part of others."""

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings as _CalledSettings
else:

    class _Called(BuiltLater, type(BaseSettings)):
        """Makes a SettingsError of what is wrong, where it is not Pydantic that calls the class."""

        @BuiltLater.__signature__.getter
        def __signature__(cls) -> Signature:
            """No parameters: FastAPI takes those of a dependency, as `Depends(ConnectionSettings)`, from requests."""
            return Signature()

        def __call__(cls, *args: Any, **values: Any) -> Any:
            files = source_files(cls, values)
            names = {*values, *["url"][: len(args)]}
            try:
                return super().__call__(*args, **values)
            except ValidationError as error:
                problem = error if _reading.get() else explained(error, cls, names, files)
            finally:
                # A traceback may show the locals of its frames.
                args, values = (), {}
            raise problem

    class _CalledSettings(BaseSettings, metaclass=_Called):
        """Base of settings whose errors are SettingsErrors."""


class ConnectionSettings(BuiltByOne, _CalledSettings):
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
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        env_file_encoding="utf-8-sig",
        validate_assignment=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )

    url: Annotated[str, AfterValidator(check_url)] = DEFAULT_URL
    """Where the service is, with or without `/v2` at the end."""
    auth_token: Annotated[SecretStr | None, AfterValidator(check_token)] = None
    """API key or JWT; None sends no `Authorization` header, as on-premises servers allow."""
    ssl_context: SkipJsonSchema[ssl.SSLContext | None] = Field(default=None, repr=False, exclude=True)
    """An existing TLS context, in place of `verify` and `client_cert`; None for httpx's."""
    verify: Annotated[bool | Path, AfterValidator(check_verify)] = True
    """Whether the server's certificate is checked; a path names a file of certificates to check it by, or a folder
    prepared by `openssl rehash`."""
    client_cert: Path | None = None
    """A PEM file with the client's certificate and its unencrypted private key, for servers that ask for one."""
    proxy: Annotated[str | None, AfterValidator(check_proxy)] = Field(default=None, repr=False)
    """URL of a proxy, `http://`, `https://` or `socks5://` (extra `socks`); None for those of the environment."""
    http2: bool = False
    """Whether HTTP/2 is offered to the server (extra `http2`)."""
    max_connections: Count = 100
    """Connections open at once at most."""
    max_keepalive_connections: Annotated[int, Number, Field(ge=0)] = 20
    """Idle connections kept at most."""
    headers: Annotated[dict[str, str], NoDecode, BeforeValidator(from_json_text), AfterValidator(check_headers)] = (
        Field(default_factory=dict[str, str], repr=False)
    )
    """Headers sent with every request."""
    processing_data: ProcessingData | None = None
    """How an on-premises worker is to process jobs (`X-SM-Processing-Data`)."""
    app: str | None = None
    """Name of the application, which usage reports show (`sm-app`)."""
    generate_temp_token: bool | None = False
    """Whether requests carry a temporary key, made with `auth_token`, which then goes to `mp_url` alone."""
    mp_url: Annotated[str | None, AfterValidator(check_mp_url)] = DEFAULT_MP_URL
    """The management platform, which makes temporary keys."""
    temp_token_ttl: Annotated[int, Number, Field(ge=SHORTEST_KEY_LIFE, le=LONGEST_KEY_LIFE)] = 3600
    """Seconds that a temporary key lives, 60 to 86400."""
    region: Region | None = None
    """`eu1`, `us1`, `au1`, `eu2` or `us2` chooses the service's host there; `eu`, `usa` or `au` the region of temporary
    keys, and no host. None for the service's own choice."""
    client_ref: Annotated[str, Field(min_length=1)] | None = None
    """Reference of temporary keys; they see only the jobs made with it."""
    message_buffer_size: Annotated[int, Number] = 512
    """Kept for existing code; without meaning for recorded audio."""
    semaphore_timeout_seconds: Seconds = 120
    """Kept for existing code; without meaning for recorded audio."""
    ping_timeout_seconds: Seconds = 60
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
    max_upload_bytes: OptionalCount = MAX_UPLOAD_BYTES
    """A file must be smaller than this many bytes; None for a server without a limit."""
    max_response_bytes: OptionalCount = MAX_RESPONSE_BYTES
    """Bytes, unpacked, that an answer may have; None for no limit."""
    poll_interval: SomeSeconds = 0.4
    """Seconds between the first polls of a running job."""
    poll_interval_max: SomeSeconds = 10
    """Seconds at most between two polls of a running job."""
    wait_timeout: OptionalSeconds = None
    """Seconds that waiting for a job takes at most; None for no limit."""
    long_poll: Annotated[int, Number, Field(ge=0, le=86_400)] = 20
    """Whole seconds that the service is asked to hold an answer back while a job runs; 0 never asks."""
    outage_timeout: SomeSeconds = 300
    """Seconds without a usable answer that waiting for a job survives."""
    retry_attempts: Count = 5
    """How often a request is sent at most; 1 never sends again."""
    retry_delay: Seconds = 0.5
    """Seconds within which the second request is sent; the bound doubles with each further one."""
    retry_delay_max: Seconds = 20
    """Seconds at most between two requests, unless the server asks for more."""
    retry_total: Seconds = 120
    """Seconds after which a request is not sent again."""
    track_submissions: bool = True
    """Whether a submission carries a `submission_id` in `tracking.details`, by which it is found after a failure."""
    recovery_window: Seconds = 5
    """Seconds over which the job of a submission is searched for after a failure, since its job may appear late."""
    recovery_window_long: Seconds = 30
    """Seconds over which the job of a submission is searched for after its answer was lost altogether."""
    trust_env: bool = True
    """Whether proxies and certificates named in the environment are used."""

    profile: str | None = None
    """Table of the configuration file; None for `default`."""
    config_file: Path = Path("~/.speechmatics/config")
    """The configuration file (TOML); it need not exist unless a profile is named."""

    _arguments: frozenset[str] = PrivateAttr(default=frozenset())
    _files: SourceFiles = PrivateAttr(default=SourceFiles(None, None))
    _later: frozenset[str] = PrivateAttr(default=frozenset())

    def __init__(self, /, url: str = _NOT_GIVEN, **values: Unpack[_Values]) -> None:
        files = source_files(type(self), values)
        values.pop("env_file", None)
        values.pop("secrets_dir", None)
        given: dict[str, Any] = {**values} if url is _NOT_GIVEN else {"url": url, **values}
        paths = " or ".join(str(path) for path in files if path is not None)
        try:
            _check_names(given, type(self))
            _check_files(files)
            warn_of_near_names(type(self), files)
            super().__init__(_env_file=files.env_file, _secrets_dir=files.secrets_dir, **given)
            self._arguments, self._files = frozenset(given), files
        except SettingsError as error:
            raise as_problem(type(self), str(error)) from None
        except UnreadableValueError as error:
            raise as_problem(type(self), f"wrong connection settings: {error}; it must be JSON") from None
        except (OSError, RuntimeError) as error:
            raise as_problem(type(self), f"cannot read {paths}: {error}") from None
        except UnicodeError:
            raise as_problem(type(self), f"{paths} is not UTF-8") from None

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Has Pydantic, which calls the class where it reads data, get an error of its own, without the values."""
        token = _reading.set(True)
        try:
            settings = handler(data)
            settings._check_together()
            return settings
        except ValidationError as error:
            raise without_inputs(error) from None
        finally:
            _reading.reset(token)

    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None:
            """Sets a value; a wrong one is a SettingsError, and leaves the settings as they were."""
            try:
                super().__setattr__(name, value)
                if name in type(self).model_fields:
                    self._later |= {name}
                return
            except ValidationError as error:
                problem = problems_of(error)[0].message
            finally:
                value = None
            raise SettingsError(f"wrong connection settings: {name} {problem}")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources, the strongest first; to ask an empty env file for each field would take a third of the time."""
        is_empty = isinstance(dotenv_settings, EnvSettingsSource) and not dotenv_settings.env_vars
        env_file = () if is_empty else (dotenv_settings, SecondNames(settings_cls, dotenv_settings))
        return (
            init_settings,
            env_settings,
            SecondNames(settings_cls, env_settings),
            TokenFile(settings_cls),
            *env_file,
            file_secret_settings,
            SecondNamesOfSecrets(settings_cls, _folder_of(file_secret_settings)),
            Profile(settings_cls),
        )

    @field_serializer("proxy")
    def _hide_credentials(self, proxy: str | None) -> str | None:
        return None if proxy is None else CREDENTIALS.sub(f"//{MASK}@", proxy)

    @field_serializer("headers")
    def _hide_values(self, headers: dict[str, str]) -> dict[str, str]:
        return dict.fromkeys(headers, MASK)

    def _check_together(self) -> None:
        if self.poll_interval > self.poll_interval_max:
            _refuse(type(self), f"poll_interval is above poll_interval_max, which is {self.poll_interval_max:g} s")
        if self.region not in get_args(HostRegion):
            return
        host = f"https://{self.region}.asr.api.speechmatics.com/v2"
        if "url" not in self.model_fields_set:
            object.__setattr__(self, "url", host)
        elif httpx.URL(self.url).host != httpx.URL(host).host:
            _refuse(type(self), f"region {self.region} has another host than url; give one of the two")

    def origins(self) -> dict[str, str]:
        """Where each value comes from, by the setting's name, as for the log of a service; no value is shown.

        For example `the environment variable SPEECHMATICS_URL`, `SPEECHMATICS_URL in .env`, `the file /run/secrets/…`,
        `the profile of ~/.speechmatics/config`, `the argument url`, `set later` or `the default`. The sources are
        looked through anew.
        """
        names = type(self).model_fields
        later = self._later
        found = {name: origin_of(name, type(self), self._arguments, self._files) for name in names}
        profile = {
            name: "the profile of " + str(self.config_file) for name in self.model_fields_set if found[name] is None
        }
        return {
            name: "set later" if name in later else found[name] or profile.get(name, "the default") for name in names
        }

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


def _refuse(settings_cls: type[BaseSettings], message: str) -> NoReturn:
    raise as_problem(settings_cls, f"wrong connection settings: {message}")


def _folder_of(source: PydanticBaseSettingsSource) -> str | Path | None:
    folder: object = getattr(source, "secrets_dir", None)
    return folder if isinstance(folder, str | Path) else None


def _check_names(given: Mapping[str, object], settings_cls: type[BaseSettings]) -> None:
    known = (*settings_cls.model_fields, "env_file", "secrets_dir")
    for name in given:
        if name not in known:
            first = next((own for own, second in SECOND_NAMES.items() if second == name), None)
            hint = did_you_mean(name, known) if first is None else f"; give {first}"
            raise as_problem(settings_cls, f"no setting is named {name}{hint}", name)


def _check_files(files: SourceFiles) -> None:
    for path in _each("env_file", files.env_file):
        regular_text("env_file", path)
    for path in _each("secrets_dir", files.secrets_dir):
        if not path.expanduser().is_dir():
            raise SettingsError(f"secrets_dir: there is no directory {path}")


def _each(name: str, value: object) -> Iterator[Path]:
    """The paths that an argument, a variable or a class names: none, one or several."""
    if value is None:
        return
    if _is_several(value):
        for one in value:
            yield from _each(name, one)
    elif isinstance(value, str | Path):
        yield Path(value)
    else:
        raise SettingsError(f"{name} must be a path, not {type(value).__name__}")


def _is_several(value: object) -> TypeIs[Sequence[object]]:
    return isinstance(value, list | tuple)
