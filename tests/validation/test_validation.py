"""Validation finds what is wrong, says where, and raises for nothing."""

from __future__ import annotations

import doctest
import json
import os
import pickle
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypeIs

import speechmatics as sm
from speechmatics import (
    BatchClient,
    BatchTranscriptionConfig,
    JobConfig,
    ProblemCode,
    Severity,
    Transcript,
    ValidationReport,
    validate_config,
    validate_transcript,
    validation,
)
from speechmatics.models import as_job_config

Json = dict[str, Any]


def reading(content: str = "word", **more: Any) -> Json:
    return {"content": content, "confidence": 0.9, "language": "en", **more}


def item(kind: str, start: Any, end: Any, *, speaker: str | None = None, **more: Any) -> Json:
    spoken: Json = {} if speaker is None else {"speaker": speaker}
    return {"type": kind, "start_time": start, "end_time": end, "alternatives": [reading(**spoken)], **more}


def word(start: Any, end: Any, **more: Any) -> Json:
    return item("word", start, end, **more)


def mark(time: float, attaches_to: str | None = None, **more: Any) -> Json:
    side = {} if attaches_to is None else {"attaches_to": attaches_to}
    return item("punctuation", time, time, **side, **more)


def entity(start: float, end: float, **forms: Any) -> Json:
    return item("entity", start, end, entity_class="date", **forms)


def transcript(*results: Any, config: Json | None = None, **more: Any) -> Json:
    return {
        "format": "2.9",
        "job": {"id": "a1", "created_at": "2026-01-09T12:29:01.853047Z", "data_name": "a.wav", "duration": 60},
        "metadata": {
            "created_at": "2026-01-09T12:30:01Z",
            "type": "transcription",
            "transcription_config": {"language": "en", **(config or {})},
        },
        "results": list(results),
        **more,
    }


def found(report: ValidationReport) -> list[tuple[str, str]]:
    return [(problem.code.value, problem.location) for problem in report.problems]


