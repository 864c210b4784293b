"""Clients that share connections (`with_options`), hooks, and what servers say of themselves and of their jobs."""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest

import speechmatics as sm
from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings, ResponseInfo
from tests.servers.both_clients import CLIENTS, Call
from tests.servers.serving import Answer, Received, Serving, serving

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
FEATURES: dict[str, Any] = {
    "metadata": {"language_pack_info": {"en": {"word_delimiter": " "}}},
    "batch": {
        "transcription": [
            {
                "version": "latest",
                "languages": ["en", "de"],
                "locales": {"en": ["en-GB", "en-US"]},
                "domains": {"en": ["finance"]},
            },
            {"version": "old", "languages": ["cy"]},
        ],
        "translation": [{"version": "latest", "languages": {"en": ["de", "fr"]}}],
        "languageid": [{"version": "latest", "languages": ["en"]}],
        "new": 1,
    },
}


def respond(received: Received) -> Answer:
    """A job for a submission, else a list without any; each has a request id."""
    headers = {"Request-Id": "from-the-server"}
    return Answer(201, b'{"id": "j"}', headers) if received.method == "POST" else Answer(headers=headers)


@pytest.fixture
def server() -> Iterator[Serving]:
    """A server that answers as `respond` does."""
    with serving(respond) as running:
        yield running


def settings_of(server: Serving, **others: Any) -> ConnectionSettings:
    """Settings of a client."""
    return ConnectionSettings(server.url, auth_token="first", trust_env=False, headers={"X-Mine": "1"}, **others)


def test_a_derived_client_does_otherwise_over_the_same_connections(server: Serving) -> None:
    """With its own headers, token and time limits; the first is as it was."""
    with BatchClient(settings_of(server, read_timeout=60), parse=True) as client:
        assert client.list_jobs() == []
        derived = client.with_options(
            auth_token="second",
            headers={"X-Other": "2"},
            processing_data={"parallel_engines": 4},
            app="mine",
            read_timeout=5,
            retry_attempts=8,
        )
        assert isinstance(derived, BatchClient)
        assert derived.list_jobs() == []
        assert derived.submit_job(b"audio", CONFIG) == "j"
        client.submit_job(b"audio", CONFIG)
        given = derived.connection_settings
        assert (given.read_timeout, given.retry_attempts, given.headers) == (5, 8, {"X-Mine": "1", "X-Other": "2"})
        assert (client.connection_settings.read_timeout, client.connection_settings.app) == (60, None)
        assert repr(derived) == repr(client)
    one, two, three, four = [received.headers for received in server.received]
    assert [one["Authorization"], two["Authorization"]] == ["Bearer first", "Bearer second"]
    assert [each.get("X-Other") for each in (one, two, three, four)] == [None, "2", "2", None]
    assert [each["X-Mine"] for each in (one, two, three, four)] == ["1"] * 4
    assert [each.get("X-SM-Processing-Data") for each in (one, three, four)] == [None, '{"parallel_engines":4}', None]
    assert "sm-app=mine" in server.received[2].path
    assert server.connections == 1


def test_a_time_limit_of_a_derived_client_holds(server: Serving) -> None:
    """Whatever that of the first is."""
    seen: list[Any] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"]["read"])
        return httpx.Response(200, json={"jobs": []})

    with BatchClient(settings_of(server)) as client:
        client.list_jobs()
        derived = client.with_options(read_timeout=0.05, retry_attempts=1)
        with serving(lambda received: Answer(None)) as silent, pytest.raises(sm.RequestError):
            derived.with_options(url=silent.url).list_jobs()
    with httpx.Client(transport=httpx.MockTransport(note), timeout=7) as http:
        existing = BatchClient(settings_of(server), http_client=http)
        existing.list_jobs()
        existing.with_options(retry_attempts=2).list_jobs()
        existing.with_options(read_timeout=3).list_jobs()
        existing.with_options(read_timeout=3).send_request("GET", "jobs")
    assert seen == [7, 7, 3, 3]


def test_to_close_a_derived_client_closes_nothing(server: Serving) -> None:
    """Neither `close` nor `with`; the first closes what both use, and either opens it again."""
    client = BatchClient(settings_of(server))
    with client.with_options(retry_attempts=1) as derived:
        derived.list_jobs()
    derived.close()
    derived.with_options(retry_attempts=2).close()
    client.list_jobs()
    derived.list_jobs()
    assert server.connections == 1
    client.close()
    derived.list_jobs()
    assert server.connections == 2
    client.close()


def test_the_async_client_does_the_same(server: Serving) -> None:
    """Within its event loop."""

    async def main() -> None:
        async with AsyncBatchClient(settings_of(server)) as client:
            await client.list_jobs()
            async with client.with_options(headers={"X-Other": "2"}, read_timeout=5) as derived:
                await derived.list_jobs()
            await derived.close()
            await client.list_jobs()
            await derived.list_jobs()

    anyio.run(main)
    assert [received.headers.get("X-Other") for received in server.received] == [None, "2", None, "2"]
    assert server.connections == 1


