"""Audio files as samples, piece by piece, so that the length of a recording costs no memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from speechmatics.local.engine import UnreadableAudio

if TYPE_CHECKING:
    import av.container
    import numpy as np
    from numpy.typing import NDArray

    Samples: TypeAlias = NDArray[np.int16]
    """Channels by samples."""

__all__ = ["SAMPLE_RATE", "decode"]

SAMPLE_RATE = 16_000
"""Samples a second that the model takes."""
PIECE_SECONDS = 180
"""Seconds of a piece at most."""
SEARCHED_SECONDS = 30
"""Seconds at the end of a piece among which the quietest moment is cut at."""
QUIET_SECONDS = 0.2
"""Seconds over which loudness is measured."""
MAX_CHANNELS = 100
"""Channels that the service takes (documentation)."""


def decode(audio: Path, *, max_seconds: float, is_split: bool) -> Iterator[Samples]:
    """Gives the samples of a file in pieces of three minutes at most, cut where it is quiet.

    Args:
        audio: The file, in any format that FFmpeg knows.
        max_seconds: How long it may be.
        is_split: Whether its channels are kept apart; otherwise they are mixed into one.

    Raises:
        UnreadableAudio: It cannot be decoded, is longer, or has more than 100 channels.
    """
    import numpy as np

    blocks: list[Samples] = []
    held = total = 0
    for block in _blocks(audio, is_split):
        if len(block) > MAX_CHANNELS:
            raise UnreadableAudio(f"the audio has {len(block)} channels; {MAX_CHANNELS} is the most")
        total += block.shape[1]
        if total > max_seconds * SAMPLE_RATE:
            raise UnreadableAudio(f"the audio is longer than {max_seconds:g} s, the most that this server takes")
        blocks.append(block)
        held += block.shape[1]
        while held >= PIECE_SECONDS * SAMPLE_RATE:
            samples = np.concatenate(blocks, axis=1)
            end = _quietest(samples[:, : PIECE_SECONDS * SAMPLE_RATE])
            yield samples[:, :end]
            blocks = [samples[:, end:]]
            held -= end
    if held:
        yield np.concatenate(blocks, axis=1)


def _quietest(samples: Samples) -> int:
    """Where a piece is cut: the middle of its quietest moment near its end."""
    import numpy as np

    width = round(QUIET_SECONDS * SAMPLE_RATE)
    first: int = samples.shape[1] - SEARCHED_SECONDS * SAMPLE_RATE
    moments = np.abs(samples[:, first:].astype(np.int32)).max(axis=0).reshape(-1, width).mean(axis=1)
    return first + int(moments.argmin()) * width + width // 2


def _blocks(audio: Path, is_split: bool) -> Iterator[Samples]:
    import av
    import numpy as np
    from av.error import FFmpegError

    resampler = av.AudioResampler(
        format="s16p" if is_split else "s16", layout=None if is_split else "mono", rate=SAMPLE_RATE
    )
    try:
        with av.open(str(audio), metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise UnreadableAudio("the file holds no audio")
            for frame in _frames(container):
                # Their times may jump, and silence is not put where they do.
                frame.pts = None
                for resampled in resampler.resample(frame):
                    yield np.asarray(resampled.to_ndarray(), np.int16)
            for resampled in resampler.resample(None):
                yield np.asarray(resampled.to_ndarray(), np.int16)
    except (FFmpegError, ValueError) as error:
        reason = error.strerror if isinstance(error, FFmpegError) else error
        raise UnreadableAudio(f"the audio cannot be decoded: {reason}") from None


def _frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    """The frames of the first stream of sound, but for those that are damaged; an error if all are."""
    from av.error import InvalidDataError

    damage: InvalidDataError | None = None
    is_sound = False
    for packet in container.demux(container.streams.audio[0]):
        try:
            frames = packet.decode()
        except InvalidDataError as error:
            damage = damage or error
            continue
        for frame in frames:
            yield frame
            is_sound = True
    if damage is not None and not is_sound:
        raise damage
