"""What is received is made of models that behave as Pydantic documents, however they were read."""

from __future__ import annotations

import copy
import json
import pickle
import random
from collections.abc import Callable, Iterator
from types import GenericAlias
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    computed_field,
    create_model,
    field_serializer,
    field_validator,
    model_validator,
)

from speechmatics import InvalidResponseError, RecognitionAlternative, RecognitionResult, Transcript
from speechmatics.models._kept import is_list, is_object, without_keeping
from speechmatics.testing import wire_transcripts

Json = dict[str, Any]
WORD: Json = {"type": "word", "start_time": 0.0, "end_time": 0.5, "alternatives": [{"content": "a", "confidence": 1.0}]}
MARK: Json = {"type": "punctuation", "is_eos": True, "alternatives": [{"content": ".", "new": 1}], "unknown": [1]}
WIRE: Json = {"format": "2.9", "job": {"id": "j"}, "results": [WORD, MARK, {"type": "silence"}], "mood": "good"}


class Seen(BaseModel):
    """A model of a user's own."""

    transcript: Transcript


def nested_in_json(model: type[Transcript], wire: Json) -> Any:
    """A field of a user's model, from text."""
    holder = create_model("Holder", transcript=(model, ...))
    return vars(holder.model_validate_json(json.dumps({"transcript": wire})))["transcript"]


def in_a_list(model: type[Transcript], wire: Json) -> Any:
    """An item of a `TypeAdapter`."""
    models: Any = GenericAlias(list, (model,))
    return TypeAdapter[Any](models).validate_json(json.dumps([wire]))[0]


Read = Callable[[type[Transcript], Json], Any]
READS: dict[str, Read] = {
    "from_json": lambda model, wire: model.from_json(json.dumps(wire)),
    "model_validate": lambda model, wire: model.model_validate(wire),
    "model_validate_json": lambda model, wire: model.model_validate_json(json.dumps(wire)),
    "keywords": lambda model, wire: model(**wire),
    "nested": nested_in_json,
    "in a list": in_a_list,
}
however_read = pytest.mark.parametrize("read", READS.values(), ids=READS)


def words_of(transcript: Transcript) -> list[str]:
    """The contents of its first alternatives."""
    return [result.alternatives[0].content for result in transcript.results if result.alternatives]


@however_read
def test_models_are_equal_however_they_were_read(read: Read) -> None:
    """In all that they are made of."""
    transcript = read(Transcript, WIRE)
    assert transcript == Transcript.model_validate(WIRE)
    assert kept_in(transcript) == kept_in(Transcript.model_validate(WIRE))
    assert type(transcript) is Transcript
    assert {type(result) for result in transcript.results} == {RecognitionResult}
    assert transcript.to_dict() == WIRE
    assert transcript.model_dump(exclude_unset=True) == WIRE


@however_read
def test_a_full_dump_and_vars_have_every_field(read: Read) -> None:
    """Those that were not received too, with their defaults."""
    word: RecognitionResult = read(Transcript, WIRE).results[0]
    assert set(vars(word)) == set(RecognitionResult.model_fields)
    assert {**dict(word)} == vars(word)
    unset = dict.fromkeys(RecognitionResult.model_fields.keys() - WORD.keys())
    parts = dict.fromkeys(("language", "speaker", "tags", "display"))
    assert word.model_dump() == {**WORD, **unset, "alternatives": [{**WORD["alternatives"][0], **parts}]}
    assert word.model_dump(exclude_defaults=True) == word.model_dump(exclude_none=True) == WORD
    assert word.model_dump(include={"type"}) == {"type": "word"}
    assert "start_time" not in word.model_dump(exclude={"start_time"})
    assert json.loads(word.model_dump_json()) == word.model_dump(mode="json")
    assert RecognitionResult.model_validate(word.model_dump(round_trip=True)) == word


