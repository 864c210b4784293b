"""Where the values of `ConnectionSettings` come from beside arguments and environment, and which is to blame."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from speechmatics._documents import content_of
from speechmatics._errors import SettingsError
from speechmatics._names import NEARER, did_you_mean

__all__ = [
    "PREFIX",
    "SECOND_NAMES",
    "Profile",
    "SecondNames",
    "SecondNamesOfSecrets",
    "TokenFile",
    "regular_text",
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
        names = [PREFIX.lower() + SECOND_NAMES[field_name]] if field_name in SECOND_NAMES else []
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
        named = [PREFIX + name for name in ("AUTH_TOKEN_FILE", "API_KEY_FILE") if PREFIX + name in variables]
        if not named or field_name != "auth_token":
            return None, field_name, False
        given = [PREFIX + name for name in ("AUTH_TOKEN", "API_KEY") if PREFIX + name in variables]
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
        path = self._files.get(PREFIX.lower() + SECOND_NAMES.get(field_name, ""))
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


def warn_of_near_names(settings_cls: type[BaseSettings]) -> None:
    """Warns of variables that are no settings, and nearly are."""
    known = (*settings_cls.model_fields, *SECOND_NAMES.values(), *_NOT_SETTINGS)
    for variable in os.environ:
        # With two underscores after the prefix it is a part of somebody's settings that have ours as another part.
        name = variable.upper().partition("__")[0].removeprefix(PREFIX).lower()
        is_ours = variable.upper().startswith(PREFIX) and bool(name)
        if is_ours and name not in known and (hint := did_you_mean(name, known, NEARER)):
            warnings.warn(f"the environment variable {variable} is no setting{hint}", UserWarning, stacklevel=6)


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
        """The fields that the profile has; other keys are not ours."""
        given, profile = self.current_state.get("config_file"), self.current_state.get("profile")
        if isinstance(given, str | Path | None) and isinstance(profile, str | None):
            self._table = _read_profile(given, profile)
        fields = self.settings_cls.model_fields
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
            return {}
        names = ", ".join(sorted(name for name, value in content.items() if isinstance(value, Mapping))) or "none"
        raise SettingsError(f"{path} has no profile {profile!r}; it has {names}")
    values: Mapping[str, Any] = content[profile or "default"]
    return values


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except OSError:
        return False
    return True
