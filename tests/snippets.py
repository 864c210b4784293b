"""The snippets of the guides, for tests that run them."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def snippets(page: str, language: str = "py") -> list[str]:
    """Those of a guide, as `models`, in their order."""
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)


def snippet(page: str, containing: str, language: str = "py") -> str:
    """The only one that contains these words."""
    [code] = [each for each in snippets(page, language) if containing in each]
    return code
