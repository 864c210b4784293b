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
from functools import lru_cache
from html import escape
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from speechmatics.rendering.fragments import Fragments, Results, Writing, fragments_by_channel
from speechmatics.rendering.text import UNKNOWN_SPEAKER

if TYPE_CHECKING:
    from speechmatics.models.results import RecognitionResult

__all__ = ["MINIMUM_DURATION", "PAUSE", "to_srt", "to_vtt"]

LINE_LENGTH, LINES = 37, 2
"""Columns of a line, and lines of a subtitle: the service's own defaults (reference)."""
FULL_WIDTH_LINE_LENGTH = 32
"""Columns of a line in scripts whose characters take two, as Chinese, Japanese and Korean: 16 characters."""
MAXIMUM_DURATION = 7.0
"""Seconds that a subtitle stays at most."""
READABLE_DURATION = 0.83
"""Seconds in which a short subtitle can just be read (five sixths of a second, as broadcasters ask for)."""
PAUSE = 1.0
"""Seconds of silence after which a subtitle ends."""
SHORT_PAUSE = 0.3
"""Seconds of silence at which a phrase too long for one subtitle is better divided than elsewhere."""
MINIMUM_DURATION = 1.0
"""Seconds that a subtitle stays at least, until the next one begins."""

_NEAR = 0.35
"""How much less evenly two cues may share a phrase so that one ends with a clause: as a part of the whole."""
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
    duration: float

    def __post_init__(self) -> None:
        if self.line_length < 1 or self.lines < 1:
            raise ValueError("max_line_length and max_lines must be 1 or more")
        if not self.duration > 0:
            raise ValueError("max_duration must be above 0")


def to_srt(
    transcript: Results,
    *,
    max_line_length: int | None = None,
    max_lines: int | None = None,
    max_duration: float = MAXIMUM_DURATION,
) -> str:
    """The transcript as SubRip subtitles; see `Transcript.to_srt`.

    Raises:
        ValueError: A limit is below 1, or `max_duration` is not above 0.
    """
    limits = _limits(transcript, max_line_length, max_lines, max_duration)
    cues = _cues(transcript, limits)
    return "".join(
        "\n".join([str(number), f"{_clock(start, ',')} --> {_clock(end, ',')}", *cue.lines, "", ""])
        for number, (cue, (start, end)) in enumerate(zip(cues, _times(cues, limits), strict=True), 1)
    )


def to_vtt(
    transcript: Results,
    *,
    max_line_length: int | None = None,
    max_lines: int | None = None,
    max_duration: float = MAXIMUM_DURATION,
    speaker_labels: bool | None = None,
    channel_labels: bool | None = None,
) -> str:
    """The transcript as WebVTT subtitles; see `Transcript.to_vtt`.

    Raises:
        ValueError: A limit is below 1, or `max_duration` is not above 0.
    """
    limits = _limits(transcript, max_line_length, max_lines, max_duration)
    cues = _cues(transcript, limits)
    if speaker_labels is None:
        speaker_labels = any(cue.speaker not in (None, UNKNOWN_SPEAKER) for cue in cues)
    if channel_labels is None:
        channel_labels = any(cue.channel is not None for cue in cues)
    blocks = ["WEBVTT\n"]
    for cue, (start, end) in zip(cues, _times(cues, limits), strict=True):
        names = [cue.channel if channel_labels else None, (cue.speaker or UNKNOWN_SPEAKER) if speaker_labels else None]
        voice = _printable(" ".join([name for name in names if name is not None]))
        tag = f"<v {escape(voice, quote=False)}>" if voice else ""
        text = escape("\n".join(cue.lines), quote=False)
        blocks.append(f"{_clock(start, '.')} --> {_clock(end, '.')}\n{tag}{text}\n")
    return "\n".join(blocks)


