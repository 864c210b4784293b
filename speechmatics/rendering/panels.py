"""What a page shows beside the words: summary, chapters, topics, sentiment, sounds and translations, as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Protocol

from speechmatics.rendering.blocks import is_time, short_clock
from speechmatics.rendering.fragments import Results

if TYPE_CHECKING:
    from speechmatics.models.results import (
        AudioEventSummary,
        Chapter,
        JobInfo,
        SentimentAnalysisResult,
        SentimentCounts,
        SummarizationResult,
        TopicDetectionResult,
        TranslationSentence,
    )

__all__ = ["Document", "bar", "panels_of", "time_button"]


class Document(Results, Protocol):
    """What is shown: a `Transcript`."""

    @property
    def job(self) -> JobInfo | None:
        """The job it belongs to."""
        ...

    @property
    def summary(self) -> SummarizationResult | None:
        """The summary."""
        ...

    @property
    def chapters(self) -> Sequence[Chapter] | None:
        """Chapters."""
        ...

    @property
    def topics(self) -> TopicDetectionResult | None:
        """Topics."""
        ...

    @property
    def sentiment_analysis(self) -> SentimentAnalysisResult | None:
        """Sentiments."""
        ...

    @property
    def translations(self) -> Mapping[str, Sequence[TranslationSentence]] | None:
        """Sentences by language."""
        ...

    @property
    def audio_event_summary(self) -> AudioEventSummary | None:
        """How much there was of each kind of sound."""
        ...


def panels_of(document: Document) -> str:
    """All that there is of them."""
    return "".join(
        f'<section class="panel"><h2>{title}</h2>{content}</section>\n'
        for title, content in (
            ("Summary", _summary(document)),
            ("Chapters", _chapters(document.chapters or ())),
            ("Topics", _topics(document)),
            ("Sentiment", _sentiment(document)),
            ("Sounds", _sounds(document)),
            ("Translations", _translations(document)),
        )
        if content
    )


def time_button(seconds: float | None, class_name: str = "at") -> str:
    """A button that goes to a time; nothing where there is none."""
    if seconds is None or not is_time(seconds):
        return ""
    return f'<button type="button" class="{class_name}" data-t="{round(seconds, 2)}">{short_clock(seconds)}</button>'


def bar(share: float, class_name: str) -> str:
    """A bar that fills this share (0-1) of its width; what it says is said in words beside it."""
    width = f"{100 * min(max(share, 0.0), 1.0):.1f}"
    return f'<svg class="bar {class_name}" aria-hidden="true"><rect width="{width}%" height="100%"/></svg>'


def _summary(document: Document) -> str:
    text = (document.summary.content if document.summary else None) or ""
    return "".join(f'<p dir="auto">{escape(line)}</p>' for line in text.splitlines() if line.strip())


def _chapters(chapters: Iterable[Chapter]) -> str:
    items = [
        f'<li>{time_button(chapter.start_time)} <b dir="auto">{escape(chapter.title or "")}</b>'
        f'<p dir="auto">{escape(chapter.summary or "")}</p></li>'
        for chapter in chapters
    ]
    return f"<ol>{''.join(items)}</ol>" if items else ""


def _topics(document: Document) -> str:
    summary = document.topics.summary if document.topics else None
    counts = (summary.overall if summary else None) or {}
    items = [
        f"<li>{escape(topic)} <small>{count}</small></li>"
        for topic, count in sorted(counts.items(), key=lambda item: -item[1])
        if count
    ]
    return f'<ul class="tags">{"".join(items)}</ul>' if items else ""


def _sentiment(document: Document) -> str:
    summary = document.sentiment_analysis.summary if document.sentiment_analysis else None
    if summary is None:
        return ""
    rows = [
        *_counted("All", summary.overall),
        *(row for counts in summary.channels or () for row in _counted(counts.channel or "", counts)),
        *(row for counts in summary.speakers or () for row in _counted(counts.speaker or "", counts)),
    ]
    head = "<tr><th></th><th>positive</th><th>neutral</th><th>negative</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>" if rows else ""


def _counted(name: str, counts: SentimentCounts | None) -> Iterator[str]:
    if counts is not None:
        numbers = (counts.positive_count, counts.neutral_count, counts.negative_count)
        cells = "".join(f"<td>{number or 0}</td>" for number in numbers)
        yield f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'


def _sounds(document: Document) -> str:
    kinds = (document.audio_event_summary.overall if document.audio_event_summary else None) or {}
    items = [
        f"<li>{escape(kind)} <small>{item.count or 0} \u00d7, {item.total_duration or 0:.0f} s</small></li>"
        for kind, item in kinds.items()
    ]
    return f'<ul class="tags">{"".join(items)}</ul>' if items else ""


def _translations(document: Document) -> str:
    return "".join(
        f'<details><summary>{escape(language)}</summary><div lang="{escape(language)}">'
        + "".join(
            f'<p class="line" dir="auto">{time_button(sentence.start_time)} {escape(sentence.content or "")}</p>'
            for sentence in sentences
        )
        + "</div></details>"
        for language, sentences in (document.translations or {}).items()
    )
