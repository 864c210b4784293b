"""Words joined with the marks that attach to them: what text, turns and subtitles are all made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speechmatics.models.transcript import RecognitionAlternative, RecognitionResult, Transcript

__all__ = ["Fragments", "Writing", "fragments", "fragments_by_channel"]

_SENTENCE_MARKS = frozenset(".?!\u2026\u3002\uff0e\uff1f\uff01\u061f\u06d4\u0964")
"""Marks that end a sentence where the service does not say (`is_eos` is missing), in Chinese, Arabic and Hindi too."""


class Writing:
    """How the languages of a transcript are written."""

    def __init__(self, transcript: Transcript) -> None:
        info = transcript.metadata.language_pack_info if transcript.metadata else None
        common = info.word_delimiter if info else None
        self._delimiter = " " if common is None else common
        self._delimiters = (info.per_language_word_delimiters if info else None) or {}
        self._direction = info.writing_direction if info else None
        self._directions = (info.per_language_writing_direction if info else None) or {}

    def delimiter(self, language: str | None) -> str:
        """What stands between two words of a language; a space where the transcript does not say."""
        return self._delimiters.get(language or "", self._delimiter)

    def between(self, left: str | None, right: str | None) -> str:
        """What stands between words of two languages: a delimiter if either language has one."""
        return self.delimiter(left) or self.delimiter(right)

    def is_right_to_left(self, word: RecognitionAlternative) -> bool:
        """Whether the text around a word runs from right to left."""
        direction = self._directions.get(word.language or "") or self._direction
        if direction is None:
            return word.display is not None and word.display.direction == "rtl"
        return direction == "right-to-left"


@dataclass(slots=True)
class Fragments:
    """Words with their marks, as columns of equal length, because a transcript has very many words.

    A mark that attaches to no word before it is a fragment of its own.
    """

    texts: list[str] = field(default_factory=list[str])
    """Content, with the marks attached behind."""
    heads: list[RecognitionResult] = field(default_factory=list["RecognitionResult"])
    """The result that each fragment begins with."""
    readings: list[RecognitionAlternative] = field(default_factory=list["RecognitionAlternative"])
    """The best alternative of the head."""
    channels: list[str | None] = field(default_factory=list[str | None])
    """Channel of the head."""
    speakers: list[str | None] = field(default_factory=list[str | None])
    """Speaker of the head; a free mark without one has its neighbour's."""
    glues: list[str] = field(default_factory=list[str])
    """What stands before each fragment, unless a line or a block begins there."""
    attached: set[int] = field(default_factory=set[int])
    """Fragments that a mark ties to the one before."""
    sentence_ends: set[int] = field(default_factory=set[int])
    """Fragments that end a sentence."""
    clause_ends: set[int] = field(default_factory=set[int])
    """Fragments with a mark behind them."""

    def joined(self, first: int, last: int) -> str:
        """The text from fragment `first` up to, but not including, `last`."""
        while first < last and not self.texts[first]:
            first += 1
        if first == last:
            return ""
        glued = [glue + text for glue, text in zip(self.glues[first:last], self.texts[first:last], strict=True) if text]
        return "".join(glued)[len(self.glues[first]) :]


def fragments(transcript: Transcript, writing: Writing) -> Fragments:
    """The fragments of a transcript in the order of its results; marks attach within their own channel."""
    parts = fragments_by_channel(transcript, writing)
    if len(parts) == 1:
        return parts[0]
    place = {id(result): number for number, result in enumerate(transcript.results)}
    order = sorted(
        (place[id(head)], number, index) for number, part in enumerate(parts) for index, head in enumerate(part.heads)
    )
    merged = Fragments()
    for _, number, index in order:
        part = parts[number]
        if index in part.attached and merged.heads and merged.heads[-1] is part.heads[index - 1]:
            merged.attached.add(len(merged.texts))
        merged.texts.append(part.texts[index])
        merged.heads.append(part.heads[index])
        merged.readings.append(part.readings[index])
        merged.channels.append(part.channels[index])
        merged.speakers.append(part.speakers[index])
    merged.glues = _glues(merged, writing)
    return merged


def fragments_by_channel(transcript: Transcript, writing: Writing) -> list[Fragments]:
    """The fragments of each channel; one item where there are no channels."""
    results = transcript.results
    channels = dict.fromkeys([result.channel for result in results])
    if len(channels) < 2:
        return [_fragments(results, next(iter(channels), None), writing)]
    by_channel: dict[str | None, list[RecognitionResult]] = {}
    channel: str | None = None
    for result in results:
        if result.channel is not None or result.type != "punctuation":
            channel = result.channel
        by_channel.setdefault(channel, []).append(result)
    return [_fragments(own, channel, writing) for channel, own in by_channel.items()]


def _fragments(results: Iterable[RecognitionResult], channel: str | None, writing: Writing) -> Fragments:
    made = Fragments()
    texts, heads, readings = made.texts, made.heads, made.readings
    free_marks: list[int] = []
    tied = False
    for result in results:
        kind = result.type
        if kind == "word":
            alternatives = result.alternatives
            if not alternatives:
                continue
            reading = alternatives[0]
        elif kind == "entity":
            written = _written(result, writing)
            if written is None:
                continue
            reading = written
        elif kind == "punctuation" and result.alternatives:
            reading = result.alternatives[0]
            side = result.attaches_to
            behind = bool(texts) and side not in ("next", "none")
            if behind:
                texts[-1] += reading.content
                made.clause_ends.add(len(texts) - 1)
            else:
                free_marks.append(len(texts))
                if tied:
                    made.attached.add(len(texts))
                texts.append(reading.content)
                heads.append(result)
                readings.append(reading)
            tied = side in ("next", "both")
            if result.is_eos or (result.is_eos is None and not tied and reading.content in _SENTENCE_MARKS):
                made.sentence_ends.add(len(texts) - 1)
            continue
        else:
            continue
        if tied:
            made.attached.add(len(texts))
            tied = False
        texts.append(reading.content)
        heads.append(result)
        readings.append(reading)
    made.channels = [channel] * len(texts)
    made.speakers = _speakers(made, free_marks)
    made.glues = _glues(made, writing)
    return made


def _written(entity: RecognitionResult, writing: Writing) -> RecognitionAlternative | None:
    """The best reading of an entity as written; from its written form where it has no content of its own."""
    if entity.alternatives:
        return entity.alternatives[0]
    readings = [word.alternatives[0] for word in entity.words() if word.alternatives]
    if not readings:
        return None
    content = writing.delimiter(readings[0].language).join(reading.content for reading in readings)
    return readings[0].model_copy(update={"content": content})


def _speakers(made: Fragments, free_marks: list[int]) -> list[str | None]:
    speakers = [reading.speaker for reading in made.readings]
    for index in reversed(free_marks):
        if speakers[index] is None and (index + 1 in made.attached or index == 0) and index + 1 < len(speakers):
            speakers[index] = speakers[index + 1]
    for index in free_marks:
        if speakers[index] is None and index > 0:
            speakers[index] = speakers[index - 1]
    return speakers


def _glues(made: Fragments, writing: Writing) -> list[str]:
    languages = [reading.language for reading in made.readings]
    delimiters = {writing.delimiter(language) for language in set(languages)}
    if len(delimiters) == 1:
        glues = [*delimiters] * len(languages)
    else:
        glues = ["", *(writing.between(left, right) for left, right in pairwise(languages))][: len(languages)]
    for index in made.attached:
        glues[index] = ""
    return glues
