"""Tables of transcripts, jobs and problems: one schema a level, which every program reads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, get_type_hints

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pytest
from hypothesis import Phase, given, settings

from speechmatics import (
    InvalidInputError,
    InvalidResponseError,
    JobDetails,
    ProblemRecord,
    SpeechmaticsError,
    Transcript,
    TranscriptNotReadableError,
    validate_transcript,
    validate_transcripts,
)
from speechmatics.frames import (
    SCHEMAS,
    JobRecord,
    Level,
    TranscriptLevel,
    read_folder,
    to_arrow,
    to_pandas,
    to_polars,
    write_parquet,
)
from speechmatics.frames.tables import BATCH_ROWS, HELD_TABLES
from speechmatics.testing import job_details, transcripts

GENERATED = 50
LEVELS: tuple[TranscriptLevel, ...] = ("words", "turns", "sentences")
ALL_LEVELS: tuple[Level, ...] = (*LEVELS, "jobs", "problems")


def word(second: int, **others: Any) -> dict[str, Any]:
    """A word of a second."""
    reading = {"content": f"w{second}", "confidence": 0.9, "language": "en"}
    return {"type": "word", "start_time": second, "end_time": second + 1, "alternatives": [reading], **others}


def transcript_of(*results: dict[str, Any], **others: Any) -> Transcript:
    """A transcript with these results."""
    return Transcript.model_validate({"format": "2.9", "metadata": {}, "results": results, **others})


def of_job(job_id: str, *results: dict[str, Any]) -> Transcript:
    """A transcript of a job."""
    job = {"id": job_id, "created_at": "2026-01-01T00:00:00Z", "data_name": "a.wav", "duration": 1}
    return transcript_of(*results, job=job)


@pytest.fixture(scope="module")
def many() -> list[Transcript]:
    """Fifty generated transcripts, and an empty one."""
    generated = [transcript_of()]

    @settings(max_examples=GENERATED, phases=[Phase.generate], database=None)
    @given(transcripts())
    def generate(transcript: Transcript) -> None:
        generated.append(transcript)

    generate()
    assert len(generated) > GENERATED
    return generated


@pytest.fixture(scope="module")
def jobs() -> list[JobDetails]:
    """Fifty generated jobs."""
    generated: list[JobDetails] = []

    @settings(max_examples=GENERATED, phases=[Phase.generate], database=None)
    @given(job_details())
    def generate(job: JobDetails) -> None:
        generated.append(job)

    generate()
    return generated


def save(folder: Path, many: list[Transcript]) -> None:
    """Each transcript as a file, in their order."""
    for number, transcript in enumerate(many):
        (folder / f"{number:03}.json").write_text(transcript.to_json(), encoding="utf-8")


def passages_of(transcript: Transcript, level: TranscriptLevel) -> Iterator[dict[str, Any]]:
    """The rows of turns and sentences."""
    job_id = transcript.job.id if transcript.job else None
    for passage in transcript.turns() if level == "turns" else transcript.sentences():
        yield {
            "transcript_id": job_id,
            "speaker": passage.speaker,
            "channel": passage.channel,
            "language": passage.language,
            "start_time": passage.start,
            "end_time": passage.end,
            "text": passage.text,
            "words": len(passage.words),
        }


@pytest.mark.parametrize("level", LEVELS)
def test_transcripts_of_all_kinds_have_one_schema_and_concatenate(
    many: list[Transcript], level: TranscriptLevel
) -> None:
    """Each table has the level's schema; together they hold what the transcripts say, in their order."""
    tables = [transcript.to_arrow(level) for transcript in many]
    assert all(table.schema.equals(SCHEMAS[level]) for table in tables)
    whole = pa.concat_tables(tables)
    rows = [
        row
        for transcript in many
        for row in (transcript.to_records() if level == "words" else passages_of(transcript, level))
    ]
    assert whole.to_pylist() == rows
    assert to_arrow(many, level).equals(whole)


def test_the_columns_are_those_of_the_records() -> None:
    """In their order."""
    assert SCHEMAS["jobs"].names == list(get_type_hints(JobRecord))
    assert SCHEMAS["problems"].names == list(get_type_hints(ProblemRecord))


def test_a_row_says_of_which_transcript_it_is() -> None:
    """By the key it was given under, by the argument, else by the id of the job."""
    of_a_job, bare = of_job("j1", word(0)), transcript_of(word(0))
    assert to_arrow([of_a_job, bare])["transcript_id"].to_pylist() == ["j1", None]
    assert to_arrow({"a": of_a_job, "b": bare}, "turns")["transcript_id"].to_pylist() == ["a", "b"]
    assert of_a_job.to_arrow(transcript_id="mine")["transcript_id"].to_pylist() == ["mine"]


