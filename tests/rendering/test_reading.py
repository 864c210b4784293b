"""Templates, sentences, paragraphs, phrases and confidence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from speechmatics import InvalidInputError, Transcript
from speechmatics.testing import transcripts
from tests.rendering.test_rendering import Item, full_stop, mark, transcript

TALK: tuple[str | Item, ...] = (
    ("Thank", {"speaker": "S1"}),
    ("you", {"speaker": "S1"}),
    full_stop(),
    ("Good", {"speaker": "S1", "pause": 2.0}),
    full_stop(),
    ("Bye", {"speaker": "S1"}),
    ("now", {"speaker": "S2"}),
)


def test_a_template_writes_a_line_for_each_turn() -> None:
    """With times as people and as programs read them, and what is missing as nothing."""
    talk = transcript(*TALK)
    assert talk.to_text(template="[{start}] {speaker}: {text}") == (
        "[0:00:00.000] S1: Thank you. Good. Bye\n[0:00:04.400] S2: now\n"
    )
    assert talk.to_text(template="{start_seconds:.1f}-{end_seconds:05.1f}|{channel}|{language}|{{x}}") == (
        "0.0-004.3|||{x}\n4.4-004.9|||{x}\n"
    )
    late = transcript(("late", {"start_time": 36_061.9996, "end_time": 36_062.0, "channel": "Agent"}))
    assert late.to_text(template="{start} {channel} {speaker}") == "10:01:02.000 Agent UU\n"
    assert transcript().to_text(template="{text}") == ""


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{spaeker}", "'spaeker', which there is not; did you mean speaker"),
        ("{}", "there are start, end"),
        ("{0}", "there are start, end"),
        ("{text.__class__}", r"'text\.__class__', which there is not"),
        ("{text[0]}", r"'text\[0\]', which there is not"),
        ("{text", "is none"),
        ("{text:d}", "is none"),
    ],
)
def test_a_template_that_cannot_be_filled_in(template: str, message: str) -> None:
    """Says what there is; no attribute can be read by it."""
    with pytest.raises(InvalidInputError, match=message):
        transcript("a").to_text(template=template)


def test_a_template_has_its_own_labels() -> None:
    """So that others beside it are an error."""
    for labels in ({"speaker_labels": True}, {"channel_labels": False}):
        with pytest.raises(InvalidInputError, match="labels"):
            transcript("a").to_text(template="{text}", **labels)


def test_sentences() -> None:
    """One ends with its mark, and where the speaker changes."""
    found = [(each.text, each.speaker, each.start) for each in transcript(*TALK).sentences()]
    assert found == [("Thank you.", "S1", 0.0), ("Good.", "S1", 1.2), ("Bye", "S1", 3.8), ("now", "S2", 4.4)]
    assert [[*transcript().sentences()], [*transcript().paragraphs()]] == [[], []]


def test_a_sentence_goes_on_while_another_channel_speaks() -> None:
    """They are in the order in which they begin."""
    both = transcript(
        ("I", {"channel": "A"}), ("No", {"channel": "B"}), mark(".", channel="B"), ("see", {"channel": "A"})
    )
    assert [(each.channel, each.text) for each in both.sentences()] == [("A", "I see"), ("B", "No.")]


def test_paragraphs() -> None:
    """One ends with a sentence before a pause, and where the speaker changes; a pause within a sentence is none."""
    talk = transcript(*TALK)
    assert [each.text for each in talk.paragraphs()] == ["Thank you. Good.", "Bye", "now"]
    assert [each.text for each in talk.paragraphs(pause=0)] == ["Thank you.", "Good.", "Bye", "now"]
    assert [each.text for each in talk.paragraphs(pause=60)] == ["Thank you. Good. Bye", "now"]
    assert [each.text for each in transcript(("a", {"pause": 5.0}), "b").paragraphs()] == ["a b"]
    for wrong in (-1.0, float("nan")):
        with pytest.raises(InvalidInputError, match="pause must be 0 or more"):
            talk.paragraphs(pause=wrong)


@given(transcripts())
def test_sentences_and_paragraphs_have_every_word(transcript: Transcript) -> None:
    """Each once, and each in one of them."""
    words = sorted(map(repr, transcript.words()))
    for passages in (transcript.sentences(), transcript.paragraphs()):
        assert sorted(repr(word) for passage in passages for word in passage.words) == words


def test_a_phrase_is_found() -> None:
    """Whatever its capitals, marks and spaces, in whole words, with its times."""
    talk = transcript(*TALK, "Thank", mark(","), "you", "thankyou", "youth", "ICE-CREAM", "café")

    def places(phrase: str) -> list[tuple[float | None, float | None, str]]:
        return [(match.start, match.end, match.text) for match in talk.search(phrase)]

    assert places("thank YOU!") == [(0.0, 1.1, "Thank you"), (5.0, 6.1, "Thank you"), (6.2, 6.7, "thankyou")]
    assert places("you") == [(0.6, 1.1, "you"), (5.6, 6.1, "you")]
    assert places("good bye") == [(1.2, 4.3, "Good Bye")]
    assert [text for _, _, text in places("ice cream")] == ["ICE-CREAM"]
    assert [text for _, _, text in places("CAFE\u0301")] == ["café"]
    assert places("goodbye to") == places("hank") == []
    [match] = talk.search("now")
    assert (match.speaker, match.channel, [word.start_time for word in match.words]) == ("S2", None, [match.start])


def test_a_phrase_is_found_where_no_space_shows_words() -> None:
    """And on each channel by itself, by time."""
    japanese = transcript("今日", "は", "いい", "天気", word_delimiter="")
    assert [match.text for match in japanese.search("はいい")] == ["はいい"]
    assert [*japanese.search("日は")] == []
    apart = transcript(
        ("b", {"channel": "B"}), ("a", {"channel": "A"}), ("b", {"channel": "A"}), ("a", {"channel": "B"})
    )
    assert [(match.channel, match.text) for match in apart.search("ab")] == [("A", "a b")]
    assert [(match.channel, match.text) for match in apart.search("b")] == [("B", "b"), ("A", "b")]
    [match] = transcript(mark("..."), "", "a").search("a")
    assert match.text == "a"


@pytest.mark.parametrize("phrase", ["", " ", "?!"])
def test_a_phrase_has_a_letter_or_a_digit(phrase: str) -> None:
    """Said at once."""
    with pytest.raises(InvalidInputError, match="a letter or a digit"):
        transcript("a").search(phrase)


def test_confidence() -> None:
    """The mean of the words that have one, and those below the threshold."""

    def sure(content: str, value: float | None) -> dict[str, Any]:
        reading = {"content": content} | ({} if value is None else {"confidence": value})
        return {"type": "word", "start_time": 0, "end_time": 0, "alternatives": [reading]}

    found = Transcript.model_validate({"results": [sure("a", 0.5), sure("b", 0.25), sure("c", None), sure("d", 0.0)]})
    summed = found.confidence()
    assert (summed.mean, summed.words) == (0.25, 3)
    assert [word.alternatives[0].content for word in summed.below if word.alternatives] == ["b", "d"]
    assert len(found.confidence(threshold=0).below) == 0
    assert len(found.confidence(threshold=1).below) == 3
    assert Transcript.model_validate({"results": []}).confidence().mean is None
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(InvalidInputError, match="threshold must be from 0 to 1"):
            found.confidence(threshold=wrong)
