"""Where values come from: the classes of others, files that the environment names, near names, encodings, origins."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from pydantic_settings import BaseSettings, CliApp, SettingsConfigDict

from speechmatics import BatchClient, ConnectionSettings, SettingsError


class American(ConnectionSettings):
    """Settings of a second account."""

    model_config = SettingsConfigDict(env_prefix="US_")


american: Any = American
"""As checkers see it that take the arguments of a subclass from its fields."""


def token_of(settings: ConnectionSettings) -> str | None:
    """Its token."""
    return settings.auth_token.get_secret_value() if settings.auth_token else None


def test_a_subclass_may_have_a_prefix_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Second names and files follow it, and the other prefix is not read."""
    monkeypatch.setenv("SPEECHMATICS_AUTH_TOKEN", "other")
    monkeypatch.setenv("SPEECHMATICS_URL", "https://other")
    assert (token_of(American()), American().url) == (None, "https://asr.api.speechmatics.com/v2")
    monkeypatch.setenv("US_API_KEY", "key")
    monkeypatch.setenv("US_BATCH_URL", "https://us")
    assert (token_of(American()), American().url) == ("key", "https://us")
    assert token_of(ConnectionSettings()) == "other"
    monkeypatch.delenv("US_API_KEY")
    (tmp_path / "token").write_text("in a file\n".replace(" ", "-"))
    monkeypatch.setenv("US_AUTH_TOKEN_FILE", str(tmp_path / "token"))
    assert token_of(American()) == "in-a-file"
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "us_api_key").write_text("secret")
    monkeypatch.delenv("US_AUTH_TOKEN_FILE")
    assert token_of(american(secrets_dir=tmp_path / "secrets")) == "secret"
    assert token_of(ConnectionSettings(secrets_dir=tmp_path / "secrets")) == "other"
    monkeypatch.setenv("US_READ_TIMEOUT", "soon")
    with pytest.raises(SettingsError, match="the environment variable US_READ_TIMEOUT"):
        American()
    with pytest.warns(UserWarning, match="US_CONECT_TIMEOUT is no setting; did you mean connect_timeout"):
        monkeypatch.setenv("US_CONECT_TIMEOUT", "1")
        monkeypatch.delenv("US_READ_TIMEOUT")
        American()


def test_a_subclass_may_name_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pydantic-settings documents; an argument comes before them, and so does the environment."""
    (tmp_path / "first").write_text("SPEECHMATICS_URL=https://first\nSPEECHMATICS_APP=first\n")
    (tmp_path / "second").write_text("SPEECHMATICS_APP=second\n")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "speechmatics_auth_token").write_text("secret")

    class Filed(ConnectionSettings):
        model_config = SettingsConfigDict(
            env_file=(tmp_path / "first", tmp_path / "second"), secrets_dir=tmp_path / "secrets"
        )

    filed: Any = Filed
    assert (Filed().url, Filed().app, token_of(Filed())) == ("https://first", "second", "secret")
    assert (filed(env_file=tmp_path / "second").url, filed(env_file=None).app) == (
        "https://asr.api.speechmatics.com/v2",
        None,
    )
    monkeypatch.setenv("SPEECHMATICS_ENV_FILE", str(tmp_path / "second"))
    assert (Filed().app, ConnectionSettings().app) == ("second", "second")
    monkeypatch.setenv("SPEECHMATICS_SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match=r"secrets_dir: there is no directory .*nowhere"):
        ConnectionSettings()
    monkeypatch.setenv("SPEECHMATICS_SECRETS_DIR", str(tmp_path / "secrets"))
    assert token_of(ConnectionSettings()) == "secret"
    (tmp_path / "second").write_text("SPEECHMATICS_READ_TIMEOUT=soon\n")
    with pytest.raises(SettingsError, match=r"SPEECHMATICS_READ_TIMEOUT in .*second"):
        ConnectionSettings()


def test_near_names_in_files_are_warned_of(tmp_path: Path) -> None:
    """Of an env file, of a secrets directory, and of a profile; what is like no setting is somebody else's."""
    env_file = tmp_path / "env"
    env_file.write_text("SPEECHMATICS_CONECT_TIMEOUT=1\nSPEECHMATICS_RT_URL=x\nCONECT_TIMEOUT=1\n")
    with pytest.warns(UserWarning, match=r"SPEECHMATICS_CONECT_TIMEOUT in .*env is no setting; did you mean connect"):
        ConnectionSettings(env_file=env_file)
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "other").write_text("x")
    ConnectionSettings(secrets_dir=secrets)
    (secrets / "auth_token").write_text("x")
    with pytest.warns(UserWarning, match=r"auth_token is no setting; did you mean speechmatics_auth_token\?"):
        ConnectionSettings(secrets_dir=secrets)
    profile = tmp_path / "config"
    profile.write_text("[default]\nconect_timeout = 1\nrealtime_url = 'x'\n")
    with pytest.warns(UserWarning, match="conect_timeout in the profile of .* did you mean connect_timeout"):
        ConnectionSettings(config_file=profile)


