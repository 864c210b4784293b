"""What decides whether a client gives models: the type parameters of its class, and the flag."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any, Generic

import anyio
import httpx
import pytest
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
from tests.servers.both_clients import CLIENTS

Json = dict[str, Any]
J = TypeVar("J")
T = TypeVar("T")
U = TypeVar("U")
NameT = TypeVar("NameT")
ModelT = TypeVar("ModelT", default=JobDetails)


class Parsed(ParsedBatchClient):
    """Gives models."""


class ParsedAsync(ParsedAsyncBatchClient):
    """Gives models."""


class Below(Parsed):
    """Gives models, as what it derives from."""


class Plain(BatchClient):
    """Gives dicts."""


class Dicts(BatchClient[Json, Json, Json]):
    """Gives dicts, and says so."""


class Traced(BatchClient[JobT, TranscriptT, UsageT]):
    """Leaves it open."""


class TracedAsync(AsyncBatchClient[JobT, TranscriptT, UsageT]):
    """Leaves it open."""


class Named(Generic[NameT, U, T, J], BatchClient[J, T, U]):
    """Leaves it open, with its parameters in another order."""


class Deep(Named[str, UsageReport, Transcript, JobDetails]):
    """Gives models."""


class Half(BatchClient[ModelT, Transcript, UsageReport]):
    """Gives models unless it is told otherwise."""


class Either(BatchClient[Json | JobDetails, Json | Transcript, Json | UsageReport]):
    """Gives what the flag says."""


class Strange(BatchClient[int, Transcript, UsageReport]):
    """Gives what no client can."""


MODELS = [
    (BatchClient, True),
    (AsyncBatchClient, True),
    (ParsedBatchClient, None),
    (ParsedBatchClient, True),
    (ParsedAsyncBatchClient, None),
    (Parsed, None),
    (Parsed, True),
    (ParsedAsync, None),
    (Below, None),
    (Traced[JobDetails, Transcript, UsageReport], None),
    (Traced[JobDetails, Transcript, UsageReport], True),
    (TracedAsync[JobDetails, Transcript, UsageReport], None),
    (Named[str, UsageReport, Transcript, JobDetails], None),
    (Deep, None),
    (Half, None),
    (Either, True),
]
DICTS = [
    (BatchClient, None),
    (BatchClient, False),
    (AsyncBatchClient, None),
    (BatchClient[Json, Json, Json], None),
    (AsyncBatchClient[Json, Json, Json], False),
    (Plain, None),
    (Plain, False),
    (Dicts, None),
    (Traced, None),
    (Traced, False),
    (Traced[Json, Json, Json], None),
    (TracedAsync, None),
    (Named, None),
    (Named[str, dict[str, object], Json, Json], None),
    (Either, False),
    (Either, None),
]
AT_ONCE = [(Parsed, False), (ParsedAsync, False), (Below, False), (Deep, False), (Plain, True), (Dicts, True)]
LATER = [
    (ParsedBatchClient, False),
    (ParsedAsyncBatchClient, False),
    (BatchClient[Json, Json, Json], True),
    (Traced, True),
    (TracedAsync, True),
    (Traced[JobDetails, Transcript, UsageReport], False),
    (Traced[Json, Json, Json], True),
    (Named, True),
]


def respond(request: httpx.Request) -> httpx.Response:
    """One job."""
    return httpx.Response(200, json={"jobs": [{"id": "j", "status": "done", "created_at": "2026-01-31T12:00:00Z"}]})


def made(kind: Any, parse: bool | None, **options: Any) -> Any:
    """A client of a kind, whose flag may be left out."""
    return kind("key", **({} if parse is None else {"parse": parse}), **options)


def list_jobs(client: Any) -> Any:
    """The jobs that a client lists."""
    listed = client.list_jobs()
    if not inspect.isawaitable(listed):
        return listed

    async def wait() -> Any:
        return await listed

    return anyio.run(wait)


def connect(client: Any) -> None:
    """Opens a client's connections."""
    opened = client.connect()
    if inspect.isawaitable(opened):

        async def wait() -> None:
            await opened

        anyio.run(wait)


def transport_of(kind: Any) -> Any:
    """An `http_client` for a kind of client."""
    transport = httpx.MockTransport(respond)
    is_async = issubclass(getattr(kind, "__origin__", kind), AsyncBatchClient)
    return httpx.AsyncClient(transport=transport) if is_async else httpx.Client(transport=transport)


@pytest.mark.parametrize(("kind", "parse"), MODELS)
def test_models(kind: Any, parse: bool | None) -> None:
    """Where the class or the flag says so."""
    client = made(kind, parse, http_client=transport_of(kind))
    assert isinstance(list_jobs(client)[0], JobDetails)
    assert repr(client).endswith("parse=True)")


@pytest.mark.parametrize(("kind", "parse"), DICTS)
def test_dicts(kind: Any, parse: bool | None) -> None:
    """Where neither says otherwise."""
    client = made(kind, parse, http_client=transport_of(kind))
    assert isinstance(list_jobs(client)[0], dict)
    assert repr(client).endswith("parse=False)")


@pytest.mark.parametrize(("kind", "parse"), AT_ONCE)
def test_a_flag_that_contradicts_the_class(kind: Any, parse: bool) -> None:
    """Is an error that says so, and what to write for models."""
    with pytest.raises(TypeError, match=f"{kind.__name__} gives .* by its type parameters, .*parse={parse} contr") as e:
        made(kind, parse)
    assert ("ParsedBatchClient" in str(e.value)) is parse


@pytest.mark.parametrize(("kind", "parse"), LATER)
def test_a_flag_that_contradicts_what_was_called(kind: Any, parse: bool) -> None:
    """Is one as soon as the client connects, or is asked for what depends on it; nothing is sent."""
    client = made(kind, parse)
    for use in (connect, list_jobs):
        with pytest.raises(TypeError, match=f"by its type parameters, which parse={parse} contradicts"):
            use(client)
    assert f"parse={parse}" in repr(client)


def test_parameters_that_no_client_has() -> None:
    """Are an error, too."""
    with pytest.raises(TypeError, match="type parameters of Strange must be JobDetails, Transcript and UsageReport"):
        made(Strange, None)
    mixed: Any = BatchClient[JobDetails, Json, Json]
    with pytest.raises(TypeError, match="type parameters of BatchClient must be"):
        mixed("key").list_jobs()


@pytest.mark.parametrize(("kind", "parse"), [*MODELS, *DICTS])
def test_a_copy_gives_the_same(kind: Any, parse: bool | None) -> None:
    """Whoever decided."""
    client = made(kind, parse)
    for other in (pickle.loads(pickle.dumps(client)), copy.copy(client), copy.deepcopy(client)):
        assert type(other) is type(client)
        assert repr(other) == repr(client)


@pytest.mark.parametrize("call", CLIENTS.values(), ids=CLIENTS)
def test_every_method_obeys(call: Any) -> None:
    """One list is enough for some; the others are in the tests of each client."""
    for parse, kind in ((True, JobDetails), (False, dict)):
        for method in ("list_jobs", "iter_jobs"):
            assert isinstance(call(respond, method, parse=parse)[0], kind)


def test_settings_are_kept_by_a_subclass() -> None:
    """As by its class."""
    settings = ConnectionSettings("http://host")
    assert Parsed(settings).connection_settings is settings
