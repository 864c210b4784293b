"""What is sent is checked early and hard; what is received is kept whole."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import speechmatics as sm
from speechmatics import BatchTranscriptionConfig, JobConfig, JobDetails, Transcript
from speechmatics.models import Leniency, as_job_config, leniency

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0, 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
UNKNOWN = st.dictionaries(st.sampled_from(["new_field", "newer-field", "Other"]), JSON, max_size=2)
TIMES = st.sampled_from(["2018-01-09T12:29:01.853047Z", "2026-01-09T12:29:01.123456789Z", "2026-01-09T12:29:01+01:00"])


Fields = dict[str, st.SearchStrategy[Any]]


def fields(required: Fields, optional: Fields, never_null: Fields | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """An object as the service may send it: optional parts there, null or missing, and unknown ones added."""
    nullable = {name: value | st.none() for name, value in optional.items()}
    known = st.fixed_dictionaries(required, optional={**nullable, **(never_null or {})})
    return st.tuples(UNKNOWN, known).map(lambda pair: {**pair[0], **pair[1]})


CONFIG = fields(
    {},
    {
        "transcription_config": fields(
            {},
            {
                "model": st.text(max_size=8),
                "operating_point": st.text(max_size=8),
                "diarization": st.sampled_from(["none", "speaker", "both"]),
                "channel_diarization_labels": st.lists(st.text(max_size=3), max_size=2),
                "punctuation_overrides": fields({}, {"sensitivity": st.floats(-5, 5)}),
                "transcript_filtering_config": fields(
                    {}, {"replacements": st.lists(fields({"from": st.text(), "to": st.text()}, {}), max_size=2)}
                ),
            },
            {"language": st.text(max_size=3)},
        ),
        "notification_config": st.lists(fields({"url": st.text(max_size=5)}, {}), max_size=5),
        "auto_chapters_config": fields({}, {}),
    },
    {"type": st.just("transcription")},
)


JOB = fields(
    {"id": st.text(min_size=1), "status": st.sampled_from(["running", "done", "new_status"])},
    {
        "created_at": TIMES,
        "data_name": st.text(),
        "duration": st.integers(0) | st.floats(0, 1e6),
        "config": CONFIG,
        "errors": st.lists(fields({}, {"timestamp": st.text(), "message": st.text()}), max_size=2),
    },
)
ALTERNATIVE = fields(
    {"content": st.text(max_size=5)},
    {"confidence": st.floats(0, 1), "language": st.just("en"), "tags": st.lists(st.text(), max_size=2)},
)
RESULT = fields(
    {"type": st.sampled_from(["word", "punctuation", "entity", "newtype"])},
    {
        "start_time": st.floats(0, 1e5),
        "end_time": st.floats(0, 1e5),
        "alternatives": st.lists(ALTERNATIVE, max_size=2),
        "attaches_to": st.sampled_from(["previous", "next", "both", "none", "new"]),
        "is_eos": st.booleans(),
    },
)
TRANSCRIPT = fields(
    {"results": st.lists(RESULT, max_size=4)},
    {
        "format": st.just("2.9"),
        "job": fields({"id": st.text()}, {"created_at": TIMES}),
        "metadata": fields({}, {"created_at": TIMES, "language_pack_info": fields({}, {"word_delimiter": st.text()})}),
        "translations": st.dictionaries(st.just("de"), st.lists(fields({}, {"content": st.text()}), max_size=2)),
    },
)


@given(JOB)
def test_job_details_keep_everything(wire: dict[str, Any]) -> None:
    """Parse and dump gives back what the server sent, without a warning or an error."""
    assert JobDetails.model_validate(wire).to_dict() == wire
    assert json.loads(JobDetails.from_json(json.dumps(wire)).to_json()) == wire


@given(TRANSCRIPT)
def test_transcripts_keep_everything(wire: dict[str, Any]) -> None:
    """Parse and dump gives back what the server sent, and every such transcript has a text."""
    transcript = Transcript.from_json(json.dumps(wire))
    assert transcript.to_dict() == wire
    assert Transcript.from_json(transcript.to_json()) == transcript
    assert isinstance(transcript.to_text(), str)
    assert isinstance(transcript.to_srt(), str)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"model": "standard", "operating_point": "enhanced"}, "set model only"),
        ({"channel_diarization_labels": ["a"]}, 'needs diarization="channel"'),
        ({"diarization": "channel", "channel_diarization_labels": ["a b"]}, "letters, digits"),
        ({"language": " "}, r"transcription_config\.language: must not be empty"),
        ({"audio_filtering_config": {"volume_threshold": 101}}, "from 0 to 100"),
        ({"punctuation_overrides": {"permitted_marks": [",", "some"]}}, "'some' is neither"),
        ({"speaker_diarization_config": {"speakers": [{"label": "S1", "speaker_identifiers": ["x"]}]}}, "itself"),
        (
            {"speaker_diarization_config": {"speakers": [{"label": "Ann", "speaker_identifiers": list[str]()}]}},
            "one or more",
        ),
        (
            {"speaker_diarization_config": {"speakers": [{"label": "A", "speaker_identifiers": [*"x" * 2]}]}},
            "differ from one another",
        ),
        (
            {
                "speaker_diarization_config": {
                    "speakers": [{"label": "A", "speaker_identifiers": [str(n) for n in range(51)]}]
                }
            },
            r"speakers: takes at most 50 identifiers in all, not 51",
        ),
    ],
)
def test_wrong_transcription_configs_are_refused(data: dict[str, Any], message: str) -> None:
    """The error says which rule is broken."""
    with pytest.raises(sm.ConfigError, match=message):
        as_job_config({"transcription_config": {"language": "en", **data}})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"translation_config": {"target_languages": [*"abcdef"]}}, r"target_languages: takes 1 to 5 languages, not 6"),
        (
            {"notification_config": [{"url": "https://example.com"}] * 4},
            "notification_config: takes at most 3 callbacks, not 4",
        ),
        ({"notification_config": {"url": "https://example.com", "method": "get"}}, "method"),
        ({"fetch_data": {"url": "https://example.com", "auth_headers": ["secret"]}}, "it is not shown"),
        ({"fetch_data": {"url": "example.com"}}, "http:// or https://"),
        ({"language_identification_config": {"low_confidence_action": "use_default_language"}}, "default_language"),
    ],
)
def test_wrong_job_configs_are_refused(data: dict[str, Any], message: str) -> None:
    """The error says which rule is broken, and shows no secret."""
    with pytest.raises(sm.ConfigError, match=message) as caught:
        as_job_config({"transcription_config": {"language": "en"}, **data})
    assert "secret" not in str(caught.value).replace("being a secret", "")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"transcription_config": {}}, r"transcription_config\.language: Field required$"),
        (
            {"transcription_config": {"langauge": "de"}},
            r"config\.language: .*there is langauge; did you mean language\?",
        ),
        ({"transcription_config": {"language_hints": ["de"]}}, r"language: Field required$"),
        (
            {"notification_config": [{"uri": "https://h"}], "transcription_config": {"language": "en"}},
            r"notification_config\.0\.url: .*uri; did you mean url\?",
        ),
        (
            {"notification_config": {"uri": "https://h"}, "transcription_config": {"language": "en"}},
            r"notification_config\.0\.url: .*uri; did you mean url\?",
        ),
        ({"transcription_config": 5}, "transcription_config"),
    ],
)
def test_what_is_missing_is_named(data: dict[str, Any], message: str, tmp_path: Path) -> None:
    """With the name that it may have been given instead; in a file and as a model alike."""
    with pytest.raises(sm.ConfigError, match=message):
        as_job_config(data)
    (tmp_path / "c.json").write_text(json.dumps(data))
    with pytest.raises(sm.ConfigError, match=message):
        JobConfig.from_file(tmp_path / "c.json")
    with pytest.raises(ValidationError):
        JobConfig.model_validate(data)


def test_the_flat_shape_has_a_language() -> None:
    """English, unless another is given; the wire's shape has none of its own."""
    assert json.loads(BatchTranscriptionConfig().as_config())["transcription_config"] == {"language": "en"}
    assert sm.TranscriptionConfig.model_fields["language"].is_required()
    assert "language" in sm.TranscriptionConfig.model_json_schema()["required"]
    assert "language" not in BatchTranscriptionConfig.model_json_schema().get("required", [])


