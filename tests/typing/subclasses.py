"""What type checkers infer of subclasses of the clients, and of clients that are subscripted; checked, never run.

A `type: ignore` marks what both checkers must reject, a `pyright: ignore` what mypy lets through; all of that is a
`TypeError` at run time (`tests/core/test_parameters.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic, Literal, Protocol, assert_type
from unittest.mock import create_autospec

from typing_extensions import TypeVar

from speechmatics import (
    AsyncBatchClient,
    BatchClient,
    ConnectionSettings,
    JobDetails,
    JobT,
    ParsedAsyncBatchClient,
    ParsedBatchClient,
    Transcript,
    TranscriptT,
    UsageReport,
    UsageT,
)

Json = dict[str, Any]
J = TypeVar("J")
T = TypeVar("T")
U = TypeVar("U")
NameT = TypeVar("NameT")


class Parsed(ParsedBatchClient):
    """Gives models without being told."""

    def text(self) -> str:
        return self.transcribe("a.wav").to_text()


class ParsedAsync(ParsedAsyncBatchClient):
    """Gives models without being told."""

    async def text(self) -> str:
        return (await self.transcribe("a.wav")).to_text()


class Keyed(ParsedBatchClient):
    """Has arguments of its own."""

    def __init__(self, customer: str) -> None:
        super().__init__("key")
        self.customer = customer


class KeyedAsync(ParsedAsyncBatchClient):
    """Has arguments of its own."""

    def __init__(self, customer: str) -> None:
        super().__init__("key", parse=True)
        self.customer = customer


class Wrong(ParsedBatchClient):
    """Contradicts its class."""

    def __init__(self) -> None:
        super().__init__("key", parse=False)  # type: ignore[arg-type]


class WrongAsync(ParsedAsyncBatchClient):
    """Contradicts its class."""

    def __init__(self) -> None:
        super().__init__("key", parse=False)  # type: ignore[arg-type]


class Plain(BatchClient):
    """Gives dicts, as its class does without parameters."""


class PlainAsync(AsyncBatchClient):
    """Gives dicts, as its class does without parameters."""


class Traced(BatchClient[JobT, TranscriptT, UsageT]):
    """Leaves it open; its parameters have the defaults of the client's."""

    def check_job_status(self, job_id: str, *, wait: int | None = None) -> JobT:
        return super().check_job_status(job_id, wait=wait)


class TracedAsync(AsyncBatchClient[JobT, TranscriptT, UsageT]):
    """Leaves it open; its parameters have the defaults of the client's."""

    async def check_job_status(self, job_id: str, *, wait: int | None = None) -> JobT:
        return await super().check_job_status(job_id, wait=wait)


class Open(BatchClient[J, T, U]):
    """Leaves it open, with parameters that have no defaults."""


class Named(Generic[NameT, J, T, U], AsyncBatchClient[J, T, U]):
    """Has another parameter before those."""


class Deep(Named[str, JobDetails, Transcript, UsageReport]):
    """Says it further down."""


def a_subclass_of_the_parsed_client_gives_models(settings: ConnectionSettings) -> None:
    assert_type(Parsed().text(), str)
    assert_type(Parsed("key").transcribe("a.wav"), Transcript)
    assert_type(Parsed(settings, parse=True).list_jobs(), list[JobDetails])
    assert_type(Parsed(settings).iter_jobs(), Iterator[JobDetails])
    assert_type(Parsed(settings).get_usage(), UsageReport)
    assert_type(Keyed("seven").get_job_result("id"), Transcript | Literal[False])
    with Parsed() as client:
        assert_type(client, Parsed)
    parsed: ParsedBatchClient = Parsed()
    assert_type(parsed.check_job_status("id"), JobDetails)
    Parsed("key", parse=False)  # pyright: ignore[reportArgumentType]
    Plain("key", parse=True)  # pyright: ignore[reportArgumentType]
    assert_type(Plain("key").list_jobs(), list[Json])


