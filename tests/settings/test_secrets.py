"""A token is found nowhere it could leak from."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, Field, SecretStr, TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from speechmatics import (
    BatchClient,
    ConnectionSettings,
    FetchData,
    JobConfig,
    SettingsError,
    SpeechmaticsError,
    TemporaryKeyAuth,
    TranscriptionConfig,
)
from speechmatics._core.arguments import as_settings
from speechmatics.local import LocalServer
from tests.snippets import snippet

TOKEN = "very-secret-token"


def _unreachable(settings: ConnectionSettings, server: LocalServer) -> BatchClient:
    settings.url = "http://127.0.0.1:9"
    return BatchClient(settings)


def _refused(settings: ConnectionSettings, server: LocalServer) -> BatchClient:
    settings.url = server.url
    return BatchClient(settings)


def _write_fails(settings: ConnectionSettings, server: LocalServer) -> BatchClient:
    """A connection that breaks while the headers, token included, are written."""

    class Breaking(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            raw = b"".join(name + b": " + value for name, value in request.headers.raw)
            assert TOKEN.encode() in raw
            raise httpx.WriteError("broken pipe", request=request)

    return BatchClient(settings, http_client=httpx.Client(transport=Breaking()))


@pytest.mark.parametrize("make", [_unreachable, _refused, _write_fails])
def test_a_failing_request_shows_no_token(
    make: Callable[[ConnectionSettings, LocalServer], BatchClient],
    server: LocalServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither the error, nor its traceback with locals, nor any log record at DEBUG."""
    caplog.set_level(logging.DEBUG)
    settings = ConnectionSettings(auth_token=TOKEN, trust_env=False, retry_attempts=1)
    client = make(settings, server)
    shown: list[str] = []
    config = {"transcription_config": {"language": "en"}}
    for ask in (lambda: client.list_jobs(), lambda: client.submit_job(b"audio", config)):
        try:
            ask()
        except SpeechmaticsError as error:
            report = traceback.TracebackException.from_exception(error, capture_locals=True)
            shown += [str(error), repr(error), "".join(report.format())]
    assert len(shown) == 6
    shown += [repr(settings), str(settings), repr(client), str(settings.model_dump()), settings.model_dump_json()]
    shown += [record.getMessage() for record in caplog.records]
    assert any("speechmatics" in record.name for record in caplog.records)
    assert not [text for text in shown if TOKEN in text]
    client.close()


def test_a_wrong_token_is_not_shown() -> None:
    """Not even where the token itself is the mistake."""
    try:
        ConnectionSettings(auth_token=f"{TOKEN} {TOKEN}")
    except SpeechmaticsError as error:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert TOKEN not in "".join(report.format()).replace('f"{TOKEN} {TOKEN}"', "")
    else:
        raise AssertionError("the token was taken")


def test_headers_for_others_are_not_shown() -> None:
    """The headers of a fetch are in no repr."""
    config = JobConfig(
        fetch_data=FetchData(url="https://example.com/a.wav", auth_headers=[f"Authorization: {TOKEN}"]),
        transcription_config=TranscriptionConfig(language="en"),
    )
    assert TOKEN not in repr(config)
    with pytest.raises(ValidationError) as caught:
        FetchData(url="nowhere", auth_headers=[f"Authorization: {TOKEN}"])
    assert TOKEN not in str(caught.value)
    assert TOKEN in config.to_json()


class App(BaseSettings):
    """Settings of a user's own, of which ours are a part."""

    model_config = SettingsConfigDict(env_nested_delimiter="__")

    speechmatics: ConnectionSettings


make_app: Any = App
WRONG_PARTS: list[tuple[str, str, tuple[str, ...]]] = [
    ("READ_TIMEOUT", "soon", ("read_timeout",)),
    ("URL", f"https://user:{TOKEN}@host", ("url",)),
    ("URL", f"https://user:{TOKEN}", ("url",)),
    ("AUTH_TOKEN", f"{TOKEN} {TOKEN}", ("auth_token",)),
    ("HEADERS", f'{{"X": "{TOKEN}"', ("headers",)),
    ("HEADERS", f'{{"X": "{TOKEN}\\u00e4"}}', ("headers",)),
    ("PROXY", f"htp://user:{TOKEN}@host", ("proxy",)),
    ("REGION", TOKEN, ("region",)),
    ("AUTH_TOKN", TOKEN, ("auth_tokn",)),
    ("PROCESSING_DATA", '{"parallel_engines": 0}', ("processing_data", "parallel_engines")),
    ("PROCESSING_DATA__PARALLEL_ENGINES", TOKEN, ("processing_data", "parallel_engines")),
    ("PROFILE", "nowhere", ()),
    ("ENV_FILE", "~no-such-user/x", ()),
    ("SECRETS_DIR", "/nowhere", ()),
]


