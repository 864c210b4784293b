"""A name that is nearly a known one does not become a paid job of another kind in silence."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from pydantic import ValidationError

from speechmatics import BatchTranscriptionConfig, ConfigError, JobConfig, TranscriptionConfig
from speechmatics.models import UnknownConfigWarning
from speechmatics.models.config import as_job_config

flat: Any = BatchTranscriptionConfig


@pytest.mark.filterwarnings("ignore::speechmatics.models.UnknownConfigWarning")
@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"langauge": "de"},
            r"missing \(there is langauge; did you mean language\? That stands in transcription_config",
        ),
        ({"diarisation": "speaker"}, r"there is diarisation; did you mean diarization\?"),
        (
            {"transcription_confg": {"language": "de"}},
            r"there is transcription_confg; did you mean transcription_config",
        ),
        ({"transcription_config": {"langauge": "de"}}, r"there is langauge; did you mean language\?"),
        ({"transcription_config": {}}, "transcription_config.language: Field required$"),
        ({"something": 1}, "transcription_config is missing; the least is"),
    ],
)
def test_what_is_missing_names_what_may_have_been_meant(config: dict[str, Any], message: str) -> None:
    """At the top, and where it belongs."""
    with pytest.raises(ConfigError, match=message):
        as_job_config(config)


@pytest.mark.filterwarnings("ignore::speechmatics.models.UnknownConfigWarning")
def test_a_misspelt_language_is_no_english() -> None:
    """The flat configuration has a default, which a misspelt name does not fall back to; both names together do."""
    with pytest.raises(ValidationError, match=r"langauge is not a field; did you mean language\?"):
        flat(langauge="de")
    assert flat(langauge="de", language="fr").language == "fr"


def test_what_is_unknown_is_reported_once() -> None:
    """Where a model is made, or where a dict is submitted; not again when the model is."""
    for make in (
        lambda: BatchTranscriptionConfig.model_validate({"language": "en", "colour": 1}),
        lambda: JobConfig.model_validate({"transcription_config": {"language": "en", "colour": 1}, "size": 2}),
        lambda: {"transcription_config": {"language": "en", "colour": 1}},
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            as_job_config(make())
        messages = [str(each.message) for each in caught if issubclass(each.category, UnknownConfigWarning)]
        assert messages
        assert len(messages) == len({*messages})


@pytest.mark.parametrize(
    "config",
    [
        JobConfig(transcription_config=TranscriptionConfig(language="en", domain="\ud800")),
        BatchTranscriptionConfig.model_validate({"language": "en", "tracking": {"tags": ["\ud800"]}}),
    ],
)
def test_half_a_surrogate_pair_cannot_be_sent(config: JobConfig | BatchTranscriptionConfig) -> None:
    """It has no form in UTF-8; nothing is sent then."""
    with pytest.raises(ConfigError, match="half a surrogate pair"):
        as_job_config(config).to_json()
