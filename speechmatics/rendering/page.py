"""A transcript as a page of HTML that needs nothing beside it, and as a part of somebody else's page."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from html import escape
from importlib.resources import files
from itertools import islice

from speechmatics.rendering.blocks import Block, Voice, blocks_of, is_time, short_clock, talk_time
from speechmatics.rendering.panels import Document, bar, panels_of
from speechmatics.rendering.sound import sound_of

__all__ = ["content_policy", "filled_in", "hash_of", "policy_of", "resource", "to_fragment", "to_html"]

COLOURS = 8
"""So many voices have a colour of their own; then they begin again."""
LINES_IN_PART = 60
"""Lines that are laid out at once, about; `contain-intrinsic-size` in the style is their height."""
LINES_OF_HEAD = 3
"""Height of a turn with one line of text."""
WORDS_IN_LINE = 14
"""About."""
SHOWN = 100
"""Blocks of a transcript that a notebook shows."""
_FIELD = re.compile(r"\{\{(\w+)\}\}")


def to_html(document: Document, audio: str | bytes | None = None) -> str:
    """The transcript as a page; see `Transcript.to_html`.

    Raises:
        InvalidInputError: `audio` is neither bytes nor a URL that audio can be loaded from.
    """
    sound = sound_of(audio)
    blocks = blocks_of(document, timed=sound is not None)
    times = talk_time(document)
    colours = _colours(times, blocks)
    source = f'src="{escape(sound.source)}"' if sound else ""
    player = f'<audio id="audio" aria-label="Recording" controls preload="metadata" {source}></audio>' if sound else ""
    values = {
        "policy": escape(content_policy(sound.policy) if sound else content_policy()),
        "title": escape(_title(document)),
        "facts": _facts(document),
        "style": resource("page.css"),
        "script": resource("page.js"),
        "player": player,
        "voices": _legend(times, colours),
        "panels": panels_of(document),
        "transcript": "\n".join(_parts(blocks, colours)) or '<p class="empty">No words were recognised.</p>',
    }
    return filled_in(resource("page.html"), **values)


def to_fragment(document: Document) -> str:
    """The beginning of the transcript for a notebook; see `Transcript._repr_html_`."""
    blocks = blocks_of(document, timed=False)
    times = talk_time(document)
    colours = _colours(times, blocks)
    hidden = len(blocks) - SHOWN
    rest = f'<p class="more">{hidden} more paragraphs: <code>to_html()</code> shows all.</p>' if hidden > 0 else ""
    turns = "\n".join(_turns(blocks[:SHOWN], colours, buttons=False))
    return (
        f'<div class="speechmatics-transcript"><style>{resource("fragment.css")}</style>'
        f'<p class="facts"><b dir="auto">{escape(_title(document))}</b> {_facts(document)}</p>\n'
        f"{_legend(times, colours)}{turns}{rest}</div>"
    )


def content_policy(media: str = "'none'") -> str:
    """The Content-Security-Policy of a page: its own script and style, and audio from `media`."""
    script, style = hash_of(resource("page.js")), hash_of(resource("page.css"))
    return policy_of("default-src 'none'", f"script-src {script}", f"style-src {style}", f"media-src {media}")


def policy_of(*directives: str) -> str:
    """A Content-Security-Policy of these directives, and of those that every page has."""
    return "; ".join((*directives, "img-src data:", "base-uri 'none'", "form-action 'none'"))


def filled_in(template: str, **values: str) -> str:
    """A template of HTML with each `{{name}}` replaced; what is in a value is not looked at."""
    return _FIELD.sub(lambda found: values[found[1]], template)


def hash_of(source: str) -> str:
    """How a policy names a script or a style that stands in the page."""
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def resource(name: str) -> str:
    """The text of a file of this package."""
    return files("speechmatics.rendering").joinpath(name).read_text(encoding="utf-8")


def _title(document: Document) -> str:
    name = document.job.data_name if document.job else None
    return name or "Transcript"


def _facts(document: Document) -> str:
    job, metadata = document.job, document.metadata
    config = metadata.transcription_config if metadata else None
    facts = [
        job.created_at.strftime("%Y-%m-%d %H:%M %Z").strip() if job and job.created_at else None,
        short_clock(job.duration) if job and job.duration is not None and is_time(job.duration) else None,
        config.language if config else None,
        f"job {job.id}" if job and job.id else None,
    ]
    return " \u00b7 ".join(escape(fact) for fact in facts if fact)


def _colours(times: dict[Voice, float], blocks: list[Block]) -> dict[Voice, str]:
    """The class of each voice, in the order in which they are heard first."""
    voices = dict.fromkeys([*(block.voice for block in blocks), *times])
    return {voice: f"v{index % COLOURS}" for index, voice in enumerate(voices)}


def _legend(times: dict[Voice, float], colours: dict[Voice, str]) -> str:
    if not any(voice.label for voice in times):
        return ""
    total = sum(times.values()) or 1.0
    rows = [
        f'<li class="{colours[voice]}"><span class="who" dir="auto">{escape(voice.label or "No speaker")}</span>'
        f"{bar(seconds / total, 'talk')}"
        f'<span class="share">{short_clock(seconds)} <small>{seconds / total:.0%}</small></span></li>'
        for voice, seconds in times.items()
    ]
    return f'<ul class="voices" aria-label="Talk time">{"".join(rows)}</ul>'


def _parts(blocks: list[Block], colours: dict[Voice, str]) -> Iterator[str]:
    """The turns in parts of about equal height, which a browser lays out when they come into view."""
    part: list[str] = []
    lines = 0
    for block, turn in zip(blocks, _turns(blocks, colours), strict=True):
        part.append(turn)
        lines += LINES_OF_HEAD + block.words // WORDS_IN_LINE
        if lines >= LINES_IN_PART:
            yield _part(part)
            part, lines = [], 0
    if part:
        yield _part(part)


def _part(turns: list[str]) -> str:
    return f'<div class="part">{"".join(turns)}</div>'


def _turns(blocks: list[Block], colours: dict[Voice, str], *, buttons: bool = True) -> Iterator[str]:
    voices = [None, *(block.voice for block in blocks)]
    for block, before in zip(blocks, islice(voices, len(blocks)), strict=True):
        label = block.voice.label if block.voice != before else ""
        name = f"<bdi>{escape(label)}</bdi> " if label else ""
        clock = short_clock(block.start)
        time = f"<button>{clock}</button>" if buttons else f'<span class="at">{clock}</span>'
        language = f' lang="{escape(block.language)}"' if block.language else ""
        direction = ' dir="rtl"' if block.is_right_to_left else ""
        yield (
            f'<div class="turn {colours[block.voice]}" data-t="{round(block.start, 2)}"{direction}>'
            f"{name}{time}<p{language}>{block.content}</p></div>"
        )
