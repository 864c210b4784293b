"""The measures, by name: each yields Markdown, a heading and a table at a time."""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.bench import NAMES, Bench
from tests.benchmarks.report import table, verdict
from tests.benchmarks.server import LONG_JOB

__all__ = ["MEASURES"]

IMPORTS = {
    "ours": "from speechmatics.batch_client import BatchClient",
    "ours-async": "from speechmatics.async_batch_client import AsyncBatchClient",
    "older": "from speechmatics.batch_client import BatchClient",
    "newer": "from speechmatics.batch import Client",
    "newer-async": "from speechmatics.batch import AsyncClient",
    "httpx": "import httpx",
}
SPREAD = 0.1
"""Share by which the time of a job varies from round to round, so that no client's looks fall luckily each time."""
STAGGER = 1.0
"""Seconds between the starts of two processes that wait for jobs: the start of one disturbs no other's end."""


def status(bench: Bench) -> Iterator[str]:
    """Status calls per second."""
    clients = [
        "ours",
        "ours-parsed",
        "ours-async",
        "older",
        "newer",
        "newer-async",
        "httpx",
        "httpx-async",
        "socket",
    ]
    calls = 500 if bench.quick else 2000
    seen = bench.in_turn(clients, lambda client: bench.work(client, "status", bench.url(), calls=calls))
    rates = {client: statistics.median(value["rate"] for value in values) for client, values in seen.items()}
    yield "### Status calls per second, one connection, one after the other"
    rows: list[list[str]] = []
    for client, rate in rates.items():
        of_httpx = rate / rates["httpx"]
        of_async = rate / rates["httpx-async"]
        target = {"ours": of_httpx >= 0.9, "ours-async": of_async >= 0.9}.get(client)
        wanted = {"ours": "≥ 0.9 of httpx", "ours-async": "≥ 0.9 of httpx, async"}.get(client, "")
        work = statistics.median(value["work"] for value in seen[client])
        row = [NAMES[client], f"{rate:,.0f}", f"{of_httpx:.2f}", f"{of_async:.2f}", f"{work:,.0f}"]
        rows.append([*row, wanted, verdict(target)])
    yield table(
        ["client", "calls/s", "of httpx", "of httpx, async", "processor time per call, µs", "target", "met"], rows
    )


def upload(bench: Bench) -> Iterator[str]:
    """Upload of a large file."""
    clients = [
        "ours",
        "ours-async",
        "older",
        "newer",
        "newer-async",
        "httpx-generator",
        "httpx",
        "httpx-async-generator",
        "httpx-async",
        "socket",
    ]
    megabytes = 90 if bench.quick else 900
    path = bench.place / "recording.wav"
    with path.open("wb") as file:
        file.truncate(megabytes * 1_000_000)

    def measure(client: str) -> Any:
        outcome = bench.work(client, "upload", bench.url(job_id=f"up-{client}"), path=str(path))
        if bench.report(f"up-{client}")["body_bytes"] < megabytes * 1_000_000:
            sys.exit(f"{client} did not send the whole file")
        return outcome

    measure("httpx")
    seen = bench.in_turn(clients, measure)
    rates = {client: statistics.median(value["rate"] for value in values) for client, values in seen.items()}
    growths = {client: statistics.median(value["growth"] for value in values) for client, values in seen.items()}
    yield f"### Upload of {megabytes} MB"
    rows: list[list[str]] = []
    for client, rate in rates.items():
        kin = "httpx-async" if "async" in client else "httpx"
        of_generator, of_files = rate / rates[f"{kin}-generator"], rate / rates[kin]
        ours = client in ("ours", "ours-async")
        met = of_generator >= 0.9 and growths[client] <= 8 if ours else None
        row = [NAMES[client], f"{rate:,.0f}", f"{of_generator:.2f}", f"{of_files:.2f}", f"{growths[client]:.1f}"]
        rows.append([*row, "≥ 0.9 of a generator, ≤ 8 MB" if ours else "", verdict(met)])
    yield table(
        ["client", "MB/s", "of httpx, a generator", "of httpx, `files=`", "peak memory grows, MB", "target", "met"],
        rows,
    )
    yield "The async clients are compared with async httpx."


def fetch(bench: Bench) -> Iterator[str]:
    """Fetch and parse of a long transcript."""
    clients = [
        "ours-parsed",
        "ours-async-parsed",
        "ours",
        "older",
        "newer",
        "newer-async",
        "httpx",
    ]
    seen = bench.in_turn(clients, lambda client: bench.work(client, "fetch", bench.url(), job_id=LONG_JOB))
    seconds = {client: statistics.median(values) for client, values in seen.items()}
    yield "### Fetch and parse of a ten-hour transcript"
    rows: list[list[str]] = []
    for client, taken in seconds.items():
        of_older = taken / seconds["older"]
        of_newer = taken / min(seconds["newer"], seconds["newer-async"])
        ours = client in ("ours-parsed", "ours-async-parsed")
        met = of_older <= 1 and of_newer <= 0.25 if ours else None
        wanted = "≤ 1.0 of the older's, ≤ 0.25 of the newer's" if ours else ""
        rows.append([NAMES[client], f"{taken * 1000:,.0f}", f"{of_older:.2f}", f"{of_newer:.2f}", wanted, verdict(met)])
    yield table(["client", "ms", "of the older's dict", "of the newer's models", "target", "met"], rows)


