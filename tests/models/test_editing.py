"""Transcripts made of others: renamed, shifted, sliced, joined."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmatics import InvalidInputError, Transcript, validate_transcript
from speechmatics.testing import transcripts

LANGUAGE = {"language": "en"}


def item(content: str, start: float, speaker: str = "S1", kind: str = "word", **others: Any) -> dict[str, Any]:
    """A result of half a second; a mark takes no time."""
    reading = {"content": content, "confidence": 0.9, "language": "en", "speaker": speaker, "x-note": "kept"}
    end = start if kind == "punctuation" else start + 0.5
    return {"type": kind, "start_time": start, "end_time": end, "alternatives": [reading], **others}


def made(duration: float = 10, **others: Any) -> Transcript:
    """A transcript with all that has times or speakers."""
    results = [
        item("One", 0.0),
        item(".", 0.5, kind="punctuation", attaches_to="previous", is_eos=True),
        item("two", 1.0, "S2"),
        item("three", 2.0, "Bob") | {"type": "entity", "written_form": [item("three", 2.0, "Bob")]},
        item("four", 3.0, "UU"),
    ]
    return Transcript.model_validate(
        {
            "format": "2.9",
            "job": {"id": "j", "created_at": "2026-01-01T00:00:00Z", "data_name": "a.wav", "duration": duration},
            "metadata": {
                "created_at": "2026-01-01T00:00:00Z",
                "type": "transcription",
                "transcription_config": {**LANGUAGE, "speaker": "S1"},
            },
            "results": results,
            "speakers": [{"label": "S1", "speaker_identifiers": ["id1"]}, {"label": "Bob", "speaker_identifiers": []}],
            "translations": {
                "de": [
                    {"content": "Eins.", "start_time": 0.0, "end_time": 0.5, "speaker": "S1"},
                    {"content": "Zwei", "start_time": 1.0, "end_time": 1.5, "speaker": "S2"},
                ]
            },
            "audio_events": [{"type": "music", "start_time": 2.0, "end_time": 2.5, "confidence": 0.9}],
            "chapters": [{"title": "A", "summary": "B", "start_time": 0.0, "end_time": 5.0}],
            "summary": {"content": "Numbers."},
            "x-new": {"speaker": "S1"},
            **others,
        }
    )


def said(transcript: Transcript) -> list[tuple[str, str | None, float | None]]:
    """Content, speaker and start of each result."""
    return [
        (result.alternatives[0].content, result.alternatives[0].speaker, result.start_time)
        for result in transcript.results
        if result.alternatives
    ]


def test_speakers_are_renamed_everywhere() -> None:
    """In results, forms of entities, lists and translations, and in what is not known; not in the configuration."""
    renamed = made().rename_speakers({"S1": "Alice", "Bob": "Robert"})
    wire = renamed.to_dict()
    assert [speaker for _, speaker, _ in said(renamed)] == ["Alice", "Alice", "S2", "Robert", "UU"]
    assert wire["results"][3]["written_form"][0]["alternatives"][0]["speaker"] == "Robert"
    assert [speaker["label"] for speaker in wire["speakers"]] == ["Alice", "Robert"]
    assert [sentence["speaker"] for sentence in wire["translations"]["de"]] == ["Alice", "S2"]
    assert wire["x-new"] == {"speaker": "Alice"}
    assert wire["metadata"]["transcription_config"] == {"language": "en", "speaker": "S1"}
    assert wire["results"][0]["alternatives"][0]["x-note"] == "kept"
    assert made() == made().rename_speakers({})


def test_names_are_swapped_and_merged() -> None:
    """All at once, not one after the other."""
    swapped = made().rename_speakers({"S1": "S2", "S2": "S1"})
    assert [speaker for _, speaker, _ in said(swapped)] == ["S2", "S2", "S1", "Bob", "UU"]
    merged = made().rename_speakers({"S2": "S1"})
    assert [speaker for _, speaker, _ in said(merged)] == ["S1", "S1", "S1", "Bob", "UU"]


def test_names_that_cannot_be_given() -> None:
    """A speaker that is not there is named, with those that are."""
    with pytest.raises(InvalidInputError, match="no speaker is named 'S3'"):
        made().rename_speakers({"S3": "Alice"})
    with pytest.raises(InvalidInputError, match="there are Bob, S1, S2"):
        made().rename_speakers({"Caller": "Alice"})
    with pytest.raises(InvalidInputError, match="new name of speaker S1"):
        made().rename_speakers({"S1": " "})


def test_times_are_shifted() -> None:
    """Those of everything, and the duration; back again it is the same."""
    later = made().shift(90.25)
    assert [start for _, _, start in said(later)] == [90.25, 90.75, 91.25, 92.25, 93.25]
    wire = later.to_dict()
    assert wire["results"][3]["written_form"][0]["end_time"] == 92.75
    assert wire["translations"]["de"][1]["start_time"] == 91.25
    assert (wire["audio_events"][0]["end_time"], wire["chapters"][0]["end_time"]) == (92.75, 95.25)
    assert wire["job"]["duration"] == 100.25
    assert later.shift(-90.25) == made()
    assert said(made().shift(0.1).shift(0.2))[0][2] == 0.3


@pytest.mark.parametrize("seconds", [-0.1, float("nan"), float("inf"), True])
def test_no_time_is_below_0(seconds: float) -> None:
    """Nor endless."""
    with pytest.raises(InvalidInputError, match=r"below 0|finite"):
        made().shift(seconds)


def test_a_slice_has_what_begins_in_it() -> None:
    """A mark goes with its word, even at the edge; what is said of the whole is left out."""
    part = made().slice(0.0, 0.5)
    assert said(part) == [("One", "S1", 0.0), (".", "S1", 0.5)]
    part = made().slice(0.5, 3.0)
    assert said(part) == [("two", "S2", 1.0), ("three", "Bob", 2.0)]
    wire = part.to_dict()
    assert [sentence["content"] for sentence in wire["translations"]["de"]] == ["Zwei"]
    assert (len(wire["audio_events"]), wire["chapters"]) == (1, [])
    assert "summary" not in wire
    assert wire["x-new"] == {"speaker": "S1"}
    assert [start for _, _, start in said(part.shift(-0.5))] == [0.5, 1.5]
    for wrong in ((-1, 2), (2, 2), (3, 2), (float("nan"), 2), (0, float("nan"))):
        with pytest.raises(InvalidInputError, match="0 <= start < end"):
            made().slice(*wrong)


def test_parts_are_joined() -> None:
    """Each begins where the audio of the one before ends; numbered speakers are others, named ones the same."""
    whole = Transcript.join([made(duration=4), made(duration=5), made(duration=6)])
    starts = [0.0, 0.5, 1.0, 2.0, 3.0]
    assert [start for _, _, start in said(whole)] == [offset + start for offset in (0, 4, 9) for start in starts]
    speakers = [speaker for _, speaker, _ in said(whole)]
    assert speakers[:5] == ["S1", "S1", "S2", "Bob", "UU"]
    assert speakers[5:10] == ["S3", "S3", "S4", "Bob", "UU"]
    assert speakers[10:] == ["S5", "S5", "S6", "Bob", "UU"]
    wire = whole.to_dict()
    assert wire["job"]["duration"] == 15
    assert [speaker["label"] for speaker in wire["speakers"]] == ["S1", "S3", "S5", "Bob"]
    assert [sentence["start_time"] for sentence in wire["translations"]["de"]] == [0.0, 1.0, 4.0, 5.0, 9.0, 10.0]
    assert len(wire["audio_events"]) == len(wire["chapters"]) == 3
    assert "summary" not in wire
    assert validate_transcript(whole).ok


def test_how_parts_are_joined_can_be_said() -> None:
    """Where each begins, and that its speakers are those of the others; without a duration its last word ends it."""
    whole = Transcript.join([made(), made()], offsets=[5, 20.5], same_speakers=True)
    assert [start for _, _, start in said(whole)][::5] == [5.0, 20.5]
    assert {speaker for _, speaker, _ in said(whole)} == {"S1", "S2", "Bob", "UU"}
    bare = made(job=None)
    assert [start for _, _, start in said(Transcript.join([bare, bare]))][5] == 3.5
    assert said(Transcript.join([made()])) == said(made())
    for parts, offsets in (([], None), ([made()], []), ([made()], [0, 1])):
        with pytest.raises(InvalidInputError, match="one or more transcripts"):
            Transcript.join(parts, offsets=offsets)


class Mine(Transcript):
    """A subclass."""


def test_a_subclass_stays_one() -> None:
    """In each of them."""
    mine = Mine.model_validate(made().to_dict())
    assert {type(mine.shift(1)), type(mine.slice(0, 1)), type(mine.rename_speakers({})), type(Mine.join([mine]))} == {
        Mine
    }


@given(transcripts(), st.floats(0, 1e6))
def test_any_transcript_can_be_edited(transcript: Transcript, seconds: float) -> None:
    """It stays as sound as it was."""
    assert validate_transcript(transcript.shift(seconds)).ok
    assert len(transcript.slice(0, 1e9).results) == len(transcript.results)
    joined = Transcript.join([transcript, transcript])
    assert len(joined.results) == 2 * len(transcript.results)
    assert validate_transcript(joined).ok
