"""Results that are as documented are not looked into, and reports are the same as if they were."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmatics.models import Transcript
from speechmatics.validation import ValidationReport, validate_transcript
from speechmatics.validation.ordinary import find_ordinary
from tests.validation.damage import WHOLE, damaged_transcript, is_list, is_object
from tests.validation.test_deployments import transcript, word
from tests.validation.test_validation import damaged

RECORDED = Path(__file__).with_name("reports_of_damage.json")
"""The code, path and value of each problem of `damaged_transcript(0)`, `(1)` and so on, strict for even numbers, as
they were found when each result was looked into by itself. A change of it is a change of what users are told."""


def problems_of(report: ValidationReport) -> list[list[str | None]]:
    """Problems as they are recorded: without messages, which may hold those of Pydantic."""
    return [[problem.code.value, problem.pointer, problem.value] for problem in report]


def codes_of(document: Any) -> list[tuple[str, str | int]]:
    """Codes, and the numbers of the results that they are about."""
    return [(problem.code.value, problem.path[1]) for problem in validate_transcript(document)]


def looked_into(document: Any) -> Any:
    """The same for validation, but that each result is looked into: a tuple of Python may hold anything."""
    return {**document, "results": tuple(document["results"])} if is_list(document.get("results")) else document


def test_the_recorded_reports_of_damage_have_not_changed() -> None:
    """From a dict and from text, which may hold keys twice besides."""
    recorded: list[Any] = json.loads(RECORDED.read_text())
    assert len(recorded) >= 200
    for number, problems in enumerate(recorded):
        document = damaged_transcript(number)
        strict = number % 2 == 0
        assert problems_of(validate_transcript(document, strict)) == problems, number
        assert problems_of(validate_transcript(json.dumps(document), strict)) == problems, number


@pytest.mark.parametrize("start", range(0, 1000, 250))
def test_reports_are_the_same_as_if_each_result_was_looked_into(start: int) -> None:
    """From a dict, from text, and from a model where there can be one."""
    for number in range(start, start + 250):
        document = damaged_transcript(number)
        expected = validate_transcript(looked_into(document), number % 2 == 0)
        assert validate_transcript(document, number % 2 == 0) == expected, number
        assert validate_transcript(json.dumps(document).encode(), number % 2 == 0) == expected, number


@given(damaged(), st.booleans())
def test_reports_of_anything_are_the_same(document: Any, strict: bool) -> None:
    """Whatever Python has stands anywhere in it."""
    if is_object(document):
        assert validate_transcript(document, strict) == validate_transcript(looked_into(document), strict)


class Text(str):
    """Text that shows itself in its own way."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return "text"

    def __repr__(self) -> str:
        return "text"


class Seconds(float):
    """A number that shows itself in its own way."""

    def __format__(self, spec: str) -> str:
        return "soon"


def in_other_types(value: Any, chance: random.Random) -> Any:
    """The same values, some of them of types derived from the built-in ones."""
    if is_object(value):
        return {name: in_other_types(item, chance) for name, item in value.items()}
    if is_list(value):
        return [in_other_types(item, chance) for item in value]
    if chance.random() < 0.5:
        return value
    if isinstance(value, str):
        return Text(value)
    return Seconds(value) if isinstance(value, float) else value


def test_derived_types_are_taken_for_what_they_are() -> None:
    """Messages and values are those of the plain types."""
    for number in range(200):
        document = damaged_transcript(number)
        derived = in_other_types(document, random.Random(number))
        assert validate_transcript(derived) == validate_transcript(document), number


def test_what_is_ordinary() -> None:
    """All that is documented, and nothing else; what is found is what stands there."""
    for is_json in (True, False):
        assert find_ordinary(WHOLE, is_json=is_json) == WHOLE["results"]
    assert find_ordinary({"results": {}}, is_json=True) == find_ordinary([], is_json=False) == []
    results = [{**result, "new": 1} if index % 3 else result for index, result in enumerate(WHOLE["results"])]
    found = find_ordinary({"results": results}, is_json=True)
    assert [index for index, result in enumerate(found) if result] == [0, 3, 6, 9]


def test_whole_numbers_stay_whole() -> None:
    """A problem shows the value as it was written, and a time of 1 is as ordinary as one of 1.0."""
    document = transcript([word("a", 1, 2), word("b", 0, 1)])
    results = find_ordinary(document, is_json=False)
    assert [type(result["end_time"]) for result in results if result] == [int, int]
    report = validate_transcript(document)
    assert [problem.value for problem in report] == ["0"]


