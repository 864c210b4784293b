"""Transcripts that are damaged at random, the same for the same number."""

from __future__ import annotations

import copy
import random
from typing import Any

from typing_extensions import TypeIs

__all__ = ["WHOLE", "damaged_transcript", "is_list", "is_object"]

Document = dict[str, Any]


def _reading(content: str, speaker: str, **more: Any) -> Document:
    return {"content": content, "confidence": 0.9, "language": "en", "speaker": speaker, **more}


def _item(kind: str, start: float, end: float, content: str, channel: str = "Agent", **more: Any) -> Document:
    speaker = "S1" if channel == "Agent" else "S2"
    reading = _reading(content, speaker, **more.pop("reading", {}))
    return {
        "type": kind,
        "start_time": start,
        "end_time": end,
        "channel": channel,
        "alternatives": [reading],
        **more,
    }


def _form(kind: str, start: float, end: float, content: str) -> Document:
    return {"type": kind, "start_time": start, "end_time": end, "alternatives": [_reading(content, "S1")]}


_RESULTS: list[Document] = [
    _item("punctuation", 0.0, 0.0, "\u00bf", attaches_to="next", is_eos=False),
    _item("word", 0.0, 0.4, "Qu\u00e9", reading={"tags": ["disfluency"], "display": {"direction": "ltr"}}),
    _item("word", 0.2, 0.7, "hello", "Caller", volume=40.5),
    _item("word", 0.4, 0.9, "again", volume=60),
    _item("punctuation", 0.9, 0.9, ",", attaches_to="previous", is_eos=False),
    _item("punctuation", 0.7, 0.7, ".", "Caller", attaches_to="previous", is_eos=True),
    _item(
        "entity",
        1.0,
        2.0,
        "21 May",
        entity_class="date",
        written_form=[_form("word", 1.0, 1.5, "21"), _form("word", 1.5, 2.0, "May")],
        spoken_form=[_form("word", 1.0, 1.3, "twenty"), _form("word", 1.3, 1.6, "one"), _form("word", 1.6, 2.0, "May")],
    ),
    {"type": "speaker_change", "start_time": 2.0, "end_time": 2.0, "score": 0.5},
    _item("word", 2.0, 2.5, "yes", "Caller"),
    _item("word", 2.5, 3.0, "no", is_eos=None),
    _item("punctuation", 3.0, 3.0, ".", attaches_to="previous", is_eos=True),
]

WHOLE: Document = {
    "format": "2.9",
    "job": {"id": "abc", "created_at": "2026-01-01T00:00:00.123Z", "data_name": "a.wav", "duration": 3},
    "metadata": {
        "created_at": "2026-01-01T00:00:05.123Z",
        "type": "transcription",
        "transcription_config": {
            "language": "en",
            "diarization": "channel",
            "channel_diarization_labels": ["Agent", "Caller"],
        },
        "language_pack_info": {"word_delimiter": " ", "writing_direction": "left-to-right"},
    },
    "results": _RESULTS,
    "translations": {"de": [{"start_time": 0.0, "end_time": 1.0, "content": "Ja", "speaker": "S1"}]},
    "chapters": [{"title": "One", "summary": "All.", "start_time": 0.0, "end_time": 3.0}],
    "sentiment_analysis": {
        "segments": [{"text": "yes", "sentiment": "neutral", "start_time": 0.0, "end_time": 1.0, "confidence": 0.7}],
        "summary": {"overall": {"neutral_count": 1}},
    },
    "audio_events": [
        {"type": "music", "start_time": 0.0, "end_time": 1.0, "confidence": 0.5, "channel": "Caller"},
    ],
}
"""Nothing is wrong with it."""

_VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2.5, -0.001, 1.01, 101, 3.5, 9.0, 1e300, 10**20, 10**400),
    *(
        "",
        "word",
        "entity",
        "punctuation",
        "previous",
        "next",
        "both",
        "UU",
        "Other",
        "x" * 150,
        "1.5",
        'a":b',
        'c" :d',
    ),
    *([], {}, [None], [[]], ["word"], {"type": "word"}, {"a": {"b": [1]}}, [{"content": "a"}]),
]


def damaged_transcript(number: int) -> Document:
    """The transcript, changed in one to three places."""
    chance = random.Random(number)
    document = copy.deepcopy(WHOLE)
    for _ in range(chance.randint(1, 3)):
        _damage(document, chance)
    return document


def _damage(document: Any, chance: random.Random) -> None:
    # Results are most of a transcript, and most of what is damaged.
    where = document["results"] if is_list(document.get("results")) and chance.random() < 0.8 else document
    owner, key = chance.choice(_members(where) or _members(document))
    value = owner[key]
    change = chance.choice(["replace", "replace", "drop", "add", "scale", "swap", "repeat"])
    if change == "drop":
        del owner[key]
    elif change == "add" and is_object(owner):
        owner[chance.choice(["nwe", "typ", "score", "channel", "volume", "tags"])] = chance.choice(_VALUES)
    elif change == "scale" and isinstance(value, int | float) and abs(value) < 1e9:
        owner[key] = value * chance.choice([-1, 0, 0.5, 2, 10])
    elif change == "swap" and is_list(owner):
        other = chance.randrange(len(owner))
        owner[key], owner[other] = owner[other], value
    elif change == "repeat" and is_list(owner):
        owner.insert(key, copy.deepcopy(value))
    else:
        owner[key] = copy.deepcopy(chance.choice(_VALUES))


def _members(value: Any) -> list[tuple[Any, Any]]:
    """All that is within a value, as what holds it and its key or index."""
    found: list[tuple[Any, Any]] = []
    for key in value if is_object(value) else range(len(value)) if is_list(value) else ():
        found.append((value, key))
        found += _members(value[key])
    return found


def is_object(value: object) -> TypeIs[dict[Any, Any]]:
    """Whether a value is an object of JSON."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeIs[list[Any]]:
    """Whether a value is an array of JSON."""
    return isinstance(value, list)
