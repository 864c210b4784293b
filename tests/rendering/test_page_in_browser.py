"""Pages in a real Chromium: nothing complains, nothing is loaded, and what people do with them works."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from speechmatics import Transcript
from tests.rendering.test_page import HOSTILE, hostile, in_notebook
from tests.rendering.test_rendering import full_stop, transcript
from tests.servers.browser import CHROMIUM, Page, open_browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]
TALK = [
    ("Good", {"speaker": "S1"}),
    ("morning", {"speaker": "S1"}),
    full_stop(),
    ("Good", {"speaker": "S2"}),
    ("evening", {"speaker": "S2", "pause": 2.0}),
    full_stop(),
    *[("more", {"speaker": f"S{index % 3}"}) for index in range(200)],
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with open_browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def silence(seconds: int) -> bytes:
    """Audio that plays for so long."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * 8000 * seconds)
    return file.getvalue()


def opened(page: Page, folder: Path, found: Transcript, audio: str | bytes | None = None) -> str:
    """Shows a page of a transcript, and gives its address."""
    file = folder / "page.html"
    file.write_text(found.to_html(audio), encoding="utf-8")
    page.show_as()
    page.open(file.as_uri())
    return file.as_uri()


def loaded(page: Page) -> list[str]:
    """What was asked for, without what is in the page."""
    return [url for url in page.requests if not url.startswith("data:")]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_transcript_runs(page: Page, tmp_path: Path, text: str) -> None:
    """The browser sees text, its policy stops nothing, and nothing is loaded."""
    url = opened(page, tmp_path, Transcript.model_validate(hostile(text)))
    assert page.run("document.title") == " ".join(text.split())
    assert page.run("document.querySelector('h1').textContent") == text
    assert page.run("document.scripts.length") == 1
    assert page.run("document.querySelector('.turn p').textContent").startswith(text)
    assert page.complaints == []
    assert loaded(page) == [url]


def test_the_policy_stops_what_is_not_the_page(page: Page, tmp_path: Path) -> None:
    """Should text ever become more than text."""
    file = tmp_path / "page.html"
    content = transcript("a").to_html()
    file.write_text(content.replace("<main>", "<main><script>document.title = 'ran'</script><img src='x.png'>"))
    page.open(file.as_uri())
    page.wait_for("true")
    assert page.run("document.title") == "Transcript"
    assert sum("Content Security Policy" in complaint for complaint in page.complaints) == 2


def test_a_click_on_a_word_plays_it(page: Page, tmp_path: Path) -> None:
    """And the word that is said is marked, as time goes by."""
    url = opened(page, tmp_path, transcript(*TALK), silence(200))
    page.wait_for("document.querySelector('audio').readyState > 0")
    page.click(".turn:nth-of-type(2) p span:nth-of-type(2)")
    page.wait_for("!document.querySelector('audio').paused")
    page.wait_for("document.querySelector('audio').currentTime >= 1.7")
    page.wait_for("document.querySelector('.here')?.textContent === 'more'")
    page.press(" ")
    page.wait_for("document.querySelector('audio').paused")
    page.run("document.querySelector('audio').currentTime = 1.8")
    page.wait_for("document.querySelector('.here').textContent === 'evening.'")
    before = page.run("document.querySelector('audio').currentTime")
    page.press("ArrowRight")
    page.wait_for(f"document.querySelector('audio').currentTime > {before} + 4")
    assert page.run("document.querySelectorAll('[aria-current]').length") == 1
    page.click(".turn:nth-of-type(2) > button")
    page.wait_for("document.querySelector('.here').textContent === 'Good'")
    assert page.complaints == []
    assert loaded(page) == [url]


def test_audio_beside_the_page(page: Page, tmp_path: Path) -> None:
    """Is found by its path; where there is none, the page says so."""
    (tmp_path / "my call.wav").write_bytes(silence(3))
    opened(page, tmp_path, transcript("a"), "my call.wav")
    page.wait_for("document.querySelector('audio').duration === 3")
    assert page.complaints == []
    opened(page, tmp_path, transcript("a"), "no.wav")
    page.wait_for("document.querySelector('#problem').textContent.includes('cannot be played')")


def test_search_by_keyboard(page: Page, tmp_path: Path) -> None:
    """Counts what is found at once, goes from one to the next and around, and ends with Escape."""
    opened(page, tmp_path, transcript(*TALK))
    page.press("/")
    for letter in "GOOD M":
        page.press(letter)
    page.press("Enter")
    found = "document.querySelector('#found').textContent"
    assert page.run(found) == "1 of 1"
    page.run("document.querySelector('#query').value = ''")
    for letter in "more":
        page.press(letter)
    page.wait_for(f"{found} === '200 found'")
    assert page.run("CSS.highlights.get('found').size") == 200
    assert page.run("[...CSS.highlights.get('found')].every(range => range.toString() === 'more')")
    page.click("#before")
    assert page.run(found) == "200 of 200"
    assert page.run("scrollY > 0")
    page.click("#after")
    assert page.run(found) == "1 of 200"
    page.run("document.querySelector('#query').focus()")
    page.press("Escape")
    assert page.run(found) == ""
    assert page.run("CSS.highlights.get('found').size") == 0
    assert page.complaints == []


