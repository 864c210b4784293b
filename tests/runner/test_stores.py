"""Audio in stores: found, told apart by what the store says of it, signed where it can be, and streamed elsewhere."""

from __future__ import annotations

import importlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from speechmatics.exceptions import InvalidInputError
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from speechmatics.runner import RunSummary, transcribe_files
from speechmatics.runner.sources import find_sources

pytestmark = pytest.mark.slow  # waits for jobs

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
fsspec: Any = importlib.import_module("fsspec")
memory: Any = importlib.import_module("fsspec.implementations.memory")


def sign(store: Any, path: str, expiration: int | None = None, **options: Any) -> str:
    """As stores of the cloud do."""
    return f"https://signed.example{path}?signature=s3cret"


def strip_protocol(path: str) -> str:
    return "/" + path.rpartition("://")[2].lstrip("/")


SigningStore: Any = type(
    "SigningStore",
    (memory.MemoryFileSystem,),
    {"protocol": "signing", "sign": sign, "store": {}, "_strip_protocol": staticmethod(strip_protocol)},
)


@pytest.fixture
def store() -> Generator[Any]:
    """A store in memory that signs no URLs."""
    files = fsspec.filesystem("memory")
    for name in ("calls/a.wav", "calls/x/b.mp3", "calls/notes.txt"):
        files.pipe(f"/{name}", f"audio {name}".encode())
    yield files
    files.rm("/calls", recursive=True)


@pytest.fixture
def server() -> Generator[LocalServer]:
    with LocalServer(engine=ScriptedEngine([ScriptedRule(text="Good morning.")])) as running:
        yield running


def transcribe(source: str, folder: Path, server: LocalServer) -> RunSummary:
    return transcribe_files(source, CONFIG, folder, settings=server.connection_settings, rate=1000)


def test_folders_patterns_and_files_are_found(store: Any) -> None:
    """As on a disk."""
    assert [source.name for source in find_sources("memory://calls")] == [
        "memory:///calls/a.wav",
        "memory:///calls/x/b.mp3",
    ]
    assert [source.name for source in find_sources("memory://calls/*.wav")] == ["memory:///calls/a.wav"]
    assert [source.name for source in find_sources("memory://calls/notes.txt")] == ["memory:///calls/notes.txt"]
    for nothing in ("memory://calls/missing.wav", "memory://calls/*.flac", "memory://nothing"):
        with pytest.raises(InvalidInputError, match="there is no audio at memory://"):
            list(find_sources(nothing))
    with pytest.raises(InvalidInputError, match="odd://x cannot be read: Protocol not known: odd"):
        list(find_sources("odd://x"))


def test_a_store_that_signs_nothing_is_streamed(store: Any, server: LocalServer, tmp_path: Path) -> None:
    """What is done is skipped; a file that changed there is done anew."""
    assert transcribe("memory://calls", tmp_path, server).done == 2
    from speechmatics import BatchClient

    with BatchClient(server.connection_settings) as client:
        contents = {client.get_job_audio(job["id"]) for job in client.list_jobs()}
    assert contents == {b"audio calls/a.wav", b"audio calls/x/b.mp3"}
    assert len(list(tmp_path.rglob("*.json"))) == 2
    assert transcribe("memory://calls", tmp_path, server).skipped == 2
    store.pipe("/calls/a.wav", b"another recording")
    again = transcribe("memory://calls", tmp_path, server)
    assert (again.skipped, again.done) == (1, 1)


def test_a_store_that_signs_has_the_service_fetch(server: LocalServer, tmp_path: Path) -> None:
    """From a signed URL, which is in no file of the run."""
    fsspec.register_implementation("signing", SigningStore, clobber=True)
    fsspec.filesystem("signing").pipe("/calls/a.wav", b"audio")
    assert transcribe("signing://calls/a.wav", tmp_path, server).done == 1
    [sent] = [request.config for request in server.requests if request.config]
    assert sent["fetch_data"] == {"url": "https://signed.example/calls/a.wav?signature=s3cret"}
    transcripts = list(tmp_path.rglob("*.wav.json"))
    assert len(transcripts) == 1
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or b"s3cret" not in file.read_bytes(), file


def test_a_store_that_fails_stops_no_other_file(server: LocalServer, tmp_path: Path) -> None:
    """Whatever its package raises."""

    def fail(store: Any, path: str, expiration: int | None = None, **options: Any) -> str:
        raise RuntimeError("the session is over")

    store = type("FailingStore", (SigningStore,), {"protocol": "failing", "sign": fail})
    fsspec.register_implementation("failing", store, clobber=True)
    fsspec.filesystem("failing").pipe("/calls/b.wav", b"audio")
    (tmp_path / "c.wav").write_bytes(b"audio")
    sources = ["failing://calls/b.wav", str(tmp_path / "c.wav")]
    summary = transcribe_files(sources, CONFIG, tmp_path / "out", settings=server.connection_settings, rate=1000)
    assert (summary.done, summary.failed) == (1, 1)
    assert "the session is over" in (tmp_path / "out" / "results.jsonl").read_text()
