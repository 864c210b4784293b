"""Ten thousand files, and runs that are killed: run `python -m tests.trials.runner`.

`load` transcribes so many small files on a server of its own with scripted answers, beside a bare httpx loop that makes
the same requests, and says requests a file, files a second, processor time a file and how much memory grew.
`kill` kills a run (SIGKILL) at random moments while the server fails at random, and starts it anew until it is done. In
the end each file has one job and its own output.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from speechmatics import ConnectionSettings
from speechmatics.local import Fault, LocalServer, ScriptedEngine, ScriptedRule
from speechmatics.runner import transcribe_files

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}


def main() -> None:
    """Runs a trial."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    load = commands.add_parser("load")
    load.add_argument("--files", type=int, default=10_000)
    load.add_argument("--rate", type=float, default=1_000_000, help="submissions a second (default: no limit)")
    kill = commands.add_parser("kill")
    kill.add_argument("--files", type=int, default=500)
    kill.add_argument("--kills", type=int, default=100)
    kill.add_argument("--seed", type=int, default=1)
    worker = commands.add_parser("worker")
    worker.add_argument("url")
    worker.add_argument("folder", type=Path)
    worker.add_argument("--rate", type=float, default=1_000_000)
    options = parser.parse_args()
    if options.command == "worker":
        work(options.url, options.folder, options.rate)
    elif options.command == "load":
        measure_load(options.files, options.rate)
    else:
        kill_runs(options.files, options.kills, options.seed)


def work(url: str, folder: Path, rate: float) -> None:
    """A run in a process of its own; prints what it says at its end."""
    before = memory()
    settings = ConnectionSettings(url, auth_token=None, trust_env=False, recovery_window=0.5, recovery_window_long=2)
    summary = transcribe_files(folder / "calls", CONFIG, folder / "out", settings=settings, rate=rate, formats=["json"])
    times = os.times()
    print(
        json.dumps(
            {
                "done": summary.done + summary.skipped,
                "files": summary.files,
                "cpu": times.user + times.system,
                "grown": memory() - before,
            }
        )
    )


def run_worker(url: str, folder: Path, rate: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.trials.runner", "worker", url, str(folder), "--rate", str(rate)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def memory() -> float:
    """The most memory that this process has had, in MB (Linux)."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1000 if found else 0


def make_files(folder: Path, count: int) -> None:
    for number in range(count):
        file = folder / "calls" / f"{number % 100:02}" / f"{number}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(f"audio {number}".encode())


def measure_load(count: int, rate: float) -> None:
    """Prints how the runner and a bare loop fare."""
    with tempfile.TemporaryDirectory() as name, LocalServer(engine=ENGINE, max_backlog=1_000_000) as server:
        folder = Path(name)
        make_files(folder, count)
        begin = time.perf_counter()
        report = run_worker(server.url, folder, rate)
        seconds = time.perf_counter() - begin
        requests = server.requests
        kinds = Counter("listing" if r.method == "GET" and r.path == "jobs" else r.method for r in requests)
        print(f"runner: {report['done']} of {count} files, {seconds:.1f} s, {count / seconds:.1f} files/s, ", end="")
        print(
            f"{report['cpu'] / count * 1000:.1f} ms of processor time a file, memory grew by {report['grown']:.0f} MB"
        )
        print(
            f"the last {len(requests)} requests: {dict(kinds)}; listings a file {kinds['listing'] / kinds['POST']:.2f}"
        )
        begin = time.perf_counter()
        bare_loop(server.url, sorted((folder / "calls").rglob("*.wav")))
        bare = time.perf_counter() - begin
        print(f"bare httpx loop: {bare:.1f} s, {count / bare:.1f} files/s; ratio {bare / seconds:.2f}")


def bare_loop(url: str, files: list[Path]) -> None:
    """A submission and a transcript for each file, ten at once."""
    with httpx.Client(base_url=f"{url}/", trust_env=False, limits=httpx.Limits(max_connections=10)) as client:

        def transcribe(file: Path) -> None:
            parts: Any = {"config": (None, json.dumps(CONFIG)), "data_file": (file.name, file.read_bytes())}
            job_id = client.post("jobs", files=parts).json()["id"]
            answer = client.get(f"jobs/{job_id}/transcript", params={"wait": 30})
            answer.raise_for_status()
            answer.json()

        with ThreadPoolExecutor(10) as pool:
            list(pool.map(transcribe, files))


def kill_runs(count: int, kills: int, seed: int) -> None:
    """Prints whether each file has one job and its own output."""
    chance = random.Random(seed)
    rules = [ScriptedRule(name=f"{number}.wav", text=f"This is file {number}.") for number in range(count)]
    with tempfile.TemporaryDirectory() as name, LocalServer(engine=ScriptedEngine(rules)) as server:
        folder = Path(name)
        make_files(folder, count)
        server.use_faults(
            [
                Fault(method="POST", drop="after_work", probability=0.05, seed=seed),
                Fault(method="POST", drop="after_body", probability=0.05, seed=seed + 1),
                Fault(method="POST", status=503, probability=0.05, seed=seed + 2),
                Fault(method="GET", status=500, probability=0.05, seed=seed + 3),
            ]
        )
        command = [sys.executable, "-m", "tests.trials.runner", "worker", server.url, str(folder), "--rate", "8"]
        killed = ended = 0
        while killed < kills:
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                try:
                    process.wait(chance.uniform(0.3, 2.5))
                    ended += 1
                    if ended > kills:
                        break
                except subprocess.TimeoutExpired:
                    process.kill()
                    killed += 1
        server.use_faults([])
        report = run_worker(server.url, folder, 1_000_000)
        jobs = httpx.get(f"{server.url}/jobs?limit=1", trust_env=False).json()["jobs"]
        made = Counter[str]()
        cursor = "2999-01-01T00:00:00Z"
        while jobs:
            page = {"created_before": cursor, "limit": "100"}
            jobs = httpx.get(f"{server.url}/jobs", params=page, trust_env=False).json()["jobs"]
            made.update(job["data_name"] for job in jobs)
            cursor = jobs[-1]["created_at"] if jobs else cursor
        twice = {file: number for file, number in made.items() if number > 1}
        wrong = [
            number
            for number in range(count)
            if f"file {number}" not in text_of(folder / "out" / "calls" / f"{number % 100:02}" / f"{number}.wav.json")
        ]
        print(
            f"{killed} kills, {ended} runs ended by themselves; {report['done']} of {count} done, {len(made)} have jobs"
        )
        print(f"lost: {count - report['done']}; submitted twice: {twice}; wrong or missing outputs: {wrong}")


def text_of(file: Path) -> str:
    if not file.exists():
        return ""
    words = [result["alternatives"][0]["content"] for result in json.loads(file.read_text())["results"]]
    return " ".join(words)


ENGINE = ScriptedEngine([ScriptedRule(text="Good morning.")])

if __name__ == "__main__":
    main()
