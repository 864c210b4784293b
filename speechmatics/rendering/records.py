"""One record per word, turn or sentence, with the same columns for every transcript."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypedDict

from speechmatics.rendering.fragments import Results
from speechmatics.rendering.text import Passage

__all__ = ["PASSAGE_COLUMNS", "WORD_COLUMNS", "PassageRecord", "WordRecord", "passage_records", "to_records"]


class WordRecord(TypedDict):
    """A word as a row of a table, with the columns of `WORD_COLUMNS`."""

    transcript_id: str | None
    """Which transcript the word is of: the id that was given, or that of its job."""
    content: str
    """The word, without marks."""
    start_time: float | None
    """Seconds from the start of the audio."""
    end_time: float | None
    """Seconds from the start of the audio."""
    confidence: float | None
    """0 to 1."""
    language: str | None
    """ISO code."""
    speaker: str | None
    """`S1`, `S2`, …, `UU` for unknown, or a name."""
    channel: str | None
    """Label of the channel."""
    entity_class: str | None
    """Kind of the entity that the word is part of."""
    volume: float | None
    """0 to 100, how loud it was."""
    tags: str
    """For example `disfluency` or `profanity`; several are separated by commas."""


WORD_COLUMNS: dict[str, type[str] | type[float]] = {
    "transcript_id": str,
    "content": str,
    "start_time": float,
    "end_time": float,
    "confidence": float,
    "language": str,
    "speaker": str,
    "channel": str,
    "entity_class": str,
    "volume": float,
    "tags": str,
}
"""The columns of a `WordRecord` in their order, and what they hold where they are not None."""


class PassageRecord(TypedDict):
    """A turn or a sentence as a row of a table, with the columns of `PASSAGE_COLUMNS`."""

    transcript_id: str | None
    """Which transcript it is of: the id that was given, or that of its job."""
    speaker: str | None
    """`S1`, `S2`, …, `UU` for unknown, or a name."""
    channel: str | None
    """Label of the channel."""
    language: str | None
    """ISO code of the language that most of the words are in."""
    start_time: float
    """Seconds from the start of the audio to the first word or mark."""
    end_time: float
    """Seconds from the start of the audio to the end of the last."""
    text: str
    """The words with their marks."""
    words: int
    """How many words there are."""


PASSAGE_COLUMNS: dict[str, type[str] | type[float] | type[int]] = {
    "transcript_id": str,
    "speaker": str,
    "channel": str,
    "language": str,
    "start_time": float,
    "end_time": float,
    "text": str,
    "words": int,
}
"""The columns of a `PassageRecord` in their order, and what they hold where they are not None."""


def to_records(transcript: Results, transcript_id: str | None = None) -> Iterator[WordRecord]:
    """One flat dict per word; see `Transcript.to_records`."""
    for word in transcript.words():
        for reading in (word.alternatives or ())[:1]:
            yield {
                "transcript_id": transcript_id,
                "content": reading.content,
                "start_time": word.start_time,
                "end_time": word.end_time,
                "confidence": reading.confidence,
                "language": reading.language,
                "speaker": reading.speaker,
                "channel": word.channel,
                "entity_class": word.entity_class,
                "volume": word.volume,
                "tags": ",".join(reading.tags or ()),
            }


def passage_records(passages: Iterable[Passage], transcript_id: str | None) -> Iterator[PassageRecord]:
    """One flat dict per passage."""
    for passage in passages:
        yield {
            "transcript_id": transcript_id,
            "speaker": passage.speaker,
            "channel": passage.channel,
            "language": passage.language,
            "start_time": passage.start,
            "end_time": passage.end,
            "text": passage.text,
            "words": len(passage.words),
        }
