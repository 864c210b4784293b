"""Connections belong to one process and one event loop, and are closed before either ends."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx
import pytest

import speechmatics as sm
from speechmatics import AsyncBatchClient, BatchClient
from tests.core.clients import CONFIG, Certificates, settings_for
from tests.servers.fault_clients import eventually
from tests.servers.fault_server import FaultServer, Rule, transcript_of, word_of
from tests.servers.serving import Answer, Received, serving

pytestmark = pytest.mark.slow  # forks

plain_and_tls = pytest.mark.parametrize("way", ["plain", "tls"])

SETUP = """
import asyncio, gc, json, multiprocessing, os, sys, threading, time
from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings, InvalidInputError, JobDetails

def count():
    gc.collect()
    return len(os.listdir("/proc/self/fd"))

given = json.loads(sys.argv[1])
settings = ConnectionSettings(given["url"], auth_token="token", trust_env=False, verify=given["verify"])
client = BatchClient(settings)
awaiting = AsyncBatchClient(settings)
"""


def run_program(
    code: str, server: FaultServer, certificates: Certificates | None = None, *options: str, **given: Any
) -> Any:
    """Runs a program in a process of its own; what it prints, as JSON. It must say nothing on stderr."""
    verify = True if certificates is None else str(certificates.authority)
    values = json.dumps({"url": server.url, "verify": verify, **given})
    # Newer Pythons warn of each fork of a process that has threads.
    command = [sys.executable, *(options or ("-W", "ignore::DeprecationWarning")), "-c", SETUP + code, values]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@contextmanager
def server_by(way: str, certificates: Certificates, *rules: Rule) -> Generator[tuple[FaultServer, Certificates | None]]:
    """A server, and the certificates if it speaks TLS."""
    with FaultServer(rules, tls=certificates.server if way == "tls" else None) as server:
        yield server, certificates if way == "tls" else None


@plain_and_tls
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_client_for_many_event_loops(way: str, backend: str, certificates: Certificates) -> None:
    """Ten runs, one after the other: no warning, and no descriptor is left of any."""
    code = """
import trio
run = asyncio.run if given["backend"] == "asyncio" else (lambda waiting: trio.run(lambda: waiting))
run(awaiting.list_jobs())
before = count()
for _ in range(10):
    run(awaiting.list_jobs())
print(count() - before)
"""
    with server_by(way, certificates) as (server, trusted):
        assert run_program(code, server, trusted, "-W", "error", backend=backend) == 0
        assert server.connections == 11


@plain_and_tls
def test_several_event_loops_at_once(way: str, certificates: Certificates) -> None:
    """Each in a thread of its own; `close` from another one has them close their connections, though they go on."""
    code = """
import trio
ready, over = threading.Barrier(4), threading.Event()
failures = []

async def work(sleep):
    for _ in range(20):
        assert await awaiting.list_jobs() == []
    ready.wait()
    while not over.is_set():
        await sleep(0.01)

def run(start):
    try:
        start()
    except BaseException as error:
        failures.append(repr(error))
        ready.abort()

asyncio.run(awaiting.list_jobs())
before = count()
starts = [lambda: asyncio.run(work(asyncio.sleep))] * 2 + [lambda: trio.run(work, trio.sleep)]
threads = [threading.Thread(target=run, args=(start,)) for start in starts]
for thread in threads:
    thread.start()
ready.wait()
during = count()
asyncio.run(awaiting.close())
until = time.monotonic() + 20
while count() > during - 2 and time.monotonic() < until:
    time.sleep(0.01)
closed = during - count()
over.set()
for thread in threads:
    thread.join()
