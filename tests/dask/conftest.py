"""What the tests of clusters share: audio, transcripts, a server."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import distributed
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


@pytest.fixture
def cluster(request: pytest.FixtureRequest, server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of two processes of four threads; what a dead one holds is given back after two seconds."""
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__LOCKS__LEASE_TIMEOUT", getattr(request, "param", "2s"))
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__LOCKS__LEASE_VALIDATION_INTERVAL", "500ms")
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "20")
    modules: Any = distributed
    dask_config: Any = import_module("dask.config")
    dask_config.refresh()
    with (
        modules.LocalCluster(n_workers=2, threads_per_worker=4, dashboard_address="127.0.0.1:0") as made,
        modules.Client(made) as client,
    ):
        yield client
    monkeypatch.undo()
    dask_config.refresh()
