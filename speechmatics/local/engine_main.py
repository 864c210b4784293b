"""What runs in a process of the engine: a line of JSON on standard input is a job, lines on standard output answer it.

It is started by `engine_processes` as `python -m speechmatics.local.engine_main OPTIONS`, and ends with its standard
input, so that it does not outlive a server that was killed.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

from speechmatics.local.engine import UnreadableAudio
from speechmatics.local.whisper import Whisper
from speechmatics.models._leniency import Leniency, leniency
from speechmatics.models.config import JobConfig

__all__ = ["main"]

PROGRESS_INTERVAL = 1.0
"""Seconds between two lines about progress at least."""


def main(options: dict[str, Any]) -> None:
    """Does jobs until standard input ends.

    Args:
        options: `model` (a folder, or None), `max_audio_seconds`, and `max_memory` in bytes or None.
    """
    # Libraries may print: that is not for whoever reads the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=[jobs], daemon=True).start()
    model = options["model"] and Path(options["model"])
    max_memory: int | None = options["max_memory"]
    whisper = Whisper(model, options["max_audio_seconds"], lambda: _limit_memory(max_memory))
    while True:
        answer = _do(whisper, jobs.get(), answers, max_memory)
        _write(answers, answer)


def _read(jobs: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin.buffer:
        jobs.put(json.loads(line))
    os._exit(0)


def _do(whisper: Whisper, job: dict[str, Any], answers: TextIO, max_memory: int | None) -> dict[str, Any]:
    last = time.monotonic()

    def tell(seconds: float) -> None:
        nonlocal last
        if time.monotonic() - last >= PROGRESS_INTERVAL:
            last = time.monotonic()
            _write(answers, {"progress": seconds})

    try:
        with leniency(Leniency.SILENT):
            config = JobConfig.model_validate(job["config"])
        heard = whisper.transcribe(Path(job["audio"]), config, job["threads"], tell)
        return {name: getattr(heard, name) for name in ("duration", "results", "language", "is_identified")}
    except UnreadableAudio as error:
        return {"unreadable": str(error)}
    except Exception as error:
        # Libraries in C++ have an error of their own where memory is short.
        if isinstance(error, MemoryError) or "bad_alloc" in str(error):
            return {"unreadable": f"the audio needs more than {max_memory} bytes of memory, the most that is allowed"}
        return {"failed": f"{type(error).__name__}: {error}"}


def _write(answers: TextIO, answer: dict[str, Any]) -> None:
    try:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    except OSError:
        os._exit(0)


def _limit_memory(max_bytes: int | None) -> None:
    """Lets the process have so many more bytes of address space than it has; does nothing where there is no limit."""
    if max_bytes is None:
        return
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        wanted = pages * resource.getpagesize() + max_bytes
        resource.setrlimit(resource.RLIMIT_AS, (wanted if most < 0 else min(wanted, most), most))
    except (ImportError, OSError, ValueError):
        return


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
