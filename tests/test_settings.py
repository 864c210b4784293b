"""Connection settings: where values come from, what is refused, what is never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmatics import ConnectionSettings, SettingsError

SOURCES = ("argument", "environment", "second name", "env file", "secrets", "profile")


@given(st.sets(st.sampled_from(SOURCES)))
def test_the_strongest_source_wins(tmp_path_factory: pytest.TempPathFactory, present: set[str]) -> None:
    """Whichever sources have a token, the first of the order gives it."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "env").write_text("SPEECHMATICS_AUTH_TOKEN=env-file\nUNRELATED=1\n" if "env file" in present else "")
    if "secrets" in present:
        (folder / "speechmatics_auth_token").write_text("secrets")
    config = folder / "config"
    config.write_text('[default]\nauth_token = "profile"\nrealtime_url = "x"\n' if "profile" in present else "")
    environment = {"environment": "SPEECHMATICS_AUTH_TOKEN", "second name": "SPEECHMATICS_API_KEY"}
    with pytest.MonkeyPatch.context() as patch:
        for source, name in environment.items():
            if source in present:
                patch.setenv(name, source.replace(" ", "-"))
        places = {"env_file": folder / "env", "secrets_dir": folder, "config_file": config}
        argument = {"auth_token": "argument"} if "argument" in present else {}
        settings = ConnectionSettings(**places, **argument)  # type: ignore[arg-type]
    expected = next((source.replace(" ", "-") for source in SOURCES if source in present), None)
    assert (settings.auth_token.get_secret_value() if settings.auth_token else None) == expected


@pytest.mark.parametrize(
    "url",
    ["http://host:8080", "http://host:8080/", "http://host:8080/v2", "http://host:8080/v2/", "http://host:8080/v2//"],
)
def test_the_url_may_end_in_any_way(url: str) -> None:
    """The base has `/v2/` once."""
    assert ConnectionSettings(url).base_url == "http://host:8080/v2/"


def test_the_url_has_two_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """`SPEECHMATICS_URL` wins over `SPEECHMATICS_BATCH_URL`; an unprefixed `URL` means nothing."""
    monkeypatch.setenv("URL", "nonsense")
    assert ConnectionSettings().url == "https://asr.api.speechmatics.com/v2"
    monkeypatch.setenv("SPEECHMATICS_BATCH_URL", "http://second")
    assert ConnectionSettings().url == "http://second"
    monkeypatch.setenv("SPEECHMATICS_URL", "http://first")
    assert ConnectionSettings().url == "http://first"


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty token is no token."""
    monkeypatch.setenv("SPEECHMATICS_AUTH_TOKEN", "")
    assert ConnectionSettings().auth_token is None


def test_none_can_be_said_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`none` lifts a limit."""
    monkeypatch.setenv("SPEECHMATICS_MAX_UPLOAD_BYTES", "none")
    monkeypatch.setenv("SPEECHMATICS_MAX_RESPONSE_BYTES", "none")
    monkeypatch.setenv("SPEECHMATICS_READ_TIMEOUT", "None")
    monkeypatch.setenv("SPEECHMATICS_CALL_TIMEOUT", "none")
    settings = ConnectionSettings()
    assert (settings.max_upload_bytes, settings.max_response_bytes) == (None, None)
    assert (settings.read_timeout, settings.call_timeout) == (None, None)


def test_limits_of_calls_and_answers() -> None:
    """Each has a default; the longer window may be 0, the others may not."""
    settings = ConnectionSettings()
    assert (settings.recovery_window_long, settings.call_timeout, settings.max_response_bytes) == (30, 300, 1024**3)
    assert ConnectionSettings(recovery_window_long=0).recovery_window_long == 0
    with pytest.raises(SettingsError, match="recovery_window_long"):
        ConnectionSettings(recovery_window_long=-1)
    with pytest.raises(SettingsError, match="call_timeout"):
        ConnectionSettings(call_timeout=0)
    with pytest.raises(SettingsError, match="max_response_bytes"):
        ConnectionSettings(max_response_bytes=0)


