"""Rows for dataframes: the same columns whatever a transcript holds, in polars, pandas and pyarrow."""

from __future__ import annotations

from typing import Any, get_type_hints

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings

from speechmatics import WORD_COLUMNS, Transcript, WordRecord
from speechmatics.testing import transcripts

GENERATED = 50
ARROW = pa.schema([(name, pa.string() if kind is str else pa.float64()) for name, kind in WORD_COLUMNS.items()])
PANDAS = {name: "string" if kind is str else "float64" for name, kind in WORD_COLUMNS.items()}


def word(second: int, **others: Any) -> dict[str, Any]:
    """A word of a second."""
    reading = {"content": f"w{second}", "confidence": 0.9, "language": "en"}
    return {"type": "word", "start_time": second, "end_time": second + 1, "alternatives": [reading], **others}


def transcript_of(*results: dict[str, Any], **others: Any) -> Transcript:
    """A transcript with these results."""
    return Transcript.model_validate({"format": "2.9", "metadata": {}, "results": results, **others})


LATE_ENTITY = transcript_of(
    *(word(second) for second in range(150)),
    {
        **word(150, type="entity", entity_class="date", channel="channel_1", volume=40.5),
        "written_form": [word(150)],
    },
)
"""What is None in the first hundred rows, from which polars and pandas guess the types of columns, and not later."""


@pytest.fixture(scope="module")
def many() -> list[Transcript]:
    """Fifty generated transcripts, an empty one, and one whose columns change late."""
    generated = [transcript_of(), LATE_ENTITY]

    @settings(max_examples=GENERATED, phases=[Phase.generate], database=None)
    @given(transcripts())
    def generate(transcript: Transcript) -> None:
        generated.append(transcript)

    generate()
    assert len(generated) > GENERATED
    return generated


def test_the_columns_are_those_of_a_record() -> None:
    """In the same order, with the types that are not None."""
    hints = get_type_hints(WordRecord)
    assert list(hints) == list(WORD_COLUMNS)
    assert all(hint in (kind, kind | None) for hint, kind in zip(hints.values(), WORD_COLUMNS.values(), strict=True))
    for record in LATE_ENTITY.to_records():
        assert list(record) == list(WORD_COLUMNS)


def test_a_record_says_of_which_transcript_it_is() -> None:
    """By the id that is given, else by that of its job, which containers do not have."""
    job = {"id": "j1", "created_at": "2026-01-01T00:00:00Z", "data_name": "a.wav", "duration": 1}
    of_a_job = transcript_of(word(0), job=job)
    assert [record["transcript_id"] for record in of_a_job.to_records()] == ["j1"]
    assert [record["transcript_id"] for record in of_a_job.to_records(transcript_id="mine")] == ["mine"]
    assert [record["transcript_id"] for record in transcript_of(word(0)).to_records()] == [None]


def test_polars_takes_them(many: list[Transcript]) -> None:
    """Each transcript by itself, and all together."""
    frames = [pl.DataFrame(transcript.to_records(), schema=WORD_COLUMNS) for transcript in many]
    assert all(frame.schema == pl.DataFrame(schema=WORD_COLUMNS).schema for frame in frames)
    whole = pl.concat(frames)
    assert whole.rows(named=True) == [record for transcript in many for record in transcript.to_records()]


def test_pandas_takes_them(many: list[Transcript]) -> None:
    """With the columns in their order where there is no row; typed alike, they are joined without a warning."""
    frames = [pd.DataFrame(list(transcript.to_records()), columns=list(WORD_COLUMNS)) for transcript in many]
    assert {tuple(frame.columns) for frame in frames} == {tuple(WORD_COLUMNS)}
    whole = pd.concat([frame.astype(PANDAS) for frame in frames], ignore_index=True)
    records = [record for transcript in many for record in transcript.to_records()]
    assert whole.dtypes.astype(str).to_dict() == PANDAS
    assert whole["content"].tolist() == [record["content"] for record in records]
    assert whole["entity_class"].isna().tolist() == [record["entity_class"] is None for record in records]


def test_pyarrow_takes_them(many: list[Transcript]) -> None:
    """By a schema of its own types."""
    tables = [pa.Table.from_pylist([*transcript.to_records()], schema=ARROW) for transcript in many]
    whole = pa.concat_tables(tables)
    assert whole.schema == ARROW
    assert whole.to_pylist() == [record for transcript in many for record in transcript.to_records()]
