"""Transcribes a folder of recordings, thousands if need be; stopped or killed, it goes on when it is run again.

Usage: SPEECHMATICS_API_KEY=... python examples/many_files.py FOLDER OUTPUT [--rate 10] [--retry-failed]

Each recording has OUTPUT/<its path>.json and .txt. Ctrl-C ends it gently: nothing more is submitted, and jobs that are
running are waited for by the next run, which pays for nothing twice. The exit code is 1 where a file has no transcript.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from speechmatics import JobConfig, TranscriptionConfig
from speechmatics.runner import FileResult, TranscriptionRun

SHOWN_EVERY = 5.0
"""Seconds."""


def main(arguments: list[str] | None = None) -> int:
    """Does what is left to do, says how far it is now and then, and returns the exit code."""
    parser = argparse.ArgumentParser(description="Transcribes a folder of recordings.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--rate", type=float, default=10, help="submissions a second (default: %(default)s)")
    parser.add_argument("--retry-failed", action="store_true", help="try again what failed in an earlier run")
    given = parser.parse_args(arguments)

    config = JobConfig(transcription_config=TranscriptionConfig(language="en"))
    run = TranscriptionRun(
        given.folder,
        config,
        given.output,
        formats=["json", "txt"],
        rate=given.rate,
        retry_failed=given.retry_failed,
    )

    def stop(number: int, frame: FrameType | None) -> None:
        run.stop()

    signal.signal(signal.SIGINT, stop)

    shown = time.monotonic()
    for event in run:
        if event.result in (FileResult.FAILED, FileResult.REJECTED):
            print(f"{event.source}: {event.error}", file=sys.stderr)
        if time.monotonic() - shown >= SHOWN_EVERY:
            shown = time.monotonic()
            print(f"{run.summary.done + run.summary.skipped} of {run.summary.files} done", file=sys.stderr)

    summary = run.summary
    print(f"{summary.done} done, {summary.skipped} done before, {summary.files} files; see {summary.results_file}")
    return 0 if summary.is_complete else 1


if __name__ == "__main__":
    sys.exit(main())
