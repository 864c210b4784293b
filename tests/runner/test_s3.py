"""Audio in S3, over HTTP: found, told apart, fetched or streamed; nothing that is secret is kept anywhere."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from speechmatics import BatchClient
from speechmatics.exceptions import InvalidInputError
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from speechmatics.runner import RunSummary, TranscriptionRun, transcribe_files
from speechmatics.runner.sources import find_sources
from tests.conftest import ScriptedEngine as ReadingEngine
from tests.servers.object_store import KEY_ID, SECRET, ObjectStore

pytestmark = pytest.mark.slow  # waits for jobs

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
NAMES = ["a b.wav", "a+b.wav", "a%20b.wav", "100%25.wav", "ü/é.wav", "m[1].wav", "q?x.wav", "h#x.wav"]
ODD_NAMES = [f"odd/{name}" for name in NAMES]


@pytest.fixture
def server() -> Generator[LocalServer]:
    """A server that may fetch from this machine."""
    rules = [ScriptedRule(name="bad.wav", reject="too noisy"), ScriptedRule(text="Good morning.")]
    with LocalServer(engine=ScriptedEngine(rules), allow_private_addresses=True) as running:
        yield running


@pytest.fixture
def careful_server() -> Generator[LocalServer]:
    """A server that fetches from public addresses only."""
    with LocalServer(engine=ScriptedEngine([ScriptedRule(text="Good morning.")])) as running:
        yield running


def transcribe(source: object, folder: str | Path, server: LocalServer, **options: Any) -> RunSummary:
    given: Any = source
    return transcribe_files(given, CONFIG, folder, settings=server.connection_settings, rate=1000, **options)


def found(*given: str | Path) -> list[str]:
    return [source.name for source in find_sources(given)]


def audio_of_jobs(server: LocalServer) -> set[bytes]:
    with BatchClient(server.connection_settings) as client:
        return {client.get_job_audio(job["id"]) for job in client.iter_jobs()}


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def test_folders_patterns_and_objects_are_found(object_store: ObjectStore) -> None:
    """As on a disk; the marks of folders are none, and an object whose name looks like a pattern is that object."""
    for key in ("day/", "day/b.wav", "day/x/a.MP3", "day/notes.txt", "day/m[1].wav", "daybreak.wav"):
        object_store.put(key, b"audio")
    assert found("s3://calls/day") == found("s3://calls/day/")
    assert found("s3://calls/day") == ["s3://calls/day/b.wav", "s3://calls/day/m[1].wav", "s3://calls/day/x/a.MP3"]
    assert found("s3://calls") == [*found("s3://calls/day"), "s3://calls/daybreak.wav"]
    assert found("s3://calls/day*.wav", "s3://calls/day/m[1].wav") == [
        "s3://calls/daybreak.wav",
        "s3://calls/day/m[1].wav",
    ]
    assert found("s3://calls/**/*.txt") == ["s3://calls/day/notes.txt"]


def test_two_thousand_objects_are_listed_and_not_asked_for_one_by_one(object_store: ObjectStore) -> None:
    """Size and ETag come with the listing, a thousand a request."""
    for number in range(2000):
        object_store.put(f"many/{number:05}.wav", b"%d" % number)
    sources = [*find_sources("s3://calls/many")]
    assert len(sources) == 2000
    assert len({source.stored.identity for source in sources if source.stored}) == 2000
    assert len(object_store.requests) <= 5


def test_each_odd_name_is_a_file_of_its_own(
    object_store: ObjectStore, careful_server: LocalServer, tmp_path: Path
) -> None:
    """Uploaded under its own bytes; what is done is skipped, and what changed in the store is done anew."""
    for key in ODD_NAMES:
        object_store.put(key, key.encode())
    assert transcribe("s3://calls/odd", tmp_path, careful_server).done == len(ODD_NAMES)
    assert audio_of_jobs(careful_server) == {key.encode() for key in ODD_NAMES}
    assert {line["source"] for line in lines(tmp_path)} == {f"s3://calls/{key}" for key in ODD_NAMES}
    assert len([*tmp_path.rglob("*.wav.json")]) == len(ODD_NAMES)
    assert (tmp_path / "calls/odd/a%20b.wav.json").exists()
    before = len(careful_server.requests)
    assert transcribe("s3://calls/odd", tmp_path, careful_server).skipped == len(ODD_NAMES)
    assert transcribe("s3://calls/odd/a b.wav", tmp_path, careful_server).skipped == 1
    assert len(careful_server.requests) == before
    object_store.put("odd/a b.wav", b"ODD/a b.wav")  # of the same size
    again = transcribe("s3://calls/odd", tmp_path, careful_server)
    assert (again.skipped, again.done) == (len(ODD_NAMES) - 1, 1)
    assert b"ODD/a b.wav" in audio_of_jobs(careful_server)


def test_a_large_object_is_streamed_in_parts(
    object_store: ObjectStore, careful_server: LocalServer, tmp_path: Path
) -> None:
    """And never all of it in memory."""
    content = bytes(range(256)) * 50_000
    object_store.put("large.wav", content)
    assert transcribe("s3://calls/large.wav", tmp_path, careful_server).done == 1
    assert audio_of_jobs(careful_server) == {content}
    reads = [target for method, target in object_store.requests if method == "GET" and "large" in target]
    assert 3 <= len(reads) <= 5


def test_the_service_fetches_where_it_may(
    object_store: ObjectStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """From signed URLs, of which nothing is kept here; by itself it is asked so for public hosts only."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, "speechmatics")
    for key in ODD_NAMES:
        object_store.put(key, key.encode())
    engine = ReadingEngine()
    with LocalServer(engine=engine, allow_private_addresses=True) as server:
        assert transcribe("s3://calls/odd", tmp_path, server, fetch_stored=True).done == len(ODD_NAMES)
        assert {*engine.received} == {key.encode() for key in ODD_NAMES}
        urls = [request.config["fetch_data"]["url"] for request in server.requests if request.config]
        assert transcribe("s3://calls/odd", tmp_path / "streamed", server).done == len(ODD_NAMES)
        sent = [request.config for request in server.requests if request.config]
        assert sum("fetch_data" in config for config in sent) == len(ODD_NAMES)
    assert len(urls) == len(ODD_NAMES)
    assert all(url.startswith(object_store.url) and "Signature=" in url for url in urls)
    signatures = [url.partition("Signature=")[2].partition("&")[0] for url in urls]
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()).decode("utf-8", "replace")
    for secret in (SECRET, KEY_ID, *signatures):
        assert secret not in kept
        assert secret not in caplog.text
        assert not any(secret in key for key in object_store.contents())


