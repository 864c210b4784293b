"""Validates a folder of saved transcripts and writes a report: one row for each problem.

Usage: python examples/validate_folder.py FOLDER [--report problems.csv] [--strict] [--processes 4]

The folder may hold json-v2 transcripts (*.json) and files with one transcript a line (*.jsonl), at any depth. The exit
code is 1 where there are errors, so that a pipeline stops there.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

from speechmatics import ProblemCode, ProblemRecord, validate_transcripts


def main(arguments: list[str] | None = None) -> int:
    """Writes the report, prints how many problems there are of each kind, and returns the exit code."""
    parser = argparse.ArgumentParser(description="Validates a folder of transcripts and writes a report.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--report", type=Path, default=Path("problems.csv"), help="CSV (default: %(default)s)")
    parser.add_argument("--strict", action="store_true", help="what this package does not know is an error")
    parser.add_argument("--processes", type=int, default=1, help="how many do the work (default: %(default)s)")
    given = parser.parse_args(arguments)
    if not given.folder.is_dir():
        parser.error(f"there is no folder {given.folder}")

    good = bad = 0
    kinds: Counter[ProblemCode] = Counter()
    with given.report.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, list(ProblemRecord.__annotations__))
        rows.writeheader()
        for report in validate_transcripts(given.folder, strict=given.strict, processes=given.processes):
            good, bad = good + bool(report), bad + (not report)
            kinds.update(report.count_by_code())
            rows.writerows(report.to_records())

    print(f"{good} good, {bad} bad; the problems are in {given.report}")
    for code, count in kinds.most_common():
        print(f"{count:6} {code}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