def test_jobs_are_rows(jobs: list[JobDetails]) -> None:
    """One each, whatever they lack."""
    table = to_arrow(jobs, "jobs")
    assert table.schema.equals(SCHEMAS["jobs"])
    assert table["id"].to_pylist() == [job.id for job in jobs]
    assert table["status"].to_pylist() == [str(job.status) for job in jobs]
    assert table["created_at"].to_pylist() == [job.created_at for job in jobs]


def test_the_row_of_a_job_has_what_was_asked_for_and_what_went_wrong() -> None:
    """Of its configuration, its tracking and its errors."""
    job = JobDetails.model_validate(
        {
            "id": "j1",
            "status": "rejected",
            "created_at": "2026-01-01T01:00:00+01:00",
            "data_name": "a.wav",
            "duration": 10**400,
            "config": {
                "type": "transcription",
                "transcription_config": {"language": "de", "operating_point": "enhanced"},
                "tracking": {"title": "T", "reference": "R", "tags": ["x", "y"]},
            },
            "errors": [{"message": "first"}, {"timestamp": "then"}, {"message": "second"}],
        }
    )
    assert to_arrow(job, "jobs").to_pylist() == [
        {
            "source": None,
            "id": "j1",
            "status": "rejected",
            "created_at": datetime(2026, 1, 1, tzinfo=UTC),
            "data_name": "a.wav",
            "duration": float("inf"),
            "language": "de",
            "model": "enhanced",
            "title": "T",
            "reference": "R",
            "tags": "x,y",
            "errors": "first\nsecond",
        }
    ]


def test_a_transcript_is_a_row_of_jobs_too() -> None:
    """Its job is done; what an add-on failed by is among its errors."""
    transcript = transcript_of(
        metadata={
            "transcription_config": {"language": "en"},
            "translation_errors": [{"type": "translation_failed", "message": "no"}],
        },
        job={"id": "j", "created_at": "2026-01-01T00:00:00Z", "data_name": "a.wav", "duration": 2},
    )
    [row] = to_arrow([transcript], "jobs").to_pylist()
    assert (row["id"], row["status"], row["language"], row["duration"], row["errors"]) == ("j", "done", "en", 2.0, "no")
    [bare] = to_arrow(transcript_of(), "jobs").to_pylist()
    assert (bare["id"], bare["status"], bare["language"], bare["tags"]) == (None, "done", None, "")


def test_problems_are_rows(tmp_path: Path) -> None:
    """Those of one report or of many."""
    (tmp_path / "a.json").write_text('{"results": [{"type": "word", "start_time": -1}]}')
    (tmp_path / "b.json").write_text("nothing")
    report = validate_transcript(tmp_path / "a.json")
    assert to_arrow(report, "problems").to_pylist() == report.to_records()
    reports = [*validate_transcripts(tmp_path)]
    table = to_arrow(reports, "problems")
    assert table.to_pylist() == [record for report in reports for record in report.to_records()]
    assert read_folder(tmp_path, "problems").read_all().equals(table)


@pytest.mark.parametrize("level", ALL_LEVELS)
def test_nothing_has_the_schema_too(tmp_path: Path, level: Level) -> None:
    """Of an empty folder, and of an empty list."""
    assert read_folder(tmp_path, level).read_all().schema.equals(SCHEMAS[level])
    tables = [to_arrow([], "words"), to_arrow([], "jobs"), to_arrow([], "problems")]
    assert [table.num_rows for table in tables] == [0, 0, 0]


def test_parquet_is_read_by_pandas_polars_and_duckdb(tmp_path: Path, many: list[Transcript]) -> None:
    """Each finds the same rows."""
    save(tmp_path, many)
    for level in LEVELS:
        path = tmp_path / f"{level}.parquet"
        rows = write_parquet(read_folder(tmp_path, level), path)
        written = pads.dataset(path).to_table()
        expected = written.to_pylist()
        assert len(expected) == rows > 0
        assert written.schema.equals(SCHEMAS[level])
        assert pl.read_parquet(path).rows(named=True) == expected
        assert len(pd.read_parquet(path)) == rows
        with duckdb.connect() as connection:
            read = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
            names = [column[0] for column in read.description or ()]
            assert [dict(zip(names, row, strict=True)) for row in read.fetchall()] == expected


@pytest.mark.parametrize("level", ALL_LEVELS)
def test_dataframes_hold_the_same(tmp_path: Path, many: list[Transcript], level: Level) -> None:
    """From a table and from a stream."""
    save(tmp_path, many)
    table = read_folder(tmp_path, level).read_all()
    assert to_polars(read_folder(tmp_path, level)).rows(named=True) == table.to_pylist()
    frame = to_pandas(read_folder(tmp_path, level))
    assert pa.Table.from_pandas(frame, preserve_index=False).cast(table.schema).equals(table)
    assert [str(kind) for kind in frame.dtypes] == [
        f"{'double' if kind == pa.float64() else kind}[pyarrow]" for kind in table.schema.types
    ]


