"""Audio as samples in pieces: whole, cut where it is quiet, and refused where it is too long or no audio."""

from __future__ import annotations

import importlib
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from speechmatics.local import UnreadableAudio
from speechmatics.local.decoding import PIECE_SECONDS, SAMPLE_RATE, decode
from tests.conftest import AUDIO

NOISE = np.random.default_rng(1)


def noise(seconds: float, channels: int = 1) -> NDArray[np.int16]:
    """Samples by channels, all of them loud."""
    loud = NOISE.integers(8_000, 16_000, (round(seconds * SAMPLE_RATE), channels))
    samples: NDArray[np.int16] = (loud * NOISE.choice([-1, 1], loud.shape)).astype("<i2")
    return samples


def write_wav(path: Path, samples: NDArray[np.int16], rate: int = SAMPLE_RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def pieces_of(file: Path, *, max_seconds: float = 10_000, is_split: bool = False) -> list[NDArray[np.int16]]:
    return list(decode(file, max_seconds=max_seconds, is_split=is_split))


def test_a_short_recording_is_one_piece(tmp_path: Path) -> None:
    """With the samples of the file, where they are what the model takes."""
    samples = noise(2)
    (piece,) = pieces_of(write_wav(tmp_path / "a.wav", samples))
    assert np.array_equal(piece, samples.T)


def test_a_long_recording_is_cut_where_it_is_quiet(tmp_path: Path) -> None:
    """In the pause before three minutes end, and nowhere else; nothing is lost."""
    samples = noise(PIECE_SECONDS + 100)
    pause = round((PIECE_SECONDS - 10) * SAMPLE_RATE)
    samples[pause : pause + SAMPLE_RATE // 2] //= 1000
    pieces = pieces_of(write_wav(tmp_path / "a.wav", samples))
    assert len(pieces) == 2
    assert pause <= pieces[0].shape[1] <= pause + SAMPLE_RATE // 2
    assert np.array_equal(np.concatenate(pieces, axis=1), samples.T)


def test_a_recording_without_a_pause_is_cut_all_the_same(tmp_path: Path) -> None:
    """No piece is longer than three minutes, or shorter than two and a half but for the last."""
    samples = noise(2 * PIECE_SECONDS + 50)
    pieces = pieces_of(write_wav(tmp_path / "a.wav", samples))
    lengths = [piece.shape[1] / SAMPLE_RATE for piece in pieces]
    assert all(PIECE_SECONDS - 30 <= length <= PIECE_SECONDS for length in lengths[:-1])
    assert sum(lengths) == pytest.approx(2 * PIECE_SECONDS + 50)


def test_channels_are_mixed_or_kept_apart(tmp_path: Path) -> None:
    """As asked."""
    samples = noise(1, channels=3)
    file = write_wav(tmp_path / "a.wav", samples)
    assert [len(piece) for piece in pieces_of(file)] == [1]
    (piece,) = pieces_of(file, is_split=True)
    assert np.array_equal(piece, samples.T)


def test_other_rates_are_converted(tmp_path: Path) -> None:
    """To the model's own; the length stays."""
    (piece,) = pieces_of(write_wav(tmp_path / "a.wav", noise(3), rate=8_000))
    assert piece.shape[1] / SAMPLE_RATE == pytest.approx(6, abs=0.01)


def test_the_longest_recording_is_a_limit(tmp_path: Path) -> None:
    """Audio of just that length is taken; the error of longer audio names the limit."""
    file = write_wav(tmp_path / "a.wav", noise(2))
    assert len(pieces_of(file, max_seconds=2)) == 1
    with pytest.raises(UnreadableAudio, match=r"longer than 1\.9 s"):
        pieces_of(file, max_seconds=1.9)


def test_what_is_no_audio_is_an_error_without_its_path(tmp_path: Path) -> None:
    """Bytes that no decoder knows, nothing at all, and pictures without sound."""
    text = tmp_path / "secret-folder.wav"
    text.write_bytes(b"this is not audio")
    with pytest.raises(UnreadableAudio, match="cannot be decoded: Invalid data") as caught:
        pieces_of(text)
    assert "secret-folder" not in str(caught.value)
    text.write_bytes(b"")
    with pytest.raises(UnreadableAudio, match="cannot be decoded"):
        pieces_of(text)
    picture = tmp_path / "picture.ppm"
    picture.write_bytes(b"P6 2 2 255\n" + bytes(12))
    with pytest.raises(UnreadableAudio, match="holds no audio"):
        pieces_of(picture)
    assert pieces_of(write_wav(tmp_path / "empty.wav", noise(0))) == []


@pytest.mark.parametrize("codec", ["mp3", "flac"])
def test_a_damaged_middle_costs_no_more_than_itself(tmp_path: Path, codec: str) -> None:
    """What comes after the frames that cannot be decoded is there."""
    av: Any = importlib.import_module("av")
    file = tmp_path / f"a.{codec}"
    seconds = 20
    with av.open(str(file), "w") as container:
        stream = container.add_stream(codec, rate=SAMPLE_RATE)
        frame = av.AudioFrame.from_ndarray(noise(seconds).T.copy(), format="s16", layout="mono")
        frame.rate = SAMPLE_RATE
        fifo = av.AudioFifo()
        fifo.write(frame)
        for part in [*fifo.read_many(stream.frame_size or 1024), None]:
            for packet in stream.encode(part):
                container.mux(packet)
    whole = file.read_bytes()
    middle, damaged = len(whole) // 2, len(whole) // 20
    file.write_bytes(whole[:middle] + bytes(damaged) + whole[middle + damaged :])
    decoded = sum(piece.shape[1] for piece in pieces_of(file)) / SAMPLE_RATE
    assert seconds * 0.9 < decoded < seconds * 1.01


def test_the_bundled_recordings_are_whole() -> None:
    """Each in one piece, as long as its file says."""
    for file in AUDIO.glob("*.wav"):
        with wave.open(str(file)) as recording:
            seconds = recording.getnframes() / recording.getframerate()
        (piece,) = pieces_of(file)
        assert piece.shape[1] / SAMPLE_RATE == pytest.approx(seconds, abs=0.01)
