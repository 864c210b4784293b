"""Tests of your own code on transcripts that nobody has to write: `pytest examples/test_talk_time.py`.

hypothesis draws lifelike transcripts, with and without speakers, channels, entities and silence, and shrinks one that
breaks the code to the smallest that does. The extra `testing` has the strategies.
"""

from __future__ import annotations

import pytest
from hypothesis import given

from examples.talk_time import talk_time
from speechmatics import Transcript
from speechmatics.testing import transcripts


@given(transcripts())
def test_nobody_speaks_for_longer_than_there_are_words(transcript: Transcript) -> None:
    """What all spoke is the length of all words."""
    lengths = [(word.end_time or 0) - (word.start_time or 0) for word in transcript.words()]
    assert sum(talk_time(transcript).values()) == pytest.approx(sum(lengths))


@given(transcripts())
def test_the_order_is_by_time(transcript: Transcript) -> None:
    """The first spoke for the longest."""
    spoken = list(talk_time(transcript).values())
    assert spoken == sorted(spoken, reverse=True)


@given(transcripts())
def test_it_does_not_matter_when_the_recording_began(transcript: Transcript) -> None:
    """A minute later all speak as long as before."""
    later = talk_time(transcript.shift(60))
    assert later == pytest.approx(talk_time(transcript), abs=1e-6)
