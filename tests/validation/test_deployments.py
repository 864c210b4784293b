"""Correct transcripts of every deployment are valid, strictly too, and read as models without a loss.

The documents are small ones of the shapes that the service's documentation and public transcripts have.
"""

from __future__ import annotations

from typing import Any

import pytest

from speechmatics.models import Transcript
from speechmatics.validation import validate_transcript


def word(content: str, start: float, end: float, **more: Any) -> dict[str, Any]:
    """A word as the service sends it; a confidence of None is left out."""
    reading: dict[str, Any] = {"content": content, "confidence": 0.9, "language": "en"} | more.pop("reading", {})
    reading = {name: value for name, value in reading.items() if value is not None}
    return {"type": "word", "start_time": start, "end_time": end, "alternatives": [reading], **more}


def transcript(
    results: list[dict[str, Any]], metadata: dict[str, Any] | None = None, *, format: str = "2.9"
) -> dict[str, Any]:
    """A transcript of a SaaS job."""
    return {
        "format": format,
        "job": {"id": "abc", "created_at": "2026-01-01T00:00:00.123Z", "data_name": "a.wav", "duration": 3},
        "metadata": {
            "created_at": "2026-01-01T00:00:05.123Z",
            "type": "transcription",
            "transcription_config": {"language": "en"},
            **(metadata or {}),
        },
        "results": results,
    }


def on_premises() -> dict[str, Any]:
    """Of a container, which knows no job."""
    document = transcript([word("hello", 0.1, 0.5)])
    del document["job"]
    return document


ADD_ONS: dict[str, Any] = {
    "translation_config": {"target_languages": ["de"]},
    "summarization_config": {"content_type": "auto", "summary_length": "brief", "summary_type": "bullets"},
    "sentiment_analysis_config": {},
    "topic_detection_config": {"topics": None},
    "auto_chapters_config": {},
    "audio_events_config": {"types": None},
    "language_identification_config": {"expected_languages": ["en", "de"], "low_confidence_action": "allow"},
}

LABELLED = {
    "transcription_config": {"language": "en", "diarization": "channel", "channel_diarization_labels": ["agent"]}
}

DOCUMENTS: dict[str, dict[str, Any]] = {
    "plain": transcript([word("hello", 0.1, 0.5)]),
    "on premises": on_premises(),
    "add-ons repeated": transcript([word("hello", 0.1, 0.5)], ADD_ONS),
    "add-ons null": transcript([word("hello", 0.1, 0.5)], dict.fromkeys(ADD_ONS)),
    "identified": transcript(
        [word("hello", 0.1, 0.5)],
        {"language_identification": {"predicted_language": "en", "results": []}},
    )
    | {"language_identification": {"predicted_language": "en"}},
    "speaker changes": transcript(
        [
            word("hello", 0.1, 0.5),
            {"type": "speaker_change", "start_time": 0.5, "end_time": 0.5, "score": 0.8},
            word("hi", 0.6, 0.9),
        ],
        format="2.8",
    ),
    "without confidence, as of melia-1": transcript([word("hello", 0.1, 0.5, reading={"confidence": None})]),
    "channels in words": transcript(
        [word("hello", 0.1, 0.5, channel="Channel 1"), word("hi", 0.1, 0.5, channel="Channel 2")],
        LABELLED,
    ),
    "channels in one word": transcript(
        [word("hello", 0.1, 0.5, channel="channel_1"), word("hi", 0.1, 0.5, channel="channel_2")],
        LABELLED,
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_correct_transcript_is_strictly_valid(name: str) -> None:
    """Without a problem, so without a warning too."""
    assert validate_transcript(DOCUMENTS[name], strict=True).problems == ()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_correct_transcript_comes_back_as_it_was(name: str) -> None:
    """Nulls, empty objects and all."""
    read = Transcript.model_validate(DOCUMENTS[name])
    assert read.to_dict() == DOCUMENTS[name]
    assert not read.model_extra


def test_what_is_received_has_its_fields() -> None:
    """Of the add-ons, the identified language and a change of speaker."""
    read = Transcript.model_validate(DOCUMENTS["add-ons repeated"])
    assert read.metadata is not None
    assert read.metadata.translation_config is not None
    assert read.metadata.translation_config.target_languages == ["de"]
    assert not read.metadata.model_extra
    identified = Transcript.model_validate(DOCUMENTS["identified"])
    assert identified.language_identification is not None
    assert identified.language_identification.predicted_language == "en"
    changed = Transcript.model_validate(DOCUMENTS["speaker changes"])
    assert [result.score for result in changed.results] == [None, 0.8, None]
    assert [word.alternatives[0].content for word in changed.words() if word.alternatives] == ["hello", "hi"]