SENTIMENTS = {
    "segments": [
        {"text": "word", "sentiment": "neutral", "start_time": 1, "end_time": 2, "speaker": "S1", "confidence": 0.7}
    ],
    "summary": {"overall": {"neutral_count": 1}, "speakers": [{"speaker": "S1", "neutral_count": 1}]},
}
CHANNELS = {"diarization": "channel", "channel_diarization_labels": ["Agent", "Caller"]}
GOOD = {
    "empty": transcript(),
    "marks": transcript(
        mark(0.5, "next"), word(0.5, 1), mark(1, "previous"), mark(1, "none"), word(1, 2), mark(2, "both"), word(2, 3)
    ),
    "speakers that interrupt each other": transcript(
        word(1, 5, speaker="S1"), word(2, 3, speaker="S2"), word(5, 6, speaker="S1"), mark(6, speaker="UU"),
        speakers=[{"label": "S2", "speaker_identifiers": ["x"]}],
        translations={"de": [{"start_time": 1, "end_time": 6, "content": "", "speaker": "S1"},
                             {"start_time": 2, "end_time": 6, "content": "", "speaker": "UU"}]},
    ),
    "known speakers": transcript(
        word(1, 2, speaker="Ann"), word(2, 3, speaker="S3"),
        config={"speaker_diarization_config": {"speakers": [{"label": "Ann", "speaker_identifiers": ["x"]}]}},
    ),
    "interleaved channels": transcript(
        word(1, 2, channel="Agent"), word(1.5, 2.5, channel="channel_3"), mark(2, channel="Agent"),
        word(2, 2.2, channel="Agent"),
        config=CHANNELS,
        audio_events=[{"type": "music", "start_time": 5, "end_time": 9, "confidence": 0.5, "channel": "Caller"},
                      {"type": "noise", "start_time": 4, "end_time": 9, "confidence": 0.5, "channel": "Caller"}],
        audio_event_summary={"channels": {"Caller": {"music": {"count": 1, "total_duration": 4}}}},
    ),
    "channels one after another": transcript(word(9, 10, channel="a"), word(1, 2, channel="b")),
    "an entity in place of its words": transcript(
        word(0, 1),
        entity(1, 3, spoken_form=[word(1, 2), word(2, 3)], written_form=[word(2, 3), word(1, 2)]),
        word(3, 4),
    ),
    "an entity before its words": transcript(entity(1, 3), word(1, 2), word(2, 3), word(3, 4)),
    "an entity after its words": transcript(word(1, 2), word(2, 3), entity(1, 3), word(3, 4)),
    "rounded times": transcript(word(0.1, 0.31), word(0.3, 59.9), word(59.9, 60.9)),
    "starts rounded to hundredths": transcript(word(1, 1), word(0.99, 2)),
    "an unknown speaker": transcript(
        word(1, 2), translations={"de": [{"start_time": 1, "end_time": 2, "content": "", "speaker": "UU"}]}
    ),
    "fetched audio": transcript(word(1, 2), job={"id": "a1", "created_at": "2026-01-09T12:29:01Z"}),
    "nulls": transcript(
        {"type": "word", "start_time": 1, "end_time": 2, "alternatives": [reading(tags=None)], "channel": None},
        config={"additional_vocab": None}, speakers=None, chapters=None,
    ),
    "sentiments of two levels": transcript(
        word(1, 2, speaker="S1"), sentiment_analysis={"sentiment_analysis": SENTIMENTS}
    ),
    "everything else": transcript(
        word(1, 2, speaker="S1", volume=12.5),
        summary={"content": "a word"},
        sentiment_analysis=SENTIMENTS,
        topics={"segments": [{"text": "word", "start_time": 1, "end_time": 2, "topics": [{"topic": "words"}]}],
                "summary": {"overall": {"words": 1.0}}},
        chapters=[{"title": "One", "summary": "", "start_time": 1, "end_time": 2}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD.keys())
def test_a_good_transcript_is_ok(data: Json) -> None:
    """Nothing is found, however strict, in the dict, its text and its model."""
    for form in (data, json.dumps(data), json.dumps(data).encode(), Transcript.model_validate(data)):
        report = validate_transcript(form, strict=True)
        assert found(report) == []
        assert report.ok


def test_the_local_server_s_transcript_is_ok(client: BatchClient) -> None:
    """What the server gives is as the API documents it."""
    answer = client.transcribe(("a.wav", b"sound"), {"transcription_config": {"language": "en"}})
    assert found(validate_transcript(answer, strict=True)) == []


def seconds(start: Any, end: Any, **more: Any) -> Json:
    return {"start_time": start, "end_time": end, **more}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (transcript(word(2, 1)), ("end_before_start", "results[0].end_time")),
        (transcript(word(3, 4), word(1, 2)), ("times_run_backwards", "results[1].start_time")),
        (transcript(word(1, 2), mark(0.9)), ("times_run_backwards", "results[1].start_time")),
        (transcript(word(5, 6), entity(1, 2)), ("times_run_backwards", "results[1].start_time")),
        (
            transcript(word(3, 4, channel="a"), word(1, 2, channel="b"), word(2, 3, channel="a")),
            ("times_run_backwards", "results[2].start_time"),
        ),
        (transcript(word(1, 3), mark(1), word(2, 4)), ("overlapping_words", "results[2].start_time")),
        (
            transcript(word(1, 9, speaker="S1"), word(2, 3, speaker="S2"), word(4, 5, speaker="S1")),
            ("overlapping_words", "results[2].start_time"),
        ),
        (transcript(word(-1, 1)), ("out_of_range", "results[0].start_time")),
        (transcript(word(1, 10**400)), ("out_of_range", "results[0].end_time")),
        (transcript(word(1, 2, volume=101)), ("out_of_range", "results[0].volume")),
        (
            transcript(word(1, 2, alternatives=[reading(confidence=1.01)])),
            ("out_of_range", "results[0].alternatives[0].confidence"),
        ),
        (transcript(word(1, 2, alternatives=[])), ("no_alternatives", "results[0].alternatives")),
        (transcript(word(1, 2, alternatives=None)), ("no_alternatives", "results[0].alternatives")),
        (transcript(mark(1), word(1, 2)), ("nothing_to_attach_to", "results[0].attaches_to")),
        (transcript(word(1, 2), mark(2, "next")), ("nothing_to_attach_to", "results[1].attaches_to")),
        (transcript(word(1, 2), mark(2, "both")), ("nothing_to_attach_to", "results[1].attaches_to")),
        (
            transcript(word(1, 2, channel="a"), mark(2, channel="b")),
            ("nothing_to_attach_to", "results[1].attaches_to"),
        ),
        (
            transcript(entity(2, 3, spoken_form=[word(1, 2.5)])),
            ("form_outside_entity", "results[0].spoken_form[0].start_time"),
        ),
        (
            transcript(entity(2, 3, written_form=[word(2, 3), word(3, 3.5)])),
            ("form_outside_entity", "results[0].written_form[1].end_time"),
        ),
        (
            transcript(entity(2, 4, spoken_form=[word(3, 4), word(2, 3)])),
            ("times_run_backwards", "results[0].spoken_form[1].start_time"),
        ),
        (
            transcript(entity(2, 4, spoken_form=[word(2, 4, alternatives=[])])),
            ("no_alternatives", "results[0].spoken_form[0].alternatives"),
        ),
        (transcript(word(61, 61.1)), ("duration_too_short", "job.duration")),
        (
            transcript(
                word(1, 2),
                job={"id": "a", "created_at": "2026-01-09T12:29:01Z", "duration": 1.5},
            ),
            ("duration_too_short", "job.duration"),
        ),
        (
            transcript(speakers=[{"label": "S1", "speaker_identifiers": ["x"]}]),
            ("unknown_speaker", "speakers[0].label"),
        ),
        (
            transcript(speakers=[{"speaker_identifiers": ["x"]}]),
            ("missing_field", "speakers[0].label"),
        ),
        (
            transcript(translations={"de": [seconds(1, 2, content="", speaker="S1")]}),
            ("unknown_speaker", "translations.de[0].speaker"),
        ),
        (
            transcript(
                word(1, 2, speaker="Bob"),
                config={"speaker_diarization_config": {"speakers": [{"label": "Ann", "speaker_identifiers": ["x"]}]}},
            ),
            ("unknown_speaker", "results[0].alternatives[0].speaker"),
        ),
        (transcript(word(1, 2, channel="Other"), config=CHANNELS), ("unknown_channel", "results[0].channel")),
        (
            transcript(audio_events=[seconds(1, 2, type="music", channel="Other")]),
            ("unknown_channel", "audio_events[0].channel"),
        ),
        (
            transcript(audio_event_summary={"channels": {"Other": {}}}),
            ("unknown_channel", "audio_event_summary.channels.Other"),
        ),
        (transcript(chapters=[seconds(5, 6), seconds(1, 2)]), ("times_run_backwards", "chapters[1].start_time")),
        (
            transcript(audio_events=[seconds(2, 1, type="music")]),
            ("end_before_start", "audio_events[0].end_time"),
        ),
        (
            transcript(
                metadata={
                    "created_at": "2026-01-09T12:30:01Z",
                    "type": "transcription",
                    "language_identification": {
                        "results": [seconds(0, 1, alternatives=[{"language": "en", "confidence": -0.1}])]
                    },
                }
            ),
            ("out_of_range", "metadata.language_identification.results[0].alternatives[0].confidence"),
        ),
        (transcript(results={}), ("wrong_type", "results")),
        (transcript(word(1, 2), 5), ("wrong_type", "results[1]")),
        (transcript(word("1", 2)), ("wrong_type", "results[0].start_time")),
        (transcript(word(True, 2)), ("wrong_type", "results[0].start_time")),
        (transcript(word(1, 2, is_eos="yes")), ("wrong_type", "results[0].is_eos")),
        (transcript(job={"id": "a", "created_at": "yesterday"}), ("invalid_value", "job.created_at")),
        (
            transcript(word(1, 2, alternatives=[{"confidence": 1, "language": "en"}])),
            ("missing_field", "results[0].alternatives[0].content"),
        ),
    ],
)
def test_a_mistake_is_found_and_placed(data: Json, expected: tuple[str, str]) -> None:
    """It is an error, strict or not, and the only one; text and dict give the same report."""
    for strict in (False, True):
        report = validate_transcript(data, strict=strict)
        assert found(report) == [expected]
        assert not report.ok
        assert validate_transcript(json.dumps(data), strict=strict) == report


