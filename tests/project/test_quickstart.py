"""The quickstart, as a newcomer runs it: no key, no environment, no network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from speechmatics import Transcript
from tests.conftest import AUDIO

pytestmark = pytest.mark.slow  # starts the engine

EXAMPLE = Path(__file__).parents[2] / "examples" / "transcribe_file.py"

GUARD = """
import socket
_connect = socket.socket.connect
def connect(self, address):
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1"):
        raise SystemExit(f"the network was used: {address}")
    return _connect(self, address)
socket.socket.connect = connect
def getaddrinfo(host, *rest, _original=socket.getaddrinfo, **options):
    if host not in ("127.0.0.1", "::1", "localhost", None):
        raise SystemExit(f"a name was looked up: {host}")
    return _original(host, *rest, **options)
socket.getaddrinfo = getaddrinfo
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the example in an empty folder with nothing in the environment but a guard against the network."""
    (folder / "sitecustomize.py").write_text(GUARD)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, str(EXAMPLE), *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
        timeout=120,
    )


def word_error_rate(reference: str, heard: str) -> float:
    """Insertions, deletions and substitutions, by the number of words of the reference."""
    left, right = (re.findall(r"[a-z']+", text.lower()) for text in (reference, heard))
    row = list(range(len(right) + 1))
    for number, word in enumerate(left, 1):
        diagonal, row[0] = row[0], number
        for position, other in enumerate(right, 1):
            diagonal, row[position] = (
                row[position],
                min(row[position] + 1, row[position - 1] + 1, diagonal + (word != other)),
            )
    return row[-1] / len(left)


def test_word_error_rate() -> None:
    """The measure counts each kind of error."""
    assert word_error_rate("a b c d", "A, b. c d!") == 0
    assert word_error_rate("a b c d", "a x c") == 0.5
    assert word_error_rate("a b", "a b c d") == 1


@pytest.mark.parametrize("name", ["quickstart", "voicemail"])
def test_a_real_recording_becomes_its_text(tmp_path: Path, name: str) -> None:
    """At most one word in ten is wrong, and the saved transcript is the printed one."""
    done = run(tmp_path, str(AUDIO / f"{name}.wav"))
    assert done.returncode == 0, done.stderr
    reference = (AUDIO / f"{name}.txt").read_text()
    assert word_error_rate(reference, done.stdout) <= 0.1
    transcript = Transcript.from_file(tmp_path / f"{name}.json")
    assert transcript.to_text() == done.stdout
    words = list(transcript.words())
    assert all(word.alternatives and 0 <= (word.alternatives[0].confidence or -1) <= 1 for word in words)
    times = [moment for word in words for moment in (word.start_time, word.end_time) if moment is not None]
    assert len(times) == 2 * len(words)
    assert times == sorted(times)
    marks = [result for result in transcript.results if result.type == "punctuation"]
    assert any(mark.is_eos for mark in marks)
    assert all(mark.attaches_to == "previous" for mark in marks)


def test_the_error_paths_of_the_example(tmp_path: Path) -> None:
    """A missing file and audio that is none end with a message and exit code 1."""
    done = run(tmp_path, "missing.wav")
    assert (done.returncode, "no audio file at missing.wav" in done.stderr) == (1, True)
    (tmp_path / "noise.wav").write_bytes(b"this is not audio")
    done = run(tmp_path, "noise.wav")
    assert done.returncode == 1
    assert "rejected: the audio cannot be decoded" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "noise.json").exists()


def test_the_saved_transcript_is_json_v2(tmp_path: Path) -> None:
    """Its parts are those that the API documents."""
    assert run(tmp_path).returncode == 0
    saved = json.loads((tmp_path / "quickstart.json").read_text())
    assert saved["metadata"]["language_pack_info"]["word_delimiter"] == " "
    assert saved["job"]["duration"] == 15
