"""What rendering must hold to for every transcript: no word lost, repeated or moved; subtitles that others can read."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from html import unescape
from itertools import pairwise
from typing import Any

import webvtt
from hypothesis import given
from hypothesis import strategies as st

from speechmatics import Transcript
from speechmatics.rendering import to_srt, to_text, to_vtt, turns

Wire = dict[str, Any]

srt: Any = importlib.import_module("srt")  # it has no types

LETTERS = st.characters(codec="utf-8", categories=["L", "M", "Nd"])
CONTENT = st.text(LETTERS, min_size=1, max_size=12) | st.sampled_from(
    ["R&D", "<b>", "-->", "can't", "12", "שלום", "は"]
)
LABELS: list[list[str | None]] = [[None], ["A"], ["A", "B"]]
VOICES = ["S1", "S2", "UU", "Ann & <Bo>"]
MARKS = st.sampled_from([".", ",", "?", "。", "-", "(", "&"])
MOMENT = 0.05
"""Seconds by which cues without length are put one after another."""
LANGUAGES = st.sampled_from(["en", "ja", "ar"])


@st.composite
def transcripts(draw: st.DrawFn, *, channels: bool = True) -> Wire:
    """A transcript on the wire; each word has a number, so that it is known again wherever it turns up."""
    with_speakers = draw(st.booleans())
    labels = draw(st.sampled_from(LABELS)) if channels else LABELS[0]
    clocks = dict.fromkeys(labels, 0.0)
    results: list[Wire] = []
    for number in range(draw(st.integers(0, 40))):
        channel = draw(st.sampled_from(labels))
        kind = draw(st.sampled_from(["word"] * 6 + ["punctuation"] * 3 + ["entity", "newtype"]))
        reading: Wire = {"content": draw(MARKS) if kind == "punctuation" else f"{draw(CONTENT)}#{number};"}
        if with_speakers:
            reading["speaker"] = draw(st.sampled_from(VOICES))
        if draw(st.booleans()):
            reading["language"] = draw(LANGUAGES)
        start = clocks[channel] + draw(st.sampled_from([0.0, 0.0, 0.1, 0.5, 3.0]))
        end = start + (0.0 if kind == "punctuation" else draw(st.sampled_from([0.0, 0.04, 0.3, 1.2])))
        clocks[channel] = end
        result: Wire = {"type": kind, "start_time": start, "end_time": end, "alternatives": [reading]}
        if channel is not None:
            result["channel"] = channel
        if kind == "punctuation":
            result["attaches_to"] = draw(st.sampled_from(["previous", "next", "both", "none"]))
            result["is_eos"] = draw(st.booleans())
        if kind == "entity":
            result["written_form"] = [{"type": "word", "alternatives": [dict(reading)]}]
        results.append(result)
    info = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "word_delimiter": st.sampled_from(["", " "]),
                "writing_direction": st.sampled_from(["left-to-right", "right-to-left"]),
                "per_language_word_delimiters": st.just({"ja": "", "en": " "}),
                "per_language_writing_direction": st.just({"ar": "right-to-left", "en": "left-to-right"}),
            },
        )
    )
    return {"format": "2.9", "metadata": {"language_pack_info": info}, "results": results}


def spoken(wire: Wire, channel: str | None = None) -> list[str]:
    """The contents of words and entities in order, of one channel if one is given."""
    return [
        result["alternatives"][0]["content"]
        for result in wire["results"]
        if result["type"] in ("word", "entity") and channel in (None, result.get("channel"))
    ]


def everything(wire: Wire) -> list[str]:
    """All that is to be rendered, marks too, character by character in any order."""
    shown = [r["alternatives"][0]["content"] for r in wire["results"] if r["type"] != "newtype"]
    return sorted("".join(shown))


def bare(text: str) -> str:
    """Text without what rendering may put between words."""
    return "".join(text.split()).replace("\u200f", "")


def holds_in_order(text: str, words: Iterable[str]) -> bool:
    """Whether each word is in the text, once, after the one before it."""
    position = 0
    for word in words:
        found = text.find(word, position)
        if found < 0 or text.count(f"#{word.rpartition('#')[2]}") != 1:
            return False
        position = found + len(word)
    return True


@given(transcripts())
def test_text_and_turns_keep_every_word_in_order(wire: Wire) -> None:
    """And every mark; nothing is added but delimiters and labels."""
    transcript = Transcript.model_validate(wire)
    text = to_text(transcript, speaker_labels=False, channel_labels=False)
    assert sorted(bare(text)) == everything(wire)
    assert holds_in_order(bare(to_text(transcript)), spoken(wire))
    all_turns = list(turns(transcript))
    assert sorted(bare("".join(turn.text for turn in all_turns))) == everything(wire)
    assert [word.alternatives[0].content for turn in all_turns for word in turn.words if word.alternatives] == spoken(
        wire
    )
    assert [word for turn in all_turns for word in turn.words] == list(transcript.words())
    assert [record["content"] for record in transcript.to_records()] == spoken(wire)
    assert all((one.speaker, one.channel) != (two.speaker, two.channel) for one, two in pairwise(all_turns))


@given(transcripts(channels=False), st.integers(1, 45), st.integers(1, 3))
def test_srt_keeps_every_word_in_order(wire: Wire, length: int, lines: int) -> None:
    """A third-party parser reads back just what was said, in cues that keep the limits and never overlap."""
    text = to_srt(Transcript.model_validate(wire), max_line_length=length, max_lines=lines)
    cues = list(srt.parse(text))
    assert [cue.index for cue in cues] == list(range(1, len(cues) + 1))
    assert_within_limits([cue.content.split("\n") for cue in cues], length, lines)
    assert_in_order([(cue.start.total_seconds(), cue.end.total_seconds()) for cue in cues])
    shown = bare("".join(cue.content for cue in cues))
    assert sorted(shown) == everything(wire)
    assert holds_in_order(shown, spoken(wire))
    assert srt.compose(cues, reindex=False) == text


@given(transcripts(), st.integers(1, 45), st.integers(1, 3))
def test_webvtt_keeps_every_word_of_a_channel_in_order(wire: Wire, length: int, lines: int) -> None:
    """A third-party parser reads back just what was said, and by whom; channels are in the order of time."""
    transcript = Transcript.model_validate(wire)
    text = to_vtt(transcript, max_line_length=length, max_lines=lines)
    cues = webvtt.WebVTT.from_string(text).captions
    contents = [unescape(cue.text) for cue in cues]
    assert_within_limits([content.split("\n") for content in contents], length, lines)
    assert_in_order([(seconds(cue.start), seconds(cue.end)) for cue in cues])
    voices = {unescape(cue.voice) for cue in cues if cue.voice}
    assert voices <= {*VOICES, *(f"{channel} {voice}" for channel in "AB" for voice in VOICES), *"AB"}
    assert sorted(bare("".join(contents))) == everything(wire)
    by_channel = webvtt.WebVTT.from_string(to_vtt(transcript, speaker_labels=False)).captions
    for channel in {result.get("channel") for result in wire["results"]}:
        shown = "".join(unescape(cue.text) for cue in by_channel if channel in (None, cue.voice))
        assert holds_in_order(bare(shown), spoken(wire, channel))


@given(transcripts(channels=False))
def test_subtitles_stay_if_there_is_room(wire: Wire) -> None:
    """A cue is shown for a second or more, or until the next begins."""
    cues = list(srt.parse(to_srt(Transcript.model_validate(wire))))
    for one, two in pairwise(cues):
        assert one.end == two.start or (one.end - one.start).total_seconds() >= 1
    for cue in cues[-1:]:
        assert (cue.end - cue.start).total_seconds() >= 1


def words_only(wire: Wire) -> Transcript:
    """The transcript without its marks, so that each cue begins with a word."""
    return Transcript.model_validate({**wire, "results": [r for r in wire["results"] if r["type"] != "punctuation"]})


def said_at(wire: Wire, text: str) -> float:
    """When the first word of a cue is said."""
    number = bare(text).partition("#")[2].partition(";")[0]
    return float(wire["results"][int(number)]["start_time"])


@given(transcripts(channels=False))
def test_subtitles_are_shown_when_they_are_spoken(wire: Wire) -> None:
    """A cue begins with its first word."""
    for cue in srt.parse(to_srt(words_only(wire))):
        assert abs(said_at(wire, cue.content) - cue.start.total_seconds()) < MOMENT


@given(transcripts())
def test_subtitles_of_channels_are_in_the_order_of_time(wire: Wire) -> None:
    """Who speaks first is shown first, and nobody before they speak."""
    cues = webvtt.WebVTT.from_string(to_vtt(words_only(wire))).captions
    times = [said_at(wire, unescape(cue.text)) for cue in cues]
    assert times == sorted(times)
    assert all(said < seconds(cue.start) + MOMENT for said, cue in zip(times, cues, strict=True))


def seconds(clock: str) -> float:
    """A WebVTT time."""
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def assert_within_limits(cues: list[list[str]], length: int, lines: int) -> None:
    """No line is longer, no cue has more lines, and none is blank."""
    for cue in cues:
        assert len(cue) <= lines
        assert all(line.strip() and len(line) <= length for line in cue)


def assert_in_order(times: list[tuple[float, float]]) -> None:
    """Each cue takes time, and begins when the one before has ended."""
    assert all(start < end for start, end in times)
    assert all(one[1] <= two[0] for one, two in pairwise(times))
