"""Paths of what is read as a whole: pipes and devices, which may be silent or endless, are refused at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from speechmatics import (
    ConfigNotReadableError,
    ConnectionSettings,
    JobConfig,
    SettingsError,
    Transcript,
    TranscriptNotReadableError,
    validate_config,
    validate_transcript,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such files")

WAYS: dict[str, tuple[Callable[[Path], Any], type[Exception]]] = {
    "transcript": (Transcript.from_file, TranscriptNotReadableError),
    "configuration": (JobConfig.from_file, ConfigNotReadableError),
    "profiles": (lambda path: ConnectionSettings(config_file=path), SettingsError),
    "env file": (lambda path: ConnectionSettings(env_file=path), SettingsError),
}


@pytest.fixture(params=["pipe", "device", "folder"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What has a path, and is no file that could be read to its end."""
    if request.param == "folder":
        return tmp_path
    if request.param == "device":
        return Path("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_regular_file_is_refused(way: str, odd: Path) -> None:
    """Each reader says so with the path."""
    read, error = WAYS[way]
    with pytest.raises(error, match=r"no regular file|folder") as caught:
        read(odd)
    assert str(odd) in str(caught.value)


@pytest.mark.parametrize("validate", [validate_config, validate_transcript])
def test_validation_reports_it(validate: Callable[[Path], Any], odd: Path) -> None:
    """As what cannot be read."""
    [problem] = validate(odd)
    assert problem.code == "unreadable"
    assert "no regular file" in problem.message or "folder" in problem.message
