"""`python -m speechmatics`: the command `speechmatics`."""

from __future__ import annotations

from speechmatics.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
