"""The results of a transcript in time: order, overlaps, readings, entities and marks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from speechmatics.validation.report import Findings, Ordinary, Path, ProblemCode
from speechmatics.validation.source import Json

__all__ = [
    "Object",
    "Timeline",
    "Times",
    "check_order",
    "check_range",
    "clock",
    "objects",
    "text_of",
    "times_of",
]

Object = dict[str, Json]

TOLERANCE = 0.02
"""Seconds by which times may disagree: the service rounds them to hundredths."""
MAX_VOLUME = 100
"""The loudest that a result can be (specification)."""

_WORDS = frozenset({"word", "entity"})
_KNOWN = frozenset({"word", "entity", "punctuation"})


@dataclass(frozen=True, slots=True)
class Times:
    """When something begins and ends, in seconds; None where that is not a number that can be a time."""

    start: float | None
    end: float | None


def objects(data: Json, path: Path) -> Iterator[tuple[Path, Object]]:
    """The objects of a list and their places; what is no list, or no object, has been noted as of a wrong type."""
    for index, item in enumerate(data if isinstance(data, list) else ()):
        if isinstance(item, dict):
            yield (*path, index), item


def text_of(data: Json) -> str | None:
    """The value where it is a string."""
    return data if isinstance(data, str) else None


def check_range(item: Object, name: str, path: Path, findings: Findings, high: float = math.inf) -> float | None:
    """The number in a field where it is finite and from 0 to `high`; one that is not is noted."""
    number = _number(item.get(name))
    if number is None or (0 <= number <= high and number != math.inf):
        return number
    expected = "0 or more, and finite" if high == math.inf else f"from 0 to {high:g}"
    findings.add_new((*path, name), ProblemCode.OUT_OF_RANGE, f"must be {expected}")
    return None


def times_of(item: Object, path: Path, findings: Findings) -> Times:
    """The `start_time` and `end_time` of anything that has them; notes what is wrong with either."""
    start = check_range(item, "start_time", path, findings)
    end = check_range(item, "end_time", path, findings)
    if start is not None and end is not None and end < start:
        message = f"ends at {clock(end)}, before its start at {clock(start)}"
        findings.add((*path, "end_time"), ProblemCode.END_BEFORE_START, message)
    return Times(start, end)


def check_order(data: Json, path: Path, findings: Findings, group: tuple[str, ...] = ("channel",)) -> None:
    """Checks that the items of a list begin one after another, those alike in the fields `group` among themselves."""
    last: dict[tuple[str | None, ...], float] = {}
    for place, item in objects(data, path):
        start = times_of(item, place, findings).start
        if start is None:
            continue
        kind = tuple(text_of(item.get(name)) for name in group)
        _check_not_before(start, last.get(kind, 0.0), place, findings)
        last[kind] = start


@dataclass(slots=True)
class _Lane:
    """What has been said so far on one channel."""

    start: float = 0.0
    """Start of the last item."""
    entity_start: float = 0.0
    """Start of the last entity; the words it consists of may stand before or after it."""
    ends: dict[tuple[str, str | None], float] = field(default_factory=dict[tuple[str, str | None], float])
    """End of the last item by type and speaker."""
    begun: bool = False
    """Whether there is a word for a mark to attach to."""
    waiting: Path | None = None
    """A mark that attaches to what comes next, while nothing has come."""


@dataclass(slots=True)
class Timeline:
    """Examines the results one after another; afterwards it knows who spoke, where, and until when."""

    findings: Findings
    speakers: dict[str, Path] = field(default_factory=dict[str, Path])
    """Speakers of the results, and where each is named first."""
    channels: dict[str, Path] = field(default_factory=dict[str, Path])
    """Channels of the results, and where each is named first."""
    end: float = 0.0
    """End of the last word or entity in seconds."""
    _lanes: dict[str | None, _Lane] = field(default_factory=dict[str | None, _Lane])

    def examine(self, data: Json, path: Path) -> None:
        """Examines the list of results."""
        results = data if isinstance(data, list) else []
        known = self.findings.ordinary or [None] * len(results)
        for index, (result, ordinary) in enumerate(zip(results, known, strict=True)):
            if isinstance(result, dict) and not (ordinary and self._continues(ordinary)):
                self._examine_result(result, (*path, index))
        for lane in self._lanes.values():
            if lane.waiting is not None:
                self._note_unattached(lane.waiting, "next")

    def _continues(self, result: Ordinary) -> bool:
        """Takes note of a word or a mark of which there is nothing to say; says no, and does nothing, of any other.

        It comes to what `_examine_result` would, in a fifth of the time. A new speaker or channel is left to that one.
        """
        kind: str = result["type"]
        start: float | None = result["start_time"]
        end: float | None = result["end_time"]
        lane = self._lanes.get(result.get("channel"))
        if lane is None or start is None or end is None or end < start or start < lane.start - TOLERANCE:
            return False
        speaker: str | None = None
        alternatives: list[Ordinary] = result.get("alternatives") or []
        for alternative in alternatives:
            name: str | None = alternative.get("speaker")
            if not alternative["content"] or (name is not None and name not in self.speakers):
                return False
            speaker = speaker or name
        if not alternatives:
            return False
        if kind == "word":
            voice = kind, speaker
            if lane.ends.get(voice, 0.0) > start + TOLERANCE:
                return False
            lane.ends[voice] = end
            lane.begun, lane.waiting = True, None
            self.end = max(self.end, end)
        elif kind != "punctuation" or not lane.begun or result.get("attaches_to", "previous") != "previous":
            return False
        lane.start = start
        return True

    def _examine_result(self, result: Object, path: Path) -> None:
        times = times_of(result, path, self.findings)
        check_range(result, "volume", path, self.findings, MAX_VOLUME)
        kind = text_of(result.get("type")) or ""
        speaker = self._examine_readings(result, path, required=kind in _KNOWN)
        channel = text_of(result.get("channel"))
        if channel is not None and channel not in self.channels:
            self.channels[channel] = (*path, "channel")
        if kind not in _KNOWN:
            return
        lane = self._lanes.setdefault(channel, _Lane())
        if kind == "punctuation":
            self._attach(result, path, lane)
        else:
            lane.begun, lane.waiting = True, None
            self.end = max(self.end, times.end or 0.0)
        self._place(kind, speaker, times, path, lane)
        if kind == "entity":
            self._examine_forms(result, times, path)

    def _examine_readings(self, result: Object, path: Path, *, required: bool) -> str | None:
        """Checks the alternatives; gives the speaker of the best one."""
        speaker: str | None = None
        readings = result.get("alternatives")
        if not readings and required and (readings is None or isinstance(readings, list)):
            self.findings.add_new((*path, "alternatives"), ProblemCode.NO_ALTERNATIVES, "there is no alternative")
        for place, reading in objects(readings, (*path, "alternatives")):
            check_range(reading, "confidence", place, self.findings, 1)
            if required and reading.get("content") == "":
                self.findings.add((*place, "content"), ProblemCode.EMPTY_CONTENT, "the alternative has no text")
            name = text_of(reading.get("speaker"))
            if name is not None:
                speaker = speaker or name
                if name not in self.speakers:
                    self.speakers[name] = (*place, "speaker")
        return speaker

    def _attach(self, mark: Object, path: Path, lane: _Lane) -> None:
        side = text_of(mark.get("attaches_to")) or "previous"
        if side in ("previous", "both") and not lane.begun:
            self._note_unattached(path, "previous")
        elif side in ("next", "both"):
            lane.waiting = path

    def _note_unattached(self, path: Path, side: str) -> None:
        message = f"the punctuation attaches to the {side} item of its channel, and there is none"
        self.findings.add((*path, "attaches_to"), ProblemCode.NOTHING_TO_ATTACH_TO, message)

    def _place(self, kind: str, speaker: str | None, times: Times, path: Path, lane: _Lane) -> None:
        """Checks a result against those before it on its channel."""
        start, end = times.start, times.end
        if start is None:
            return
        if kind == "entity":
            _check_not_before(start, lane.entity_start, path, self.findings)
            _check_not_before(max(start, end or start), lane.start, path, self.findings)
            lane.entity_start = start
            lane.start = max(lane.start, start)
        else:
            _check_not_before(start, lane.start, path, self.findings)
            lane.start = start
        if kind in _WORDS:
            voice = kind, speaker
            if (busy := lane.ends.get(voice, 0.0)) > start + TOLERANCE:
                message = f"begins at {clock(start)}, while the {kind} before it lasts until {clock(busy)}"
                self.findings.add_new((*path, "start_time"), ProblemCode.OVERLAPPING_WORDS, message)
            lane.ends[voice] = start if end is None else max(start, end)

    def _examine_forms(self, entity: Object, times: Times, path: Path) -> None:
        for name in ("written_form", "spoken_form"):
            last = 0.0
            for place, form in objects(entity.get(name), (*path, name)):
                self._examine_readings(form, place, required=True)
                part = times_of(form, place, self.findings)
                self._check_within(part, times, place)
                # What is written need not have been spoken in that order: "one hundred dollars" is "$100".
                if name == "spoken_form" and part.start is not None:
                    _check_not_before(part.start, last, place, self.findings)
                    last = part.start

    def _check_within(self, part: Times, whole: Times, path: Path) -> None:
        early = part.start is not None and whole.start is not None and part.start < whole.start - TOLERANCE
        late = part.end is not None and whole.end is not None and part.end > whole.end + TOLERANCE
        if early or late:
            name = "start_time" if early else "end_time"
            message = f"lies outside the entity, which lasts from {clock(whole.start)} to {clock(whole.end)}"
            self.findings.add_new((*path, name), ProblemCode.FORM_OUTSIDE_ENTITY, message)


def _check_not_before(start: float, last: float, path: Path, findings: Findings) -> None:
    if start < last - TOLERANCE:
        message = f"begins at {clock(start)}, but what stands before it begins at {clock(last)}"
        findings.add_new((*path, "start_time"), ProblemCode.TIMES_RUN_BACKWARDS, message)


def clock(seconds: float | None) -> str:
    """A time as messages say it."""
    # A number beyond all times is not written out in hundreds of digits.
    return "?" if seconds is None else f"{seconds:.2f} s" if seconds < 1e9 else f"{seconds:g} s"


def _number(value: Json) -> float | None:
    """A number as a float; a whole number larger than any float is infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
