"""Measures transcripts as Arrow, and folders of them, against `json.loads` of the same text.

    python -m tests.benchmarks.frames [--rounds N] [--files N] [--workers N]

The README beside this file says what is measured, and how.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from speechmatics import Transcript
from speechmatics.dask import validate, words
from speechmatics.frames import Level, TranscriptLevel, read_folder, write_parquet
from tests.benchmarks.corpus import transcript
from tests.benchmarks.report import machine, table, verdict

HOURS = 10.0
TARGET = 0.5
LEVELS: tuple[TranscriptLevel, ...] = ("words", "turns", "sentences")
FOLDER_LEVELS: tuple[Level, ...] = ("words", "problems")


def measure(rounds: int) -> str:
    """Ten hours, from a model and from bytes; each way has its turn in each round, in an order drawn anew."""
    text = json.dumps(transcript(HOURS)).encode()
    model = Transcript.from_json(text)
    ways: dict[str, Callable[[], object]] = {"json.loads": lambda: json.loads(text)}
    for level in LEVELS:
        ways[f"{level}, from a model"] = partial(model.to_arrow, level)
        ways[f"{level}, from bytes"] = partial(_from_bytes, text, level)
    seen: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name in random.sample([*ways], len(ways)):
            gc.collect()
            started = time.perf_counter()
            made = ways[name]()
            seen[name].append(time.perf_counter() - started)
            del made
    loads = seen["json.loads"]
    rows: list[list[str]] = []
    for name, times in seen.items():
        ratio = statistics.median(times) / statistics.median(loads)
        ratios = [one / other for one, other in zip(times, loads, strict=True)]
        spread = "" if times is loads else f"{min(ratios):.2f} to {max(ratios):.2f}"
        judged = [f"≤ {TARGET}", verdict(ratio <= TARGET)] if name.endswith("model") else ["", ""]
        rows.append(
            [
                name,
                f"{statistics.median(times) * 1000:,.0f}",
                f"{ratio:.2f}",
                spread,
                *judged,
            ]
        )
    return table(["ten hours", "ms", "ratio", "range", "target", "met"], rows)


def _from_bytes(text: bytes, level: TranscriptLevel) -> object:
    return Transcript.from_json(text).to_arrow(level)


def measure_folders(files: int) -> str:
    """Files of an hour each to Parquet, in a process of its own for each level and number of files."""
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = [json.dumps(transcript(1.0, seed)) for seed in range(10)]
        for level in FOLDER_LEVELS:
            for number in (files // 10, files):
                for index in range(number):
                    (folder / f"{index:05}.json").write_text(texts[index % 10])
                command = [sys.executable, "-m", __spec__.name, "--folder", name, level]
                done = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
                speed = number * 3600 / done["seconds"]
                sizes = (
                    f"{done['rows']:,}",
                    f"{done['parquet'] / 1e6:,.1f}",
                    f"{done['peak'] / 1e6:,.0f}",
                )
                rows.append(
                    [
                        level,
                        f"{number:,}",
                        f"{done['seconds']:,.1f}",
                        f"{speed / 3600:,.1f}",
                        *sizes,
                    ]
                )
                for path in folder.iterdir():
                    path.unlink()
    header = [
        "to Parquet",
        "transcripts of an hour",
        "s",
        "hours of audio a second",
        "rows",
        "Parquet, MB",
    ]
    return table([*header, "peak memory, MB"], rows)


def measure_cluster(files: int, workers: int) -> str:
    """The same files by `speechmatics.dask` on processes of one thread; their peak memory is that of all together."""
    distributed: Any = import_module("distributed")
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = [json.dumps(transcript(1.0, seed)) for seed in range(10)]
        for index in range(files):
            (folder / f"{index:05}.json").write_text(texts[index % 10])
        for level, make in (("words", words), ("problems", validate)):
            with distributed.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
                with distributed.Client(cluster) as client:
                    frame: Any = make(f"{folder}/*.json", files_per_part=20)
                    started = time.perf_counter()
                    frame.to_parquet(folder / level, write_index=False)
                    seconds = time.perf_counter() - started
                    peak = sum(client.run(peak_memory).values())
            size = sum(path.stat().st_size for path in (folder / level).glob("*.parquet"))
            speed = f"{files / seconds:,.1f}"
            rows.append(
                [
                    level,
                    f"{files:,}",
                    f"{seconds:,.1f}",
                    speed,
                    f"{size / 1e6:,.1f}",
                    f"{peak / 1e6:,.0f}",
                ]
            )
    header = [
        "by dask, to Parquet",
        "transcripts of an hour",
        "s",
        "hours of audio a second",
        "Parquet, MB",
    ]
    return table([*header, f"peak memory of {workers} workers, MB"], rows)


def run_folder(folder: Path, level: Level) -> dict[str, float]:
    """One folder in this process."""
    target = folder / "out.parquet"
    started = time.perf_counter()
    rows = write_parquet(read_folder(folder, level), target)
    seconds = time.perf_counter() - started
    return {
        "rows": rows,
        "seconds": seconds,
        "parquet": target.stat().st_size,
        "peak": peak_memory(),
    }


def peak_memory() -> int:
    """Bytes that this process had at most."""
    status = Path("/proc/self/status").read_text()
    [peak] = [int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")]
    return peak


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="rounds; 9 by default")
    parser.add_argument(
        "--files",
        type=int,
        default=1_000,
        help="transcripts of an hour in a folder; 1,000 by default",
    )
    parser.add_argument("--workers", type=int, default=2, help="of the cluster; 2 by default")
    parser.add_argument("--folder", nargs=2, metavar=("FOLDER", "LEVEL"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        folder, wanted = arguments.folder
        level: Level = "words" if wanted == "words" else "problems"
        print(json.dumps(run_folder(Path(folder), level)))
        return
    print(measure(arguments.rounds), end="\n\n", flush=True)
    print(measure_folders(arguments.files), end="\n\n", flush=True)
    print(measure_cluster(arguments.files, arguments.workers), end="\n\n")
    print(machine([f"{name}=={version(name)}" for name in ("dask", "pyarrow", "pydantic", "pydantic-core")]))


if __name__ == "__main__":
    main()
