"""Text, subtitles, turns and records of transcripts written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from speechmatics import Transcript
from speechmatics.models import RecognitionMetadata
from speechmatics.rendering import Turn
from tests.trials.subtitles import count_all

Item = tuple[str, dict[str, Any]]


def transcript(*items: str | Item, gap: float = 0.1, **language_pack_info: Any) -> Transcript:
    """Words, or pairs of a content and other fields; half a second each, marks without length."""
    results: list[dict[str, Any]] = []
    clock = 0.0
    for item in items:
        content, others = item if isinstance(item, tuple) else (item, {})
        length = 0.0 if others.get("type") == "punctuation" else 0.5
        clock = clock if not length or not results else clock + gap
        reading = {name: others[name] for name in ("speaker", "language", "display", "tags") if name in others}
        fields = {name: value for name, value in others.items() if name not in reading and name != "pause"}
        results.append(
            {
                "type": "word",
                "start_time": round(clock, 3),
                "end_time": round(clock + length, 3),
                "alternatives": [{"content": content, **reading}],
                **fields,
            }
        )
        clock += length + others.get("pause", 0)
    return Transcript.model_validate({"results": results, "metadata": {"language_pack_info": language_pack_info}})


def mark(content: str, attaches_to: str | None = None, **others: Any) -> Item:
    """A punctuation mark."""
    side = {} if attaches_to is None else {"attaches_to": attaches_to}
    return content, {"type": "punctuation", **side, **others}


def full_stop(content: str = ".") -> Item:
    """A mark that ends a sentence."""
    return mark(content, "previous", is_eos=True)


def cue_texts(srt: str) -> list[str]:
    """The lines of each subtitle."""
    return [block.split("\n", 2)[2] for block in srt.strip("\n").split("\n\n") if block]


def seconds_of(clock: str) -> float:
    """A time of SRT."""
    hours, minutes, seconds = clock.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def cue_times(srt: str) -> list[str]:
    """When each subtitle is shown."""
    return [block.split("\n", 2)[1] for block in srt.strip("\n").split("\n\n") if block]


DATE = (
    "17 May",
    {
        "type": "entity",
        "entity_class": "date",
        "channel": None,
        "language": "en",
        "speaker": "S1",
        "written_form": [
            {
                "type": "word",
                "start_time": 0.6,
                "end_time": 0.8,
                "alternatives": [{"content": "17", "confidence": 0.9}],
            },
            {"type": "word", "start_time": 0.8, "end_time": 1.1, "alternatives": [{"content": "May"}]},
        ],
        "spoken_form": [{"type": "word", "alternatives": [{"content": "seventeenth"}]}],
    },
)


@pytest.mark.parametrize(
    ("items", "text"),
    [
        (["a", mark(",", "previous"), "b"], "a, b"),
        (["a", mark(","), "b"], "a, b"),
        (["a", mark(",", "new_value"), "b"], "a, b"),
        (["a", mark("¿", "next"), "b"], "a ¿b"),
        (["a", mark("-", "both"), "b", "c"], "a-b c"),
        (["a", mark("&", "none"), "b"], "a & b"),
        (["a", mark("(", "next"), "b", mark(")"), mark(","), "c"], "a (b), c"),
        ([mark("(", "next"), mark("“", "next"), "a", mark("”"), mark(")")], "(“a”)"),
        ([mark("...", "previous"), "a"], "... a"),
        ([mark("-", "both"), "a"], "-a"),
        (["a", mark("-", "both")], "a-"),
        (["a", mark("(", "next"), mark("&", "none"), "b"], "a (& b"),
        ([mark("¿", "next")], "¿"),
        (["", "a", "", "b", ""], "a b"),
    ],
)
def test_marks_attach_to_their_side(items: list[str | Item], text: str) -> None:
    """`previous` is also what an absent or unknown side means; at the ends there may be nothing to attach to."""
    assert transcript(*items).to_text() == text + "\n"


def test_delimiters() -> None:
    """Japanese has none; between a language with and one without stands the one there is."""
    assert transcript("今日", "は", full_stop("。"), "はい", word_delimiter="").to_text() == "今日は。はい\n"
    assert transcript("a", "b").to_text() == "a b\n"
    mixed = transcript(
        *(("我", {"language": "cmn"}), ("用", {"language": "cmn"})),
        *(("my", {"language": "en"}), ("iPhone", {"language": "en"})),
        *(("打", {"language": "cmn"}), ("电话", {"language": "cmn"})),
        per_language_word_delimiters={"cmn": "", "en": " "},
    )
    assert mixed.to_text() == "我用 my iPhone 打电话\n"


def test_text_from_right_to_left_is_in_logical_order() -> None:
    """Text is as Unicode has it; a line of a subtitle that hides its direction shows it by a mark within the limit."""
    hebrew = transcript("iPhone", "טוב", full_stop(), "שלום", full_stop(), writing_direction="right-to-left")
    assert hebrew.to_text() == "iPhone טוב. שלום.\n"
    assert cue_texts(hebrew.to_srt()) == ["\u200fiPhone טוב.", "שלום."]
    assert cue_texts(hebrew.to_srt(max_line_length=6)) == ["\u200fiPhon\n\u200fe", "טוב.", "שלום."]
    mixed = transcript(
        ("12", {"language": "ar"}),
        full_stop(),
        ("12", {"language": "en"}),
        gap=0.4,
        per_language_writing_direction={"ar": "right-to-left", "en": "left-to-right"},
    )
    assert cue_texts(mixed.to_srt()) == ["\u200f12.", "12"]
    compound = transcript(
        ("12", {"language": "ar"}), mark("-", "both"), "34", per_language_writing_direction={"ar": "right-to-left"}
    )
    assert cue_texts(compound.to_srt(max_line_length=5)) == ["\u200f12-\n34"]
    assert cue_texts(compound.to_srt(max_line_length=6)) == ["\u200f12-34"]
    assert cue_texts(transcript(("1", {"display": {"direction": "rtl"}})).to_srt()) == ["\u200f1"]


def test_entities_are_written() -> None:
    """The written form stands in text and, word by word, in `words` and records; in subtitles it may be divided."""
    dated = transcript(("On", {"speaker": "S1"}), DATE, full_stop())
    assert dated.to_text(speaker_labels=False) == "On 17 May.\n"
    assert cue_texts(dated.to_srt(max_line_length=5)) == ["On 17\nMay."]
    assert [word.alternatives[0].content for word in dated.words() if word.alternatives] == ["On", "17", "May"]
    assert {word.type for word in dated.words()} == {"word"}
    assert [*dated.to_records(transcript_id="t")][1] == {
        "transcript_id": "t",
        "content": "17",
        "start_time": 0.6,
        "end_time": 0.8,
        "confidence": 0.9,
        "language": "en",
        "speaker": "S1",
        "channel": None,
        "entity_class": "date",
        "volume": None,
        "tags": "",
    }


def test_entities_with_one_form_only() -> None:
    """Without content of its own an entity is its written form; without a written form it is one word."""
    bare = transcript("On", (DATE[0], {**DATE[1], "alternatives": []}))
    assert bare.to_text() == "On 17 May\n"
    whole = transcript((DATE[0], {**DATE[1], "written_form": None}))
    assert [record["content"] for record in whole.to_records()] == ["17 May"]
    assert transcript("On", ("", {"type": "entity", "alternatives": []})).to_text() == "On\n"


def test_speakers_and_channels_are_labelled_where_there_are_any() -> None:
    """A block begins where what is labelled changes; labels can be switched on and off."""
    two = transcript(("Hi", {"speaker": "S1"}), mark("."), ("Yes", {"speaker": "S2"}))
    assert two.to_text() == "SPEAKER: S1\nHi.\nSPEAKER: S2\nYes\n"
    assert two.to_text(speaker_labels=False) == "Hi.\nYes\n"
    assert transcript(("Hi", {"speaker": "UU"}), "there").to_text() == "Hi there\n"
    assert transcript("Hi", ("there", {"speaker": "UU"})).to_text(speaker_labels=True) == "SPEAKER: UU\nHi there\n"
    assert transcript("Hi").to_text(channel_labels=True) == "Hi\n"
    both = transcript(
        ("Hi", {"channel": "Agent", "speaker": "S1"}),
        ("you", {"channel": "Agent", "speaker": "S2"}),
        ("Yes", {"channel": "Caller", "speaker": "S2"}),
    )
    assert both.to_text(speaker_labels=False) == "CHANNEL: Agent\nHi\nyou\nCHANNEL: Caller\nYes\n"
    assert both.to_text(channel_labels=False) == "SPEAKER: S1\nHi\nSPEAKER: S2\nyou Yes\n"
    assert both.to_text() == (
        "CHANNEL: Agent\nSPEAKER: S1\nHi\nCHANNEL: Agent\nSPEAKER: S2\nyou\nCHANNEL: Caller\nSPEAKER: S2\nYes\n"
    )


def test_marks_attach_within_their_channel() -> None:
    """Another channel's word in between changes nothing, and a mark that ties does not tie to it."""
    mixed = transcript(
        ("Hi", {"channel": "A"}),
        ("Yes", {"channel": "B"}),
        mark(".", channel="A", is_eos=True),
        ("well", {"channel": "A"}),
        mark("-", "both", channel="A"),
        ("no", {"channel": "B"}),
        ("known", {"channel": "A"}),
        mark("!", channel="B"),
    )
    assert mixed.to_text(channel_labels=False) == "Hi. Yes well- no! known\n"
    assert [(turn.channel, turn.text) for turn in mixed.turns()] == [
        ("A", "Hi."),
        ("B", "Yes"),
        ("A", "well-"),
        ("B", "no!"),
        ("A", "known"),
    ]
    assert cue_texts(mixed.to_srt()) == ["Hi.", "Yes no!", "well-known"]