@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"segments": [seconds(2, 1)]}, ("end_before_start", "segments[0].end_time")),
        ({"segments": [seconds(5, 6), seconds(1, 2)]}, ("times_run_backwards", "segments[1].start_time")),
        ({"segments": [{"confidence": 1.5}]}, ("out_of_range", "segments[0].confidence")),
        ({"segments": [{"sentiment": 5}]}, ("wrong_type", "segments[0].sentiment")),
        ({"segments": [{"speaker": "S9"}]}, ("unknown_speaker", "segments[0].speaker")),
        ({"segments": [{"channel": "Other"}]}, ("unknown_channel", "segments[0].channel")),
        ({"summary": {"speakers": [{"speaker": "S9"}]}}, ("unknown_speaker", "summary.speakers[0].speaker")),
        ({"summary": {"channels": [{"channel": "Other"}]}}, ("unknown_channel", "summary.channels[0].channel")),
        ({"summary": {"overall": {"neutral_count": "1"}}}, ("wrong_type", "summary.overall.neutral_count")),
        ({"segments": {}}, ("wrong_type", "segments")),
    ],
)
def test_a_mistake_in_sentiments_is_found_and_placed(part: Json, expected: tuple[str, str], levels: int) -> None:
    """In one level, as they are on the wire, and in the two that the specification has."""
    place = ".".join(["sentiment_analysis"] * levels)
    analysis = part if levels == 1 else {"sentiment_analysis": part}
    assert found(validate_transcript(transcript(sentiment_analysis=analysis))) == [
        (expected[0], f"{place}.{expected[1]}")
    ]


