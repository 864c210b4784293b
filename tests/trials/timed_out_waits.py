"""Waits and submissions that time out, many of them, against servers that do not answer as they should.

    python -m tests.trials.timed_out_waits --count 1000

prints, for each kind of server and each driver, by how much the deadlines were overshot (median and most), and how many
threads, descriptors and bytes of memory were left.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings, SpeechmaticsError
from tests.servers.fault_server import FaultServer, Quirks, Rule

__all__ = ["KINDS", "Left", "run"]

TIMEOUT = 0.2
"""Seconds that each wait may take."""
CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
KINDS: dict[str, Rule] = {
    "silent": Rule(name="silent", hang=True),
    "refusing": Rule(name="refusing", drop="before_body"),
    "dripping head": Rule(name="dripping head", drip_head=0.05),
    "dripping body": Rule(name="dripping body", drip_body=0.05),
}


@dataclass(frozen=True)
class Left:
    """What many timed-out calls leave.

    Attributes:
        overshoots: Seconds by which each was late.
        threads: Threads more than before.
        descriptors: Descriptors more than before.
        megabytes: Resident memory more than after the first tenth of them.
    """

    overshoots: list[float]
    threads: int
    descriptors: int
    megabytes: float


def run(kind: str, driver: str, count: int) -> Left:
    """Has so many waits, and a tenth as many submissions, time out against a kind of server.

    Args:
        kind: One of `KINDS`.
        driver: `blocking`, `asyncio` or `trio`.
        count: Waits.
    """
    # The server's threads and descriptors come and go with the connections; they end when it does.
    before = threading.active_count(), _descriptors()
    memory: list[float] = []
    overshoots: list[float] = []

    def note(began: float, number: int) -> None:
        overshoots.append(time.monotonic() - began - TIMEOUT)
        if number == count // 10:
            gc.collect()
            memory.append(_resident())

    with FaultServer([KINDS[kind]], quirks=Quirks(receive_buffer=4096)) as server:
        settings = ConnectionSettings(server.url, trust_env=False, retry_delay=0.01, recovery_window=0)
        if driver == "blocking":
            _blocking(settings, count, note)
        else:
            anyio.run(_awaiting, settings, count, note, backend=driver)
        gc.collect()
        memory.append(_resident())
    deadline = time.monotonic() + 10
    while (threading.active_count(), _descriptors()) > before and time.monotonic() < deadline:
        time.sleep(0.05)
    return Left(
        overshoots, threading.active_count() - before[0], _descriptors() - before[1], (memory[-1] - memory[0]) / 1e6
    )


def _blocking(settings: ConnectionSettings, count: int, note: Callable[[float, int], None]) -> None:
    with BatchClient(settings) as client:
        for number in range(count):
            began = time.monotonic()
            try:
                client.wait_for_completion("job", timeout=TIMEOUT)
            except (SpeechmaticsError, TimeoutError):
                note(began, number)
        for _ in range(max(1, count // 10)):
            began = time.monotonic()
            try:
                client.submit_job(b"audio" * 100_000, CONFIG, timeout=TIMEOUT)
            except SpeechmaticsError:
                note(began, -1)


async def _awaiting(settings: ConnectionSettings, count: int, note: Callable[[float, int], None]) -> None:
    async with AsyncBatchClient(settings) as client:
        for number in range(count):
            began = time.monotonic()
            try:
                await client.wait_for_completion("job", timeout=TIMEOUT)
            except (SpeechmaticsError, TimeoutError):
                note(began, number)
        for _ in range(max(1, count // 10)):
            began = time.monotonic()
            try:
                await client.submit_job(b"audio" * 100_000, CONFIG, timeout=TIMEOUT)
            except SpeechmaticsError:
                note(began, -1)


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0


def _resident() -> float:
    """Bytes of memory that the process has in use, or the most that it ever had where that is not told."""
    try:
        with Path("/proc/self/statm").open(encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def main() -> None:
    """The trial, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    count = parser.parse_args().count
    for driver in ("blocking", "asyncio", "trio"):
        for kind in KINDS:
            left = run(kind, driver, count)
            print(
                f"{driver:9} {kind:14} {count} waits, {count // 10} submissions of {TIMEOUT} s: late by "
                f"{statistics.median(left.overshoots) * 1000:.0f} ms, at most {max(left.overshoots) * 1000:.0f} ms; "
                f"left {left.threads} threads, {left.descriptors} descriptors, {left.megabytes:.1f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
