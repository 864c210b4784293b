"""How large a page of many hours is, how fast it opens, and how pages look: `python -m tests.trials.pages --hours 10`.

`--pictures FOLDER` writes pictures of a short page in light, dark, narrow and from right to left, for people to see.
It needs a Chromium.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from speechmatics import Transcript
from tests.rendering.test_page_in_browser import silence
from tests.servers.browser import Page, open_browser

__all__ = ["conversation", "measure", "take_pictures"]

ENGLISH = [
    "we",
    "send",
    "the",
    "new",
    "contract",
    "to",
    "them",
    "before",
    "Friday",
    "afternoon",
    "because",
    "nobody",
    "will",
    "read",
    "what",
    "Anna",
    "wrote",
]
ARABIC = ["مرحبا", "بكم", "في", "هذا", "الاجتماع", "اليوم", "نتحدث", "عن", "العقد", "الجديد", "مع", "الشركة"]
SENTENCE = 12
"""Words."""
CHANGES = 0.3
"""How likely it is that another speaker says the next sentence."""
FRAMES = 60


def conversation(hours: float, *, right_to_left: bool = False, one_word_each: bool = False) -> Transcript:
    """Four people who talk without an end, with all that the service can say of it.

    With `one_word_each` another speaks at every word.
    """
    chance = random.Random(16)
    words, language = (ARABIC, "ar") if right_to_left else (ENGLISH, "en")
    results: list[dict[str, Any]] = []
    clock, speaker = 0.3, "S1"
    while clock < hours * 3600:
        if chance.random() < CHANGES:
            speaker = chance.choice(["S1", "S2", "S3", "UU"])
        for _ in range(SENTENCE):
            word = chance.choice(words)
            if one_word_each:
                speaker = {"S1": "S2", "S2": "S3", "S3": "UU"}.get(speaker, "S1")
            length = 0.1 + len(word) * 0.05
            confidence = round(1 - chance.random() ** 6, 2)
            alternative = {"content": word, "confidence": confidence, "language": language, "speaker": speaker}
            times = {"start_time": round(clock, 2), "end_time": round(clock + length, 2)}
            results.append({"type": "word", **times, "alternatives": [alternative]})
            clock += length + 0.05
        mark = {"content": "؟" if right_to_left else ".", "confidence": 1.0, "speaker": speaker}
        times = {"start_time": round(clock, 2), "end_time": round(clock, 2)}
        results.append({"type": "punctuation", "is_eos": True, **times, "alternatives": [mark]})
        clock += chance.choice([0.2, 0.4, 1.2])
    direction = "right-to-left" if right_to_left else "left-to-right"
    wire: dict[str, Any] = {
        "job": {"id": "example", "created_at": "2026-01-01T10:00:00Z", "data_name": "call.wav", "duration": clock},
        "metadata": {"language_pack_info": {"writing_direction": direction}},
        "results": results,
        "summary": {"content": "They agree on the contract.\nIt is sent before Friday."},
        "chapters": [{"title": "Greetings", "summary": "They say hello.", "start_time": 0.0, "end_time": clock}],
        "topics": {"segments": [], "summary": {"overall": {"Business & Finance": 3, "Sports": 1}}},
        "translations": {"de": [{"start_time": 1.0, "end_time": 3.0, "content": "Der neue Vertrag."}]},
    }
    return Transcript.model_validate(wire)


def measure(page: Page, folder: Path, hours: float, *, one_word_each: bool = False) -> str:
    """Seconds to make a page, to open it until it has been drawn, and for so many frames through all of it."""
    transcript = conversation(hours, one_word_each=one_word_each)
    began = time.perf_counter()
    html = transcript.to_html("call.wav")
    made = time.perf_counter() - began
    file = folder / "long.html"
    file.write_text(html, encoding="utf-8")
    page.show_as()
    began = time.perf_counter()
    page.open(file.as_uri())
    page.run("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    opened = time.perf_counter() - began
    began = time.perf_counter()
    page.run(
        "new Promise(done => { let frame = 0; const next = () => { scrollTo(0, document.body.scrollHeight * frame++ /"
        f" {FRAMES}); frame > {FRAMES} ? done() : requestAnimationFrame(next); }}; next(); }})"
    )
    scrolled = time.perf_counter() - began
    words = sum(1 for _ in transcript.words())
    nodes = page.run("document.getElementsByTagName('*').length")
    return (
        f"{hours:g} h, {words} words: {len(html.encode()) / 1e6:.1f} MB, {nodes} elements; made in {made:.2f} s, "
        f"opened in {opened:.2f} s, {FRAMES} steps through it in {scrolled:.2f} s"
    )


def take_pictures(page: Page, folder: Path) -> None:
    """Writes PNG files, and says what the browser complains of."""
    looks: dict[str, dict[str, Any]] = {
        "light": {},
        "dark": {"scheme": "dark"},
        "narrow": {"width": 380},
        "narrow-dark": {"width": 380, "scheme": "dark"},
        "print": {"media": "print"},
    }
    folder.mkdir(parents=True, exist_ok=True)
    for direction in ("left-to-right", "right-to-left"):
        file = folder / f"{direction}.html"
        html = conversation(0.05, right_to_left=direction == "right-to-left").to_html(silence(9))
        file.write_text(html, encoding="utf-8")
        for name, look in looks.items():
            page.show_as(**look)
            page.open(file.as_uri())
            page.picture(folder / f"{direction}-{name}.png")
            print(direction, name, page.complaints)


def main() -> None:
    """Measures, and takes pictures if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--one-word-each", action="store_true", help="another person speaks at every word")
    parser.add_argument("--pictures", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open_browser(Path(folder)) as page:
        print(measure(page, Path(folder), arguments.hours, one_word_each=arguments.one_word_each))
        if arguments.pictures is not None:
            take_pictures(page, arguments.pictures.resolve())


if __name__ == "__main__":
    main()
