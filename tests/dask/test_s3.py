"""A cluster of processes from S3 to S3: the workers' environment has the keys, and no task has one."""

from __future__ import annotations

import pickle
from importlib import import_module
from typing import Any

import pyarrow as pa
import pytest

from speechmatics import BatchClient
from speechmatics.dask import ClusterLimits, TranscribedFile, transcribe, validate, words
from speechmatics.dask.storage import exists, find_files, read_file, write_file
from speechmatics.exceptions import InvalidInputError
from speechmatics.frames import SCHEMAS
from speechmatics.local import LocalServer
from tests.dask.conftest import TOKEN
from tests.servers.object_store import KEY_ID, SECRET, ObjectStore

pytestmark = [
    pytest.mark.slow,
    # As in test_cluster; and dask 2026.8 uses what pandas 3.1 warns of.
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::ResourceWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:The inplace keyword"),
]

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
LIMITS = ClusterLimits(jobs=8, submissions_per_second=50)
NAMES = ["a b.wav", "a%20b.wav", "ü+.wav"]


def read_tables(files: dict[str, bytes]) -> list[pa.Table]:
    read: Any = import_module("pyarrow.parquet").read_table
    return [read(pa.BufferReader(data)) for data in files.values()]


def test_from_a_bucket_to_a_bucket(object_store: ObjectStore, server: LocalServer, cluster: Any) -> None:
    """Transcripts, then words and problems as Parquet; a changed object is a new job, and new ones are seen."""
    for name in NAMES:
        object_store.put(f"audio/{name}", name.encode())
    bag: Any = transcribe("s3://calls/audio/*.wav", CONFIG, output="s3://calls/transcripts", limits=LIMITS)
    results: list[TranscribedFile] = bag.compute()
    assert [(result.url, result.error) for result in results] == [(f"s3://calls/audio/{name}", None) for name in NAMES]
    assert [result.load().to_text() for result in results] == ["Hello world.\n"] * 3
    saved = object_store.contents("transcripts/")
    assert {*saved} == {f"transcripts/{each.submission_id}{end}" for each in results for end in (".json", ".started")}

    table: Any = words("s3://calls/transcripts/*.json", files_per_part=2)
    table.to_parquet("s3://calls/tables/words", write_index=False)
    parts = read_tables(object_store.contents("tables/words/"))
    assert sum(part.num_rows for part in parts) == 6
    assert parts[0].schema.remove_metadata().equals(SCHEMAS["words"])
    object_store.put("transcripts/broken.json", b"{")
    problems: Any = validate("s3://calls/transcripts/*.json")
    problems.to_parquet("s3://calls/tables/problems", write_index=False)
    [found] = read_tables(object_store.contents("tables/problems/"))
    assert "s3://calls/transcripts/broken.json" in found["source"].to_pylist()
    object_store.backend.delete_object("calls", "transcripts/broken.json")

    object_store.put("audio/a b.wav", b"A b.wav")
    object_store.put("audio/new.wav", b"new")
    again: Any = transcribe("s3://calls/audio/*.wav", CONFIG, output="s3://calls/transcripts", limits=LIMITS)
    assert [result.error for result in again.compute()] == [None] * 4
    with BatchClient(server.connection_settings) as client:
        assert len([*client.iter_jobs()]) == 5
    everything: Any = words("s3://calls/transcripts/*.json")
    assert len(everything.compute()) == 10

    graphs = [pickle.dumps(dict(each.__dask_graph__())) for each in (bag, table, problems)]
    shown = [str(cluster.get_worker_logs()), str(cluster.get_scheduler_logs()), str(cluster.scheduler_info())]
    for secret in (SECRET, KEY_ID, TOKEN):
        assert not any(secret.encode() in graph for graph in graphs)
        assert not any(secret in text for text in shown)

    urls = ["s3://calls/audio/new.wav", "s3://nowhere/b.wav"]
    nowhere: Any = transcribe(urls, CONFIG, output="s3://nowhere/out", limits=LIMITS)
    first, second = nowhere.compute()
    assert first.error.endswith("started: there is no such bucket")
    assert second.error == "FileNotFoundError: s3://nowhere/b.wav: there is no such bucket"
    with BatchClient(server.connection_settings) as client:
        assert len([*client.iter_jobs()]) == 5


def test_a_file_is_written_by_one_request(object_store: ObjectStore) -> None:
    """So that a worker that dies leaves no part of one behind; also where it is empty."""
    for url, data in {"s3://calls/a b%.json": b"{}", "s3://calls/a.started": b""}.items():
        assert not exists(url)
        write_file(url, data)
        assert exists(url)
        assert read_file(url) == data
    assert [method for method, _ in object_store.requests if method in ("PUT", "POST")] == ["PUT", "PUT"]


def test_what_a_store_refuses_is_said(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a graph is made where there is a pattern, and by the results otherwise."""
    with pytest.raises(InvalidInputError, match=r"cannot read s3://nowhere/\*\.wav: there is no such bucket"):
        transcribe("s3://nowhere/*.wav", CONFIG)
    assert [*find_files("s3://calls/*.wav")] == []
    object_store.require_known_keys()
    with pytest.raises(InvalidInputError, match=r"cannot read s3://calls/\*\.json: the store refuses access.*AWS_"):
        words("s3://calls/*.json")
    with pytest.raises(OSError, match=r"s3://calls/a\.json: the store refuses access.*AWS_ACCESS_KEY_ID"):
        read_file("s3://calls/a.json")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    object_store.forget_connections()
    with pytest.raises(InvalidInputError, match=r"s3://calls/\*\.json: there are no credentials.*set AWS_"):
        validate("s3://calls/*.json")
