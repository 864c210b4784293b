"""Names that are nearly settings, and files that are not there: nothing is passed over, and nothing hangs."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import pytest

from speechmatics import BatchClient, ConnectionSettings, InvalidInputError, SettingsError

make: Any = ConnectionSettings


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only POSIX has pipes with names")
@pytest.mark.parametrize("argument", ["env_file", "config_file"])
def test_a_pipe_in_place_of_a_file_is_an_error(tmp_path: Path, argument: str) -> None:
    """Nobody may ever write to it."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SettingsError, match="is no regular file"):
        make(**{argument: tmp_path / "pipe"})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only POSIX has pipes with names")
def test_a_pipe_in_place_of_a_token_s_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for a file that the environment names, and for one of a secrets directory."""
    (tmp_path / "secrets").mkdir()
    pipe = tmp_path / "secrets" / "speechmatics_api_key"
    os.mkfifo(pipe)
    with pytest.raises(SettingsError, match="is no regular file"):
        ConnectionSettings(secrets_dir=tmp_path / "secrets")
    monkeypatch.setenv("SPEECHMATICS_API_KEY_FILE", str(pipe))
    with pytest.raises(SettingsError, match=r"SPEECHMATICS_API_KEY_FILE: .* is no regular file"):
        ConnectionSettings()


@pytest.mark.parametrize("argument", ["env_file", "config_file"])
def test_a_file_that_was_named_and_is_not_there_is_an_error(tmp_path: Path, argument: str) -> None:
    """So is a folder in its place."""
    with pytest.raises(SettingsError, match=r"there is no file .*nowhere"):
        make(**{argument: tmp_path / "nowhere"})
    with pytest.raises(SettingsError, match=tmp_path.name):
        make(**{argument: tmp_path})


@pytest.mark.parametrize("name", ["AUTH_TOKEN", "API_KEY"])
def test_the_token_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Which a variable names; with the token itself beside it, it is an error."""
    (tmp_path / "key").write_text("the-key\n")
    monkeypatch.setenv(f"SPEECHMATICS_{name}_FILE", str(tmp_path / "key"))
    token = ConnectionSettings().auth_token
    assert token is not None
    assert token.get_secret_value() == "the-key"
    monkeypatch.setenv("SPEECHMATICS_API_KEY", "another")
    with pytest.raises(SettingsError, match=f"SPEECHMATICS_API_KEY and SPEECHMATICS_{name}_FILE are set"):
        ConnectionSettings()


@pytest.mark.parametrize("name", ["speechmatics_api_key", "SPEECHMATICS_API_KEY", "speechmatics_auth_token"])
def test_a_secrets_directory_knows_every_name(tmp_path: Path, name: str) -> None:
    """In small letters and in capitals."""
    (tmp_path / name).write_text("the-key\n")
    token = ConnectionSettings(secrets_dir=tmp_path).auth_token
    assert token is not None
    assert token.get_secret_value() == "the-key"


def test_a_variable_that_is_nearly_a_setting_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of other programs are not."""
    for name in ("SPEECHMATICS_RT_URL", "SPEECHMATICS__NAME", "SPEECHMATICS_HOLD_COLLECTOR", "SPEECHMATICS_TRACE"):
        monkeypatch.setenv(name, "x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ConnectionSettings()
    monkeypatch.setenv("SPEECHMATICS_CONECT_TIMEOUT", "5")
    with pytest.warns(UserWarning, match=r"SPEECHMATICS_CONECT_TIMEOUT is .*mean connect_timeout\?"):
        ConnectionSettings()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"api_key": "x"}, "no setting is named api_key; give auth_token"),
        ({"verify": "flase"}, "must be true, false or a path, not 'flase'; did you mean false"),
        ({"poll_interval": 50}, "poll_interval is above poll_interval_max, which is 10 s"),
        ({"url": "http://x/v2/jobs"}, "must be the URL of the server"),
        ({"region": "eu2", "url": "https://us1.asr.api.speechmatics.com"}, "region eu2 has another host than url"),
    ],
)
def test_what_was_meant_is_said(values: dict[str, Any], message: str) -> None:
    """Before anything is sent."""
    with pytest.raises(SettingsError, match=message):
        make(**values)


def test_a_url_is_no_key() -> None:
    """It is not shown, as it may hold one."""
    with pytest.raises(InvalidInputError, match=r"a URL was given where a key is meant.*url=") as caught:
        BatchClient("https://asr.api.speechmatics.com/v2?key=secret")
    assert "secret" not in str(caught.value)


def test_a_region_chooses_the_host() -> None:
    """Those with a host of their own; the others are for temporary keys alone."""
    assert ConnectionSettings(region="us1").base_url == "https://us1.asr.api.speechmatics.com/v2/"
    assert ConnectionSettings(region="eu").base_url == "https://asr.api.speechmatics.com/v2/"
    same = "https://eu2.asr.api.speechmatics.com/v2"
    assert ConnectionSettings(region="eu2", url=same).url == same


def test_the_management_platform_s_own_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the vendor's clients read it; ours wins."""
    monkeypatch.setenv("SM_MANAGEMENT_PLATFORM_URL", "https://mp.test")
    assert ConnectionSettings().mp_url == "https://mp.test"
    monkeypatch.setenv("SPEECHMATICS_MP_URL", "https://ours.test")
    assert ConnectionSettings().mp_url == "https://ours.test"


def test_settings_have_a_json_schema() -> None:
    """Without what is no JSON."""
    properties = ConnectionSettings.model_json_schema()["properties"]
    assert "ssl_context" not in properties
    assert {"url", "auth_token", "read_timeout"} <= properties.keys()
