"""Other people's clients, unmodified and each in an environment of its own, against the local server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule

OLDER = "speechmatics-python==5.0.0.post1"
NEWER = "speechmatics-batch==1.1.0"
AUDIO = Path(__file__).parents[2] / "examples" / "audio" / "quickstart.wav"
CONFIG = json.dumps({"type": "transcription", "transcription_config": {"language": "en", "diarization": "speaker"}})


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """A server of scripted jobs, which asks for a token."""
    rules = [
        ScriptedRule(name="bad.wav", reject="no speech was found"),
        ScriptedRule(name="slow.wav", text="It took a while.", delay=5),
        ScriptedRule(text="Hello world."),
    ]
    with LocalServer(engine=ScriptedEngine(rules), token="the-token") as running:
        yield running


def environment(folder: Path, package: str) -> Path:
    """The folder of the programs of a new environment that holds the package."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    programs = folder / "bin"
    run(programs / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", package)
    return programs


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The older client's programs."""
    return environment(tmp_path_factory.mktemp("older") / "venv", OLDER)


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The newer client's programs."""
    return environment(tmp_path_factory.mktemp("newer") / "venv", NEWER)


def run(*command: object) -> str:
    """What a program prints, away from this checkout; it must succeed."""
    words = [str(word) for word in command]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd="/", env=environ)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


OLDER_CODE = """
import sys
from speechmatics.batch_client import BatchClient
from speechmatics.models import BatchTranscriptionConfig, ConnectionSettings

url, audio, slow = sys.argv[1:]
with BatchClient(ConnectionSettings(url=url, auth_token="the-token")) as client:
    config = BatchTranscriptionConfig("en", diarization="speaker", enable_entities=True)
    job_id = client.submit_job(audio, config)
    assert client.wait_for_completion(job_id, transcription_format="txt") == "Hello world.\\n"
    assert client.get_job_result(job_id, transcription_format="json-v2")["job"]["id"] == job_id
    assert "Hello world." in client.get_job_result(job_id, transcription_format="srt")
    assert client.check_job_status(job_id)["job"]["status"] == "done"
    assert job_id in [job["id"] for job in client.list_jobs()]
    assert client.delete_job(job_id)
    assert job_id not in [job["id"] for job in client.list_jobs()]
    assert len(list(client.submit_jobs([audio] * 3, config))) == 3
    slow_id = client.submit_job(slow, config)
    assert client.check_job_status(slow_id)["job"]["status"] == "running"
    assert client.wait_for_completion(slow_id, transcription_format="txt") == "It took a while.\\n"
print("all is well")
"""


def test_the_older_client(older: Path, server: LocalServer, tmp_path: Path) -> None:
    """It submits, waits over several polls, reads, lists and deletes; it needs the duration of a running job."""
    slow = shutil.copy(AUDIO, tmp_path / "slow.wav")
    assert run(older / "python", "-I", "-c", OLDER_CODE, server.url, AUDIO, slow) == "all is well\n"


NEWER_CODE = """
import asyncio, sys
from speechmatics.batch import AsyncClient, Client, FormatType, JobStatus, JWTAuth, TranscriptionConfig

url, audio, bad = sys.argv[1:]
config = TranscriptionConfig(language="en", diarization="speaker")

async def main():
    async with AsyncClient(api_key="the-token", url=url) as client:
        assert (await client.transcribe(audio, transcription_config=config)).transcript_text == "Hello world."
        job = await client.submit_job(audio, transcription_config=config)
        assert (await client.wait_for_completion(job.id, polling_interval=0.1)).job.id == job.id
        assert await client.get_transcript(job.id, format_type=FormatType.TXT) == "Hello world.\\n"
        assert (await client.get_job_info(job.id)).status == JobStatus.DONE
        assert job.id in [listed.id for listed in await client.list_jobs()]
        await client.delete_job(job.id)
        rejected = await client.submit_job(bad, transcription_config=config)
        try:
            await client.wait_for_completion(rejected.id, polling_interval=0.1)
        except Exception as error:
            assert "rejected" in str(error).lower(), error
        else:
            raise AssertionError("a rejected job was waited for")
    auth = JWTAuth("the-token", ttl=60, mp_url=url.removesuffix("/v2"))
    async with AsyncClient(auth=auth, url=url) as client:
        assert (await client.transcribe(audio, transcription_config=config)).transcript_text == "Hello world."

asyncio.run(main())
with Client(api_key="the-token", url=url) as client:
    assert client.transcribe(audio, transcription_config=config).transcript_text == "Hello world."
print("all is well")
"""


def test_the_newer_client(newer: Path, server: LocalServer, tmp_path: Path) -> None:
    """Awaited and blocking, with temporary keys too; a job that is rejected is told as one."""
    bad = shutil.copy(AUDIO, tmp_path / "bad.wav")
    assert run(newer / "python", "-I", "-c", NEWER_CODE, server.url, AUDIO, bad) == "all is well\n"


ON_PREMISES_CODE = """
import asyncio, sys
from speechmatics.batch import AsyncClient

url, audio = sys.argv[1:]

async def main():
    async with AsyncClient(api_key="any", url=url) as client:
        transcript = await client.transcribe(audio, parallel_engines=2, user_id="u", polling_interval=0.1)
        assert transcript.transcript_text == "Hello world."
        assert [job.status.value for job in await client.list_jobs()] == ["done"]
        try:
            await client.submit_job(audio, parallel_engines=3)
        except Exception as error:
            assert "3 engines not available" in str(error), error
        else:
            raise AssertionError("more engines than there are were given")

asyncio.run(main())
print("all is well")
"""


def test_the_newer_client_on_premises(newer: Path) -> None:
    """It asks for engines, as the documentation of the container shows."""
    engine = ScriptedEngine([ScriptedRule(text="Hello world.")])
    with LocalServer(engine=engine, on_premises=True) as server:
        assert run(newer / "python", "-I", "-c", ON_PREMISES_CODE, server.url, AUDIO) == "all is well\n"


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
@pytest.mark.parametrize("slash", ["", "/"])
def test_curl(server: LocalServer, slash: str) -> None:
    """As the vendor's pages show it, with a slash at the end and without."""

    def curl(path: str, *arguments: object) -> str:
        header = "Authorization: Bearer the-token"
        return run("curl", "-sS", "--fail", "-L", f"{server.url}/{path}", "-H", header, *arguments)

    form = ["-X", "POST", "-F", f"data_file=@{AUDIO}", "-F", f"config={CONFIG}"]
    job_id = json.loads(curl(f"jobs{slash}", *form))["id"]
    held = curl(f"jobs/{job_id}/transcript{slash}?format=txt&wait=30")
    assert held == "Hello world.\n"
    assert json.loads(curl(f"jobs/{job_id}{slash}"))["job"]["status"] == "done"
    assert json.loads(curl(f"jobs/{job_id}{slash}", "-X", "DELETE"))["job"]["status"] == "deleted"