@however_read
def test_the_sets_of_names_and_the_unknown_fields_are_each_model_s_own(read: Read) -> None:
    """What is added to those of one is not added to another's."""
    transcript = read(Transcript, {"results": [WORD, WORD, MARK]})
    first, second, mark = transcript.results
    assert first.model_fields_set == second.model_fields_set == WORD.keys()
    assert mark.model_fields_set == MARK.keys()
    assert (first.model_extra, mark.model_extra) == ({}, {"unknown": [1]})
    first.model_fields_set.add("volume")
    first.model_extra["mood"] = "good"
    unknown = "other"
    setattr(first, unknown, 1)
    first.channel = "Agent"
    assert {*WORD, "volume", "channel"} <= first.model_fields_set
    assert first.to_dict() == {**WORD, "channel": "Agent", "volume": None, "mood": "good", "other": 1}
    assert first.other == 1
    delattr(first, unknown)
    assert first.model_extra == {"mood": "good"}
    assert second.to_dict() == WORD
    assert mark.to_dict() == MARK


def test_a_copy_is_changed_alone() -> None:
    """A deep one in its parts too."""
    word = Transcript.from_json(json.dumps(WIRE)).results[0]
    updated = word.model_copy(update={"volume": 3.0})
    assert (updated.volume, word.volume) == (3.0, None)
    assert updated.model_fields_set == {*WORD, "volume"}
    assert updated.alternatives is word.alternatives
    for deep in (word.model_copy(deep=True), copy.deepcopy(word)):
        assert deep == word
        assert deep.alternatives is not word.alternatives
    shallow = copy.copy(word)
    shallow.channel = "Agent"
    assert word.to_dict() == WORD


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles(protocol: int) -> None:
    """Of a transcript, whose words stay apart."""
    transcript = Transcript.from_json(json.dumps({**WIRE, "results": [WORD, WORD]}))
    loaded = pickle.loads(pickle.dumps(transcript, protocol))
    assert loaded == transcript
    assert kept_in(loaded) == kept_in(transcript)
    loaded.results[0].channel = "Agent"
    assert loaded.results[1].to_dict() == WORD


def test_equality_and_hashes() -> None:
    """Equal are models of one type with the same values, unknown ones included; only frozen ones have a hash."""

    class Frozen(RecognitionAlternative):
        model_config = ConfigDict(frozen=True)

    word = Transcript.from_json(json.dumps(WIRE)).results[0]
    assert word == RecognitionResult(**WORD) == RecognitionResult.model_construct(**vars(word)) == copy.copy(word)
    assert word != RecognitionResult.model_validate({**WORD, "new": 1})
    assert word != word.model_copy(update={"start_time": 1.0})
    assert RecognitionAlternative(content="a") != Frozen(content="a")
    with pytest.raises(TypeError, match="unhashable"):
        hash(word)
    frozen: list[Any] = [Frozen(content=content) for content in "aab"]
    assert len(set(frozen)) == 2
    with pytest.raises(ValidationError, match="frozen"):
        frozen[0].content = "b"


def test_constructed_models_are_not_validated() -> None:
    """Their defaults are filled in."""
    odd: Json = {"type": "word", "start_time": "x", "new": 1}
    made: Any = RecognitionResult.model_construct(None, **odd)
    assert (made.start_time, made.volume, made.model_extra) == ("x", None, {"new": 1})
    assert made.model_fields_set == {"type", "start_time"}
    with pytest.warns(UserWarning, match="serializer"):
        assert made.to_dict() == odd
    transcript = Transcript.model_construct(results=[made])
    assert transcript.results[0] is made


def test_instances_stay_themselves_and_lists_do_not() -> None:
    """As Pydantic leaves them, unless a subclass has instances validated anew."""
    word = RecognitionResult.model_validate(WORD)
    results = [WORD, word]
    transcript = Transcript.model_validate({"results": results})
    assert transcript.results[1] is word
    transcript.results.clear()
    assert results == [WORD, word]

    class Anew(RecognitionResult):
        model_config = ConfigDict(revalidate_instances="always")

    odd: Json = {"type": "word", "start_time": "1.5"}
    made = Anew.model_construct(None, **odd)
    assert TypeAdapter(Anew).validate_python(made).start_time == 1.5


