"""Pages: what is in them, and that nothing in a transcript can become more than text."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from operator import methodcaller
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmatics import InvalidInputError, Transcript
from speechmatics.testing import transcripts
from tests.rendering.test_rendering import Item, full_stop, transcript

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)",
    "<!--",
    "]]>",
    "{{script}}",
    "&lt;b&gt;",
    "<style>*{display:none}</style>",
)
in_notebook = methodcaller("_repr_html_")
"""Notebooks ask for it by name."""
VOID = {"meta", "link", "input", "br"}
ALLOWED = {
    *("html", "head", "meta", "link", "title", "style", "body", "header", "h1", "h2", "p", "div", "form", "input"),
    *("button", "output", "main", "aside", "article", "section", "script", "span", "b", "small", "ul", "ol", "li"),
    *(
        "svg",
        "rect",
        "table",
        "tr",
        "th",
        "td",
        "details",
        "summary",
        "kbd",
        "audio",
        "code",
        "a",
        "bdi",
        "thead",
        "tbody",
    ),
}


class Reader(HTMLParser):
    """Reads a page: its elements, their attributes, and the text of each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        assert len({name for name, _ in attrs}) == len(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def text(self) -> str:
        """All that is shown."""
        return "".join(text for element, text in self.texts if element not in ("script", "style"))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of the elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]

    def policy(self) -> dict[str, str]:
        """What the page may load."""
        [value] = [meta["content"] or "" for meta in self.all("meta") if "http-equiv" in meta]
        return {name: rest for name, _, rest in (part.partition(" ") for part in value.split("; "))}


def assert_safe(reader: Reader) -> None:
    """There is what is always there: one script, one style, no handlers, nothing from outside."""
    assert reader.open == []
    assert {tag for tag, _ in reader.elements} <= ALLOWED
    for tag, attributes in reader.elements:
        for name, value in attributes.items():
            assert not name.startswith("on") and name != "style"
            assert name not in ("src", "href", "action", "srcset", "formaction") or (tag, value) == ("link", "data:,")


def hostile(text: str) -> dict[str, Any]:
    """A transcript that has a text wherever there can be one."""
    times = {"start_time": 0.0, "end_time": 1.0}
    alternative = {"content": text, "confidence": 0.4, "language": text, "speaker": text}
    mark = {"content": text, "confidence": 1.0}
    return {
        "format": "2.9",
        "job": {"id": text, "created_at": "2026-01-01T00:00:00Z", "data_name": text, "duration": 3},
        "metadata": {
            "created_at": "2026-01-01T00:00:00Z",
            "type": "transcription",
            "transcription_config": {"language": text},
            "language_pack_info": {"word_delimiter": text, "writing_direction": text},
        },
        "results": [
            {"type": "word", "channel": text, "alternatives": [alternative], **times},
            {"type": "word", "channel": text, "alternatives": [{**alternative, "confidence": 1.0}], **times},
            {"type": "punctuation", "channel": text, "alternatives": [mark], **times},
            {"type": "entity", "entity_class": text, "channel": text, "alternatives": [alternative], **times},
        ],
        "summary": {"content": text},
        "chapters": [{"title": text, "summary": text, **times}],
        "topics": {"summary": {"overall": {text: 2}}},
        "sentiment_analysis": {
            "segments": [],
            "summary": {
                "overall": {"positive_count": 1, "negative_count": 2, "neutral_count": 3},
                "speakers": [{"speaker": text, "positive_count": 1}],
                "channels": [{"channel": text}],
            },
        },
        "translations": {text: [{"content": text, "speaker": text, **times}, {"content": text}]},
        "audio_event_summary": {"overall": {text: {"count": 2, "total_duration": 3.2}}},
    }


@given(st.text() | st.sampled_from(HOSTILE) | st.lists(st.sampled_from("<>\"'&;/!-{} abc"), max_size=20).map("".join))
def test_text_stays_text_wherever_it_stands(text: str) -> None:
    """In pages and in notebooks; every occurrence is shown as it is."""
    wire = Transcript.model_validate(hostile(text))
    page = Reader(wire.to_html())
    assert_safe(page)
    assert len(page.all("script")) == len(page.all("style")) == 1
    assert [*page.policy()] == [*Reader(transcript().to_html()).policy()]
    fragment = Reader(in_notebook(wire))
    assert_safe(fragment)
    assert fragment.all("script") == []
    assert len(fragment.all("style")) == 1
    if text.isprintable():
        assert page.text().count(text) >= 10 or not text.strip()


