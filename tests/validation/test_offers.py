"""What is asked for and is not known to be offered: a warning of reports and submissions, an error where certain."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from speechmatics import (
    BatchTranscriptionConfig,
    ConfigError,
    Features,
    JobConfig,
    UnknownConfigWarning,
    ValidationReport,
    validate_config,
)
from speechmatics.models.catalogue import DOMAINS, LANGUAGES, LOCALES, PACKS, TRANSLATED, translates
from tests.servers.scripted import Scripted, created

FEATURES = Features.model_validate(
    {
        "batch": {
            "transcription": [
                {"languages": ["en", "de"], "locales": {"en": ["en-GB"]}, "domains": {"en": ["finance"]}}
            ],
            "translation": [{"languages": {"en": ["de"]}}],
        }
    }
)


def wire(language: str = "en", *, beside: dict[str, Any] | None = None, **transcription: Any) -> dict[str, Any]:
    """A configuration."""
    return {"type": "transcription", "transcription_config": {"language": language, **transcription}, **(beside or {})}


def into(*targets: str) -> dict[str, Any]:
    """A translation."""
    return {"translation_config": {"target_languages": [*targets]}}


def replacing(text: str) -> dict[str, Any]:
    """A replacement of that."""
    return {"transcript_filtering_config": {"replacements": [{"from": text, "to": ""}]}}


def found(report: ValidationReport) -> list[tuple[str, str]]:
    """The code and the last names of each problem."""
    return [(problem.code.value, problem.location.removeprefix("transcription_config.")) for problem in report]


@pytest.mark.parametrize(
    ("language", "hint"),
    [
        ("english", "did you mean en (English)?"),
        ("EN", "did you mean en?"),
        ("en_GB", 'did you mean en, with output_locale="en-GB"?'),
        ("en-us", 'did you mean en, with output_locale="en-US"?'),
        ("de_DE", "did you mean de?"),
        ("Germann", "did you mean de (German)?"),
        ("cmn-en", "did you mean cmn_en?"),
        ("AUTO", "did you mean auto?"),
        ("klingon", ""),
    ],
)
def test_an_unknown_language_names_what_was_meant(language: str, hint: str) -> None:
    """By its letters, its locale or its name."""
    [problem] = validate_config(wire(language))
    assert (problem.code, problem.location) == ("unknown_offer", "transcription_config.language")
    assert hint in problem.message
    assert bool(hint) == ("did you mean" in problem.message)


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        (wire(operating_point="enhenced"), "did you mean enhanced?"),
        (wire(model="Enhanced"), "did you mean enhanced?"),
        (wire(diarization="speakers"), "did you mean speaker?"),
        (wire(domain="finanse"), "did you mean finance?"),
        (wire(output_locale="en_GB"), "did you mean en-GB?"),
        (wire(diarisation="speaker"), "did you mean diarization?"),
        (wire(operating_piont="enhanced"), "did you mean operating_point?"),
        (wire(beside={"summarization_config": {"summary_type": "bullet"}}), "did you mean bullets?"),
        (wire(beside={"notification_config": {"url": "https://h", "contents": ["transkript"]}}), "mean transcript?"),
    ],
)
def test_unknown_names_and_values_have_a_hint(config: dict[str, Any], hint: str) -> None:
    """In the report, and in the warning of the model."""
    [problem] = validate_config(config)
    assert hint in problem.message
    if problem.code != "unknown_offer":
        with pytest.warns(UnknownConfigWarning, match=hint.replace("?", r"\?")):
            JobConfig.model_validate(config)


MELIA: dict[str, Any] = {"model": "melia-1"}
REPLACED: dict[str, Any] = {"transcript_filtering_config": {"replacements": [{"from": "a", "to": "b"}]}}
KNOWN: dict[str, Any] = {"speakers": [{"label": "Ann", "speaker_identifiers": ["x"]}], "get_speakers": True}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (wire(**MELIA), ["language"]),
        (wire("multi", **MELIA, additional_vocab=[{"content": "a"}]), ["additional_vocab"]),
        (wire("multi", **MELIA, enable_entities=True), ["enable_entities"]),
        (wire("multi", **MELIA, enable_entities=False), []),
        (wire("multi", **MELIA, audio_filtering_config={"volume_threshold": 1}), ["audio_filtering_config"]),
        (wire("multi", **MELIA, **REPLACED), ["transcript_filtering_config.replacements"]),
        (wire("multi", **MELIA, beside={"summarization_config": {}}), ["summarization_config"]),
        (wire("multi"), ["language"]),
        (wire("multi", model="oak-1"), []),
        (
            wire(model="oak-1", diarization="speaker", speaker_diarization_config=KNOWN),
            ["speaker_diarization_config.speakers", "speaker_diarization_config.get_speakers"],
        ),
        (wire(model="enhanced", diarization="speaker", speaker_diarization_config=KNOWN), []),
        (wire(speaker_diarization_config={}), ["speaker_diarization_config"]),
        (wire(domain="medical"), ["domain"]),
        (wire(domain="medical", operating_point="enhanced"), []),
        (wire("it", domain="medical", model="enhanced"), ["domain"]),
        (wire("es", domain="bilingual-en"), []),
        (wire("de", output_locale="en-GB"), ["output_locale"]),
        (wire("cmn", output_locale="cmn-Hans"), []),
        (wire(additional_vocab=[{"content": "a b c d e f g"}]), ["additional_vocab[0].content"]),
        (
            wire(additional_vocab=[{"content": "a b c d e f", "sounds_like": ["x", "y" * 4001]}]),
            ["additional_vocab[0].sounds_like[1]"],
        ),
        (
            wire(beside={"translation_config": {"target_languages": ["de", "ar"]}}),
            ["translation_config.target_languages[1]"],
        ),
        (wire("de", beside={"translation_config": {"target_languages": ["en"]}}), []),
        (
            wire("de", beside={"translation_config": {"target_languages": ["fr"]}}),
            ["translation_config.target_languages[0]"],
        ),
        (wire("no", beside={"translation_config": {"target_languages": ["nn"]}}), []),
        (wire(beside={"language_identification_config": {}}), ["language_identification_config"]),
        (
            wire("auto", beside={"language_identification_config": {"expected_languages": ["en", "tl", "english"]}}),
            [
                "language_identification_config.expected_languages[1]",
                "language_identification_config.expected_languages[2]",
            ],
        ),
    ],
)
def test_what_is_not_offered_or_dropped_is_a_warning(config: dict[str, Any], expected: list[str]) -> None:
    """At its path, by reports and by submissions alike; an error when strict."""
    assert found(validate_config(config)) == [("unknown_offer", path) for path in expected]
    assert validate_config(config).ok
    assert validate_config(config, strict=True).ok is not bool(expected)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert Scripted([created()]).submit(config=config) == "made"
    assert [warning.category for warning in caught] == [UnknownConfigWarning] * len(expected)
    assert all("speechmatics/" not in Path(warning.filename).as_posix() for warning in caught)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (wire("auto", **MELIA), "melia-1 identifies no language"),
        (wire("auto", operating_point="melia-1"), "melia-1 identifies no language"),
        (wire(additional_vocab=[{"content": "a"}] * 1001), "at most 1000 entries, not 1001"),
        (wire(transcript_filtering_config={"replacements": [{"from": "/(a/", "to": ""}]}), "a group is not closed"),
        (
            wire(
                diarization="speaker",
                speaker_diarization_config={"speakers": [{"label": " Ann", "speaker_identifiers": ["x"]}]},
            ),
            "must not begin or end with a space",
        ),
        (wire(diarization="channel", channel_diarization_labels=["a "]), "letters, digits, dots and underscores"),
    ],
)
def test_what_the_service_refuses_is_an_error(config: dict[str, Any], message: str) -> None:
    """Before anything is sent."""
    service = Scripted([created()])
    with pytest.raises(ConfigError, match=message):
        service.submit(config=config)
    assert service.asked == []
    assert message.partition(" ")[2] in str(validate_config(config).errors)


@pytest.mark.parametrize("expression", [r"(a", r"a)", r"[a", "a\\", "*a", "+", "?a", "a|*", "(*a)", r"(?:a", r"[\]"])
def test_a_malformed_expression(expression: str) -> None:
    """It would fail the job; the same as plain text is none."""
    replaced: dict[str, Any] = {
        "transcript_filtering_config": {"replacements": [{"from": f"/{expression}/", "to": ""}]}
    }
    assert found(validate_config(wire(**replaced))) == [
        ("invalid_value", "transcript_filtering_config.replacements[0].from")
    ]
    plain = replacing(expression)
    assert validate_config(wire(**plain)).ok


@pytest.mark.parametrize(
    "expression",
    [
        r"a+?",
        r"(?:a|b)*",
        r"(?<name>\d{2,})",
        r"[(*]",
        r"\(\[",
        r"\p{L}+",
        "^a$",
        r"(?!x)y",
        r"[^\]]*",
        r"(a)?",
        "/",
        "",
    ],
)
def test_a_sound_expression(expression: str) -> None:
    """Also where Python would take it for none."""
    replaced: dict[str, Any] = {
        "transcript_filtering_config": {"replacements": [{"from": f"/{expression}/", "to": ""}]}
    }
    assert validate_config(wire(**replaced), strict=True).ok


def test_the_server_has_the_last_word() -> None:
    """What it does not offer is an error, whatever the catalogue says; what it offers is not."""
    assert found(validate_config(wire("fr"), features=FEATURES)) == [("not_offered", "language")]
    assert not validate_config(wire("fr"), features=FEATURES)
    assert "de, en" in str(validate_config(wire("fr"), features=FEATURES))
    asked = wire(
        output_locale="en-US",
        domain="medical",
        model="enhanced",
        beside={"translation_config": {"target_languages": ["de", "fr"]}},
    )
    assert found(validate_config(asked, features=FEATURES)) == [
        ("not_offered", "domain"),
        ("not_offered", "output_locale"),
        ("not_offered", "translation_config.target_languages[1]"),
    ]
    assert validate_config(asked).problems == ()
    assert validate_config(wire("auto"), features=FEATURES).ok
    assert validate_config(wire("fr"), features=Features()).problems == ()


def test_plain_words_are_read_as_objects() -> None:
    """As old callers send them."""
    config = JobConfig.model_validate(wire(additional_vocab=["gnocchi", {"content": "pasta"}]))
    assert config.to_dict()["transcription_config"]["additional_vocab"] == [
        {"content": "gnocchi"},
        {"content": "pasta"},
    ]
    flat = BatchTranscriptionConfig.model_validate({"language": "en", "additional_vocab": ["gnocchi"]})
    assert flat.asdict() == {"language": "en", "additional_vocab": [{"content": "gnocchi"}]}
    assert validate_config(wire(additional_vocab=["gnocchi"]), strict=True).problems == ()
    service = Scripted([created()])
    service.submit(config=wire(additional_vocab=["gnocchi"]))
    assert service.config["transcription_config"]["additional_vocab"] == [{"content": "gnocchi"}]


def test_audio_is_fetched_by_other_schemes_on_premises() -> None:
    """Which is a warning, and shows no URL."""
    config = wire(beside={"fetch_data": {"url": "file:///private/a.wav"}})
    [problem] = validate_config(config)
    assert (problem.code, problem.severity, problem.location) == ("unknown_offer", "warning", "fetch_data.url")
    assert "private" not in problem.message
    service = Scripted([created()])
    with pytest.warns(UnknownConfigWarning, match="not by file"):
        service.submit(None, config)
    assert service.config["fetch_data"] == {"url": "file:///private/a.wav"}
    for wrong in ("a.wav", "/private/a.wav", "file:", " https://a"):
        assert not validate_config(wire(beside={"fetch_data": {"url": wrong}}))


def test_labels_need_a_diarization_that_may_have_them() -> None:
    """An unknown one breaks no rule about a known one."""
    labels: dict[str, Any] = {"channel_diarization_labels": ["a"]}
    assert found(validate_config(wire(**labels, diarization="channel_and_speaker"))) == [
        ("unknown_value", "diarization")
    ]
    for known in ("none", "speaker"):
        assert not validate_config(wire(**labels, diarization=known))
    assert not validate_config(wire(**labels))


def test_a_flat_file_is_told_so(tmp_path: Path) -> None:
    """By the field that stands at the top."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"language": "en", "diarization": "speaker"}))
    report = validate_config(file)
    assert "language stands at the top; such fields stand in transcription_config" in str(report)
    assert not report


def test_the_lattice_is_known() -> None:
    """It stands in public configurations."""
    assert validate_config(wire(beside={"output_config": {"generate_lattice": True}}), strict=True).problems == ()


def test_the_catalogue_is_of_one_piece() -> None:
    """What it names elsewhere is a language of it."""
    assert not LANGUAGES.keys() & PACKS
    assert set().union(*DOMAINS.values()) <= LANGUAGES.keys() | PACKS
    assert set(LOCALES.values()) <= LANGUAGES.keys()
    assert LANGUAGES.keys() >= TRANSLATED
    assert translates("en", "de")
    assert translates("de", "en")
    assert not translates("en", "en")
