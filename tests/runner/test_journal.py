"""What the journal's plan costs: as much for one file of many as for one of few."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from speechmatics.runner.journal import Journal, Planned


def steps_of_a_run(folder: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> float:
    """Steps of SQLite's machine for each file of a plan, in hundreds; of ten files nine are the same as the first."""
    steps = 0

    class Counting(sqlite3.Connection):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.set_progress_handler(count_steps, 100)

    def count_steps() -> int:
        nonlocal steps
        steps += 1
        return 0

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Counting))
        journal = Journal(folder / "journal.db")
    journal.plan(
        Planned(f"{number}.wav", f"{number}.wav", f"{number}.wav", None, 100 + number % 7, "1", "config")
        for number in range(count)
    )
    for file in journal.duplicates():
        journal.set_digest(file.number, f"content {file.number // 10}")
    files = 0
    for leader in journal.leaders():
        same = [leader, *journal.followers(leader.number)]
        files += len(same)
        for file in same:
            assert journal.entry(file.name) is None
            journal.set_result(file.number, {})
    assert files == count
    assert len(list(journal.results())) == count
    journal.close()
    return steps / count


def test_a_file_costs_no_more_in_a_plan_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times the files, ten times the work; it was a hundred times."""
    few, many = (steps_of_a_run(tmp_path / str(count), count, monkeypatch) for count in (500, 5000))
    assert many == pytest.approx(few, rel=0.5)
