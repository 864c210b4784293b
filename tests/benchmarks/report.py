"""How figures are printed: Markdown tables, and the machine they were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

__all__ = ["machine", "table", "verdict"]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; columns of numbers stand to the right."""
    numeric = [
        all(row[column].replace(",", "").replace(".", "").lstrip("-").isdigit() for row in rows)
        for column in range(len(header))
    ]
    lines = [header, ["---:" if right else "---" for right in numeric], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def verdict(met: bool | None) -> str:
    """Whether a target is met, as a cell of a table; empty where there is none."""
    return "" if met is None else "yes" if met else "**no**"


def machine(packages: Sequence[str]) -> str:
    """What was measured, and on what."""
    cpu = platform.processor()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} x {cpu}, {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}; load at the end {load}. "
        f"{', '.join(packages)}."
    )
