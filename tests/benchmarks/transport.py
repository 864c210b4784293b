"""Measures this package's clients against the older and the newer client of the service and against bare httpx.

    python -m tests.benchmarks.transport [--quick] [MEASURE ...]

The README beside this file says what is measured, and how.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.benchmarks.environments import NEWER, OLDER, Environments, run_python
from tests.benchmarks.server import LONG_JOB

HERE = Path(__file__).parent

NAMES = {
    "ours": "speechmatics-typed, raw",
    "ours-parsed": "speechmatics-typed, parsed",
    "ours-async": "speechmatics-typed, async raw",
    "ours-async-parsed": "speechmatics-typed, async parsed",
    "older": OLDER.replace("==", " "),
    "newer": f"{NEWER.replace('==', ' ')}, blocking",
    "newer-async": NEWER.replace("==", " "),
    "newer-async-wait": f"{NEWER.replace('==', ' ')}, `transcribe(wait=60)`",
    "httpx": "httpx",
    "httpx-generator": "httpx, body from a generator",
    "httpx-async": "httpx, async",
    "httpx-async-generator": "httpx, async, body from a generator",
    "socket": "a bare socket",
}
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


@dataclass(frozen=True)
class Bench:
    """What the measures have to hand."""

    environments: Environments
    place: Path
    server: str
    rounds: int
    quick: bool

    def url(self, *, mode: str = "plain", seconds: float = 0, job_id: str = "new") -> str:
        """The base URL of a client."""
        return f"{self.server}/{mode}/{seconds}/{job_id}/v2"

    def work(self, client: str, measure: str, url: str, **options: object) -> Any:
        """What the worker of a client measures."""
        return json.loads(self._run(client, [str(HERE / "worker.py"), client, measure, url, json.dumps(options)]))

    def seconds_of(self, client: str, code: str) -> float:
        """Wall time of a new interpreter in the environment of a client."""
        started = time.perf_counter()
        self._run(client, ["-c", code])
        return time.perf_counter() - started

    def report(self, job_id: str) -> Any:
        """What the server knows of a job."""
        with urlopen(f"{self.server}/report/{job_id}") as answer:
            return json.load(answer)

    def in_turn(self, clients: Sequence[str], measure: Callable[[str], Any]) -> dict[str, list[Any]]:
        """Measures all clients in each round, each time beginning with another one."""
        seen: dict[str, list[Any]] = {client: [] for client in clients}
        for turn in range(self.rounds):
            first = turn % len(clients)
            for client in [*clients[first:], *clients[:first]]:
                seen[client].append(measure(client))
        return seen

    def _run(self, client: str, arguments: list[str]) -> str:
        name = client.split("-")[0]
        python = self.environments.python(name if name in ("older", "newer") else "ours")
        return run_python(python, arguments, self.place)


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
        rows.append([*row, wanted, _met(target)])
    yield from table(
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
        rows.append([*row, "≥ 0.9 of a generator, ≤ 8 MB" if ours else "", _met(met)])
    yield from table(
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
        rows.append([NAMES[client], f"{taken * 1000:,.0f}", f"{of_older:.2f}", f"{of_newer:.2f}", wanted, _met(met)])
    yield from table(["client", "ms", "of the older's dict", "of the newer's models", "target", "met"], rows)


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
            rows.append([*row, "≤ 60 ms" if ours else "", _met(late <= 0.06 if ours else None)])
    yield from table(["job takes", "client", "ms late", "worst", "requests", "target", "met"], rows)

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
            rows.append([*row, f"{least_requests(job)}", wanted, _met(met)])
    yield from table(
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
    yield from table(["client", "import, ms", "first status, ms"], rows)


MEASURES: dict[str, Callable[[Bench], Iterator[str]]] = {
    "status": status,
    "upload": upload,
    "fetch": fetch,
    "wait": wait,
    "start": start,
}


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table, as one text; columns of numbers stand to the right."""
    numeric = [
        all(row[column].replace(",", "").replace(".", "").lstrip("-").isdigit() for row in rows)
        for column in range(len(header))
    ]
    lines = [header, ["---:" if right else "---" for right in numeric], *rows]
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine(environments: Environments) -> Iterator[str]:
    """What was measured, and on what."""
    cpu = platform.processor()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    packages = [package for package in environments.packages("ours") if "speechmatics" not in package]
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    yield (
        f"{os.cpu_count()} x {cpu}, {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}; load at the end {load}. "
        f"{OLDER}, {NEWER}; {', '.join(packages)}."
    )


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


def _met(met: bool | None) -> str:
    return "" if met is None else "yes" if met else "**no**"


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
        for text in machine(environments):
            print(text)


if __name__ == "__main__":
    main()
