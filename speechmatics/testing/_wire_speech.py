"""The spoken part of a generated transcript: words, marks and entities of turns that follow one another in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from speechmatics.testing._wire_values import SPEAKER_NAMES, Json, some

__all__ = ["PACKS", "Pack", "Sentence", "Speech", "Tongue", "speeches"]

_FREE_WORDS = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=8)


@dataclass(frozen=True)
class Tongue:
    """A language as it is spoken and written; an entity is (class, written words, spoken words)."""

    code: str
    words: tuple[str, ...]
    delimiter: str = " "
    comma: str = ","
    ends: str = ".?!"
    opening: str = '"'
    direction: str = "ltr"
    entities: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Pack:
    """What `transcription_config.language` names, and what the transcript says of it."""

    language: str
    info: Json
    tongues: tuple[Tongue, ...]


def _info(description: str, delimiter: str = " ", direction: str = "left-to-right") -> Json:
    return {
        "language_description": description,
        "word_delimiter": delimiter,
        "writing_direction": direction,
        "itn": True,
        "adapted": False,
    }


_ENGLISH = Tongue(
    "en",
    ("Hello", "world", "uh", "the", "meeting", "don't", "well-known", "OK"),
    entities=(
        ("money", ("$100",), ("one", "hundred", "dollars")),
        ("date", ("3rd", "of", "May"), ("third", "of", "May")),
        ("time", ("10:30",), ("ten", "thirty")),
    ),
)
_SPANISH = Tongue(
    "es", ("Hola", "qué", "mañana", "sí"), opening="¿", entities=(("cardinal", ("25",), ("veinticinco",)),)
)
_JAPANESE = Tongue(
    "ja",
    ("今日", "は", "会議", "です"),
    delimiter="",
    comma="、",
    ends="。\uff1f",
    opening="「",
    entities=(("money", ("百円",), ("百", "円")),),
)
_ARABIC = Tongue("ar", ("مرحبا", "نعم", "اليوم"), comma="،", ends=".؟", direction="rtl")

PACKS: SearchStrategy[Pack] = st.sampled_from(
    [
        Pack("en", _info("English"), (_ENGLISH,)),
        Pack("ja", _info("Japanese", delimiter=""), (_JAPANESE,)),
        Pack("ar", _info("Arabic", direction="right-to-left"), (_ARABIC,)),
        Pack(
            "multi",
            {
                "language_description": "Multilingual",
                "per_language_word_delimiters": {"en": " ", "es": " ", "ja": ""},
                "per_language_writing_direction": dict.fromkeys(("en", "es", "ja"), "left-to-right"),
            },
            (_ENGLISH, _SPANISH, _JAPANESE),
        ),
    ]
)


@dataclass(frozen=True)
class Sentence:
    """What translations, sentiments and topics speak of: a stretch of text of one voice, times in hundredths."""

    text: str
    start: int
    end: int
    voice: Json

    @property
    def timed(self) -> Json:
        """The times and the voice, as every such part names them."""
        return {"start_time": self.start / 100, "end_time": self.end / 100, **self.voice}


@dataclass
class Speech:
    """All that was said; the clock is in hundredths of a second, so that times are exact as text and add up."""

    results: list[Json] = field(default_factory=list[Json])
    sentences: list[Sentence] = field(default_factory=list[Sentence])
    clock: int = 0

    @property
    def speakers(self) -> list[str]:
        """The speakers in order of appearance, without the unknown one."""
        named = (sentence.voice.get("speaker", "UU") for sentence in self.sentences)
        return [speaker for speaker in dict.fromkeys(named) if speaker != "UU"]

    @property
    def channels(self) -> list[str]:
        """The channels in order of appearance."""
        return list(dict.fromkeys(s.voice["channel"] for s in self.sentences if "channel" in s.voice))


_NOTHING: Json = {}
_VOICES: SearchStrategy[list[Json]] = st.one_of(
    st.just([_NOTHING]),
    st.lists(
        st.fixed_dictionaries({"speaker": st.sampled_from(["S1", "S2", "UU"]) | SPEAKER_NAMES}),
        min_size=1,
        max_size=3,
    ),
    st.lists(
        st.fixed_dictionaries({"channel": st.sampled_from(["Agent", "Caller", "channel_1"])}), min_size=1, max_size=2
    ),
)
_HUNDREDTHS = st.integers(0, 100)


@dataclass(frozen=True)
class _Token:
    """A word or an entity, how long it takes, and what stands after it unless a sentence ends there."""

    content: str
    entity: tuple[str, tuple[str, ...], tuple[str, ...]] | None
    gap: int
    length: int
    confidence: int
    after: tuple[str, str] | None
    reading: Json
    more: Json


def _tokens(tongue: Tongue, entities: bool) -> SearchStrategy[_Token]:
    reading = some(
        tags=st.sampled_from([["disfluency"], ["profanity"], []]),
        display=st.just({"direction": tongue.direction}),
    )
    return st.builds(
        _Token,
        content=st.sampled_from(tongue.words) | _FREE_WORDS,
        entity=st.sampled_from([None, *tongue.entities]) if entities else st.none(),
        gap=st.integers(0, 250),
        length=st.integers(3, 90),
        confidence=_HUNDREDTHS,
        after=st.sampled_from([None, None, (tongue.comma, "previous"), ("-", "both"), ("\u2013", "none")]),
        reading=st.just(_NOTHING) | reading,
        more=some(volume=_HUNDREDTHS.map(lambda volume: volume / 2)),
    )


class _Scribe:
    """Writes down one turn."""

    def __init__(self, speech: Speech, tongue: Tongue, voice: Json) -> None:
        self._speech = speech
        self._tongue = tongue
        self._voice = voice
        self._text = ""
        self._glued = True

    def _alternative(self, content: str, confidence: int) -> Json:
        reading: Json = {"content": content, "confidence": confidence / 100, "language": self._tongue.code}
        if "speaker" in self._voice:
            reading["speaker"] = self._voice["speaker"]
        return reading

    def _write(self, kind: str, start: int, end: int, alternatives: list[Json], **more: Any) -> None:
        channel = {name: value for name, value in self._voice.items() if name == "channel"}
        self._speech.results.append(
            {"type": kind, "start_time": start / 100, "end_time": end / 100, "alternatives": alternatives}
            | channel
            | more
        )

    def _form(self, words: tuple[str, ...], token: _Token, start: int, kind: str = "word") -> list[Json]:
        """The words share the time of the entity: the first begins with it and the last ends with it."""
        edges = [start + token.length * position // len(words) for position in range(len(words) + 1)]
        return [
            {
                "type": kind,
                "start_time": begin / 100,
                "end_time": end / 100,
                "alternatives": [self._alternative(word, token.confidence)],
            }
            for word, begin, end in zip(words, edges[:-1], edges[1:], strict=True)
        ]

    def mark(self, content: str, attaches_to: str, confidence: int, *, ends: bool = False, named: bool = True) -> None:
        """A mark takes no time; `previous` may go without saying."""
        clock = self._speech.clock
        more: Json = {"is_eos": ends} if ends or attaches_to == "previous" else {}
        if named or attaches_to != "previous":
            more["attaches_to"] = attaches_to
        self._write("punctuation", clock, clock, [self._alternative(content, confidence)], **more)
        before = "" if self._glued or attaches_to in ("previous", "both") else self._tongue.delimiter
        self._text += before + content
        self._glued = attaches_to in ("next", "both")

    def change(self, score: int) -> None:
        """A change of speaker, as transcripts of older formats have it."""
        clock = self._speech.clock / 100
        self._speech.results.append(
            {"type": "speaker_change", "start_time": clock, "end_time": clock, "score": score / 100}
        )

    def token(self, token: _Token) -> None:
        """A word or an entity with its forms."""
        start = self._speech.clock
        end = self._speech.clock = start + token.length
        if token.entity is None:
            content = token.content
            readings = [self._alternative(content, token.confidence) | token.reading]
            if token.gap % 7 == 6:
                readings.append(self._alternative(self._tongue.words[0], 1))
            self._write("word", start, end, readings, **token.more)
        else:
            kind, written, spoken = token.entity
            content = self._tongue.delimiter.join(written)
            forms = {
                "entity_class": kind,
                "written_form": self._form(written, token, start),
                "spoken_form": self._form(spoken, token, start),
            }
            self._write("entity", start, end, [self._alternative(content, token.confidence)], **forms, **token.more)
        self._text += ("" if self._glued else self._tongue.delimiter) + content
        self._glued = False

    def sentence(self, tokens: list[_Token], opens: bool, end: tuple[str, bool]) -> None:
        """Its words in order, each after its gap; the marks lie between words, the last one ends it."""
        speech, self._text, self._glued = self._speech, "", True
        speech.clock += tokens[0].gap
        start = speech.clock
        if opens:
            self.mark(self._tongue.opening, "next", tokens[0].confidence)
        for token, following in zip(tokens, [*tokens[1:], None], strict=True):
            self.token(token)
            if following is not None:
                if token.after is not None:
                    self.mark(*token.after, token.confidence)
                speech.clock += following.gap
        mark, named = end
        self.mark(mark, "previous", tokens[-1].confidence, ends=True, named=named)
        speech.sentences.append(Sentence(self._text, start, speech.clock, self._voice))


@st.composite
def speeches(draw: DrawFn, pack: Pack, entities: bool) -> Speech:
    """A few turns by a few voices, or silence."""
    speech = Speech()
    voices = draw(_VOICES)
    for _ in range(draw(st.integers(0, 3))):
        tongue = draw(st.sampled_from(pack.tongues))
        scribe = _Scribe(speech, tongue, draw(st.sampled_from(voices)))
        if draw(st.integers(0, 9)) == 9:
            scribe.change(draw(_HUNDREDTHS))
        scribe.sentence(
            draw(st.lists(_tokens(tongue, entities), min_size=1, max_size=4)),
            draw(st.booleans()),
            draw(st.tuples(st.sampled_from(tongue.ends), st.booleans())),
        )
    return speech