def _limits(transcript: Results, max_line_length: int | None, max_lines: int | None, max_duration: float) -> _Limits:
    """What is given, else what the job's configuration asked for, if that is a limit, else the defaults."""
    output = transcript.metadata.output_config if transcript.metadata else None
    asked = output.srt_overrides if output else None
    if max_line_length is None and asked and (asked.max_line_length or 0) > 0:
        max_line_length = asked.max_line_length
    if max_line_length is None:
        max_line_length = FULL_WIDTH_LINE_LENGTH if _is_full_width(transcript) else LINE_LENGTH
    if max_lines is None and asked and (asked.max_lines or 0) > 0:
        max_lines = asked.max_lines
    return _Limits(max_line_length, LINES if max_lines is None else max_lines, max_duration)


def _is_full_width(transcript: Results) -> bool:
    """Whether most of the first words are of characters that take two columns."""
    readings = (word.alternatives[0].content for word in islice(transcript.words(), 100) if word.alternatives)
    text = "".join(readings)
    return _width(text) > 1.5 * len(text)


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
            is_glimpse = held[1] == speaker and pieces[0].start - both[0].start < READABLE_DURATION
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
    text = made.texts[index]
    whole = _Piece(
        text=text,
        glue=_UNPRINTABLE.sub(" ", made.glues[index]),
        start=start,
        end=end,
        attached=index in made.attached,
        right_to_left=writing.is_right_to_left(made.languages[index], made.heads[index]),
        ends_clause=index in made.clause_ends,
    )
    if text and text.isprintable() and " " not in text:
        yield whole
        return
    words = [word for word in _UNPRINTABLE.split(text) if word.strip()]
    whole.text = " ".join(words)
    yield from _shared(whole, words, " ")


def _append(phrase: list[_Piece], piece: _Piece, line_length: int) -> None:
    """Adds a piece: to the one it attaches to if both fit on a line, in parts if it alone does not fit."""
    before = phrase[-1] if piece.attached and phrase else None
    if before is not None and _width(before.text) + _width(piece.text) <= _room(before, line_length):
        before.text += piece.text
        before.end = max(before.end, piece.end)
        before.ends_clause = piece.ends_clause
    elif _width(piece.text) <= _room(piece, line_length):
        phrase.append(piece)
    else:
        phrase.extend(_shared(piece, _chopped(piece.text, _room(piece, line_length)), ""))


def _room(piece: _Piece, line_length: int) -> int:
    """Columns that a piece may have and still begin a line, where it may need a mark before it."""
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
    """A text in parts of at most `length` columns, not between a letter and its accents if that can be."""
    parts: list[str] = []
    while len(text) > 1 and _width(text) > length:
        longest = cut = _fitting(text, length)
        while cut > 1 and unicodedata.category(text[cut]).startswith("M"):
            cut -= 1
        if unicodedata.category(text[cut]).startswith("M"):
            cut = longest
        parts.append(text[:cut])
        text = text[cut:]
    return [*parts, text]


def _fitting(text: str, length: int) -> int:
    """How many characters from the start have at most `length` columns; 1 at least."""
    cut = min(length, len(text))
    while cut > 1 and _width(text[:cut]) > length:
        cut -= 1
    return cut


def _width(text: str) -> int:
    """Columns that text takes: two for each full-width character of East Asia (Unicode Standard Annex 11)."""
    return len(text) if text.isascii() else _columns(text)


@lru_cache(maxsize=4096)
def _columns(text: str) -> int:
    return len(text) + sum(unicodedata.east_asian_width(character) in "WF" for character in text)


def _divided(phrase: list[_Piece], limits: _Limits, speaker: str | None, channel: str | None) -> Iterator[_Cue]:
    """A phrase as cues, each as full as may be until two are left, which share what is left.

    They are divided after a clause or at a short pause before elsewhere.
    """
    first = 0
    while first < len(phrase):
        last, lines = _filled(phrase, first, len(phrase), limits)
        if last < len(phrase):
            if _filled(phrase, last, len(phrase), limits)[0] == len(phrase):
                last = _middle(phrase, first, last, limits)
            else:
                last = _best_break(phrase, first, last)
            lines = _filled(phrase, first, last, limits)[1]
        pieces = phrase[first:last]
        evened = _evened(pieces, lines, limits)
        yield _Cue(evened, pieces[0].start, max(piece.end for piece in pieces), speaker, channel)
        first = last


