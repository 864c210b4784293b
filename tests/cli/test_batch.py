"""Commands of the older package: what they send and print is what version 5.0.0.post1 sent and printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule

pytestmark = pytest.mark.slow  # starts processes


@pytest.fixture
def server() -> Generator[LocalServer]:
    rules = [ScriptedRule(name="bad.wav", reject="noisy"), ScriptedRule(text="Hello there world.")]
    with LocalServer(engine=ScriptedEngine(rules), token="the-key") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.wav", "b.wav", "bad.wav"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def batch(server: LocalServer, folder: Path, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "speechmatics", "batch", command]
    connection = ["--url", server.url, "--auth-token", "the-key"]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("SPEECHMATICS_")}
    return subprocess.run(
        [*line, *connection, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=folder,
        env=variables,
    )


def sent(server: LocalServer) -> dict[str, Any]:
    """The last configuration, but for the id of the submission."""
    last = [dict(request.config) for request in server.requests if request.config][-1]
    del last["tracking"]
    return last


def test_transcribe(server: LocalServer, folder: Path) -> None:
    """Each file with what is printed around its text."""
    done = batch(server, folder, "transcribe", "a.wav", "b.wav")
    ids = [line.split()[4] for line in done.stdout.splitlines() if line.startswith("Job submission")]
    assert done.stdout == "".join(
        f"Processing {name}\n==========\nJob submission successful. ID: {job_id} . Waiting for completion\n"
        f"Hello there world.\n\n==========\n{name} completed!\n==========\n"
        for name, job_id in zip(("a.wav", "b.wav"), ids, strict=True)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sent(server) == {"type": "transcription", "transcription_config": {"language": "en"}}
    assert "00:00:00,000 --> " in batch(server, folder, "transcribe", "a.wav", "--output-format", "srt").stdout


def test_errors(server: LocalServer, folder: Path) -> None:
    """Exit code 1, the kind of error and its reason."""
    rejected = batch(server, folder, "transcribe", "bad.wav")
    assert rejected.returncode == 1
    assert rejected.stderr.startswith("TranscriptionError: ")
    assert "noisy" in rejected.stderr
    missing = batch(server, folder, "transcribe", "missing.wav")
    assert missing.returncode == 1
    assert missing.stdout == "Processing missing.wav\n==========\n"
    assert "missing.wav" in missing.stderr
    for command in ("job-status", "get-results", "delete"):
        unknown = batch(server, folder, command, "--job-id", "nothing")
        assert (unknown.returncode, unknown.stdout) == (1, "")
        assert unknown.stderr.startswith("JobNotFoundException: ")
    assert batch(server, folder, "submit", "a.wav", "--operating-point", "best").returncode == 2
    (folder / "vocab.json").write_bytes(b"\xff")
    for wrong, reason in [
        (["--additional-vocab-file", "vocab.json"], "vocab.json is no text in UTF-8"),
        (["--replacement-words", "nothing"], "--replacement-words takes from:to, not 'nothing'"),
    ]:
        done = batch(server, folder, "submit", "a.wav", *wrong)
        assert (done.returncode, done.stderr) == (1, f"InvalidInputError: {reason}\n")


def test_jobs(server: LocalServer, folder: Path) -> None:
    """What is known of them as Python writes it; their transcripts; their end."""
    submitted = batch(server, folder, "submit", "a.wav")
    job_id = submitted.stdout.split()[-1]
    assert submitted.stdout == f"Submitted a.wav successfully, job ID: {job_id}\n"
    assert batch(server, folder, "get-results", "--job-id", job_id).stdout == "Hello there world.\n\n"
    as_json = batch(server, folder, "get-results", "--job-id", job_id, "--output-format", "json-v2").stdout
    assert json.loads(as_json)["job"]["id"] == job_id
    assert batch(server, folder, "list-jobs").stdout.startswith(f"[{{'id': '{job_id}', 'created_at': '")
    assert batch(server, folder, "job-status", "--job-id", job_id).stdout.startswith(f"{{'job': {{'id': '{job_id}'")
    assert batch(server, folder, "delete", "--job-id", job_id, "--force").stdout == f"Job {job_id} deleted\n"


def test_options_become_the_configuration(server: LocalServer, folder: Path) -> None:
    """All of them; a file first, and options over it."""
    given = [
        "--lang",
        "de",
        "--operating-point",
        "enhanced",
        "--diarization",
        "speaker",
        "--speaker-diarization-sensitivity",
        "0.7",
        "--speaker-diarization-prefer-current-speaker",
        "--additional-vocab",
        "gnocchi:nokey,nochi",
        "Speech",
        "--replacement-words",
        "a:b",
        "/x/:y",
        "--enable-entities",
        "--volume-threshold",
        "3.4",
        "--remove-disfluencies",
        "--domain",
        "finance",
        "--output-locale",
        "en-GB",
        "--translation-langs",
        "de,fr",
        "--langid-langs",
        "en,de",
        "--summarize",
        "--summary-type",
        "bullets",
        "--summary-length",
        "brief",
        "--summary-content-type",
        "auto",
        "--sentiment-analysis",
        "--detect-topics",
        "--topics",
        "a,b",
        "--detect-chapters",
        "--audio-events",
        "--event-types",
        "laughter,music",
    ]
    done = batch(server, folder, "submit", "a.wav", *given, "--punctuation-permitted-marks", ". ,")
    assert done.returncode == 0, done.stderr
    assert sent(server) == {
        "type": "transcription",
        "transcription_config": {
            "language": "de",
            "operating_point": "enhanced",
            "output_locale": "en-GB",
            "diarization": "speaker",
            "additional_vocab": [{"content": "gnocchi", "sounds_like": ["nokey", "nochi"]}, {"content": "Speech"}],
            "punctuation_overrides": {"permitted_marks": [".", ","]},
            "domain": "finance",
            "enable_entities": True,
            "audio_filtering_config": {"volume_threshold": 3.4},
            "transcript_filtering_config": {
                "remove_disfluencies": True,
                "replacements": [{"from": "a", "to": "b"}, {"from": "/x/", "to": "y"}],
            },
            "speaker_diarization_config": {"speaker_sensitivity": 0.7, "prefer_current_speaker": True},
        },
        "translation_config": {"target_languages": ["de", "fr"]},
        "language_identification_config": {"expected_languages": ["en", "de"]},
        "summarization_config": {"content_type": "auto", "summary_length": "brief", "summary_type": "bullets"},
        "sentiment_analysis_config": {},
        "topic_detection_config": {"topics": ["a", "b"]},
        "auto_chapters_config": {},
        "audio_events_config": {"types": ["laughter", "music"]},
    }
    (folder / "vocab.json").write_text('["one", {"content": "two", "sounds_like": ["too"]}]')
    (folder / "words.json").write_text('[{"from": "a", "to": "b"}]')
    (folder / "config.json").write_text('{"transcription_config": {"language": "fr", "domain": "finance"}}')
    files = ["--additional-vocab-file", "vocab.json", "--replacement-words-file", "words.json"]
    batch(server, folder, "submit", "a.wav", "--config-file", "config.json", "--language", "es", *files)
    asked = sent(server)["transcription_config"]
    assert (asked["language"], asked["domain"]) == ("es", "finance")
    assert asked["additional_vocab"] == [{"content": "one"}, {"content": "two", "sounds_like": ["too"]}]
    assert asked["transcript_filtering_config"]["replacements"] == [{"from": "a", "to": "b"}]
    (folder / "config.json").write_text(
        json.dumps(
            {
                "transcription_config": {
                    "language": "fr",
                    "diarization": "speaker",
                    "speaker_diarization_config": {"speaker_sensitivity": 0.3},
                    "additional_vocab": ["one"],
                    "transcript_filtering_config": {"replacements": [{"from": "a", "to": "b"}]},
                },
                "summarization_config": {"content_type": "informative"},
            }
        )
    )
    changes = ["--additional-vocab", "two", "--replacement-words", "c:d", "--remove-disfluencies", "--summarize"]
    more = ["--speaker-diarization-prefer-current-speaker", "--summary-type", "bullets"]
    batch(server, folder, "submit", "a.wav", "--config-file", "config.json", *changes, *more)
    asked = sent(server)
    assert asked["summarization_config"] == {"content_type": "informative", "summary_type": "bullets"}
    asked = asked["transcription_config"]
    assert asked["additional_vocab"] == [{"content": "one"}, {"content": "two"}]
    assert asked["transcript_filtering_config"] == {
        "remove_disfluencies": True,
        "replacements": [{"from": "a", "to": "b"}, {"from": "c", "to": "d"}],
    }
    assert asked["speaker_diarization_config"] == {"speaker_sensitivity": 0.3, "prefer_current_speaker": True}
    batch(server, folder, "submit", "a.wav", "--multichannel", "x,y")
    assert sent(server)["transcription_config"]["channel_diarization_labels"] == ["x", "y"]


def test_help(server: LocalServer, folder: Path) -> None:
    """Of the command, and of all."""
    assert "--additional-vocab-file" in batch(server, folder, "transcribe", "--help").stdout
    line = [sys.executable, "-m", "speechmatics", "batch", "--help"]
    assert "get-results" in subprocess.run(line, capture_output=True, text=True, check=True).stdout