def test_the_missing_results_are_an_error() -> None:
    """There is no transcript without results; other parts are only documented as always there."""
    report = validate_transcript({})
    assert [problem.path for problem in report.errors] == [("results",)]
    assert {problem.path for problem in report.warnings} == {("format",), ("metadata",)}
    assert not validate_transcript({"results": []}, strict=True)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (transcript(new=1), ("unknown_field", "new")),
        (transcript(word(1, 2, new={"a": [1]})), ("unknown_field", "results[0].new")),
        (transcript({"type": "new", "start_time": 1, "end_time": 2}), ("unknown_value", "results[0].type")),
        (transcript(word(1, 2, attaches_to="new")), ("unknown_value", "results[0].attaches_to")),
        (
            transcript(word(1, 2, alternatives=[reading(tags=["new"])])),
            ("unknown_value", "results[0].alternatives[0].tags[0]"),
        ),
        (transcript(config={"new": 1}), ("unknown_field", "metadata.transcription_config.new")),
        (
            transcript(metadata={**transcript()["metadata"], "transcription_config": {}}),
            ("undocumented_omission", "metadata.transcription_config.language"),
        ),
        (transcript(config={"model": "new"}), ("unknown_value", "metadata.transcription_config.model")),
        (
            transcript({"type": "word", "end_time": 2, "alternatives": [reading()]}),
            ("undocumented_omission", "results[0].start_time"),
        ),
    ],
)
def test_the_unknown_is_a_warning_and_an_error_when_strict(data: Json, expected: tuple[str, str]) -> None:
    """The API grows; a pipeline decides what it makes of that."""
    report = validate_transcript(data)
    assert found(report) == [expected]
    assert report.ok
    assert [problem.severity for problem in report.problems] == [Severity.WARNING]
    strict = validate_transcript(data, strict=True)
    assert found(strict) == [expected]
    assert not strict.ok