@pytest.mark.parametrize("length", [99, 100, 101, 250])
def test_one_that_is_wrong_is_found_wherever_it_stands(length: int) -> None:
    """Results are gone through in portions."""
    words = [word("a", float(number), number + 0.5) for number in range(length)]
    for index in {0, 98, 99, 100, 199, 200, length - 1}:
        if index < length:
            results = [*words]
            results[index] = {**words[index], "volume": "loud"}
            document = transcript(results)
            document["job"]["duration"] = length
            for form in (document, json.dumps(document)):
                report = validate_transcript(form)
                assert [problem.path for problem in report] == [("results", index, "volume")]


def test_what_is_wrong_with_an_ordinary_result_among_others_is_found() -> None:
    """Its text is empty, or a mark attaches to what does not come."""
    mark = {**word(".", 0.5, 0.5), "type": "punctuation", "attaches_to": "next"}
    document = transcript([word("a", 0.0, 0.5), word("", 0.5, 1.0), word("b", 1.0, 1.5), mark | {"start_time": 1.5}])
    document["results"][3]["end_time"] = 1.5
    assert all(find_ordinary(document, is_json=True))
    assert codes_of(document) == [("empty_content", 1), ("nothing_to_attach_to", 3)]


def test_each_of_several_marks_needs_a_word_before_it() -> None:
    """The first leaves the next as it was."""
    marks = [{**word(".", 0.5, 0.5), "type": "punctuation", "attaches_to": "previous"}] * 3
    assert codes_of(transcript(marks)) == [("nothing_to_attach_to", index) for index in range(3)]


def test_a_result_is_by_the_speaker_of_its_first_alternative() -> None:
    """Others of its alternatives may name others."""
    words = [word("a", 0.0, 0.1), word("b", 0.1, 2.0), word("c", 1.0, 2.0), word("d", 1.0, 2.0)]
    for result, speakers in zip(words, [("S3",), ("S1", "S2"), ("S2", "S1"), ("S1", "S3")], strict=True):
        alternative = result["alternatives"][0]
        result["alternatives"] = [{**alternative, "speaker": speaker} for speaker in speakers]
    assert codes_of(transcript(words)) == [("overlapping_words", 3)]


def test_half_a_surrogate_pair_is_noticed_in_an_ordinary_place() -> None:
    """It has no form in JSON."""
    report = validate_transcript(transcript([word("\ud800", 0.0, 1.0)]))
    assert [(problem.code.value, problem.location) for problem in report] == [
        ("not_json", "results[0].alternatives[0].content")
    ]


@pytest.mark.slow
def test_a_result_that_stands_for_many_is_counted() -> None:
    """References can make a small object stand for an endless one; it is not gone through."""
    forms = {"type": "entity", "written_form": [word("a", 0.0, 0.0)] * 30, "spoken_form": [word("a", 0.0, 0.0)] * 30}
    for result, times in ((word("a", 0.0, 0.0), 3_000_000), (word("a", 0.0, 0.0) | forms, 50_000)):
        report = validate_transcript(transcript([result] * times))
        assert [problem.code.value for problem in report] == ["not_json"]


def test_a_model_with_a_number_that_json_has_not() -> None:
    """It was set later, and is named."""
    model = Transcript.model_validate(transcript([word("a", 0.0, 1.0), word("b", 1.0, 2.0)]))
    model.results[1].end_time = float("nan")
    report = validate_transcript(model)
    assert [(problem.code.value, problem.location) for problem in report] == [("not_json", "results[1].end_time")]


@pytest.mark.parametrize(
    "content",
    ["a", r"\":", r"\" :", r"\u0022:", r"\"\u003a", r"\"\u0020:", r"\"\u003A \u0022 :", r"\\", r"\u0022\u003a\\"],
)
@pytest.mark.parametrize("key", ['"confidence":', '"confidence" :', '"confidence"\n\t:', r'"con\u0066idence":'])
def test_a_key_that_stands_twice_is_found_beside_text_like_keys(content: str, key: str) -> None:
    """Text that holds a quotation mark and a colon, plain or escaped, does not hide it."""
    text = json.dumps(transcript([word("CONTENT", 0.0, 1.0)])).replace("CONTENT", content)
    assert validate_transcript(text).problems == ()
    twice = text.replace('"confidence":', f'{key} 0.5, "confidence":')
    assert [(problem.code.value, problem.location) for problem in validate_transcript(twice)] == [
        ("duplicate_key", "results[0].alternatives[0].confidence")
    ]
