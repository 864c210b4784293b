"""JSON that is read piece by piece means what it means when it is read at once."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import from_json

from speechmatics import InvalidResponseError, Transcript
from speechmatics.models import _pieces
from speechmatics.models._pieces import read_by_pieces
from tests.test_usual import WORD, Json

NASTY = st.sampled_from(["}, {", '"}, {"results": [{', '"results": [{}, {', "\\", '"', "[", "]},{", "é}, {é", "\n"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | NASTY,
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(st.just("results") | NASTY, inside, max_size=3)
        | st.lists(st.dictionaries(NASTY, inside, max_size=2), max_size=5)
    ),
    max_leaves=15,
)
ROWS = st.lists(st.dictionaries(st.just("results") | NASTY, VALUES, max_size=3), max_size=25)


class Kept:
    """Builds nothing, and remembers how much it was given at a time."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, rows: Sequence[object]) -> Sequence[object]:
        self.sizes.append(len(rows))
        return rows


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a few objects."""
    monkeypatch.setattr(_pieces, "_PIECE", 40)
    monkeypatch.setattr(_pieces, "_STEP", 3)


@pytest.mark.usefixtures("small_pieces")
@settings(max_examples=500, deadline=None)
@given(
    before=st.dictionaries(NASTY, VALUES, max_size=3),
    rows=ROWS,
    after=st.dictionaries(NASTY, VALUES | ROWS, max_size=3),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")]),
)
def test_pieces_are_the_whole(before: Json, rows: list[Json], after: Json, separators: tuple[str, str]) -> None:
    """Whatever strings look like the end of a piece, and however white space is used."""
    text = json.dumps({**before, "results": rows, **after}, separators=separators, ensure_ascii=False)
    assert read_by_pieces(text.encode(), "results", Kept()) == json.loads(text)


@pytest.mark.usefixtures("small_pieces")
@settings(max_examples=500, deadline=None)
@given(text=st.lists(st.sampled_from(['"results": [', "{", "}", "},{", ",", '"a":', "1", '"', "[", "]"]), max_size=60))
def test_whatever_comes_is_as_read_at_once(text: list[str]) -> None:
    """Also what is not JSON, which is an error in the same words."""
    body = "".join(text).encode()

    def outcome(read: Callable[[bytes], object], text: bytes) -> object:
        try:
            return read(text)
        except ValueError as error:
            return str(error)

    for whole in (body, b"{" + body + b"}", b'{"results": [{},{"a": 1},{' + body):
        found = outcome(lambda text: read_by_pieces(text, "results", Kept()), whole)
        assert found == outcome(from_json, whole)


def test_a_long_list_is_read_in_pieces() -> None:
    """Each of which is built before the next is read; one that begins under the same name does not disturb."""
    chance = random.Random(1)
    entity = {"type": "entity", "spoken_form": [WORD, WORD]}
    rows = [entity, *({**WORD, "end_time": chance.random()} for _ in range(20_000))]
    nested = {"language_identification": {"results": [{"start_time": 0.0}, {"start_time": 1.0}]}}
    text = json.dumps({"metadata": nested, "results": rows, "translations": {"de": rows[:3]}}).encode()
    kept = Kept()
    assert read_by_pieces(text, "results", kept) == json.loads(text)
    assert max(kept.sizes) * 10 < sum(kept.sizes)


def test_a_short_text_is_read_at_once() -> None:
    """There is nothing to win."""
    kept = Kept()
    assert read_by_pieces(b'{"results": [{}, {}]}', "results", kept) == {"results": [{}, {}]}
    assert kept.sizes == [2]


def test_a_long_transcript_that_is_cut_short_is_refused() -> None:
    """As a short one is, in Pydantic's words."""
    body = json.dumps({"results": [WORD] * 10_000})[:-100]
    with pytest.raises(InvalidResponseError, match=r"Invalid JSON: EOF while parsing"):
        Transcript.from_json(body)
