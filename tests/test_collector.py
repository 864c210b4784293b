"""The garbage collector is held off while JSON is read, and is as it was afterwards."""

from __future__ import annotations

import gc
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from speechmatics import InvalidResponseError, Transcript
from speechmatics.models._collector import CollectorHeld

WORD = {"type": "word", "start_time": 0.0, "end_time": 1.0, "alternatives": [{"content": "a", "confidence": 1.0}]}
TEXT = json.dumps({"format": "2.9", "metadata": {}, "results": [WORD] * 5_000})


def test_no_collection_runs_while_a_transcript_is_read() -> None:
    """And its thresholds are the program's own again, after an error too."""
    before = gc.get_threshold()
    gc.collect()
    count = sum(generation["collections"] for generation in gc.get_stats())
    Transcript.from_json(TEXT)
    assert sum(generation["collections"] for generation in gc.get_stats()) - count <= 2
    with pytest.raises(InvalidResponseError):
        Transcript.from_json("{")
    assert gc.get_threshold() == before
    assert gc.isenabled()


def test_blocks_within_blocks_and_in_threads() -> None:
    """The outermost decides; threads that read at once leave the thresholds as they were."""
    before = gc.get_threshold()
    with CollectorHeld():
        held = gc.get_threshold()
        with CollectorHeld():
            assert gc.get_threshold() == held != before
        assert gc.get_threshold() == held
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(Transcript.from_json, [TEXT] * 24))
    assert gc.get_threshold() == before


def test_a_collector_that_is_off_or_set_meanwhile_stays_so() -> None:
    """Whether it is on is the program's affair."""
    before = gc.get_threshold()
    gc.disable()
    try:
        Transcript.from_json(TEXT)
        assert not gc.isenabled()
        with CollectorHeld():
            gc.set_threshold(123, 4, 5)
        assert gc.get_threshold() == (123, 4, 5)
    finally:
        gc.set_threshold(*before)
        gc.enable()