def test_a_mark_without_a_speaker_belongs_to_its_neighbour() -> None:
    """To the word after it if it stands before it, else to the word before."""
    items = [("Hi", {"speaker": "S1"}), mark("¿", "next"), ("Yes", {"speaker": "S2"}), mark("&", "none")]
    assert transcript(*items).to_text() == "SPEAKER: S1\nHi\nSPEAKER: S2\n¿Yes &\n"
    assert transcript(mark("..."), ("Hi", {"speaker": "S1"})).to_text() == "SPEAKER: S1\n... Hi\n"


def test_nothing_makes_nothing() -> None:
    """Results without alternatives and of types to come are passed over."""
    word = {"type": "word", "start_time": 0, "end_time": 1}
    sound = {"type": "sound", "alternatives": [{"content": "(laughs)"}]}
    for results in ([], [word], [sound]):
        empty = Transcript.model_validate({"results": results})
        assert (empty.to_text(), empty.to_srt(), empty.to_vtt()) == ("", "", "WEBVTT\n")
        assert (list(empty.turns()), list(empty.to_records())) == ([], [])
    assert (transcript("").to_text(), transcript("").to_srt()) == ("", "")
    assert transcript("a", ("(laughs)", {"type": "sound"}), "b").to_text() == "a b\n"


