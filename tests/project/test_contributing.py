"""The map of the code names what there is."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import speechmatics

CONTRIBUTING = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
BEHAVIOURS = re.findall(r"^\| ([^|`]*(?:`[^|]*)?) \| `([\w.]+)` \| `(\w+)` \|$", CONTRIBUTING, re.MULTILINE)


def test_thirty_behaviours_have_a_place() -> None:
    """That is what a newcomer looks for."""
    assert len(BEHAVIOURS) >= 30
    assert len({behaviour for behaviour, _, _ in BEHAVIOURS}) == len(BEHAVIOURS)


@pytest.mark.parametrize(("behaviour", "module", "name"), BEHAVIOURS)
def test_a_behaviour_is_where_the_table_says(behaviour: str, module: str, name: str) -> None:
    """The name is defined in that very module, not only imported there."""
    found = getattr(importlib.import_module(f"speechmatics.{module}"), name)
    assert found.__module__ == f"speechmatics.{module}", behaviour


def test_every_module_stands_in_the_map() -> None:
    """By its name, or by that of its package."""
    rows = "".join(re.findall(r"^\|([^|]*)\|[^|]*\|$", CONTRIBUTING, re.MULTILINE))
    named = {*re.findall(r"`(?:\w+/)*(\w+)/?`", rows)}
    folder = Path(speechmatics.__file__).parent
    for path in folder.rglob("*.py"):
        first, *rest = path.relative_to(folder).with_suffix("").parts
        whole = first in ("cli", "dask", "frames", "local", "runner", "testing", "validation", "rendering")
        assert whole or (rest or [first])[-1] in {*named, "__init__", "vocabularies", "_json_schema", "_multipart"}, (
            path
        )
