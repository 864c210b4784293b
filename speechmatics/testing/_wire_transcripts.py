"""json-v2 transcripts as the wire has them: what was said, how it was made, and what was made of it."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from speechmatics.testing._wire_configs import ADD_ONS, OUTPUT_CONFIGS
from speechmatics.testing._wire_speech import PACKS, Pack, Speech, speeches
from speechmatics.testing._wire_values import (
    IDS,
    LANGUAGES,
    SPEAKER_IDENTIFIERS,
    TEXTS,
    TIMESTAMPS,
    TRACKING,
    Json,
    some,
)

__all__ = ["transcripts"]

_SHARES = st.integers(0, 100).map(lambda hundredths: hundredths / 100)


@st.composite
def transcripts(draw: DrawFn) -> Json:
    """Transcripts whose parts agree: times within the audio, voices that speak, counts that count."""
    pack = draw(PACKS)
    entities = draw(st.booleans())
    speech = draw(speeches(pack, entities))
    metadata = draw(_metadata(pack, speech, entities))
    transcript: Json = {
        "format": draw(st.sampled_from(["2.4", "2.7", "2.9"])),
        "job": draw(_jobs(speech)),
        "metadata": metadata,
        "results": speech.results,
    }
    if draw(st.integers(0, 9)) == 9:
        del transcript["job"]  # as on premises
    if speech.speakers:
        transcript |= draw(some(speakers=_identified(speech.speakers)))
    features = {
        "translations": ("translation", _translations(speech)),
        "summary": ("summarization", st.fixed_dictionaries({"content": TEXTS})),
        "sentiment_analysis": ("sentiment_analysis", _sentiments(speech)),
        "topics": ("topic_detection", _topics(speech)),
        "chapters": ("auto_chapters", _chapters(speech)),
    }
    for name, (add_on, results) in features.items():
        outcome = draw(st.sampled_from(["not asked for", "made", "made", "failed"]))
        if outcome != "not asked for":
            metadata |= draw(_repeated(add_on))
        if outcome == "made":
            transcript[name] = draw(results)
        elif outcome == "failed":
            kind = draw(st.sampled_from([f"{add_on}_failed", "unsupported_language"]))
            metadata[f"{add_on}_errors"] = [{"type": kind, "message": "It could not be made"}]
    if draw(st.booleans()):
        transcript |= draw(_audio_events(speech))
        metadata |= draw(_repeated("audio_events"))
    if draw(st.booleans()):
        transcript["language_identification"] = {"predicted_language": pack.tongues[0].code}
        metadata |= draw(_repeated("language_identification"))
    return transcript


def _repeated(add_on: str) -> SearchStrategy[Json]:
    """What the metadata says of an add-on: its configuration, null, or nothing."""
    name = f"{add_on}_config"
    return some(**{name: ADD_ONS[name] | st.none()})


def _jobs(speech: Speech) -> SearchStrategy[Json]:
    """The audio ends at or after the last word; the service rounds its length up, or says it in full."""
    least = math.ceil(speech.clock / 100)
    durations: SearchStrategy[int | float] = st.integers(least, least + 5) | st.just(speech.clock / 100)
    return st.fixed_dictionaries(
        {"id": IDS, "created_at": TIMESTAMPS, "data_name": TEXTS, "duration": durations},
        optional={"tracking": TRACKING, "text_name": TEXTS},
    )


@st.composite
def _metadata(draw: DrawFn, pack: Pack, speech: Speech, entities: bool) -> Json:
    config: Json = {"language": pack.language} | draw(some(max_delay_mode=st.sampled_from(["fixed", "flexible"])))
    if entities:
        config["enable_entities"] = True
    if any("speaker" in sentence.voice for sentence in speech.sentences):
        config |= {"diarization": "speaker"}
    elif speech.channels:
        config |= {"diarization": "channel", "channel_diarization_labels": speech.channels}
    stretch: Json = {
        "start_time": 0.0,
        "end_time": speech.clock / 100,
        "alternatives": [
            {"language": tongue.code, "confidence": round(1 / len(pack.tongues), 2)} for tongue in pack.tongues
        ],
    }
    identified: SearchStrategy[Json] = st.sampled_from(
        [
            {"predicted_language": pack.tongues[0].code, "results": [stretch]},
            {"error": "LOW_CONFIDENCE", "message": "No language is sure enough"},
        ]
    )
    metadata: Json = {"created_at": draw(TIMESTAMPS), "type": "transcription", "transcription_config": config}
    return metadata | draw(
        some(
            output_config=OUTPUT_CONFIGS,
            language_pack_info=st.just(pack.info),
            language_identification=identified,
            orchestrator_version=st.sampled_from(["2024.12.26085+a0a32e61ad.HEAD", "version_not_found"]),
        )
    )


def _identified(labels: list[str]) -> SearchStrategy[list[Json]]:
    return st.tuples(
        *(
            st.fixed_dictionaries({"label": st.just(label), "speaker_identifiers": SPEAKER_IDENTIFIERS})
            for label in labels
        )
    ).map(list)


def _translations(speech: Speech) -> SearchStrategy[Json]:
    sentences = [sentence.timed | {"content": f"[{sentence.text}]"} for sentence in speech.sentences]
    return st.lists(LANGUAGES, min_size=1, max_size=2, unique=True).map(
        lambda codes: {code: [dict(sentence) for sentence in sentences] for code in codes}
    )


@st.composite
def _sentiments(draw: DrawFn, speech: Speech) -> Json:
    segments = [
        sentence.timed
        | {
            "text": sentence.text,
            "sentiment": draw(st.sampled_from(["positive", "neutral", "negative"])),
            "confidence": draw(_SHARES),
        }
        for sentence in speech.sentences
    ]

    def counts(**voice: str) -> Json:
        chosen = [segment for segment in segments if voice.items() <= segment.items()]
        number = Counter(segment["sentiment"] for segment in chosen)
        return {**voice, **{f"{kind}_count": number[kind] for kind in ("positive", "neutral", "negative")}}

    summary: Json = {"overall": counts()}
    if speech.speakers:
        summary["speakers"] = [counts(speaker=speaker) for speaker in speech.speakers]
    if speech.channels:
        summary["channels"] = [counts(channel=channel) for channel in speech.channels]
    found: Json = {"segments": segments, "summary": summary}
    # Two levels are what the specification has.
    return draw(st.sampled_from([found, found, {"sentiment_analysis": found}]))


@st.composite
def _topics(draw: DrawFn, speech: Speech) -> Json:
    names = st.lists(st.sampled_from(["product", "deployment", "languages"]), max_size=2, unique=True)
    segments: list[Json] = [
        {
            "text": sentence.text,
            "start_time": sentence.start / 100,
            "end_time": sentence.end / 100,
            "topics": [{"topic": topic} for topic in draw(names)],
        }
        for sentence in speech.sentences
    ]
    found = Counter(item["topic"] for segment in segments for item in segment["topics"])
    return {"segments": segments, "summary": {"overall": dict(found)}}


def _chapters(speech: Speech) -> SearchStrategy[list[Json]]:
    """A chapter for each sentence would be fine-grained, but they follow one another as real ones do."""
    return st.tuples(
        *(
            st.fixed_dictionaries(
                {
                    "title": TEXTS,
                    "summary": TEXTS,
                    "start_time": st.just(sentence.start / 100),
                    "end_time": st.just(sentence.end / 100),
                }
            )
            for sentence in speech.sentences
        )
    ).map(list)


@st.composite
def _audio_events(draw: DrawFn, speech: Speech) -> Json:
    """Sounds that follow one another within the audio, and how much there was of each."""
    clocks = draw(st.lists(st.integers(0, speech.clock), max_size=6, unique=True).map(sorted))
    spans = list(zip(clocks[::2], clocks[1::2], strict=False))
    events: list[Json] = [
        {
            "type": draw(st.sampled_from(["music", "laughter", "applause"])),
            "start_time": start / 100,
            "end_time": end / 100,
            "confidence": draw(_SHARES),
        }
        | ({"channel": draw(st.sampled_from(speech.channels))} if speech.channels else {})
        for start, end in spans
    ]

    def amounts(channel: str | None = None) -> Json:
        totals: dict[str, Any] = {}
        for event, (start, end) in zip(events, spans, strict=True):
            if channel in (None, event.get("channel")):
                duration, count = totals.get(event["type"], (0, 0))
                totals[event["type"]] = (duration + end - start, count + 1)
        return {kind: {"total_duration": total / 100, "count": count} for kind, (total, count) in totals.items()}

    summary: Json = {"overall": amounts()}
    if speech.channels:
        summary["channels"] = {channel: amounts(channel) for channel in speech.channels}
    return {"audio_events": events, "audio_event_summary": summary}
