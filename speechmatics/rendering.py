"""Transcript to text and SRT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speechmatics.models.transcript import RecognitionResult, Transcript

__all__ = ["to_srt", "to_text"]

UNKNOWN_SPEAKER = "UU"
"""How the service labels a speaker it cannot tell (documentation)."""

_PAUSE = 1.0
"""Seconds of silence after which a subtitle ends."""
_MIN_CUE = 0.7
"""Seconds that a subtitle stays at least, where the next one leaves the room."""


@dataclass(slots=True)
class _Token:
    """A word with the marks that attach to it; `glue` is what stands before it."""

    text: str
    glue: str
    start: float
    end: float
    speaker: str | None
    channel: str | None
    ends_sentence: bool = False
    glued_next: bool = False


@dataclass(slots=True)
class _Cue:
    lines: list[str] = field(default_factory=list[str])
    start: float = 0.0
    end: float = 0.0


def to_text(transcript: Transcript, *, speaker_labels: bool | None = None, channel_labels: bool | None = None) -> str:
    """The transcript as plain text; see `Transcript.to_text`."""
    tokens = list(_tokens(transcript))
    with_speakers = any(t.speaker not in (None, UNKNOWN_SPEAKER) for t in tokens)
    with_channels = any(t.channel is not None for t in tokens)
    show_speakers = with_speakers if speaker_labels is None else speaker_labels
    show_channels = with_channels if channel_labels is None else channel_labels
    blocks: list[str] = []
    for run in _runs(tokens):
        text = _joined(run)
        labels: list[str] = []
        if show_channels and run[0].channel is not None:
            labels.append(f"CHANNEL: {run[0].channel}")
        if show_speakers:
            labels.append(f"SPEAKER: {run[0].speaker or UNKNOWN_SPEAKER}")
        blocks.append("\n".join([*labels, text]))
    if not (show_speakers or show_channels):
        return _joined(tokens) + "\n" if tokens else ""
    return "\n\n".join(blocks) + "\n" if blocks else ""


def to_srt(transcript: Transcript, *, max_line_length: int = 37, max_lines: int = 2) -> str:
    """The transcript as SubRip subtitles; see `Transcript.to_srt`.

    Raises:
        ValueError: A limit is below 1.
    """
    if max_line_length < 1 or max_lines < 1:
        raise ValueError("max_line_length and max_lines must be 1 or more")
    cues = list(_cues(_tokens(transcript), max_line_length, max_lines))
    for cue, following in pairwise(cues):
        cue.start = min(cue.start, following.start)
        cue.end = min(max(cue.end, cue.start + _MIN_CUE), max(following.start, cue.start))
    if cues:
        cues[-1].end = max(cues[-1].end, cues[-1].start + _MIN_CUE)
    return "".join(
        "\n".join([str(number), f"{_clock(cue.start)} --> {_clock(cue.end)}", *cue.lines, "", ""])
        for number, cue in enumerate(cues, 1)
    )


def _tokens(transcript: Transcript) -> Iterator[_Token]:
    """Words with their marks; times never run backwards, which overlapping channels would make them do."""
    delimiters = _Delimiters(transcript)
    held: _Token | None = None
    for result in transcript.results:
        token = _token(result, delimiters)
        if token is None:
            continue
        if result.type == "punctuation":
            side = result.attaches_to or "previous"
            if side in ("previous", "both") and held is not None:
                held.text += token.text
                held.ends_sentence = held.ends_sentence or bool(result.is_eos)
                held.glued_next = held.glued_next or side == "both"
                continue
            token.ends_sentence = bool(result.is_eos)
            token.glued_next = side in ("next", "both")
        if held is not None and held.glued_next:
            held.text += token.text
            held.end = max(held.end, token.end)
            held.ends_sentence = token.ends_sentence
            held.glued_next = token.glued_next
            held.speaker = held.speaker or token.speaker
            continue
        if held is not None:
            yield held
        held = token
    if held is not None:
        yield held


def _token(result: RecognitionResult, delimiters: _Delimiters) -> _Token | None:
    if not result.alternatives:
        return None
    best = result.alternatives[0]
    start = result.start_time or 0.0
    return _Token(
        text=best.content,
        glue=delimiters.of(best.language),
        start=start,
        end=max(start, result.end_time or start),
        speaker=best.speaker,
        channel=result.channel,
    )


class _Delimiters:
    """What stands between words, by language."""

    def __init__(self, transcript: Transcript) -> None:
        info = transcript.metadata.language_pack_info if transcript.metadata else None
        common = info.word_delimiter if info else None
        self._common = " " if common is None else common
        self._by_language = (info.per_language_word_delimiters if info else None) or {}

    def of(self, language: str | None) -> str:
        return self._by_language.get(language or "", self._common)


def _joined(tokens: Iterable[_Token]) -> str:
    parts: list[str] = []
    for token in tokens:
        if parts:
            parts.append(token.glue)
        parts.append(token.text)
    return "".join(parts)


def _runs(tokens: Iterable[_Token]) -> Iterator[list[_Token]]:
    """Tokens of one speaker on one channel after another."""
    run: list[_Token] = []
    for token in tokens:
        if run and (run[-1].speaker, run[-1].channel) != (token.speaker, token.channel):
            yield run
            run = []
        run.append(token)
    if run:
        yield run


def _cues(tokens: Iterable[_Token], max_line_length: int, max_lines: int) -> Iterator[_Cue]:
    cue: _Cue | None = None
    last: _Token | None = None
    for token in tokens:
        if cue is not None and last is not None:
            line = cue.lines[-1] + token.glue + token.text
            new_voice = (last.speaker, last.channel) != (token.speaker, token.channel)
            if last.ends_sentence or new_voice or token.start - last.end >= _PAUSE:
                yield cue
                cue = None
            elif len(line) <= max_line_length:
                cue.lines[-1] = line
            elif len(cue.lines) < max_lines:
                cue.lines.append(token.text)
            else:
                yield cue
                cue = None
        if cue is None:
            cue = _Cue([token.text], token.start, token.end)
        cue.end = max(cue.end, token.end)
        last = token
    if cue is not None:
        yield cue


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02},{milliseconds % 1000:03}"