@given(transcripts())
def test_every_transcript_has_a_page_with_all_its_text(found: Transcript) -> None:
    """Whatever the service may send."""
    reader = Reader(found.to_html("a.wav"))
    shown = "".join(reader.text().split())
    for turn in found.turns():
        for word in turn.words:
            for reading in (word.alternatives or ())[:1]:
                assert "".join(reading.content.split()) in shown
    assert [audio["src"] for audio in reader.all("audio")] == ["a.wav"]
    Reader(in_notebook(found))


def test_the_policy_names_the_script_and_the_style_that_are_there() -> None:
    """By their hashes, and nothing else."""
    page = transcript("a").to_html()
    policy = Reader(page).policy()
    for tag in ("script", "style"):
        [content] = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy[f"{tag}-src"] == f"'sha256-{digest}'"
    assert policy["default-src"] == policy["media-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert not re.search("https?:|url\\(|@import|fetch\\(|eval|innerHTML", page)


@pytest.mark.parametrize(
    ("audio", "source", "media"),
    [
        ("call.wav", "call.wav", "'self' file:"),
        ("../my calls/a&b.wav", "../my%20calls/a&b.wav", "'self' file:"),
        ("/v2/jobs/1/data", "/v2/jobs/1/data", "'self' file:"),
        ("file:///tmp/call.wav", "file:///tmp/call.wav", "'self' file:"),
        ("https://example.com:8443/a.mp3?x=1;y=2,3#t=2", None, "https://example.com:8443"),
        ("HTTP://me:secret@example.com/a.mp3", None, "http://example.com"),
        ("//example.com/a.mp3", None, "example.com"),
        ("http://[::1]:80/a.mp3", None, "http:"),
        ("//[::1]/a.mp3", None, "https: http:"),
        ("https://x;script-src *.mp3/", None, "https:"),
    ],
)
def test_audio_is_loaded_from_where_it_is_and_from_nowhere_else(audio: str, source: str | None, media: str) -> None:
    """The policy names its origin, whatever the address has in it."""
    reader = Reader(transcript("a").to_html(audio))
    [element] = reader.all("audio")
    assert element["src"] == (source or audio.replace(" ", "%20"))
    assert reader.policy()["media-src"] == media
    assert len(reader.policy()) == 7


@pytest.mark.parametrize(
    ("begin", "kind"),
    [
        (b"RIFF0000WAVE", "audio/wav"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\x00\x00\x00\x18ftypM4A ", "audio/mp4"),
        (b"?", "application/octet-stream"),
    ],
)
def test_audio_can_be_in_the_page(begin: bytes, kind: str) -> None:
    """As bytes, of the kind that they begin like."""
    reader = Reader(transcript("a").to_html(begin))
    [element] = reader.all("audio")
    assert element["src"] == f"data:{kind};base64,{base64.b64encode(begin).decode()}"
    assert reader.policy()["media-src"] == "data:"


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        ("javascript:alert(1)", "not by 'javascript'"),
        (" JavaScript:alert(1)", "not by 'javascript'"),
        ("java\nscript:alert(1)", "URL or a path"),
        ("\x01javascript:alert(1)", "URL or a path"),
        ("data:text/html,x", "not by 'data'"),
        ("C:\\call.wav", "not by 'c'"),
        ("a:b.wav", r"begins with '\./'"),
        ("", "URL or a path"),
        ("http://[x", "no URL"),
    ],
)
def test_what_audio_cannot_be_loaded_from(audio: str, message: str) -> None:
    """Says what is wrong with it."""
    with pytest.raises(InvalidInputError, match=message):
        transcript("a").to_html(audio)


def test_audio_of_another_type() -> None:
    """Says what to give."""
    wrong: Any = 5
    with pytest.raises(InvalidInputError, match=r"bytes, as of read_bytes\(\)\), not int"):
        transcript("a").to_html(wrong)


def test_voices_have_colours_and_bars() -> None:
    """The one who speaks longest first; whoever continues is not named again."""
    page = transcript(
        ("Hi", {"speaker": "S1"}),
        full_stop(),
        ("Well", {"speaker": "S2"}),
        ("yes", {"speaker": "S2", "pause": 2.0}),
        full_stop(),
        ("And", {"speaker": "S2"}),
        ("hm", {"speaker": "UU"}),
    ).to_html()
    assert re.findall(r'<li class="(v\d)"><span class="who" dir="auto">([^<]*)', page) == [
        ("v1", "S2"),
        ("v0", "S1"),
        ("v2", "Unknown speaker"),
    ]
    assert re.findall(r'<div class="turn (v\d)"', page) == ["v0", "v1", "v1", "v2"]
    assert re.findall(r"<bdi>([^<]*)", page) == ["S1", "S2", "Unknown speaker"]
    assert len(re.findall(r'<rect width="[\d.]+%"', page)) == 3
    assert '<ul class="voices"' not in transcript("a").to_html()
    assert '<ul class="voices"' not in transcript().to_html()
    assert "No words were recognised" in transcript().to_html()


def test_words_are_shaded_by_confidence() -> None:
    """With the figure; with audio each word says when it is said."""
    words = [
        (content, {"alternatives": [{"content": content, "confidence": confidence}]})
        for content, confidence in (("a", 0.95), ("b", 0.8), ("c", 0.2))
    ]
    page = transcript(*words).to_html()
    assert '<p>a <span class="c3" title="80%">b</span> <span class="c1" title="20%">c</span></p>' in page
    assert re.search(r'<span data-t="[\d.]+">a</span>', transcript("a").to_html("a.wav"))


def test_right_to_left_text_says_so() -> None:
    """Each paragraph by itself, with its language."""
    found = transcript(
        ("\u0645\u0631\u062d\u0628\u0627", {"language": "ar"}),
        per_language_writing_direction={"ar": "right-to-left"},
    )
    assert re.search(r'<div class="turn v0" data-t="[\d.]+" dir="rtl">.*<p lang="ar">', found.to_html())


def test_a_long_speech_is_divided() -> None:
    """At the end of a sentence if there is one, else anyhow; no word is lost."""
    sentence: list[str | Item] = [*["a"] * 95, "b", full_stop()]
    with_sentences = transcript(*sentence * 4, *["c"] * 601)
    blocks = re.findall(r"<p>(.*?)</p></div>", with_sentences.to_html())
    assert [len(block.split()) for block in blocks] == [192, 192, 300, 300, 1]
    assert blocks[0].endswith("b.")
    assert transcript(*["c"] * 600).to_html().count('class="turn ') == 2


def test_a_page_stays_small_where_another_speaks_at_every_word() -> None:
    """A browser lays out parts of about equal height, and a turn has few elements."""
    count = 1000
    page = transcript(*[("word", {"speaker": f"S{index % 3}"}) for index in range(count)]).to_html("a.wav")
    assert page.count('class="turn ') == count
    assert page.count('class="part"') == 50
    empty = transcript().to_html("a.wav")
    assert (page.count("</") - empty.count("</")) / count < 5.5
    assert (len(page) - len(empty)) / count < 150


def test_notebooks_show_the_beginning() -> None:
    """And say how much more there is."""
    found = transcript(*[("a", {"speaker": f"S{index % 2}"}) for index in range(130)])
    assert "30 more paragraphs" in in_notebook(found)
    assert in_notebook(found).count('class="turn ') == 100
    assert "id=" not in re.sub("<style>.*?</style>", "", in_notebook(found), flags=re.DOTALL)


def test_times_that_are_none() -> None:
    """Words without times are read, and cannot be clicked; a title without a job is plain."""
    found = Transcript.model_validate(
        {"results": [{"type": "word", "alternatives": [{"content": "Hi", "confidence": 0.9}]}]}
    )
    page = found.to_html("a.wav")
    assert "<p>Hi</p>" in page
    assert "<title>Transcript</title>" in page
    huge = 10**400
    odd: dict[str, Any] = {
        "job": {"duration": huge},
        "results": [
            {"type": "word", "start_time": time, "end_time": 1e300, "alternatives": [{"content": "Hi"}]}
            for time in (-1.0, 1e300)
        ]
        + [{"type": "word"}],
        "sentiment_analysis": {"segments": [], "summary": {}},
        "chapters": [{"title": "One", "start_time": -5.0}],
        "audio_event_summary": {"overall": {"music": {"count": huge, "total_duration": 1e300}}},
    }
    reader = Reader(Transcript.model_validate(odd).to_html("a.wav"))
    assert {one["data-t"] for tag in ("span", "div", "button") for one in reader.all(tag) if "data-t" in one} == {"0.0"}
    late = transcript(("a", {"start_time": 4000.0, "end_time": 4001.0})).to_html()
    assert "1:06:40</button>" in late
