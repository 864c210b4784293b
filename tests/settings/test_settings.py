"""Connection settings: where values come from, what is refused, what is never shown."""

from __future__ import annotations

import math
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import httpx
import pytest
from hypothesis import example, given
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
    config.chmod(0o600)
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
    config.chmod(0o600)
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
    (home / "config").chmod(0o600)
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
    with pytest.raises(SettingsError, match=r"cannot read .*: it is a folder"):
        ConnectionSettings(config_file=tmp_path)
    with pytest.raises(SettingsError, match="the argument url must be an http or https URL such as https://asr"):
        ConnectionSettings("http://host:port")


def test_a_profile_cannot_name_another_profile(tmp_path: Path) -> None:
    """Such keys, and keys that are no settings, mean nothing."""
    config = tmp_path / "config"
    config.write_text('[default]\nprofile = "other"\nconfig_file = "/elsewhere"\nrealtime = 1\nregion = "eu"\n')
    settings = ConnectionSettings(config_file=config)
    assert (settings.profile, settings.config_file, settings.region) == (None, config, "eu")


OPTIONAL_SECONDS = ("connect_timeout", "read_timeout", "write_timeout", "pool_timeout", "call_timeout", "wait_timeout")
SECONDS = (
    "poll_interval",
    "poll_interval_max",
    "outage_timeout",
    "retry_delay",
    "retry_delay_max",
    "retry_total",
    "recovery_window",
    "recovery_window_long",
    "semaphore_timeout_seconds",
    "ping_timeout_seconds",
)
make: Any = ConnectionSettings


def from_everywhere(name: str, text: str, folder: Path) -> Iterator[Any]:
    """Settings with a number that an argument, a variable and a profile give."""
    config = folder / "config"
    config.write_text(f"[default]\n{name} = {text}\n")
    for values in ({name: float(text)}, {name: text}, {"config_file": config}):
        yield lambda values=values: make(**values)

    def from_environment() -> object:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(f"SPEECHMATICS_{name.upper()}", text)
            return make()

    yield from_environment


@pytest.mark.parametrize("name", OPTIONAL_SECONDS)
def test_endless_seconds_are_none(tmp_path: Path, name: str) -> None:
    """Where a time may be unlimited, from whatever source it comes."""
    for read in from_everywhere(name, "inf", tmp_path):
        assert getattr(read(), name) is None
    connection = make(**{name: 5})
    setattr(connection, name, math.inf)
    assert getattr(connection, name) is None


@pytest.mark.parametrize("name", [*OPTIONAL_SECONDS, *SECONDS])
@pytest.mark.parametrize("text", ["nan", "-1", "-inf"])
def test_seconds_are_numbers_that_a_clock_knows(tmp_path: Path, name: str, text: str) -> None:
    """Not a number and what is below 0 are errors, from whatever source they come."""
    for read in from_everywhere(name, text, tmp_path):
        with pytest.raises(SettingsError, match=f"(?i){name}"):
            read()


@pytest.mark.parametrize("name", SECONDS)
def test_seconds_that_cannot_be_without_an_end(name: str) -> None:
    """An endless pause, or an endless look for a job, is a mistake."""
    with pytest.raises(SettingsError, match=f"the argument {name} should be a finite number"):
        make(**{name: math.inf})


NUMBERS = [
    name
    for name, field in ConnectionSettings.model_fields.items()
    if isinstance(field.default, int | float) and not isinstance(field.default, bool)
]


@pytest.mark.parametrize("name", [*NUMBERS, "wait_timeout"])
@pytest.mark.parametrize("value", [True, False, "five", [5], {}, timedelta(seconds=5), httpx.Timeout(5), b"\xff", 5j])
def test_what_is_no_number(name: str, value: object) -> None:
    """Is a SettingsError where a number is wanted; true and false are none."""
    with pytest.raises(SettingsError, match=f"the argument {name} "):
        make(**{name: value})


