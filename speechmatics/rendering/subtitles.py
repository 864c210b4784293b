"""Subtitles in the SubRip (SRT) and WebVTT formats.

Words become pieces that fit on a line; pieces become phrases, until a sentence ends, a pause comes or the voice
changes; and a phrase becomes one cue, or several where it is too long for one.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from speechmatics.rendering.fragments import Fragments, Results, Writing, fragments_by_channel
from speechmatics.rendering.text import UNKNOWN_SPEAKER

if TYPE_CHECKING:
    from speechmatics.models.results import RecognitionResult

__all__ = ["MINIMUM_DURATION", "PAUSE", "to_srt", "to_vtt"]

PAUSE = 1.0
"""Seconds of silence after which a subtitle ends."""
SHORT_PAUSE = 0.3
"""Seconds of silence at which a phrase too long for one subtitle is better divided than elsewhere."""
MINIMUM_DURATION = 1.0
"""Seconds that a subtitle stays at least, until the next one begins."""
GLIMPSE = 0.5
"""Seconds below which nobody reads a subtitle."""

_RIGHT_TO_LEFT_MARK = "\u200f"
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f\x85\u2028\u2029]+")
"""What would break a line or a parser; a no-break space is part of its word."""


@dataclass(slots=True)
class _Piece:
    """What is not divided between lines: mostly a word with its marks."""

    text: str
    glue: str
    start: float
    end: float
    attached: bool = False
    right_to_left: bool = False
    ends_clause: bool = False


_Phrase = tuple[list[_Piece], str | None]
"""What belongs in one subtitle if it is large enough, and who speaks."""


@dataclass(slots=True)
class _Cue:
    lines: list[str]
    start: float
    end: float
    speaker: str | None
    channel: str | None


@dataclass(frozen=True, slots=True)
class _Limits:
    line_length: int
    lines: int

    def __post_init__(self) -> None:
        if self.line_length < 1 or self.lines < 1:
            raise ValueError("max_line_length and max_lines must be 1 or more")


def to_srt(transcript: Results, *, max_line_length: int = 37, max_lines: int = 2) -> str:
    """The transcript as SubRip subtitles; see `Transcript.to_srt`.

    Raises:
        ValueError: A limit is below 1.
    """
    cues = _cues(transcript, _Limits(max_line_length, max_lines))
    return "".join(
        "\n".join([str(number), f"{_clock(start, ',')} --> {_clock(end, ',')}", *cue.lines, "", ""])
        for number, (cue, (start, end)) in enumerate(zip(cues, _times(cues), strict=True), 1)
    )


def to_vtt(
    transcript: Results,
    *,
    max_line_length: int = 37,
    max_lines: int = 2,
    speaker_labels: bool | None = None,
    channel_labels: bool | None = None,
) -> str:
    """The transcript as WebVTT subtitles; see `Transcript.to_vtt`.

    Raises:
        ValueError: A limit is below 1.
    """
    cues = _cues(transcript, _Limits(max_line_length, max_lines))
    if speaker_labels is None:
        speaker_labels = any(cue.speaker not in (None, UNKNOWN_SPEAKER) for cue in cues)
    if channel_labels is None:
        channel_labels = any(cue.channel is not None for cue in cues)
    blocks = ["WEBVTT\n"]
    for cue, (start, end) in zip(cues, _times(cues), strict=True):
        names = [cue.channel if channel_labels else None, (cue.speaker or UNKNOWN_SPEAKER) if speaker_labels else None]
        voice = _printable(" ".join([name for name in names if name is not None]))
        tag = f"<v {escape(voice, quote=False)}>" if voice else ""
        text = escape("\n".join(cue.lines), quote=False)
        blocks.append(f"{_clock(start, '.')} --> {_clock(end, '.')}\n{tag}{text}\n")
    return "\n".join(blocks)


def _cues(transcript: Results, limits: _Limits) -> list[_Cue]:
    """Cues by time; those of one channel in the order of their words."""
    writing = Writing(transcript)
    cues = [
        cue
        for channel, part in fragments_by_channel(transcript.results, writing).items()
        for phrase, speaker in _joined(_phrases(part, writing, limits), limits)
        for cue in _divided(phrase, limits, speaker, channel)
    ]
    return sorted(cues, key=lambda cue: cue.start)


def _joined(phrases: Iterator[_Phrase], limits: _Limits) -> Iterator[_Phrase]:
    """Phrases, where one that could only be glimpsed shares a subtitle with the next of its voice, if both fit."""
    held: _Phrase | None = None
    for pieces, speaker in phrases:
        if held is not None:
            both = [*held[0], *pieces]
            is_glimpse = held[1] == speaker and pieces[0].start - both[0].start < GLIMPSE
            if is_glimpse and _filled(both, 0, len(both), limits)[0] == len(both):
                pieces = both
            else:
                yield held
        held = pieces, speaker
    if held is not None:
        yield held


def _phrases(made: Fragments, writing: Writing, limits: _Limits) -> Iterator[_Phrase]:
    """The pieces up to where a sentence ends, a pause comes or the voice changes."""
    phrase: list[_Piece] = []
    clock = end = 0.0
    for index, head in enumerate(made.heads):
        clock, ending = _span(head, clock)
        voice_changes = index > 0 and made.speakers[index] != made.speakers[index - 1]
        if phrase and (voice_changes or index - 1 in made.sentence_ends or clock - end >= PAUSE):
            yield phrase, made.speakers[index - 1]
            phrase = []
        end = max(end, ending)
        for piece in _pieces(made, index, clock, ending, writing):
            _append(phrase, piece, limits.line_length)
    if phrase:
        yield phrase, made.speakers[-1]


def _span(head: RecognitionResult, clock: float) -> tuple[float, float]:
    """Start and end of a result; a start that is missing or runs backwards is that of the result before."""
    start, end = head.start_time, head.end_time
    start = clock if start is None or not math.isfinite(start) else max(clock, start)
    end = start if end is None or not math.isfinite(end) else max(start, end)
    return start, end


def _pieces(made: Fragments, index: int, start: float, end: float, writing: Writing) -> Iterator[_Piece]:
    """A fragment divided at its spaces, which entities have; each part has its share of the time."""
    words = [word for word in _UNPRINTABLE.split(made.texts[index]) if word.strip()]
    whole = _Piece(
        text=" ".join(words),
        glue=_UNPRINTABLE.sub(" ", made.glues[index]),
        start=start,
        end=end,
        attached=index in made.attached,
        right_to_left=writing.is_right_to_left(made.languages[index], made.heads[index]),
    )
    pieces = _shared(whole, words, " ")
    if pieces:
        pieces[-1].ends_clause = index in made.clause_ends
    yield from pieces


def _append(phrase: list[_Piece], piece: _Piece, line_length: int) -> None:
    """Adds a piece: to the one it attaches to if both fit on a line, in parts if it alone does not fit."""
    before = phrase[-1] if piece.attached and phrase else None
    if before is not None and len(before.text) + len(piece.text) <= _room(before, line_length):
        before.text += piece.text
        before.end = max(before.end, piece.end)
        before.ends_clause = piece.ends_clause
    elif len(piece.text) <= _room(piece, line_length):
        phrase.append(piece)
    else:
        phrase.extend(_shared(piece, _chopped(piece.text, _room(piece, line_length)), ""))


def _room(piece: _Piece, line_length: int) -> int:
    """Characters that a piece may have and still begin a line, where it may need a mark before it."""
    return line_length - 1 if piece.right_to_left and line_length > 1 else line_length


def _shared(whole: _Piece, texts: Sequence[str], glue: str) -> list[_Piece]:
    """A piece for each part of the whole, the time shared by length."""
    total = sum(map(len, texts))
    pieces: list[_Piece] = []
    done = 0
    for text in texts:
        start = whole.start + (whole.end - whole.start) * done / total
        done += len(text)
        end = whole.start + (whole.end - whole.start) * done / total
        pieces.append(_Piece(text, glue, start, end, right_to_left=whole.right_to_left))
    if pieces:
        pieces[0].glue, pieces[0].attached = whole.glue, whole.attached
        pieces[-1].ends_clause = whole.ends_clause
    return pieces


def _chopped(text: str, length: int) -> list[str]:
    """A text in parts of at most `length`, not between a letter and its accents if that can be."""
    parts: list[str] = []
    while len(text) > length:
        cut = length
        while cut > 1 and unicodedata.category(text[cut]).startswith("M"):
            cut -= 1
        if unicodedata.category(text[cut]).startswith("M"):
            cut = length
        parts.append(text[:cut])
        text = text[cut:]
    return [*parts, text]


def _divided(phrase: list[_Piece], limits: _Limits, speaker: str | None, channel: str | None) -> Iterator[_Cue]:
    """A phrase as cues, each as full as may be, but divided after a clause or at a short pause before elsewhere."""
    first = 0
    while first < len(phrase):
        last, lines = _filled(phrase, first, len(phrase), limits)
        if last < len(phrase):
            last, lines = _filled(phrase, first, _best_break(phrase, first, last), limits)
        pieces = phrase[first:last]
        yield _Cue(lines, pieces[0].start, max(piece.end for piece in pieces), speaker, channel)
        first = last


def _filled(phrase: list[_Piece], first: int, stop: int, limits: _Limits) -> tuple[int, list[str]]:
    """Index past the last piece before `stop` that fits in one cue, and the lines of the cue."""
    lines: list[str] = []
    for index in range(first, stop):
        piece = phrase[index]
        if lines and len(lines[-1]) + len(piece.glue) + len(piece.text) <= limits.line_length:
            lines[-1] += piece.glue + piece.text
        elif len(lines) < limits.lines:
            lines.append(_line_start(piece, limits.line_length))
        else:
            return index, lines
    return stop, lines


def _line_start(piece: _Piece, line_length: int) -> str:
    """The first piece of a line; where it does not show that the line runs from right to left, a mark does."""
    plain = not piece.right_to_left or unicodedata.bidirectional(piece.text[0]) in ("R", "AL")
    return piece.text if plain or line_length == 1 else _RIGHT_TO_LEFT_MARK + piece.text


def _best_break(phrase: list[_Piece], first: int, last: int) -> int:
    """The last good place in the latter two thirds of what fits, else all that fits."""
    for index in range(last, first + (last - first) // 3, -1):
        if phrase[index - 1].ends_clause or phrase[index].start - phrase[index - 1].end >= SHORT_PAUSE:
            return index
    return last


def _times(cues: Sequence[_Cue]) -> list[tuple[int, int]]:
    """Start and end of each cue in milliseconds: in order, without overlap, none empty.

    A short cue stays for the minimum duration until the next begins. Where voices overlap, a cue ends
    when the next begins; one that would be too short to read holds the next back as long as that remains readable.
    """
    minimum = round(MINIMUM_DURATION * 1000)
    starts = [round(cue.start * 1000) for cue in cues]
    ends = [round(cue.end * 1000) for cue in cues]
    for one, two in pairwise(range(len(cues))):
        starts[two] = max(starts[two], starts[one] + 1)
        if ends[one] > starts[two]:
            readable = min(starts[one] + minimum, ends[one], ends[two] - minimum)
            ends[one] = starts[two] = max(starts[two], readable)
        else:
            ends[one] = min(max(ends[one], starts[one] + minimum), starts[two])
    if cues:
        ends[-1] = max(ends[-1], starts[-1] + minimum)
    return [*zip(starts, ends, strict=True)]


def _clock(milliseconds: int, point: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{milliseconds:03}"


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()
