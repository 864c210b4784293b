"""Words joined with the marks that attach to them: what text, turns and subtitles are all made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from speechmatics.models.results import RecognitionAlternative, RecognitionMetadata, RecognitionResult

__all__ = ["Fragments", "Results", "Writing", "fragments", "fragments_by_channel"]

_SENTENCE_MARKS = frozenset(".?!\u2026\u3002\uff0e\uff1f\uff01\u061f\u06d4\u0964")
"""Marks that end a sentence where the service does not say (`is_eos` is missing), in Chinese, Arabic and Hindi too."""


_RENDERED = frozenset(["word", "punctuation", "entity"])
"""Types of results that are text; those to come can be passed over (documentation)."""


class Results(Protocol):
    """What is rendered: a `Transcript`, or anything that has its results and says how they are written."""

    @property
    def metadata(self) -> RecognitionMetadata | None:
        """How the transcript was made."""
        ...

    @property
    def results(self) -> Sequence[RecognitionResult]:
        """Words, punctuation and entities in order."""
        ...

    def words(self) -> Iterator[RecognitionResult]:
        """The words in order, each of type `word`."""
        ...


class Writing:
    """How the languages of a transcript are written."""

    def __init__(self, transcript: Results) -> None:
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

    def is_right_to_left(self, language: str | None, result: RecognitionResult) -> bool:
        """Whether the text around a result runs from right to left; as the result says if the metadata do not."""
        direction = self._directions.get(language or "") or self._direction
        if direction is not None:
            return direction == "right-to-left"
        display = result.alternatives[0].display if result.alternatives else None
        return display is not None and display.direction == "rtl"


@dataclass(slots=True)
class Fragments:
    """Words with their marks, as columns of equal length, because a transcript has very many words.

    A mark that attaches to no word before it is a fragment of its own.
    """

    texts: list[str] = field(default_factory=list[str])
    """Content, with the marks attached behind."""
    heads: list[RecognitionResult] = field(default_factory=list["RecognitionResult"])
    """The result that each fragment begins with."""
    languages: list[str | None] = field(default_factory=list[str | None])
    """ISO code of the language of the head."""
    speakers: list[str | None] = field(default_factory=list[str | None])
    """Speaker of the head; a free mark without one has its neighbour's."""
    channels: list[str | None] = field(default_factory=list[str | None])
    """Channel of the head."""
    glues: list[str] = field(default_factory=list[str])
    """What stands before each fragment, unless a line or a block begins there."""
    attached: set[int] = field(default_factory=set[int])
    """Fragments that a mark ties to the one before."""
    sentence_ends: set[int] = field(default_factory=set[int])
    """Fragments that end a sentence."""
    clause_ends: set[int] = field(default_factory=set[int])
    """Fragments with a mark behind them."""

    def append(self, other: Fragments, first: int, last: int) -> None:
        """Adds fragments `first` up to, but not including, `last` of another channel; nothing ties across."""
        shift = len(self.texts) - first
        self.texts += other.texts[first:last]
        self.heads += other.heads[first:last]
        self.languages += other.languages[first:last]
        self.speakers += other.speakers[first:last]
        self.channels += other.channels[first:last]
        self.attached.update(index + shift for index in other.attached.intersection(range(first + 1, last)))
        self.sentence_ends.update(index + shift for index in other.sentence_ends.intersection(range(first, last)))
        self.clause_ends.update(index + shift for index in other.clause_ends.intersection(range(first, last)))

    def joined(self, first: int, last: int) -> str:
        """The text from fragment `first` up to, but not including, `last`."""
        while first < last and not self.texts[first]:
            first += 1
        if first == last:
            return ""
        glued = [glue + text for glue, text in zip(self.glues[first:last], self.texts[first:last], strict=True) if text]
        return "".join(glued)[len(self.glues[first]) :]


