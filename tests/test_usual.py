"""Results that are not built by Pydantic are the ones that it builds, from whatever comes."""

from __future__ import annotations

import copy
import gc
import json
import random
import tracemalloc
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError, field_validator

from speechmatics import InvalidResponseError, RecognitionResult, Transcript
from speechmatics.models._usual import Builder, Each, Usual
from speechmatics.models.transcript import usual_result
from speechmatics.testing import wire_transcripts
from tests.test_validation import is_list, is_object

Json = dict[str, Any]

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
by_pydantic = TypeAdapter(list[RecognitionResult])


def kept_in(value: object) -> object:
    """All that a model is made of, and what is made of what it holds."""
    if isinstance(value, BaseModel):
        fields = [(name, kept_in(part)) for name, part in vars(value).items()]
        names = sorted(((name, type(name)) for name in value.model_fields_set), key=itemgetter(0))
        extra = value.__pydantic_extra__
        unknown = None if extra is None else [(name, type(name), kept_in(part)) for name, part in extra.items()]
        return type(value), fields, names, unknown, value.__pydantic_private__
    if is_list(value):
        return [kept_in(part) for part in value]
    return type(value), repr(value)


def outcome(read: Callable[[], list[RecognitionResult]], above: int) -> object:
    """What is read, or what is wrong with it; places are told from `above` names on."""
    try:
        return kept_in(read())
    except ValidationError as error:
        return [(problem["type"], problem["loc"][above:], problem["msg"]) for problem in error.errors()]


def assert_as_pydantic_does(results: object) -> None:
    """Reading results as a transcript's is as reading a list of them: so is the outcome, strictly too; none change."""
    before = copy.deepcopy(results)
    assert outcome(lambda: Transcript.model_validate({"results": results}).results, 1) == outcome(
        lambda: by_pydantic.validate_python(results), 0
    )
    assert outcome(lambda: Transcript.model_validate({"results": results}, strict=True).results, 1) == outcome(
        lambda: by_pydantic.validate_python(results, strict=True), 0
    )
    assert repr(results) == repr(before)


def objects_in(value: object) -> Iterator[Json]:
    """Every object of some JSON."""
    if is_object(value):
        yield value
    if is_object(value) or is_list(value):
        for part in value.values() if is_object(value) else value:
            yield from objects_in(part)


JUNK = st.sampled_from([None, True, 0, 1, -1.5, 10**400, float("nan"), "", "1", "x", [], [None], ["a", 1], {}, {"": 0}])
NAMES = st.sampled_from([*usual_result().fields, "content", "confidence", "display", "tags", "direction", "new"])


@quick
@given(wire_transcripts(unknown=True))
def test_generated_results_are_read_as_by_pydantic(wire: Json) -> None:
    """With unknown fields, values and types among them, and nulls."""
    assert_as_pydantic_does(wire["results"])
    assert Transcript.from_json(json.dumps(wire)).to_dict() == wire


@quick
@given(wire_transcripts(), st.data())
def test_damaged_results_are_refused_as_by_pydantic(wire: Json, data: st.DataObject) -> None:
    """Whatever field of whatever part holds whatever value, or is not there."""
    parts = [part for result in wire["results"] for part in objects_in(result)]
    for _ in range(data.draw(st.integers(1, 4)) if parts else 0):
        part = data.draw(st.sampled_from(parts))
        if data.draw(st.booleans()):
            part[data.draw(NAMES)] = data.draw(JUNK)
        else:
            part.pop(data.draw(NAMES), None)
    assert_as_pydantic_does(wire["results"])


class Text(str):
    """A string of another type."""


class Fields(dict[str, Any]):
    """A dict of another type."""


WORD: Json = {"type": "word", "start_time": 0.0, "end_time": 0.5, "alternatives": [{"content": "a", "confidence": 1.0}]}


@pytest.mark.parametrize(
    "odd",
    [
        {"type": Text("word")},
        {"alternatives": ({"content": "a"},)},
        {"alternatives": [Fields(content="a")]},
        {"alternatives": [{"content": "a"}, {"content": "b", "tags": ("disfluency",)}]},
        {"alternatives": [{"content": "a", "display": Fields(direction="ltr")}]},
        {"alternatives": []},
        {"alternatives": None},
        {"start_time": 1},
        {"start_time": True},
        {"start_time": 10**400},
        {"start_time": "1.5"},
        {"is_eos": 1},
        {"is_eos": "yes"},
        {1: "a number for a name"},
        {Text("a name of another type"): 1},
    ],
)
def test_odd_values_are_left_to_pydantic(odd: Json) -> None:
    """Subtypes of the usual types too, alone and among usual ones."""
    assert_as_pydantic_does([{**WORD, **odd}])
    assert_as_pydantic_does([WORD, {**WORD, **odd}, WORD])


