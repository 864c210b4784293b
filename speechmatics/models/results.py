"""What hangs below a json-v2 transcript: words, how they were made, and what was made of them.

Whatever the service may leave out is optional; unknown fields and values are kept.
"""

from typing import Annotated, Self

from pydantic import Field, StrictFloat, StrictInt, model_validator

from speechmatics.models._base import LenientPart, ReceivedModel
from speechmatics.models._leniency import AsReceived
from speechmatics.models._markers import DOCUMENTED, OpenText, OpenValues
from speechmatics.models._timestamps import Timestamp
from speechmatics.models.delivery import TrackingData
from speechmatics.models.features import (
    AudioEventsConfig,
    AutoChaptersConfig,
    LanguageIdentificationConfig,
    OutputConfig,
    SentimentAnalysisConfig,
    SummarizationConfig,
    TopicDetectionConfig,
    TranslationConfig,
)
from speechmatics.models.recognition import TranscriptionConfig
from speechmatics.models.vocabularies import (
    AttachesTo,
    DisplayDirection,
    FeatureErrorType,
    FormType,
    JobType,
    LanguageIdentificationErrorCode,
    ResultTag,
    ResultType,
    Sentiment,
    WritingDirection,
)

__all__ = [
    "AudioEventItem",
    "AudioEventSummary",
    "AudioEventSummaryItem",
    "Chapter",
    "FeatureError",
    "JobInfo",
    "LanguageIdentificationAlternative",
    "LanguageIdentificationItem",
    "LanguageIdentificationResult",
    "LanguagePackInfo",
    "RecognitionAlternative",
    "RecognitionDisplay",
    "RecognitionForm",
    "RecognitionMetadata",
    "RecognitionResult",
    "SentimentAnalysis",
    "SentimentAnalysisResult",
    "SentimentCounts",
    "SentimentSegment",
    "SentimentSummary",
    "SpeakersResultItem",
    "SummarizationResult",
    "Topic",
    "TopicDetectionResult",
    "TopicSegment",
    "TopicSummary",
    "TranslationSentence",
]


class JobInfo(LenientPart):
    """The job a transcript belongs to."""

    id: Annotated[str | None, DOCUMENTED] = None
    """The job's id."""
    created_at: Annotated[Timestamp | None, DOCUMENTED] = None
    """When the job was created (UTC)."""
    data_name: str | None = None
    """Name of the audio file."""
    text_name: str | None = None
    """Name of the text file, for alignment jobs of older versions."""
    duration: StrictInt | StrictFloat | None = None
    """Length of the audio in seconds."""
    tracking: AsReceived[TrackingData | None] = None
    """The customer's own notes."""


class FeatureError(LenientPart):
    """An error of one stage (translation, summary, sentiment, topics, chapters); the transcript itself stands."""

    type: OpenValues[FeatureErrorType] | None = None
    """What kind, for example `translation_failed` or `unsupported_language`."""
    message: str | None = None
    """What happened."""


class LanguagePackInfo(LenientPart):
    """How the language is written."""

    language_description: str | None = None
    """Name of the language."""
    word_delimiter: str | None = None
    """What stands between words; empty for Japanese and Chinese."""
    writing_direction: OpenValues[WritingDirection] | None = None
    """`left-to-right` or `right-to-left`."""
    itn: bool | None = None
    """Whether numbers, dates and the like are written in digits."""
    adapted: bool | None = None
    """Whether the language model has been adapted."""
    per_language_word_delimiters: dict[str, str] | None = None
    """What stands between words, by ISO code, in multilingual transcripts."""
    per_language_writing_direction: dict[str, OpenValues[WritingDirection]] | None = None
    """Writing direction by ISO code, in multilingual transcripts."""


class LanguageIdentificationAlternative(ReceivedModel):
    """A language the audio may be in."""

    language: str | None = None
    """ISO code."""
    confidence: float | None = None
    """0 to 1."""


class LanguageIdentificationItem(ReceivedModel):
    """The languages a stretch of audio may be in."""

    alternatives: list[LanguageIdentificationAlternative] | None = None
    """Most likely first."""
    start_time: float | None = None
    """Seconds from the start."""
    end_time: float | None = None
    """Seconds from the start."""


class LanguageIdentificationResult(LenientPart):
    """What the identification of the language found."""

    predicted_language: str | None = None
    """ISO code of the language that was taken."""
    results: list[LanguageIdentificationItem] | None = None
    """Languages by stretch of audio."""
    error: OpenValues[LanguageIdentificationErrorCode] | None = None
    """`LOW_CONFIDENCE`, `UNEXPECTED_LANGUAGE`, `NO_SPEECH`, `FILE_UNREADABLE` or `OTHER`."""
    message: str | None = None
    """More about the error."""


