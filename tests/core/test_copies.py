"""Clients that are pickled and copied: the settings travel, connections do not."""

from __future__ import annotations

import copy
import pickle
import ssl
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest

from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings, Retry
from tests.servers.fault_server import FaultServer

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}


def note_retry(retry: Retry) -> None:
    """A callback that can be pickled."""


class NoAuth(httpx.Auth):
    """An auth that can be pickled."""


class Mine(BatchClient):
    """A subclass with an attribute of its own."""

    customer = "none"


def copies(client: Any) -> list[Any]:
    """A client as others get it."""
    return [pickle.loads(pickle.dumps(client)), copy.deepcopy(client), copy.copy(client)]


def test_a_copy_works_beside_the_original() -> None:
    """With connections of its own, and all that it was given but those."""
    with FaultServer() as server:
        client = BatchClient(
            ConnectionSettings(server.url, auth_token="secret", trust_env=False),
            parse=True,
            auth=NoAuth(),
            on_retry=note_retry,
        )
        job_id = client.submit_job(b"audio", CONFIG)
        others: list[BatchClient] = copies(client)
        for other in others:
            assert other.connection_settings == client.connection_settings
            assert repr(other) == repr(client)
            assert other.find_submissions([], datetime.now(UTC)) == {}
            assert str(other.list_jobs()).count(job_id) == 1
            other.close()
        assert client.wait_for_completion(job_id)
        client.close()
        assert server.connections == 4


def test_an_async_client_is_copied_alike() -> None:
    """Into another event loop, for example."""
    with FaultServer() as server:
        client = AsyncBatchClient(ConnectionSettings(server.url, trust_env=False))

        async def submit(each: AsyncBatchClient) -> str:
            async with each:
                return await each.submit_job(b"audio", CONFIG)

        others: list[AsyncBatchClient] = copies(client)
        assert len({anyio.run(submit, each) for each in (client, *others)}) == 4


def test_a_subclass_keeps_its_attributes() -> None:
    """As with any object."""
    client = Mine("secret")
    client.customer = "seven"
    assert [each.customer for each in copies(client)] == ["seven"] * 3


@pytest.mark.parametrize("kind", [BatchClient, AsyncBatchClient])
def test_what_cannot_travel_is_named(kind: Any) -> None:
    """Before anything is done, and without what is secret."""
    given: Any = httpx.Client() if kind is BatchClient else httpx.AsyncClient()

    class Local(httpx.Auth):
        """Known by no module, so that no pickle can name it."""

    def unnamed(retry: Retry) -> None:
        """Known by no module either."""

    given_options: dict[str, dict[str, Any]] = {
        "http_client": {"http_client": given},
        "on_retry": {"on_retry": unnamed},
        "auth": {"auth": Local()},
    }
    for part, options in given_options.items():
        with pytest.raises(TypeError, match=part) as caught:
            pickle.dumps(kind("secret", **options))
        assert "secret" not in str(caught.value)
    with pytest.raises(TypeError, match="http_client"):
        copy.deepcopy(kind("secret", http_client=given))
    context = ConnectionSettings(ssl_context=ssl.create_default_context())
    with pytest.raises(TypeError, match="ssl_context"):
        pickle.dumps(kind(context))


def test_a_client_that_was_never_finished_has_a_repr() -> None:
    """As a debugger shows it when a setting was wrong."""
    assert repr(BatchClient.__new__(BatchClient)) == "<BatchClient without settings>"
    assert repr(AsyncBatchClient.__new__(AsyncBatchClient)) == "<AsyncBatchClient without settings>"