def _filled(phrase: list[_Piece], first: int, stop: int, limits: _Limits) -> tuple[int, list[str]]:
    """Index past the last piece before `stop` that fits in one cue, and the lines of the cue."""
    lines: list[str] = []
    width = 0
    until = phrase[first].start + limits.duration
    for index in range(first, stop):
        piece = phrase[index]
        if piece.end > until and lines:
            return index, lines
        added = _width(piece.text)
        if lines and width + len(piece.glue) + added <= limits.line_length:
            lines[-1] += piece.glue + piece.text
            width += len(piece.glue) + added
        elif len(lines) < limits.lines:
            lines.append(_line_start(piece, limits.line_length))
            width = len(lines[-1]) - len(piece.text) + added
        else:
            return index, lines
    return stop, lines


def _evened(pieces: list[_Piece], lines: list[str], limits: _Limits) -> list[str]:
    """The lines of a cue, broken where the longest of them is shortest."""
    if len(lines) < 2:
        return lines
    widths = [_width(line) for line in lines]
    for line_length in range(math.ceil(sum(widths) / len(lines)), max(widths)):
        narrower = _Limits(line_length, len(lines), limits.duration)
        last, evened = _filled(pieces, 0, len(pieces), narrower)
        if last == len(pieces) and all(_width(line) <= limits.line_length for line in evened):
            return evened
    return lines


def _line_start(piece: _Piece, line_length: int) -> str:
    """The first piece of a line; where it does not show that the line runs from right to left, a mark does."""
    plain = not piece.right_to_left or unicodedata.bidirectional(piece.text[0]) in ("R", "AL")
    return piece.text if plain or line_length == 1 else _RIGHT_TO_LEFT_MARK + piece.text


def _best_break(phrase: list[_Piece], first: int, last: int) -> int:
    """The last good break in the latter two thirds of what fits, else all that fits."""
    for index in range(last, first + (last - first) // 3, -1):
        if _is_good_break(phrase, index):
            return index
    return last


def _is_good_break(phrase: list[_Piece], index: int) -> bool:
    return phrase[index - 1].ends_clause or phrase[index].start - phrase[index - 1].end >= SHORT_PAUSE


def _middle(phrase: list[_Piece], first: int, last: int, limits: _Limits) -> int:
    """Where what fits in two cues is divided between them: at a good break, if one is near the middle."""
    widths = [_width(piece.text) + len(piece.glue) for piece in phrase[first:]]
    whole, before = sum(widths), sum(widths[: last - first])
    end = max(piece.end for piece in phrase[first:])
    best, least = last, math.inf
    for index in range(last, first, -1):
        if index < last and _filled(phrase, index, len(phrase), limits)[0] < len(phrase):
            break
        cost = abs(2 * before - whole) / whole
        cost -= _NEAR if _is_good_break(phrase, index) else 0
        seconds = phrase[index].start - phrase[first].start, end - phrase[index].start
        cost += sum(part < READABLE_DURATION for part in seconds) + (index == len(phrase) - 1)
        cost += 0 if phrase[index].glue else 2  # within a word, unless the script has no spaces
        if cost < least:
            best, least = index, cost
        before -= widths[index - first - 1]
    return best


def _times(cues: Sequence[_Cue], limits: _Limits) -> list[tuple[int, int]]:
    """Start and end of each cue in milliseconds: in order, without overlap, none empty, none too long.

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
    longest = max(round(limits.duration * 1000), 1)
    return [(start, min(end, start + longest)) for start, end in zip(starts, ends, strict=True)]


def _clock(milliseconds: int, point: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{milliseconds:03}"


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()
