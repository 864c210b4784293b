"""Plain text and speaker turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, count, islice, pairwise
from operator import ne
from typing import TYPE_CHECKING

from speechmatics.rendering.fragments import Fragments, Results, Writing, fragments

if TYPE_CHECKING:
    from speechmatics.models.results import RecognitionResult

__all__ = ["UNKNOWN_SPEAKER", "Turn", "to_text", "turns"]

UNKNOWN_SPEAKER = "UU"
"""How the service labels a speaker it cannot tell (documentation)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one speaker says on one channel until another speaks."""

    speaker: str | None
    """`S1`, `S2`, …, `UU` for unknown, or a name; None without speaker diarization."""
    channel: str | None
    """Label of the channel; None without channel diarization."""
    language: str | None
    """ISO code of the language that most of the words are in."""
    start: float
    """Seconds from the start of the audio to the first word or mark."""
    end: float
    """Seconds from the start of the audio to the end of the last."""
    text: str
    """The words with their marks."""
    words: tuple[RecognitionResult, ...]
    """The words as `Transcript.words` gives them."""


def to_text(transcript: Results, *, speaker_labels: bool | None = None, channel_labels: bool | None = None) -> str:
    """The transcript as plain text; see `Transcript.to_text`."""
    made = fragments(transcript, Writing(transcript))
    speakers, channels = set(made.speakers), set(made.channels)
    if speaker_labels is None:
        speaker_labels = not speakers <= {None, UNKNOWN_SPEAKER}
    if channel_labels is None:
        channel_labels = not channels <= {None}
    if speaker_labels and None in speakers:
        made.speakers = [speaker or UNKNOWN_SPEAKER for speaker in made.speakers]
    voices = _voices(made, speakers=speaker_labels, channels=channel_labels)
    blocks: list[str] = []
    for first, last in _runs(voices):
        channel = made.channels[first] if channel_labels else None
        speaker = made.speakers[first] if speaker_labels else None
        if text := made.joined(first, last):
            blocks.append(f"{_label('CHANNEL', channel)}{_label('SPEAKER', speaker)}{text}\n")
    return "\n".join(blocks)


def _label(kind: str, name: str | None) -> str:
    return "" if name is None else f"{kind}: {name}\n"


def _voices(made: Fragments, *, speakers: bool, channels: bool) -> Sequence[object]:
    """What a block ends with a change of."""
    if speakers and channels:
        return [*zip(made.speakers, made.channels, strict=True)]
    if speakers:
        return made.speakers
    return made.channels if channels else [None] * len(made.texts)


def turns(transcript: Results) -> Iterator[Turn]:
    """The speaker turns in order; see `Transcript.turns`."""
    made = fragments(transcript, Writing(transcript))
    clock = 0.0
    for first, last in _runs(_voices(made, speakers=True, channels=True)):
        heads = made.heads[first:last]
        starts = [head.start_time for head in heads if head.start_time is not None]
        start = min(starts, default=clock)
        clock = max([start, *(head.end_time for head in heads if head.end_time is not None)])
        [(language, _)] = Counter(made.languages[first:last]).most_common(1)
        yield Turn(
            speaker=made.speakers[first],
            channel=made.channels[first],
            language=language,
            start=start,
            end=clock,
            text=made.joined(first, last),
            words=tuple(word for head in heads for word in head.words()),
        )


def _runs(keys: Sequence[object]) -> Iterator[tuple[int, int]]:
    """First and past-the-last index of each stretch of equal keys."""
    if not keys:
        return
    changes = compress(count(1), map(ne, keys, islice(keys, 1, None)))
    yield from pairwise([0, *changes, len(keys)])