def test_dataframes_do_not_copy_numbers(many: list[Transcript]) -> None:
    """Numbers of both are where those of the table are."""
    table = to_arrow(many).combine_chunks()

    def address_of(data: pa.Table) -> int:
        """Where the numbers are."""
        [column] = data["start_time"].chunks
        buffer = column.buffers()[1]
        assert buffer is not None
        return buffer.address

    assert address_of(to_polars(table).to_arrow()) == address_of(table)
    assert address_of(pa.Table.from_pandas(to_pandas(table), preserve_index=False)) == address_of(table)


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    """In the order of names, lines of JSON Lines too; where there is no job, the file's name is the id."""
    (tmp_path / "b").mkdir()
    (tmp_path / "a.json").write_text(of_job("j1", word(0)).to_json())
    (tmp_path / "b" / "c.jsonl").write_text("\n".join([transcript_of(word(0)).to_json()] * 2))
    (tmp_path / "notes.txt").write_text("passed over")
    names = ["j1", f"{tmp_path / 'b' / 'c.jsonl'}:1", f"{tmp_path / 'b' / 'c.jsonl'}:2"]
    assert read_folder(tmp_path).read_all()["transcript_id"].to_pylist() == names
    assert read_folder([tmp_path / "a.json"]).read_all()["transcript_id"].to_pylist() == ["j1"]
    jobs = read_folder(tmp_path, "jobs").read_all()
    assert jobs["source"].to_pylist() == [str(tmp_path / "a.json"), *names[1:]]
    assert jobs["id"].to_pylist() == ["j1", None, None]


def test_a_bad_file_is_raised_and_named(tmp_path: Path) -> None:
    """When the stream comes to it."""
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(InvalidResponseError, match=r"a\.json: not a json-v2 transcript"):
        read_folder(tmp_path).read_all()
    (tmp_path / "a.json").unlink()
    (tmp_path / "b.jsonl").write_text(transcript_of().to_json() + "\nnothing\n")
    with pytest.raises(InvalidResponseError, match=r"b\.jsonl:2: "):
        read_folder(tmp_path).read_all()
    with pytest.raises(TranscriptNotReadableError, match="missing"):
        read_folder(tmp_path / "missing").read_all()


def test_a_bad_file_is_passed_over_where_somebody_is_told(tmp_path: Path) -> None:
    """With its name and the reason; the others are read."""
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text(of_job("j1", word(0)).to_json())
    seen: list[tuple[str, SpeechmaticsError]] = []
    table = read_folder(tmp_path, on_error=lambda name, error: seen.append((name, error))).read_all()
    assert table["transcript_id"].to_pylist() == ["j1"]
    [(name, error)] = seen
    assert name == str(tmp_path / "a.json")
    assert isinstance(error, InvalidResponseError)


def test_small_files_share_a_batch_and_batches_end(tmp_path: Path) -> None:
    """One has fewer rows than its size and those of a transcript; a later file is not read before it is needed."""
    rows = BATCH_ROWS // 4
    text = transcript_of(*(word(second) for second in range(rows))).to_json()
    for number in range(6):
        (tmp_path / f"{number}.json").write_text(text)
    (tmp_path / "7.json").write_text("no transcript")
    reader = read_folder(tmp_path)
    assert reader.read_next_batch().num_rows == BATCH_ROWS
    with pytest.raises(InvalidResponseError, match=r"7\.json"):
        reader.read_next_batch()
    (tmp_path / "7.json").unlink()
    assert [batch.num_rows for batch in read_folder(tmp_path)] == [4 * rows, 2 * rows]


def test_very_many_small_tables_are_one_batch() -> None:
    """More than are held apart."""
    many = [of_job(f"j{number}", word(0)) for number in range(2 * HELD_TABLES + 1)]
    table = to_arrow(many)
    assert table["transcript_id"].num_chunks == 1
    assert table["transcript_id"].to_pylist() == [f"j{number}" for number in range(len(many))]


def test_a_parquet_file_is_whole_or_not_there(tmp_path: Path) -> None:
    """Where the stream breaks, what was there before is still there, and nothing beside it."""
    path = tmp_path / "words.parquet"
    assert write_parquet(of_job("j1", word(0)).to_arrow(), path) == 1
    before = path.read_bytes()
    bad = tmp_path / "bad.json"
    bad.write_text("[]")
    with pytest.raises(InvalidResponseError):
        write_parquet(read_folder(bad), path)
    assert path.read_bytes() == before
    assert sorted(found.name for found in tmp_path.iterdir()) == ["bad.json", "words.parquet"]