print(json.dumps([closed, count() - before, failures]))
"""
    with server_by(way, certificates) as (server, trusted):
        assert run_program(code, server, trusted, "-W", "error") == [2, 0, []]
        assert server.connections == 4


@dataclass
class Counted:
    """A relay that counts what comes from the client."""

    url: str
    bytes_sent: int = 0
    closed: int = 0


@contextmanager
def counted(server: FaultServer) -> Generator[Counted]:
    """A relay before a server."""
    target = urlsplit(server.url)
    listener = socket.create_server(("127.0.0.1", 0))
    relay = Counted(f"{target.scheme}://127.0.0.1:{listener.getsockname()[1]}/v2")

    def pump(source: socket.socket, sink: socket.socket, *, counts: bool) -> None:
        try:
            while data := source.recv(65536):
                relay.bytes_sent += len(data) if counts else 0
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        relay.closed += 1 if counts else 0

    def accept() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection((str(target.hostname), int(target.port or 0)))
            threads = [
                threading.Thread(target=pump, args=(near, far), kwargs={"counts": True}, daemon=True),
                threading.Thread(target=pump, args=(far, near), kwargs={"counts": False}, daemon=True),
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            near.close()
            far.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@plain_and_tls
def test_connections_of_a_closed_loop_are_dropped(way: str, certificates: Certificates) -> None:
    """Not a byte is written to them, no goodbye of TLS either; the next loop opens its own."""
    code = """
import warnings
warnings.filterwarnings("ignore", "unclosed transport", ResourceWarning)
settings.url = given["relay"]
dropping = AsyncBatchClient(settings)
loop = asyncio.new_event_loop()
loop.run_until_complete(dropping.list_jobs())
loop.close()
print("1", flush=True)
input()
other = asyncio.new_event_loop()
other.run_until_complete(awaiting.list_jobs())
asyncio.run(dropping.close())
del dropping
count()
input()
"""
    with server_by(way, certificates) as (server, trusted), counted(server) as relay:
        verify = True if trusted is None else str(trusted.authority)
        values = json.dumps({"url": server.url, "relay": relay.url, "verify": verify})
        with subprocess.Popen(
            [sys.executable, "-c", SETUP + code, values], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as program:
            assert program.stdin is not None
            assert program.stdout is not None
            assert program.stdout.readline() == "1\n"
            time.sleep(0.1)
            sent = relay.bytes_sent
            program.stdin.write("\n")
            program.stdin.flush()
            eventually(lambda: relay.closed == 1)
            program.stdin.write("\n")
            program.stdin.flush()
            assert program.wait(20) == 0
        assert relay.bytes_sent == sent > 0


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_ten_files_in_ten_runs(backend: str) -> None:
    """With one client: ten jobs, ten ids, each of its own file."""
    with FaultServer() as server:
        client = AsyncBatchClient(settings_for(server))
        audio = [f"audio {number}".encode() for number in range(10)]
        ids = [anyio.run(client.submit_job, content, CONFIG, backend=backend) for content in audio]
        assert list(server.jobs) == ids
        for job_id, content in zip(ids, audio, strict=True):
            transcript = anyio.run(client.get_job_result, job_id, backend=backend)
            assert isinstance(transcript, dict)
            assert word_of(transcript) == word_of(transcript_of(job_id, content))


def test_a_given_client_stays_on_its_event_loop() -> None:
    """On a second one it is refused before anything is sent."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"jobs": []})

    given = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    client = AsyncBatchClient("token", http_client=given)
    assert asyncio.run(client.list_jobs()) == []
    for backend in ("asyncio", "trio"):
        with pytest.raises(sm.InvalidInputError, match="another event loop"):
            anyio.run(client.list_jobs, backend=backend)
    assert len(sent) == 1


def test_a_given_client_stays_in_its_process() -> None:
    """In a child, forked or not yet used, it is refused before anything is sent; the parent goes on."""
    code = """
import httpx
http = httpx.Client(trust_env=False)
owning = BatchClient(settings, http_client=http)
owning.list_jobs()
read, write = os.pipe()
if not os.fork():
    try:
        owning.list_jobs()
    except InvalidInputError as error:
        os.write(write, str(error).encode())
    os._exit(0)
os.close(write)
os.wait()
said = os.read(read, 10_000).decode()
owning.list_jobs()
http.close()
print(json.dumps(said))
"""
    with FaultServer() as server:
        assert "another process" in run_program(code, server)
        assert [request.connection for request in server.requests] == [0, 0]


