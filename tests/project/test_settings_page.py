"""`docs/settings.md` has every setting, as the fields have them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from speechmatics import ConnectionSettings

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_page_is_made_from_the_fields() -> None:
    """The script that makes it says so otherwise."""
    command = [sys.executable, str(ROOT / ".ci" / "make_settings_page.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_page_has_every_variable() -> None:
    """But for what no variable can hold."""
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name in ConnectionSettings.model_fields.keys() - {"ssl_context"}:
        assert f"`SPEECHMATICS_{name.upper()}`" in page
