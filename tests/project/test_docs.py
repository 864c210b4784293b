"""What the documents say is so."""

from __future__ import annotations

import contextlib
import io
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import speechmatics
from tests.snippets import snippet

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_readme_s_code_prints_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The snippet is run with the real engine; its words are the README's."""
    # The numbers, and now and then a capital or a comma, differ between processors.
    monkeypatch.chdir(ROOT)
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    [expected] = re.findall(r"prints [^\n]*\n\n```\n(.*?)```", README, re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})

    def words(text: str) -> list[str]:
        return re.findall(r"[a-z_]+", text.lower())

    assert words(printed.getvalue()) == words(expected)


def test_the_subclasses_of_the_guide_give_models() -> None:
    """Without the flag: one by its base, one by what it is subscripted with."""
    names: dict[str, object] = {}
    exec(compile(snippet("models", "ParsedBatchClient"), "models.md", "exec"), names)
    for name in ("calls", "traced"):
        assert repr(names[name]).endswith("parse=True)")


def test_the_frames_of_the_guide_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a folder with one transcript."""
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "call.json").write_text('{"format": "2.9", "metadata": {}, "results": []}')
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(snippet("frames", "speechmatics.frames"), "frames.md", "exec"), names)
    assert (tmp_path / "words.parquet").exists()
    assert "location" in names["frame"].columns


def test_the_readme_is_one_screen_whose_links_lead_somewhere() -> None:
    """On a clone's own pages, so that each is there."""
    assert len(README.splitlines()) < 80
    links = re.findall(r"\]\(([^)]*)\)", README)
    assert len(links) > 10
    for link in links:
        assert (ROOT / link).is_file(), link


def test_versions_agree() -> None:
    """Of the package, the project and the newest entry of the changelog."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    newest = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    assert newest is not None
    assert project["version"] == speechmatics.__version__ == newest[1]


def test_the_lowest_versions_that_tox_installs_are_the_declared_ones() -> None:
    """The pins of the `lowest` environment are the minimums of the project's dependencies."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = content["project"]
    declared = {*project["dependencies"], *project["optional-dependencies"]["local"]}
    pins = content["tool"]["tox"]["env"]["lowest"]["deps"]
    assert sorted(pin.replace("==", ">=") for pin in pins) == sorted(one for one in declared if ">=" in one)
