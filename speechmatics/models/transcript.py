"""The json-v2 transcript, which reads itself from a file and renders itself as text and subtitles."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from speechmatics._documents import content_of, unlike_transcript
from speechmatics._errors import (
    InvalidInputError,
    InvalidResponseError,
    TranscriptNotFoundError,
    TranscriptNotReadableError,
)
from speechmatics.models._base import LenientModel
from speechmatics.models._collector import CollectorHeld
from speechmatics.models._kept import is_object, without_keeping
from speechmatics.models._markers import DOCUMENTED
from speechmatics.models._reading import read_json, text_of
from speechmatics.models.results import (
    AudioEventItem,
    AudioEventSummary,
    Chapter,
    JobInfo,
    LanguageIdentificationResult,
    RecognitionMetadata,
    RecognitionResult,
    SentimentAnalysisResult,
    SpeakersResultItem,
    SummarizationResult,
    TopicDetectionResult,
    TranslationSentence,
)

# What a transcript looks like is imported when it is asked for, so that those who only validate do without it.
if TYPE_CHECKING:
    from speechmatics.rendering import Turn, WordRecord

__all__ = ["Transcript"]


class Transcript(LenientModel):
    """A transcript in the json-v2 format."""

    format: Annotated[str | None, DOCUMENTED] = None
    """Version of the format, for example `2.9`."""
    job: JobInfo | None = None
    """The job it belongs to; None in transcripts of containers on premises."""
    metadata: Annotated[RecognitionMetadata | None, DOCUMENTED] = None
    """How it was made."""
    results: list[RecognitionResult]
    """Words, punctuation and entities in order."""
    language_identification: LanguageIdentificationResult | None = None
    """The language that was identified, with `language: auto`; that of `metadata` says more."""
    speakers: list[SpeakersResultItem] | None = None
    """The speakers found, where the configuration asks for them."""
    translations: dict[str, list[TranslationSentence]] | None = None
    """Sentences by ISO code of the target language."""
    summary: SummarizationResult | None = None
    """The summary."""
    sentiment_analysis: SentimentAnalysisResult | None = None
    """Sentiments."""
    topics: TopicDetectionResult | None = None
    """Topics."""
    chapters: list[Chapter] | None = None
    """Chapters."""
    audio_events: list[AudioEventItem] | None = None
    """Sounds that are not speech."""
    audio_event_summary: AudioEventSummary | None = None
    """How much there was of each kind of sound."""

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Reads JSON as the service sent it.

        Raises:
            InvalidResponseError: `data` is not JSON, or lacks what the API promises.
        """
        return read_transcript(cls, data)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """Reads a saved transcript; `~` is expanded, and a byte order mark at the beginning is passed over.

        Raises:
            TranscriptNotFoundError: There is no such file (it is a `FileNotFoundError` too).
            TranscriptNotReadableError: It cannot be read (it is an `OSError` too).
            InvalidResponseError: It is not a json-v2 transcript; the message names the file.
        """
        try:
            file = Path(path).expanduser()
            content = content_of(file)
        except FileNotFoundError:
            raise TranscriptNotFoundError(f"there is no transcript at {path}") from None
        except TypeError:
            raise InvalidInputError(f"path must be a path, not {type(path).__name__}") from None
        except (OSError, RuntimeError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise TranscriptNotReadableError(f"cannot read the transcript {str(path)!r}: {reason}") from None
        try:
            return cls.from_json(content)
        except InvalidResponseError as error:
            raise InvalidResponseError(f"{file}: {error}", body=error.body) from None

    def words(self) -> Iterator[RecognitionResult]:
        """The words in order, each of type `word`; for an entity those of its written form."""
        for result in self.results:
            if result.type == "word":
                yield result
            elif result.type == "entity":
                yield from result.words()

    def turns(self) -> "Iterator[Turn]":
        """The speaker turns in order: a new one begins when the speaker or the channel changes.

        Without speakers and channels all is one turn; without words there is none. Where channels are interleaved
        word by word, so are their turns. A result without a time takes that of the turn before.

        Example:
            >>> for turn in transcript.turns():
            ...     print(f"{turn.start:7.2f} {turn.speaker}: {turn.text}")
        """
        from speechmatics.rendering import turns

        return turns(self)

    def to_records(self, *, transcript_id: str | None = None) -> "Iterator[WordRecord]":
        """One flat dict per word, for tables and dataframes, with the same columns for every transcript.

        The words are those of `words`; one without alternatives has no record. Dataframes that guess types from the
        first rows, or have none to guess from, are told them by `WORD_COLUMNS`.

        Args:
            transcript_id: What stands in the column of this name; None for the id of the job, where there is one.

        Example:
            >>> polars.DataFrame(transcript.to_records(), schema=WORD_COLUMNS)
            >>> pandas.DataFrame(list(transcript.to_records()), columns=list(WORD_COLUMNS))
        """
        from speechmatics.rendering import to_records

        if transcript_id is None and self.job is not None:
            transcript_id = self.job.id
        return to_records(self, transcript_id)

    def to_text(self, *, speaker_labels: bool | None = None, channel_labels: bool | None = None) -> str:
        """The transcript as plain text.

        Words in the order of the results, entities as written, with the language's delimiter between them except on
        the sides where marks attach; a mark attaches to a word of its own channel. Text that runs from right to left
        is in logical order, as Unicode has it. Items of other types are left out.

        Args:
            speaker_labels: Whether a block begins with `SPEAKER: S1` when the speaker changes; None: where the
                transcript has speakers other than `UU`.
            channel_labels: Whether a block begins with `CHANNEL: …` when the channel changes; None: where the
                transcript has channels.

        Returns:
            Blocks with a blank line between them; empty if there are no words.
        """
        from speechmatics.rendering import to_text

        return to_text(self, speaker_labels=speaker_labels, channel_labels=channel_labels)

    def to_srt(self, *, max_line_length: int = 37, max_lines: int = 2) -> str:
        """The transcript as SubRip subtitles.

        A subtitle ends with its sentence, at a pause of a second, and where the speaker changes. A sentence too long
        for one subtitle is divided after a mark or at a short pause rather than elsewhere. One after which the same
        speaker continues within half a second shares a subtitle with the next sentence, if both fit. Subtitles never
        overlap; one shorter than a second stays for a second until the next begins. Those of several
        channels are in the order of time, and where people speak at once, each is cut where the next begins.

        A word longer than a line (a web address, or a sentence that came as one word) is divided without a hyphen;
        an entity is divided at its spaces. White space that would break the format becomes a space. A line of
        right-to-left text that begins with another kind of character gets a right-to-left mark, which counts.

        Args:
            max_line_length: Characters on a line, white space included; 1 or more.
            max_lines: Lines of a subtitle; 1 or more.

        Raises:
            ValueError: A limit is below 1.
        """
        from speechmatics.rendering import to_srt

        return to_srt(self, max_line_length=max_line_length, max_lines=max_lines)

    def to_vtt(
        self,
        *,
        max_line_length: int = 37,
        max_lines: int = 2,
        speaker_labels: bool | None = None,
        channel_labels: bool | None = None,
    ) -> str:
        """The transcript as WebVTT subtitles, with a voice for each speaker: `<v S1>`.

        Subtitles are those of `to_srt`. Text and voices are escaped; limits count characters as shown.

        Args:
            max_line_length: Characters on a line, white space included; 1 or more.
            max_lines: Lines of a subtitle; 1 or more.
            speaker_labels: Whether the voice names the speaker; None: where the transcript has speakers other
                than `UU`.
            channel_labels: Whether the voice names the channel (before the speaker, if both: `<v Agent S1>`);
                None: where the transcript has channels.

        Raises:
            ValueError: A limit is below 1.
        """
        from speechmatics.rendering import to_vtt

        return to_vtt(
            self,
            max_line_length=max_line_length,
            max_lines=max_lines,
            speaker_labels=speaker_labels,
            channel_labels=channel_labels,
        )


_TranscriptT = TypeVar("_TranscriptT", bound=Transcript)


def read_transcript(model: type[_TranscriptT], data: bytes | str, *, job_id: str | None = None) -> _TranscriptT:
    """Reads the JSON of a transcript, as `read_json` does.

    Nearly every transcript fits its types, so it is first read as if it had to: straight from the text.
    """
    text = text_of(model, data, job_id)
    with CollectorHeld():
        try:
            if _may_have_huge_number(text):
                transcript = read_json(model, text, job_id=job_id)
            else:
                try:
                    transcript = without_keeping(model).validate_json(text)
                except ValidationError:
                    transcript = read_json(model, text, job_id=job_id)
        except InvalidResponseError as error:
            what = _unlike_transcript(text)
            if what is None:
                raise
            raise InvalidResponseError(f"not a json-v2 transcript: {what}", body=error.body, job_id=job_id) from None
    if transcript.model_extra and (what := unlike_transcript(transcript.model_extra)):
        raise InvalidResponseError(f"not a json-v2 transcript: {what}", body=text, job_id=job_id)
    return transcript


def _unlike_transcript(text: bytes) -> str | None:
    """What JSON is that cannot be read as a transcript."""
    try:
        data: object = from_json(text)
    except ValueError:
        return None
    if not is_object(data):
        return f"it is {'an array' if isinstance(data, list) else 'a value'}, and no object"
    return unlike_transcript(data)


_DIGITS = re.compile(rb"\d(?=\d\d)")


def _may_have_huge_number(text: bytes) -> bool:
    """Whether there may be a whole number of 309 digits, beyond all floats, of which Pydantic makes infinity.

    Every hundredth byte is read, of which three are digits then, and what is between them.
    """
    positions = (100 * found.start() for found in _DIGITS.finditer(text[::100]))
    return any(text[position : position + 201].isdigit() for position in positions)