class RecognitionMetadata(LenientPart):
    """How a transcript was made."""

    created_at: Annotated[Timestamp | None, DOCUMENTED] = None
    """When the transcript was made (UTC)."""
    type: Annotated[OpenValues[JobType] | None, DOCUMENTED] = None
    """`transcription`."""
    transcription_config: AsReceived[TranscriptionConfig | None] = None
    """The configuration used."""
    translation_config: AsReceived[TranslationConfig | None] = None
    """The translations asked for; like the configurations that follow, there where the add-on was used."""
    summarization_config: AsReceived[SummarizationConfig | None] = None
    """The summary asked for."""
    sentiment_analysis_config: AsReceived[SentimentAnalysisConfig | None] = None
    """The sentiment analysis asked for."""
    topic_detection_config: AsReceived[TopicDetectionConfig | None] = None
    """The topics asked for."""
    auto_chapters_config: AsReceived[AutoChaptersConfig | None] = None
    """The chapters asked for."""
    audio_events_config: AsReceived[AudioEventsConfig | None] = None
    """The audio events asked for."""
    language_identification_config: AsReceived[LanguageIdentificationConfig | None] = None
    """How the language was to be identified."""
    translation_errors: list[FeatureError] | None = None
    """What went wrong in translation."""
    summarization_errors: list[FeatureError] | None = None
    """What went wrong in the summary."""
    sentiment_analysis_errors: list[FeatureError] | None = None
    """What went wrong in sentiment analysis."""
    topic_detection_errors: list[FeatureError] | None = None
    """What went wrong in topic detection."""
    auto_chapters_errors: list[FeatureError] | None = None
    """What went wrong in the chapters."""
    output_config: AsReceived[OutputConfig | None] = None
    """How transcripts are written."""
    language_pack_info: LanguagePackInfo | None = None
    """How the language is written."""
    language_identification: LanguageIdentificationResult | None = None
    """What the identification of the language found."""
    orchestrator_version: str | None = None
    """Version of the service's engine."""


class RecognitionDisplay(ReceivedModel):
    """How a word is displayed."""

    direction: Annotated[OpenValues[DisplayDirection] | None, DOCUMENTED] = None
    """`ltr` or `rtl`."""


class RecognitionAlternative(ReceivedModel):
    """One alternative of a word or punctuation."""

    content: str
    """The text."""
    confidence: float | None = None
    """0 to 1."""
    language: Annotated[str | None, DOCUMENTED] = None
    """ISO code."""
    speaker: str | None = None
    """`S1`, `S2`, …, `UU` for unknown, or a known speaker's name."""
    tags: list[OpenValues[ResultTag]] | None = None
    """For example `disfluency` or `profanity`."""
    display: RecognitionDisplay | None = None
    """How it is displayed."""


class RecognitionForm(ReceivedModel):
    """A word or punctuation within the written or the spoken form of an entity."""

    alternatives: Annotated[list[RecognitionAlternative] | None, DOCUMENTED] = None
    """Alternatives, most likely first."""
    start_time: Annotated[float | None, DOCUMENTED] = None
    """Seconds from the start; an estimate in a written form."""
    end_time: Annotated[float | None, DOCUMENTED] = None
    """Seconds from the start; an estimate in a written form."""
    type: Annotated[OpenValues[FormType] | None, DOCUMENTED] = None
    """`word`, or in a spoken form also `punctuation`."""


class RecognitionResult(ReceivedModel):
    """A word, a punctuation mark, an entity, or an item of a type to come."""

    type: OpenValues[ResultType]
    """`word`, `punctuation`, `entity`, and in transcripts of older formats (to 2.8) `speaker_change`; items of other
    types can be passed over."""
    start_time: Annotated[float | None, DOCUMENTED] = None
    """Seconds from the start."""
    end_time: Annotated[float | None, DOCUMENTED] = None
    """Seconds from the start."""
    alternatives: list[RecognitionAlternative] | None = None
    """Alternatives, most likely first."""
    channel: str | None = None
    """Label of the channel, with channel diarization."""
    volume: float | None = None
    """0 to 100, how loud it was."""
    is_eos: bool | None = None
    """Whether the punctuation ends a sentence."""
    attaches_to: OpenValues[AttachesTo] | None = None
    """The side of a punctuation that has no delimiter: `previous` (also if absent), `next`, `both` or `none`."""
    entity_class: OpenText | None = None
    """Kind of entity, for example `date` or `money`."""
    score: float | None = None
    """How sure a change of speaker is, 0 to 1, with items of type `speaker_change`."""
    written_form: list[RecognitionForm] | None = None
    """The words of an entity as written."""
    spoken_form: list[RecognitionForm] | None = None
    """The words of an entity as spoken."""

    def words(self) -> "list[RecognitionResult]":
        """The words of this result, each of type `word`.

        Returns:
            A word itself. For an entity the words of its written form with the entity's channel, class and, where
            they have none of their own, speaker and language; or all its content as one word if it has no written
            form. Nothing for punctuation and for types to come.
        """
        if self.type == "word":
            return [self]
        if self.type != "entity":
            return []
        whole = self.alternatives[0] if self.alternatives else None
        if not self.written_form:
            return [self._word(self.start_time, self.end_time, self.alternatives)]
        words: list[RecognitionResult] = []
        for form in self.written_form:
            alternatives = form.alternatives
            if alternatives and whole:
                alternatives = [
                    alternative.model_copy(
                        update={
                            "speaker": alternative.speaker or whole.speaker,
                            "language": alternative.language or whole.language,
                        }
                    )
                    for alternative in alternatives
                ]
            words.append(self._word(form.start_time, form.end_time, alternatives))
        return words

    def _word(
        self, start_time: float | None, end_time: float | None, alternatives: list[RecognitionAlternative] | None
    ) -> "RecognitionResult":
        return RecognitionResult(
            type="word",
            start_time=start_time,
            end_time=end_time,
            alternatives=alternatives,
            channel=self.channel,
            volume=self.volume,
            entity_class=self.entity_class,
        )


