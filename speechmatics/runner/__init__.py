"""Many files, one call: submitted, waited for, fetched and written, with a journal that resumes what was killed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from typing_extensions import Unpack

from speechmatics import _installation as _installation
from speechmatics.models.config import ConfigSource
from speechmatics.runner.run import RunOptions, TranscriptionRun
from speechmatics.runner.sources import EXTENSIONS, SourceInput
from speechmatics.runner.summary import FileEvent, FileResult, RunPlan, RunSummary

__all__ = [
    "EXTENSIONS",
    "FileEvent",
    "FileResult",
    "RunOptions",
    "RunPlan",
    "RunSummary",
    "SourceInput",
    "TranscriptionRun",
    "transcribe_files",
    "transcribe_files_async",
]


def transcribe_files(
    sources: SourceInput | Iterable[SourceInput],
    config: ConfigSource,
    output_dir: str | os.PathLike[str],
    *,
    on_event: Callable[[FileEvent], object] = lambda event: None,
    **options: Unpack[RunOptions],
) -> RunSummary:
    """Transcribes many files, each to an output of the same name; what an earlier call was done with is skipped.

    Example:
        >>> summary = transcribe_files("calls/", {"transcription_config": {"language": "en"}}, "out")  # doctest: +SKIP
        >>> summary.done, summary.failed  # doctest: +SKIP
        (998, 2)

    Args:
        sources: Files, folders, patterns (`calls/**/*.wav`), URLs and manifests (`.jsonl`), in stores too (`s3://`).
        config: The configuration of all.
        output_dir: Where outputs go, and the journal; a folder of a store (`s3://bucket/folder`) needs `journal` too.
        on_event: Called with an event for each file, by the thread that called this function.
        **options: As for `TranscriptionRun`.

    Raises:
        ConfigError, InvalidInputError, SettingsError: An argument is wrong, or outputs collide; nothing was sent.
        AuthenticationError, PermissionDeniedError: The service does not take the key.
        RequestError: The service cannot be reached; the next call continues.
        SpeechmaticsError: Another run uses the journal.
    """
    run = TranscriptionRun(sources, config, output_dir, **options)
    for event in run:
        on_event(event)
    return run.summary


async def transcribe_files_async(
    sources: SourceInput | Iterable[SourceInput],
    config: ConfigSource,
    output_dir: str | os.PathLike[str],
    *,
    on_event: Callable[[FileEvent], object] = lambda event: None,
    **options: Unpack[RunOptions],
) -> RunSummary:
    """As `transcribe_files`, awaited; a task that is cancelled leaves the jobs running, and the next call continues."""
    return await TranscriptionRun(sources, config, output_dir, **options).run(on_event)
