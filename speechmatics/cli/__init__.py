"""The command `speechmatics` (extra `cli`)."""

from __future__ import annotations

import importlib.util
import sys

__all__ = ["main"]


def main() -> None:
    """Runs the command; without the extra it says what to install."""
    if any(importlib.util.find_spec(name) is None for name in ("typer", "rich")):
        sys.stderr.write('the command needs the extra cli: pip install "speechmatics-typed[cli]"\n')
        sys.exit(2)
    from speechmatics.cli.app import run

    run()