ANYTHING: st.SearchStrategy[object] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=5),
    st.sampled_from(["~no-such-user/x", "\0", "http://[::1", "http://h:99999", "http://\ud800", "socks5://"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=5) | st.integers(), st.text(max_size=5) | st.integers(), max_size=2),
    st.builds(object),
    st.just(Path("/nowhere/else")),
)


@given(
    st.dictionaries(
        st.sampled_from([*ConnectionSettings.model_fields, "env_file", "secrets_dir"]), ANYTHING, max_size=2
    )
)
@example({"env_file": "~no-such-user/x"})
@example({"config_file": "~no-such-user/x"})
@example({"config_file": "\0"})
@example({"secrets_dir": "~no-such-user/x"})
@example({"secrets_dir": 5})
@example({"env_file": 5})
@example({"profile": []})
@example({"secrets_dir": "\ud800"})
@example({"config_file": "\ud800"})
@example({"env_file": "\ud800"})
@example({"headers": "\ud800"})
@example({"\ud800": 1})
def test_whatever_the_arguments_are(values: dict[str, object]) -> None:
    """There are settings, or a SettingsError."""
    try:
        assert isinstance(make(**values), ConnectionSettings)
    except SettingsError as error:
        assert str(error)


class Tagged(ConnectionSettings):
    """Settings with more of a user's own."""

    tags: tuple[str, ...] = ()