def fragments(transcript: Results, writing: Writing) -> Fragments:
    """The fragments of a transcript in the order of its results; marks attach within their own channel."""
    results = [*transcript.results]
    parts = fragments_by_channel(results, writing)
    if len(parts) == 1:
        return next(iter(parts.values()))
    merged = Fragments()
    taken = dict.fromkeys(parts, 0)
    for channel, run in groupby(results, attrgetter("channel")):
        part = parts[channel]
        first = last = taken[channel]
        for result in run:
            if last < len(part.heads) and part.heads[last] is result:
                last += 1
        taken[channel] = last
        merged.append(part, first, last)
    merged.glues = _glues(merged, writing)
    return merged


def fragments_by_channel(results: Sequence[RecognitionResult], writing: Writing) -> dict[str | None, Fragments]:
    """The fragments of each channel; one item where there are no channels."""
    channel = results[0].channel if results else None
    whole = _fragments(results, channel, writing)
    if whole is not None:
        return {channel: whole}
    by_channel: dict[str | None, list[RecognitionResult]] = {}
    for result in results:
        by_channel.setdefault(result.channel, []).append(result)
    return {channel: _fragments(own, channel, writing) or Fragments() for channel, own in by_channel.items()}


def _fragments(results: Sequence[RecognitionResult], channel: str | None, writing: Writing) -> Fragments | None:
    """The fragments of one channel, or None as soon as a result is of another."""
    made = Fragments()
    texts, heads, languages, speakers = made.texts, made.heads, made.languages, made.speakers
    free_marks: list[int] = []
    tied = False
    for result in results:
        if result.channel != channel:
            return None
        alternatives = result.alternatives
        reading = alternatives[0] if alternatives else _written(result, writing)
        kind = result.type
        if reading is None or kind not in _RENDERED:
            continue
        ties = False
        if kind == "punctuation":
            side = result.attaches_to
            ties = side in ("next", "both")
            stands_free = not texts or side in ("next", "none")
            if result.is_eos or (result.is_eos is None and not ties and reading.content in _SENTENCE_MARKS):
                made.sentence_ends.add(len(texts) if stands_free else len(texts) - 1)
            if not stands_free:
                made.clause_ends.add(len(texts) - 1)
                texts[-1] += reading.content
                tied = ties
                continue
            free_marks.append(len(texts))
        if tied:
            made.attached.add(len(texts))
        tied = ties
        texts.append(reading.content)
        heads.append(result)
        languages.append(reading.language)
        speakers.append(reading.speaker)
    made.channels = [channel] * len(texts)
    _give_speakers(free_marks, made)
    made.glues = _glues(made, writing)
    return made


def _written(result: RecognitionResult, writing: Writing) -> RecognitionAlternative | None:
    """The reading of an entity that has none of its own, from its written form."""
    readings = [word.alternatives[0] for word in result.words() if word.alternatives]
    if not readings:
        return None
    content = writing.delimiter(readings[0].language).join([reading.content for reading in readings])
    return readings[0].model_copy(update={"content": content})


def _give_speakers(free_marks: list[int], made: Fragments) -> None:
    """A mark that stands before a word and has no speaker gets that of the word, another that of the word before."""
    speakers = made.speakers
    for index in reversed(free_marks):
        if speakers[index] is None and (index == 0 or index + 1 in made.attached) and index + 1 < len(speakers):
            speakers[index] = speakers[index + 1]
    for index in free_marks:
        if speakers[index] is None and index > 0:
            speakers[index] = speakers[index - 1]


def _glues(made: Fragments, writing: Writing) -> list[str]:
    languages = made.languages
    delimiters = {writing.delimiter(language) for language in set(languages)}
    if len(delimiters) == 1:
        glues = [*delimiters] * len(languages)
    else:
        glues = ["", *(writing.between(left, right) for left, right in pairwise(languages))][: len(languages)]
    for index in made.attached:
        glues[index] = ""
    return glues
