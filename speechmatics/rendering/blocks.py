"""The words of a transcript as blocks of HTML, each of one voice and short enough to be laid out alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from operator import attrgetter

from speechmatics.rendering.fragments import Fragments, Results, Writing, fragments_by_channel
from speechmatics.rendering.text import UNKNOWN_SPEAKER, ends_paragraph, stretches

__all__ = ["Block", "Voice", "blocks_of", "is_time", "short_clock", "talk_time"]

PAUSE = 1.0
"""Seconds of silence after a sentence that begin a new block."""
FULL = 100
"""Words after which a block ends with its sentence."""
OVERFULL = 300
"""Words after which a block ends within a sentence."""
LONGEST = 1e9
"""Seconds that are no time any more: what is received may be any number."""
SHADES = ((0.5, "c1"), (0.7, "c2"), (0.9, "c3"))
"""Confidence below which a word has this class."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks, or where: what has a colour of its own."""

    speaker: str | None
    channel: str | None

    @property
    def label(self) -> str:
        """Its name, as text; empty where the transcript tells no voices apart."""
        if self.speaker == UNKNOWN_SPEAKER:
            speaker: str | None = "Unknown speaker"
        else:
            speaker = self.speaker
        return " \u00b7 ".join(part for part in (self.channel, speaker) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some sentences of one voice."""

    voice: Voice
    language: str | None
    is_right_to_left: bool
    start: float
    words: int
    """How many."""
    content: str
    """HTML, escaped."""


def is_time(seconds: float | None) -> bool:
    """Whether a time can be shown."""
    return seconds is not None and 0 <= seconds < LONGEST


def short_clock(seconds: float) -> str:
    """A time as `1:02:03`, or `2:03` in the first hour."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def blocks_of(transcript: Results, *, timed: bool) -> list[Block]:
    """The blocks by time.

    Args:
        transcript: Whose.
        timed: Whether each word is an element that says when it is said.
    """
    writing = Writing(transcript)
    made = [
        block
        for part in fragments_by_channel([*transcript.results], writing).values()
        for block in _blocks(part, writing, timed=timed)
    ]
    return sorted(made, key=attrgetter("start"))


def talk_time(transcript: Results) -> dict[Voice, float]:
    """Seconds in which each voice says words, the longest first."""
    seconds: dict[Voice, float] = {}
    for word in transcript.words():
        if word.alternatives:
            voice = Voice(word.alternatives[0].speaker, word.channel)
            length = (word.end_time or 0.0) - (word.start_time or 0.0)
            seconds[voice] = seconds.get(voice, 0.0) + (length if is_time(length) else 0.0)
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))


def _blocks(made: Fragments, writing: Writing, *, timed: bool) -> Iterator[Block]:
    clock = 0.0
    for whole in stretches(made, ends_paragraph(PAUSE)):
        for first, last in _divided(made, *whole):
            head = made.heads[first]
            clock = next((one.start_time for one in made.heads[first:last] if is_time(one.start_time)), None) or clock
            yield Block(
                voice=Voice(made.speakers[first], made.channels[first]),
                language=made.languages[first],
                is_right_to_left=writing.is_right_to_left(made.languages[first], head),
                start=clock,
                words=last - first,
                content="".join(_words(made, first, last, timed=timed)),
            )


def _divided(made: Fragments, first: int, last: int) -> Iterator[tuple[int, int]]:
    begin = first
    for index in range(first, last):
        length = index + 1 - begin
        if length >= OVERFULL or (length >= FULL and index in made.sentence_ends):
            yield begin, index + 1
            begin = index + 1
    if begin < last:
        yield begin, last


def _words(made: Fragments, first: int, last: int, *, timed: bool) -> Iterator[str]:
    for index in range(first, last):
        head = made.heads[index]
        confidence = head.alternatives[0].confidence if head.alternatives else None
        attributes = ""
        if timed and head.start_time is not None and is_time(head.start_time):
            attributes = f' data-t="{round(head.start_time, 2)}"'
        if confidence is not None:
            shade = next((name for limit, name in SHADES if confidence < limit), None)
            if shade is not None:
                attributes += f' class="{shade}" title="{confidence:.0%}"'
        text = escape(made.texts[index])
        glue = escape(made.glues[index]) if index > first else ""
        yield f"{glue}<span{attributes}>{text}</span>" if attributes else glue + text