@pytest.mark.parametrize("name", ["channel", "new"])
def test_names_of_another_type_are_read_as_by_pydantic(name: str) -> None:
    """After and before the same names of the usual type."""
    plain, odd = {**WORD, name: "a"}, {**WORD, Text(name): "b"}
    assert_as_pydantic_does([plain, odd, plain])
    assert_as_pydantic_does([odd, plain, odd])


@pytest.mark.parametrize("results", [None, 3, "words", {}, (WORD,), [WORD, 3], [Fields(WORD)], [[WORD]], []])
def test_what_is_no_list_of_objects_is_left_to_pydantic(results: object) -> None:
    """Which takes tuples, and knows what to say of the rest."""
    assert_as_pydantic_does(results)


def test_models_among_the_results_stay_themselves() -> None:
    """As Pydantic leaves them."""
    word = RecognitionResult.model_validate(WORD)
    assert Transcript.model_validate({"results": [WORD, word]}).results[1] is word


def test_a_long_transcript_is_read_in_order() -> None:
    """More results than are built at a time, of many kinds in a random order."""
    chance = random.Random(1)
    kinds: list[Json] = [
        {},
        {"channel": "Agent"},
        {"volume": 3.0, "channel": "Agent"},
        {"new": 1},
        {"alternatives": [{"content": "b", "new": 1}, {"content": "c"}]},
        {"start_time": 1},
        {"entity_class": "date", "written_form": [WORD], "spoken_form": [WORD, WORD]},
    ]
    results = [{**WORD, "end_time": float(place), **chance.choice(kinds)} for place in range(5_000)]
    for place, result in enumerate(results[::10]):
        result[f"new_{place}"] = place
    assert_as_pydantic_does(results)
    assert Transcript.from_json(json.dumps({"results": results})).to_dict() == {"results": results}


def test_what_a_transcript_holds_is_its_own() -> None:
    """Changing its lists does not change the data it was read from."""
    wire: Json = {"results": [{**WORD, "alternatives": [{"content": "a", "tags": ["disfluency"]}]}]}
    word, *_ = Transcript.model_validate(wire).results
    assert word.alternatives
    assert word.alternatives[0].tags
    word.alternatives[0].tags.append("profanity")
    word.alternatives.clear()
    assert wire["results"][0]["alternatives"] == [{"content": "a", "tags": ["disfluency"]}]


def test_an_error_names_the_place_and_carries_the_body() -> None:
    """In the words that Pydantic has for JSON."""
    body = json.dumps({"results": [WORD, {**WORD, "alternatives": [{"confidence": "x"}]}]})
    with pytest.raises(InvalidResponseError, match=r"results\.1\.alternatives\.0\.content: Field required; ") as caught:
        Transcript.from_json(body)
    assert caught.value.body == body.encode()
    with pytest.raises(InvalidResponseError, match=r"Invalid JSON: EOF while parsing"):
        Transcript.from_json(body[:-1])


def test_a_transcript_takes_no_more_memory_than_its_dict() -> None:
    """Words, marks and their readings share the tables of their fields' names."""
    readings = [{"content": "a", "confidence": 1.0, "language": "en", "speaker": "S1"}]
    body = json.dumps({"results": [{**WORD, "alternatives": readings}] * 20_000})

    def kept(read: Callable[[str], object]) -> int:
        gc.collect()
        tracemalloc.start()
        value = read(body)
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        del value
        return size

    kept(Transcript.from_json)
    assert kept(Transcript.from_json) <= kept(json.loads)


def parts_of(usual: Usual) -> Iterator[Usual]:
    """What is usual, and what is in its parts."""
    yield usual
    for kind in usual.fields.values():
        item = kind.item if isinstance(kind, Each) else kind
        if isinstance(item, Usual):
            yield from parts_of(item)


@pytest.mark.parametrize("usual", [*parts_of(usual_result())], ids=lambda usual: usual.model.__name__)
def test_what_is_usual_is_said_of_every_field(usual: Usual) -> None:
    """And the models are such as need no more than their fields."""
    assert usual.fields.keys() == usual.model.model_fields.keys()
    decorators = usual.model.__pydantic_decorators__
    assert not decorators.validators
    assert not decorators.field_validators
    assert not decorators.model_validators
    assert not usual.model.__private_attributes__
    assert not usual.model.__pydantic_post_init__
    for field in usual.model.model_fields.values():
        assert field.is_required() or field.default is None
        assert field.alias is field.validation_alias is None