CONFIG: Json = {
    "type": "transcription",
    "transcription_config": {"language": "en", "model": "enhanced", "punctuation_overrides": {"sensitivity": 0.4}},
    "notification_config": [{"url": "https://example.com", "contents": ["jobinfo"], "method": "POST"}],
    "auto_chapters_config": {},
    "tracking": {"details": {"mine": None}},
}


CALLBACK: Json = {"url": "https://example.com"}


def config(**parts: Any) -> Json:
    return {"type": "transcription", "transcription_config": {"language": "en", **parts}}


def test_a_good_config_is_ok_in_every_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dict, text, bytes, a path of either kind, and the models."""
    text = json.dumps(CONFIG, indent=1)
    place = tmp_path / "config.json"
    place.write_text(text)
    monkeypatch.setenv("HOME", str(tmp_path))
    flat = BatchTranscriptionConfig(language="en", auto_chapters_config=sm.AutoChaptersConfig())
    model = JobConfig.model_validate(CONFIG)
    for form in (CONFIG, text, f"\n {text}", text.encode(), bytearray(text.encode()), place, str(place), model, flat):
        assert found(validate_config(form, strict=True)) == []
    assert validate_config("~/config.json").ok
    place.write_text(text, encoding="utf-8-sig")
    for form in (place, str(place), place.read_bytes(), place.read_text("utf-8")):
        assert found(validate_config(form)) == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, ("invalid_value", "$")),
        (config(enable_entities="yes"), ("wrong_type", "transcription_config.enable_entities")),
        (config(language=None), ("wrong_type", "transcription_config.language")),
        ({"transcription_config": {}}, ("missing_field", "transcription_config.language")),
        (config(model="standard", operating_point="enhanced"), ("invalid_value", "transcription_config")),
        (
            config(punctuation_overrides={"sensitivity": 2}),
            ("out_of_range", "transcription_config.punctuation_overrides.sensitivity"),
        ),
        (
            config(additional_vocab=[{"content": "a"}, {"sounds_like": []}]),
            ("missing_field", "transcription_config.additional_vocab[1].content"),
        ),
        (config(additional_vocab=[5]), ("wrong_type", "transcription_config.additional_vocab[0]")),
        ({**config(), "notification_config": {"url": 5}}, ("wrong_type", "notification_config.url")),
        ({**config(), "notification_config": [{"url": "x:y"}]}, ("invalid_value", "notification_config[0].url")),
        ({**config(), "notification_config": [CALLBACK] * 4}, ("invalid_value", "notification_config")),
        (
            {**config(), "notification_config": {**CALLBACK, "method": "get"}},
            ("invalid_value", "notification_config.method"),
        ),
        (
            {**config(), "fetch_data": {**CALLBACK, "auth_headers": ["A: b", "Bearer c"]}},
            ("invalid_value", "fetch_data.auth_headers[1]"),
        ),
        (
            {**config(), "translation_config": {"target_languages": [*"abcdef"]}},
            ("invalid_value", "translation_config.target_languages"),
        ),
        (
            {**config(), "output_config": {"srt_overrides": {"max_lines": 2.5}}},
            ("wrong_type", "output_config.srt_overrides.max_lines"),
        ),
        (config(language=""), ("invalid_value", "transcription_config.language")),
        (config(channel_diarization_labels=["a"]), ("invalid_value", "transcription_config")),
        (
            config(diarization="channel", channel_diarization_labels=["a", "b c"]),
            ("invalid_value", "transcription_config.channel_diarization_labels[1]"),
        ),
        (
            config(punctuation_overrides={"permitted_marks": ["all", ".", "dot"]}),
            ("invalid_value", "transcription_config.punctuation_overrides.permitted_marks[2]"),
        ),
        (
            config(speaker_diarization_config={"speakers": [{"label": "S1", "speaker_identifiers": ["x"]}]}),
            ("invalid_value", "transcription_config.speaker_diarization_config.speakers[0].label"),
        ),
        (
            config(speaker_diarization_config={"speakers": [{"label": "A", "speaker_identifiers": ["x", "x"]}]}),
            ("invalid_value", "transcription_config.speaker_diarization_config.speakers[0].speaker_identifiers"),
        ),
        (
            config(
                speaker_diarization_config={
                    "speakers": [{"label": "A", "speaker_identifiers": [str(n) for n in range(51)]}]
                }
            ),
            ("invalid_value", "transcription_config.speaker_diarization_config.speakers"),
        ),
        ({**config(), "tracking": {"details": {"a": {1, 2}}}}, ("not_json", "tracking.details.a")),
        ({**config(), "tracking": {"title": "\ud800"}}, ("not_json", "tracking.title")),
        (
            config(audio_filtering_config={"volume_threshold": float("nan")}),
            ("not_json", "transcription_config.audio_filtering_config.volume_threshold"),
        ),
        (None, ("wrong_type", "$")),
        (True, ("wrong_type", "$")),
        (1.5, ("wrong_type", "$")),
        (5, ("wrong_type", "$")),
        (config(enable_entities=HTTPStatus.OK), ("wrong_type", "transcription_config.enable_entities")),
        ("[]", ("wrong_type", "$")),
        (object(), ("not_json", "$")),
        ("", ("invalid_json", "$")),
        ("{", ("invalid_json", "$")),
        (b"\xff", ("invalid_json", "$")),
        ('{"a": "\ud800"}', ("invalid_json", "$")),
        ("[" * 100_000, ("invalid_json", "$")),
        ("no such file", ("unreadable", "$")),
        ("\0", ("unreadable", "$")),
        (Path("/"), ("unreadable", "$")),
        (Transcript(results=[]), ("wrong_type", "$")),
    ],
)
def test_a_wrong_config_is_an_error(data: Any, expected: tuple[str, str]) -> None:
    """The report says what is wrong and where."""
    assert found(validate_config(data)) == [expected]


def test_a_misspelt_field_is_known_again() -> None:
    """The report names the field that is missing, and that which was meant."""
    report = validate_config({"transcription_config": {"langauge": "de"}})
    assert found(report) == [
        ("unknown_field", "transcription_config.langauge"),
        ("missing_field", "transcription_config.language"),
    ]
    assert "did you mean language?" in str(report)


def test_the_unknown_in_a_config() -> None:
    """Every unknown field and value is named, and none raises a Python warning."""
    data = {**config(model="next", one=1, two=2), "three": 3}
    report = validate_config(data)
    assert report.ok
    assert {problem.location for problem in report.warnings} == {
        "three",
        "transcription_config.model",
        "transcription_config.one",
        "transcription_config.two",
    }
    assert len(validate_config(data, strict=True).errors) == 4


def test_a_model_is_checked_as_it_would_be_sent() -> None:
    """Fields set one by one may contradict each other; the flat shape is reported in the wire's."""
    flat = BatchTranscriptionConfig()
    flat.channel_diarization_labels = ["Agent"]
    assert found(validate_config(flat)) == [("invalid_value", "transcription_config")]
    broken = Transcript.model_validate(transcript(word(1, 2)))
    broken.results[0].end_time = 0.5
    assert found(validate_transcript(broken)) == [("end_before_start", "results[0].end_time")]


