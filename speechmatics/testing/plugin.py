"""The pytest plugin: fixtures that give a test the Batch v2 API on this machine, and a client of it.

It is there as soon as the package is installed; the fixtures need the extras `testing` and `local`. pytest's option
`-p no:speechmatics` turns it off.

Example:
    >>> from speechmatics import ParsedBatchClient
    >>> def test_the_call_is_transcribed(speechmatics_client: ParsedBatchClient) -> None:
    ...     assert speechmatics_client.transcribe("call.wav").to_text()

The real speech engine takes seconds; a test that needs to know what was heard brings its own, in its `conftest.py`:

    >>> import pytest
    >>> from speechmatics.local import Recognition
    >>> class Engine:
    ...     def transcribe(self, audio, config):
    ...         return Recognition(1.0, [{"type": "word", "start_time": 0.0, "end_time": 1.0,
    ...                                   "alternatives": [{"content": "Hello", "confidence": 1.0, "language": "en"}]}])
    >>> @pytest.fixture
    ... def speechmatics_engine():
    ...     return Engine()

Each test has a server of its own, empty at its start, which costs some tenths of a second. With
`speechmatics_server_scope = "session"` (or `module`, …) among pytest's settings they share one: faster, and what
property tests with `@given` want; then the jobs of other tests are there too, and your own engine needs at least
that scope.
"""

# pytest imports this module at every start, before coverage is measured: it imports nothing but pytest, and a fixture
# imports what it needs. The same holds for the packages around it, whose `__init__` is lazy.
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from speechmatics.batch_client import ParsedBatchClient
    from speechmatics.local import Engine, LocalServer

__all__ = ["pytest_addoption", "speechmatics_client", "speechmatics_engine", "speechmatics_server"]

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
    """Adds the setting `speechmatics_server_scope`."""
    scopes = ", ".join(_SCOPES)
    parser.addini(_SCOPE, f"how long a speechmatics_server lives: {scopes} (default: function)", default="function")


def _server_scope(fixture_name: str, config: pytest.Config) -> _Scope:
    scope = str(config.getini(_SCOPE))
    if scope not in _SCOPES:
        raise pytest.UsageError(f"{_SCOPE} is {scope!r}; it can be {', '.join(_SCOPES)}")
    return _SCOPES[scope]


@pytest.fixture(scope="session")
def speechmatics_engine() -> Engine:
    """What the server recognises speech with: the real engine, loaded once. Override it with one of your own.

    An engine has a method `transcribe(audio: Path, config: JobConfig) -> Recognition`.
    """
    from speechmatics.exceptions import MissingExtraError
    from speechmatics.local.engine import WhisperEngine

    try:
        return WhisperEngine()
    except MissingExtraError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope=_server_scope)
def speechmatics_server(speechmatics_engine: Engine) -> Iterator[LocalServer]:
    """A running local server that accepts every token, with `speechmatics_engine`.

    Its `connection_settings` are for clients. Code that takes its settings from the environment finds the server after
    `monkeypatch.setenv("SPEECHMATICS_URL", speechmatics_server.url)`.
    """
    from speechmatics.exceptions import MissingExtraError
    from speechmatics.local import LocalServer

    server = LocalServer(engine=speechmatics_engine)
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
