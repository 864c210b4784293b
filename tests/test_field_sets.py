"""Words of a transcript share the sets of their fields' names, and nobody can tell."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable

import pytest

from speechmatics.models import RecognitionResult, Transcript

WORD = {"type": "word", "start_time": 0.0, "end_time": 1.0, "alternatives": [{"content": "a", "confidence": 1.0}]}
MARK = {"type": "punctuation", "is_eos": True, "alternatives": [{"content": ".", "new": 1}], "unknown": [1]}
WIRE = {"results": [WORD, MARK, WORD, WORD, MARK, {"type": "silence"}]}


def transcript() -> Transcript:
    """A transcript of three words, two marks, and something else."""
    return Transcript.from_json(json.dumps(WIRE))


def first_reading(result: RecognitionResult) -> object:
    """The names received of the first reading of a result."""
    assert result.alternatives
    return result.alternatives[0].__pydantic_fields_set__


def test_equal_sets_are_one() -> None:
    """Of results and of their readings; different ones stay apart."""
    first, mark, second, third, other_mark, silence = transcript().results
    assert first.__pydantic_fields_set__ is second.__pydantic_fields_set__ is third.__pydantic_fields_set__
    assert mark.__pydantic_fields_set__ is other_mark.__pydantic_fields_set__
    assert first_reading(first) is first_reading(third)
    assert first_reading(mark) is first_reading(other_mark)
    assert first.model_fields_set == {"type", "start_time", "end_time", "alternatives"}
    assert mark.model_fields_set == {"type", "is_eos", "alternatives", "unknown"}
    assert silence.model_fields_set == {"type"}
    assert transcript().to_dict() == WIRE


def itself(result: RecognitionResult) -> RecognitionResult:
    """No copy at all."""
    return result


def pickled(result: RecognitionResult) -> RecognitionResult:
    """What came out of a pickle."""
    loaded: RecognitionResult = pickle.loads(pickle.dumps(result))
    return loaded


def updated(result: RecognitionResult) -> RecognitionResult:
    """Pydantic's own copy with a change."""
    return result.model_copy(update={"volume": 3.0})


@pytest.mark.parametrize("derived", [itself, copy.copy, copy.deepcopy, pickled, RecognitionResult.model_copy, updated])
def test_what_is_set_on_one_is_not_set_on_another(derived: Callable[[RecognitionResult], RecognitionResult]) -> None:
    """Neither by an assignment to it or to a copy of it, nor by adding to its set of names."""
    parsed = transcript()
    changed = derived(parsed.results[0])
    changed.channel = "Agent"
    changed.model_fields_set.add("volume")
    unknown = "mood"
    setattr(changed, unknown, "good")
    assert changed.to_dict()["channel"] == "Agent"
    assert changed.to_dict()["mood"] == "good"
    assert parsed.results[2].to_dict() == WORD
    if changed is not parsed.results[0]:
        assert parsed.to_dict() == WIRE


def test_pickled_together_they_stay_apart() -> None:
    """The words of an unpickled transcript are changed one by one too."""
    loaded = pickle.loads(pickle.dumps(transcript()))
    loaded.results[0].channel = "Agent"
    assert loaded.results[2].to_dict() == WORD
