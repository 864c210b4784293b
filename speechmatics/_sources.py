"""Where the values of `ConnectionSettings` come from beside arguments and environment, and which is to blame."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, PydanticBaseSettingsSource
from pydantic_settings.sources import DotenvType, PathType

from speechmatics._documents import content_of
from speechmatics._errors import SettingsError
from speechmatics._names import NEARER, did_you_mean

__all__ = [
    "OTHERS_NAMES",
    "PREFIX",
    "SECOND_NAMES",
    "Profile",
    "SecondNames",
    "SecondNamesOfSecrets",
    "SourceFiles",
    "TokenFile",
    "folders_of",
    "origin_of",
    "prefix_of",
    "regular_text",
    "source_files",
    "warn_of_near_names",
]

PREFIX = "SPEECHMATICS_"
DEFAULT_CONFIG_FILE = "~/.speechmatics/config"

SECOND_NAMES = {"auth_token": "api_key", "url": "batch_url"}
"""Other names of settings, but not of arguments; the field's own name wins."""
OTHERS_NAMES = {"mp_url": "sm_management_platform_url"}
"""Variables without our prefix, which the vendor's clients read."""
_NOT_SETTINGS = frozenset({"auth_token_file", "api_key_file", "hold_collector", "config_file"})
"""What else is read of the environment under our prefix."""