FORKS = """
mine = given["mine"]
over = threading.Event()

def ask(jobs):
    wrong = 0
    for job_id, word in jobs:
        wrong += client.check_job_status(job_id)["job"]["id"] != job_id
        result = client.get_job_result(job_id)
        wrong += result["job"]["id"] != job_id or result["results"][0]["alternatives"][0]["content"] != word
    async def look():
        return sum([(await awaiting.check_job_status(job_id))["job"]["id"] != job_id for job_id, _ in jobs[:20]])
    return wrong + asyncio.run(look())

def keep_asking():
    while not over.is_set():
        assert client.check_job_status(mine)["job"]["id"] == mine

client.check_job_status(mine)
asyncio.run(awaiting.check_job_status(mine))
thread = threading.Thread(target=keep_asking)
thread.start()
wrong = []
for _ in range(3):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        wrong += pool.map(ask, [given["jobs"][:400], given["jobs"][400:]], chunksize=1)
over.set()
thread.join()
print(json.dumps(wrong))
"""


@plain_and_tls
def test_a_client_that_was_used_before_a_fork(way: str, certificates: Certificates) -> None:
    """Three times two children ask 400 times for states and results: none is another job's.

    All the while a thread of the parent asks over the connection that was there before the first fork.
    """
    rounds = 1 if way == "tls" else 3
    with server_by(way, certificates) as (server, trusted):
        with BatchClient(settings_for(server, trusted)) as client:
            audio = [str(number).encode() for number in range(20)]
            ids = [client.submit_job(content, CONFIG) for content in audio]
        jobs = [(job, word_of(transcript_of(job, content))) for job, content in zip(ids, audio, strict=True)] * 40
        mine = ids[0]
        code = FORKS.replace("range(3)", f"range({rounds})")
        assert run_program(code, server, trusted, mine=mine, jobs=[*jobs[1:], jobs[0]]) == [0] * 2 * rounds
        first = next(request.connection for request in server.requests if request.path == f"jobs/{mine}")
        asked = [request for request in server.requests if request.connection == first]
        assert {request.path for request in asked} == {f"jobs/{mine}"}
        assert len(asked) > 50


def test_a_fork_while_a_model_is_built() -> None:
    """The child builds it for itself."""
    code = (
        """
from speechmatics import _descriptions
begun = threading.Event()

def build():
    with _descriptions.building:
        begun.set()
        time.sleep(0.3)

threading.Thread(target=build).start()
begun.wait()
child = os.fork()
if not child:
    JobDetails.model_validate({"id": "a", "status": "done", "created_at": "2026-01-01T00:00:00Z", "data_name": "a"})
    os._exit(0)
until = time.monotonic() + 20
while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < until:
    time.sleep(0.01)
print(ended[0] == child and ended[1] == 0)
""".replace("print(", "print(json.dumps(").rstrip()
        + ")\n"
    )
    with FaultServer() as server:
        assert run_program(code, server) is True


def test_a_fork_while_a_thread_gets_a_temporary_key() -> None:
    """The child gets one of its own, and does not wait for a thread that it does not have."""
    came = threading.Event()
    may_answer = threading.Event()

    def answer(received: Received) -> Answer:
        if not came.is_set():
            came.set()
            may_answer.wait(20)
        return Answer(201, b'{"key_value": "temporary"}')

    code = """
from speechmatics import TemporaryKeyAuth
auth = TemporaryKeyAuth("long-lived", url=given["platform"])
client = BatchClient(settings, auth=auth)
thread = threading.Thread(target=client.list_jobs)
thread.start()
time.sleep(0.3)
read, write = os.pipe()
if not os.fork():
    os.write(write, json.dumps(client.list_jobs()).encode())
    os._exit(0)
os.close(write)
os.wait()
print(json.dumps([json.loads(os.read(read, 100)), thread.is_alive()]), flush=True)
os._exit(0)
"""
    with serving(answer) as platform, FaultServer() as server:
        assert run_program(code, server, platform=platform.url) == [[], True]
        may_answer.set()
        assert len(server.requests) == 1
