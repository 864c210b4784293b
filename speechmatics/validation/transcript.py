"""What a schema cannot say of a transcript: its parts must agree with one another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from speechmatics._documents import unlike_transcript
from speechmatics.models import Transcript
from speechmatics.rendering import UNKNOWN_SPEAKER
from speechmatics.validation.report import Findings, Path, ProblemCode
from speechmatics.validation.shapes import check_shape
from speechmatics.validation.source import Json
from speechmatics.validation.timeline import (
    TOLERANCE,
    Object,
    Timeline,
    check_order,
    check_range,
    clock,
    objects,
    text_of,
    times_of,
)

__all__ = ["check_transcript"]

_INTERNAL_SPEAKER = re.compile(r"S\d+")
_SENTIMENTS: tuple[tuple[str, ...], ...] = (("sentiment_analysis",), ("sentiment_analysis", "sentiment_analysis"))
"""Where sentiments are: on the wire, and in the specification."""
_DEFAULT_CHANNEL = re.compile(r"channel_\d+|Channel \d+")
"""How the service names channels that the configuration does not: both forms are seen."""


def check_transcript(data: Json, findings: Findings) -> None:
    """Checks a transcript, its types first, then what it says."""
    check_shape(Transcript, data, findings)
    if not isinstance(data, dict):
        return
    if what := unlike_transcript(data):
        findings.add((), ProblemCode.OTHER_DOCUMENT, f"this is no json-v2 transcript: {what}")
    timeline = Timeline(findings)
    timeline.examine(data.get("results"), ("results",))
    _check_duration(data, timeline.end, findings)
    _check_other_times(data, findings)
    mentions = list(_mentions(data))
    _check_speakers(data, timeline, [mention for mention in mentions if mention.kind == "speaker"], findings)
    _check_channels(data, timeline, [mention for mention in mentions if mention.kind == "channel"], findings)


def _check_duration(data: Object, end: float, findings: Findings) -> None:
    duration = check_range(_at(data, "job"), "duration", ("job",), findings)
    if duration is None:
        return
    # The API gives whole seconds, rounded one way or the other.
    slack = 1.0 if duration.is_integer() else TOLERANCE
    if end > duration + slack:
        message = f"the audio lasts {duration:g} s, but its last word ends at {clock(end)}"
        findings.add(("job", "duration"), ProblemCode.DURATION_TOO_SHORT, message)


def _check_other_times(data: Object, findings: Findings) -> None:
    """Checks the times and confidences of all that is not a result."""
    for path, sentences in _translations(data):
        check_order(sentences, path, findings)
    sentiments = [(*path, "segments") for path in _SENTIMENTS]
    for path in (*sentiments, ("topics", "segments"), ("chapters",)):
        check_order(_get(data, path), path, findings)
    check_order(data.get("audio_events"), ("audio_events",), findings, group=("channel", "type"))
    for path in (*sentiments, ("audio_events",)):
        for place, item in objects(_get(data, path), path):
            check_range(item, "confidence", place, findings, 1)
    identified = "metadata", "language_identification", "results"
    for place, item in objects(_get(data, identified), identified):
        times_of(item, place, findings)
        for inner, alternative in objects(item.get("alternatives"), (*place, "alternatives")):
            check_range(alternative, "confidence", inner, findings, 1)


@dataclass(frozen=True, slots=True)
class _Mention:
    """A speaker or a channel that is named outside the results."""

    kind: str
    name: str
    path: Path


def _mentions(data: Object) -> Iterator[_Mention]:
    for path, sentences in _translations(data):
        yield from _mentions_in(sentences, path)
    sentiments = (("segments",), ("summary", "speakers"), ("summary", "channels"))
    for path in (*(above + below for above in _SENTIMENTS for below in sentiments), ("audio_events",)):
        yield from _mentions_in(_get(data, path), path)
    for place, speaker in objects(data.get("speakers"), ("speakers",)):
        if name := text_of(speaker.get("label")):
            yield _Mention("speaker", name, (*place, "label"))
    for name in _at(data, "audio_event_summary", "channels"):
        yield _Mention("channel", name, ("audio_event_summary", "channels", name))


def _mentions_in(data: Json, path: Path) -> Iterator[_Mention]:
    for place, item in objects(data, path):
        for kind in ("speaker", "channel"):
            if name := text_of(item.get(kind)):
                yield _Mention(kind, name, (*place, kind))


def _check_speakers(data: Object, timeline: Timeline, mentions: list[_Mention], findings: Findings) -> None:
    heard = {UNKNOWN_SPEAKER, *timeline.speakers}
    for mention in mentions:
        if mention.name not in heard:
            message = f"speaker {mention.name!r} speaks nowhere in the results"
            findings.add(mention.path, ProblemCode.UNKNOWN_SPEAKER, message)
    path = "metadata", "transcription_config", "speaker_diarization_config", "speakers"
    known = {text_of(speaker.get("label")) for _, speaker in objects(_get(data, path), path)}
    for name, place in timeline.speakers.items():
        if known and name not in known and name != UNKNOWN_SPEAKER and not _INTERNAL_SPEAKER.fullmatch(name):
            message = f"speaker {name!r} is none of those that the configuration names"
            findings.add(place, ProblemCode.UNKNOWN_SPEAKER, message)


def _check_channels(data: Object, timeline: Timeline, mentions: list[_Mention], findings: Findings) -> None:
    """A channel of the results is one of the labels, where there are any; any other channel is one of either.

    A label without results is no mistake: the channel may have been silent.
    """
    labels = _get(data, ("metadata", "transcription_config", "channel_diarization_labels"))
    given = {label for label in labels if isinstance(label, str)} if isinstance(labels, list) else set[str]()
    for name, place in timeline.channels.items():
        if given and name not in given and not _DEFAULT_CHANNEL.fullmatch(name):
            message = f"channel {name!r} is none of those that the configuration names"
            findings.add(place, ProblemCode.UNKNOWN_CHANNEL, message)
    for mention in mentions:
        if mention.name not in given | timeline.channels.keys() and not _DEFAULT_CHANNEL.fullmatch(mention.name):
            message = f"channel {mention.name!r} is neither in the results nor in the configuration"
            findings.add(mention.path, ProblemCode.UNKNOWN_CHANNEL, message)


def _translations(data: Object) -> Iterator[tuple[Path, Json]]:
    for language, sentences in _at(data, "translations").items():
        yield ("translations", language), sentences


def _at(data: Object, *path: str) -> Object:
    """The object at a place; an empty one where there is none."""
    found = _get(data, path)
    return found if isinstance(found, dict) else {}


def _get(data: Object, path: tuple[str, ...]) -> Json:
    found: Json = data
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found