def test_turns() -> None:
    """A turn says who, where, when and in which language for the most part, and holds its words."""
    talk = transcript(
        ("Hola", {"speaker": "S1", "channel": "A", "language": "es"}),
        full_stop(),
        ("Hi", {"speaker": "S1", "channel": "A", "language": "en"}),
        ("you", {"speaker": "S1", "channel": "A", "language": "en"}),
        ("Yes", {"speaker": "S2", "channel": "A", "language": "en"}),
    )
    talk.results[1].channel = "A"
    first, second = talk.turns()
    words = [*talk.words()]
    assert first == Turn(
        speaker="S1", channel="A", language="en", start=0.0, end=1.7, text="Hola. Hi you", words=(*words[:3],)
    )
    assert (second.speaker, second.start, second.end, second.text) == ("S2", 1.8, 2.3, "Yes")
    assert [turn.speaker for turn in transcript("a", "b").turns()] == [None]


def test_turns_without_times() -> None:
    """A turn whose words have no times is where the turn before ended."""
    timeless = ("b", {"speaker": "S2", "start_time": None, "end_time": None})
    assert [(turn.start, turn.end) for turn in transcript(("a", {"speaker": "S1"}), timeless).turns()] == [
        (0.0, 0.5),
        (0.5, 0.5),
    ]


def test_records_are_flat() -> None:
    """One per word; marks have none."""
    [record] = transcript(("Um", {"tags": ["disfluency", "profanity"], "volume": 40.0}), mark(",")).to_records()
    assert (record["content"], record["tags"], record["volume"]) == ("Um", "disfluency,profanity", 40.0)


def test_subtitles() -> None:
    """The format, to the letter."""
    talk = transcript("One", mark(","), "two", full_stop(), ("three", {"pause": 2.0}), "four")
    assert talk.to_srt() == (
        "1\n00:00:00,000 --> 00:00:01,100\nOne, two.\n\n"
        "2\n00:00:01,200 --> 00:00:02,200\nthree\n\n"
        "3\n00:00:03,800 --> 00:00:04,800\nfour\n\n"
    )
    assert talk.to_vtt().startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.100\nOne, two.\n\n00:00:01.200 --> ")


