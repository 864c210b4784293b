"""The pytest plugin: fixtures that give a test the Batch v2 API on this machine, and a client of it.

It is there as soon as the package is installed; the fixtures need the extras `testing` and `local`. pytest's option
`-p no:speechmatics` turns it off.

Example:
    >>> from speechmatics import ParsedBatchClient
    >>> def test_the_call_is_transcribed(speechmatics_client: ParsedBatchClient) -> None:
    ...     assert speechmatics_client.transcribe("call.wav").to_text()

The real speech engine takes seconds, and knows English. Tests that say what was heard name a folder of transcripts, or
a file of rules, among pytest's settings (`ScriptedEngine.from_path` says what is in it), beginning at their folder:

    speechmatics_scripted = "tests/transcripts"

or bring their rules, or an engine of their own, in `conftest.py`:

    >>> import pytest
    >>> from speechmatics.local import Fault, ScriptedEngine, ScriptedRule
    >>> @pytest.fixture
    ... def speechmatics_engine():
    ...     return ScriptedEngine([ScriptedRule(name="bad.wav", reject="no speech"), ScriptedRule(text="Hello.")])

What goes wrong, a test says to its server, or a fixture `speechmatics_faults` for all of them; `server.requests` are
what came, and `server.expire(job_id)` makes a job be one that was kept for as long as jobs are kept:

    >>> def test_a_lost_answer_makes_one_job(speechmatics_client, speechmatics_server) -> None:
    ...     speechmatics_server.use_faults([Fault(method="POST", path="jobs", drop="after_work", times=1)])
    ...     speechmatics_client.transcribe("call.wav")
    ...     assert [r.method for r in speechmatics_server.requests].count("POST") == 1

Each test has a server of its own, empty at its start, which costs some tenths of a second. With
`speechmatics_server_scope = "session"` (or `module`, …) among pytest's settings they share one: faster, and what
property tests with `@given` want; then the jobs, requests and faults of other tests are there too, and your own engine
and faults need at least that scope.
"""

# pytest imports this module at every start, before coverage is measured: it imports nothing but pytest, and a fixture
# imports what it needs. The same holds for the packages around it, whose `__init__` is lazy.
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from speechmatics.batch_client import ParsedBatchClient
    from speechmatics.local import Engine, Fault, LocalServer, ScriptedEngine

__all__ = [
    "pytest_addoption",
    "speechmatics_client",
    "speechmatics_engine",
    "speechmatics_faults",
    "speechmatics_server",
]

_SCRIPTED = "speechmatics_scripted"
_SCOPE = "speechmatics_server_scope"
_Scope = Literal["function", "class", "module", "package", "session"]
_SCOPES: dict[str, _Scope] = {
    "function": "function",
    "class": "class",
    "module": "module",
    "package": "package",
    "session": "session",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the settings `speechmatics_server_scope` and `speechmatics_scripted`."""
    scopes = ", ".join(_SCOPES)
    parser.addini(_SCOPE, f"how long a speechmatics_server lives: {scopes} (default: function)", default="function")
    parser.addini(
        _SCRIPTED, "folder of transcripts, or file of rules, for a server without a speech engine", default=""
    )


def _server_scope(fixture_name: str, config: pytest.Config) -> _Scope:
    scope = str(config.getini(_SCOPE))
    if scope not in _SCOPES:
        raise pytest.UsageError(f"{_SCOPE} is {scope!r}; it can be {', '.join(_SCOPES)}")
    return _SCOPES[scope]


@pytest.fixture(scope="session")
def speechmatics_engine(pytestconfig: pytest.Config) -> Engine | ScriptedEngine:
    """What the server recognises speech with: `speechmatics_scripted`, or the real engine. Override it with your own.

    That is a `ScriptedEngine`, or has a method `transcribe(audio: Path, config: JobConfig) -> Recognition`.
    """
    from speechmatics.exceptions import InvalidInputError, MissingExtraError
    from speechmatics.local import ScriptedEngine, WhisperEngine

    if scripted := str(pytestconfig.getini(_SCRIPTED)):
        origin = pytestconfig.inipath.parent if pytestconfig.inipath else pytestconfig.rootpath
        try:
            return ScriptedEngine.from_path(origin / scripted)
        except InvalidInputError as error:
            raise pytest.UsageError(f"{_SCRIPTED}: {error}") from None
    try:
        return WhisperEngine()
    except MissingExtraError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def speechmatics_faults() -> Sequence[Fault]:
    """What goes wrong on each server from its start: nothing. Override it with your own, or use `use_faults`."""
    return ()


@pytest.fixture(scope=_server_scope)
def speechmatics_server(
    speechmatics_engine: Engine | ScriptedEngine, speechmatics_faults: Sequence[Fault]
) -> Iterator[LocalServer]:
    """A running local server that accepts every token, with `speechmatics_engine` and `speechmatics_faults`.

    Its `connection_settings` are for clients. Code that takes its settings from the environment finds the server after
    `monkeypatch.setenv("SPEECHMATICS_URL", speechmatics_server.url)`.
    """
    from speechmatics.exceptions import MissingExtraError
    from speechmatics.local import LocalServer

    server = LocalServer(engine=speechmatics_engine, faults=speechmatics_faults)
    try:
        server.start()
    except MissingExtraError as error:
        pytest.fail(str(error), pytrace=False)
    with server:
        yield server


@pytest.fixture(scope=_server_scope)
def speechmatics_client(speechmatics_server: LocalServer) -> Iterator[ParsedBatchClient]:
    """A client of `speechmatics_server` that returns models."""
    from speechmatics.batch_client import BatchClient

    with BatchClient(speechmatics_server.connection_settings, parse=True) as client:
        yield client
