"""Damaged transcripts: what reading says of each, raw and parsed alike, and what validation says.

Reading is lenient, since a part that is strange is no reason to lose a transcript; validation passes over nothing that
a person would call damage.
"""

from __future__ import annotations

import copy
import gzip
import json
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from speechmatics import InvalidResponseError, Transcript
from speechmatics.validation import validate_transcript
from tests.servers.both_clients import CLIENTS
from tests.validation.test_deployments import transcript, word

Document = dict[str, Any]

WHOLE: Document = transcript(
    [
        word("Good", 0.1, 0.5, volume=80.5, reading={"speaker": "S1"}),
        word("morning", 0.6, 1.0, reading={"speaker": "S1"}),
        {
            "type": "punctuation",
            "start_time": 1.0,
            "end_time": 1.0,
            "is_eos": True,
            "attaches_to": "previous",
            "alternatives": [{"content": ".", "confidence": 1.0, "language": "en", "speaker": "S1"}],
        },
        word("Hello", 1.5, 1.9, reading={"speaker": "S2"}),
    ],
    {"transcription_config": {"language": "en", "diarization": "speaker"}},
) | {
    "translations": {"de": [{"start_time": 0.1, "end_time": 1.0, "content": "Guten Morgen.", "speaker": "S1"}]},
    "chapters": [{"title": "Greeting", "summary": "They greet.", "start_time": 0.1, "end_time": 1.9}],
    "summary": {"content": "They greet."},
}


class Damage(NamedTuple):
    """What is done to the document, and what is said of it.

    Attributes:
        change: Makes the damaged document, or its bytes.
        reading: What reading says, a part of the message; None where the rest of the transcript is read.
        code: What validation finds, `strict`.
        where: The place that validation names.
    """

    change: Callable[[Document], Document | bytes]
    reading: str | None
    code: str
    where: str = "$"


def put(*path: str | int, value: Any) -> Callable[[Document], Document]:
    """Sets a value."""

    def change(document: Document) -> Document:
        node: Any = document
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = value
        return document

    return change


def drop(*path: str | int) -> Callable[[Document], Document]:
    """Takes a value away."""

    def change(document: Document) -> Document:
        node: Any = document
        for step in path[:-1]:
            node = node[step]
        del node[path[-1]]
        return document

    return change


def as_bytes(make: Callable[[bytes], bytes]) -> Callable[[Document], bytes]:
    """Changes the text."""
    return lambda document: make(json.dumps(document).encode())


def as_other(document: Any) -> Callable[[Document], bytes]:
    """Puts another document in its place."""
    return lambda _: json.dumps(document).encode()


def reversed_results(document: Document) -> Document:
    """The last result comes first."""
    return document | {"results": document["results"][::-1]}


def the_mark_alone(document: Document) -> Document:
    """Without the words around it."""
    return document | {"results": document["results"][2:3]}


FIRST = ("results", 0)
READING = ("results", 0, "alternatives", 0)

