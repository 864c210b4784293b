"""Which language is taken for that of a recording, without a model."""

from __future__ import annotations

from typing import Any

import pytest

from speechmatics.local import UnreadableAudio
from speechmatics.local.whisper import choose_language
from speechmatics.models import LanguageIdentificationConfig

HEARD = {"en": 0.2, "cmn": 0.6, "de": 0.15}
UNSURE = {"en": 0.3, "de": 0.4}


@pytest.mark.parametrize(
    ("found", "asked", "language"),
    [
        (HEARD, None, "cmn"),
        (HEARD, {}, "cmn"),
        (HEARD, {"expected_languages": ["de", "en"]}, "en"),
        (UNSURE, {"low_confidence_action": "allow"}, "de"),
        (HEARD, {"low_confidence_action": "reject"}, "cmn"),
        (UNSURE, {"low_confidence_action": "use_default_language", "default_language": "fr"}, "fr"),
        (HEARD, {"low_confidence_action": "use_default_language", "default_language": "fr"}, "cmn"),
        (
            HEARD,
            {
                "expected_languages": ["cy"],
                "low_confidence_action": "use_default_language",
                "default_language": "en",
            },
            "en",
        ),
    ],
)
def test_the_likeliest_of_the_expected_languages(
    found: dict[str, float], asked: dict[str, Any] | None, language: str
) -> None:
    """Unless it is not sure, and something else is asked for then."""
    config = None if asked is None else LanguageIdentificationConfig.model_validate(asked)
    assert choose_language(found, config) == language


@pytest.mark.parametrize(
    ("found", "asked"),
    [(UNSURE, {"low_confidence_action": "reject"}), (HEARD, {"expected_languages": ["cy"]}), ({}, {})],
)
def test_no_language_is_an_error(found: dict[str, float], asked: dict[str, Any]) -> None:
    """Where none is expected, or none is sure enough."""
    with pytest.raises(UnreadableAudio, match="no language could be identified"):
        choose_language(found, LanguageIdentificationConfig.model_validate(asked))