class Validated(Transcript):
    """A transcript with a validator of every kind, each of which notes that it ran."""

    ran: list[str] = Field(default_factory=list[str], exclude=True)
    format: Annotated[str | None, AfterValidator(lambda value: value and f"v{value}")] = None

    @model_validator(mode="before")
    @classmethod
    def _before(cls, data: Any) -> Any:
        return {**data, "ran": ["before"]}

    @model_validator(mode="wrap")
    @classmethod
    def _wrap(cls, data: Any, handler: ModelWrapValidatorHandler[Validated]) -> Validated:
        read = handler(data)
        read.ran.append("wrap")
        return read

    @model_validator(mode="after")
    def _after(self) -> Validated:
        self.ran.append("after")
        return self

    @field_validator("results", mode="before")
    @classmethod
    def _only_words(cls, results: list[Json]) -> list[Json]:
        return [result for result in results if result["type"] == "word"]

    @field_validator("results", mode="wrap")
    @classmethod
    def _doubled(cls, results: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        return handler(results) * 2

    @field_validator("results")
    @classmethod
    def _marked(cls, results: list[RecognitionResult], info: ValidationInfo) -> list[RecognitionResult]:
        context: Json = info.context or {"channel": "none"}
        return [result.model_copy(update=context) for result in results]


@however_read
def test_a_subclass_s_validators_run(read: Read) -> None:
    """Of fields and of the whole, before, after and around, once each."""
    transcript = read(Validated, WIRE)
    assert sorted(transcript.ran) == ["after", "before", "wrap"]
    assert transcript.format == "v2.9"
    assert transcript.to_dict()["results"] == [{**WORD, "channel": "none"}] * 2


def test_the_context_reaches_validators() -> None:
    """From text and from objects."""
    context = {"channel": "Agent"}
    for transcript in (
        Validated.model_validate(WIRE, context=context),
        Validated.model_validate_json(json.dumps(WIRE), context=context),
    ):
        assert {result.channel for result in transcript.results} == {"Agent"}


class Rated(RecognitionResult):
    """A result of a user's own."""

    rating: int = Field(default=1, ge=1, alias="Rating")
    _seen: list[str] = PrivateAttr(default_factory=list[str])

    def model_post_init(self, context: Any) -> None:
        self._seen.append("made")

    @computed_field
    def length(self) -> float:
        """Seconds."""
        return (self.end_time or 0) - (self.start_time or 0)

    @field_serializer("start_time")
    def _in_ms(self, value: float | None) -> int:
        return int((value or 0) * 1000)

    @property
    def seen(self) -> list[str]:
        """What was noted."""
        return self._seen


RatedTranscript = create_model("RatedTranscript", __base__=Transcript, results=(list[Rated], ...))


@however_read
def test_a_subclass_may_have_results_of_its_own(read: Read) -> None:
    """With constraints, aliases, private attributes, computed fields, serializers and `model_post_init`."""
    results = [{**WORD, "start_time": 0.25, "Rating": 3}, {**WORD, "mood": "good"}]
    transcript = read(RatedTranscript, {"results": results})
    assert [type(result) for result in transcript.results] == [Rated, Rated]
    assert [(result.rating, result.seen) for result in transcript.results] == [(3, ["made"]), (1, ["made"])]
    assert transcript.to_dict()["results"] == [
        {**results[0], "start_time": 250, "length": 0.25},
        {**results[1], "start_time": 0, "length": 0.5},
    ]
    with pytest.raises((ValidationError, InvalidResponseError), match=r"results\.0\.Rating|greater than or equal to 1"):
        read(RatedTranscript, {"results": [{**WORD, "Rating": 0}]})


def of_results(extra: Literal["forbid", "ignore"]) -> type[Transcript]:
    """A transcript that keeps no unknown fields, nor do its results."""

    class Result(RecognitionResult):
        model_config = ConfigDict(extra=extra)

    class Whole(Transcript):
        model_config = ConfigDict(extra=extra)

    return create_model("Whole", __base__=Whole, results=(list[Result], ...))


@however_read
def test_what_becomes_of_unknown_fields_is_a_subclass_s_to_say(read: Read) -> None:
    """Forbidden they are errors, ignored they are nowhere."""
    closed, dropping = of_results("forbid"), of_results("ignore")
    assert read(closed, {"results": [WORD]}).to_dict() == {"results": [WORD]}
    for wrong in ({"results": [WORD], "new": 1}, {"results": [WORD, {**WORD, "new": 1}]}):
        with pytest.raises((ValidationError, InvalidResponseError), match="Extra inputs are not permitted"):
            read(closed, wrong)
    dropped = read(dropping, {"results": [{**WORD, "new": 1}], "new": 1})
    assert (dropped.model_extra, dropped.results[0].model_extra) == (None, None)
    assert dropped.to_dict() == {"results": [WORD]}


@pytest.mark.parametrize("extra", ["allow", "ignore", "forbid"])
def test_what_becomes_of_unknown_fields_is_the_caller_s_to_say(extra: Literal["allow", "ignore", "forbid"]) -> None:
    """For one validation, in all its parts."""
    wire = {"results": [{**WORD, "new": 1, "alternatives": [{"content": "a", "new": 1}]}], "new": 1}
    if extra == "forbid":
        with pytest.raises(ValidationError) as caught:
            Transcript.model_validate(wire, extra=extra)
        assert {problem["loc"] for problem in caught.value.errors()} == {
            ("new",),
            ("results", 0, "new"),
            ("results", 0, "alternatives", 0, "new"),
        }
        return
    for transcript in (
        Transcript.model_validate(wire, extra=extra),
        Transcript.model_validate_json(json.dumps(wire), extra=extra),
    ):
        result = transcript.results[0]
        assert result.alternatives
        unknown = [transcript.model_extra, result.model_extra, result.alternatives[0].model_extra]
        assert unknown == [{"new": 1} if extra == "allow" else None] * 3


def test_strict_validation_converts_nothing() -> None:
    """Asked for by the caller or by a subclass; without, what can be converted is."""

    class Strict(RecognitionResult):
        model_config = ConfigDict(strict=True)

    for odd in ({"start_time": "1.5"}, {"is_eos": "yes"}, {"is_eos": 1}):
        wire: Json = {"results": [{**WORD, **odd}]}
        assert Transcript.from_json(json.dumps(wire)) == Transcript.model_validate(wire)
        with pytest.raises(ValidationError):
            Transcript.model_validate(wire, strict=True)
        with pytest.raises(ValidationError):
            Transcript.model_validate_json(json.dumps(wire), strict=True)
        with pytest.raises(ValidationError):
            Strict.model_validate(wire["results"][0])
    assert Transcript.model_validate({"results": [WORD]}, strict=True).to_dict() == {"results": [WORD]}


def test_a_subclass_may_validate_what_is_set() -> None:
    """Others take it as it is."""

    class Careful(RecognitionResult):
        model_config = ConfigDict(validate_assignment=True)

    careful: Any = Careful.model_validate(WORD)
    with pytest.raises(ValidationError):
        careful.start_time = "soon"
    assert careful == Careful.model_validate(WORD)
    plain: Any = RecognitionResult.model_validate(WORD)
    plain.start_time = "soon"
    assert plain.start_time == "soon"


def test_a_transcript_within_a_user_s_model() -> None:
    """Is dumped and copied with it, and errors tell where in it they are."""
    seen = Seen.model_validate_json(json.dumps({"transcript": WIRE}))
    assert seen == Seen(transcript=Transcript.from_json(json.dumps(WIRE)))
    assert seen.model_dump(exclude_unset=True) == {"transcript": WIRE}
    assert json.loads(seen.model_dump_json(exclude_unset=True)) == {"transcript": WIRE}
    assert seen.model_copy(deep=True) == seen
    with pytest.raises(ValidationError) as caught:
        Seen.model_validate_json('{"transcript": {"results": [{}]}}')
    assert [problem["loc"] for problem in caught.value.errors()] == [("transcript", "results", 0, "type")]


def test_many_transcripts_at_once() -> None:
    """With a `TypeAdapter`, from text and from objects, and back; in a union too."""
    adapter = TypeAdapter(list[Transcript])
    text = json.dumps([WIRE, {"results": []}])
    assert adapter.validate_json(text) == adapter.validate_python(json.loads(text))
    assert adapter.dump_python(adapter.validate_json(text), exclude_unset=True) == json.loads(text)
    assert json.loads(adapter.dump_json(adapter.validate_json(text), exclude_unset=True)) == json.loads(text)
    either: TypeAdapter[Transcript | int] = TypeAdapter(Transcript | int)
    assert either.validate_json(json.dumps(WIRE)) == Transcript.model_validate(WIRE)
    assert either.validate_json("5") == 5


def test_a_subclass_with_types_that_come_later() -> None:
    """Of a function, too."""

    class Later(Transcript):
        moods: list[Mood] | None = None

    class Mood(BaseModel):
        name: str

    Later.model_rebuild()
    moods = Later.from_json('{"results": [], "moods": [{"name": "good"}]}').moods
    assert moods == [Mood(name="good")]


JUNK = st.sampled_from([None, True, 0, 1, -1.5, 10**400, float("nan"), "", "1", "x", [], [None], ["a", 1], {}, {"": 0}])
MODELS: list[type[BaseModel]] = [Transcript, RecognitionResult, RecognitionAlternative]
NAMES = st.sampled_from([*(name for model in MODELS for name in model.model_fields), "direction", "new"])


def objects_in(value: object) -> Iterator[Json]:
    """Every object of some JSON."""
    if is_object(value):
        yield value
    if is_object(value) or is_list(value):
        for part in value.values() if is_object(value) else value:
            yield from objects_in(part)


def kept_in(value: object) -> object:
    """All that a model is made of, and what is made of what it holds."""
    if isinstance(value, BaseModel):
        fields = [(name, kept_in(part)) for name, part in vars(value).items()]
        extra = value.__pydantic_extra__
        unknown = None if extra is None else {name: kept_in(part) for name, part in extra.items()}
        return type(value), fields, sorted(value.model_fields_set), unknown, value.__pydantic_private__
    if is_list(value):
        return [kept_in(part) for part in value]
    return type(value), repr(value)


def outcome(read: Callable[[str], Transcript], text: str) -> object:
    """What is read, or that it cannot be."""
    try:
        return kept_in(read(text))
    except (ValidationError, InvalidResponseError):
        return None


@given(wire_transcripts(unknown=True), st.data())
def test_damaged_transcripts_are_read_from_text_as_from_objects(wire: Json, data: st.DataObject) -> None:
    """Whatever field of whatever part holds whatever value, or is not there; some is kept as it came."""
    parts = [*objects_in(wire)]
    for _ in range(data.draw(st.integers(0, 4))):
        part = data.draw(st.sampled_from(parts))
        if data.draw(st.booleans()):
            part[data.draw(NAMES)] = data.draw(JUNK)
        else:
            part.pop(data.draw(NAMES), None)
    text = json.dumps(wire)
    found = outcome(Transcript.from_json, text)
    assert found == outcome(Transcript.model_validate_json, text)
    assert found == outcome(lambda text: Transcript.model_validate(json.loads(text)), text)


def test_what_does_not_fit_is_an_error_where_nothing_is_kept() -> None:
    """Else `from_json` would never be the faster for it; a subclass whose own validator is the outermost keeps all."""
    text = '{"results": [], "summary": "text"}'
    with pytest.raises(ValidationError, match="summary"):
        without_keeping(Transcript).validate_json(text)
    assert without_keeping(Validated).validate_json(text).model_extra == {"summary": "text"}
    assert Transcript.from_json(text).model_extra == {"summary": "text"}


@pytest.mark.parametrize("digits", [308, 309, 310, 400, 1000])
@pytest.mark.parametrize("before", [0, 1, 50, 99])
def test_numbers_beyond_all_measure_are_no_floats(digits: int, before: int) -> None:
    """They are errors in a word, as they are in Python, and not infinity; unknown fields hold them all."""
    number = "9" * digits
    body = f'{" " * before}{{"results": [{json.dumps(WORD)[:-1]}, "volume": {number}}}]}}'
    if digits > 308:
        with pytest.raises(InvalidResponseError, match=r"results\.0\.volume: Input should be a valid number"):
            Transcript.from_json(body)
    else:
        assert Transcript.from_json(body).results[0].volume == float(number)
    assert Transcript.from_json(body.replace("volume", "new")).results[0].model_extra == {"new": int(number)}


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e400"])
def test_what_is_no_number_of_json_is_a_float(text: str) -> None:
    """As Python's own reader has it."""
    body = f'{{"results": [{{"type": "word", "start_time": {text}}}], "new": {text}}}'
    transcript = Transcript.from_json(body)
    assert transcript.model_extra is not None
    for value in (transcript.results[0].start_time, transcript.model_extra["new"]):
        assert repr(value) == repr(json.loads(text))


def test_an_error_names_the_path_and_carries_the_body() -> None:
    """In the words that Pydantic has for JSON; all paths, of what might have been kept too."""
    body = json.dumps({"results": [WORD, {**WORD, "alternatives": [{"confidence": "x"}]}], "summary": 5})
    with pytest.raises(InvalidResponseError) as caught:
        Transcript.from_json(body)
    assert str(caught.value) == (
        "not a Transcript as the API documents it: results.1.alternatives.0.content: Field required; "
        "results.1.alternatives.0.confidence: Input should be a valid number, unable to parse string as a number; "
        "summary: Input should be an object"
    )
    assert caught.value.body == body.encode()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"results": [', "Invalid JSON: EOF while parsing"),
        ('{"results": [], "format": "\\ud800"}', "Invalid JSON: unexpected end of hex escape"),
        ('{"results": []} x', "Invalid JSON: trailing characters"),
        ('{"results": null}', "results: Input should be a valid array"),
        ("[]", "it is an array, and no object"),
        ("{}", "results: Field required"),
    ],
)
def test_what_is_no_transcript_is_refused(body: str, message: str) -> None:
    """As text and as bytes."""
    for data in (body, body.encode()):
        with pytest.raises(InvalidResponseError, match=message) as caught:
            Transcript.from_json(data)
        assert caught.value.body == body.encode()


def test_a_long_transcript_is_read_in_order() -> None:
    """Of many kinds of results in a random order; one that is cut short is refused."""
    chance = random.Random(1)
    kinds: list[Json] = [
        {},
        {"channel": "Agent"},
        {"volume": 3.0, "channel": "Agent"},
        {"new": 1},
        {"alternatives": [{"content": "b", "new": 1, "tags": ["disfluency"]}, {"content": "c"}]},
        {"alternatives": [{"content": "b", "display": {"direction": "ltr"}}]},
        {"entity_class": "date", "written_form": [WORD], "spoken_form": [WORD, WORD]},
    ]
    results = [{**WORD, "end_time": float(place), **chance.choice(kinds)} for place in range(20_000)]
    text = json.dumps({"results": results})
    transcript = Transcript.from_json(text)
    assert transcript.to_dict() == {"results": results}
    assert json.dumps(transcript.to_dict(), sort_keys=True) == json.dumps({"results": results}, sort_keys=True)
    assert len(words_of(transcript)) == 20_000
    with pytest.raises(InvalidResponseError, match=r"Invalid JSON: EOF while parsing"):
        Transcript.from_json(text[:-100])
