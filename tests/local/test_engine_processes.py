"""The engine's processes: they end with the server, with their job and with a crash, and nothing else does."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path

import pytest

from speechmatics import (
    BatchClient,
    ConnectionSettings,
    JobConfig,
    ParsedBatchClient,
    TranscriptionError,
    validate_transcript,
)
from speechmatics.exceptions import InvalidInputError
from speechmatics.local import LocalServer, UnreadableAudio, WhisperEngine
from speechmatics.local.whisper import known_languages, packaged_model
from tests.conftest import AUDIO

pytestmark = [
    pytest.mark.slow,  # starts processes and the engine
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes by /proc"),
]

QUICKSTART = AUDIO / "quickstart.wav"
CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}
SCRIPT = """
from speechmatics import BatchClient
from speechmatics.local import LocalServer
with LocalServer() as server, BatchClient(server.connection_settings, parse=True) as client:
    {what}
"""


def engines_of(pid: int) -> set[int]:
    """The engine's processes that a process has started and that have not ended."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            folder = Path(f"/proc/{child}")
            if b"engine_main" in (folder / "cmdline").read_bytes() and " Z " not in (folder / "stat").read_text():
                found.add(int(child))
    return found


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Waits until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


@pytest.fixture(scope="module")
def long_audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of an hour, which no machine is done with while a test runs."""
    file = tmp_path_factory.mktemp("audio") / "long.wav"
    with wave.open(str(QUICKSTART)) as short, wave.open(str(file), "wb") as long:
        long.setparams(short.getparams())
        samples = short.readframes(short.getnframes())
        for _ in range(240):
            long.writeframesraw(samples)
    return file


@pytest.fixture
def client() -> Generator[ParsedBatchClient]:
    """A client of a server with the real engine."""
    with LocalServer() as server, BatchClient(server.connection_settings, parse=True) as client:
        yield client


def begun(client: ParsedBatchClient, audio: Path) -> str:
    """A job that the engine works at."""
    job_id = client.submit_job(audio, CONFIG)
    until(lambda: "recognition begins" in client.get_job_log(job_id) and engines_of(os.getpid()))
    return job_id


def run_script(folder: Path, what: str) -> subprocess.CompletedProcess[str]:
    script = folder / "script.py"
    script.write_text(SCRIPT.format(what=what))
    return subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120)


def test_a_script_needs_no_main_guard(tmp_path: Path) -> None:
    """The README's own, as a file: it runs once, prints the text and not a word more."""
    done = run_script(tmp_path, f"print(client.transcribe({str(QUICKSTART)!r}).to_text())")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The old library stands at the end of the quiet street")


