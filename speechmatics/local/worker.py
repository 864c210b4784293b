"""The thread that does the jobs, one after another: fetch if need be, recognise, write the transcript."""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from speechmatics.local.engine import LANGUAGE_PACK, Engine, UnreadableAudio
from speechmatics.local.state import Job, JobStore, now
from speechmatics.models._leniency import Leniency, leniency
from speechmatics.models.config import JobConfig
from speechmatics.models.delivery import FetchData
from speechmatics.models.job import JobStatus

__all__ = ["Worker", "transcript_of"]

FORMAT = "2.9"
"""Version of json-v2 that transcripts have."""
FETCH_ATTEMPTS = 3
FETCH_DELAY = 0.2
"""Seconds between two attempts to fetch."""
_FETCH_AGENT = "Speechmatics-API/2.0"


class Worker:
    """Does jobs in the order they come."""

    def __init__(self, store: JobStore, engine: Engine, audio_dir: Path) -> None:
        self._store = store
        self._engine = engine
        self._audio_dir = audio_dir
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="speechmatics-local-worker", daemon=True)

    def start(self) -> None:
        """Begins with the jobs that an earlier run left undone."""
        for job in self._store.running():
            self.take(job.id)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Ends after the job in hand; does not wait for it longer than `seconds`."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join(seconds)

    def take(self, job_id: str) -> None:
        """Adds a job."""
        self._queue.put(job_id)

    def audio_of(self, job_id: str) -> Path:
        """Where the audio of a job is kept."""
        return self._audio_dir / job_id

    def _run(self) -> None:
        while (job_id := self._queue.get()) is not None and not self._stopping.is_set():
            job = self._store.get(job_id)
            if job.status == JobStatus.RUNNING:
                self._do(job)
            # A job whose end could not be written down begins anew with the next server, and needs its audio.
            if not self._store.closed:
                self.audio_of(job_id).unlink(missing_ok=True)

    def _do(self, job: Job) -> None:
        with leniency(Leniency.SILENT):
            config = JobConfig.model_validate(job.config)
        audio = self.audio_of(job.id)
        try:
            if config.fetch_data is not None and (errors := self._fetch(job, config.fetch_data, audio)):
                self._store.reject(job.id, errors)
                return
            self._store.write_log(job.id, "recognition begins")
            heard = self._engine.transcribe(audio, config)
            self._store.write_log(job.id, f"recognition ends: {len(heard.results)} results, {heard.duration:.2f} s")
            self._store.finish(job.id, transcript_of(job, heard.duration, heard.results), heard.duration)
        except UnreadableAudio as error:
            self._reject(job, str(error))
        except Exception as error:
            self._reject(job, f"the engine failed: {type(error).__name__}: {error}")

    def _reject(self, job: Job, reason: str) -> None:
        self._store.write_log(job.id, f"rejected: {reason}")
        self._store.reject(job.id, [{"timestamp": now(), "message": reason}])

    def _fetch(self, job: Job, source: FetchData, audio: Path) -> list[dict[str, str]]:
        """Fetches the audio; gives one error for each attempt if none succeeded."""
        errors: list[dict[str, str]] = []
        given = (header.partition(":") for header in source.auth_headers or ())
        headers = httpx.Headers({name: value.strip() for name, _, value in given}, encoding="utf-8")
        headers.setdefault("User-Agent", _FETCH_AGENT)
        for attempt in range(FETCH_ATTEMPTS):
            if attempt:
                time.sleep(FETCH_DELAY)
            try:
                with httpx.stream("GET", source.url, headers=headers, follow_redirects=True) as response:
                    if response.is_success:
                        with audio.open("wb") as file:
                            for chunk in response.iter_bytes():
                                file.write(chunk)
                        self._store.write_log(job.id, "audio fetched")
                        return []
                    reason = f"http status {response.status_code}"
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                reason = str(error) or type(error).__name__
            errors.append({"timestamp": now(), "message": f"Audio fetch error, {reason}"})
            self._store.write_log(job.id, errors[-1]["message"])
        return errors


def transcript_of(job: Job, duration: float, results: list[dict[str, Any]]) -> dict[str, Any]:
    """What the API answers where a job's audio had these results."""
    info: dict[str, Any] = {
        "id": job.id,
        "created_at": job.created_at,
        "data_name": job.data_name,
        "duration": round(duration),
    }
    if job.config.get("tracking"):
        info["tracking"] = job.config["tracking"]
    metadata: dict[str, Any] = {
        "created_at": now(),
        "type": "transcription",
        "transcription_config": job.config["transcription_config"],
        "language_pack_info": LANGUAGE_PACK,
    }
    if job.config.get("output_config"):
        metadata["output_config"] = job.config["output_config"]
    return {"format": FORMAT, "job": info, "metadata": metadata, "results": results}