class SecondNames(PydanticBaseSettingsSource):
    """Reads the second names from where another source reads the first."""

    def __init__(self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._variables: Mapping[str, str | None] = source.env_vars if isinstance(source, EnvSettingsSource) else {}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of one field, if its second name is set."""
        prefix = prefix_of(self.settings_cls).lower()
        names = [prefix + SECOND_NAMES[field_name]] if field_name in SECOND_NAMES else []
        names += [OTHERS_NAMES[field_name]] if field_name in OTHERS_NAMES else []
        return next((value for name in names if (value := self._variables.get(name))), None), field_name, False

    def __call__(self) -> dict[str, Any]:
        """The fields whose second names are set."""
        fields = self.settings_cls.model_fields
        values = {name: self.get_field_value(fields[name], name)[0] for name in (*SECOND_NAMES, *OTHERS_NAMES)}
        return {name: value for name, value in values.items() if value}


class TokenFile(PydanticBaseSettingsSource):
    """Reads the token from the file that a variable names, as containers are given secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The token, where a variable names its file."""
        variables = {name.upper(): value for name, value in os.environ.items() if value}
        prefix = prefix_of(self.settings_cls)
        named = [prefix + name for name in ("AUTH_TOKEN_FILE", "API_KEY_FILE") if prefix + name in variables]
        if not named or field_name != "auth_token":
            return None, field_name, False
        given = [prefix + name for name in ("AUTH_TOKEN", "API_KEY") if prefix + name in variables]
        if given or len(named) > 1:
            raise SettingsError(f"{' and '.join([*given, *named])} are set; the token is read from one of them")
        return regular_text(named[0], Path(variables[named[0]])).strip(), field_name, False

    def __call__(self) -> dict[str, Any]:
        """The token, if there is one."""
        token = self.get_field_value(self.settings_cls.model_fields["auth_token"], "auth_token")[0]
        return {} if token is None else {"auth_token": token}


class SecondNamesOfSecrets(PydanticBaseSettingsSource):
    """Reads the second names from the files of a secrets directory, in small letters or capitals."""

    def __init__(self, settings_cls: type[BaseSettings], folder: str | Path | None) -> None:
        super().__init__(settings_cls)
        self._files: dict[str, Path] = {}
        if folder is not None:
            self._files = {path.name.lower(): path for path in Path(folder).expanduser().iterdir()}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of one field, if there is a file of its second name."""
        path = self._files.get(prefix_of(self.settings_cls).lower() + SECOND_NAMES.get(field_name, ""))
        text = regular_text(str(path), path).strip() if path is not None else None
        return text, field_name, False

    def __call__(self) -> dict[str, Any]:
        """The fields whose second names are files."""
        fields = self.settings_cls.model_fields
        values = {name: self.get_field_value(fields[name], name)[0] for name in SECOND_NAMES}
        return {name: value for name, value in values.items() if value}


def regular_text(what: str, path: Path) -> str:
    """The text of a regular file; of a pipe or a device, which may be silent for ever, nothing is read.

    Raises:
        SettingsError: There is no such file, or it cannot be read.
    """
    try:
        path = path.expanduser()
        return content_of(path).decode("utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"{what}: there is no file {path}") from None
    except UnicodeError:
        raise SettingsError(f"{what}: {path} is not UTF-8") from None
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"{what}: cannot read {path}: {reason}") from None


def prefix_of(settings_cls: type[BaseSettings]) -> str:
    """What the names of variables begin with, in capitals: `SPEECHMATICS_`, unless a subclass has another."""
    return (settings_cls.model_config.get("env_prefix") or "").upper()


class SourceFiles(NamedTuple):
    """The files that settings are read from.

    Attributes:
        env_file: One or more files of variables; None for none.
        secrets_dir: One or more folders with a file for each secret; None for none.
    """

    env_file: DotenvType | None
    secrets_dir: PathType | None


def source_files(settings_cls: type[BaseSettings], given: Mapping[str, Any]) -> SourceFiles:
    """The files that the arguments name, else the environment, else the configuration of the class."""
    prefix = prefix_of(settings_cls)
    variables = {name.upper(): value for name, value in os.environ.items() if value}

    def named(name: Literal["env_file", "secrets_dir"]) -> Any:
        if name in given:
            return given[name]
        return variables.get(prefix + name.upper()) or settings_cls.model_config.get(name)

    return SourceFiles(named("env_file"), named("secrets_dir"))


def warn_of_near_names(settings_cls: type[BaseSettings], files: SourceFiles) -> None:
    """Warns of variables, lines of an env file and secret files that are no settings, and nearly are."""
    prefix = prefix_of(settings_cls)
    if not prefix:
        return  # any variable may be somebody else's
    known = (*settings_cls.model_fields, *SECOND_NAMES.values(), *_NOT_SETTINGS)

    def warn(name: str, what: str) -> None:
        # With two underscores after the prefix it is a part of somebody's settings that have ours as another part.
        setting = name.upper().partition("__")[0].removeprefix(prefix).lower()
        is_ours = name.upper().startswith(prefix) and bool(setting)
        if is_ours and setting not in known and (hint := did_you_mean(setting, known, NEARER)):
            warnings.warn(f"{what} is no setting{hint}", UserWarning, stacklevel=6)

    for variable in os.environ:
        warn(variable, f"the environment variable {variable}")
    if files.env_file is not None:
        for variable in DotEnvSettingsSource(settings_cls, env_file=files.env_file).env_vars:
            warn(variable, f"{variable.upper()} in {files.env_file}")
    for folder in folders_of(files.secrets_dir):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            warn(path.name, f"the file {path}")
            names = [*settings_cls.model_fields, *SECOND_NAMES.values()]
            if path.name.lower() in names and path.is_file():
                meant = prefix.lower() + path.name.lower()
                warnings.warn(f"the file {path} is no setting; did you mean {meant}?", UserWarning, stacklevel=6)


def folders_of(secrets_dir: PathType | None) -> list[Path]:
    """The folders of secrets, each as a path."""
    if secrets_dir is None:
        return []
    several = [secrets_dir] if isinstance(secrets_dir, str | os.PathLike) else list(secrets_dir)
    return [Path(folder).expanduser() for folder in several]


def origin_of(name: str, settings_cls: type[BaseSettings], arguments: Iterable[str], files: SourceFiles) -> str | None:
    """Where the value of a setting comes from; None where neither an argument, a variable nor a file has it."""
    if name in arguments:
        return f"the argument {name}"
    prefix = prefix_of(settings_cls)
    variables = [prefix + other.upper() for other in (name, SECOND_NAMES.get(name)) if other]
    variables += [OTHERS_NAMES[name].upper()] if name in OTHERS_NAMES else []
    environment = EnvSettingsSource(settings_cls).env_vars
    for variable in variables:
        if environment.get(variable.lower()):
            return f"the environment variable {variable}"
    if name == "auth_token":
        for variable in (prefix + "AUTH_TOKEN_FILE", prefix + "API_KEY_FILE"):
            if environment.get(variable.lower()):
                return f"the file that the environment variable {variable} names"
    if files.env_file is not None:
        lines = DotEnvSettingsSource(settings_cls, env_file=files.env_file).env_vars
        for variable in variables:
            if lines.get(variable.lower()):
                return f"{variable} in {files.env_file}"
    for folder in reversed(folders_of(files.secrets_dir)):
        paths = {path.name.lower(): path for path in folder.iterdir()} if folder.is_dir() else {}
        for variable in variables:
            if variable.lower() in paths:
                return f"the file {paths[variable.lower()]}"
    return None


class Profile(PydanticBaseSettingsSource):
    """Reads a table of the configuration file."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self._table: Mapping[str, Any] = {}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of one field, if the profile has it; a profile cannot name another."""
        names = () if field_name in ("profile", "config_file") else (field_name, SECOND_NAMES.get(field_name, ""))
        return next((self._table[name] for name in names if name in self._table), None), field_name, False

    def __call__(self) -> dict[str, Any]:
        """The fields that the profile has; other keys are not ours, and those that are nearly are warned of."""
        given, profile = self.current_state.get("config_file"), self.current_state.get("profile")
        if isinstance(given, str | Path | None) and isinstance(profile, str | None):
            self._table = _read_profile(given, profile)
        fields = self.settings_cls.model_fields
        known = (*fields, *SECOND_NAMES.values())
        for name in self._table:
            if name not in known and (hint := did_you_mean(name, known, NEARER)):
                text = f"{name} in the profile of {given or DEFAULT_CONFIG_FILE} is no setting{hint}"
                warnings.warn(text, UserWarning, stacklevel=8)
        values = {name: self.get_field_value(field, name)[0] for name, field in fields.items()}
        return {name: value for name, value in values.items() if value is not None}


def _read_profile(given: str | Path | None, profile: str | None) -> Mapping[str, Any]:
    """A profile's table; an empty one where neither it nor the file was named and there is none."""
    import tomllib  # rarely needed, and slow to import

    path = Path(given or DEFAULT_CONFIG_FILE)
    asked = "" if profile is None else f"profile {profile!r} was asked for, but "
    try:
        path = path.expanduser()
        text = content_of(path).decode("utf-8-sig")
    except FileNotFoundError:
        if profile is not None or given is not None:
            raise SettingsError(f"{asked}there is no file {path}") from None
        return {}
    except (OSError, RuntimeError, ValueError) as error:
        # A container may have no home, or one that is closed to its user.
        if profile is None and given is None and not _is_there(path):
            return {}
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"{asked}cannot read {path}: {reason}") from None
    try:
        content = tomllib.loads(text)
    except ValueError:
        raise SettingsError(f"{path} is not TOML") from None
    table = content.get(profile or "default")
    if not isinstance(table, Mapping):
        if profile is None:
            at_top = [name for name, value in content.items() if not isinstance(value, Mapping)]
            if at_top:
                text = f"{path} has {', '.join(sorted(at_top)[:3])} outside a table; settings stand in [default]"
                warnings.warn(text, UserWarning, stacklevel=10)
            return {}
        names = ", ".join(sorted(name for name, value in content.items() if isinstance(value, Mapping))) or "none"
        raise SettingsError(f"{path} has no profile {profile!r}; it has {names}")
    values: Mapping[str, Any] = content[profile or "default"]
    if os.name == "posix" and {"auth_token", "api_key"} & values.keys() and path.stat().st_mode & 0o077:
        warnings.warn(f"{path} holds a key, and others may read it; chmod 600 {path}", UserWarning, stacklevel=10)
    return values


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except OSError:
        return False
    return True
