"""What the measures have to hand: the clients by name, and a way to run a worker of each in turn."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

from tests.benchmarks.environments import NEWER, OLDER, Environments, run_python

__all__ = ["NAMES", "Bench"]

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
_WORKER = Path(__file__).with_name("worker.py")


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
        return json.loads(self._run(client, [str(_WORKER), client, measure, url, json.dumps(options)]))

    def seconds_of(self, client: str, code: str) -> float:
        """Wall time of a new interpreter in the environment of a client."""
        started = time.perf_counter()
        self._run(client, ["-c", code])
        return time.perf_counter() - started

    def report(self, job_id: str) -> Any:
        """What the server knows of a job."""
        with build_opener(ProxyHandler({})).open(f"{self.server}/report/{job_id}") as answer:
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
