"""A token is found nowhere it could leak from."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

import httpx
import pytest
from pydantic import ValidationError

from speechmatics import BatchClient, ConnectionSettings, FetchData, JobConfig, SpeechmaticsError, TranscriptionConfig
from speechmatics.local import LocalServer

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
