"""What is made of the words of the model, without the model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmatics import Transcript
from speechmatics.local.words import to_results


@dataclass(frozen=True)
class Heard:
    """A word of the model."""

    word: str
    start: float = 0
    end: float = 0
    probability: float = 0.5


def test_marks_become_items_of_their_own() -> None:
    """Those before a word attach to the next item, those after it to the previous one."""
    heard = [Heard(' "Well,', 0.1, 0.5, 0.75), Heard(" it's", 0.5, 0.7), Heard(' done!"', 0.7, 1)]
    results = list(to_results(heard, 2))
    assert [
        (result["alternatives"][0]["content"], result.get("attaches_to"), result.get("is_eos")) for result in results
    ] == [
        ('"', "next", False),
        ("Well", None, None),
        (",", "previous", False),
        ("it's", None, None),
        ("done", None, None),
        ("!", "previous", True),
        ('"', "previous", False),
    ]
    assert results[1] == {
        "type": "word",
        "start_time": 0.1,
        "end_time": 0.5,
        "alternatives": [{"content": "Well", "confidence": 0.75, "language": "en"}],
    }


def contents_of(*pieces: str) -> list[str]:
    """What is made of pieces that follow each other, 0.2 s each."""
    heard = [Heard(piece, number / 5, (number + 1) / 5) for number, piece in enumerate(pieces)]
    return [result["alternatives"][0]["content"] for result in to_results(heard, 60)]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([" 3", ".5", "%", " of"], ["3.5%", "of"]),
        ([" $1", ",000", "."], ["$1,000", "."]),
        ([" 5", "-year", "-old"], ["5-year-old"]),
        ([" 10", " o", "'clock", "?"], ["10", "o'clock", "?"]),
        ([" 50", "%,"], ["50%", ","]),
        ([" well", "...", " yes"], ["well", "...", "yes"]),
        ([" well", " ..."], ["well", "..."]),
        ([" trees.", " ."], ["trees", "."]),
        ([" trees.", " -", " So"], ["trees", ".", "So"]),
        ([" .", " So"], ["So"]),
        (["", " ", " So"], ["So"]),
    ],
)
def test_pieces_are_the_words_that_were_said(pieces: list[str], expected: list[str]) -> None:
    """A piece without a space before it continues a word; nothing without a letter or digit follows a mark."""
    assert contents_of(*pieces) == expected


def test_three_dots_are_one_mark_that_ends_a_sentence() -> None:
    """It attaches to the word before it."""
    *_, dots = to_results([Heard(" well...", 0, 0.5)], 1)
    assert (dots["type"], dots["attaches_to"], dots["is_eos"]) == ("punctuation", "previous", True)


def test_a_piece_after_a_pause_is_a_word_of_its_own() -> None:
    """Though the model wrote it in one."""
    results = list(to_results([Heard(" twenty", 0, 0.5), Heard("-one", 4, 4.5)], 5))
    assert [(result["start_time"], result["end_time"]) for result in results] == [(0, 0.5), (4, 4.5)]


def test_no_word_spans_a_pause_of_seconds() -> None:
    """What is too long begins late: the model counts a pause to the word after it."""
    results = list(to_results([Heard(" So", 0, 8), Heard(" it", 8, 15), Heard(" is", 15, 15.2)], 20))
    assert [(result["start_time"], result["end_time"]) for result in results] == [(6.5, 8), (13.5, 15), (15, 15.2)]


def test_every_word_has_a_length() -> None:
    """At the end of the audio too, where the model puts several words at one moment."""
    results = list(to_results([Heard(" a", 1, 1), Heard(" b", 2, 2), Heard(" c", 2, 2)], 2))
    assert [(result["start_time"], result["end_time"]) for result in results] == [(1, 1.01), (1.98, 1.99), (1.99, 2)]


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


TEXTS = st.text(alphabet="ab'\"(.,!? ", max_size=6)
NUMBERS = st.floats(allow_nan=False, min_value=-2, max_value=20)
WORDS = st.builds(Heard, TEXTS, NUMBERS, NUMBERS, st.floats(min_value=-1, max_value=2) | st.just(math.nan))


@given(st.lists(WORDS, max_size=8), st.floats(min_value=0, max_value=10))
def test_results_are_in_order_whatever_the_model_says(heard: list[Heard], duration: float) -> None:
    """No letter or digit is lost; times run forwards within the audio; confidences are from 0 to 1."""
    results = list(to_results(heard, duration))
    contents = "".join(result["alternatives"][0]["content"] for result in results)
    assert _letters(contents) == _letters("".join(word.word for word in heard))
    times = [moment for result in results for moment in (result["start_time"], result["end_time"])]
    assert times == sorted(times)
    words = [result for result in results if result["type"] == "word"]
    assert duration < 1 or all(word["start_time"] < word["end_time"] for word in words)
    assert all(0 <= moment <= round(duration, 3) for moment in times)
    assert all(0 <= result["alternatives"][0]["confidence"] <= 1 for result in results)
    transcript = {"format": "2.9", "job": {"id": "j"}, "metadata": {"type": "transcription"}, "results": results}
    assert len(Transcript.model_validate(transcript).results) == len(results)