def test_a_url_that_cannot_be_fetched_is_named_without_its_signature(object_store: ObjectStore, tmp_path: Path) -> None:
    """Whatever the service says of it."""
    object_store.put("a.wav", b"audio")
    with LocalServer(engine=ReadingEngine()) as careful:  # which fetches from no private address
        assert transcribe("s3://calls/a.wav", tmp_path / "careful", careful, fetch_stored=True).rejected == 1
    [line] = lines(tmp_path / "careful")
    assert "failed to fetch file" in line["error"]
    rules = [ScriptedRule(reject="failed to fetch file: 403 https://s3.example/calls/a.wav?Signature=SiGn&Expires=1")]
    with LocalServer(engine=ScriptedEngine(rules)) as telling:
        assert transcribe("s3://calls/a.wav", tmp_path, telling).rejected == 1
    [line] = lines(tmp_path)
    assert line["error"] == "failed to fetch file: 403 https://s3.example/calls/a.wav?..."
    assert not any(b"SiGn" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_a_manifest_may_be_in_the_bucket(object_store: ObjectStore, server: LocalServer, tmp_path: Path) -> None:
    """Its audio is beside it, or anywhere; a line is one file."""
    for key in ("day/a b.wav", "day/x/b.wav", "c.wav"):
        object_store.put(key, key.encode())
    config = {"transcription_config": {"language": "de"}}
    manifest = [{"audio": "a b.wav", "config": config}, {"audio": "x/b.wav", "reference": "Yes."}]
    manifest.append({"audio": "s3://calls/c.wav"})
    object_store.put("day/all.jsonl", "\n".join(map(json.dumps, manifest)).encode("utf-8-sig"))
    first, second, third = find_sources("s3://calls/day/all.jsonl")
    assert [first.output, second.output, third.output] == ["calls/day/a b.wav", "calls/day/x/b.wav", "calls/c.wav"]
    assert (first.overrides, second.reference) == (config, "Yes.")
    assert transcribe("s3://calls/day/all.jsonl", tmp_path, server).done == 3

    local = tmp_path / "all.jsonl"
    for audio, problem in {
        "s3://calls/day": r"line 1 of .*'s3://calls/day' is several files, and a line is one",
        "s3://calls/day/all.jsonl": "is another manifest",
        "s3://calls/none.wav": "line 1 of .*there is no audio at s3://calls/none.wav",
    }.items():
        local.write_text(json.dumps({"audio": audio}))
        with pytest.raises(InvalidInputError, match=problem):
            found(local)
    object_store.put("odd.jsonl", b"\xff\xfe")
    with pytest.raises(InvalidInputError, match=r"'s3://calls/odd\.jsonl' is not text in UTF-8"):
        found("s3://calls/odd.jsonl")


def test_what_the_store_refuses_is_said_before_anything_is_sent(
    object_store: ObjectStore, server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to do about it."""
    object_store.put("a.wav", b"audio")
    for url in (
        "s3://nowhere/a.wav",
        "s3://nowhere",
        "s3://nowhere/day/",
        "s3://nowhere/*.wav",
        "s3://nowhere/a.jsonl",
    ):
        with pytest.raises(InvalidInputError, match=r"s3://nowhere.*there is no such bucket"):
            found(url)
    with pytest.raises(InvalidInputError, match=r"there is no audio at s3://calls/\*\.mp3"):
        found("s3://calls/*.mp3")
    with pytest.raises(InvalidInputError, match="has a password in it") as refused:
        found("s3://KEY:s3cret@calls/a.wav")
    assert "s3cret" not in str(refused.value)
    with pytest.raises(InvalidInputError, match="is a URL that became a path; give it as a str"):
        found(Path("s3://calls/a.wav"))

    with monkeypatch.context() as without, pytest.raises(InvalidInputError, match="s3:// needs fsspec: pip install"):
        without.setitem(sys.modules, "fsspec", None)
        found("s3://calls/a.wav")

    object_store.require_known_keys()
    with pytest.raises(InvalidInputError, match=r"the store refuses access.*AWS_ACCESS_KEY_ID") as refused:
        transcribe("s3://calls/a.wav", tmp_path, server)
    assert SECRET not in str(refused.value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    object_store.forget_connections()
    with pytest.raises(InvalidInputError, match=r"there are no credentials.*set AWS_ACCESS_KEY_ID"):
        transcribe("s3://calls/a.wav", tmp_path, server)
    assert not server.requests


def test_a_store_that_is_asked_too_often_is_asked_again(
    object_store: ObjectStore, server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few refusals (503) are waited out; of more, the error says so, and nothing was sent."""
    object_store.put("a.wav", b"audio")
    object_store.refusals = 1
    assert transcribe("s3://calls/a.wav", tmp_path, server).done == 1
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    object_store.forget_connections()
    object_store.refusals = 100
    for url in ("s3://calls/a.wav", "s3://calls"):
        with pytest.raises(InvalidInputError, match=rf"cannot read {url}: the store is asked too often.*later"):
            TranscriptionRun(url, CONFIG, tmp_path / "2", settings=server.connection_settings).plan()
