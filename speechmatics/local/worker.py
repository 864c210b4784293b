"""The threads that do the jobs, in the order they come: recognise, write the transcript."""

from __future__ import annotations

import logging
import queue
import threading
import time
from pathlib import Path
from typing import Any

from speechmatics.local.engine import Recognition, UnreadableAudio, language_pack
from speechmatics.local.engine_processes import EngineDied, EngineFailed, EnginePool
from speechmatics.local.jobs import Job, now
from speechmatics.local.state import JobStore
from speechmatics.models._leniency import Leniency, leniency
from speechmatics.models.config import JobConfig
from speechmatics.models.job import JobStatus

__all__ = ["Worker", "transcript_of"]

FORMAT = "2.9"
"""Version of json-v2 that transcripts have."""
ATTEMPTS = 2
"""How often a job is begun whose process ends."""
_logger = logging.getLogger("speechmatics.local")


class Worker:
    """Does jobs in the order they come, as many at once as the engine can."""

    def __init__(self, store: JobStore, engines: EnginePool) -> None:
        self._store = store
        self._engines = engines
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"speechmatics-local-worker-{number}", daemon=True)
            for number in range(engines.size)
        ]

    @property
    def size(self) -> int:
        """How many jobs are done at once."""
        return self._engines.size

    @property
    def languages(self) -> frozenset[str]:
        """The languages that can be asked for."""
        return self._engines.languages

    def start(self) -> None:
        """Begins with the jobs that were added."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float) -> None:
        """Takes no more jobs, and waits for those in hand `seconds` at most; the next server does the others.

        Where the store has ended all waiting, as before this is called, the jobs in hand are cancelled.
        """
        self._stopping.set()
        for _ in self._threads:
            self._queue.put(None)
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))

    def take(self, job_id: str) -> None:
        """Adds a job."""
        self._queue.put(job_id)

    def _run(self) -> None:
        while (job_id := self._queue.get()) is not None and not self._stopping.is_set():
            try:
                job = self._store.get(job_id)
                if job.status == JobStatus.RUNNING:
                    self._do(job)
            except Exception:
                # The thread has other jobs to do; the next server tries this one again.
                _logger.exception("job %s cannot be done", job_id)

    def _do(self, job: Job) -> None:
        with leniency(Leniency.SILENT):
            config = JobConfig.model_validate(job.config)
        audio = self._store.audio_of(job.id)
        try:
            self._note(job, "recognition begins")
            heard = self._recognise(job, audio, config)
            if heard is None:
                return
            self._note(job, f"recognition ends: {len(heard.results)} results, {heard.duration:.2f} s")
            self._store.finish(job.id, transcript_of(job, heard), heard.duration)
        except (UnreadableAudio, EngineDied) as error:
            self._reject(job, str(error))
        except EngineFailed as error:
            self._reject(job, f"the engine failed: {error}")
        except Exception as error:
            self._reject(job, f"the engine failed: {type(error).__name__}: {error}")

    def _recognise(self, job: Job, audio: Path, config: JobConfig) -> Recognition | None:
        """What was heard; None where the job ended meanwhile, or the server does.

        Raises:
            EngineDied: The engine's process ended at each attempt.
        """
        ends: list[str] = []
        total = f" of {job.probed:.0f} s" if job.probed else " s"
        while len(ends) < ATTEMPTS:
            try:
                with (
                    self._engines.take(self._queue.qsize()) as recogniser,
                    # It is cancelled when the job is deleted, or the server stops.
                    self._store.watched(job.id, recogniser.cancel),
                ):
                    if self._is_over(job):
                        return None
                    return recogniser.transcribe(
                        audio, config, lambda seconds: self._note(job, f"{seconds:.0f}{total} recognised")
                    )
            except EngineDied as error:
                if self._is_over(job):
                    return None
                ends.append(str(error))
                self._note(job, f"the engine's process ended: {error}")
        raise EngineDied(f"the engine's process ended at each of {ATTEMPTS} attempts: {', '.join(ends)}")

    def _is_over(self, job: Job) -> bool:
        return not self._store.may_wait or self._store.get(job.id).status != JobStatus.RUNNING

    def _note(self, job: Job, line: str) -> None:
        self._store.write_log(job.id, line)
        _logger.info("job %s: %s", job.id, line)

    def _reject(self, job: Job, reason: str) -> None:
        self._note(job, f"rejected: {reason}")
        self._store.reject(job.id, [{"timestamp": now(), "message": reason}])


def transcript_of(job: Job, heard: Recognition) -> dict[str, Any]:
    """What the API answers where this was heard in a job's audio."""
    info: dict[str, Any] = {
        "id": job.id,
        "created_at": job.created_at,
        "data_name": job.data_name,
        "duration": round(heard.duration),
    }
    if job.config.get("tracking"):
        info["tracking"] = job.config["tracking"]
    asked = job.config["transcription_config"]
    metadata: dict[str, Any] = {
        "created_at": now(),
        "type": "transcription",
        "transcription_config": asked,
        "language_pack_info": language_pack(heard.language),
    }
    if heard.is_identified:
        metadata["language_identification"] = {"predicted_language": heard.language}
    if job.config.get("output_config"):
        metadata["output_config"] = job.config["output_config"]
    return {"format": FORMAT, "job": info, "metadata": metadata, "results": heard.results}
