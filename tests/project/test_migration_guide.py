"""The guide for those who come from another client names what there is."""

from __future__ import annotations

import builtins
import inspect
import re
from pathlib import Path

import speechmatics
from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings, TemporaryKeyAuth, Transcript
from speechmatics._installation import RIVALS, describe_damage

GUIDE = (Path(__file__).parents[2] / "docs" / "migration.md").read_text(encoding="utf-8")
HERE = [row.strip().strip("|").split("|")[-1] for row in GUIDE.splitlines() if row.startswith("| ")]


def test_what_the_guide_calls_exists() -> None:
    """Each name with parentheses in a column `here` is a client's method, a public name or a transcript's method."""
    called = {name for cell in HERE for name in re.findall(r"\b(\w+)\(", cell)}
    known = {*dir(BatchClient), *dir(Transcript), *speechmatics.__all__}
    assert len(called) > 10
    assert called <= known


def test_what_the_guide_gives_as_a_keyword_exists() -> None:
    """It is a setting or a parameter of a public method."""
    keywords = {name for cell in HERE for name in re.findall(r"\b(\w+)=", cell)}
    known = {*ConnectionSettings.model_fields, *inspect.signature(TemporaryKeyAuth).parameters}
    known |= {*speechmatics.BatchTranscriptionConfig.model_fields, *inspect.signature(BatchClient.__init__).parameters}
    for name, method in inspect.getmembers(AsyncBatchClient, callable):
        if not name.startswith("_"):
            known |= {*inspect.signature(method).parameters}
    assert len(keywords) > 8
    assert keywords <= known


def test_the_errors_of_the_guide_exist() -> None:
    """What is in code and ends as an error does, in a column `here`."""
    errors = {name for cell in HERE for name in re.findall(r"`(\w+(?:Error|Exception))`", cell)}
    assert len(errors) > 8
    assert errors <= {*speechmatics.__all__, *dir(builtins)}


def test_the_guide_s_snippets_run() -> None:
    """They define what they define."""
    names: dict[str, object] = {}
    for code in re.findall(r"```py\n(.*?)```", GUIDE, re.DOTALL):
        exec(compile(code, "migration.md", "exec"), names)
    assert callable(names["text"])


def test_each_kind_of_damage_has_its_message() -> None:
    """Each package is named with its version and what to type; the older one comes first, as it must be uninstalled."""
    older, voice, missing = (
        describe_damage(dict.fromkeys(RIVALS, "1.2")),
        describe_damage({"speechmatics-voice": "1.2"}),
        describe_damage({}),
    )
    assert "speechmatics-python 1.2 has replaced" in older
    assert "pip uninstall speechmatics-python" in older
    assert "speechmatics-voice 1.2 has replaced" in voice
    assert "missing or is not its own" in missing
    for message in (older, voice, missing):
        assert "pip install --force-reinstall --no-deps" in message