@pytest.mark.parametrize("no_extra", [{}, None])
def test_usual_rows_are_built_and_no_others(no_extra: Json | None) -> None:
    """Else the tests above would compare Pydantic with itself."""
    rows = [WORD, {**WORD, "start_time": "1"}, {**WORD, "start_time": 1}, {**WORD, "new": 1}]
    built = Builder(usual_result(), no_extra).build(rows)
    last = dict if no_extra is None else RecognitionResult
    assert [type(row) for row in built] == [RecognitionResult, dict, RecognitionResult, last]


@pytest.mark.parametrize("odd", [{"alternatives": None}, {"start_time": "1"}, {"new": 1}])
def test_an_unusual_row_leaves_the_others_usual(odd: Json) -> None:
    """Also where such rows come first and last, and have as many fields as the others."""
    row = {**WORD, **odd}
    built = Builder(usual_result(), None).build([row, WORD, {**WORD, "channel": "A"}, row])
    assert [type(row) for row in built] == [dict, RecognitionResult, RecognitionResult, dict]


@pytest.mark.parametrize("by_attributes", [True, False])
def test_either_way_of_setting_fields_makes_the_same(by_attributes: bool) -> None:
    """Each version of Python uses but one."""
    usual = usual_result.__wrapped__()
    for part in parts_of(usual):
        part.by_attributes = by_attributes
    results = [
        WORD,
        {**WORD, "new": 1, "start_time": 1, "channel": None},
        {"type": "punctuation", "attaches_to": "previous", "is_eos": True},
        {**WORD, "entity_class": "date", "written_form": [WORD, {"start_time": 2.0}], "spoken_form": []},
        {**WORD, "alternatives": [{"content": "a", "tags": ["disfluency"], "display": {"direction": "ltr"}}]},
    ]
    built = Builder(usual, {}).build(results)
    assert kept_in(built) == kept_in(by_pydantic.validate_python(results))


@pytest.mark.parametrize("extra", ["allow", "ignore", "forbid"])
def test_what_becomes_of_unknown_fields_is_the_caller_s_to_say(extra: Literal["allow", "ignore", "forbid"]) -> None:
    """As Pydantic lets them, for one validation."""
    results = [WORD, {**WORD, "new": 1}, {**WORD, "alternatives": [{"content": "a", "new": 1}]}]
    found = outcome(lambda: Transcript.model_validate({"results": results}, extra=extra).results, 1)
    assert found == outcome(lambda: by_pydantic.validate_python(results, extra=extra), 0)


def test_models_built_either_way_are_equal() -> None:
    """Before and after somebody looks at their unknown fields."""
    word = Transcript.model_validate({"results": [WORD]}).results[0]
    other = RecognitionResult.model_validate(WORD)
    assert word == other == RecognitionResult(**WORD)
    assert word.model_extra == {}
    assert word == other
    assert copy.deepcopy(word) == word


def test_unknown_fields_of_one_are_not_those_of_another() -> None:
    """Though models without any share the dict of them."""
    first, second = Transcript.from_json(json.dumps({"results": [WORD, WORD]})).results
    assert first.model_extra is not None
    first.model_extra["mood"] = "good"
    unknown = "other"
    setattr(first, unknown, 1)
    assert first.to_dict() == {**WORD, "mood": "good", "other": 1}
    assert second.to_dict() == WORD
    assert second.model_extra == {}


@pytest.mark.parametrize("size", [1, 3_000])
def test_a_subclass_gets_the_results_as_they_are(size: int) -> None:
    """However long the text is."""

    class Words(Transcript):
        @field_validator("results", mode="before")
        @classmethod
        def _only_words(cls, results: list[Json]) -> list[Json]:
            return [result for result in results if result["type"] == "word"]

    body = json.dumps({"results": [WORD, {**WORD, "type": "punctuation"}] * size})
    assert Words.from_json(body).to_dict() == {"results": [WORD] * size}


@pytest.mark.parametrize("kinds", [{"new": 1}, {"start_time": 1, "volume": 3}, {"start_time": 1, "volume": 10**400}])
def test_a_new_field_and_whole_numbers_are_read_from_json(kinds: Json) -> None:
    """As Pydantic reads them from the same text, but for numbers beyond all measure."""
    body = json.dumps({"results": [WORD, {**WORD, **kinds}, WORD]})
    if kinds.get("volume", 0) > 100:
        with pytest.raises(InvalidResponseError, match=r"results\.1\.volume"):
            Transcript.from_json(body)
    else:
        found = outcome(lambda: Transcript.from_json(body).results, 1)
        assert found == outcome(lambda: by_pydantic.validate_json(json.dumps(json.loads(body)["results"])), 0)