class SpeakersResultItem(ReceivedModel):
    """A speaker found in the audio."""

    label: str
    """Name used in the transcript."""
    speaker_identifiers: list[str] = Field(repr=False)
    """Identifiers that let a later job know the speaker again."""


class TranslationSentence(ReceivedModel):
    """A sentence in another language."""

    start_time: float | None = None
    """Seconds from the start."""
    end_time: float | None = None
    """Seconds from the start."""
    content: str | None = None
    """The text."""
    speaker: str | None = None
    """Who spoke."""
    channel: str | None = None
    """Label of the channel."""


class SummarizationResult(ReceivedModel):
    """The summary."""

    content: str | None = None
    """The text."""


class SentimentSegment(ReceivedModel):
    """A stretch of text and its sentiment."""

    text: str | None = None
    """The text."""
    sentiment: OpenValues[Sentiment] | None = None
    """`positive`, `neutral` or `negative`."""
    start_time: float | None = None
    """Seconds from the start."""
    end_time: float | None = None
    """Seconds from the start."""
    speaker: str | None = None
    """Who spoke."""
    channel: str | None = None
    """Label of the channel."""
    confidence: float | None = None
    """0 to 1."""


class SentimentCounts(ReceivedModel):
    """Segments by sentiment, overall or of one speaker or channel."""

    speaker: str | None = None
    """The speaker counted."""
    channel: str | None = None
    """The channel counted."""
    positive_count: int | None = None
    """Positive segments."""
    negative_count: int | None = None
    """Negative segments."""
    neutral_count: int | None = None
    """Neutral segments."""


class SentimentSummary(ReceivedModel):
    """Counts of sentiments."""

    overall: SentimentCounts | None = None
    """Of the whole transcript."""
    speakers: list[SentimentCounts] | None = None
    """By speaker."""
    channels: list[SentimentCounts] | None = None
    """By channel."""


class SentimentAnalysis(ReceivedModel):
    """Sentiments of segments and their counts."""

    segments: list[SentimentSegment] | None = None
    """Sentiment by segment."""
    summary: SentimentSummary | None = None
    """Counts."""


class SentimentAnalysisResult(SentimentAnalysis):
    """What the sentiment analysis found.

    On the wire it is one level. The specification has two; of these, `segments` and `summary` are the inner ones.
    """

    sentiment_analysis: SentimentAnalysis | None = None
    """The second level, where there is one."""

    @model_validator(mode="after")
    def _show_inner(self) -> Self:
        """Segments and counts are found at one path; they stay unset there, so that a dump is what was read."""
        if self.sentiment_analysis is not None:
            for name in {"segments", "summary"} - self.model_fields_set:
                vars(self)[name] = getattr(self.sentiment_analysis, name)
        return self


class Topic(ReceivedModel):
    """A topic."""

    topic: str | None = None
    """Its name."""


class TopicSegment(ReceivedModel):
    """A stretch of text and its topics."""

    text: str | None = None
    """The text."""
    start_time: float | None = None
    """Seconds from the start."""
    end_time: float | None = None
    """Seconds from the start."""
    topics: list[Topic] | None = None
    """Its topics."""


class TopicSummary(ReceivedModel):
    """Counts of topics."""

    overall: dict[str, int] | None = None
    """Segments by topic."""


class TopicDetectionResult(ReceivedModel):
    """What topic detection found."""

    segments: list[TopicSegment] | None = None
    """Topics by segment."""
    summary: TopicSummary | None = None
    """Counts."""


class Chapter(ReceivedModel):
    """A chapter."""

    title: str | None = None
    """Its title."""
    summary: str | None = None
    """What it is about."""
    start_time: float | None = None
    """Seconds from the start."""
    end_time: float | None = None
    """Seconds from the start."""


class AudioEventItem(ReceivedModel):
    """A sound that is not speech."""

    type: OpenText | None = None
    """Its kind, for example `music`."""
    start_time: float | None = None
    """Seconds from the start."""
    end_time: float | None = None
    """Seconds from the start."""
    confidence: float | None = None
    """0 to 1."""
    channel: str | None = None
    """Label of the channel."""


class AudioEventSummaryItem(ReceivedModel):
    """How much there was of one kind of sound."""

    total_duration: float | None = None
    """Seconds in all."""
    count: int | float | None = None
    """Number of events."""


class AudioEventSummary(ReceivedModel):
    """How much there was of each kind of sound."""

    overall: dict[str, AudioEventSummaryItem] | None = None
    """On all channels, by kind."""
    channels: dict[str, dict[str, AudioEventSummaryItem]] | None = None
    """By channel and kind, with channel diarization."""