def test_a_profile_file_without_a_table_is_warned_of(tmp_path: Path) -> None:
    """Its settings would be passed over in silence."""
    profile = tmp_path / "config"
    profile.write_text("url = 'https://h'\n")
    with pytest.warns(UserWarning, match=r"has url outside a table; settings stand in \[default\]"):
        assert ConnectionSettings(config_file=profile).url == "https://asr.api.speechmatics.com/v2"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_key_that_others_may_read_is_warned_of(tmp_path: Path) -> None:
    """With what to type."""
    profile = tmp_path / "config"
    profile.write_text("[default]\nauth_token = 'key'\n")
    profile.chmod(0o644)
    with pytest.warns(UserWarning, match="others may read it; chmod 600"):
        assert token_of(ConnectionSettings(config_file=profile)) == "key"
    profile.chmod(0o600)
    assert token_of(ConnectionSettings(config_file=profile)) == "key"
    profile.write_text("[default]\nurl = 'https://h'\n")
    profile.chmod(0o644)
    assert ConnectionSettings(config_file=profile).url == "https://h"


def test_a_byte_order_mark_is_passed_over_and_other_encodings_are_named(tmp_path: Path) -> None:
    """In env files, secrets and profiles."""
    env_file, profile, secrets = tmp_path / "env", tmp_path / "config", tmp_path / "secrets"
    secrets.mkdir()
    key_file = secrets / "speechmatics_api_key"
    env_file.write_text("SPEECHMATICS_APP=mine\n", encoding="utf-8-sig")
    profile.write_text("[default]\napp = 'mine'\n", encoding="utf-8-sig")
    key_file.write_text("key\n", encoding="utf-8-sig")
    assert ConnectionSettings(env_file=env_file).app == ConnectionSettings(config_file=profile).app == "mine"
    assert token_of(ConnectionSettings(secrets_dir=secrets)) == "key"
    ways: list[tuple[Path, dict[str, Any]]] = [
        (env_file, {"env_file": env_file}),
        (profile, {"config_file": profile}),
        (key_file, {"secrets_dir": secrets}),
    ]
    for path, arguments in ways:
        for content in ("SPEECHMATICS_APP=mine".encode("utf-16"), "SPEECHMATICS_APP=m\xfcde".encode("latin-1")):
            path.write_bytes(content)
            with pytest.raises(SettingsError) as caught:
                ConnectionSettings(**arguments)
            assert path.name in str(caught.value)
        path.write_text("")


def test_origins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each value's source in words, and no value."""
    (tmp_path / "env").write_text("SPEECHMATICS_APP=in-env-file\n")
    (tmp_path / "speechmatics_proxy").write_text("http://secret:secret@p")
    (tmp_path / "config").write_text("[default]\nretry_attempts = 3\n")
    monkeypatch.setenv("SPEECHMATICS_API_KEY", "secret")
    monkeypatch.setenv("SPEECHMATICS_READ_TIMEOUT", "7")
    settings = ConnectionSettings(
        "https://h", env_file=tmp_path / "env", secrets_dir=tmp_path, config_file=tmp_path / "config", verify=True
    )
    settings.write_timeout = 5
    origins = settings.origins()
    assert origins.keys() == ConnectionSettings.model_fields.keys()
    assert origins["url"] == "the argument url"
    assert origins["verify"] == "the argument verify"
    assert origins["auth_token"] == "the environment variable SPEECHMATICS_API_KEY"
    assert origins["read_timeout"] == "the environment variable SPEECHMATICS_READ_TIMEOUT"
    assert origins["app"] == f"SPEECHMATICS_APP in {tmp_path / 'env'}"
    assert origins["proxy"] == f"the file {tmp_path / 'speechmatics_proxy'}"
    assert origins["retry_attempts"] == f"the profile of {tmp_path / 'config'}"
    assert origins["write_timeout"] == "set later"
    assert origins["http2"] == "the default"
    assert "secret" not in str(origins)
    derived = BatchClient(settings).with_options(app="mine").connection_settings
    assert derived.origins()["app"] == "set later"
    assert settings.origins()["app"] == f"SPEECHMATICS_APP in {tmp_path / 'env'}"


def test_a_key_in_a_file_has_its_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable that names the file."""
    (tmp_path / "key").write_text("secret")
    monkeypatch.setenv("SPEECHMATICS_API_KEY_FILE", str(tmp_path / "key"))
    expected = "the file that the environment variable SPEECHMATICS_API_KEY_FILE names"
    assert ConnectionSettings().origins()["auth_token"] == expected


def test_settings_may_be_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a function, as FastAPI's documentation has it."""

    @lru_cache
    def settings() -> ConnectionSettings:
        return ConnectionSettings()

    monkeypatch.setenv("SPEECHMATICS_URL", "https://first")
    assert settings().url == "https://first"
    monkeypatch.setenv("SPEECHMATICS_URL", "https://second")
    assert settings() is settings()
    assert settings().url == "https://first"


def test_they_are_a_part_of_a_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """By `CliApp` of pydantic-settings, in classes of others."""
    monkeypatch.setenv("SPEECHMATICS_APP", "mine")

    class Program(BaseSettings):
        speechmatics: ConnectionSettings = ConnectionSettings("https://default")
        folder: str = "."

    program = CliApp.run(Program, cli_args=["--folder", "x", "--speechmatics.read_timeout", "5"])
    assert (program.folder, program.speechmatics.read_timeout) == ("x", 5)
    assert CliApp.run(Program, cli_args=[]).speechmatics.url == "https://default"
