"""The configuration file: one value changed, everything else of it left as its owner wrote it."""

from __future__ import annotations

import os
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from speechmatics._names import did_you_mean
from speechmatics.exceptions import SettingsError
from speechmatics.settings import ConnectionSettings

__all__ = ["set_in_profile"]

DEFAULT_FILE = "~/.speechmatics/config"


def set_in_profile(profile: str, name: str, value: str | None) -> Path:
    """Sets a value of a profile, or takes it out where it is None; gives the file, which is for its owner alone.

    Raises:
        SettingsError: There is no such setting, its value is wrong, or the file is no TOML; nothing was changed.
        OSError: The file cannot be read or written.
    """
    known = {*ConnectionSettings.model_fields, "api_key", "batch_url"} - {"profile", "config_file", "ssl_context"}
    if name not in known:
        hint = did_you_mean(name, tuple(sorted(known))) or "; `speechmatics config show` lists them"
        raise SettingsError(f"{name!r} is no setting{hint}")
    file = Path(os.environ.get("SPEECHMATICS_CONFIG_FILE") or DEFAULT_FILE).expanduser()
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    try:
        document = tomlkit.parse(before)
    except TOMLKitError as error:
        raise SettingsError(f"{file} is no TOML: {error}") from None
    table = document.setdefault(profile, tomlkit.table())
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value
    _write(file, tomlkit.dumps(document))
    try:
        ConnectionSettings(config_file=file, profile=profile)
    except SettingsError:
        _write(file, before)
        raise
    return file


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as writing:
            writing.write(text)
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
