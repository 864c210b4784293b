"""Audio files -> transcripts on a cluster, so that a task that runs again finds the job that it made."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from typing_extensions import TypeIs

from speechmatics import BatchClient, JsonObject, RateLimitError, SpeechmaticsError, Transcript
from speechmatics.dask.limits import ClusterLimits, holding_job, holding_lock, holding_turn, note_refusal
from speechmatics.dask.storage import as_url, exists, find_files, name_of, open_file, read_file, write_file
from speechmatics.exceptions import InvalidInputError
from speechmatics.models import as_job_config
from speechmatics.models.config import ConfigSource, JobConfig

if TYPE_CHECKING:
    from dask.bag import Bag

__all__ = ["Files", "TranscribedFile", "is_bag", "submission_id_of", "transcribe"]

Files: TypeAlias = "str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | Bag"
"""Paths or fsspec URLs: one, which may be a pattern as in `s3://calls/*.wav`, several, or a bag of them."""

_BLOCK = 1 << 20

_logger = logging.getLogger("speechmatics")


@dataclass(frozen=True, slots=True)
class TranscribedFile:
    """What became of an audio file.

    Attributes:
        url: The audio.
        submission_id: Of its submission; None where the audio could not be read.
        job_id: The job; None where there is none, or where the transcript was there already.
        transcript: The transcript as the service sent it; None where it was saved, or there is none.
        output: The URL of the saved transcript.
        error: Why there is no transcript; None where there is one.
    """

    url: str
    submission_id: str | None = None
    job_id: str | None = None
    transcript: JsonObject | None = field(default=None, repr=False)
    output: str | None = None
    error: str | None = None

    def load(self) -> Transcript:
        """The transcript, read from where it was saved.

        Raises:
            InvalidInputError: There is none; the message is `error`.
            InvalidResponseError, OSError: What was saved is no transcript any more, or cannot be read.
        """
        if self.transcript is not None:
            return Transcript.model_validate(self.transcript)
        if self.output is None:
            raise InvalidInputError(f"{self.url} has no transcript: {self.error}")
        return Transcript.from_json(read_file(self.output))


def transcribe(
    audio: Files,
    config: ConfigSource,
    *,
    output: str | os.PathLike[str] | None = None,
    limits: ClusterLimits | None = None,
    files_per_task: int = 1,
    salt: str = "",
) -> Bag:
    """A bag of `TranscribedFile`, one for each audio file, in their order; nothing is sent before it is computed.

    A thread of a worker is busy with one file until its job is done: the workers need as many threads in all as jobs
    are to be in flight. Keys and other settings come from the environment of the workers (`SPEECHMATICS_API_KEY`), as
    do the credentials of storage; no task holds one. A file that has no transcript is a result with an `error`.

    A task that runs again, because its worker died, finds the job that it made: the submission's id is derived from the
    audio, the configuration and `salt`, and two tasks with one id wait for each other. Files with the same bytes have
    the same id, and one job.

    Args:
        audio: Paths or fsspec URLs: one, which may be a pattern, several, or a bag of them, which keeps its partitions.
        config: The configuration of each, as for `BatchClient.submit_job`.
        output: Path or URL of a folder into which each transcript is written, as `SUBMISSION_ID.json`. A file whose
            transcript is there is not sent again, in later runs neither. None: results hold their transcripts.
        limits: What the cluster may do at once; None for `ClusterLimits()`.
        files_per_task: Files that a task does one after the other; more make graphs of very many files smaller.
        salt: A part of the submissions' ids: another one makes new jobs, for files whose jobs were rejected, say.

    Raises:
        ConfigError, InvalidInputError: An argument is wrong, or the configuration holds `auth_headers`, which each task
            would show.

    Example:
        >>> results = transcribe("s3://calls/*.wav", {...}, output="s3://transcripts")
        >>> failed = results.filter(lambda result: result.error).compute()
    """
    wire = _checked_config(config)
    folder = None if output is None else as_url(output).rstrip("/")
    if isinstance(files_per_task, bool) or files_per_task < 1:
        raise InvalidInputError(f"files_per_task must be 1 or more, not {files_per_task!r}")
    bag: Any = audio
    if not is_bag(audio):
        bag = import_module("dask.bag").from_sequence([*find_files(audio)], partition_size=files_per_task)
    results: Bag = bag.map(transcribe_file, wire, folder, limits or ClusterLimits(), salt)
    return results


def is_bag(files: object) -> TypeIs[Bag]:
    """Whether files come as a bag."""
    return isinstance(files, import_module("dask.bag").Bag)


def _checked_config(config: ConfigSource) -> JsonObject:
    job_config: JobConfig = as_job_config(config)
    if job_config.fetch_data is not None:
        raise InvalidInputError("the audio is given as files; fetch_data would be another")
    if any(notification.auth_headers for notification in job_config.notification_config or ()):
        raise InvalidInputError("auth_headers of a notification would stand in each task; give a notification none")
    return job_config.to_dict()


def submission_id_of(audio: BinaryIO, config: JsonObject, salt: str = "") -> str:
    """The id of a submission, from the bytes of its audio, its configuration and salt: 64 hexadecimal digits."""
    digest = hashlib.sha256(json.dumps([config, salt], sort_keys=True).encode())
    while block := audio.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def transcribe_file(
    url: object, config: JsonObject, output: str | None, limits: ClusterLimits, salt: str
) -> TranscribedFile:
    """What a task does with a file."""
    result = TranscribedFile(as_url(url))
    try:
        with open_file(result.url) as audio:
            result = replace(result, submission_id=submission_id_of(audio, config, salt))
            audio.seek(0)
            return _once(result, audio, config, output, limits)
    except Exception as error:  # of storage too, whose errors are of many kinds
        job_id = error.job_id if isinstance(error, SpeechmaticsError) else None
        return replace(result, job_id=job_id, error=f"{type(error).__name__}: {error}")


def _once(
    result: TranscribedFile, audio: BinaryIO, config: JsonObject, output: str | None, limits: ClusterLimits
) -> TranscribedFile:
    """The result of a file, whose job is made if there is none yet."""
    submission_id = result.submission_id or ""
    saved = None if output is None else f"{output}/{submission_id}.json"
    if saved is not None and exists(saved):
        return replace(result, output=saved)
    with holding_lock(submission_id):
        if saved is not None and exists(saved):  # another task has made it meanwhile
            return replace(result, output=saved)
        client = _process_client(limits)
        with holding_job(limits):
            job_id = _submit(client, limits, (name_of(result.url), audio), config, submission_id, output)
            transcript = client.wait_for_completion(job_id, "json-v2")
        if saved is None:
            return replace(result, job_id=job_id, transcript=transcript)
        write_file(saved, json.dumps(transcript, ensure_ascii=False).encode())
        return replace(result, job_id=job_id, output=saved)


def _submit(
    client: BatchClient,
    limits: ClusterLimits,
    audio: tuple[str, BinaryIO],
    config: JsonObject,
    submission_id: str,
    output: str | None,
) -> str:
    """The job of a submission; one that may have been made earlier is looked for."""
    started = None if output is None else f"{output}/{submission_id}.started"
    look_first = started is None or exists(started)
    if started is not None and not look_first:
        write_file(started, b"")
    while True:
        with holding_turn(limits):
            try:
                return client.submit_job(audio, config, submission_id=submission_id, look_first=look_first)
            except RateLimitError as error:  # there is no job
                note_refusal(limits, error)
                audio[1].seek(0)


_clients: dict[ClusterLimits, BatchClient] = {}
_clients_lock = threading.Lock()


def _process_client(limits: ClusterLimits) -> BatchClient:
    """The client of this process, with settings from its environment; what it is refused slows the cluster down."""
    with _clients_lock:
        if limits not in _clients:
            _clients[limits] = BatchClient(on_retry=lambda retry: note_refusal(limits, retry.error))
        return _clients[limits]
