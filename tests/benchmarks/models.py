"""Measures reading, keeping and rendering transcripts, and the import of the models, against `json.loads`.

    python -m tests.benchmarks.models [--rounds N] [MEASURE ...]

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
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import TypeVar

import httpx

from speechmatics import Transcript
from speechmatics._core.endpoints import get_json_transcript
from speechmatics._core.operations import JsonObject
from tests.benchmarks.corpus import JOB_ID, transcript
from tests.benchmarks.report import machine, table, verdict

HOURS = 10.0
MINUTES, SOME, MANY = 5.0, 200, 1_000

_T = TypeVar("_T")
Read = Callable[[bytes], object]


def raw(text: bytes) -> JsonObject:
    """What a client that returns dicts makes of an answer."""
    return get_json_transcript(JOB_ID).read(httpx.Response(200, content=text))


def parsed(text: bytes) -> Transcript:
    """What a client that returns models makes of an answer."""
    return get_json_transcript(JOB_ID).parse(httpx.Response(200, content=text))


READERS: dict[str, Read] = {
    "json.loads": json.loads,
    "raw client": raw,
    "Transcript.from_json": Transcript.from_json,
    "parsed client": parsed,
}
RAW_TARGET = {"raw client": 0.8}
_MODELS_TARGET = 1.3 if sys.version_info < (3, 12) else 1.6
TIME_TARGETS = {**RAW_TARGET, "Transcript.from_json": _MODELS_TARGET, "parsed client": _MODELS_TARGET}
"""Of ten hours. From Python 3.12 on no collection interrupts `json.loads`, which takes two thirds of the time."""
TEXT_TARGET = 0.3
IMPORT_TARGET = 1.3
IMPORTS = {
    "nothing": "pass",
    "httpx and pydantic_settings": "import httpx, pydantic_settings",
    "speechmatics.models": "import speechmatics.models",
    "the client": "from speechmatics import BatchClient",
}


def long(rounds: int) -> Iterator[str]:
    """One transcript of ten hours."""
    yield f"### One transcript of {HOURS:g} hours"
    yield from _read_and_kept([json.dumps(transcript(HOURS)).encode()], rounds, TIME_TARGETS)


def some(rounds: int) -> Iterator[str]:
    """Two hundred transcripts of five minutes, kept in a list."""
    yield f"### {SOME} transcripts of {MINUTES:g} minutes, kept in a list"
    yield from _read_and_kept(_short_ones(SOME), rounds, RAW_TARGET)


def many(rounds: int) -> Iterator[str]:
    """A thousand transcripts of five minutes, kept in a list."""
    yield f"### {MANY:,} transcripts of {MINUTES:g} minutes, kept in a list"
    yield from _read_and_kept(_short_ones(MANY), rounds, RAW_TARGET)


def _short_ones(number: int) -> list[bytes]:
    return [json.dumps(transcript(MINUTES / 60, seed)).encode() for seed in range(number)]


def imports(rounds: int) -> Iterator[str]:
    """Importing, in new interpreters, with bytecode as installed packages have it."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    seen: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(rounds + 1):
        for name, code in _shuffled(IMPORTS):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, env=environ)
            seen[name].append(time.perf_counter() - started)
    nothing, *medians = (statistics.median(values[1:]) for values in seen.values())
    yield "### Import"
    rows: list[list[str]] = []
    for name, seconds in zip([*IMPORTS][1:], medians, strict=True):
        ratio = (seconds - nothing) / (medians[0] - nothing)
        target = IMPORT_TARGET if name == "speechmatics.models" else None
        rows.append([name, f"{(seconds - nothing) * 1000:,.0f}", f"{ratio:.2f}", *_judged(ratio, target)])
    yield table(["import of", "ms", "ratio", "target", "met"], rows)


MEASURES: dict[str, Callable[[int], Iterator[str]]] = {"long": long, "some": some, "many": many, "imports": imports}


def _read_and_kept(texts: Sequence[bytes], rounds: int, targets: Mapping[str, float]) -> Iterator[str]:
    """Time to read all texts and keep what was read, time to render it, and the memory that it takes."""
    read: dict[str, list[float]] = {name: [] for name in READERS}
    settled: dict[str, list[float]] = {name: [] for name in READERS}
    rendered: list[float] = []
    for _ in range(rounds):
        for name, reader in _shuffled(READERS):
            gc.collect()
            started = time.perf_counter()
            kept = [reader(text) for text in texts]
            read[name].append(time.perf_counter() - started)
            gc.collect(0)
            settled[name].append(time.perf_counter() - started)
            if reader == Transcript.from_json:
                rendered.append(_time_to_render(kept))
            del kept
    loads = statistics.median(read["json.loads"])
    settled_loads = statistics.median(settled["json.loads"])
    memory = {name: _memory(reader, texts) for name, reader in READERS.items()}
    size = sum(map(len, texts)) / 1e6
    yield f"{size:,.1f} MB of JSON, medians and range of {rounds} rounds in turn; ratios to `json.loads`."
    rows: list[list[str]] = []
    for name in READERS:
        seconds = statistics.median(read[name])
        with_collection = statistics.median(settled[name]) / settled_loads
        ratios = [one / other for one, other in zip(read[name], read["json.loads"], strict=True)]
        spread = "" if name == "json.loads" else f"{min(ratios):.2f} to {max(ratios):.2f}"
        row = [f"`{name}`", f"{seconds * 1000:,.0f}", f"{seconds / loads:.2f}", spread]
        row += [*_judged(seconds / loads, targets.get(name)), f"{with_collection:.2f}"]
        of_memory = memory[name] / memory["json.loads"]
        row += [f"{memory[name] / 1e6:,.0f}", f"{of_memory:.2f}"]
        rows.append(row)
    seconds = statistics.median(rendered)
    judged = _judged(seconds / loads, TEXT_TARGET)
    rows.append(["`to_text`", f"{seconds * 1000:,.0f}", f"{seconds / loads:.2f}", "", *judged, "", "", ""])
    header = ["", "ms", "time", "range", "target", "met", "time, with the collection that follows"]
    yield table([*header, "MB kept", "memory"], rows)


def _time_to_render(kept: Sequence[object]) -> float:
    gc.collect()
    started = time.perf_counter()
    for one in kept:
        assert isinstance(one, Transcript)
        one.to_text()
    return time.perf_counter() - started


def _memory(reader: Read, texts: Sequence[bytes]) -> int:
    """Bytes that what was read holds on to."""
    reader(texts[0])
    gc.collect()
    tracemalloc.start()
    kept = [reader(text) for text in texts]
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return held


def _judged(ratio: float, target: float | None) -> list[str]:
    return ["", ""] if target is None else [f"≤ {target:g}", verdict(ratio <= target)]


def _shuffled(named: Mapping[str, _T]) -> list[tuple[str, _T]]:
    """In an order of its own for each round, so that none always comes after the same other."""
    return random.sample([*named.items()], len(named))


def main() -> None:
    """Runs the measures that are asked for, and prints their tables as they come."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=f"of {', '.join(MEASURES)}; all by default")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of each measure; 9 by default")
    arguments = parser.parse_args()
    measures: list[str] = arguments.measures or list(MEASURES)
    if unknown := set(measures) - set(MEASURES):
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    for name in measures:
        for text in MEASURES[name](arguments.rounds):
            print(text, end="\n\n", flush=True)
    print(machine([f"{name}=={version(name)}" for name in ("httpx", "pydantic", "pydantic-core", "pydantic-settings")]))


if __name__ == "__main__":
    main()
