"""Transcript to text and SRT."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmatics import Transcript

Item = tuple[str, dict[str, Any]]


def transcript(*items: str | Item, delimiter: str = " ", gap: float = 0.1) -> Transcript:
    """Words, or pairs of a content and other fields; half a second each."""
    results: list[dict[str, Any]] = []
    clock = 0.0
    for item in items:
        content, others = item if isinstance(item, tuple) else (item, {})
        speaker = {"speaker": others["speaker"]} if "speaker" in others else {}
        results.append(
            {
                "type": "word",
                "start_time": clock,
                "end_time": clock + 0.5,
                "alternatives": [{"content": content, **speaker}],
                **{name: value for name, value in others.items() if name != "speaker"},
            }
        )
        clock += 0.5 + others.get("pause", gap)
    return Transcript.model_validate(
        {"results": results, "metadata": {"language_pack_info": {"word_delimiter": delimiter}}}
    )


def mark(content: str, attaches_to: str | None = None, *, eos: bool = False) -> Item:
    """A punctuation mark."""
    side = {} if attaches_to is None else {"attaches_to": attaches_to}
    return content, {"type": "punctuation", "is_eos": eos, **side}


def test_marks_attach_to_their_side() -> None:
    """`previous` is also the default; `none` stands free."""
    text = transcript(
        "a", mark(","), mark("(", "next"), "b", mark(")", "previous"), mark("-", "both"), "c", mark("&", "none")
    )
    assert text.to_text() == "a, (b)-c &\n"


def test_delimiters() -> None:
    """Japanese has none."""
    assert transcript("今日", "は", mark("。"), delimiter="").to_text() == "今日は。\n"


def test_speakers_and_channels_are_labelled_where_there_are_any() -> None:
    """A block begins where the speaker or the channel changes; both can be switched off."""
    two = transcript(("Hi", {"speaker": "S1"}), mark("."), ("Yes", {"speaker": "S2"}))
    assert two.to_text() == "SPEAKER: S1\nHi.\n\nSPEAKER: S2\nYes\n"
    assert two.to_text(speaker_labels=False) == "Hi. Yes\n"
    assert transcript(("Hi", {"speaker": "UU"})).to_text() == "Hi\n"
    channels = transcript(("Hi", {"channel": "Agent"}), ("Yes", {"channel": "Caller"}))
    assert channels.to_text() == "CHANNEL: Agent\nHi\n\nCHANNEL: Caller\nYes\n"


def test_nothing_makes_nothing() -> None:
    """A transcript without results, or with results without alternatives, is empty."""
    empty = Transcript.model_validate({"results": [{"type": "word", "start_time": 0, "end_time": 1}]})
    assert (empty.to_text(), empty.to_srt()) == ("", "")


def test_subtitles_end_with_sentences_and_pauses() -> None:
    """A new cue begins after a full stop, after a pause, and with a new speaker."""
    srt = transcript(
        "One",
        mark(".", eos=True),
        "two",
        ("three", {"pause": 3.0}),
        ("four", {"speaker": "S1"}),
        ("five", {"speaker": "S2"}),
    ).to_srt()
    assert [cue.split("\n", 2)[2].strip() for cue in srt.strip().split("\n\n")] == ["One.", "two three", "four", "five"]


def test_limits_must_make_sense() -> None:
    """A limit below 1 is an error."""
    with pytest.raises(ValueError, match="1 or more"):
        transcript("a").to_srt(max_lines=0)


WORDS = st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=9), min_size=1, max_size=30)


@given(WORDS, st.integers(9, 40), st.integers(1, 3), st.floats(0, 2))
def test_subtitles_lose_nothing_and_keep_their_limits(words: list[str], length: int, lines: int, gap: float) -> None:
    """Every word once and in order; lines and cues within limits; times in order and without overlap."""
    srt = transcript(*words, gap=gap).to_srt(max_line_length=length, max_lines=lines)
    cues = [cue.split("\n") for cue in srt.removesuffix("\n\n").split("\n\n")]
    assert [word for cue in cues for line in cue[2:] for word in line.split(" ")] == words
    assert [cue[0] for cue in cues] == [str(number) for number in range(1, len(cues) + 1)]
    assert all(len(cue) - 2 <= lines and all(len(line) <= length for line in cue[2:]) for cue in cues)
    times = [moment for cue in cues for moment in re.findall(r"\d\d:\d\d:\d\d,\d\d\d", cue[1])]
    assert len(times) == 2 * len(cues)
    assert times == sorted(times)


@given(WORDS)
def test_text_loses_nothing(words: list[str]) -> None:
    """Every word once and in order."""
    assert transcript(*words).to_text().split() == words