def test_a_model_that_cannot_be_sent() -> None:
    """A model built past its own checks ends in a report too."""
    construct: Any = JobConfig.model_construct
    assert found(validate_config(construct(transcription_config=object()))) == [("not_json", "$")]
    assert found(validate_config(construct(transcription_config=5))) == [("wrong_type", "transcription_config")]


def test_json_text_with_numbers_that_json_does_not_have() -> None:
    """The place of each is named."""
    text = json.dumps(transcript(word(1, float("inf")), word(float("nan"), 2)))
    assert found(validate_transcript(text)) == [
        ("not_json", "results[0].end_time"),
        ("not_json", "results[1].start_time"),
    ]


def test_no_secret_is_in_a_report() -> None:
    """Headers and addresses are not quoted."""
    report = validate_config(
        {**config(), "fetch_data": {"url": "ftp://secret.example", "auth_headers": ["secret", "Basic: secret"]}}
    )
    assert not report.ok
    assert "secret" not in str(report).replace("being a secret", "")


def test_a_report_tells() -> None:
    """It is true or false, shows its size in the repr and every place in the text, and raises when asked to."""
    good = validate_transcript(GOOD["marks"])
    good.raise_for_errors()
    assert good
    assert repr(good) == "ValidationReport(ok=True, errors=0, warnings=0)"
    assert str(good) == "no problems"
    bad = validate_transcript(transcript(word(2, 1), new=1))
    assert not bad
    assert repr(bad) == "ValidationReport(ok=False, errors=1, warnings=1)"
    assert "error at results[0].end_time: ends at 1.00 s, before its start at 2.00 s (end_before_start)" in str(bad)
    with pytest.raises(sm.InvalidDataError, match=r"results\[0\]\.end_time: ends at") as caught:
        bad.raise_for_errors()
    assert caught.value.report is bad
    assert isinstance(caught.value, ValueError)
    caught.value.add_note("in the morning's batch")
    sent = pickle.loads(pickle.dumps(caught.value))
    assert (str(sent), sent.report, sent.__notes__) == (str(caught.value), bad, ["in the morning's batch"])