def test_subtitles_end_with_sentences_pauses_and_speakers() -> None:
    """A new subtitle begins after each; where the service does not say, a full stop ends a sentence."""
    srt = transcript(
        *("One", full_stop(), "two", mark("?"), "3", mark(".", "both"), "5"),
        *(("three", {"pause": 3.0}), ("four", {"speaker": "S1"}), ("five", {"speaker": "S2"})),
        gap=0.4,
    ).to_srt()
    assert cue_texts(srt) == ["One.", "two?", "3.5 three", "four", "five"]


def test_what_could_only_be_glimpsed_shares_a_subtitle() -> None:
    """A sentence after which its speaker continues before it could be read, if both fit; otherwise it stands alone."""

    def quick(content: str, start: float, **others: Any) -> Item:
        return content, {"start_time": start, "end_time": start + 0.2, **others}

    srt = transcript(
        quick("Yes", 0), full_stop(), quick("No", 0.3), full_stop(), quick("Well", 1.2), full_stop()
    ).to_srt()
    assert cue_texts(srt) == ["Yes. No.", "Well."]
    assert cue_times(srt)[0] == "00:00:00,000 --> 00:00:01,000"
    tight = transcript(quick("Yes", 0), full_stop(), quick("No", 0.3)).to_srt(max_line_length=4, max_lines=1)
    assert cue_texts(tight) == ["Yes.", "No"]
    two = transcript(quick("Yes", 0, speaker="S1"), full_stop(), quick("No", 0.3, speaker="S2"), full_stop()).to_srt()
    assert cue_texts(two) == ["Yes.", "No."]
    paused = transcript(quick("Yes", 0), full_stop(), quick("No", 0.9), full_stop()).to_srt()
    assert cue_texts(paused) == ["Yes.", "No."]


def test_long_sentences_are_divided_after_a_mark_or_at_a_short_pause() -> None:
    """Rather than in mid-phrase; where there is neither, the last two subtitles share what is left."""
    assert cue_texts(transcript(*["aa", "bb", "cc", "dd", "ee", "ff"]).to_srt(max_line_length=5)) == [
        "aa bb\ncc",
        "dd ee\nff",
    ]
    with_mark = transcript("aa", "bb", "cc", mark(","), "dd", "ee", "ff")
    assert cue_texts(with_mark.to_srt(max_line_length=6)) == ["aa bb\ncc,", "dd ee\nff"]
    with_pause = transcript("aa", "bb", ("cc", {"pause": 0.4}), "dd", "ee", "ff")
    assert cue_texts(with_pause.to_srt(max_line_length=5)) == ["aa bb\ncc", "dd ee\nff"]


def numbered(*widths: int, **more: Any) -> Transcript:
    """A sentence of words that are so many letters long, half a second each."""
    return transcript(*[(chr(ord("a") + index) * width, more) for index, width in enumerate(widths)], gap=0.0)


def test_a_good_break_is_the_last_one_that_leaves_a_third() -> None:
    """In what fits of a sentence that fills more than two subtitles: not in its first third, and not exactly there."""

    def first_cue(*breaks: int, pause: float = 0.31) -> int:
        """How many of nine words, of thirty, the first subtitle has, where a pause comes before some of them."""
        items: list[str | Item] = [("w", {"pause": pause}) if index + 1 in breaks else "w" for index in range(30)]
        return len(cue_texts(transcript(*items, gap=0.0).to_srt(max_line_length=17, max_lines=1))[0].split())

    assert first_cue() == 9
    assert first_cue(4) == 4
    assert first_cue(4, 7) == 7
    assert first_cue(3) == first_cue(2) == first_cue(1) == 9
    assert first_cue(9) == 9
    assert first_cue(4, pause=0.29) == 9


