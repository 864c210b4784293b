"""Made-up transcripts of any length, as the service writes them: words with speakers, sentences, pauses."""

from __future__ import annotations

import random
from typing import Any

__all__ = ["JOB_ID", "WORDS_AN_HOUR", "transcript"]

JOB_ID = "long"
"""The job of every transcript; a client refuses an answer about another than it asked for."""
WORDS_AN_HOUR = 9_000
"""Words of an hour of lively talk."""
_VOCABULARY = 8_000
_SYLLABLES = ("an", "ber", "co", "del", "fi", "gar", "hin", "lo", "mer", "ne", "pos", "ri", "sta", "tur", "ven", "wo")


def transcript(hours: float, seed: int = 1) -> dict[str, Any]:
    """A json-v2 transcript of three speakers; ten hours of it are 17 MB of JSON."""
    chance = random.Random(seed)
    vocabulary = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(_VOCABULARY)]
    results: list[dict[str, Any]] = []
    clock, words, speaker = 0.0, 0, "S1"
    while words < hours * WORDS_AN_HOUR:
        if chance.random() < 0.4:
            speaker = chance.choice(["S1", "S2", "S3"])
        length = chance.randint(4, 20)
        for _ in range(length):
            # Common words come more often than rare ones, as in speech.
            word = vocabulary[int(_VOCABULARY * chance.random() ** 3)]
            end = round(clock + chance.uniform(0.08, 0.5), 2)
            results.append(_result("word", clock, end, word, round(chance.uniform(0.4, 1.0), 2), speaker))
            clock = round(end + chance.choice([0.0, 0.0, 0.0, 0.06]), 2)
        mark = _result("punctuation", clock, clock, chance.choice(".....?,"), 1.0, speaker)
        results.append({**mark, "attaches_to": "previous", "is_eos": True})
        clock = round(clock + chance.choice([0.1, 0.3, 1.2]), 2)
        words += length
    return {
        "format": "2.9",
        "job": {
            "created_at": "2026-01-09T12:29:01.853047Z",
            "data_name": "meeting.wav",
            "duration": int(clock) + 1,
            "id": JOB_ID,
        },
        "metadata": {
            "created_at": "2026-01-09T12:31:46.918860Z",
            "type": "transcription",
            "transcription_config": {"language": "en", "diarization": "speaker"},
            "language_pack_info": {"word_delimiter": " ", "writing_direction": "left-to-right"},
        },
        "results": results,
    }


def _result(kind: str, start: float, end: float, content: str, confidence: float, speaker: str) -> dict[str, Any]:
    return {
        "alternatives": [{"confidence": confidence, "content": content, "language": "en", "speaker": speaker}],
        "end_time": end,
        "start_time": start,
        "type": kind,
    }
