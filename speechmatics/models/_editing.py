"""Transcripts made of others, as the wire's JSON: other names, other times, a part, several in one.

What is not known of a transcript is kept where it stands beside what is known. What is said of the whole, as a summary
is, holds no longer for a part or for several, and is left out of those.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from typing_extensions import TypeIs

from speechmatics._errors import InvalidInputError
from speechmatics._names import did_you_mean
from speechmatics.rendering.text import UNKNOWN_SPEAKER

__all__ = ["Wire", "joined", "length_of", "renamed", "shifted", "sliced"]

Wire = dict[str, Any]
"""A transcript, or a part of it, as JSON has it."""

_LISTS = ("results", "audio_events", "chapters")
"""What has times, beside the sentences of translations."""
_OF_THE_WHOLE = ("summary", "audio_event_summary", "language_identification", "sentiment_analysis", "topics")
_COUNTED_SPEAKER = re.compile(r"S(\d+)")


def renamed(data: Wire, names: Mapping[str, str]) -> Wire:
    """The transcript with other speakers.

    Raises:
        InvalidInputError: A speaker is not in the transcript, or has no new name.
    """
    known = sorted(set(_speakers(data)))
    for old, new in names.items():
        if old not in known:
            hint = did_you_mean(old, tuple(known)) or f"; there are {', '.join(known) or 'none'}"
            raise InvalidInputError(f"no speaker is named {old!r}{hint}")
        if not new.strip():
            raise InvalidInputError(f"the new name of speaker {old} must not be empty")

    def rename(node: Wire) -> None:
        if isinstance(node.get("speaker"), str):
            node["speaker"] = names.get(node["speaker"], node["speaker"])
        if "speaker_identifiers" in node and isinstance(node.get("label"), str):
            node["label"] = names.get(node["label"], node["label"])

    return _copied(data, rename)


def shifted(data: Wire, seconds: float) -> Wire:
    """The transcript with times so many seconds later, or earlier if below 0.

    Raises:
        InvalidInputError: A time would be below 0, or the seconds are not finite.
    """
    if isinstance(seconds, bool) or not math.isfinite(seconds):
        raise InvalidInputError(f"seconds must be a finite number, not {seconds!r}")

    def shift(node: Wire) -> None:
        for name in ("start_time", "end_time"):
            if _is_number(node.get(name)):
                time = round(node[name] + seconds, 3)
                if time < 0:
                    raise InvalidInputError(f"shifted by {seconds:g} s, a time of {node[name]:g} s would be below 0")
                node[name] = time

    copy = _copied(data, shift)
    job = copy.get("job")
    if _is_object(job) and _is_number(job.get("duration")):
        job["duration"] = max(round(job["duration"] + seconds, 3), 0)
    return copy


def sliced(data: Wire, start: float, end: float) -> Wire:
    """What begins from `start` on and before `end`; a mark stays with the word that it attaches to.

    Raises:
        InvalidInputError: `start` is below 0, or `end` not above it.
    """
    if not 0 <= start < end:
        raise InvalidInputError(f"start and end must be seconds, 0 <= start < end, not {start!r} and {end!r}")
    kept: dict[object, bool] = {}

    def is_within(node: Wire) -> bool:
        time = node.get("start_time")
        return _is_number(time) and start <= time < end

    def is_kept(result: Wire) -> bool:
        channel = result.get("channel")
        follows = result.get("type") == "punctuation" and result.get("attaches_to") in (None, "previous", "both")
        if not (follows and channel in kept):
            kept[channel] = is_within(result)
        return kept[channel]

    def cut(name: str, items: list[Wire]) -> list[Wire]:
        return [item for item in items if (is_kept if name == "results" else is_within)(item)]

    return _with_parts(data, cut)


def joined(parts: Sequence[Wire], offsets: Sequence[float], *, same_speakers: bool) -> Wire:
    """The parts as one transcript, each so many seconds later; see `Transcript.join`."""
    later = [shifted(part, offset) for part, offset in zip(parts, offsets, strict=True)]
    if not same_speakers:
        later = list(_with_speakers_apart(later))
    whole = _with_parts(later[0], lambda name, items: items)
    for part in later[1:]:
        for name in (*_LISTS, "speakers"):
            if name in part or name in whole:
                whole[name] = [*(whole.get(name) or []), *(part.get(name) or [])]
        for language, sentences in _translations(part):
            translations = whole.setdefault("translations", {})
            translations[language] = [*translations.get(language, []), *sentences]
    speakers: list[Wire] = whole.get("speakers") or []
    if speakers:
        whole["speakers"] = list({speaker.get("label"): speaker for speaker in reversed(speakers)}.values())[::-1]
    job, last = whole.get("job"), later[-1].get("job")
    if _is_object(job) and "duration" in job:
        # Each was shifted with its transcript, so that the last one's is that of the whole.
        job["duration"] = last.get("duration") if _is_object(last) else length_of(later[-1])
    return whole


def length_of(data: Wire) -> float:
    """Seconds of audio that a transcript is of: its duration, or where its last result ends if that is later."""
    ends: list[float] = [result["end_time"] for result in data["results"] if _is_number(result.get("end_time"))]
    job = data.get("job")
    duration = job.get("duration") if _is_object(job) else None
    return max([*ends, duration if _is_number(duration) else 0.0])


def _with_speakers_apart(parts: Sequence[Wire]) -> Iterator[Wire]:
    """`S1` of one part is not `S1` of the next, which counts on; names are the same person in each."""
    highest = 0
    for part in parts:
        numbers = {name: int(found[1]) for name in set(_speakers(part)) if (found := _COUNTED_SPEAKER.fullmatch(name))}
        yield renamed(part, {name: f"S{number + highest}" for name, number in numbers.items()}) if highest else part
        highest += max(numbers.values(), default=0)


def _with_parts(data: Wire, change: Callable[[str, list[Wire]], list[Wire]]) -> Wire:
    """A copy whose lists with times are changed, without what is said of the whole."""
    copy = _copied({name: value for name, value in data.items() if name not in _OF_THE_WHOLE}, lambda node: None)
    for name in _LISTS:
        if isinstance(copy.get(name), list):
            copy[name] = change(name, copy[name])
    for language, sentences in _translations(copy):
        copy["translations"][language] = change("translations", sentences)
    return copy


def _translations(data: Wire) -> list[tuple[str, list[Wire]]]:
    translations: dict[str, list[Wire]] = data.get("translations") or {}
    return list(translations.items())


def _speakers(data: object) -> Iterator[str]:
    if _is_object(data):
        speaker = data.get("speaker")
        if isinstance(speaker, str) and speaker != UNKNOWN_SPEAKER:
            yield speaker
        if "speaker_identifiers" in data and isinstance(data.get("label"), str):
            yield data["label"]
        yield from chain.from_iterable(map(_speakers, data.values()))
    elif _is_list(data):
        yield from chain.from_iterable(map(_speakers, data))


def _copied(data: Wire, change: Callable[[Wire], None]) -> Wire:
    """A deep copy, each object of which is changed; the configurations in the metadata are left alone."""

    def of(value: object) -> object:
        if _is_object(value):
            return _copied(value, change)
        return [of(item) for item in value] if _is_list(value) else value

    copy = {name: value if name == "metadata" else of(value) for name, value in data.items()}
    change(copy)
    return copy


def _is_object(value: object) -> TypeIs[Wire]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeIs[list[object]]:
    return isinstance(value, list)


def _is_number(value: object) -> TypeIs[float | int]:
    return isinstance(value, int | float) and not isinstance(value, bool)