def test_a_chapter_is_gone_to(page: Page, tmp_path: Path) -> None:
    """Its paragraph is shown, without audio too."""
    wire = transcript(*TALK).to_dict() | {"chapters": [{"title": "End", "start_time": 100.0, "end_time": 120.0}]}
    opened(page, tmp_path, Transcript.model_validate(wire))
    assert page.run("scrollY") == 0
    page.click(".panel button")
    page.wait_for("scrollY > 0")
    assert 95 < page.run("Number(document.querySelector('.chosen').dataset.t)") <= 100
    assert page.complaints == []


def test_a_place_far_below_is_gone_to_although_it_was_never_laid_out(page: Page, tmp_path: Path) -> None:
    """By the button of a chapter, and by search."""
    words = [(f"word{index}", {"speaker": f"S{index % 3}"}) for index in range(3000)]
    wire = transcript(*words).to_dict()
    wire["chapters"] = [{"title": "Late", "start_time": wire["results"][2500]["start_time"]}]
    opened(page, tmp_path, Transcript.model_validate(wire))
    assert page.run("document.querySelectorAll('.part').length") == 150
    page.click(".panel button")
    page.wait_for("document.querySelector('.chosen') !== null")
    seen = "(one => { const box = one.getBoundingClientRect(); return box.top > 0 && box.bottom < innerHeight; })"
    page.wait_for(f"{seen}(document.querySelector('.chosen'))")
    assert page.run("document.querySelector('.chosen p').textContent") == "word2500"
    page.run("document.querySelector('#query').value = 'word1500'")
    page.run("document.querySelector('#query').dispatchEvent(new Event('input'))")
    page.wait_for("document.querySelector('#found').textContent === '1 found'")
    page.click("#after")
    found = "[...CSS.highlights.get('current')][0].startContainer.parentElement.closest('.turn')"
    page.wait_for(f"{seen}({found})")
    assert page.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "direction"), [(1200, "ltr"), (380, "ltr"), (380, "rtl")])
def test_it_fits_the_window(page: Page, tmp_path: Path, scheme: str, width: int, direction: str) -> None:
    """In no mode is there anything to scroll sideways, or text without contrast (WCAG AA)."""
    side = {"rtl": "right-to-left"}.get(direction, "left-to-right")
    found = transcript(*TALK, ("w" * 200, {"speaker": "S" * 90}), writing_direction=side)
    opened(page, tmp_path, found, silence(1))
    page.show_as(scheme=scheme, width=width, height=800)
    page.run("document.querySelector('#query').value = 'more'")
    page.run("document.querySelector('#query').dispatchEvent(new Event('input'))")
    page.wait_for("document.querySelector('#found').textContent === '200 found'")
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    assert page.run("getComputedStyle(document.querySelector('.turn')).direction") == direction
    pairs: list[list[str]] = page.run(
        "['.who', 'bdi', '.facts', '.turn p', '.c1', '.c2', '.c3', '.turn > button'].flatMap(name => [...document"
        ".querySelectorAll(name)].slice(0, 4)).map(one => [getComputedStyle(one).color, getComputedStyle(one)"
        ".backgroundColor, getComputedStyle(document.body).backgroundColor])"
    )
    assert len(pairs) > 8
    for front, back, behind in pairs:
        assert contrast(front, behind if back == "rgba(0, 0, 0, 0)" else back) >= 4.5, (front, back, behind)
    assert page.complaints == []


def contrast(one: str, other: str) -> float:
    """Between two colours as browsers write them, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Of a colour as `rgb(1, 2, 3)`, 0 to 1 (WCAG 2.2)."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_names_for_those_who_do_not_see(page: Page, tmp_path: Path) -> None:
    """All that can be used has a name."""
    opened(page, tmp_path, transcript(*TALK), silence(1))
    nodes: list[dict[str, Any]] = page.send("Accessibility.getFullAXTree")["nodes"]
    used = [node for node in nodes if node.get("role", {}).get("value") in ("button", "searchbox", "article", "list")]
    assert len(used) > 5
    assert [node["role"] for node in used if not node.get("name", {}).get("value")] == []


def test_notebooks_can_have_it_many_times(page: Page, tmp_path: Path) -> None:
    """It changes nothing around it."""
    file = tmp_path / "page.html"
    cell = in_notebook(transcript(*TALK))
    around = "<!DOCTYPE html><meta charset=utf-8><p class=at id=outside>Text</p>"
    file.write_text(f"{around}{cell}{cell}", encoding="utf-8")
    page.open(file.as_uri())
    assert page.run("document.querySelectorAll('.speechmatics-transcript').length") == 2
    assert page.run("getComputedStyle(document.querySelector('#outside')).fontSize") == "16px"
    assert page.run("getComputedStyle(document.querySelector('.turn')).borderInlineStartWidth") == "3px"
    assert page.complaints == []


def test_it_is_printed_in_dark_on_white(page: Page, tmp_path: Path) -> None:
    """All of it, without what only a screen can do."""
    opened(page, tmp_path, transcript(*TALK), silence(1))
    page.show_as(scheme="dark", media="print")
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.run("getComputedStyle(document.querySelector('.tools')).display") == "none"
    assert page.run("getComputedStyle(document.querySelector('.part:last-child')).contentVisibility") == "visible"
