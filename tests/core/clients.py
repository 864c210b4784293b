"""What the tests of the network share: ways to a server, and operations that are run by each driver, many at once."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import trustme

from speechmatics import ConnectionSettings, JobConfig
from speechmatics._core import flows
from speechmatics._core.audio_input import open_audio
from speechmatics._core.drivers import AwaitingDriver, BlockingDriver
from speechmatics._core.endpoints import create_job
from speechmatics._core.operations import Operation
from tests.servers.fault_server import FaultServer, Quirks, Rule
from tests.servers.serving import serving

__all__ = [
    "CONFIG",
    "RUNNERS",
    "Certificates",
    "Outcome",
    "count_descriptors",
    "count_threads",
    "run_all",
    "settings_for",
    "upload",
    "way_to",
]

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
RUNNERS = ["blocking", "asyncio", "trio"]
"""Who runs an operation: the blocking driver, or the other one on an event loop."""


class Certificates:
    """A certificate authority, and a server's context that it signed."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.authority = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        place = folder / "server.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(place))
        self.server.load_cert_chain(place)


@dataclass(frozen=True)
class Outcome:
    """What became of an operation: its answer or its error, and the seconds that it took."""

    answer: httpx.Response | None
    error: Exception | None
    seconds: float


def settings_for(server: FaultServer, certificates: Certificates | None = None, **more: Any) -> ConnectionSettings:
    """Settings of a client that takes nothing from the environment."""
    verify = True if certificates is None else certificates.authority
    values: dict[str, Any] = {"auth_token": "token", "trust_env": False, "verify": verify, **more}
    return ConnectionSettings(server.url, **values)


@contextmanager
def way_to(
    way: str, certificates: Certificates, rules: Sequence[Rule], quirks: Quirks | None = None
) -> Generator[tuple[FaultServer, ConnectionSettings]]:
    """A server, and settings that reach it: "plain", by "tls", or through a proxy that is to "forward" or "connect"."""
    uses_tls = way in ("tls", "connect")
    with FaultServer(rules, quirks=quirks, tls=certificates.server if uses_tls else None) as server:
        if way == "forward":
            # A server that is asked for a whole URL is a proxy.
            yield server, settings_for(server, proxy=server.url.removesuffix("/v2"))
        elif way == "connect":
            with serving() as proxy:
                yield server, settings_for(server, certificates, proxy=proxy.url)
        else:
            yield server, settings_for(server, certificates)


def upload(audio: bytes, path: str = "jobs", limit: float | None = None) -> Operation[str, str]:
    """A submission, perhaps to another path, and its limit."""
    operation = create_job(JobConfig.model_validate(CONFIG), open_audio(audio))
    return replace(operation, path=path, limit=limit)


def run_all(runner: str, settings: ConnectionSettings, operations: Sequence[Operation[Any, Any]]) -> list[Outcome]:
    """Runs operations at the same time over one driver, each once."""
    if runner == "blocking":
        return _run_blocking(settings, operations)
    outcomes: dict[int, Outcome] = {}

    async def main() -> None:
        driver = AwaitingDriver(settings)

        async def run(index: int, operation: Operation[Any, Any]) -> None:
            began = time.monotonic()
            answer: httpx.Response | None = None
            failure: Exception | None = None
            try:
                answer = await driver.run(flows.send(operation))
            except Exception as error:
                failure = error
            outcomes[index] = Outcome(answer, failure, time.monotonic() - began)

        async with anyio.create_task_group() as tasks:
            for index, operation in enumerate(operations):
                tasks.start_soon(run, index, operation)
        await driver.close()

    anyio.run(main, backend=runner)
    return [outcome for _, outcome in sorted(outcomes.items())]


def count_descriptors() -> int:
    """How many files and sockets the process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def count_threads() -> int:
    """How many threads the process has."""
    return len(threading.enumerate())


def _run_blocking(settings: ConnectionSettings, operations: Sequence[Operation[Any, Any]]) -> list[Outcome]:
    driver = BlockingDriver(settings)

    def run(operation: Operation[Any, Any]) -> Outcome:
        began = time.monotonic()
        answer: httpx.Response | None = None
        failure: Exception | None = None
        try:
            answer = driver.run(flows.send(operation))
        except Exception as error:
            failure = error
        return Outcome(answer, failure, time.monotonic() - began)

    try:
        with ThreadPoolExecutor(len(operations)) as threads:
            return list(threads.map(run, operations))
    finally:
        driver.close()
