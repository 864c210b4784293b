"""What other systems lack, the package can do without.

Linux is what the tests run on. Here a process gives up what only POSIX has, as far as Python allows, before it imports
the package; what Windows does otherwise, such as its paths and its event loop, is not seen so.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from speechmatics.local import LocalServer

pytestmark = pytest.mark.slow  # starts processes

WITHOUT_POSIX = """
import asyncio, importlib, multiprocessing, os, pkgutil, select, signal, subprocess, sys, tempfile

import anyio._backends._asyncio, httpx, pydantic_settings

for module in ("fcntl", "grp", "posix", "pwd", "resource", "termios"):
    sys.modules[module] = None
for owner, names in {
    os: "fchmod fchown fork geteuid getuid getpgid kill killpg mkfifo pread register_at_fork sched_getaffinity sysconf",
    select: "epoll poll",
    signal: "SIGALRM SIGHUP SIGKILL SIGUSR1 alarm pthread_sigmask",
}.items():
    for name in names.split():
        if hasattr(owner, name):
            delattr(owner, name)
"""

# What these do elsewhere they choose by the name of the system, which stays.
THIRD_PARTIES = "import dask.dataframe, distributed\n"

IMPORTS = """
import speechmatics

for module in pkgutil.walk_packages(speechmatics.__path__[:1], "speechmatics."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""

TRANSCRIBES = """
from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings

settings = ConnectionSettings(url=sys.argv[1], auth_token="test-token", poll_interval=0.01)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "a recording.wav")
    with open(path, "wb") as file:
        file.write(bytes(3_000_000))
    with BatchClient(settings, parse=True) as client:
        print(client.transcribe(path).to_text().strip())

        async def main():
            async with AsyncBatchClient(settings, parse=True) as client:
                print((await client.transcribe(path)).to_text().strip())

    asyncio.run(main())
"""


def run(code: str, *arguments: str, before: str = "") -> list[str]:
    """The lines that a process without POSIX prints."""
    command = [sys.executable, "-W", "ignore", "-c", before + WITHOUT_POSIX + code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_every_module_is_imported_where_there_is_no_posix() -> None:
    """Those of the extras among them."""
    modules = run(IMPORTS, before=THIRD_PARTIES)
    assert {"speechmatics.batch_client", "speechmatics.local", "speechmatics.testing.plugin"} <= {*modules}


def test_a_file_is_transcribed_where_there_is_no_posix(server: LocalServer) -> None:
    """By both clients, settings and uploads included."""
    assert run(TRANSCRIBES, str(server.connection_settings.url)) == ["Hello world."] * 2