DAMAGES: dict[str, Damage] = {
    # The bytes.
    "nothing": Damage(as_bytes(lambda text: b""), "nothing in it", "invalid_json"),
    "white space": Damage(as_bytes(lambda text: b" \n"), "nothing in it", "invalid_json"),
    "cut short": Damage(as_bytes(lambda text: text[:-20]), "JSON", "invalid_json"),
    "cut in a character": Damage(as_bytes(lambda text: text[:50] + b"\xc3"), "not text in UTF-8", "invalid_json"),
    "twice": Damage(as_bytes(lambda text: text + text), "JSON", "invalid_json"),
    "a comma too many": Damage(as_bytes(lambda text: text[:-1] + b",}"), "JSON", "invalid_json"),
    "gzip": Damage(as_bytes(gzip.compress), "packed by gzip", "invalid_json"),
    "zip": Damage(as_bytes(lambda text: b"PK\x03\x04" + text), "packed by zip", "invalid_json"),
    "UTF-16": Damage(as_bytes(lambda text: text.decode().encode("utf-16")), "UTF-16", "invalid_json"),
    "UTF-16 without a mark": Damage(as_bytes(lambda text: text.decode().encode("utf-16-le")), "UTF-16", "invalid_json"),
    "UTF-32": Damage(as_bytes(lambda text: text.decode().encode("utf-32")), "UTF-32", "invalid_json"),
    "Latin-1": Damage(as_bytes(lambda text: text.replace(b"Good", b"\xfc")), "not text in UTF-8", "invalid_json"),
    "HTML": Damage(as_bytes(lambda text: b"<!DOCTYPE html><html></html>"), "HTML", "invalid_json"),
    "XML": Damage(as_bytes(lambda text: b'<?xml version="1.0"?><error/>'), "XML", "invalid_json"),
    "plain text": Damage(as_bytes(lambda text: b"Good morning."), "JSON", "invalid_json"),
    "SRT": Damage(as_bytes(lambda text: b"1\n00:00:00,100 --> 00:00:01,000\nGood"), "JSON", "invalid_json"),
    "NaN": Damage(as_bytes(lambda text: text.replace(b"0.5", b"NaN", 1)), None, "not_json", "results[0].end_time"),
    "results twice": Damage(as_bytes(lambda text: text[:-1] + b', "results": []}'), None, "duplicate_key", "results"),
    "a word's content twice": Damage(
        as_bytes(lambda text: text.replace(b'"content": "Good"', b'"content": "Good", "content": "Bad"')),
        None,
        "duplicate_key",
        "results[0].alternatives[0].content",
    ),
    # Another document.
    "null": Damage(as_other(None), "object", "wrong_type"),
    "an array": Damage(as_other([]), "array", "wrong_type"),
    "a text": Damage(as_other("Good morning."), "object", "wrong_type"),
    "an empty object": Damage(as_other({}), "results", "missing_field", "results"),
    "an error": Damage(as_other({"code": 404, "error": "Job not found"}), "an error of the API", "other_document"),
    "a job": Damage(as_other({"job": {"id": "a", "status": "done"}}), "details of a job", "other_document"),
    "a list of jobs": Damage(as_other({"jobs": []}), "list of jobs", "other_document"),
    "a message of the real-time API": Damage(
        as_other({"message": "AddTranscript", "format": "2.9", "metadata": {}, "results": []}),
        "real-time API .AddTranscript",
        "other_document",
    ),
    "a partial one": Damage(
        as_other({"message": "AddPartialTranscript", "metadata": {}, "results": []}),
        "real-time API .AddPartialTranscript",
        "other_document",
    ),
    "version 1": Damage(
        as_other({"job": {"id": 1}, "speakers": [], "words": [{"name": "Good", "time": "0.1"}], "format": "1.0"}),
        "version 1",
        "other_document",
    ),
    # The whole.
    "no results": Damage(drop("results"), "results", "missing_field", "results"),
    "results null": Damage(put("results", value=None), "results", "wrong_type", "results"),
    "results an object": Damage(put("results", value={}), "results", "wrong_type", "results"),
    "no format": Damage(drop("format"), None, "undocumented_omission", "format"),
    "no metadata": Damage(drop("metadata"), None, "undocumented_omission", "metadata"),
    "metadata a text": Damage(put("metadata", value="x"), None, "wrong_type", "metadata"),
    "job a text": Damage(put("job", value="abc"), None, "wrong_type", "job"),
    "a duration too short": Damage(put("job", "duration", value=0.5), None, "duration_too_short", "job.duration"),
    "a duration below zero": Damage(put("job", "duration", value=-1), None, "out_of_range", "job.duration"),
    "a duration as text": Damage(put("job", "duration", value="3"), None, "wrong_type", "job.duration"),
    "no date": Damage(put("job", "created_at", value="yesterday"), None, "invalid_value", "job.created_at"),
    "an unknown field": Damage(put("resluts", value=[]), None, "unknown_field", "resluts"),
    "translations a list": Damage(put("translations", value=[]), None, "wrong_type", "translations"),
    "a chapter that ends before it begins": Damage(
        put("chapters", 0, "end_time", value=0.0), None, "end_before_start", "chapters[0].end_time"
    ),
    "a translation by nobody": Damage(
        put("translations", "de", 0, "speaker", value="S9"), None, "unknown_speaker", "translations.de[0].speaker"
    ),
    # A result.
    "a result null": Damage(put(*FIRST, value=None), "results.0", "wrong_type", "results[0]"),
    "a result without a type": Damage(drop(*FIRST, "type"), "results.0.type", "missing_field", "results[0].type"),
    "an unknown type": Damage(put(*FIRST, "type", value="wrod"), None, "unknown_value", "results[0].type"),
    "no start": Damage(drop(*FIRST, "start_time"), None, "undocumented_omission", "results[0].start_time"),
    "a start as text": Damage(
        put(*FIRST, "start_time", value="soon"), "results.0.start_time", "wrong_type", "results[0].start_time"
    ),
    "a start below zero": Damage(put(*FIRST, "start_time", value=-0.1), None, "out_of_range", "results[0].start_time"),
    "an end beyond all times": Damage(
        put("results", 3, "end_time", value=1e300), None, "duration_too_short", "job.duration"
    ),
    "an end before the start": Damage(
        put(*FIRST, "end_time", value=0.0), None, "end_before_start", "results[0].end_time"
    ),
    "words in another order": Damage(
        reversed_results,
        None,
        "times_run_backwards",
        "results[1].start_time",
    ),
    "words that overlap": Damage(
        put(*FIRST, "end_time", value=0.8), None, "overlapping_words", "results[1].start_time"
    ),
    "no alternatives": Damage(
        put(*FIRST, "alternatives", value=[]), None, "no_alternatives", "results[0].alternatives"
    ),
    "alternatives null": Damage(
        put(*FIRST, "alternatives", value=None), None, "no_alternatives", "results[0].alternatives"
    ),
    "a volume too high": Damage(put(*FIRST, "volume", value=101), None, "out_of_range", "results[0].volume"),
    "a mark with nothing before it": Damage(
        the_mark_alone,
        None,
        "nothing_to_attach_to",
        "results[0].attaches_to",
    ),
    # A reading.
    "no content": Damage(drop(*READING, "content"), "content", "missing_field", "results[0].alternatives[0].content"),
    "empty content": Damage(
        put(*READING, "content", value=""), None, "empty_content", "results[0].alternatives[0].content"
    ),
    "content null": Damage(
        put(*READING, "content", value=None), "content", "wrong_type", "results[0].alternatives[0].content"
    ),
    "content a number": Damage(
        put(*READING, "content", value=5), "content", "wrong_type", "results[0].alternatives[0].content"
    ),
    "a confidence above one": Damage(
        put(*READING, "confidence", value=1.1), None, "out_of_range", "results[0].alternatives[0].confidence"
    ),
    "a confidence in percent": Damage(
        put(*READING, "confidence", value=97), None, "out_of_range", "results[0].alternatives[0].confidence"
    ),
    "no language": Damage(
        drop(*READING, "language"), None, "undocumented_omission", "results[0].alternatives[0].language"
    ),
    "half a surrogate pair": Damage(put(*READING, "content", value="\ud800"), "JSON", "invalid_json"),
}