def shown_by(error: ValidationError) -> str:
    """All that an error of Pydantic shows without being asked not to."""
    return "".join([str(error), repr(error), repr(error.errors()), error.json()])


@pytest.mark.parametrize(("variable", "value", "field"), WRONG_PARTS)
def test_a_wrong_value_in_a_part_of_other_settings_is_its_field_s_error(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: tuple[str, ...]
) -> None:
    """In the environment, as data, as JSON and by itself; the error has neither that value nor any other."""
    monkeypatch.setenv("SPEECHMATICS__AUTH_TOKEN", TOKEN)
    monkeypatch.setenv(f"SPEECHMATICS__{variable}", value)
    data: Any = {"auth_token": TOKEN, variable.lower(): value}
    if variable.startswith("PROCESSING_DATA"):
        data = {"auth_token": TOKEN, "processing_data": {"parallel_engines": value}}
    adapter = TypeAdapter(dict[str, ConnectionSettings | None])
    reads: list[Callable[[], object]] = [
        make_app,
        lambda: make_app(speechmatics=data),
        lambda: App.model_validate({"speechmatics": data}),
        lambda: adapter.validate_python({"speechmatics": data}),
        lambda: adapter.validate_json(json.dumps({"speechmatics": data})),
    ]
    for read in reads:
        with pytest.raises(ValidationError) as caught:
            read()
        assert TOKEN not in shown_by(caught.value)
        [problem] = caught.value.errors()
        assert (problem["loc"], problem["input"]) == (("speechmatics", *field), "**********")
    with pytest.raises(ValidationError) as caught:
        ConnectionSettings.model_validate(data)
    assert TOKEN not in shown_by(caught.value)
    assert [problem["loc"] for problem in caught.value.errors()] == [field]


def test_a_token_in_place_of_the_part() -> None:
    """Is no part, and is not shown."""
    with pytest.raises(ValidationError) as caught:
        make_app(speechmatics=TOKEN)
    assert TOKEN not in shown_by(caught.value)


def test_several_wrong_values_are_several_errors() -> None:
    """As elsewhere in Pydantic; in our own words where the class is called."""
    data: Any = {"auth_token": TOKEN, "read_timeout": "soon", "poll_interval": -1}
    with pytest.raises(ValidationError) as caught:
        make_app(speechmatics=data)
    assert [problem["loc"][1] for problem in caught.value.errors()] == ["read_timeout", "poll_interval"]
    with pytest.raises(SettingsError, match=r"the argument read_timeout .*; the argument poll_interval "):
        ConnectionSettings(**data)


