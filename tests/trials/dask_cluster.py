"""Counts on the server what a cluster does whose workers are killed: files lost, sent twice, limits exceeded.

    python -m tests.trials.dask_cluster [--files N] [--kill-every SECONDS]

Audio is made up, jobs last as long as `--delay` says, and each file has a transcript in the end. The server's own list
of jobs says when each was created, and so how many were in flight at any moment and how many were submitted within ten
seconds.
"""

from __future__ import annotations

import argparse
import os
import pickle
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from speechmatics import BatchClient
from speechmatics.dask import ClusterLimits, TranscribedFile, transcribe
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule

TOKEN = "t0ken-of-the-trial"
CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
WINDOW = 10.0
"""Seconds over which the rate of submissions is counted."""


class Killer(threading.Thread):
    """Kills a worker process at random every so many seconds."""

    def __init__(self, client: Any, every: float) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._every = every
        self._done = threading.Event()
        self.killed = 0

    def run(self) -> None:
        """Until it is stopped."""
        while not self._done.wait(self._every):
            pids = [pid for pid in self._client.run(os.getpid, on_error="ignore").values() if isinstance(pid, int)]
            if pids:
                os.kill(random.choice(pids), signal.SIGKILL)
                self.killed += 1

    def stop(self) -> None:
        """Ends it."""
        self._done.set()
        self.join()


def most_in_flight(created: list[float], delay: float) -> int:
    """The most jobs that there were at once."""
    changes = sorted([(moment, 1) for moment in created] + [(moment + delay, -1) for moment in created])
    most = count = 0
    for _, change in changes:
        count += change
        most = max(most, count)
    return most


def most_within(created: list[float], window: float) -> int:
    """The most jobs that were created within so many seconds."""
    created = sorted(created)
    first = most = 0
    for last, moment in enumerate(created):
        while created[first] <= moment - window:
            first += 1
        most = max(most, last - first + 1)
    return most


def main() -> None:
    """Runs the trial and prints what was counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--threads", type=int, default=5, help="of each worker; 5 by default")
    parser.add_argument("--jobs", type=int, default=20, help="in flight at most; 20 by default")
    parser.add_argument("--rate", type=float, default=10.0, help="submissions a second at most; 10 by default")
    parser.add_argument("--delay", type=float, default=1.0, help="seconds that a job takes; 1 by default")
    parser.add_argument("--kill-every", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--lease-timeout", default="5s", help="after which what a dead worker held is given back")
    arguments = parser.parse_args()
    os.environ |= {
        "SPEECHMATICS_AUTH_TOKEN": TOKEN,
        "DASK_DISTRIBUTED__SCHEDULER__LOCKS__LEASE_TIMEOUT": arguments.lease_timeout,
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "50",
    }
    import_module("dask.config").refresh()
    distributed: Any = import_module("distributed")
    rules = [ScriptedRule(text="Hello world.", delay=arguments.delay)]
    limits = ClusterLimits(jobs=arguments.jobs, submissions_per_second=arguments.rate)
    with tempfile.TemporaryDirectory() as name, LocalServer(engine=ScriptedEngine(rules), token=TOKEN) as server:
        os.environ["SPEECHMATICS_URL"] = server.connection_settings.url
        folder = Path(name)
        for number in range(arguments.files):
            (folder / f"{number:05}.wav").write_bytes(f"audio {number}".encode())
        shape = {"n_workers": arguments.workers, "threads_per_worker": arguments.threads}
        with distributed.LocalCluster(**shape, dashboard_address="127.0.0.1:0") as cluster:
            with distributed.Client(cluster) as client:
                bag: Any = transcribe(f"{folder}/*.wav", CONFIG, output=folder / "out", limits=limits)
                in_graph = TOKEN.encode() in pickle.dumps(dict(bag.__dask_graph__()))
                killer = Killer(client, arguments.kill_every)
                killer.start()
                started = time.monotonic()
                results: list[TranscribedFile] = bag.compute()
                seconds = time.monotonic() - started
                killer.stop()
                logs = f"{client.get_worker_logs()}{client.get_scheduler_logs()}{client.scheduler_info()}"
        with BatchClient(server.connection_settings) as direct:
            jobs = [*direct.iter_jobs()]
    created = [datetime.fromisoformat(job["created_at"]).timestamp() for job in jobs]
    times_sent = Counter(job["data_name"] for job in jobs)
    print(f"{arguments.files} files, {arguments.workers} processes of {arguments.threads} threads, {seconds:.0f} s")
    print(f"{killer.killed} processes killed")
    print(f"files without a transcript: {sum(result.error is not None for result in results)}")
    for error, count in Counter(result.error for result in results if result.error).most_common(5):
        print(f"  {count} times {error}")
    print(f"files without a job: {arguments.files - len(times_sent)}")
    print(f"files sent twice: {sum(count > 1 for count in times_sent.values())}")
    print(f"most jobs in flight: {most_in_flight(created, arguments.delay)} of {arguments.jobs}")
    print(f"most submissions in {WINDOW:g} s: {most_within(created, WINDOW)} of {arguments.rate * WINDOW:g}")
    print(f"most submissions in 1 s: {most_within(created, 1.0)} of {arguments.rate:g}")
    print(f"token in the graph: {in_graph}; in logs and what the scheduler shows: {TOKEN in logs}")


if __name__ == "__main__":
    main()