def damaged(name: str) -> bytes:
    """The bytes of a damaged document."""
    changed = DAMAGES[name].change(copy.deepcopy(WHOLE))
    return changed if isinstance(changed, bytes) else json.dumps(changed).encode()


def read(how: str, content: bytes) -> object:
    """Reads a document by itself, or as a client's answer."""
    if how == "from_json":
        return Transcript.from_json(content)

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=content, headers={"Content-Type": "application/json"})

    return CLIENTS["blocking"](answer, "get_job_result", "abc", parse=how == "parsed")


def test_there_is_nothing_to_say_of_the_whole_one() -> None:
    """The damage is what is found."""
    assert validate_transcript(json.dumps(WHOLE), strict=True).problems == ()
    assert len(DAMAGES) >= 60


@pytest.mark.parametrize("name", DAMAGES)
def test_validation_names_the_damage_and_its_place(name: str) -> None:
    """In silence it passes over none."""
    report = validate_transcript(damaged(name), strict=True)
    found = {(problem.code.value, problem.location) for problem in report.problems}
    assert (DAMAGES[name].code, DAMAGES[name].where) in found
    assert all(len(problem.message) < 300 for problem in report.problems)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_file_says_what_its_bytes_say(name: str, tmp_path: Path) -> None:
    """A saved transcript is read or refused as its bytes are; the message names the file too."""
    content, file = damaged(name), tmp_path / "saved.json"
    file.write_bytes(content)
    assert validate_transcript(file, strict=True) == validate_transcript(content, strict=True).of(str(file))
    try:
        transcript_read = Transcript.from_json(content)
    except InvalidResponseError as error:
        with pytest.raises(InvalidResponseError) as caught:
            Transcript.from_file(file)
        assert str(caught.value) == f"{file}: {error}"
        assert caught.value.body == error.body
    else:
        # By their reprs, since a number that is none equals nothing, itself neither.
        assert repr(Transcript.from_file(file).model_dump()) == repr(transcript_read.model_dump())


@pytest.mark.parametrize("how", ["from_json", "from_file", "parsed", "raw", "validation"])
def test_a_byte_order_mark_of_utf_8_is_passed_over(how: str, tmp_path: Path) -> None:
    """Editors write one; whoever reads the transcript gets what stands behind it."""
    content, file = BOM_UTF8 + json.dumps(WHOLE).encode(), tmp_path / "saved.json"
    file.write_bytes(content)
    whole = Transcript.model_validate(WHOLE)
    if how == "validation":
        assert validate_transcript(content, strict=True).problems == ()
        assert validate_transcript(file, strict=True).problems == ()
    elif how == "from_file":
        assert Transcript.from_file(file) == whole
    else:
        assert read(how, content) == (WHOLE if how == "raw" else whole)


@pytest.mark.parametrize("how", ["from_json", "parsed"])
@pytest.mark.parametrize("name", DAMAGES)
def test_reading_refuses_what_is_no_transcript_and_keeps_the_rest(name: str, how: str) -> None:
    """By itself and in a client; the message says what it is."""
    content, message = damaged(name), DAMAGES[name].reading
    if message is None:
        assert isinstance(read(how, content), Transcript)
        return
    with pytest.raises(InvalidResponseError, match=message) as caught:
        read(how, content)
    assert caught.value.body == content or how == "from_json"


@pytest.mark.parametrize("name", [name for name in DAMAGES if not DAMAGES[name].where.startswith("results[")])
def test_a_raw_client_refuses_what_is_no_transcript_too(name: str) -> None:
    """It gives what the server sent where that is a transcript at all, whatever its results hold."""
    content, message = damaged(name), DAMAGES[name].reading
    if message is None or name == "half a surrogate pair":
        assert isinstance(read("raw", content), dict)
        return
    with pytest.raises(InvalidResponseError):
        read("raw", content)
