"""The arithmetic of shares, and what a submission is known by."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from speechmatics import InvalidInputError, JobConfig
from speechmatics.dask import ClusterLimits, transcribe
from speechmatics.dask.limits import PAUSE, RECOVERY_SECONDS, recovered
from speechmatics.dask.storage import exists, name_of, read_file, write_file
from speechmatics.dask.transcription import submission_id_of

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}


@pytest.mark.parametrize(("rate", "turns"), [(10, 10), (10.9, 10), (1, 1), (0.25, 1), (1e9, 10**9)])
def test_turns_are_the_submissions_of_a_second(rate: float, turns: int) -> None:
    """At least one, which is then kept for longer."""
    assert ClusterLimits(submissions_per_second=rate).turns == turns


def test_a_lowered_rate_recovers() -> None:
    """After the pause, in a minute from nothing to all."""
    limits = ClusterLimits(submissions_per_second=10)
    assert recovered(2, 0, limits) == (2, PAUSE)
    assert recovered(2, -5, limits) == (2, PAUSE)  # by the clock of another machine
    assert recovered(2, PAUSE / 2, limits) == (2, PAUSE / 2)
    assert recovered(2, PAUSE + RECOVERY_SECONDS / 2, limits) == (7, 0)
    assert recovered(2, 1e9, limits) == (10, 0)


def test_an_id_is_that_of_audio_configuration_and_salt() -> None:
    """The same whatever the order of keys, and another where one of the three is another."""
    turned = {"transcription_config": {"language": "en"}, "type": "transcription"}
    one = submission_id_of(BytesIO(b"audio"), CONFIG)
    assert one == submission_id_of(BytesIO(b"audio"), turned)
    others = [
        submission_id_of(BytesIO(b"audi0"), CONFIG),
        submission_id_of(BytesIO(b"audio"), {**CONFIG, "transcription_config": {"language": "de"}}),
        submission_id_of(BytesIO(b"audio"), CONFIG, "again"),
    ]
    assert len({one, *others}) == 4
    big = b"x" * (1 << 20)
    assert submission_id_of(BytesIO(big + b"1"), CONFIG) != submission_id_of(BytesIO(big + b"2"), CONFIG)


def test_a_saved_file_is_whole_or_not_there(tmp_path: Path) -> None:
    """Folders are made, what was there is replaced, and a name is that of the file alone."""
    url = f"file://{tmp_path}/a/b/c.json"
    assert not exists(url)
    write_file(url, b"1")
    write_file(url, b"22")
    assert exists(url)
    assert read_file(url) == b"22"
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["c.json"]
    assert [name_of(name) for name in ("s3://b/x/call.wav", "call.wav", "https://h/call.wav?x=/y", "s3://b/x/")] == [
        "call.wav",
        "call.wav",
        "call.wav",
        "x",
    ]


def test_without_a_cluster_it_says_so(tmp_path: Path) -> None:
    """Nothing is sent."""
    (tmp_path / "a.wav").write_bytes(b"audio")
    bag: Any = transcribe(tmp_path / "a.wav", CONFIG)
    [result] = bag.compute(scheduler="synchronous")
    assert result.error == (
        "InvalidInputError: transcribe runs on the workers of a cluster: make a distributed.Client before"
    )


@pytest.mark.slow
def test_without_dask_the_extra_is_named() -> None:
    """As soon as the module is imported."""
    code = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "distributed":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from speechmatics import MissingExtraError
try:
    import speechmatics.dask
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install ".[dask]"' in done.stdout


def test_wrong_arguments_are_errors_before_anything_is_sent(tmp_path: Path) -> None:
    """As are configurations that would put a secret into each task."""
    with pytest.raises(InvalidInputError, match="jobs must be 1 or more"):
        ClusterLimits(jobs=0)
    with pytest.raises(InvalidInputError, match="submissions_per_second must be more than 0"):
        ClusterLimits(submissions_per_second=float("inf"))
    with pytest.raises(InvalidInputError, match="name must not be empty"):
        ClusterLimits(name="")
    with pytest.raises(InvalidInputError, match="files_per_task must be 1 or more"):
        transcribe([], CONFIG, files_per_task=0)
    with pytest.raises(InvalidInputError, match="language"):
        transcribe([], {"type": "transcription", "transcription_config": {}})
    notified = {**CONFIG, "notification_config": [{"url": "https://h/n", "auth_headers": ["Authorization: s3cret"]}]}
    with pytest.raises(InvalidInputError, match="auth_headers of a notification") as caught:
        transcribe([], JobConfig.model_validate(notified))
    assert "s3cret" not in str(caught.value)
    with pytest.raises(InvalidInputError, match="fetch_data would be another"):
        transcribe([], {**CONFIG, "fetch_data": {"url": "https://h/a.wav"}})
