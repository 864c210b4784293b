"""Words as the model gives them, made the results of json-v2."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Word", "to_results"]

_OPENING = "\"'([{\u201c\u2018\u00bf\u00a1"
_CLOSING = "\"')]}\u201d\u2019,.:;!?\u2026"
_SENTENCE_ENDS = ".!?\u2026"
_MARKS = re.compile(r"\.{3,}|.")
"""The marks after a word; three dots are one."""
_SHORTEST_WORD = 10
"""Milliseconds that a word lasts at least."""
_LONGEST_WORD, _LONGEST_LETTER = 1000, 250
"""Milliseconds that a word lasts at most, and for each of its characters."""
_PAUSE = 1000
"""Milliseconds after which a piece continues nothing."""


class Word(Protocol):
    """A word as the model gives it."""

    @property
    def word(self) -> str:
        """The text, with the marks and the white space around it."""
        ...

    @property
    def start(self) -> float:
        """Where it begins, in seconds."""
        ...

    @property
    def end(self) -> float:
        """Where it ends, in seconds."""
        ...

    @property
    def probability(self) -> float:
        """How sure the model is, 0 to 1."""
        ...


def to_results(
    words: Iterable[Word], duration: float, language: str = "en", *, are_joined: bool = True
) -> Iterator[dict[str, Any]]:
    """Words and, as items of their own, the marks around them; times in order and within the audio.

    A piece without a space before it continues the word before it, if pieces are to be joined. Every word has a length
    where the audio has a hundredth of a second for each, and none lasts longer than a second and a quarter of one for
    each of its letters.
    """
    spoken = list(_without_stray_marks(_joined(words, are_joined=are_joined)))
    total = int(duration * 1000)
    least = min(_SHORTEST_WORD, total // max(len(spoken), 1))
    clock = 0
    for left, word in zip(range(len(spoken) - 1, -1, -1), spoken, strict=True):
        first = min(max(word.start, clock), total - least * (left + 1))
        last = min(max(word.end, first + least), total - least * left)
        clock = last
        start, end = first / 1000, last / 1000
        for mark in word.before:
            yield _mark(mark, start, word.confidence, "next", language)
        if word.core:
            yield {
                "type": "word",
                "start_time": start,
                "end_time": end,
                "alternatives": _reading(word.core, word.confidence, language),
            }
        for mark in _MARKS.findall(word.after):
            yield _mark(mark, end, word.confidence, "previous", language)


@dataclass(slots=True)
class _Spoken:
    """A word with the marks around it; times in milliseconds."""

    text: str
    start: int
    end: int
    confidence: float

    @property
    def core(self) -> str:
        return self.text.lstrip(_OPENING).rstrip(_CLOSING)

    @property
    def before(self) -> str:
        return self.text.split(self.core, 1)[0] if self.core else ""

    @property
    def after(self) -> str:
        return self.text.split(self.core, 1)[1] if self.core else self.text


def _joined(pieces: Iterable[Word], *, are_joined: bool) -> Iterator[_Spoken]:
    """The pieces of the model as whole words: `$1` and `,000`, `o` and `'clock` are one each."""
    word: _Spoken | None = None
    for piece in pieces:
        text = piece.word.strip()
        start, end = round(float(piece.start) * 1000), round(float(piece.end) * 1000)
        confidence = float(piece.probability)
        confidence = 0.0 if math.isnan(confidence) else min(max(confidence, 0.0), 1.0)
        continues = are_joined and bool(text) and not piece.word[0].isspace()
        if word is not None and continues and start - word.end < _PAUSE:
            word.text += text
            word.end = max(word.end, end)
            word.confidence = min(word.confidence, confidence)
        elif text:
            if word is not None:
                yield word
            word = _Spoken(text, start, end, confidence)
    if word is not None:
        yield word


def _without_stray_marks(words: Iterable[_Spoken]) -> Iterator[_Spoken]:
    """Leaves out what has no letter or digit and follows a mark, or nothing; shortens what is too long for a word."""
    follows_mark = True
    for word in words:
        if follows_mark and not any(character.isalnum() for character in word.text):
            continue
        # The model counts a pause to the word after it (39 of 43 pauses of 1.6 s that were put between two words).
        word.start = max(word.start, word.end - _LONGEST_WORD - _LONGEST_LETTER * len(word.core))
        follows_mark = bool(word.after)
        yield word


def _mark(mark: str, time: float, confidence: float, attaches_to: str, language: str) -> dict[str, Any]:
    return {
        "type": "punctuation",
        "start_time": time,
        "end_time": time,
        "attaches_to": attaches_to,
        "is_eos": mark[-1] in _SENTENCE_ENDS,
        "alternatives": _reading(mark, confidence, language),
    }


def _reading(content: str, confidence: float, language: str) -> list[dict[str, Any]]:
    return [{"content": content, "confidence": round(confidence, 3), "language": language}]
