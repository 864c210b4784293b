"""Error rates, by hand and in general."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmatics.evaluation import evaluate, evaluate_all, normalize
from speechmatics.exceptions import InvalidInputError
from speechmatics.testing import transcripts

TEXTS = st.text(alphabet="ab c'.", min_size=1).filter(normalize)


def test_counts_and_rates() -> None:
    """As one counts them by hand."""
    found = evaluate("the cat sat on on mat", "The cat sat on the mat today.")
    assert (found.words, found.hits, found.substitutions, found.deletions, found.insertions) == (7, 5, 1, 1, 0)
    assert found.wer == pytest.approx(2 / 7)
    assert 0 < found.cer < 1
    assert "today" in found.alignment
    assert evaluate("more words than were said", "more").wer == 4


def test_case_and_punctuation_do_not_count() -> None:
    """Apostrophes within words do."""
    assert evaluate("HELLO, world", "hello world!").wer == 0
    assert evaluate("its here", "it\u2019s here").wer == 0.5
    assert normalize("Grüße — naïve_x ①") == "grüße naïve x 1"


def test_many_are_added_up_by_words() -> None:
    """Not by files."""
    total = evaluate_all([("a b c d e f g h i", "a b c d e f g h i"), ("x", "y")])
    assert (total.words, total.wer) == (10, 0.1)


def test_a_reference_without_a_word_is_refused() -> None:
    """As is nothing at all."""
    for nothing in ("", " - "):
        with pytest.raises(InvalidInputError, match="the reference has no word"):
            evaluate("x", nothing)
    with pytest.raises(InvalidInputError, match="nothing to compare"):
        evaluate_all([])


@given(said=TEXTS, heard=TEXTS)
def test_errors_add_up(said: str, heard: str) -> None:
    """A text is like itself; each word that was said is one of three things."""
    assert evaluate(said, said).wer == evaluate(said, said).cer == 0
    found = evaluate(heard, said)
    assert found.hits + found.substitutions + found.deletions == found.words == len(normalize(said).split())
    assert found.hits + found.substitutions + found.insertions == len(normalize(heard).split())


@given(transcript=transcripts())
def test_a_transcript_is_compared_by_its_text(transcript: object) -> None:
    """Whatever it holds."""
    from speechmatics import Transcript

    assert isinstance(transcript, Transcript)
    text = transcript.to_text()
    if normalize(text):
        assert evaluate(transcript, text).wer == 0


@pytest.mark.slow  # starts processes
def test_the_command(tmp_path: Path) -> None:
    """One file with its alignment, and a run by its manifest."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "speechmatics", "evaluate", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    (tmp_path / "heard.txt").write_text("good mourning")
    (tmp_path / "said.txt").write_text("Good morning.")
    done = run(tmp_path / "heard.txt", tmp_path / "said.txt", "--alignment")
    assert done.returncode == 0
    assert "WER 0.5000" in done.stdout
    assert "mourning" in done.stdout
    assert "normalization: NFKC" in done.stdout
    for name in ("a", "b"):
        (tmp_path / f"{name}.wav").write_bytes(b"audio")
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / f"{name}.wav.txt").write_text("good morning")
    lines = [{"audio": "a.wav", "reference": "good morning"}, {"audio": "b.wav", "reference": "good evening"}]
    (tmp_path / "all.jsonl").write_text("\n".join(map(json.dumps, lines)))
    rows = [json.loads(line) for line in run(tmp_path / "out", tmp_path / "all.jsonl", "--json").stdout.splitlines()]
    assert [row["wer"] for row in rows] == [0, 0.5, 0.25]
    (tmp_path / "out" / "b.wav.txt").unlink()
    missing = run(tmp_path / "out", tmp_path / "all.jsonl")
    assert missing.returncode == 2
    assert "b.wav has no .json or .txt" in missing.stderr
