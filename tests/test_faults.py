"""Submissions to a server that misbehaves: each ends in one job or a named error, none is lost, none is paid twice.

`FAULT_SUBMISSIONS=2000 pytest tests/test_faults.py -s` runs more of them and prints what happened.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings, SpeechmaticsError, SubmissionUncertainError
from tests.misbehaving import FAULTS, Misbehaving, transcript_of

CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}
SUBMISSIONS = int(os.environ.get("FAULT_SUBMISSIONS", "200"))
TOGETHER = 16


def settings(server: Misbehaving) -> ConnectionSettings:
    """Settings that make the most of little time."""
    return ConnectionSettings(
        server.url,
        auth_token="token",
        trust_env=False,
        read_timeout=1,
        retry_attempts=8,
        retry_delay=0.01,
        retry_delay_max=0.1,
        recovery_window=0.4,
        poll_interval=0.01,
        max_connections=TOGETHER,
    )


def audio_of(number: int) -> bytes:
    """The audio of one submission, unlike any other's."""
    return f"audio {number} ".encode() * 50


def check(server: Misbehaving, outcomes: dict[int, str | SpeechmaticsError], began: float) -> None:
    """Each submission has one job, or a named error and at most one job."""
    per_audio = Counter(audio for _, audio, _ in server.jobs.values())
    assert max(per_audio.values()) == 1, "a submission was paid twice"
    for number, outcome in outcomes.items():
        if isinstance(outcome, str):
            assert server.jobs[outcome][1] == audio_of(number)
        elif not isinstance(outcome, SubmissionUncertainError):
            assert audio_of(number) not in per_audio, f"a job was lost: {outcome!r}"
    failed = Counter(type(outcome).__name__ for outcome in outcomes.values() if not isinstance(outcome, str))
    print(
        f"seed {server.seed}: {len(outcomes)} submissions in {time.monotonic() - began:.1f} s, "
        f"{len(server.jobs)} jobs, errors {dict(failed)}, kinds of faults met {len(server.met)}"
    )
    # What ends a submission is a refusal (the 401 page), or a failure again and again.
    assert sum(failed.values()) < 0.1 * len(outcomes)
    if len(outcomes) >= 200:
        assert server.met == set(FAULTS)


@pytest.mark.parametrize("seed", [1])
def test_every_submission_ends_in_one_job_or_a_named_error(seed: int) -> None:
    """From many threads; every transcript is that of a clean run."""
    began = time.monotonic()
    with Misbehaving(0.3, seed) as server, BatchClient(settings(server)) as client:

        def submit(number: int) -> str | SpeechmaticsError:
            try:
                job_id = client.submit_job(audio_of(number), CONFIG)
            except SpeechmaticsError as error:
                return error
            try:
                assert client.wait_for_completion(job_id, "json-v2") == transcript_of(audio_of(number))
            except SpeechmaticsError as error:
                assert "401" in str(error), error
            return job_id

        with ThreadPoolExecutor(TOGETHER) as pool:
            outcomes = dict(enumerate(pool.map(submit, range(SUBMISSIONS))))
    check(server, outcomes, began)


@pytest.mark.parametrize("seed", [2])
def test_the_async_client_does_the_same(seed: int) -> None:
    """From many tasks."""
    began = time.monotonic()
    outcomes: dict[int, str | SpeechmaticsError] = {}

    async def main(server: Misbehaving) -> None:
        async with AsyncBatchClient(settings(server)) as client:
            limit = anyio.Semaphore(TOGETHER)

            async def submit(number: int) -> None:
                async with limit:
                    try:
                        job_id = await client.submit_job(audio_of(number), CONFIG)
                    except SpeechmaticsError as error:
                        outcomes[number] = error
                        return
                    outcomes[number] = job_id
                    try:
                        got = await client.wait_for_completion(job_id, "json-v2")
                    except SpeechmaticsError as error:
                        assert "401" in str(error), error
                    else:
                        assert got == transcript_of(audio_of(number))

            async with anyio.create_task_group() as tasks:
                for number in range(SUBMISSIONS):
                    tasks.start_soon(submit, number)

    with Misbehaving(0.3, seed) as server:
        anyio.run(main, server)
    assert len(outcomes) == SUBMISSIONS
    check(server, outcomes, began)
