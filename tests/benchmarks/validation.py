"""Measures `validate_transcript` against `json.loads` of the same text.

    python -m tests.benchmarks.validation [--rounds N] [--before FOLDER]

The README beside this file says what is measured, and how.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from speechmatics import Transcript, validate_transcript
from tests.benchmarks.corpus import transcript
from tests.benchmarks.report import machine, table, verdict

TARGET = 2.2
HERE = Path(__file__).parents[2]
SOURCES: dict[str, Callable[[bytes], Any]] = {"bytes": bytes, "dict": json.loads, "model": Transcript.from_json}
"""What is validated, and how it is made of the text."""
KINDS = ("1 hour", "10 hours", "10 hours, add-ons", "10 hours, 1 % damaged")
JUDGED = "10 hours"
LANGUAGES = ("de", "es", "fr")
WORDS_IN_SENTENCE = 12


def text_of(kind: str) -> bytes:
    """The JSON of a transcript."""
    length, _, what = kind.partition(", ")
    document = transcript(float(length.split()[0]))
    results: list[dict[str, Any]] = document["results"]
    if what == "add-ons":
        document |= _add_ons(results)
    elif what:
        for result in results[::100]:
            result["end_time"] = -result["end_time"]
    return json.dumps(document).encode()


def _add_ons(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Makes an entity of one word in twenty; gives translations and sentiments."""
    for word in results[::20]:
        form = {name: word[name] for name in ("type", "start_time", "end_time", "alternatives")}
        word |= {"type": "entity", "entity_class": "date", "written_form": [form], "spoken_form": [form, form]}
    sentences: list[dict[str, Any]] = [
        {
            "start_time": first["start_time"],
            "end_time": first["end_time"],
            "content": "A sentence of some words.",
            "speaker": first["alternatives"][0]["speaker"],
        }
        for first in results[::WORDS_IN_SENTENCE]
    ]
    segments = [{**sentence, "sentiment": "neutral", "confidence": 0.5} for sentence in sentences]
    for segment in segments:
        segment["text"] = segment.pop("content")
    return {
        "translations": dict.fromkeys(LANGUAGES, sentences),
        "sentiment_analysis": {"segments": segments},
    }


def measure(kind: str, source: str) -> tuple[float, float]:
    """Seconds of `json.loads` and of the validation, each the lesser of two; no other document is alive meanwhile."""
    text = text_of(kind)
    loads = min(_time(json.loads, text) for _ in range(2))
    document = SOURCES[source](text)
    return loads, min(_time(validate_transcript, document) for _ in range(2))


def _time(function: Callable[[Any], object], argument: object) -> float:
    gc.collect()
    started = time.perf_counter()
    made = function(argument)
    seconds = time.perf_counter() - started
    del made
    return seconds


def _measured(folder: Path, kind: str, source: str) -> tuple[float, float]:
    """The same in a new process that imports the package from a folder."""
    environ = {**os.environ, "PYTHONPATH": os.fspath(folder)}
    command = [sys.executable, __file__, "--measure", kind, source]
    loads, seconds = json.loads(subprocess.run(command, check=True, env=environ, capture_output=True).stdout)
    return loads, seconds


def main() -> None:
    """Prints a table of ratios, or measures one of them where it is told to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds; 5 by default")
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="a checkout of a version to compare with")
    parser.add_argument("--measure", nargs=2, metavar=("KIND", "SOURCE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(*arguments.measure)))
        return
    versions = {"now": HERE} | ({"before": arguments.before.resolve()} if arguments.before else {})
    turns = [(name, kind, source) for name in versions for kind in KINDS for source in SOURCES]
    seen: dict[tuple[str, str, str], list[tuple[float, float]]] = {turn: [] for turn in turns}
    for _ in range(arguments.rounds):
        for name, kind, source in random.sample(turns, len(turns)):
            seen[name, kind, source].append(_measured(versions[name], kind, source))
    rows: list[list[str]] = []
    for kind in KINDS:
        for source in SOURCES:
            loads, seconds = (statistics.median(values) for values in zip(*seen["now", kind, source], strict=True))
            ratios = {name: [taken / base for base, taken in seen[name, kind, source]] for name in versions}
            ratio = statistics.median(ratios["now"])
            judged = [f"≤ {TARGET}", verdict(ratio <= TARGET)] if kind == JUDGED else ["", ""]
            row = [kind, source, f"{loads * 1000:,.0f}", f"{seconds * 1000:,.0f}", f"{ratio:.2f}"]
            row += [f"{min(ratios['now']):.2f} to {max(ratios['now']):.2f}", *judged]
            row += [f"{statistics.median(ratios[name]):.2f}" for name in versions if name != "now"]
            rows.append(row)
    header = ["transcript", "from", "`json.loads`, ms", "ms", "ratio", "range", "target", "met"]
    print(table(header + [name for name in versions if name != "now"], rows), end="\n\n")
    print(machine([f"{name}=={version(name)}" for name in ("pydantic", "pydantic-core")]))


if __name__ == "__main__":
    main()
