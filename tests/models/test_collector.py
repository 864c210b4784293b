"""The garbage collector is held off while JSON is read, where that is wanted, and is as it was afterwards."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import speechmatics
from speechmatics import InvalidResponseError, Transcript
from speechmatics.models import hold_collector
from speechmatics.models._collector import CollectorHeld

pytestmark = pytest.mark.slow  # starts processes

WORD = {"type": "word", "start_time": 0.0, "end_time": 1.0, "alternatives": [{"content": "a", "confidence": 1.0}]}
TEXT = json.dumps({"format": "2.9", "metadata": {}, "results": [WORD] * 5_000})


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """The collector is as it was before each test."""
    before = gc.get_threshold()
    yield
    hold_collector(True)
    gc.enable()
    gc.set_threshold(*before)


def is_held() -> bool:
    """Whether a block holds the collector."""
    before = gc.get_threshold()
    with CollectorHeld():
        return gc.get_threshold() != before


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


def test_an_exception_ends_a_block() -> None:
    """Whatever it is."""
    before = gc.get_threshold()
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), CollectorHeld():
            assert gc.get_threshold() != before
            raise error
        assert gc.get_threshold() == before


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
    assert is_held()


def test_a_block_of_another_thread_is_not_ended() -> None:
    """By one that began while it was held."""
    before = gc.get_threshold()
    begun, ended = threading.Event(), threading.Event()

    def hold() -> None:
        with CollectorHeld():
            begun.set()
            ended.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait(10)
    held = gc.get_threshold()
    Transcript.from_json(TEXT)
    assert gc.get_threshold() == held != before
    ended.set()
    thread.join()
    assert gc.get_threshold() == before


@pytest.mark.parametrize("threshold", [(0, 10, 10), (50_000, 20, 30)])
def test_the_program_s_own_thresholds_stay(threshold: tuple[int, int, int]) -> None:
    """None of them is one too."""
    gc.set_threshold(*threshold)
    before = gc.get_threshold()
    assert is_held() == (threshold[0] > 0)
    Transcript.from_json(TEXT)
    assert gc.get_threshold() == before


def test_a_collector_that_is_off_stays_so() -> None:
    """Its thresholds are not even touched."""
    gc.disable()
    Transcript.from_json(TEXT)
    assert not gc.isenabled()
    assert not is_held()


def test_what_is_set_within_a_block_stays() -> None:
    """Whether it is a threshold, or that the collector is off or on."""
    with CollectorHeld():
        gc.disable()
    assert not gc.isenabled()
    gc.enable()
    with CollectorHeld():
        gc.set_threshold(123, 4, 5)
    assert gc.get_threshold()[0] == 123


def test_what_is_frozen_stays_frozen() -> None:
    """And what is read is not."""
    gc.collect()
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        transcript = Transcript.from_json(TEXT)
        assert frozen - 100 <= gc.get_freeze_count() <= frozen
        assert any(one is transcript for one in gc.get_objects())
    finally:
        gc.unfreeze()


def test_a_process_that_is_forked_within_a_block_is_free_of_it() -> None:
    """The thread that would end it is not there."""
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    code = """
import gc, os, threading
from speechmatics.models._collector import CollectorHeld
before = gc.get_threshold()
begun, ended = threading.Event(), threading.Event()
def hold():
    with CollectorHeld():
        begun.set()
        ended.wait(10)
thread = threading.Thread(target=hold)
thread.start()
begun.wait(10)
child = os.fork()
if not child:
    free = gc.get_threshold() == before
    with CollectorHeld():
        free = free and gc.get_threshold() != before
    os._exit(0 if free and gc.get_threshold() == before else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
ended.set()
"""
    assert run(code).stdout == "0\n"


def test_it_is_switched_off_and_on() -> None:
    """By one function, of both packages; a block that has begun ends as ever."""
    before = gc.get_threshold()
    assert speechmatics.hold_collector is hold_collector
    with CollectorHeld():
        hold_collector(False)
    assert gc.get_threshold() == before
    assert not is_held()
    assert Transcript.from_json(TEXT).results
    hold_collector(True)
    assert is_held()


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a new process."""
    environ = {**os.environ, **variables}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)


@pytest.mark.parametrize(
    ("value", "held"),
    [("false", False), ("0", False), (" Off ", False), ("no", False), ("true", True), ("1", True), ("", True)],
)
def test_it_is_switched_off_by_the_environment(value: str, held: bool) -> None:
    """The variable is read when the package is imported, and a function has the last word."""
    code = """
import os, gc
from speechmatics.models import hold_collector
from speechmatics.models._collector import CollectorHeld
os.environ["SPEECHMATICS_HOLD_COLLECTOR"] = "nonsense"
before = gc.get_threshold()
with CollectorHeld():
    print(gc.get_threshold() != before)
hold_collector(True)
with CollectorHeld():
    print(gc.get_threshold() != before)
"""
    assert run(code, SPEECHMATICS_HOLD_COLLECTOR=value).stdout == f"{held}\nTrue\n"


def test_what_is_neither_true_nor_false_is_a_warning() -> None:
    """No answer is lost for it."""
    told = run("import speechmatics.models", SPEECHMATICS_HOLD_COLLECTOR="flase").stderr
    assert "SPEECHMATICS_HOLD_COLLECTOR must be true or false, not 'flase'; true is taken" in told
