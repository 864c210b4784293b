"""Submitting and waiting as one conversation."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

from speechmatics._core import endpoints
from speechmatics._core.arguments import check_callback, check_seconds
from speechmatics._core.audio_input import AsyncAudioInput
from speechmatics._core.prepared import Progress
from speechmatics._core.readers import JobT, Readers, TranscriptT, UsageT
from speechmatics._core.session import Session
from speechmatics._core.steps import Flow
from speechmatics._core.submission import submit_job
from speechmatics._core.waiting import wait_for_completion
from speechmatics.models.config import BatchTranscriptionConfig, ConfigSource
from speechmatics.models.job import JobDetails

__all__ = ["transcribe"]

LEAST_TIMEOUT = 0.001
"""Seconds in place of none: a wait of 0 is one poll, however long that takes."""

_logger = logging.getLogger("speechmatics")


def transcribe(
    audio: AsyncAudioInput | None,
    source: ConfigSource | None,
    transcription_format: object,
    session: Session,
    readers: Readers[JobT, TranscriptT, UsageT],
    *,
    timeout: float | None = None,
    on_status: Callable[[JobDetails], None] | None = None,
    on_progress: Progress | None = None,
) -> Flow[TranscriptT | str]:
    """Submits audio, waits for the job, and gives its transcript; all of it takes `timeout` at most.

    Raises:
        AudioError, ConfigError, InvalidInputError, UnknownFormatError: An argument is wrong; nothing is sent.
        SubmissionUncertainError, APIStatusError, RequestError: As `submit_job`.
        TranscriptionError, WaitTimeoutError: As `wait_for_completion`.
    """
    endpoints.text_format(transcription_format)
    timeout = check_seconds("timeout", timeout)
    check_callback("on_status", on_status)
    config = _english() if source is None else source
    started = session.clock()
    job_id = yield from submit_job(audio, config, session, on_progress=on_progress, timeout=timeout)
    request, read = readers.get_transcript(job_id, transcription_format)
    # What is left may be nothing by now; 0 would have the job polled once, however long that takes.
    left = None if timeout is None else max(started + timeout - session.clock(), LEAST_TIMEOUT)
    return (yield from wait_for_completion(request, job_id, read, session, timeout=left, on_status=on_status))


def _english() -> BatchTranscriptionConfig:
    """The configuration of those who give none."""
    _log_default_language()
    return BatchTranscriptionConfig()


@cache
def _log_default_language() -> None:
    _logger.info('no configuration was given: the audio is transcribed as English, `"language": "en"`')