@dataclass(frozen=True)
class Ending:
    """How one job was waited for.

    Attributes:
        late: Seconds from its end to the transcript in hand.
        requests: Those that were made for it after its submission.
        allowed: Seconds that the transcript may be late where the server ignores `wait`.
    """

    late: float
    requests: int
    allowed: float


def wait(bench: Bench) -> Iterator[str]:
    """From the end of a job to its transcript."""
    clients = ["ours", "ours-async", "older", "newer", "newer-async", "newer-async-wait"]
    jobs = [3.0, 0.3] if bench.quick else [30.0, 3.0, 0.3]
    path = bench.place / "short.wav"
    path.write_bytes(bytes(10_000))
    seen: dict[tuple[str, float, str], list[Ending]] = {}

    def measure(delay: float, mode: str, job: float, client: str, seconds: float, job_id: str) -> None:
        time.sleep(delay)
        in_hand = bench.work(client, "wait", bench.url(mode=mode, seconds=seconds, job_id=job_id), path=str(path))
        report = bench.report(job_id)
        ending = Ending(in_hand - report["done_at"], report["gets"], allowed_lateness(seconds))
        seen.setdefault((mode, job, client), []).append(ending)

    cases = [
        (mode, job, client)
        for job in jobs
        for mode in ("held", "plain")
        for client in clients
        if mode == "held" or client != "newer-async-wait"
    ]
    for turn in range(bench.rounds):
        chance = random.Random(turn)
        times = {job: round(job * chance.uniform(1 - SPREAD, 1 + SPREAD), 3) for job in jobs}
        with ThreadPoolExecutor(len(cases)) as pool:
            running = [
                pool.submit(measure, number * STAGGER, mode, job, client, times[job], f"wait-{turn}-{number}")
                for number, (mode, job, client) in enumerate(cases)
            ]
        for one in running:
            one.result()

    yield "### From a job's end to its transcript in hand, a server that honours `wait`"
    rows: list[list[str]] = []
    for job in sorted(jobs):
        for client in clients:
            late, worst, requests = _summary(seen["held", job, client])
            ours = client in ("ours", "ours-async")
            row = [f"{job:g} s", NAMES[client], f"{late * 1000:,.0f}", f"{worst * 1000:,.0f}", f"{requests:g}"]
            rows.append([*row, "≤ 60 ms" if ours else "", verdict(late <= 0.06 if ours else None)])
    yield table(["job takes", "client", "ms late", "worst", "requests", "target", "met"], rows)

    yield "### From a job's end to its transcript in hand, a server that ignores `wait`"
    rows = []
    for job in sorted(jobs):
        for client in clients[:-1]:
            endings = seen["plain", job, client]
            late, worst, requests = _summary(endings)
            ours = client in ("ours", "ours-async")
            met = all(ending.late <= ending.allowed for ending in endings) if ours else None
            wanted = f"≤ {allowed_lateness(job):g} s" if ours else ""
            row = [f"{job:g} s", NAMES[client], f"{late * 1000:,.0f}", f"{worst * 1000:,.0f}", f"{requests:g}"]
            rows.append([*row, f"{least_requests(job)}", wanted, verdict(met)])
    yield table(
        ["job takes", "client", "ms late", "worst", "requests", "fewest that meet the target", "target", "met"], rows
    )


def allowed_lateness(seconds: float) -> float:
    """Seconds that a transcript may be late where the server ignores `wait`."""
    return max(0.5, 0.05 * seconds)


def least_requests(seconds: float) -> int:
    """Fewest requests by which a job that ends at an unknown moment, as it happens after so many seconds, is in hand.

    Whenever it ends, the next look must not be too late; so each look comes at the last moment allowed after the one
    before. The transcript is one more.
    """
    looked, looks = 0.0, 0
    while looked < seconds:
        looked += allowed_lateness(looked)
        looks += 1
    return looks + 1


def _summary(endings: Sequence[Ending]) -> tuple[float, float, float]:
    late = [ending.late for ending in endings]
    return statistics.median(late), max(late), statistics.median(ending.requests for ending in endings)


def start(bench: Bench) -> Iterator[str]:
    """Import time and time to the first answer."""
    clients = list(IMPORTS)

    def measure(client: str) -> tuple[float, float]:
        imported = bench.seconds_of(client, IMPORTS[client]) - bench.seconds_of(client, "pass")
        started = time.monotonic()
        return imported, bench.work(client, "first", bench.url()) - started

    for client in clients:
        measure(client)
    seen = bench.in_turn(clients, measure)
    yield "### Import, and time from the start of the process to the first status"
    rows: list[list[str]] = []
    for client, values in seen.items():
        imported, first = (statistics.median(part) * 1000 for part in zip(*values, strict=True))
        rows.append([NAMES[client].removesuffix(" raw").removesuffix(","), f"{imported:,.0f}", f"{first:,.0f}"])
    yield table(["client", "import, ms", "first status, ms"], rows)


MEASURES: dict[str, Callable[[Bench], Iterator[str]]] = {
    "status": status,
    "upload": upload,
    "fetch": fetch,
    "wait": wait,
    "start": start,
}
