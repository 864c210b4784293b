"""How well, how fast and in how much memory the local server recognises: run `python -m tests.trials.recognition`.

The bundled recordings, ten minutes of both in turn, and one hour of them, on a server of its own. It says the word
error rate against the texts beside the recordings, whether runs of one differ, the seconds of processor time for a
second of audio, the memory of all processes together, and how much longer two jobs at once take than one.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import tempfile
import threading
import time
import wave
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import jiwer

from speechmatics import BatchClient, ParsedBatchClient
from speechmatics.local import LocalServer
from tests.conftest import AUDIO

CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}
NAMES = ("quickstart", "voicemail")


def main() -> None:
    """Prints a line for each recording."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="runs of each short recording (default %(default)s)")
    parser.add_argument("--hour", action="store_true", help="an hour of audio, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, measured_memory() as peak:
        recordings = [(AUDIO / f"{name}.wav", text_of(name), options.runs) for name in NAMES]
        recordings.append((*repeated(Path(folder) / "ten_minutes.wav", 600), 1))
        if options.hour:
            recordings.append((*repeated(Path(folder) / "hour.wav", 3600), 1))
        for file, text, runs in recordings:
            seconds = seconds_of(file)
            before = time_of_children()
            with LocalServer() as server, BatchClient(server.connection_settings, parse=True) as client:
                client.transcribe(AUDIO / "quickstart.wav", CONFIG)  # the model is loaded
                texts = [client.transcribe(file, CONFIG).to_text() for _ in range(runs)]
            spent = time_of_children() - before
            error = jiwer.wer(normal(text), normal(texts[0]))
            print(
                f"{file.stem}: {seconds:.1f} s, {runs} runs, {len(set(texts))} different, WER {error:.3f}, "
                f"{spent / (seconds * runs):.3f} s of processor time a second (start and model in it), "
                f"peak of all processes {peak[0]:.0f} MB"
            )
        ten_minutes = recordings[2][0]
        with LocalServer() as server, BatchClient(server.connection_settings, parse=True) as client:
            for _ in range(2):
                print(f"ten minutes: one job {timed(client, [ten_minutes]):.1f} s, ", end="")
                print(f"two at once {timed(client, [ten_minutes] * 2):.1f} s")


def text_of(name: str) -> str:
    return (AUDIO / f"{name}.txt").read_text(encoding="utf-8").strip()


def normal(text: str) -> str:
    """Lower case, letters, digits and apostrophes alone."""
    return " ".join(re.findall(r"[\w']+", text.lower()))


def repeated(file: Path, seconds: int) -> tuple[Path, str]:
    """Both recordings in turn, with a second of silence after each, as long as asked at most; and its text."""
    texts: list[str] = []
    with wave.open(str(file), "wb") as long:
        while True:
            for name in NAMES:
                with wave.open(str(AUDIO / f"{name}.wav")) as short:
                    if not texts:
                        long.setparams(short.getparams())
                    samples = short.readframes(short.getnframes()) + bytes(2 * short.getframerate())
                if (long.tell() + len(samples) // 2) / long.getframerate() > seconds:
                    return file, " ".join(texts)
                long.writeframesraw(samples)
                texts.append(text_of(name))


def seconds_of(file: Path) -> float:
    with wave.open(str(file)) as recording:
        return float(recording.getnframes() / recording.getframerate())


def timed(client: ParsedBatchClient, files: list[Path]) -> float:
    """Seconds of wall time until all are done that are submitted at once."""
    begin = time.perf_counter()
    for job in client.wait_for_many([client.submit_job(file, CONFIG) for file in files]):
        assert job.status == "done", job
    return time.perf_counter() - begin


def time_of_children() -> float:
    """Seconds of processor time of the engine's processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def measured_memory() -> Generator[list[float]]:
    """The most memory that this process and those it started had at one moment, in MB (Linux)."""
    peak = [0.0]
    over = threading.Event()

    def measure() -> None:
        while not over.wait(0.2):
            peak[0] = max(peak[0], sum(map(resident, [os.getpid(), *children()])))

    thread = threading.Thread(target=measure)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def children() -> list[int]:
    lists = [task / "children" for task in Path("/proc/self/task").iterdir()]
    return [int(child) for listed in lists if listed.exists() for child in listed.read_text().split()]


def resident(pid: int) -> float:
    try:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) / 1000 if found else 0


if __name__ == "__main__":
    main()
