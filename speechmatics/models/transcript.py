"""The json-v2 transcript, which reads itself from a file and renders itself as text and subtitles."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeVar

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

# What a transcript is made into is imported when it is asked for, so that those who only validate do without it.
if TYPE_CHECKING:
    import pyarrow as pa

    from speechmatics.rendering import Confidence, Match, Passage, Turn, WordRecord

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

    def sentences(self) -> "Iterator[Passage]":
        """The sentences by time, each of one speaker on one channel.

        One ends where the service says so, or with a mark that ends sentences, and where the speaker changes.
        """
        from speechmatics.rendering import sentences

        return sentences(self)

    def paragraphs(self, *, pause: float = 1.0) -> "Iterator[Passage]":
        """The paragraphs by time, each of one speaker on one channel.

        Args:
            pause: Seconds of silence, 0 or more, after which a sentence begins a new paragraph.

        Raises:
            InvalidInputError: `pause` is below 0.
        """
        from speechmatics.rendering import paragraphs

        return paragraphs(self, pause)

    def search(self, phrase: str) -> "Iterator[Match]":
        """Where a phrase is said, by time: its words one after the other on one channel.

        Capitals, marks and the spaces between words make no difference; words must be whole.

        Raises:
            InvalidInputError: The phrase has neither a letter nor a digit.

        Example:
            >>> for match in transcript.search("thank you"):
            ...     print(match.start, match.speaker)
        """
        from speechmatics.rendering import search

        return search(self, phrase)

    def confidence(self, *, threshold: float = 0.5) -> "Confidence":
        """How sure the recognition is: the mean over all words, and the words below a threshold.

        Args:
            threshold: 0 to 1.

        Raises:
            InvalidInputError: The threshold is outside 0-1.
        """
        from speechmatics.rendering import confidence

        return confidence(self, threshold)

    def rename_speakers(self, names: Mapping[str, str]) -> Self:
        """The transcript with other names of speakers, wherever they stand: `{"S1": "Alice"}`.

        Two speakers may be given one name. Those that are not named keep theirs.

        Raises:
            InvalidInputError: A speaker is not in the transcript, or a new name is empty.
        """
        from speechmatics.models._editing import renamed

        return type(self).model_validate(renamed(self.to_dict(), names))

    def shift(self, seconds: float) -> Self:
        """The transcript with all times, and the duration of its audio, so many seconds later; below 0 for earlier.

        Raises:
            InvalidInputError: A time would be below 0.
        """
        from speechmatics.models._editing import shifted

        return type(self).model_validate(shifted(self.to_dict(), seconds))

    def slice(self, start: float, end: float) -> Self:
        """What begins within a part of the audio, with the times that it has; `shift(-start)` lets it begin at 0.

        Words, marks with the words that they attach to, translations, chapters and audio events; what is said of the
        whole (the summary, sentiments, topics, counts of events, the language identified) is left out.

        Args:
            start: Seconds from the start of the audio, 0 or more.
            end: Seconds from the start of the audio, above `start`; what begins at it is left out.

        Raises:
            InvalidInputError: `start` is below 0, or `end` not above it.
        """
        from speechmatics.models._editing import sliced

        return type(self).model_validate(sliced(self.to_dict(), start, end))

    @classmethod
    def join(
        cls,
        transcripts: Iterable["Transcript"],
        *,
        offsets: Sequence[float] | None = None,
        same_speakers: bool = False,
    ) -> Self:
        """One transcript of several, as of a recording that was cut in parts.

        Metadata and job are those of the first, with the duration of the whole; what is said of the whole of a part is
        left out, as by `slice`.

        Args:
            transcripts: The parts in their order, one or more.
            offsets: Seconds at which each begins; None: where the one before ends, by the duration of its job, else
                by its last word.
            same_speakers: Whether `S1` of one part is `S1` of the next. Otherwise the numbers of each part go on from
                those of the parts before; speakers with names, and `UU`, are the same in each.

        Raises:
            InvalidInputError: There is no transcript, or not one offset for each.
        """
        from speechmatics.models._editing import joined, length_of

        parts = [transcript.to_dict() for transcript in transcripts]
        if offsets is None:
            offsets = [0.0, *accumulate(map(length_of, parts))][: len(parts)]
        if not parts or len(offsets) != len(parts):
            raise InvalidInputError(f"give one or more transcripts, and an offset for each, not {len(offsets)}")
        return cls.model_validate(joined(parts, offsets, same_speakers=same_speakers))

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

    def to_arrow(
        self, level: Literal["words", "turns", "sentences"] = "words", *, transcript_id: str | None = None
    ) -> "pa.Table":
        """The words, turns or sentences as an Arrow table; needs the extra `frames`.

        A level has the same schema whatever the transcript holds: `speechmatics.frames.SCHEMAS`. That module makes
        tables of many transcripts, and dataframes and Parquet of tables.

        Args:
            level: What a row is: a word, as of `to_records`, a turn or a sentence.
            transcript_id: What stands in the column of this name; None for the id of the job, where there is one.

        Raises:
            MissingExtraError: pyarrow is not installed.
            InvalidInputError: There is no such level.
        """
        from speechmatics.rendering.arrow import to_arrow

        if transcript_id is None and self.job is not None:
            transcript_id = self.job.id
        return to_arrow(self, level, transcript_id)

    def to_text(
        self,
        *,
        speaker_labels: bool | None = None,
        channel_labels: bool | None = None,
        template: str | None = None,
    ) -> str:
        """The transcript as plain text, in blocks that end where the speaker or the channel changes.

        Words in the order of the results, entities as written, with the language's delimiter between them except on
        the sides where marks attach; a mark attaches to a word of its own channel. Text that runs from right to left
        is in logical order, as Unicode has it. Items of other types are left out.

        Args:
            speaker_labels: Whether a line `SPEAKER: S1` comes before each block; None: where the transcript has
                speakers other than `UU`.
            channel_labels: Whether a line `CHANNEL: …` comes before each block; None: where the transcript has
                channels.
            template: A line for each turn in place of blocks, as `"[{start}] {speaker}: {text}"`, with `start` and
                `end` (`0:01:02.345`), `start_seconds` and `end_seconds` (numbers, as in `{start_seconds:.1f}`),
                `speaker` (`UU` where there is none), `channel`, `language` and `text`.

        Returns:
            Blocks that begin on lines of their own, as the service's own text has them; empty if there are no words.

        Raises:
            InvalidInputError: The template has a field that there is not, or labels are given beside it.
        """
        from speechmatics.rendering import to_text

        return to_text(self, speaker_labels=speaker_labels, channel_labels=channel_labels, template=template)

    def to_srt(
        self, *, max_line_length: int | None = None, max_lines: int | None = None, max_duration: float = 7.0
    ) -> str:
        """The transcript as SubRip subtitles.

        A subtitle ends with its sentence, at a pause of a second, and where the speaker changes. A sentence too long
        for one subtitle is divided after a mark or at a short pause rather than elsewhere; the last two share what is
        left, and the lines of each are about as long as one another. One after which the same speaker continues before
        it could be read (0.83 s) shares a subtitle with the next sentence, if both fit. Subtitles never overlap; one
        shorter than a second stays for a second until the next begins. Those of several channels are in the order of
        time, and where people speak at once, each is cut where the next begins.

        A word longer than a line (a web address, or a sentence that came as one word) is divided without a hyphen;
        an entity is divided at its spaces. White space that would break the format becomes a space. A line of
        right-to-left text that begins with another kind of character gets a right-to-left mark, which counts.

        Args:
            max_line_length: Columns of a line, white space included, 1 or more; full-width characters of East Asia take
                two. None: as the job's `srt_overrides` say, else 37, or 32 where such characters are the most.
            max_lines: Lines of a subtitle, 1 or more. None: as the job's `srt_overrides` say, else 2.
            max_duration: Seconds that a subtitle stays at most, above 0.

        Raises:
            ValueError: A limit is below 1, or `max_duration` is not above 0.
        """
        from speechmatics.rendering import to_srt

        return to_srt(self, max_line_length=max_line_length, max_lines=max_lines, max_duration=max_duration)

    def to_vtt(
        self,
        *,
        max_line_length: int | None = None,
        max_lines: int | None = None,
        max_duration: float = 7.0,
        speaker_labels: bool | None = None,
        channel_labels: bool | None = None,
    ) -> str:
        """The transcript as WebVTT subtitles, with a voice for each speaker: `<v S1>`.

        Subtitles and their limits are those of `to_srt`. Text and voices are escaped; limits count characters as shown.

        Args:
            max_line_length: Columns of a line.
            max_lines: Lines of a subtitle.
            max_duration: Seconds that a subtitle stays at most.
            speaker_labels: Whether the voice names the speaker; None: where the transcript has speakers other
                than `UU`.
            channel_labels: Whether the voice names the channel (before the speaker, if both: `<v Agent S1>`);
                None: where the transcript has channels.

        Raises:
            ValueError: A limit is below 1, or `max_duration` is not above 0.
        """
        from speechmatics.rendering import to_vtt

        return to_vtt(
            self,
            max_line_length=max_line_length,
            max_lines=max_lines,
            max_duration=max_duration,
            speaker_labels=speaker_labels,
            channel_labels=channel_labels,
        )

    def to_html(self, audio: str | bytes | None = None) -> str:
        """The transcript as a page to read: one file that loads nothing but the audio that is given.

        Speakers or channels have colours, and bars of how long they talk; words are shaded where their confidence is
        low (below 0.9, 0.7, 0.5); chapters, topics, summary, sentiments, translations and sounds stand beside them.
        With audio a click on a word plays it, and the word that is said is marked. All text is escaped, and the page's
        Content-Security-Policy lets nothing run but its own script.

        Args:
            audio: Where the audio is, as an address (http, https or file) or a path relative to the page, which is not
                looked for; or the audio itself as bytes, which the page then holds in a form a third larger.

        Raises:
            InvalidInputError: `audio` is neither, or is loaded in another way, as by `javascript:`.

        Example:
            >>> Path("call.html").write_text(transcript.to_html("call.wav"), encoding="utf-8")
        """
        from speechmatics.rendering.page import to_html

        return to_html(self, audio)

    def _repr_html_(self) -> str:
        """What notebooks show: the beginning, as `to_html` has it, without script, audio and what stands beside it."""
        from speechmatics.rendering.page import to_fragment

        return to_fragment(self)


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