def test_what_existing_code_passes_is_taken() -> None:
    """Every field of the older settings is a keyword, and the URL may come by position."""
    settings = ConnectionSettings(
        "https://example.com/v2",
        auth_token="secret",
        ssl_context=None,
        generate_temp_token=False,
        mp_url="https://mp.example.com",
        region="eu",
        client_ref="me",
        message_buffer_size=1024,
        semaphore_timeout_seconds=1,
        ping_timeout_seconds=1,
    )
    assert settings.client_ref == "me"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SPEECHMATICS_READ_TIMEOUT", "soon"),
        ("SPEECHMATICS_BATCH_URL", "ftp://host"),
        ("SPEECHMATICS_URL", "https://user:pass@host"),
        ("SPEECHMATICS_POLL_INTERVAL", "-1"),
        ("SPEECHMATICS_API_KEY", "two words"),
    ],
)
def test_a_wrong_value_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str
) -> None:
    """In the environment and in an env file alike."""
    (tmp_path / "env").write_text(f'{variable}="{value}"\n')
    with pytest.raises(SettingsError, match=f"{variable} in .*env"):
        ConnectionSettings(env_file=tmp_path / "env")
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"the environment variable {variable}") as caught:
        ConnectionSettings()
    assert value not in str(caught.value)


def test_wrong_arguments_name_themselves() -> None:
    """A wrong value names the argument, an unknown one the argument that was meant."""
    with pytest.raises(SettingsError, match="the argument url must be an http or https URL"):
        ConnectionSettings("nowhere")
    misspelt = {"auth_tokn": "x"}
    with pytest.raises(SettingsError, match="no setting is named auth_tokn; did you mean auth_token"):
        ConnectionSettings(**misspelt)  # type: ignore[arg-type]


def test_profiles(tmp_path: Path) -> None:
    """A profile is chosen by name; one that does not exist is an error that names those that do."""
    config = tmp_path / "config"
    with pytest.raises(SettingsError, match="there is no file"):
        ConnectionSettings(config_file=config, profile="work")
    config.write_text('[default]\nauth_token = "a"\n[work]\nauth_token = "b"\nbatch_url = "http://work"\n')
    assert ConnectionSettings(config_file=config).url == "https://asr.api.speechmatics.com/v2"
    work = ConnectionSettings(config_file=config, profile="work")
    assert (work.url, work.auth_token and work.auth_token.get_secret_value()) == ("http://work", "b")
    with pytest.raises(SettingsError, match="has no profile 'home'; it has default, work"):
        ConnectionSettings(config_file=config, profile="home")
    config.write_text("[default")
    with pytest.raises(SettingsError, match="is not TOML"):
        ConnectionSettings(config_file=config)


def test_the_home_folder_s_profile_is_read(tmp_path: Path) -> None:
    """`~/.speechmatics/config` needs no argument."""
    home = Path(os.environ["HOME"]) / ".speechmatics"
    home.mkdir()
    (home / "config").write_text('[default]\nauth_token = "from home"\n'.replace(" home", "-home"))
    token = ConnectionSettings().auth_token
    assert token is not None
    assert token.get_secret_value() == "from-home"


def test_every_source_of_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file of a secrets directory, the profile, and a variable that should be JSON."""
    (tmp_path / "speechmatics_poll_interval").write_text("often")
    with pytest.raises(SettingsError, match=r"the file .*speechmatics_poll_interval"):
        ConnectionSettings(secrets_dir=tmp_path)
    config = tmp_path / "config"
    config.write_text("[default]\npoll_interval = -1\n")
    with pytest.raises(SettingsError, match="poll_interval in the profile of the configuration file"):
        ConnectionSettings(config_file=config)
    monkeypatch.setenv("SPEECHMATICS_HEADERS", '{"X-Key": "very-secret"')
    with pytest.raises(SettingsError, match="variable SPEECHMATICS_HEADERS must be a JSON object") as caught:
        ConnectionSettings()
    assert "very-secret" not in str(caught.value)
    monkeypatch.setenv("SPEECHMATICS_HEADERS", '{"X-Key": "very-secret"}')
    assert ConnectionSettings().headers == {"X-Key": "very-secret"}


def test_places_that_do_not_exist_or_cannot_be_read(tmp_path: Path) -> None:
    """A secrets directory that is none, a configuration file that is a folder."""
    with pytest.raises(SettingsError, match=r"secrets_dir: there is no directory .*nowhere"):
        ConnectionSettings(secrets_dir=tmp_path / "nowhere")
    with pytest.raises(SettingsError, match=r"cannot read .*: Is a directory"):
        ConnectionSettings(config_file=tmp_path)
    with pytest.raises(SettingsError, match="the argument url must be a URL such as https://asr"):
        ConnectionSettings("http://host:port")


def test_a_profile_cannot_name_another_profile(tmp_path: Path) -> None:
    """Such keys, and keys that are no settings, mean nothing."""
    config = tmp_path / "config"
    config.write_text('[default]\nprofile = "other"\nconfig_file = "/elsewhere"\nrealtime = 1\nregion = "eu"\n')
    settings = ConnectionSettings(config_file=config)
    assert (settings.profile, settings.config_file, settings.region) == (None, config, "eu")
