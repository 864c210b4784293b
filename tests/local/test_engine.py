"""The real speech engine: what it makes of a recording, of noise, and of the model's words."""

from __future__ import annotations

import math
import wave
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmatics import JobConfig, Transcript
from speechmatics.local import UnreadableAudio
from speechmatics.local.engine import WhisperEngine, to_results
from tests.conftest import AUDIO

pytestmark = pytest.mark.slow  # starts the engine

CONFIG = JobConfig.model_validate({"transcription_config": {"language": "en"}})


@dataclass(frozen=True)
class Heard:
    """A word of the model."""

    word: str
    start: float = 0
    end: float = 0
    probability: float = 0.5


@pytest.fixture(scope="module")
def whisper() -> WhisperEngine:
    """One engine, so that the model is loaded once."""
    return WhisperEngine()


def write_wav(path: Path, samples: bytes) -> Path:
    """A recording of one channel, 16 000 samples a second."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples)
    return path


def test_speech_becomes_words(whisper: WhisperEngine) -> None:
    """Of the recording's own length, in order, with marks of their own; the vocabulary is taken."""
    config = JobConfig.model_validate(
        {"transcription_config": {"language": "en", "additional_vocab": [{"content": "fountain"}]}}
    )
    heard = whisper.transcribe(AUDIO / "voicemail.wav", config)
    with wave.open(str(AUDIO / "voicemail.wav")) as file:
        assert heard.duration == pytest.approx(file.getnframes() / file.getframerate(), abs=0.01)
    words = [result["alternatives"][0]["content"] for result in heard.results if result["type"] == "word"]
    assert "fountain" in words
    assert heard.results[-1]["type"] == "punctuation"


def test_silence_has_no_words(whisper: WhisperEngine, tmp_path: Path) -> None:
    """And is no error."""
    heard = whisper.transcribe(write_wav(tmp_path / "silence.wav", bytes(2 * 16_000)), CONFIG)
    assert (heard.duration, heard.results) == (1, [])


def test_what_is_not_audio_is_unreadable(whisper: WhisperEngine, tmp_path: Path) -> None:
    """Bytes that no decoder knows, and a recording of nothing."""
    noise = tmp_path / "noise.wav"
    noise.write_bytes(b"this is not audio")
    with pytest.raises(UnreadableAudio, match="cannot be decoded"):
        whisper.transcribe(noise, CONFIG)
    with pytest.raises(UnreadableAudio, match="holds no sound"):
        whisper.transcribe(write_wav(tmp_path / "empty.wav", b""), CONFIG)


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


def test_a_piece_after_a_pause_is_a_word_of_its_own() -> None:
    """No word spans a pause, though the model wrote it in one."""
    results = list(to_results([Heard(" twenty", 0, 0.5), Heard("-one", 4, 4.5)], 5))
    assert [(result["start_time"], result["end_time"]) for result in results] == [(0, 0.5), (4, 4.5)]


def test_no_word_spans_a_pause_of_seconds() -> None:
    """The first of a sentence begins late, any other ends early."""
    results = list(to_results([Heard(" So", 0, 8), Heard(" it", 8, 15), Heard(" is", 15, 15.2)], 20))
    assert [(result["start_time"], result["end_time"]) for result in results] == [(6.5, 8), (8, 9.5), (15, 15.2)]


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
    assert all(0 <= moment <= round(duration, 3) for moment in times)
    assert all(0 <= result["alternatives"][0]["confidence"] <= 1 for result in results)
    transcript = {"format": "2.9", "job": {"id": "j"}, "metadata": {"type": "transcription"}, "results": results}
    assert len(Transcript.model_validate(transcript).results) == len(results)