def test_the_part_is_read_where_all_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the surrounding class's variables, and from those of its own."""
    monkeypatch.setenv("SPEECHMATICS__AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("SPEECHMATICS__HEADERS", '{"X": "y"}')
    monkeypatch.setenv("SPEECHMATICS_APP", "mine")
    settings = make_app().speechmatics
    assert settings.auth_token is not None
    assert (settings.auth_token.get_secret_value(), settings.headers, settings.app) == (TOKEN, {"X": "y"}, "mine")
    assert TOKEN not in repr(make_app()) + make_app().model_dump_json() + repr(make_app().model_dump())


def test_errors_of_the_class_around_the_part_can_be_told_to_hide_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pydantic's error of a missing field holds all that was given; the guide says how to keep it from being shown."""
    monkeypatch.setenv("SPEECHMATICS__AUTH_TOKEN", TOKEN)
    names: dict[str, Any] = {"__name__": "guide"}
    exec(compile(snippet("configuring", "BaseSettings"), "configuring.md", "exec", dont_inherit=True), names)
    with pytest.raises(ValidationError) as caught:
        names["App"]()
    error = caught.value
    assert TOKEN in repr(error.errors())
    assert TOKEN not in str(error)
    assert TOKEN not in repr(error.errors(include_input=False))
    assert TOKEN not in error.json(include_input=False)


class Hidden(ConnectionSettings):
    """Settings with more of a user's own."""

    pin: int = Field(default=0, lt=9)


def locals_of(error: BaseException) -> str:
    """A traceback with the locals of its frames, but for those of the test."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    report.stack = traceback.StackSummary.from_list([frame for frame in report.stack if frame.filename != __file__])
    return "".join(report.format())


SECRETS: dict[str, Any] = {
    "auth_token": TOKEN,
    "proxy": f"http://user:{TOKEN}@host",
    "headers": {"X-Key": TOKEN},
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"read_timeout": "soon"},
        {"url": f"https://user:{TOKEN}@host"},
        {"auth_token": f"{TOKEN} x"},
        {"proxy": f"htp://user:{TOKEN}@host"},
        {"headers": {"X-Key": f"{TOKEN}\n"}},
        {"headers": TOKEN},
        {"headers": {f"X-Key: {TOKEN}": ""}},
        {"auth_tokn": TOKEN},
        {"profile": "nowhere"},
        {"pin": TOKEN},
    ],
)
@pytest.mark.parametrize("settings_cls", [ConnectionSettings, Hidden])
def test_settings_that_fail_show_no_secret(settings_cls: type[ConnectionSettings], wrong: dict[str, Any]) -> None:
    """Neither the error, nor its traceback with the locals of its frames, whichever value is wrong."""
    make: Any = settings_cls
    calls: list[Callable[[], object]] = [lambda: make(**{**SECRETS, **wrong}), lambda: make("http://h", 5, **SECRETS)]
    for call in calls:
        with pytest.raises((SettingsError, TypeError)) as caught:
            call()
        assert TOKEN not in locals_of(caught.value)
        assert caught.value.__context__ is None or TOKEN not in locals_of(caught.value.__context__)


@pytest.mark.parametrize("name", ["auth_token", "proxy", "headers", "read_timeout"])
def test_a_wrong_assignment_shows_no_secret(name: str) -> None:
    """It is a SettingsError, and the settings are as they were."""
    settings = ConnectionSettings(**SECRETS)
    before = copy.deepcopy(settings)
    with pytest.raises(SettingsError, match=f"settings: {name} ") as caught:
        setattr(settings, name, f"{TOKEN} \n x")
    assert TOKEN not in locals_of(caught.value)
    assert settings == before


def test_settings_of_a_client_that_fail_show_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is covered before anything can fail."""
    monkeypatch.setenv("SPEECHMATICS_READ_TIMEOUT", "soon")
    with pytest.raises(SettingsError) as caught:
        as_settings(TOKEN)
    assert TOKEN not in locals_of(caught.value)


def test_dumps_hide_and_copies_keep() -> None:
    """A dump is for people to see; a pickle, a copy and what is sent need the secrets."""
    settings = ConnectionSettings(**SECRETS)
    for text in (repr(settings), str(settings), repr(settings.model_dump()), settings.model_dump_json()):
        assert TOKEN not in text
    dumped = settings.model_dump()
    assert (dumped["proxy"], dumped["headers"]) == ("http://**********@host", {"X-Key": "**********"})
    assert ConnectionSettings().model_dump()["proxy"] is None

    class Whole(BaseModel):
        settings: ConnectionSettings

    assert TOKEN not in Whole(settings=settings).model_dump_json()
    for kept in (settings.model_copy(), settings.model_copy(deep=True), pickle.loads(pickle.dumps(settings))):
        assert kept == settings
        assert (kept.proxy, kept.headers) == (SECRETS["proxy"], SECRETS["headers"])


WRONG: list[dict[str, Any]] = [
    {"ttl": 1},
    {"ttl": "5"},
    {"region": 5},
    {"client_ref": 5},
    {"url": 5},
    {"url": "no URL"},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_key_that_makes_keys_is_not_shown(wrong: dict[str, Any]) -> None:
    """Neither where another argument is wrong, nor where the key itself is."""
    for key, others in ((TOKEN, wrong), (f"{TOKEN} {TOKEN}", {})):
        with pytest.raises(SettingsError) as caught:
            sm_auth(key, others)
        report = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
        # The frames of the test itself have it, of course.
        assert TOKEN not in report.partition("in sm_auth")[2].partition("return TemporaryKeyAuth")[2]


def sm_auth(key: str, others: dict[str, Any]) -> TemporaryKeyAuth:
    """Makes one, in a frame of its own."""
    secret = SecretStr(key)
    del key
    return TemporaryKeyAuth(secret.get_secret_value(), **others)
