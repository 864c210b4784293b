"""What type checkers infer of `speechmatics.dask`; checked, never run.

Each `type: ignore` marks an argument that must be rejected: a checker that accepts it reports the comment as unused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_type

from dask.bag import Bag
from dask.dataframe import DataFrame

from speechmatics import JobConfig, Transcript
from speechmatics.dask import ClusterLimits, TranscribedFile, transcribe, validate, words

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}


def collections(bag: Bag, config: JobConfig, result: TranscribedFile) -> None:
    """Bags and dataframes, of paths and of bags."""
    assert_type(transcribe("s3://calls/*.wav", CONFIG, output=Path("out")), Bag)
    assert_type(transcribe([Path("a.wav"), "b.wav"], config, limits=ClusterLimits(jobs=2)), Bag)
    assert_type(words(transcribe(bag, config), skip_unreadable=True), DataFrame)
    assert_type(validate(["a.json"], strict=True), DataFrame)
    assert_type(result.load(), Transcript)
    assert_type(result.error, str | None)


def rejected(config: JobConfig) -> None:
    """What is no file, and what is no limit."""
    transcribe([3], config)  # type: ignore[list-item]
    transcribe("a.wav", config, limits=20)  # type: ignore[arg-type]