def test_the_last_two_subtitles_of_a_sentence_share_what_is_left() -> None:
    """No word is left alone, and a clause that ends near the middle is where they part."""
    assert cue_texts(numbered(5, 5, 5, 5, 5).to_srt(max_line_length=23, max_lines=1)) == [
        "aaaaa bbbbb ccccc",
        "ddddd eeeee",
    ]
    clause = transcript("aaaaa", "bbbbb", mark(","), "ccccc", "ddddd", "eeeee")
    assert cue_texts(clause.to_srt(max_line_length=24, max_lines=1)) == ["aaaaa bbbbb,", "ccccc ddddd eeeee"]
    early = transcript("a", mark(","), "bbbbb", "ccccc", "ddddd", "eeeee")
    assert cue_texts(early.to_srt(max_line_length=23, max_lines=1)) == ["a, bbbbb ccccc", "ddddd eeeee"]


def test_lines_of_a_subtitle_are_even() -> None:
    """As far as words allow, and no longer than they may be."""
    assert cue_texts(numbered(5, 5, 5, 5).to_srt(max_line_length=17)) == ["aaaaa bbbbb\nccccc ddddd"]
    assert cue_texts(numbered(9, 3, 3).to_srt(max_line_length=13)) == ["aaaaaaaaa\nbbb ccc"]
    assert cue_texts(numbered(4, 4, 4, 4, 4).to_srt(max_line_length=14, max_lines=3)) == ["aaaa bbbb cccc\ndddd eeee"]


def test_no_subtitle_stays_for_long() -> None:
    """At most seven seconds, or as long as is asked for; one word that takes longer is shown for as long as that."""
    slow = transcript(*[(letter * 2, {"pause": 0.8}) for letter in "abcdefghij"])
    for limit in (3.0, 7.0):
        times = cue_times(slow.to_srt(max_duration=limit))
        assert all(
            seconds_of(end) - seconds_of(start) <= limit for start, end in (time.split(" --> ") for time in times)
        )
    assert len(cue_times(slow.to_srt(max_duration=1000))) == 1
    [shown] = cue_times(transcript(("long", {"end_time": 60.0})).to_srt())
    assert shown == "00:00:00,000 --> 00:00:07,000"
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="max_duration must be above 0"):
            slow.to_vtt(max_duration=wrong)


def test_full_width_characters_take_two_columns() -> None:
    """So that sixteen of them fill a line where nothing else is asked for; elsewhere 37 characters do."""
    chinese = transcript(*"\u4f60\u597d" * 20, gap=0.0, word_delimiter="")
    assert {len(line) for cue in cue_texts(chinese.to_srt()) for line in cue.splitlines()} <= set(range(17))
    assert max(len(line) for cue in cue_texts(chinese.to_srt()) for line in cue.splitlines()) > 10
    assert len(cue_texts(chinese.to_srt(max_line_length=8))[0].splitlines()[0]) == 4
    assert cue_texts(transcript("\u4f60").to_srt(max_line_length=1)) == ["\u4f60"]
    assert cue_texts(transcript("\u4f60a\u597d").to_srt(max_line_length=3, max_lines=1)) == ["\u4f60a", "\u597d"]


def test_limits_are_those_that_the_job_asked_for() -> None:
    """By its `srt_overrides`, unless others are given."""
    asked = numbered(5, 5, 5, 5)
    asked.metadata = RecognitionMetadata.model_validate(
        {"output_config": {"srt_overrides": {"max_line_length": 11, "max_lines": 1}}}
    )
    assert cue_texts(asked.to_srt()) == ["aaaaa bbbbb", "ccccc ddddd"]
    assert cue_texts(asked.to_srt(max_lines=2)) == ["aaaaa bbbbb\nccccc ddddd"]
    assert cue_texts(asked.to_srt(max_line_length=30)) == ["aaaaa bbbbb ccccc ddddd"]
    assert asked.to_vtt().count("-->") == 2


@pytest.mark.parametrize(
    "overrides", [{"max_line_length": 0, "max_lines": -1}, {"max_line_length": None}, {"max_lines": "x"}]
)
def test_limits_that_are_none_are_passed_over(overrides: dict[str, object]) -> None:
    """What a server sends breaks no rendering."""
    asked = numbered(5, 5)
    expected = asked.to_srt()
    asked.metadata = RecognitionMetadata.model_validate({"output_config": {"srt_overrides": overrides}})
    assert asked.to_srt() == expected


def test_subtitles_of_a_corpus_can_be_read() -> None:
    """At most a tenth of what there was when each subtitle but the last was filled (847 and 735 in 44 hours)."""
    found = count_all(2)
    assert found.cues > 1500
    assert found.below_readable <= 84.7 / 44 * 2 + 4
    assert found.tails <= 73.5 / 44 * 2 + 4
    assert (found.overlaps, found.long_lines) == (0, 0)
    assert found.longest <= 7


