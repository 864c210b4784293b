"""What a transcript looks like to people and to tables: text, subtitles, speaker turns, records, Arrow.

`Transcript` has a method for each function of this package, and documents it.
"""

from speechmatics import _installation as _installation
from speechmatics.rendering.reading import Confidence, Match, confidence, search
from speechmatics.rendering.records import (
    PASSAGE_COLUMNS,
    WORD_COLUMNS,
    PassageRecord,
    WordRecord,
    passage_records,
    to_records,
)
from speechmatics.rendering.subtitles import to_srt, to_vtt
from speechmatics.rendering.text import UNKNOWN_SPEAKER, Passage, Turn, paragraphs, sentences, to_text, turns

__all__ = [
    "PASSAGE_COLUMNS",
    "UNKNOWN_SPEAKER",
    "WORD_COLUMNS",
    "Confidence",
    "Match",
    "Passage",
    "PassageRecord",
    "Turn",
    "WordRecord",
    "confidence",
    "paragraphs",
    "passage_records",
    "search",
    "sentences",
    "to_records",
    "to_srt",
    "to_text",
    "to_vtt",
    "turns",
]
