"""Job configurations as the wire has them: valid by construction, with any of their parts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from speechmatics.models.catalogue import translates
from speechmatics.models.features import MAX_TRANSLATION_TARGETS
from speechmatics.testing._wire_values import (
    LANGUAGES,
    SPEAKER_IDENTIFIERS,
    SPEAKER_NAMES,
    TEXTS,
    TRACKING,
    Json,
    some,
)

__all__ = ["ADD_ONS", "OUTPUT_CONFIGS", "job_configs"]

_AUTH_HEADERS = st.lists(
    st.builds(
        "{}: {}".format,
        st.sampled_from(["Authorization", "X-Api-Key"]),
        st.sampled_from(["Bearer abc.def", "42", "Basic dXNlcjpwdw=="]),
    ),
    max_size=2,
)
_URLS = st.builds(
    "{}://{}.example.com/{}".format,
    st.sampled_from(["https", "http"]),
    st.sampled_from(["media", "hooks"]),
    st.text("abcxyz0189-_", max_size=8),
)
_FETCHES = st.fixed_dictionaries({"url": _URLS}, optional={"auth_headers": _AUTH_HEADERS})

_CONTENTS = ["jobinfo", "transcript", "transcript.json-v2", "transcript.txt", "transcript.srt", "data", "text"]
_CALLBACKS: SearchStrategy[Json] = st.fixed_dictionaries(
    {"url": _URLS},
    optional={
        "contents": st.lists(st.sampled_from(_CONTENTS), max_size=3, unique=True),
        "method": st.sampled_from(["post", "put"]),
        "auth_headers": _AUTH_HEADERS,
    },
)

OUTPUT_CONFIGS: SearchStrategy[Json] = some(
    srt_overrides=some(max_line_length=st.integers(10, 80), max_lines=st.integers(1, 4)),
    generate_lattice=st.booleans(),
)
"""How transcripts are written."""

_SHARES = st.integers(0, 20).map(lambda twentieths: twentieths / 20)
_PLAIN_WORDS = st.sampled_from(["gnocchi", "Speechmatics", "CEO", "financial crisis", "naïve", "東京"])

_SPEAKER_DIARIZATION = some(
    prefer_current_speaker=st.booleans(),
    speaker_sensitivity=_SHARES,
    get_speakers=st.booleans(),
    speakers=st.lists(
        st.fixed_dictionaries({"label": SPEAKER_NAMES, "speaker_identifiers": SPEAKER_IDENTIFIERS}),
        max_size=3,
        unique_by=lambda speaker: str(speaker["label"]),
    ),
)

_TRANSCRIPTION_PARTS = some(
    additional_vocab=st.lists(
        st.fixed_dictionaries(
            {"content": _PLAIN_WORDS}, optional={"sounds_like": st.lists(_PLAIN_WORDS, min_size=1, max_size=2)}
        ),
        max_size=3,
    ),
    punctuation_overrides=some(
        sensitivity=_SHARES,
        permitted_marks=st.just(["all"]) | st.lists(st.sampled_from([".", ",", "?", "!"]), unique=True),
    ),
    enable_entities=st.booleans(),
    max_delay_mode=st.sampled_from(["fixed", "flexible"]),
    audio_filtering_config=some(volume_threshold=st.integers(0, 1000).map(lambda tenths: tenths / 10)),
    transcript_filtering_config=some(
        remove_disfluencies=st.booleans(),
        replacements=st.lists(
            st.fixed_dictionaries({"from": _PLAIN_WORDS, "to": st.sampled_from(["", "pasta", "***"])}), max_size=2
        ),
    ),
)


def _codes(most: int) -> SearchStrategy[list[str]]:
    return st.lists(LANGUAGES, min_size=1, max_size=most, unique=True)


@st.composite
def _transcription_configs(draw: DrawFn) -> Json:
    """The parts go together: one name of the model, labels for channels only, hints for `multi` only."""
    language = draw(st.sampled_from(["en", "en", "auto", "multi"]) | LANGUAGES)
    config: Json = {"language": language}
    if language == "en":
        config |= draw(
            some(domain=st.sampled_from(["finance", "medical"]), output_locale=st.sampled_from(["en-GB", "en-US"]))
        )
    if language == "multi":
        config["model"] = "melia-1"
        config |= draw(some(language_hints=_codes(3)))
        if "language_hints" in config:
            config |= draw(some(language_hints_strict=st.booleans()))
    elif _is_medical(config):
        config[draw(st.sampled_from(["model", "operating_point"]))] = "enhanced"
    elif name := draw(st.sampled_from([None, "model", "operating_point"])):
        config[name] = draw(st.sampled_from(["standard", "enhanced"]))
    config |= draw(some(diarization=st.sampled_from(["none", "speaker", "channel"])))
    if config.get("diarization") == "speaker":
        config |= draw(some(speaker_diarization_config=_SPEAKER_DIARIZATION))
    if config.get("diarization") == "channel":
        labels = st.lists(st.sampled_from(["Agent", "Caller", "mic_1", "line.2"]), max_size=2, unique=True)
        config |= draw(some(channel_diarization_labels=labels))
    return config | draw(_TRANSCRIPTION_PARTS)


def _is_medical(config: Json) -> bool:
    return config.get("domain") == "medical"


def _without_what_melia_lacks(config: Json) -> None:
    """Takes away what the multilingual model does not offer."""
    transcription = config["transcription_config"]
    for name in ("additional_vocab", "enable_entities", "audio_filtering_config"):
        transcription.pop(name, None)
    transcription.get("transcript_filtering_config", {}).pop("replacements", None)
    for name in ("speakers", "get_speakers"):
        transcription.get("speaker_diarization_config", {}).pop(name, None)
    for name in ADD_ONS:
        config.pop(name, None)


@st.composite
def _language_identification(draw: DrawFn) -> Json:
    config = draw(some(expected_languages=_codes(3)))
    action = draw(st.sampled_from([None, "allow", "reject", "use_default_language"]))
    if action is not None:
        config["low_confidence_action"] = action
    if action == "use_default_language":
        config["default_language"] = draw(st.sampled_from(config.get("expected_languages", ["en"])))
    return config


_EMPTY: SearchStrategy[Json] = st.builds(dict[str, Any])

ADD_ONS: dict[str, SearchStrategy[Json]] = {
    "translation_config": st.fixed_dictionaries({"target_languages": _codes(5)}),
    "summarization_config": some(
        content_type=st.sampled_from(["auto", "informative", "conversational"]),
        summary_length=st.sampled_from(["brief", "detailed"]),
        summary_type=st.sampled_from(["paragraphs", "bullets"]),
    ),
    "sentiment_analysis_config": _EMPTY,
    "topic_detection_config": some(topics=st.lists(TEXTS, min_size=1, max_size=3, unique=True)),
    "auto_chapters_config": _EMPTY,
    "audio_events_config": some(
        types=st.lists(st.sampled_from(["music", "laughter", "applause"]), min_size=1, unique=True)
    ),
    "language_identification_config": _language_identification(),
}
"""The configuration of each add-on; the metadata of a transcript repeats those that were used."""

_JOB_PARTS = some(
    fetch_data=_FETCHES,
    fetch_text=_FETCHES,
    notification_config=st.lists(_CALLBACKS, min_size=1, max_size=3),
    tracking=TRACKING,
    output_config=OUTPUT_CONFIGS,
    **{name: config for name, config in ADD_ONS.items() if name != "language_identification_config"},
)


@st.composite
def job_configs(draw: DrawFn) -> Json:
    """Configurations that the models take without an error or a warning."""
    config: Json = {"type": "transcription", "transcription_config": draw(_transcription_configs())}
    config |= draw(_JOB_PARTS)
    language = config["transcription_config"]["language"]
    if language == "auto":
        config |= draw(some(language_identification_config=ADD_ONS["language_identification_config"]))
    if language == "multi":
        _without_what_melia_lacks(config)
    if "translation_config" in config and language != "auto":
        targets = config["translation_config"]["target_languages"]
        known = [target for target in {*targets, "en"} if translates(language, target)]
        if known:
            config["translation_config"]["target_languages"] = sorted(known)[:MAX_TRANSLATION_TARGETS]
        else:
            del config["translation_config"]
    return config