def test_what_does_not_fit_on_a_line_is_divided() -> None:
    """A word at the limit, an entity and a compound at their seams, an accent with its letter; time is shared out."""
    srt = transcript("a", "abcdefgh", "b").to_srt(max_line_length=3, max_lines=1)
    assert cue_texts(srt) == ["a", "abc", "def", "gh", "b"]
    assert cue_times(srt)[1:3] == ["00:00:00,600 --> 00:00:00,788", "00:00:00,788 --> 00:00:00,975"]
    assert cue_texts(transcript("well", mark("-", "both"), "known").to_srt(max_line_length=6)) == ["well-\nknown"]
    assert cue_texts(transcript("abe\u0301d").to_srt(max_line_length=3)) == ["ab\ne\u0301d"]
    assert cue_texts(transcript("a\u0301\u0301b").to_srt(max_line_length=1, max_lines=4)) == ["a\n\u0301\n\u0301\nb"]


def test_subtitles_do_not_overlap() -> None:
    """A short one stays for a second if there is room; where people speak at once the next waits while it can."""
    assert cue_times(transcript("a", full_stop(), "b", gap=0.4).to_srt()) == [
        "00:00:00,000 --> 00:00:00,900",
        "00:00:00,900 --> 00:00:01,900",
    ]
    at_once = {"start_time": 0.0, "end_time": 2.0}
    talk = transcript(("a", {"channel": "A", **at_once}), ("b", {"channel": "B", **at_once}))
    assert cue_times(talk.to_srt()) == ["00:00:00,000 --> 00:00:01,000", "00:00:01,000 --> 00:00:02,000"]
    grouped = transcript(
        ("a", {"channel": "A"}),
        ("c", {"channel": "A", "start_time": 4.0, "end_time": 4.5}),
        ("b", {"channel": "B", "start_time": 2.0, "end_time": 2.5}),
    )
    assert cue_texts(grouped.to_srt()) == ["a", "b", "c"]


def test_times_that_make_no_sense_still_give_subtitles() -> None:
    """Missing, infinite and backward times: in the order of the words, none empty."""
    odd: list[Item] = [
        ("a", {"start_time": 5.0, "end_time": 1.0, "speaker": "S1"}),
        ("b", {"start_time": None, "end_time": None, "speaker": "S2"}),
        ("c", {"start_time": 1.0, "end_time": float("inf"), "speaker": "S1"}),
    ]
    assert cue_times(transcript(*odd).to_srt()) == [
        "00:00:05,000 --> 00:00:05,001",
        "00:00:05,001 --> 00:00:05,002",
        "00:00:05,002 --> 00:00:06,002",
    ]


def test_webvtt_names_voices_and_escapes() -> None:
    """The speaker is the voice, with the channel before it if there are both; each can be switched off."""
    items: list[Item] = [("<Q&A>", {"speaker": "S1"}), ("b", {"speaker": "Ann <b>\n"}), ("c", {})]
    voices = [line for line in transcript(*items).to_vtt().split("\n") if line.startswith("<v ")]
    assert voices == ["<v S1>&lt;Q&amp;A&gt;", "<v Ann &lt;b&gt;>b", "<v UU>c"]
    assert "<v" not in transcript(*items).to_vtt(speaker_labels=False)
    both = transcript(("a", {"speaker": "S1", "channel": "Agent"}))
    assert "\n<v Agent S1>a\n" in both.to_vtt()
    assert "\n<v S1>a\n" in both.to_vtt(channel_labels=False)
    assert "\n<v Agent>a\n" in both.to_vtt(speaker_labels=False)


def test_white_space_within_words_breaks_no_format() -> None:
    """A line break becomes a space; a word of nothing but space is none."""
    assert cue_texts(transcript("a\n\n2", "\u2028", "b", word_delimiter="\r\n").to_srt()) == ["a 2 b"]


@pytest.mark.parametrize(("length", "lines"), [(0, 2), (37, 0)])
def test_limits_must_make_sense(length: int, lines: int) -> None:
    """A limit below 1 is an error."""
    with pytest.raises(ValueError, match="1 or more"):
        transcript("a").to_srt(max_line_length=length, max_lines=lines)
    with pytest.raises(ValueError, match="1 or more"):
        transcript("a").to_vtt(max_line_length=length, max_lines=lines)
