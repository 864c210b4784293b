"""Dataframes of transcripts that are named by URLs, or that a bag holds."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyarrow.dataset import dataset

from speechmatics import InvalidInputError, InvalidResponseError, Transcript, validate_transcripts
from speechmatics.dask import TranscribedFile, validate, words
from speechmatics.frames import SCHEMAS, read_folder, to_pandas

WORD = {"type": "word", "start_time": 0, "end_time": 1, "alternatives": [{"content": "w", "confidence": 1}]}
GOOD: dict[str, Any] = {"format": "2.9", "metadata": {}, "results": [WORD, WORD]}
BAD: dict[str, Any] = {"format": "2.9", "metadata": {}, "results": [{**WORD, "end_time": -1}]}


@pytest.fixture(autouse=True)
def in_this_thread() -> Iterator[None]:
    """Without a cluster, which dataframes do not need."""
    dask_config: Any = import_module("dask.config")
    with dask_config.set(scheduler="synchronous"):
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five transcripts, of which one is wrong."""
    for number, content in enumerate([GOOD, GOOD, BAD, GOOD, GOOD]):
        (tmp_path / f"{number}.json").write_text(json.dumps(content))
    return tmp_path


def computed(frame: Any) -> pd.DataFrame:
    """What a dataframe holds."""
    found: pd.DataFrame = frame.compute().reset_index(drop=True)
    return found


def test_words_are_those_of_frames(folder: Path) -> None:
    """With the same columns and types, in the order of names, in parts of some files."""
    frame: Any = words(f"{folder}/*.json", files_per_part=2)
    assert frame.npartitions == 3
    expected = to_pandas(read_folder(folder))
    pd.testing.assert_frame_equal(computed(frame), expected)
    assert [*frame.dtypes] == [*expected.dtypes]


def test_problems_are_those_of_validation(folder: Path) -> None:
    """A row each; a file that is not there has one too."""
    records = [record for report in validate_transcripts(folder) for record in report.to_records()]
    assert records
    found = computed(validate([*map(str, sorted(folder.iterdir())), folder / "missing.json"]))
    assert found.iloc[: len(records)].to_dict("records") == records
    [missing] = found.iloc[len(records) :].to_dict("records")
    assert (missing["code"], missing["source"]) == ("unreadable", str(folder / "missing.json"))


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # dask 2026.8 uses it, and pandas 3.1 warns
def test_parquet_is_written_where_a_url_says(folder: Path) -> None:
    """And read back with the types of the level."""
    frame: Any = words(f"file://{folder}/*.json", files_per_part=3)
    frame.to_parquet(f"file://{folder}/words", write_index=False)
    assert len(sorted((folder / "words").glob("*.parquet"))) == 2
    read = dataset(folder / "words", format="parquet")
    assert read.schema.remove_metadata().equals(SCHEMAS["words"])
    assert read.count_rows() == 9


def test_other_places_are_read_by_their_urls() -> None:
    """`memory://` stands for any that fsspec knows."""
    filesystem: Any = import_module("fsspec").filesystem("memory")
    filesystem.pipe("/place/a.json", json.dumps(GOOD).encode())
    assert computed(words("memory://place/*.json"))["transcript_id"].tolist() == ["memory:///place/a.json"] * 2
    filesystem.rm("/place", recursive=True)


def test_results_of_a_bag_are_taken(folder: Path) -> None:
    """Those that hold their transcript, those that were saved, and none of those that failed."""
    results = [
        TranscribedFile("a.wav", transcript=GOOD),
        TranscribedFile("b.wav", output=str(folder / "2.json")),
        TranscribedFile("c.wav", error="RequestError: no"),
    ]
    bag: Any = import_module("dask.bag").from_sequence(results, npartitions=2)
    assert computed(words(bag))["transcript_id"].tolist() == ["a.wav", "a.wav", str(folder / "2.json")]
    problems = computed(validate(bag))
    assert set(problems["source"]) == {"a.wav", str(folder / "2.json")}
    assert results[0].load() == Transcript.model_validate(GOOD)
    assert results[1].load() == Transcript.from_file(folder / "2.json")
    with pytest.raises(InvalidInputError, match=r"c\.wav has no transcript: RequestError: no"):
        results[2].load()


def test_a_file_that_is_no_transcript_is_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By an error, or by a line of the log where it is to be passed over."""
    (folder / "9.json").write_text("{")
    with pytest.raises(InvalidResponseError, match=r"9\.json: "):
        computed(words(f"{folder}/*.json"))
    with pytest.raises(InvalidResponseError, match=r"missing\.json: "):
        computed(words(folder / "missing.json"))
    with caplog.at_level(logging.WARNING, "speechmatics"):
        assert len(computed(words(f"{folder}/*.json", skip_unreadable=True))) == 9
    assert "9.json is passed over" in caplog.text


def test_nothing_has_the_columns_too(tmp_path: Path) -> None:
    """Of a pattern that fits no file."""
    assert [*computed(words(f"{tmp_path}/*.json")).columns] == SCHEMAS["words"].names
    assert [*computed(validate([])).columns] == SCHEMAS["problems"].names


def test_wrong_arguments_are_errors() -> None:
    """At once."""
    anything: Any = words
    for files in (3, None, {"a": 1}, b"a.json", [3], [""]):
        with pytest.raises(InvalidInputError, match="must be"):
            anything(files)
    for number in (0, True):
        with pytest.raises(InvalidInputError, match="files_per_part must be 1 or more"):
            words([], files_per_part=number)
    with pytest.raises(InvalidInputError, match="has a password in it") as caught:
        validate("ftp://me:secret@host/a.json")
    assert "secret" not in str(caught.value)
