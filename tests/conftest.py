"""What the tests share: a local server whose engine is scripted, and clients of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from speechmatics import BatchClient, ConnectionSettings, JobConfig, ParsedBatchClient
from speechmatics.local import LocalServer, Recognition, UnreadableAudio
from tests.servers.object_store import ObjectStore, running_object_store, set_environment
from tests.servers.shapes import AnswerChecks

# How many examples there are for each property; wall time decides nothing.
_CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large]
hypothesis_settings.register_profile("dev", max_examples=25, deadline=None, suppress_health_check=_CHECKS)
hypothesis_settings.register_profile("ci", max_examples=150, deadline=None, suppress_health_check=_CHECKS)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

pytest_plugins = ["pytester", "speechmatics.testing.plugin"]

AUDIO = Path(__file__).parent.parent / "examples" / "audio"


class ScriptedEngine:
    """Answers at once with two words and a full stop; audio that begins with `bad` is unreadable; `hold` stops it."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.go = threading.Event()
        self.go.set()

    def transcribe(self, audio: Path, config: JobConfig) -> Recognition:
        """The same results for every audio."""
        content = audio.read_bytes()
        self.received.append(content)
        self.go.wait(20)
        if content.startswith(b"bad"):
            raise UnreadableAudio("the audio cannot be decoded: it is bad")
        return Recognition(
            2.4,
            [
                {
                    "type": "word",
                    "start_time": 0.1,
                    "end_time": 0.5,
                    "alternatives": [{"content": "Hello", "confidence": 0.9, "language": "en"}],
                },
                {
                    "type": "word",
                    "start_time": 0.6,
                    "end_time": 1.0,
                    "alternatives": [{"content": "world", "confidence": 0.8, "language": "en"}],
                },
                {
                    "type": "punctuation",
                    "start_time": 1.0,
                    "end_time": 1.0,
                    "is_eos": True,
                    "attaches_to": "previous",
                    "alternatives": [{"content": ".", "confidence": 0.8, "language": "en"}],
                },
            ],
        )


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that nobody writes to: a folder for each test takes longer than most of them."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, empty_home: Path) -> None:
    """No test sees the settings of the machine it runs on."""
    for name in list(os.environ):
        if name.startswith("SPEECHMATICS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(empty_home))
    monkeypatch.setenv("USERPROFILE", str(empty_home))


@pytest.fixture(scope="session")
def running_store() -> Iterator[ObjectStore]:
    """A server of S3, which takes a moment to start."""
    with running_object_store() as running:
        yield running


@pytest.fixture
def object_store(running_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A server of S3 with an empty bucket, `calls`, to which the environment leads."""
    set_environment(running_store, monkeypatch)
    running_store.reset()
    yield running_store
    running_store.forget_connections()


@pytest.fixture
def engine() -> Iterator[ScriptedEngine]:
    """An engine that can be held."""
    scripted = ScriptedEngine()
    yield scripted
    scripted.go.set()


@pytest.fixture
def server(engine: ScriptedEngine) -> Iterator[LocalServer]:
    """A local server with the scripted engine, which wants a token."""
    with LocalServer(engine=engine, token="test-token", allow_private_addresses=True) as running:
        yield running
        engine.go.set()


@pytest.fixture
def settings(server: LocalServer) -> ConnectionSettings:
    """Settings for the server, polling quickly."""
    settings = server.connection_settings
    settings.poll_interval = 0.01
    return settings


@pytest.fixture
def client(settings: ConnectionSettings) -> Iterator[BatchClient]:
    """A client that returns dicts."""
    with BatchClient(settings) as raw:
        yield raw


@pytest.fixture
def parsed_client(settings: ConnectionSettings) -> Iterator[ParsedBatchClient]:
    """A client that returns models."""
    with BatchClient(settings, parse=True) as parsed:
        yield parsed


@pytest.fixture(scope="session")
def wrong_answers() -> Iterator[list[str]]:
    """What is wrong with the answers of the local servers of this process, as they come."""
    from speechmatics.local import routes

    problems: list[str] = []
    create_app = routes.create_app

    def create_checked_app(*arguments: Any, **options: Any) -> Any:
        on_premises = options["options"].on_premises
        return AnswerChecks(create_app(*arguments, **options), problems, on_premises=on_premises)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes, "create_app", create_checked_app)
        yield problems


@pytest.fixture(autouse=True)
def checked_answers(wrong_answers: list[str]) -> Iterator[None]:
    """Each answer of a local server has a shape of the specification."""
    yield
    found = wrong_answers.copy()
    wrong_answers.clear()
    assert found == []