def test_the_example_of_the_documentation() -> None:
    """It prints what it says."""
    assert doctest.testmod(validation) == (0, 2)


def test_a_long_list_is_cut_in_text_only() -> None:
    """Twenty problems are quoted, all are there."""
    report = validate_transcript(transcript(*[word(2, 1)] * 100))
    assert len(report.problems) == 100
    assert str(report).endswith("and 80 more")


@pytest.mark.slow
def test_ten_hours_are_examined_to_the_end() -> None:
    """The last of 90,000 words is judged, and all before it are good."""
    words = [word(round(n * 0.4, 2), round(n * 0.4 + 0.3, 2)) for n in range(90_000)]
    words.append(word(36_001, 36_000))
    data = transcript(*words)
    data["job"]["duration"] = 36_001
    report = validate_transcript(json.dumps(data), strict=True)
    assert found(report) == [("end_before_start", "results[90000].end_time")]


def test_values_that_contain_themselves() -> None:
    """A cycle, a deep nest, and references that stand for more values than there are atoms, end in a report."""
    cycle = config()
    cycle["tracking"] = {"details": cycle}
    assert found(validate_config(cycle)) == [("not_json", "tracking.details")]
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert found(validate_config({**config(), "tracking": {"details": {"a": deep}}})) == [("not_json", "tracking")]
    bomb: list[Any] = [1]
    for _ in range(80):
        bomb = [bomb, bomb]
    assert found(validate_config({**config(), "tracking": {"details": {"a": bomb}}})) == [("not_json", "$")]


@pytest.mark.parametrize("digits", [20, 400, 5000])
@pytest.mark.parametrize("sign", [1, -1])
def test_numbers_beyond_any_machine(digits: int, sign: int) -> None:
    """Whole numbers larger than any float, and than Python prints, are out of range."""
    number = sign * 10**digits
    report = validate_transcript(transcript(word(number, number, volume=number), job={"duration": number}))
    assert {problem.code for problem in report.errors} >= {ProblemCode.OUT_OF_RANGE}
    assert not validate_config(config(punctuation_overrides={"sensitivity": number}))
    validate_config({**config(type=number), "tracking": {"details": {"a": number}}, "output_config": number})


