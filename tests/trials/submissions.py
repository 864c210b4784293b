"""Many submissions to a server that goes wrong at random: each ends in one job, or in an error that says what to do.

`python -m tests.trials.submissions --count 2000 --rate 0.3 --seed 1 --driver sync`
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import logging
import time
import warnings
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio

from speechmatics import (
    AsyncBatchClient,
    BatchClient,
    ConnectionSettings,
    DuplicateJobWarning,
    SpeechmaticsError,
    SubmissionUncertainError,
)
from tests.core.submitting import CONFIG, DRIVERS, Driver, notes_of, run_async
from tests.servers.fault_server import FaultServer, random_faults, transcript_of

__all__ = ["Trial", "run"]

TOGETHER = 16
"""Submissions at once."""
HUNG = 120.0
"""Seconds after which a submission counts as hung, or its wait."""
WINDOWS = {"recovery_window": 0.3, "recovery_window_long": 0.6, "read_timeout": 1.0}
"""The times of the settings that are scaled down; by default they are 5, 30 and 60 seconds."""


@dataclass
class Trial:
    """What became of the submissions.

    Attributes:
        count: How many there were.
        rate: Share of the requests that went wrong.
        seed: Where chance began.
        driver: How they were sent.
        seconds: How long all of them took.
        longest: How long the longest took.
        outcomes: The job's id of each, or why there is none.
        waits: Why a job that was made has no transcript, where it has none.
        problems: What must not be.
        uncertain: How many ended so that the job may or may not have been created.
        doubled: How many have two jobs, which a warning and a log line name.
        met: Kinds of faults that were met.
        kinds: Kinds of faults that there are.
    """

    count: int
    rate: float
    seed: int
    driver: Driver
    seconds: float = 0
    longest: float = 0
    outcomes: dict[int, str | SpeechmaticsError] = field(default_factory=dict[int, str | SpeechmaticsError])
    waits: dict[int, SpeechmaticsError] = field(default_factory=dict[int, SpeechmaticsError])
    problems: list[str] = field(default_factory=list[str])
    uncertain: int = 0
    doubled: int = 0
    met: int = 0
    kinds: int = 0

    def __str__(self) -> str:
        errors = Counter(type(outcome).__name__ for outcome in self.outcomes.values() if not isinstance(outcome, str))
        windows = ", ".join(f"{name} {seconds:g} s" for name, seconds in WINDOWS.items())
        return "; ".join(
            [
                f"{self.driver}, seed {self.seed}: {self.count} submissions at {self.rate:.0%} in {self.seconds:.1f} s",
                f"the longest {self.longest:.1f} s",
                f"uncertain {self.uncertain} ({self.uncertain / self.count:.2%})",
                f"named doubles {self.doubled}",
                f"errors {dict(errors)}",
                f"waits that failed {len(self.waits)}",
                f"kinds of faults {self.met} of {self.kinds}",
                windows,
                f"problems: {self.problems or 'none'}",
            ]
        )


def run(count: int, rate: float, seed: int, driver: Driver) -> Trial:
    """Submits so many files, waits for their transcripts, and says what must not be."""
    trial = Trial(count, rate, seed, driver)
    rules = random_faults(rate)
    trial.kinds = len({rule.name for rule in rules})
    began = time.monotonic()
    with FaultServer(rules, seed=seed) as server, _log_lines() as lines:
        settings = ConnectionSettings(
            server.url,
            auth_token="token",
            trust_env=False,
            retry_attempts=8,
            retry_delay=0.01,
            retry_delay_max=0.1,
            poll_interval=0.01,
            long_poll=1,
            max_connections=TOGETHER,
            recovery_window=WINDOWS["recovery_window"],
            recovery_window_long=WINDOWS["recovery_window_long"],
            read_timeout=WINDOWS["read_timeout"],
        )
        if driver == "sync":
            _run_blocking(trial, settings)
        else:
            run_async(driver, lambda: _run_awaiting(trial, settings))
        trial.seconds = time.monotonic() - began
        trial.met = len(server.met)
        _check(trial, server, lines)
    return trial


def _audio_of(number: int) -> bytes:
    return f"audio {number} ".encode() * 50


def _run_blocking(trial: Trial, settings: ConnectionSettings) -> None:
    with BatchClient(settings) as client:

        def submit(number: int) -> None:
            audio, began = _audio_of(number), time.monotonic()
            try:
                job_id = client.submit_job((f"{number}.wav", audio), CONFIG)
            except SpeechmaticsError as error:
                trial.outcomes[number] = error
            else:
                trial.outcomes[number] = job_id
                try:
                    _compare(trial, number, client.wait_for_completion(job_id, "json-v2"), job_id)
                except SpeechmaticsError as error:
                    trial.waits[number] = error
            trial.longest = max(trial.longest, time.monotonic() - began)

        with ThreadPoolExecutor(TOGETHER) as pool:
            list(pool.map(submit, range(trial.count)))


async def _run_awaiting(trial: Trial, settings: ConnectionSettings) -> None:
    async with AsyncBatchClient(settings) as client:
        limit = anyio.Semaphore(TOGETHER)

        async def submit(number: int) -> None:
            async with limit:
                audio, began = _audio_of(number), time.monotonic()
                try:
                    job_id = await client.submit_job((f"{number}.wav", audio), CONFIG)
                except SpeechmaticsError as error:
                    trial.outcomes[number] = error
                else:
                    trial.outcomes[number] = job_id
                    try:
                        _compare(trial, number, await client.wait_for_completion(job_id, "json-v2"), job_id)
                    except SpeechmaticsError as error:
                        trial.waits[number] = error
                trial.longest = max(trial.longest, time.monotonic() - began)

        async with anyio.create_task_group() as tasks:
            for number in range(trial.count):
                tasks.start_soon(submit, number)


def _compare(trial: Trial, number: int, transcript: object, job_id: str) -> None:
    if transcript != transcript_of(job_id, _audio_of(number)):
        trial.problems.append(f"{number}: the transcript of {job_id} is not that of its audio")


def _check(trial: Trial, server: FaultServer, lines: list[str]) -> None:
    """Finds the submissions that were doubled, lost or hung without a word, and ids that are wrong."""
    jobs_of: dict[str, list[str]] = {}
    for job in server.jobs.values():
        jobs_of.setdefault(job.audio, []).append(job.id)
    for number in range(trial.count):
        outcome = trial.outcomes[number]
        jobs = jobs_of.get(hashlib.sha256(_audio_of(number)).hexdigest(), [])
        ids = {str(server.jobs[job].tracking_details["submission_id"]) for job in jobs}
        said = "\n".join([*lines, "" if isinstance(outcome, str) else f"{outcome}\n{notes_of(outcome)}"])
        if isinstance(outcome, str) and outcome not in jobs:
            trial.problems.append(f"{number}: {outcome} is not its job")
        if len(jobs) > 1:
            trial.doubled += 1
            if not all(submission_id in said for submission_id in ids):
                trial.problems.append(f"{number}: it has the jobs {jobs} without a word")
        if isinstance(outcome, SubmissionUncertainError):
            trial.uncertain += 1
            if ids - {outcome.submission_id} or str(outcome.submission_id) not in str(outcome):
                trial.problems.append(f"{number}: {outcome} does not name {ids}")
        elif not isinstance(outcome, str) and not all(submission_id in said for submission_id in ids):
            trial.problems.append(f"{number}: {jobs} is lost: {outcome!r}")
    trial.problems += [
        f"{number}: {error!r} does not name the job"
        for number, error in trial.waits.items()
        if str(trial.outcomes[number]) not in f"{error.job_id} {error} {notes_of(error)}"
    ]
    if trial.longest > HUNG:
        trial.problems.append(f"one took {trial.longest:.0f} s")


@contextmanager
def _log_lines() -> Generator[list[str]]:
    """What the package logs from WARNING on."""
    lines: list[str] = []

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger = logging.getLogger("speechmatics")
    handler = Collecting(logging.WARNING)
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DuplicateJobWarning)
            yield lines
    finally:
        logger.removeHandler(handler)


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--driver", choices=DRIVERS, default="sync")
    options = parser.parse_args()
    faulthandler.dump_traceback_later(1800, exit=True)
    trial = run(options.count, options.rate, options.seed, options.driver)
    faulthandler.cancel_dump_traceback_later()
    print(trial)
    if trial.problems:
        raise SystemExit(1)


if __name__ == "__main__":
    _main()
