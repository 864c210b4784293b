"""Many sources: folders, files of JSON Lines, several processes, and what goes wrong with either."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from speechmatics import InvalidInputError, ValidationReport, validate_config, validate_configs, validate_transcripts

LANGUAGE = {"language": "en"}
SOUND: dict[str, Any] = {
    "format": "2.9",
    "metadata": {"created_at": "2026-01-01T00:00:00Z", "type": "transcription", "transcription_config": LANGUAGE},
    "results": [],
}
WRONG: dict[str, Any] = {**SOUND, "results": 5, "x": 1}
PROCESSES = [1, pytest.param(3, marks=pytest.mark.slow)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of all kinds, in a folder and below it."""
    (tmp_path / "below").mkdir()
    for number in range(9):
        (tmp_path / "below" / f"{number}.JSON").write_text(json.dumps(WRONG if number % 4 == 1 else SOUND))
    (tmp_path / "a.json").write_text("{")
    lines = [json.dumps(SOUND), "", json.dumps({**WRONG, "é": "ü"}, ensure_ascii=False), "  ", "[", json.dumps(WRONG)]
    (tmp_path / "day.jsonl").write_bytes("\r\n".join(lines).encode())
    (tmp_path / "notes.txt").write_text("not looked at")
    return tmp_path


def summary(reports: Iterator[ValidationReport], folder: Path) -> dict[str, list[str]]:
    """What was found, by source, in the order in which it came."""
    return {
        Path(report.source or "").relative_to(folder).as_posix(): [problem.code.value for problem in report]
        for report in reports
    }


@pytest.mark.parametrize("processes", PROCESSES)
def test_a_folder_is_gone_through(folder: Path, processes: int) -> None:
    """By name, at any depth, files of lines line by line; the reports are the same by whatever processes."""
    wrong = ["unknown_field", "wrong_type"]
    found = summary(validate_transcripts(folder, processes=processes), folder)
    assert list(found) == [
        "a.json",
        *("day.jsonl:1", "day.jsonl:3", "day.jsonl:5", "day.jsonl:6"),
        *(f"below/{number}.JSON" for number in range(9)),
    ]
    assert found["a.json"] == found["day.jsonl:5"] == ["invalid_json"]
    assert sorted(found["day.jsonl:3"]) == ["unknown_field", "unknown_field", "wrong_type"]
    assert sorted(found["day.jsonl:6"]) == sorted(found["below/5.JSON"]) == wrong
    assert found["day.jsonl:1"] == found["below/0.JSON"] == []
    alone = [*validate_transcripts(folder)]
    assert [*validate_transcripts([folder], processes=processes)] == alone


@pytest.mark.parametrize("processes", PROCESSES)
def test_what_cannot_be_read_has_a_report(tmp_path: Path, processes: int) -> None:
    """Nothing that is not there, is a pipe, or is no path of this system ends the rest."""
    sound = tmp_path / "sound.json"
    sound.write_text(json.dumps(SOUND))
    sources: list[str | Path] = [tmp_path / "missing.json", tmp_path / "missing.jsonl", "a\0b", sound]
    if hasattr(os, "mkfifo"):
        for name in ("pipe.json", "pipe.jsonl"):
            os.mkfifo(tmp_path / name)
            sources.append(tmp_path / name)
    reports = [*validate_transcripts(sources, processes=processes)]
    assert [report.source for report in reports] == list(map(str, sources))
    assert [report.ok for report in reports] == [source == sound for source in sources]
    assert all(problem.code == "unreadable" for report in reports for problem in report)


@pytest.mark.parametrize("processes", PROCESSES)
def test_configurations_are_gone_through_alike(tmp_path: Path, processes: int) -> None:
    """With `strict` as in `validate_config`."""
    config = {"type": "transcription", "transcription_config": {"language": "en", "x": 1}}
    (tmp_path / "a.json").write_text(json.dumps(config))
    for strict in (False, True):
        [report] = validate_configs(tmp_path, strict=strict, processes=processes)
        assert report == validate_config(tmp_path / "a.json", strict)
        assert report.ok is not strict


def test_reports_come_as_they_are_asked_for(tmp_path: Path) -> None:
    """No source is looked for before, so that there may be any number of them."""
    (tmp_path / "a.json").write_text("{}")
    taken: list[int] = []

    def endless() -> Iterator[Path]:
        while True:
            taken.append(1)
            yield tmp_path / "a.json"

    reports = validate_transcripts(endless())
    assert taken == []
    next(reports)
    next(reports)
    assert len(taken) == 2


@pytest.mark.parametrize("wrong", [5, None, b"a.json", {}, [5], [b"a.json"], [None], [{}]])
def test_what_is_no_path_is_an_error(wrong: Any) -> None:
    """Data is what `validate_transcript` is for."""
    with pytest.raises(InvalidInputError, match="path"):
        list(validate_transcripts(wrong))


@pytest.mark.parametrize("wrong", [0, -1, True])
def test_processes_are_one_or_more(wrong: int) -> None:
    """Said before anything is read."""
    with pytest.raises(InvalidInputError, match="processes must be 1 or more"):
        validate_transcripts(".", processes=wrong)


@pytest.mark.slow
def test_a_script_needs_no_guard(folder: Path) -> None:
    """Nothing of it is run once more in the processes, and what it left half-read leaves none of them behind."""
    script = folder / "script.py"
    script.write_text(
        f"""
import subprocess, sys
from speechmatics.validation import validate_transcripts
print("once")
reports = validate_transcripts({str(folder)!r}, processes=2)
print(next(reports).source.endswith("a.json"))
reports.close()
print(len(list(validate_transcripts({str(folder)!r}, processes=2))))
"""
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)
    assert (done.stdout.split(), done.stderr) == (["once", "True", "14"], "")


@pytest.mark.slow
def test_a_process_that_ends_costs_one_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which its report says; the rest is examined by another process."""
    # A module of every process that the test starts: it ends where a file of this name is read.
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "sitecustomize.py").write_text(
        "import os, sys\n"
        "sys.addaudithook(lambda name, args: name == 'open' and 'deadly' in str(args[0]) and os._exit(7))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "code"))
    sources = [tmp_path / f"{'deadly' if number in (3, 4) else number}.json" for number in range(12)]
    for source in sources:
        Path(source).write_text(json.dumps(SOUND))
    reports = [*validate_transcripts(sources, processes=2)]
    assert [report.ok for report in reports] == [number not in (3, 4) for number in range(12)]
    assert "ended with code 7" in str(reports[3])


@pytest.mark.slow
def test_processes_that_cannot_start_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no report of sources that nobody examined."""
    (tmp_path / "sitecustomize.py").write_text("import os\nos._exit(3)\n")
    (tmp_path / "a.json").write_text("{}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="code 3"):
        list(validate_transcripts(tmp_path / "a.json", processes=2))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(RuntimeError, match="cannot be started"):
        list(validate_transcripts(tmp_path / "a.json", processes=2))
