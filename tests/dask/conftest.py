"""What the tests of clusters share: audio, transcripts, a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule

TOKEN = "t0ken-of-the-workers"
"""What no task, log or page of the cluster may show."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """A server whose jobs take half a second, and whose address and token are in the environment."""
    rules = [ScriptedRule(name="bad*", reject="no speech was found"), ScriptedRule(text="Hello world.", delay=0.5)]
    with LocalServer(engine=ScriptedEngine(rules), token=TOKEN) as server:
        monkeypatch.setenv("SPEECHMATICS_URL", server.connection_settings.url)
        monkeypatch.setenv("SPEECHMATICS_AUTH_TOKEN", TOKEN)
        yield server


@pytest.fixture
def recordings(tmp_path: Path) -> list[str]:
    """A dozen files, no two with the same bytes."""
    folder = tmp_path / "audio"
    folder.mkdir()
    paths = [folder / f"{number:02}.wav" for number in range(12)]
    for path in paths:
        path.write_bytes(f"audio {path.name}".encode())
    return [str(path) for path in paths]
