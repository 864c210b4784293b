"""Error rates of transcripts against what was said (extra `evaluate`, which is jiwer)."""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from speechmatics import _installation as _installation
from speechmatics.exceptions import InvalidInputError, MissingExtraError
from speechmatics.models.transcript import Transcript

__all__ = ["NORMALIZATION", "Evaluation", "evaluate", "evaluate_all", "normalize"]

NORMALIZATION = "NFKC, lower case, letters, digits and apostrophes within words"
"""What is done to both texts before they are compared."""
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How far a text is from what was said.

    Attributes:
        words: Words that were said.
        hits: Words that were heard as they were said.
        substitutions: Words that were heard as others.
        deletions: Words that were not heard.
        insertions: Words that were heard and not said.
        characters: Characters that were said.
        character_errors: Substitutions, deletions and insertions of characters.
        alignment: Both texts, one above the other, with the errors marked; empty where several were added up.
    """

    words: int
    hits: int
    substitutions: int
    deletions: int
    insertions: int
    characters: int
    character_errors: int
    alignment: str = field(default="", repr=False, compare=False)

    @property
    def wer(self) -> float:
        """Word error rate: errors a word that was said; it may be above 1. 0 where nothing was said or heard."""
        return _rate(self.substitutions + self.deletions + self.insertions, self.words)

    @property
    def cer(self) -> float:
        """Character error rate, likewise."""
        return _rate(self.character_errors, self.characters)

    def __add__(self, other: Evaluation) -> Evaluation:
        """Both together, each word and character counting the same."""
        return Evaluation(
            self.words + other.words,
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.characters + other.characters,
            self.character_errors + other.character_errors,
        )

    def to_dict(self) -> dict[str, float]:
        """The rates and the counts."""
        return {
            "wer": self.wer,
            "cer": self.cer,
            "words": self.words,
            "hits": self.hits,
            "substitutions": self.substitutions,
            "deletions": self.deletions,
            "insertions": self.insertions,
            "characters": self.characters,
            "character_errors": self.character_errors,
        }


def normalize(text: str) -> str:
    """A text as it is compared: see `NORMALIZATION`.

    Example:
        >>> normalize("Don't PANIC - it's 3.5%!")
        "don't panic it's 3 5"
    """
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).lower())).replace("\u2019", "'")


def evaluate(hypothesis: str | Transcript, reference: str) -> Evaluation:
    """Compares what was heard with what was said.

    Args:
        hypothesis: A text, or a transcript.
        reference: What was said.

    Raises:
        InvalidInputError: The reference has no word.
        MissingExtraError: The extra is not installed.
    """
    if importlib.util.find_spec("jiwer") is None:
        raise MissingExtraError("evaluation", "evaluate")
    import jiwer

    said = normalize(reference)
    if not said:
        raise InvalidInputError("the reference has no word")
    heard = normalize(hypothesis if isinstance(hypothesis, str) else hypothesis.to_text())
    words = jiwer.process_words(said, heard)
    characters = jiwer.process_characters(said, heard)
    return Evaluation(
        words=words.hits + words.substitutions + words.deletions,
        hits=words.hits,
        substitutions=words.substitutions,
        deletions=words.deletions,
        insertions=words.insertions,
        characters=characters.hits + characters.substitutions + characters.deletions,
        character_errors=characters.substitutions + characters.deletions + characters.insertions,
        alignment=jiwer.visualize_alignment(words, show_measures=False).strip(),
    )


def evaluate_all(pairs: Iterable[tuple[str | Transcript, str]]) -> Evaluation:
    """Compares many and adds them up, so that a long recording counts for more than a short one.

    Args:
        pairs: What was heard and what was said.

    Raises:
        InvalidInputError: There is none, or a reference has no word.
        MissingExtraError: The extra is not installed.
    """
    total: Evaluation | None = None
    for hypothesis, reference in pairs:
        one = evaluate(hypothesis, reference)
        total = one if total is None else total + one
    if total is None:
        raise InvalidInputError("there is nothing to compare")
    return total


def _rate(errors: int, said: int) -> float:
    return errors / said if said else 0.0
