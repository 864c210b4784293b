"""The real speech engine: what it makes of a recording, of silence and of what is no audio."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from speechmatics import JobConfig
from speechmatics.local import UnreadableAudio, WhisperEngine
from tests.conftest import AUDIO

pytestmark = pytest.mark.slow  # starts the engine

CONFIG = JobConfig.model_validate({"transcription_config": {"language": "en"}})


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


def test_the_same_audio_has_the_same_words(whisper: WhisperEngine) -> None:
    """With the same confidences and times, though silence is at its end."""
    recognitions = [whisper.transcribe(AUDIO / "quickstart.wav", CONFIG) for _ in range(3)]
    assert recognitions == recognitions[:1] * 3
