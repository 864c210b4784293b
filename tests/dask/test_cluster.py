"""A cluster of processes over the local server: each file is one job, whatever dies."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import distributed
import httpx
import pytest

from speechmatics import BatchClient
from speechmatics.dask import ClusterLimits, TranscribedFile, transcribe, words
from speechmatics.local import Fault, LocalServer
from tests.dask.conftest import TOKEN

pytestmark = [
    pytest.mark.slow,
    # Its processes are killed here, and its servers are on ports of their own.
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::ResourceWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
LIMITS = ClusterLimits(jobs=8, submissions_per_second=50)


def jobs_of(server: LocalServer) -> list[dict[str, Any]]:
    """The jobs that the server has."""
    with BatchClient(server.connection_settings) as client:
        return [*client.iter_jobs()]


def test_each_file_is_one_job_and_its_transcript_is_saved(
    server: LocalServer, cluster: Any, recordings: list[str], tmp_path: Path
) -> None:
    """Within the limits; a second run sends nothing, and no task, log or page shows the token."""
    output = tmp_path / "transcripts"
    bag: Any = transcribe(f"{tmp_path}/audio/*.wav", CONFIG, output=output, limits=LIMITS, files_per_task=2)
    assert TOKEN.encode() not in pickle.dumps(dict(bag.__dask_graph__()))
    results: list[TranscribedFile] = bag.compute()
    assert [result.url for result in results] == recordings
    assert [result.error for result in results] == [None] * 12
    assert [result.load().to_text() for result in results] == ["Hello world.\n"] * 12
    assert len({result.job_id for result in results}) == len(jobs_of(server)) == 12
    saved = sorted(path.name for path in output.glob("*.json"))
    assert saved == sorted(f"{result.submission_id}.json" for result in results)

    again: Any = transcribe(recordings, CONFIG, output=output, limits=LIMITS)
    assert [result.output for result in again.compute()] == [result.output for result in results]
    assert len(jobs_of(server)) == 12
    frame: Any = words(bag)
    assert len(frame.compute()) == 24

    shown = [str(cluster.get_worker_logs()), str(cluster.get_scheduler_logs()), str(cluster.scheduler_info())]
    page = cluster.dashboard_link.removesuffix("/status")
    pages = ("info/main/workers.html", "json/identity.json", "json/counts.json", "info/logs.html", "metrics")
    shown += [httpx.get(f"{page}/{path}").text for path in pages]
    assert not any(TOKEN in text for text in shown)


def test_without_an_output_results_hold_transcripts(server: LocalServer, cluster: Any, recordings: list[str]) -> None:
    """And the jobs of earlier runs are found in the list of jobs, unless the salt is another."""
    first: Any = transcribe(recordings[:3], CONFIG, limits=LIMITS)
    found = first.compute()
    assert [result.load().to_text() for result in found] == ["Hello world.\n"] * 3
    again: Any = transcribe(recordings[:3], CONFIG, limits=LIMITS)
    assert [result.job_id for result in again.compute(optimize_graph=False)] == [result.job_id for result in found]
    assert len(jobs_of(server)) == 3
    other: Any = transcribe(recordings[:1], CONFIG, limits=LIMITS, salt="2")
    assert other.compute()[0].job_id not in {result.job_id for result in found}


def test_what_goes_wrong_with_a_file_is_its_result(
    server: LocalServer, cluster: Any, recordings: list[str], tmp_path: Path
) -> None:
    """A rejected job, a file that is not there, and one that is there twice, which is one job."""
    (tmp_path / "bad.wav").write_bytes(b"nothing")
    files = [str(tmp_path / "bad.wav"), str(tmp_path / "missing.wav"), recordings[0], recordings[0]]
    bag: Any = transcribe(files, CONFIG, output=tmp_path / "out", limits=LIMITS)
    bad, missing, one, same = bag.compute()
    assert bad.error.startswith("TranscriptionError: ")
    assert "no speech was found" in bad.error
    assert bad.job_id is not None
    assert (missing.error.partition(":")[0], missing.job_id) == ("FileNotFoundError", None)
    assert one.output == same.output is not None
    assert len(jobs_of(server)) == 2


@pytest.mark.parametrize("cluster", ["60s"], indirect=True)  # a process that is held up loses no lease
def test_no_second_has_more_submissions_than_allowed(server: LocalServer, cluster: Any, recordings: list[str]) -> None:
    """Counted on the server, over two processes of four threads, whoever holds which lease."""
    limits = ClusterLimits(jobs=8, submissions_per_second=4, name="four")
    bag: Any = transcribe(recordings, CONFIG, limits=limits, salt="four")
    assert [result.error for result in bag.compute()] == [None] * 12
    made = sorted(datetime.fromisoformat(job["created_at"]).timestamp() for job in jobs_of(server))
    assert len(made) == 12
    assert all(later - earlier >= 1 for earlier, later in zip(made, made[4:], strict=False))


def test_a_refusal_slows_all_down_and_loses_nothing(server: LocalServer, cluster: Any, recordings: list[str]) -> None:
    """One variable of the cluster says so; the files are sent all the same."""
    server.use_faults([Fault(method="POST", path="jobs", status=429, times=3)])
    bag: Any = transcribe(recordings[:4], CONFIG, limits=LIMITS)
    assert [result.error for result in bag.compute()] == [None] * 4
    modules: Any = distributed
    lowered = modules.Variable("speechmatics-rate", client=cluster).get(timeout=1)
    assert LIMITS.submissions_per_second / 8 <= lowered["rate"] <= LIMITS.submissions_per_second / 2
    assert len(jobs_of(server)) == 4


@pytest.mark.parametrize("is_saved", [True, False])
def test_workers_that_are_killed_lose_no_file_and_send_none_twice(
    server: LocalServer, cluster: Any, recordings: list[str], tmp_path: Path, is_saved: bool
) -> None:
    """While they submit and wait; a task that runs again finds the job that it made."""
    done = threading.Event()
    killed: list[int] = []

    def kill() -> None:
        """One process after the other, each while it has jobs."""
        while not done.wait(1.0) and len(killed) < 3:
            pids: dict[str, int] = cluster.run(os.getpid, on_error="ignore")
            for pid in [*pids.values()][:1]:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        output = tmp_path / "out" if is_saved else None
        bag: Any = transcribe(recordings, CONFIG, output=output, limits=ClusterLimits(jobs=4, submissions_per_second=8))
        results: list[TranscribedFile] = bag.compute()
    finally:
        done.set()
        killer.join()
    assert killed
    assert [result.error for result in results] == [None] * 12
    assert len({result.submission_id for result in results}) == 12
    names = Counter(job["data_name"] for job in jobs_of(server))
    assert names == {Path(path).name: 1 for path in recordings}