@pytest.mark.parametrize("client", [BatchClient("key"), AsyncBatchClient("key")], ids=["blocking", "async"])
def test_what_a_derived_client_cannot_do_otherwise(client: BatchClient | AsyncBatchClient) -> None:
    """Connections are shared, so that what they were opened with stays; other names are none; values are checked."""
    options: list[dict[str, Any]] = [
        *({"verify": False}, {"proxy": "http://p"}, {"http2": True}, {"max_connections": 3}, {"trust_env": False}),
        *({"client_cert": "a"}, {"ssl_context": None}, {"max_keepalive_connections": 1}, {"max_response_bytes": 1}),
    ]
    for wrong in options:
        with pytest.raises(TypeError, match=f"{next(iter(wrong))} belongs to the connections"):
            client.with_options(**wrong)
    misspelt: dict[str, Any] = {"read_timout": 5}
    with pytest.raises(TypeError, match="no option 'read_timout'; did you mean read_timeout"):
        client.with_options(**misspelt)
    with pytest.raises(sm.SettingsError, match="read_timeout"):
        client.with_options(read_timeout=-1)
    with pytest.raises(sm.SettingsError, match="auth_token") as caught:
        client.with_options(auth_token="se cret")
    assert "se cret" not in str(caught.value)
    not_callable: Any = 5
    with pytest.raises(sm.InvalidInputError, match="on_response"):
        client.with_options(on_response=not_callable)
    assert client.connection_settings.read_timeout == 60


def test_an_auth_is_not_replaced_by_a_token() -> None:
    """Which of them authorises would be a guess."""
    client = BatchClient(auth=httpx.BasicAuth("a", "b"))
    with pytest.raises(TypeError, match="has an auth"):
        client.with_options(auth_token="key")
    assert client.with_options(retry_attempts=2).connection_settings.retry_attempts == 2


class Mine(sm.ParsedBatchClient):
    """A subclass with something of its own."""

    mine = 0


def test_a_derived_client_is_of_the_same_class(server: Serving) -> None:
    """With what the first has beside; what one of them learns, the other knows; and it can be pickled."""
    with Mine(settings_of(server)) as client:
        client.mine = 5
        derived = client.with_options(retry_attempts=2)
        assert (type(derived), derived.mine) == (Mine, 5)
        derived.submit_job(b"audio", CONFIG)
        copied = pickle.loads(pickle.dumps(derived))
        assert copied.connection_settings.retry_attempts == 2
        copied.list_jobs()
        copied.close()
    assert server.connections == 2


@pytest.mark.parametrize("kind", [BatchClient, AsyncBatchClient])
def test_each_answer_is_told_of(
    kind: type[BatchClient | AsyncBatchClient], server: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    """By the hook and the log, with its status and request id, without the query."""
    told: list[ResponseInfo] = []

    async def main() -> None:
        client = kind(settings_of(server), on_response=told.append)
        listed = client.list_jobs(limit=5)
        if not isinstance(listed, list):
            await listed
        other = client.with_options(on_response=None).list_jobs()
        if not isinstance(other, list):
            await other
        closed = client.close()
        if closed is not None:
            await closed

    with caplog.at_level(logging.DEBUG, "speechmatics"):
        anyio.run(main)
    [info] = told
    assert (info.method, info.url, info.status_code) == ("GET", f"{server.url}/v2/jobs", 200)
    assert info.request_id == "from-the-server"
    assert 0 < info.seconds < 60
    assert caplog.text.count("200 in") == 2
    assert "request id from-the-server" in caplog.text
    assert "limit" not in caplog.text


def test_errors_are_answers_too_and_what_a_hook_raises_is_the_program_s_own(server: Serving) -> None:
    """It ends the call as it is."""
    told: list[int] = []

    def refuse(info: ResponseInfo) -> None:
        told.append(info.status_code)
        raise LookupError("mine")

    with BatchClient(settings_of(server, retry_attempts=3), on_response=refuse) as client:
        with pytest.raises(LookupError, match="mine"):
            client.list_jobs()
        with serving(lambda received: Answer(404, b'{"code": 404, "error": "Job not found"}')) as other:
            derived = client.with_options(url=other.url, on_response=lambda info: told.append(info.status_code))
            with pytest.raises(sm.JobNotFoundException):
                derived.check_job_status("j")
    assert told == [200, 404]


@pytest.mark.parametrize("call", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize("parse", [False, True])
def test_the_server_says_what_it_offers(call: Call, parse: bool) -> None:
    """Beside `/v2`, as a model whatever the flag."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=FEATURES)

    features: sm.Features = call(answer, "get_features", parse=parse)
    assert asked == ["http://asr.test/v1/discovery/features"]
    assert features.languages == {"en", "de", "cy"}
    assert [sorted(features.domains(language)) for language in ("en", "de")] == [["finance"], []]
    assert [sorted(features.locales("en")), sorted(features.translations("en"))] == [["en-GB", "en-US"], ["de", "fr"]]
    assert features.to_dict() == FEATURES


@pytest.mark.parametrize("body", [{}, {"batch": None}, {"batch": {"transcription": None}}, {"batch": 5, "x": []}])
def test_a_server_may_say_little(body: dict[str, Any]) -> None:
    """Then nothing is known of it."""
    features = sm.Features.from_json(json.dumps(body))
    assert not (features.languages or features.domains("en") or features.translations("en"))
    assert features.to_dict() == body


@pytest.mark.parametrize("call", CLIENTS.values(), ids=CLIENTS)
def test_the_audio_of_a_job_comes_back(call: Call) -> None:
    """As bytes; a page of a gateway is none."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v2/jobs/page/data":
            return httpx.Response(200, text="<html></html>", headers={"Content-Type": "text/html"})
        if request.url.path != "/v2/jobs/j/data":
            return httpx.Response(404, json={"code": 404, "error": "Job not found"})
        return httpx.Response(200, content=b"RIFF\0\xff", headers={"Content-Type": "audio/x-wav"})

    assert call(answer, "get_job_audio", "j") == b"RIFF\0\xff"
    with pytest.raises(sm.JobNotFoundException):
        call(answer, "get_job_audio", "other")
    with pytest.raises(sm.InvalidResponseError, match="page of HTML"):
        call(answer, "get_job_audio", "page")
    with pytest.raises(sm.InvalidInputError, match="not a job id"):
        call(answer, "get_job_audio", "..")