class Hostile(Mapping[str, Any]):
    """Raises whatever is done with it."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("no")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise RuntimeError("no")


class HostilePath(os.PathLike[str]):
    """A path that is none."""

    def __fspath__(self) -> str:
        raise RuntimeError("no")


class HostileText(str):
    """Text that raises when it is read."""

    def removeprefix(self, prefix: str, /) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize("data", [Hostile(), {"tracking": Hostile()}, HostilePath(), HostileText("{")])
def test_objects_that_raise_when_they_are_looked_at(data: Any) -> None:
    """They end in a report too."""
    for report in (validate_config(data), validate_transcript(data)):
        assert report.errors[-1].code is ProblemCode.UNREADABLE


NAMES = st.sampled_from(
    [
        *("type", "transcription_config", "language", "model", "operating_point", "notification_config", "url"),
        *("fetch_data", "tracking", "details", "additional_vocab", "content", "speaker_diarization_config", "speakers"),
        *("results", "start_time", "end_time", "alternatives", "confidence", "channel", "speaker", "attaches_to"),
        *(
            "job",
            "duration",
            "created_at",
            "metadata",
            "spoken_form",
            "written_form",
            "translations",
            "label",
            "volume",
        ),
        *("punctuation_overrides", "sensitivity", "method", "auth_headers", "volume", "channels"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400)])
    | st.floats()
    | st.text(max_size=4)
    | st.text(st.characters(), max_size=3)
    | st.sampled_from(["word", "punctuation", "entity", "both", "2026-01-09T12:29:01Z", "9999-12-31T23:59:59-12:00"])
    | st.binary(max_size=4)
    | st.datetimes()
    | st.decimals()
    | st.sampled_from([object(), int, len, {1}, 1j, range(3), Severity.ERROR, Path("x")])
)  # fmt: skip
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(NAMES, inner, max_size=6)
        | st.dictionaries(st.text(max_size=3) | st.integers() | st.none(), inner, max_size=2)
        | st.tuples(inner, inner)
    ),
    max_leaves=30,
)


def is_object(value: object) -> TypeIs[dict[Any, Any]]:
    return isinstance(value, dict)


def is_list(value: object) -> TypeIs[list[Any]]:
    return isinstance(value, list)


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """Something almost right: some parts of a good example are replaced by anything."""

    def copied(part: Any) -> Any:
        if draw(st.integers(0, 30)) == 0:
            return draw(ANYTHING)
        if is_object(part):
            return {name: copied(value) for name, value in part.items()}
        return [copied(value) for value in part] if is_list(part) else part

    return copied(draw(st.sampled_from([*GOOD.values(), CONFIG])))


@given(ANYTHING | damaged(), st.booleans())
def test_nothing_makes_it_raise(data: Any, strict: bool) -> None:
    """Whatever is given, a report comes back, can be printed, and points to places within the data."""
    for report in (validate_config(data, strict), validate_transcript(data, strict)):
        assert isinstance(report.ok, bool)
        str(report).encode()
        for problem in report.problems:
            place: Any = data
            for step in problem.path[:-1]:
                place = place[step]


@given(st.text() | st.binary() | damaged().map(lambda data: json.dumps(data, default=str, skipkeys=True)))
def test_no_text_makes_it_raise(data: str | bytes) -> None:
    """Text, bytes and almost good JSON."""
    validate_config(data)
    validate_transcript(data)


@given(damaged())
def test_what_is_ok_is_taken(data: Any) -> None:
    """A config without errors can be submitted, a transcript without errors can be parsed; and with `strict` too."""
    if validate_config(data, strict=True).ok:
        as_job_config(data)
    if validate_transcript(data).ok:
        Transcript.model_validate(data)
