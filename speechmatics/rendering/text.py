"""Plain text, speaker turns, sentences and paragraphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import accumulate, compress, count, islice, pairwise
from operator import attrgetter, ne
from string import Formatter
from typing import TYPE_CHECKING, Any, TypeVar

from speechmatics._errors import InvalidInputError
from speechmatics._names import did_you_mean
from speechmatics.rendering.fragments import Fragments, Results, Writing, fragments, fragments_by_channel

if TYPE_CHECKING:
    from speechmatics.models.results import RecognitionResult

__all__ = [
    "UNKNOWN_SPEAKER",
    "Passage",
    "Turn",
    "clock_of",
    "ends_paragraph",
    "paragraphs",
    "sentences",
    "stretches",
    "to_text",
    "turns",
]

Ends = Callable[[Fragments, int], bool]
"""Whether a stretch of one voice ends with a fragment that is not the last."""
UNKNOWN_SPEAKER = "UU"
"""How the service labels a speaker it cannot tell (documentation)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Words of one speaker on one channel, with when and what: a sentence, a paragraph, a turn."""

    speaker: str | None
    """`S1`, `S2`, …, `UU` for unknown, or a name; None without speaker diarization."""
    channel: str | None
    """Label of the channel; None without channel diarization."""
    language: str | None
    """ISO code of the language that most of the words are in."""
    start: float
    """Seconds from the start of the audio to the first word or mark."""
    end: float
    """Seconds from the start of the audio to the end of the last."""
    text: str
    """The words with their marks."""
    words: tuple[RecognitionResult, ...]
    """The words as `Transcript.words` gives them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(Passage):
    """What one speaker says on one channel until another speaks."""


def to_text(
    transcript: Results,
    *,
    speaker_labels: bool | None = None,
    channel_labels: bool | None = None,
    template: str | None = None,
) -> str:
    """The transcript as plain text; see `Transcript.to_text`.

    Raises:
        InvalidInputError: The template names a field that there is not, or labels are given beside it.
    """
    if template is not None:
        if speaker_labels is not None or channel_labels is not None:
            raise InvalidInputError("give a template, which has its own labels, or speaker_labels and channel_labels")
        return "".join(f"{_filled_in(template, turn)}\n" for turn in turns(transcript))
    made = fragments(transcript, Writing(transcript))
    speakers, channels = set(made.speakers), set(made.channels)
    if speaker_labels is None:
        speaker_labels = not speakers <= {None, UNKNOWN_SPEAKER}
    if channel_labels is None:
        channel_labels = not channels <= {None}
    voices = [speaker or UNKNOWN_SPEAKER for speaker in made.speakers]
    channel_of = made.channels if channel_labels else [None] * len(voices)
    blocks: list[str] = []
    for first, last in _runs([*zip(voices, channel_of, strict=True)]):
        text = made.joined(first, last)
        if not text:
            continue
        speaker = voices[first] if speaker_labels else None
        is_same_channel = bool(blocks) and first > 0 and channel_of[first] == channel_of[first - 1]
        channel = None if is_same_channel and not speaker_labels else channel_of[first]
        blocks.append(f"{_label('CHANNEL', channel)}{_label('SPEAKER', speaker)}{text}\n")
    return "".join(blocks)


class _Template(Formatter):
    """Replaces the names of a passage, and nothing else: what an attribute or an item of them is, is not a field."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        if field_name not in kwargs:
            hint = did_you_mean(field_name, tuple(kwargs)) or f"; there are {', '.join(kwargs)}"
            raise InvalidInputError(f"the template has a field {field_name!r}, which there is not{hint}")
        return kwargs[field_name], field_name


def _filled_in(template: str, passage: Passage) -> str:
    try:
        return _Template().format(
            template,
            start=clock_of(passage.start),
            end=clock_of(passage.end),
            start_seconds=passage.start,
            end_seconds=passage.end,
            speaker=passage.speaker or UNKNOWN_SPEAKER,
            channel=passage.channel or "",
            language=passage.language or "",
            text=passage.text,
        )
    except InvalidInputError:
        raise
    except ValueError as error:
        raise InvalidInputError(f"the template {template!r} is none: {error}") from None


def clock_of(seconds: float) -> str:
    """A time as `0:01:02.345`."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest / 1000:06.3f}"


def _label(kind: str, name: str | None) -> str:
    return "" if name is None else f"{kind}: {name}\n"


def turns(transcript: Results) -> Iterator[Turn]:
    """The speaker turns in order; see `Transcript.turns`."""
    return _passages(fragments(transcript, Writing(transcript)), Turn, lambda made, index: False)


def sentences(transcript: Results) -> Iterator[Passage]:
    """The sentences in order; see `Transcript.sentences`."""

    def ends(made: Fragments, index: int) -> bool:
        return index in made.sentence_ends

    return _passages_of_channels(transcript, ends)


def paragraphs(transcript: Results, pause: float) -> Iterator[Passage]:
    """The paragraphs in order; see `Transcript.paragraphs`.

    Raises:
        InvalidInputError: `pause` is below 0.
    """
    if not pause >= 0:
        raise InvalidInputError(f"pause must be 0 or more seconds, not {pause!r}")

    return _passages_of_channels(transcript, ends_paragraph(pause))


def ends_paragraph(pause: float) -> Ends:
    """Whether a paragraph ends with a fragment: its sentence does, and so many seconds of silence follow."""

    def ends(made: Fragments, index: int) -> bool:
        end, start = made.heads[index].end_time, made.heads[index + 1].start_time
        return index in made.sentence_ends and end is not None and start is not None and start - end >= pause

    return ends


def _passages_of_channels(transcript: Results, ends: Ends) -> Iterator[Passage]:
    """Those of all channels by time: a sentence continues while somebody speaks on another channel."""
    channels = fragments_by_channel([*transcript.results], Writing(transcript)).values()
    return merge(*(_passages(made, Passage, ends) for made in channels), key=attrgetter("start"))


def stretches(made: Fragments, ends: Ends) -> Iterator[tuple[int, int]]:
    """First and past-the-last fragment of each stretch of one voice, which ends earlier where `ends` says so."""
    if made.texts:
        breaks = accumulate((ends(made, index) for index in range(len(made.texts) - 1)), initial=0)
        yield from _runs([*zip(made.speakers, made.channels, breaks, strict=True)])


_PassageT = TypeVar("_PassageT", bound=Passage)


def _passages(made: Fragments, kind: type[_PassageT], ends: Ends) -> Iterator[_PassageT]:
    """The stretches as what they are: turns, sentences, paragraphs."""
    clock = 0.0
    for first, last in stretches(made, ends):
        heads = made.heads[first:last]
        starts = [head.start_time for head in heads if head.start_time is not None]
        start = min(starts, default=clock)
        clock = max([start, *(head.end_time for head in heads if head.end_time is not None)])
        [(language, _)] = Counter(made.languages[first:last]).most_common(1)
        yield kind(
            speaker=made.speakers[first],
            channel=made.channels[first],
            language=language,
            start=start,
            end=clock,
            text=made.joined(first, last),
            words=tuple(word for head in heads for word in head.words()),
        )


def _runs(keys: Sequence[object]) -> Iterator[tuple[int, int]]:
    """First and past-the-last index of each stretch of equal keys."""
    if not keys:
        return
    changes = compress(count(1), map(ne, keys, islice(keys, 1, None)))
    yield from pairwise([0, *changes, len(keys)])
