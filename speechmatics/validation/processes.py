"""Examines sources in processes of its own: `examined_by` starts them, and as a program this is one of them.

They are started by `subprocess` with this module rather than by `multiprocessing`, which would run the caller's script
once more in each unless it guards itself. Tasks and problems go through pipes, a line of JSON each.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from pydantic import TypeAdapter

from speechmatics._folders import Document
from speechmatics.validation.many import Task, examine
from speechmatics.validation.report import ProblemCode, Severity, ValidationProblem, ValidationReport

__all__ = ["examined_by"]

_AHEAD = 4
"""Sources that a process is given before its first report is read; a pipe holds as many paths."""
_READY = "ready\n"
_PROBLEMS = TypeAdapter(tuple[ValidationProblem, ...])


def examined_by(processes: int, tasks: Iterator[Task]) -> Iterator[ValidationReport]:
    """The reports of the sources, in their order.

    Raises:
        RuntimeError: The processes cannot be started.
    """
    workers: list[_Worker] = []
    asked: deque[_Worker] = deque()
    try:
        for number, task in enumerate(tasks):
            if number < processes:
                workers.append(_Worker())
            worker = workers[number % processes]
            worker.give(task)
            asked.append(worker)
            if len(asked) >= _AHEAD * processes:
                yield asked.popleft().take()
        while asked:
            yield asked.popleft().take()
    finally:
        for worker in workers:
            worker.stop()


class _Worker:
    """A process that is given sources, and gives their reports in the same order."""

    def __init__(self) -> None:
        self._tasks: deque[Task] = deque()
        self._process = _started()

    def give(self, task: Task) -> None:
        """Has a source examined."""
        self._tasks.append(task)
        self._send(task)

    def take(self) -> ValidationReport:
        """The report of the source that was given first; a process that ended over it is replaced."""
        answer = _line(self._process)
        task = self._tasks.popleft()
        if answer.endswith("\n"):
            return ValidationReport(_PROBLEMS.validate_json(answer), task.document.name)
        self.stop()
        message = f"the process that examined it ended with code {self._process.returncode}"
        self._process = _started()
        for other in self._tasks:
            self._send(other)
        problem = ValidationProblem((), ProblemCode.UNREADABLE, Severity.ERROR, message, source=task.document.name)
        return ValidationReport((problem,), task.document.name)

    def stop(self) -> None:
        """Ends the process, whatever it does."""
        self._process.kill()
        with contextlib.suppress(OSError):  # what it was given, and did not read
            self._process.communicate()

    def _send(self, task: Task) -> None:
        # Of a process that has ended, `take` will learn.
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(astuple(task)) + "\n")
                self._process.stdin.flush()


def _started() -> subprocess.Popen[str]:
    packages = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, packages)), "PYTHONSAFEPATH": "1"}
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            encoding="utf-8",
        )
    except OSError as error:
        raise RuntimeError(f"a process that validates cannot be started: {error.strerror}") from None
    if _line(process) != _READY:
        process.kill()
        process.communicate()
        raise RuntimeError(f"a process that validates ended with code {process.returncode} when it was started")
    return process


def _line(process: subprocess.Popen[str]) -> str:
    return "" if process.stdout is None else process.stdout.readline()


def _work() -> None:
    # Ctrl-C reaches each process of a terminal; the one that was started by hand ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as reports:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        reports.write(_READY)
        reports.flush()
        with contextlib.suppress(BrokenPipeError):
            for line in sys.stdin:
                document, is_config, strict = json.loads(line)
                report = examine(Task(Document(*document), is_config, strict))
                reports.write(_PROBLEMS.dump_json(report.problems).decode() + "\n")
                reports.flush()


if __name__ == "__main__":
    _work()
