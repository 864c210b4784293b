"""How readable the subtitles of 44 hours of synthetic calls are: `python -m tests.trials.subtitles --hours 44`.

The corpus is made by a seeded generator, of sentences whose lengths, pauses and rates are those of telephone calls, so
that figures of two versions of the renderer can be compared. Counted are cues that are gone before they can be read,
single words at the end of a divided sentence, overlaps, and lines that are too long.
"""

from __future__ import annotations

import argparse
import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from speechmatics import Transcript

__all__ = ["Count", "count_all"]

SEED = 44
CALL = 600.0
"""Seconds of a call."""
LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
SENTENCE_ENDS = (".", "?", "!")
_CUE = re.compile(r"(\d+):(\d\d):(\d\d),(\d{3}) --> (\d+):(\d\d):(\d\d),(\d{3})\n((?:.+\n)+)")


@dataclass
class Count:
    """What is counted of subtitles.

    Attributes:
        cues: All cues.
        below_half: Cues of a divided sentence that are shown for less than 0.5 s.
        below_readable: Those that are shown for less than 0.83 s, the former among them.
        tails: Cues of one word that end a divided sentence.
        longest: Seconds that the longest cue is shown.
        overlaps: Cues that begin before the one before has ended.
        long_lines: Lines of more characters than allowed.
    """

    cues: int = 0
    below_half: int = 0
    below_readable: int = 0
    tails: int = 0
    longest: float = 0.0
    overlaps: int = 0
    long_lines: int = 0

    def add(self, other: Count) -> None:
        """Counts what another has counted."""
        self.cues += other.cues
        self.below_half += other.below_half
        self.below_readable += other.below_readable
        self.tails += other.tails
        self.longest = max(self.longest, other.longest)
        self.overlaps += other.overlaps
        self.long_lines += other.long_lines


def calls(hours: float, seed: int = SEED) -> Iterator[Transcript]:
    """The calls of the corpus, each of ten minutes."""
    for number in range(math.ceil(hours * 3600 / CALL)):
        yield Transcript.model_validate(_call(random.Random(f"{seed}-{number}")))


def _call(chance: random.Random) -> dict[str, Any]:
    results: list[dict[str, Any]] = []
    clock, speaker = chance.uniform(0, 2), 1
    rate = chance.uniform(0.85, 1.25)
    while clock < CALL:
        if chance.random() < 0.45:
            speaker = 3 - speaker
        length = min(80, max(1, round(chance.lognormvariate(2.2, 0.85))))
        for position in range(length):
            word = "".join(chance.choices(LETTERS, weights=range(26, 0, -1), k=_letters(chance)))
            seconds = round((0.07 + 0.055 * len(word)) * rate * chance.uniform(0.7, 1.4), 2)
            results.append(_item("word", word, clock, clock + seconds, speaker))
            clock = round(clock + seconds, 2)
            is_last = position == length - 1
            if is_last or chance.random() < 0.09:
                mark = chance.choices(SENTENCE_ENDS, weights=(8, 2, 1))[0] if is_last else ","
                results.append(_item("punctuation", mark, clock, clock, speaker) | {"is_eos": is_last})
            pauses = (0.0, 0.05, 0.35, 0.9) if not is_last else (0.1, 0.4, 0.9, 2.5)
            clock = round(clock + chance.choices(pauses, weights=(60, 30, 8, 2))[0] * chance.uniform(0.5, 1.2), 2)
    return {"format": "2.9", "metadata": {"type": "transcription"}, "results": results}


def _letters(chance: random.Random) -> int:
    return min(16, max(1, round(chance.lognormvariate(1.35, 0.5))))


def _item(kind: str, content: str, start: float, end: float, speaker: int) -> dict[str, Any]:
    reading = {"content": content, "confidence": 0.9, "language": "en", "speaker": f"S{speaker}"}
    return {"type": kind, "start_time": start, "end_time": end, "alternatives": [reading]}


def count(srt: str, line_length: int = 37) -> Count:
    """What there is of each kind in subtitles of the format SRT."""
    found = Count()
    ended, is_within = 0.0, False
    for parts in _CUE.findall(srt):
        start, end = _seconds(parts[:4]), _seconds(parts[4:8])
        lines = parts[8].splitlines()
        ends = lines[-1].endswith(SENTENCE_ENDS)
        is_divided = is_within or not ends
        found.cues += 1
        found.below_half += is_divided and end - start < 0.5
        found.below_readable += is_divided and end - start < 0.83
        found.tails += is_within and ends and len(" ".join(lines).split()) == 1
        found.longest = max(found.longest, end - start)
        found.overlaps += start < ended
        found.long_lines += sum(len(line) > line_length for line in lines)
        ended, is_within = end, not ends
    return found


def count_all(hours: float) -> Count:
    """What there is of each kind in the subtitles of so many hours."""
    whole = Count()
    for call in calls(hours):
        whole.add(count(call.to_srt()))
    return whole


def _seconds(clock: list[str]) -> float:
    hours, minutes, seconds, milliseconds = map(int, clock)
    return (hours * 3600 + minutes * 60 + seconds) + milliseconds / 1000


def main() -> None:
    """Counts, and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=44.0)
    print(count_all(parser.parse_args().hours))


if __name__ == "__main__":
    main()
