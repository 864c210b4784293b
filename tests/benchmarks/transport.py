"""Measures this package's clients against the older and the newer client of the service and against bare httpx.

    python -m tests.benchmarks.transport [--quick] [MEASURE ...]

The README beside this file says what is measured, and how.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.environments import NEWER, OLDER, Environments
from tests.benchmarks.measures import MEASURES
from tests.benchmarks.report import machine

HERE = Path(__file__).parent


@contextmanager
def serving(transcript: Path | None) -> Generator[str]:
    """The server, in a process of its own; gives its address."""
    command = [sys.executable, "-I", str(HERE / "server.py"), *([str(transcript)] if transcript else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def _long_transcript(path: Path, hours: float) -> Path:
    """Makes the long transcript in a process of its own, so that this one stays small."""
    code = (
        f"import json, sys; from tests.benchmarks.corpus import transcript; json.dump(transcript({hours}), sys.stdout)"
    )
    with path.open("wb") as file:
        subprocess.run([sys.executable, "-c", code], cwd=HERE.parents[1], stdout=file, check=True)
    return path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=f"of {', '.join(MEASURES)}; all by default")
    parser.add_argument("--quick", action="store_true", help="3 rounds, 90 MB, no jobs of 30 s: for development")
    parser.add_argument("--rounds", type=int, help="rounds of each measure; 7 by default")
    parser.add_argument("--environments", type=Path, help="folder for the environments, kept for the next time")
    parser.add_argument("--transcript", type=Path, help="the long transcript, instead of one made up")
    arguments = parser.parse_args()
    if unknown := set(arguments.measures) - set(MEASURES):
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    return arguments


def main() -> None:
    """Runs the measures that are asked for, and prints their tables as they come."""
    arguments = _arguments()
    measures: list[str] = arguments.measures or list(MEASURES)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        environments = Environments(arguments.environments or place / "environments")
        transcript: Path | None = arguments.transcript
        if transcript is None and "fetch" in measures:
            transcript = _long_transcript(place / "transcript.json", 10)
        with serving(transcript) as server:
            rounds: int = arguments.rounds or (3 if arguments.quick else 7)
            bench = Bench(environments, place, server, rounds, arguments.quick)
            for name in measures:
                for text in MEASURES[name](bench):
                    print(text, end="\n\n", flush=True)
        packages = [package for package in environments.packages("ours") if "speechmatics" not in package]
        print(machine([OLDER, NEWER, *packages]))


if __name__ == "__main__":
    main()