async def so_does_one_of_the_async_client(settings: ConnectionSettings) -> None:
    assert_type(await ParsedAsync().text(), str)
    assert_type(await ParsedAsync("key").transcribe("a.wav"), Transcript)
    assert_type(await ParsedAsync(settings, parse=True).list_jobs(), list[JobDetails])
    assert_type(ParsedAsync(settings).iter_jobs(), AsyncIterator[JobDetails])
    assert_type(await ParsedAsync(settings).get_usage(), UsageReport)
    assert_type(await KeyedAsync("seven").get_job_result("id"), Transcript | Literal[False])
    async with ParsedAsync() as client:
        assert_type(client, ParsedAsync)
    parsed: ParsedAsyncBatchClient = ParsedAsync()
    assert_type(await parsed.check_job_status("id"), JobDetails)
    ParsedAsync("key", parse=False)  # pyright: ignore[reportArgumentType]
    PlainAsync("key", parse=True)  # pyright: ignore[reportArgumentType]
    assert_type(await PlainAsync("key").list_jobs(), list[Json])
    assert_type(await Deep("key").list_jobs(), list[JobDetails])


def a_client_may_be_subscripted() -> None:
    assert_type(ParsedBatchClient("key", parse=True), ParsedBatchClient)
    assert_type(ParsedBatchClient("key", parse=True).transcribe("a.wav"), Transcript)
    assert_type(BatchClient[JobDetails, Transcript, UsageReport]("key", parse=True).get_usage(), UsageReport)
    assert_type(BatchClient[Json, Json, Json]("key").list_jobs(), list[Json])
    ParsedBatchClient("key", parse=False)  # pyright: ignore[reportArgumentType]
    BatchClient[Json, Json, Json]("key", parse=True)  # pyright: ignore[reportArgumentType]


async def so_may_an_async_client() -> None:
    assert_type(ParsedAsyncBatchClient("key", parse=True), ParsedAsyncBatchClient)
    assert_type(await ParsedAsyncBatchClient("key", parse=True).transcribe("a.wav"), Transcript)
    assert_type(await AsyncBatchClient[JobDetails, Transcript, UsageReport]("key", parse=True).get_usage(), UsageReport)
    assert_type(await AsyncBatchClient[Json, Json, Json]("key").list_jobs(), list[Json])
    ParsedAsyncBatchClient("key", parse=False)  # pyright: ignore[reportArgumentType]
    AsyncBatchClient[Json, Json, Json]("key", parse=True)  # pyright: ignore[reportArgumentType]


async def a_subclass_that_leaves_it_open_is_subscripted() -> None:
    assert_type(Traced[JobDetails, Transcript, UsageReport]("key").transcribe("a.wav"), Transcript)
    assert_type(Traced("key").transcribe("a.wav"), Json)
    assert_type(Open[JobDetails, Transcript, UsageReport]("key").check_job_status("id"), JobDetails)
    assert_type(await TracedAsync[JobDetails, Transcript, UsageReport]("key").transcribe("a.wav"), Transcript)
    assert_type(await TracedAsync("key").transcribe("a.wav"), Json)
    assert_type(await Named[str, JobDetails, Transcript, UsageReport]("key").get_usage(), UsageReport)


class Gives(Protocol):
    """What some function needs of a client."""

    def check_job_status(self, job_id: str) -> JobDetails: ...


def a_client_goes_where_it_is_asked_for() -> None:
    def dicts(client: BatchClient) -> list[Json]:
        return client.list_jobs()

    def models(client: ParsedBatchClient) -> list[JobDetails]:
        return client.list_jobs()

    def protocol(client: Gives) -> JobDetails:
        return client.check_job_status("id")

    dicts(BatchClient())
    dicts(Plain())
    models(BatchClient(parse=True))
    models(Parsed())
    protocol(BatchClient(parse=True))
    dicts(BatchClient(parse=True))  # type: ignore[arg-type]
    models(BatchClient())  # type: ignore[arg-type]
    protocol(BatchClient())  # type: ignore[arg-type]
    wrong: ParsedBatchClient = BatchClient("key")  # type: ignore[assignment]
    wrong_too: ParsedAsyncBatchClient = AsyncBatchClient("key")  # type: ignore[assignment]
    models(wrong)
    assert_type(wrong_too, ParsedAsyncBatchClient)


def the_settings_are_read_only(client: BatchClient, other: AsyncBatchClient) -> None:
    assert_type(client.connection_settings, ConnectionSettings)
    assert_type(other.connection_settings, ConnectionSettings)
    client.connection_settings = ConnectionSettings()  # type: ignore[misc]
    other.connection_settings = ConnectionSettings()  # type: ignore[misc]


def a_mock_has_the_client_s_attributes() -> None:
    dicts: BatchClient = create_autospec(BatchClient, instance=True)
    assert_type(dicts.connection_settings, ConnectionSettings)
