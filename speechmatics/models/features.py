"""What a job may be asked for beside the transcript."""

from typing import Annotated

from pydantic import (
    Field,
    StrictBool,
    StrictInt,
)

from speechmatics.models._base import SentModel
from speechmatics.models._markers import KnownValues, OpenText, Within
from speechmatics.models._rules import at_most, check_together
from speechmatics.models.vocabularies import (
    LowConfidenceAction,
    SummaryContentType,
    SummaryLength,
    SummaryType,
)

__all__ = [
    "AudioEventsConfig",
    "AutoChaptersConfig",
    "LanguageIdentificationConfig",
    "OutputConfig",
    "SRTOverrides",
    "SentimentAnalysisConfig",
    "SummarizationConfig",
    "TopicDetectionConfig",
    "TranslationConfig",
]

MAX_TRANSLATION_TARGETS = 5
"""Target languages of one job (specification)."""


class SRTOverrides(SentModel):
    """Limits of the SRT format."""

    max_line_length: Annotated[StrictInt, Within(1)] | None = Field(default=None, kw_only=False)
    """Characters on a line, white space included; 1 or more. The service's default is 37."""
    max_lines: Annotated[StrictInt, Within(1)] | None = Field(default=None, kw_only=False)
    """Lines of a subtitle; 1 or more. The service's default is 2."""


class OutputConfig(SentModel):
    """How transcripts are written."""

    srt_overrides: SRTOverrides | None = None
    """Limits of the SRT format."""
    generate_lattice: StrictBool | None = None
    """True asks for the lattice of the recognition; it stands in public configurations, not in the specification."""


class TranslationConfig(SentModel):
    """Asks for translations."""

    target_languages: Annotated[list[str], at_most(MAX_TRANSLATION_TARGETS, "languages", least=1)] = Field(
        kw_only=False, json_schema_extra={"minItems": 1, "maxItems": MAX_TRANSLATION_TARGETS}
    )
    """ISO codes, 1 to 5."""


class LanguageIdentificationConfig(SentModel):
    """How the language is identified, with `language: "auto"`."""

    expected_languages: list[str] | None = Field(default=None, kw_only=False)
    """ISO codes to choose among."""
    low_confidence_action: KnownValues[LowConfidenceAction] | None = None
    """What happens when no language is sure enough: `allow`, `reject` or `use_default_language`."""
    default_language: str | None = None
    """ISO code used with `use_default_language`."""

    def _check_rules(self) -> None:
        """What is to be done without confidence needs what it is done with."""
        super()._check_rules()
        check_together(
            self.low_confidence_action != "use_default_language" or bool(self.default_language),
            "low_confidence_action use_default_language needs default_language",
        )


class SummarizationConfig(SentModel):
    """Asks for a summary."""

    content_type: KnownValues[SummaryContentType] | None = Field(default=None, kw_only=False)
    """`conversational`, `informative`, or `auto`."""
    summary_length: KnownValues[SummaryLength] | None = Field(default=None, kw_only=False)
    """`brief` (the service's default) or `detailed`."""
    summary_type: KnownValues[SummaryType] | None = Field(default=None, kw_only=False)
    """`paragraphs` or `bullets`."""


class SentimentAnalysisConfig(SentModel):
    """Asks for the sentiment of each segment; has no fields, its presence switches it on."""


class TopicDetectionConfig(SentModel):
    """Asks for the topics of each segment; its presence switches it on."""

    topics: list[str] | None = Field(default=None, kw_only=False)
    """Topics to look for; None for the service's own list."""


class AutoChaptersConfig(SentModel):
    """Asks for chapters; has no fields, its presence switches it on."""


class AudioEventsConfig(SentModel):
    """Asks for sounds that are not speech; its presence switches it on."""

    types: list[OpenText] | None = Field(default=None, kw_only=False)
    """Kinds of events to look for, for example `music`; None for all."""