def test_files_beside_a_script_are_in_no_ones_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine takes no module of the folder in which the program happens to be run."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "wave.py").write_text("raise SystemExit('not this one')")
    (tmp_path / "work" / "av.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path / "work")
    done = run_script(tmp_path, f"print(len(client.transcribe({str(QUICKSTART)!r}).results) > 10)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_leaving_the_server_ends_the_work(tmp_path: Path, long_audio: Path) -> None:
    """At once, with exit code 0, though the job would take minutes."""
    begin = f"client.submit_job({str(long_audio)!r}, {CONFIG}); import time; time.sleep(2); print(time.time())"
    done = run_script(tmp_path, begin)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.time() - float(done.stdout) < 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_engine_outlives_its_server(number: signal.Signals, long_audio: Path) -> None:
    """However the server ends; by Ctrl-C and SIGTERM it ends with exit code 0, and what it prints is the job's log."""
    command = [sys.executable, "-m", "speechmatics.local", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[2]
            with BatchClient(ConnectionSettings(url, auth_token=None, trust_env=False)) as client:
                job_id = client.submit_job(long_audio, CONFIG)
            until(lambda: engines_of(server.pid))
            (engine,) = engines_of(server.pid)
            server.send_signal(number)
            output, errors = server.communicate(timeout=20)
        finally:
            server.kill()
    until(lambda: is_gone(engine))
    if number != signal.SIGKILL:
        assert (server.returncode, output) == (0, "")
        assert f"job {job_id}: recognition begins" in errors
        assert "Traceback" not in errors


def test_a_job_that_is_deleted_by_force_ends_at_once(client: ParsedBatchClient, long_audio: Path) -> None:
    """Its process is gone, and the next job is done."""
    job_id = begun(client, long_audio)
    (engine,) = engines_of(os.getpid())
    client.delete_job(job_id, force=True)
    until(lambda: is_gone(engine))
    assert "library" in client.transcribe(QUICKSTART, CONFIG).to_text()


def test_a_job_whose_process_crashes_is_tried_twice(client: ParsedBatchClient, long_audio: Path) -> None:
    """Then it is rejected, with the reason; one crash alone costs nothing, and the server goes on."""
    crashing = client.submit_job(long_audio, CONFIG)
    for _ in range(2):
        until(lambda: engines_of(os.getpid()))
        for engine in engines_of(os.getpid()):
            os.kill(engine, signal.SIGSEGV)
            until(partial(is_gone, engine))
    with pytest.raises(TranscriptionError, match="ended at each of 2 attempts: SIGSEGV, SIGSEGV"):
        client.wait_for_completion(crashing, "json-v2", timeout=60)
    assert client.get_job_log(crashing).count("the engine's process ended: SIGSEGV") == 2

    fine = begun(client, QUICKSTART)
    for engine in engines_of(os.getpid()):
        os.kill(engine, signal.SIGKILL)
    transcript = client.wait_for_completion(fine, "json-v2", timeout=60)
    assert "library" in transcript.to_text()


def test_two_jobs_are_done_at_once(client: ParsedBatchClient, long_audio: Path) -> None:
    """In two processes; a third waits. A job that is alone uses one process, job after job."""
    client.transcribe(QUICKSTART, CONFIG)
    client.transcribe(QUICKSTART, CONFIG)
    assert len(engines_of(os.getpid())) == 1
    first, second = begun(client, long_audio), begun(client, long_audio)
    third = client.submit_job(QUICKSTART, CONFIG)
    until(lambda: len(engines_of(os.getpid())) == 2)
    assert "recognition" not in client.get_job_log(third)
    client.delete_job(second, force=True)
    transcript = client.wait_for_completion(third, "json-v2", timeout=60)
    assert "library" in transcript.to_text()
    assert client.check_job_status(first).status == "running"


def test_progress_is_in_the_log(client: ParsedBatchClient, long_audio: Path) -> None:
    """Seconds of audio, and of how many, while the job runs."""
    job_id = begun(client, long_audio)
    until(lambda: re.search(r"Z \d+ of 36\d\d s recognised\n", client.get_job_log(job_id)))


def test_limits_of_length_and_memory_reject(tmp_path: Path) -> None:
    """With the limit in the reason; the engine goes on."""
    with WhisperEngine(max_audio_seconds=10) as engine:
        with pytest.raises(UnreadableAudio, match="longer than 10 s"):
            engine.transcribe(QUICKSTART, JobConfig.model_validate(CONFIG))
    if sys.platform == "linux":
        with WhisperEngine(max_memory=10_000_000) as engine:
            with pytest.raises(UnreadableAudio, match="10000000 bytes of memory"):
                engine.transcribe(QUICKSTART, JobConfig.model_validate(CONFIG))


def test_channels_are_recognised_apart(client: ParsedBatchClient, tmp_path: Path) -> None:
    """Two voices at once are two texts, each of its channel; the labels are those asked for, and then numbers."""
    voices = [QUICKSTART, AUDIO / "voicemail.wav"]
    samples: list[bytes] = []
    for voice in voices:
        with wave.open(str(voice)) as file:
            samples.append(file.readframes(file.getnframes()))
    length = max(map(len, samples))
    left, right = (part.ljust(length, b"\0") for part in samples)
    both = b"".join(left[i : i + 2] + right[i : i + 2] for i in range(0, length, 2))
    mixed, *single = (tmp_path / name for name in ("both.wav", "left.wav", "right.wav"))
    for path, content in [(mixed, both), *zip(single, [left, right], strict=True)]:
        with wave.open(str(path), "wb") as file:
            file.setparams((2 if path == mixed else 1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(content)
    asked = {"language": "en", "diarization": "channel", "channel_diarization_labels": ["Agent"]}
    transcript = client.transcribe(mixed, {"type": "transcription", "transcription_config": asked})
    for label, voice in zip(["Agent", "channel_2"], single, strict=True):
        alone = client.transcribe(voice, CONFIG)
        heard = [result.alternatives for result in transcript.results if result.channel == label]
        assert [item[0].content for item in heard if item] == [
            result.alternatives[0].content for result in alone.results if result.alternatives
        ]
    assert validate_transcript(transcript).ok


def test_a_model_may_be_given_by_its_folder(tmp_path: Path) -> None:
    """Absolute or not; its vocabulary says which languages it knows. Another folder is refused when it is given."""
    folder = tmp_path / "model"
    shutil.copytree(packaged_model(), folder, symlinks=True, copy_function=os.symlink)
    with WhisperEngine(folder) as engine:
        assert engine.languages == {"en"}
        heard = engine.transcribe(QUICKSTART, JobConfig.model_validate(CONFIG))
        assert len(heard.results) > 10
    with pytest.raises(InvalidInputError, match=r"no model for faster-whisper: it has no vocabulary"):
        WhisperEngine(tmp_path)
    (tmp_path / "vocabulary.txt").write_text("\n".join(["<|en|>", "<|zh|>", "<|de|>", *map(str, range(51_862))]))
    assert known_languages(tmp_path) == {"en", "cmn", "de"}


@pytest.mark.parametrize("language", ["auto", "de", "cmn"])
def test_a_language_that_is_not_known_may_be_accepted(language: str) -> None:
    """What is recognised then is the model's own language, and none is said to have been identified."""
    config = {"type": "transcription", "transcription_config": {"language": language}}
    with LocalServer(accept_unsupported=True) as server, BatchClient(server.connection_settings) as client:
        transcript = client.transcribe(QUICKSTART, config)
    assert transcript["results"][0]["alternatives"][0]["language"] == "en"
    assert transcript["metadata"]["language_pack_info"]["language_description"] == "English"
    assert "language_identification" not in transcript["metadata"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WhisperEngine(processes=0), "processes must be 1 or more, not 0"),
        (lambda: WhisperEngine(max_audio_seconds=0), "max_audio_seconds must be above 0, not 0"),
        (lambda: WhisperEngine(max_memory=0), "max_memory must be 1 byte or more, or None, not 0"),
    ],
)
def test_arguments_out_of_range_are_refused(make: Callable[[], WhisperEngine], message: str) -> None:
    """With the name, the range and the value."""
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        make()


def test_the_command_takes_the_limits(tmp_path: Path) -> None:
    """And refuses a folder without a model, and an engine beside scripted answers, before it listens."""
    command = [sys.executable, "-m", "speechmatics.local", "--port", "0"]
    limited = [*command, "--model", str(packaged_model()), "--processes", "1", "--max-audio-hours", "0.001"]
    with subprocess.Popen(limited, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            settings = ConnectionSettings(server.stdout.readline().split()[2], auth_token=None, trust_env=False)
            with BatchClient(settings) as client, pytest.raises(TranscriptionError, match=r"longer than 3\.6 s"):
                client.transcribe(QUICKSTART, CONFIG)
        finally:
            server.kill()
    for wrong, message in [
        (["--model", str(tmp_path)], "is no model for faster-whisper: it has no vocabulary.json or vocabulary.txt\n"),
        (["--scripted", str(tmp_path), "--model", str(tmp_path)], "--model: not allowed with argument --scripted\n"),
        (["--processes", "none"], "--processes: invalid int value: 'none'\n"),
        (["--processes", "0"], "processes must be 1 or more, not 0\n"),
    ]:
        done = subprocess.run([*command, *wrong], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode != 0
        assert done.stdout == ""
        assert done.stderr.endswith(message)
