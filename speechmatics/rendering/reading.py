"""What a reader asks of a transcript: where a phrase is said, and how sure the recognition is."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from speechmatics._errors import InvalidInputError
from speechmatics.rendering.fragments import Results, Writing

if TYPE_CHECKING:
    from speechmatics.models.results import RecognitionResult

__all__ = ["Confidence", "Match", "confidence", "search"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Where a phrase is said."""

    start: float | None
    """Seconds from the start of the audio to the first word; None where the transcript has no times."""
    end: float | None
    """Seconds from the start of the audio to the end of the last word."""
    speaker: str | None
    """Who says the first word."""
    channel: str | None
    """Label of the channel."""
    text: str
    """The words as they are written, without marks between them."""
    words: tuple[RecognitionResult, ...]
    """The words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """How sure the recognition is of the words."""

    mean: float | None
    """The mean over the words that have a confidence, 0 to 1; None where none has."""
    words: int
    """How many words have a confidence."""
    below: tuple[RecognitionResult, ...]
    """The words whose confidence is below the threshold, in order."""


def search(transcript: Results, phrase: str) -> Iterator[Match]:
    """Where a phrase is said; see `Transcript.search`.

    Raises:
        InvalidInputError: The phrase has neither a letter nor a digit.
    """
    wanted = _plain(phrase)
    if not wanted:
        raise InvalidInputError(f"the phrase must have a letter or a digit; {phrase!r} has none")
    by_channel: dict[str | None, list[RecognitionResult]] = {}
    for word in transcript.words():
        if word.alternatives:
            by_channel.setdefault(word.channel, []).append(word)
    writing = Writing(transcript)
    found = [match for words in by_channel.values() for match in _matches(words, wanted, writing)]
    return iter(sorted(found, key=lambda match: match.start or 0.0))


def _matches(words: list[RecognitionResult], wanted: str, writing: Writing) -> Iterator[Match]:
    """Where the letters of the phrase begin with a word and end with one: in some scripts no space shows words."""
    plain = [_plain(_content(word)) for word in words]
    starts = [0, *accumulate(map(len, plain))]
    whole = "".join(plain)
    position = whole.find(wanted)
    while position >= 0:
        first, last = bisect_left(starts, position), bisect_left(starts, position + len(wanted))
        while not plain[first]:
            first += 1
        if starts[first] == position and starts[last] == position + len(wanted):
            said = words[first:last]
            readings = [word.alternatives[0] for word in said if word.alternatives]
            yield Match(
                start=said[0].start_time,
                end=said[-1].end_time,
                speaker=readings[0].speaker,
                channel=said[0].channel,
                text=writing.delimiter(readings[0].language).join(reading.content for reading in readings),
                words=tuple(said),
            )
        position = whole.find(wanted, position + 1)


def _content(word: RecognitionResult) -> str:
    return word.alternatives[0].content if word.alternatives else ""


def _plain(text: str) -> str:
    """Letters and digits alone, in the form in which they are compared."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def confidence(transcript: Results, threshold: float) -> Confidence:
    """How sure the recognition is; see `Transcript.confidence`.

    Raises:
        InvalidInputError: The threshold is outside 0-1.
    """
    if not 0 <= threshold <= 1:
        raise InvalidInputError(f"threshold must be from 0 to 1, not {threshold!r}")
    known = [
        (word, alternative.confidence)
        for word in transcript.words()
        for alternative in (word.alternatives or ())[:1]
        if alternative.confidence is not None
    ]
    return Confidence(
        mean=sum(value for _, value in known) / len(known) if known else None,
        words=len(known),
        below=tuple(word for word, value in known if value < threshold),
    )