def test_an_unknown_name_that_is_nearly_a_known_one() -> None:
    """Is sent with a warning that names it; a long one is compared with none."""
    for name, hint in {"diarisation": "; did you mean diarization?", "zzz": "", "diarization" * 9: ""}.items():
        with pytest.warns(sm.UnknownConfigWarning) as caught:
            as_job_config({"transcription_config": {"language": "en", name: "speaker"}})
        assert str(caught[0].message) == f"{name}: not a known field of TranscriptionConfig{hint}"


def test_the_unknown_is_passed_on_with_a_warning() -> None:
    """An unknown field and an unknown value are sent; under strict leniency they are errors."""
    data = {"transcription_config": {"language": "en", "model": "next-1", "new_switch": True}, "type": "transcription"}
    with pytest.warns(sm.UnknownConfigWarning, match=r"new_switch|next-1"):
        config = as_job_config(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert config.to_dict() == data
    with leniency(Leniency.REJECT), pytest.raises(sm.ConfigError, match="next-1"):
        as_job_config(data)


def test_none_is_never_sent_and_empty_switches_are() -> None:
    """`None` is left out; `{}` switches a feature on; the customer's own JSON keeps its nulls."""
    config = BatchTranscriptionConfig(
        language="en",
        domain=None,
        auto_chapters_config=sm.AutoChaptersConfig(),
        srt_overrides=sm.SRTOverrides(max_line_length=30),
        tracking=sm.TrackingData(details={"mine": None}),
    )
    assert json.loads(config.as_config()) == {
        "type": "transcription",
        "transcription_config": {"language": "en"},
        "auto_chapters_config": {},
        "output_config": {"srt_overrides": {"max_line_length": 30}},
        "tracking": {"details": {"mine": None}},
    }


def test_fields_are_set_in_any_order_and_a_wrong_value_changes_nothing() -> None:
    """Rules between fields wait until the configuration is used; a value of its own is checked at once."""
    config = BatchTranscriptionConfig()
    config.channel_diarization_labels = ["Agent"]
    with pytest.raises(sm.ConfigError, match="diarization"):
        config.as_config()
    config.diarization = "channel"
    assert json.loads(config.as_config())["transcription_config"]["channel_diarization_labels"] == ["Agent"]
    overrides = sm.PunctuationOverrides(sensitivity=0.2)
    with pytest.raises(ValidationError):
        overrides.sensitivity = 2
    assert overrides.sensitivity == 0.2
    assert overrides.to_dict() == {"sensitivity": 0.2}
    tracking = sm.TrackingData(title="a")
    with pytest.raises(ValidationError, match="must be JSON"):
        tracking.details = {"a": object()}
    assert tracking.to_dict() == {"title": "a"}
    assert tracking.model_fields_set == {"title"}


def test_existing_code_s_positional_arguments() -> None:
    """Classes that existing code builds by position take it."""
    make: Any = sm.FetchData
    assert make("https://example.com", ["A: b"]).auth_headers == ["A: b"]
    make = sm.BatchTranscriptionConfig
    assert make("de").language == "de"
    make = sm.SRTOverrides
    assert make(30, 1).max_lines == 1
    with pytest.raises(TypeError, match="takes 2 positional"):
        make(1, 2, 3)
    with pytest.raises(TypeError, match="max_lines twice"):
        make(1, 2, max_lines=3)


def test_config_files(tmp_path: Path) -> None:
    """A file that is missing, unreadable, not JSON or not an object is an error that names it."""
    place = tmp_path / "c.json"
    with pytest.raises(sm.ConfigNotFoundError, match=r"c\.json"):
        JobConfig.from_file(place)
    with pytest.raises(sm.ConfigNotReadableError):
        JobConfig.from_file(tmp_path)
    for strange in ("~no-such-user/c.json", "\0"):
        with pytest.raises(sm.ConfigNotReadableError):
            JobConfig.from_file(strange)
    with pytest.raises(OSError, match="no-such-user"):
        Transcript.from_file("~no-such-user/t.json")
    for content in ("{", "[]"):
        place.write_text(content)
        with pytest.raises(sm.ConfigError, match=r"c\.json"):
            JobConfig.from_file(place)
    place.write_text('{"transcription_config": {"language": "fr"}}')
    config = JobConfig.from_file(str(place)).transcription_config
    assert config is not None
    assert config.language == "fr"


def test_a_configuration_in_every_form(tmp_path: Path) -> None:
    """The wire's dict, the flat shape, a model (of which a copy is used) and a path; anything else is refused."""
    data = {"type": "transcription", "transcription_config": {"language": "fr"}}
    place = tmp_path / "c.json"
    place.write_text(json.dumps(data))
    model = JobConfig.model_validate(data)
    for form in (data, BatchTranscriptionConfig(language="fr"), model, place, str(place)):
        assert as_job_config(form).to_dict() == data
    assert as_job_config(model) is not model
    wrong: Any = ["transcription_config"]
    with pytest.raises(sm.ConfigError, match=r"must be a dict, .* not list"):
        as_job_config(wrong)
    with pytest.raises(sm.ConfigError, match="the wire's shape is"):
        as_job_config({"language": "fr"})


def test_what_cannot_be_read_carries_the_body() -> None:
    """A transcript without results is an `InvalidResponseError`."""
    with pytest.raises(sm.InvalidResponseError, match="results: Field required") as caught:
        Transcript.from_json('{"format": "2.9"}')
    assert caught.value.body == b'{"format": "2.9"}'


def test_a_warning_is_given_once_and_points_to_the_caller() -> None:
    """However deep in the configuration the unknown field is, and whoever builds the models."""
    data = {"transcription_config": {"language": "en", "new_switch": True}}
    uses: list[Callable[[], object]] = [
        lambda: as_job_config(data),
        lambda: JobConfig.model_validate(data),
        lambda: sm.TranscriptionConfig.model_validate(data["transcription_config"]),
    ]
    for use in uses:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            use()
        assert [warning.filename for warning in caught] == [__file__]


def test_a_wrong_assignment_leaves_unknown_fields_as_they_were() -> None:
    """Neither does the refused value stay, nor is the one before lost."""
    with pytest.warns(sm.UnknownConfigWarning):
        config = JobConfig.model_validate(
            {"type": "transcription", "transcription_config": {"language": "en"}, "new": 1}
        )
    for name in ("new", "newer"):
        with pytest.warns(sm.UnknownConfigWarning), pytest.raises(ValidationError):
            setattr(config, name, object())
        assert config.model_extra == {"new": 1}
    assert config.to_dict()["new"] == 1


@pytest.mark.slow
def test_models_are_built_by_the_first_that_uses_them_in_whatever_thread() -> None:
    """Many at once read what one alone reads."""
    code = """
import json, sys, threading
from concurrent.futures import ThreadPoolExecutor
from speechmatics.models import ConnectionSettings, JobDetails, Transcript
sys.setswitchinterval(1e-6)
start = threading.Barrier(8)
word = {"type": "word", "start_time": 0.5, "alternatives": [{"content": "a"}]}
wire = {"job": {"id": "j", "created_at": "2026-01-01T00:00:00.123456789Z"}, "results": [word], "new": [1]}
job = {"id": "j", "status": "done", "created_at": "2026-01-01T00:00:00Z", "config": {"type": "transcription"}}
def first(number):
    start.wait()
    ConnectionSettings("http://host")
    reads = [Transcript.model_validate, lambda wire: Transcript.from_json(json.dumps(wire))]
    return reads[number % 2](wire).to_dict() == wire and JobDetails.model_validate(job).to_dict() == job
with ThreadPoolExecutor(8) as pool:
    print(all(pool.map(first, range(8))))
"""
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.stdout == "True\n", done.stderr