@pytest.mark.parametrize("name", ["processing_data", "tags"])
def test_a_variable_that_should_be_json(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Is an error that names its field, and does not show it."""
    monkeypatch.setenv(f"SPEECHMATICS_{name.upper()}", "{secret")
    with pytest.raises(SettingsError, match=f"(?i)wrong connection settings: .*{name}") as caught:
        Tagged()
    assert "secret" not in str(caught.value)


def test_an_env_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Is an error that names it, and shows nothing of it."""
    place = tmp_path / "env"
    place.write_bytes(b"SPEECHMATICS_AUTH_TOKEN=secret\xff\n")
    with pytest.raises(SettingsError, match=r"env is not UTF-8") as caught:
        ConnectionSettings(env_file=place)
    assert "secret" not in str(caught.value)


GIVEN_NONE = [
    name
    for name in ConnectionSettings.model_fields
    if name in (*OPTIONAL_SECONDS, "auth_token", "ssl_context", "client_cert", "proxy", "processing_data", "app")
    or name in ("generate_temp_token", "mp_url", "region", "client_ref", "max_upload_bytes", "max_response_bytes")
]
ELSEWHERE = {
    "auth_token": "from-elsewhere",
    "client_cert": "/cert.pem",
    "proxy": "http://proxy",
    "processing_data": '{"parallel_engines": 2}',
    "app": "theirs",
    "generate_temp_token": "true",
    "mp_url": "https://mp.example.com",
    "region": "eu",
    "client_ref": "them",
}


@pytest.mark.parametrize("name", GIVEN_NONE)
def test_none_that_is_given_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """Over every other source; `auth_token=None` sends no key whatever the environment holds."""
    elsewhere = ELSEWHERE.get(name, "7")
    if name != "ssl_context":
        monkeypatch.setenv(f"SPEECHMATICS_{name.upper()}", elsewhere)
        assert getattr(ConnectionSettings(), name) is not None
    (tmp_path / "env").write_text(f"SPEECHMATICS_{name.upper()}={elsewhere}\nSPEECHMATICS_API_KEY=second\n")
    monkeypatch.setenv("SPEECHMATICS_API_KEY", "second")
    settings = make(**{name: None}, env_file=tmp_path / "env")
    assert getattr(settings, name) is None


@pytest.mark.parametrize("name", [name for name in ConnectionSettings.model_fields if name not in GIVEN_NONE])
def test_none_that_is_given_where_there_is_no_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Is an error rather than what another source says; a profile that is None is the default one."""
    if name == "profile":
        monkeypatch.setenv("SPEECHMATICS_PROFILE", "work")
        assert ConnectionSettings(profile=None).profile is None
        return
    with pytest.raises(SettingsError, match=f"the argument {name} "):
        make(**{name: None})


READS = """
import os, sys
from pathlib import Path
from speechmatics import ConnectionSettings, SettingsError
# All is imported and built before the user changes, who may not read the interpreter's own files.
try:
    ConnectionSettings(profile="none", config_file=sys.argv[1], env_file=sys.argv[1])
except SettingsError:
    pass
if len(sys.argv) > 2:
    os.setuid(int(sys.argv[2]))
print(ConnectionSettings(auth_token="t").base_url)
for values in ({"profile": "work"}, {"config_file": "~/mine"}, {"env_file": "~/.env"}, {"secrets_dir": "~/s"}):
    try:
        print(ConnectionSettings(**values).base_url)
    except SettingsError as error:
        print(error)
"""


def read_at_home(home: Path | None, uid: int | None = None) -> list[str]:
    """What a process prints that has another home, or none, and perhaps another user."""
    environment = {name: value for name, value in os.environ.items() if name != "HOME"}
    if home is not None:
        environment["HOME"] = str(home)
    with NamedTemporaryFile() as empty:
        command = [sys.executable, "-c", READS, empty.name, *([] if uid is None else [str(uid)])]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.splitlines()


needs_root = pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root may become another user")


def unknown_user() -> int:
    """The number of a user without an entry."""
    import pwd  # not on Windows

    taken = {entry.pw_uid for entry in pwd.getpwall()}
    return next(number for number in range(54321, 60000) if number not in taken)


@pytest.mark.slow
@needs_root
def test_a_user_without_a_home() -> None:
    """Neither HOME nor an entry: settings are built, and who names a place below it is told why it is none."""
    built, *refused = read_at_home(None, unknown_user())
    assert built == "https://asr.api.speechmatics.com/v2/"
    assert len(refused) == 4
    assert (
        "profile 'work' was asked for, but cannot read ~/.speechmatics/config: Could not determine home" in refused[0]
    )
    assert all("Could not determine home directory" in text for text in refused)


@pytest.mark.slow
@needs_root
def test_a_home_that_may_not_be_entered(tmp_path: Path) -> None:
    """The same."""
    tmp_path.chmod(0)
    built, *refused = read_at_home(tmp_path / "home", unknown_user())
    tmp_path.chmod(stat.S_IRWXU)
    assert built == "https://asr.api.speechmatics.com/v2/"
    assert "profile 'work' was asked for, but cannot read" in refused[0]
    assert all("Permission denied" in text for text in refused)


@pytest.mark.slow
def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    """The same."""
    home = tmp_path / "home"
    home.write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        assert ConnectionSettings().auth_token is None
    built, profile, *_ = read_at_home(home)
    assert built == "https://asr.api.speechmatics.com/v2/"
    assert profile.startswith("profile 'work' was asked for, but cannot read")
    assert profile.endswith("Not a directory")


def test_a_configuration_file_that_is_there_and_cannot_be_read() -> None:
    """Is an error: it may hold what its owner relies on."""
    place = Path(os.environ["HOME"]) / ".speechmatics" / "config"
    place.mkdir(parents=True)
    with pytest.raises(SettingsError, match=r"cannot read .*config: it is a folder"):
        ConnectionSettings()


@pytest.mark.parametrize("endless", [1e10, 10**12, "1e300", float("inf"), "inf"])
def test_more_seconds_than_a_system_can_count_are_none(endless: Any) -> None:
    """As a time-out of a socket they would be an error in the middle of a request."""
    settings = ConnectionSettings(read_timeout=endless, wait_timeout=endless, call_timeout=endless)
    assert (settings.read_timeout, settings.wait_timeout, settings.call_timeout) == (None, None, None)