def test_half_a_surrogate_pair_becomes_a_question_mark(tmp_path: Path) -> None:
    """As a name of a file has it that is not UTF-8."""
    assert transcript_of(word(0)).to_arrow(transcript_id="a\udcff")["transcript_id"].to_pylist() == ["a?"]


@pytest.mark.parametrize("wrong", ["word", "", None, 3, "paragraphs"])
def test_a_level_that_there_is_not_is_an_error(tmp_path: Path, wrong: Any) -> None:
    """Which names those that there are."""
    with pytest.raises(InvalidInputError, match="level must be one of words, turns, sentences, jobs, problems"):
        to_arrow([], wrong)
    with pytest.raises(InvalidInputError, match="level must be one of"):
        read_folder(tmp_path, wrong)
    with pytest.raises(InvalidInputError, match="level must be one of words, turns, sentences, not"):
        transcript_of().to_arrow(wrong)


def test_what_a_level_is_not_made_of_is_an_error(tmp_path: Path) -> None:
    """Which says what would be right."""
    anything: Any = to_arrow
    anything_read: Any = read_folder
    wrong: list[tuple[object, Level, str]] = [
        ([{"results": []}], "words", "words are made of Transcript models, not of dict; Transcript.model_validate"),
        ({"format": "2.9"}, "words", "not of str"),
        ("a.json", "words", "not of str"),
        (3, "turns", "not of int"),
        ([transcript_of()], "problems", "problems are made of the reports of validations, not of Transcript"),
        ([validate_transcript({})], "jobs", "jobs are made of Transcript models or JobDetails"),
    ]
    for items, level, message in wrong:
        with pytest.raises(InvalidInputError, match=message):
            anything(items, level)
    with pytest.raises(InvalidInputError, match="on_error must be"):
        anything_read(tmp_path, on_error="skip")
    with pytest.raises(InvalidInputError, match="sources must be one or more paths"):
        anything_read(3)


def test_what_is_no_table_is_not_written(tmp_path: Path) -> None:
    """The error says what gives one."""
    uses: list[Any] = [to_pandas, to_polars, partial(write_parquet, path=tmp_path / "a.parquet")]
    for use in uses:
        for data in ([transcript_of()], None, "words"):
            with pytest.raises(
                InvalidInputError, match="data must be a pyarrow Table or RecordBatchReader, as to_arrow"
            ):
                use(data)
    assert not [*tmp_path.iterdir()]


def test_a_value_of_another_type_than_its_column_is_an_error() -> None:
    """As an id that is a number, or what was never validated, has it."""
    anything: Any = transcript_of(word(0))
    with pytest.raises(InvalidInputError, match="the column transcript_id is string"):
        anything.to_arrow(transcript_id=3)
    anything.results[0].start_time = "now"
    with pytest.raises(InvalidInputError, match="the column start_time is double"):
        anything.to_arrow()


@pytest.mark.slow
def test_without_pyarrow_the_extra_is_named() -> None:
    """By the module and by the method; nothing else needs it."""
    code = """
import sys
sys.modules["pyarrow"] = None
from speechmatics import MissingExtraError, Transcript
transcript = Transcript(results=[])
print([*transcript.to_records()], repr(transcript.to_text()))
for use in (lambda: transcript.to_arrow(), lambda: __import__("speechmatics.frames")):
    try:
        use()
    except MissingExtraError as error:
        print('pip install ".[frames]"' in str(error))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[] ''", "True", "True"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_without_a_dataframe_library_it_is_named(name: str) -> None:
    """Frames do without either until it is asked for."""
    code = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "{name}":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from speechmatics import MissingExtraError, Transcript
from speechmatics.frames import to_{name}
try:
    to_{name}(Transcript(results=[]).to_arrow())
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"to_{name} needs {name}, which is not installed: pip install {name}"


@pytest.mark.parametrize(
    "url", ["s3://calls/out?sig=s3cret", "https://me:s3cret@h.example/a.json", Path("s3://calls/out")]
)
def test_a_url_is_no_path(url: str | Path) -> None:
    """Neither of what is read nor of what is written; the error says what does read and write them."""
    with pytest.raises(InvalidInputError, match=r"is a URL, and what is read here .* speechmatics\.dask") as caught:
        read_folder(url).read_all()
    assert "s3cret" not in str(caught.value)
    with pytest.raises(InvalidInputError, match="is a URL, and what is written here is a file of this") as caught:
        write_parquet(to_arrow([]), url)
    assert "s3cret" not in str(caught.value)
    assert not Path("s3:").exists()
