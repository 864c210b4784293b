"""Scripted jobs: which rule fits, what it answers, where rules come from, and what clients see."""

from __future__ import annotations

import hashlib
import json
import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given

from speechmatics import (
    BatchClient,
    InvalidInputError,
    JobDetails,
    ParsedBatchClient,
    Transcript,
    TranscriptionError,
)
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from speechmatics.local.jobs import Job
from speechmatics.local.scripted import name_of
from speechmatics.testing import wire_job_configs, wire_transcripts
from speechmatics.validation import validate_transcript
from tests.servers.fault_clients import eventually
from tests.snippets import snippet

pytestmark = pytest.mark.slow  # waits for jobs

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
RECORDED: dict[str, Any] = {
    "format": "2.7",
    "job": {"id": "recorded00", "created_at": "2024-01-01T00:00:00Z", "data_name": "old.wav", "duration": 12}
    | {"tracking": {"title": "old"}},
    "metadata": {
        "created_at": "2024-01-01T00:00:09Z",
        "type": "transcription",
        "transcription_config": {"language": "de", "diarization": "speaker"},
    },
    "results": [
        {
            "type": "word",
            "start_time": 0.5,
            "end_time": 1.0,
            "alternatives": [{"content": "Hallo", "confidence": 0.9, "language": "de", "speaker": "S1"}],
        }
    ],
    "summary": {"content": "A greeting."},
    "x-new": [1, None],
}
DIGEST = hashlib.sha256(b"audio").hexdigest()


def never() -> str:
    """A digest that nobody should ask for."""
    raise AssertionError


def text_of(name: str) -> str:
    """A file of a folder of transcripts, as text."""
    return json.dumps(RECORDED | {"results": [], "x-file": name})


@pytest.mark.parametrize(
    ("rule", "fits", "passes"),
    [
        (ScriptedRule(text=""), ["a.wav", ""], []),
        (ScriptedRule(name="a.wav", text=""), ["a.wav"], ["A.wav", "b.wav", "a.wav.old"]),
        (ScriptedRule(name="call-[0-9]*.wav", text=""), ["call-7.wav", "call-7b.wav"], ["call-.wav", "x/call-7.wav"]),
    ],
)
def test_a_rule_fits_by_name(rule: ScriptedRule, fits: list[str], passes: list[str]) -> None:
    """As a pattern of file names, in which case matters; the audio is not read for it."""
    assert [name for name in fits + passes if rule.fits(name, never)] == fits


def test_a_rule_fits_by_content() -> None:
    """Of a name too, where both are given."""
    rule = ScriptedRule(name="*.wav", sha256=DIGEST, text="")
    assert rule.fits("a.wav", lambda: DIGEST)
    assert not rule.fits("a.wav", lambda: DIGEST[::-1])
    assert not rule.fits("a.mp3", never)


@pytest.mark.parametrize(
    ("data_name", "name"), [("a.wav", "a.wav"), ("/calls/a.wav", "a.wav"), ("C:\\calls\\a.wav", "a.wav"), ("", "")]
)
def test_a_name_is_without_its_folders(data_name: str, name: str) -> None:
    """Whatever system sent it."""
    assert name_of(data_name) == name


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "rule for any job: one of transcript, text and reject is needed, not none"),
        ({"text": "a", "reject": "b"}, "one of transcript, text and reject is needed, not text and reject"),
        ({"text": "a", "sha256": "ab", "name": "c"}, "rule for name 'c' and sha256 'ab': sha256 is 'ab'; it is 64 "),
        ({"text": "a", "sha256": DIGEST.upper()}, "it is 64 hexadecimal digits in lower case"),
        ({"text": "a", "delay": -1}, "delay is -1; it is 0 or more"),
        ({"text": "a", "delay": float("nan")}, "delay is nan; it is 0 or more"),
        ({"text": "a", "times": 0}, "times is 0; it is 1 or more"),
    ],
)
def test_what_makes_no_sense_is_an_error(values: dict[str, Any], message: str) -> None:
    """It names the rule and the field."""
    with pytest.raises(InvalidInputError) as caught:
        ScriptedRule(**values)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("given_transcript", "message"),
    [
        ({}, "rule for name 'a': "),
        ({"message": "AddTranscript", "results": []}, "real-time"),
        ({"results": [{1, 2}]}, "not JSON serializable"),
        ("nowhere.json", "there is no transcript at nowhere.json"),
    ],
)
def test_what_is_no_transcript_is_an_error(given_transcript: Any, message: str) -> None:
    """Before a server begins; it names the rule and says why."""
    rule = ScriptedRule(name="a", transcript=given_transcript)
    with pytest.raises(InvalidInputError, match=r"rule for name 'a'") as caught:
        ScriptedEngine([rule])
    assert message in str(caught.value)


def test_a_repr_holds_no_transcript() -> None:
    """Rules are shown when tests fail."""
    assert repr(ScriptedRule(transcript=RECORDED)) == repr(ScriptedRule(transcript={}))


def test_a_folder_is_rules(tmp_path: Path) -> None:
    """By content before whole names before names without suffix, the longest first; names are no patterns."""
    for name in ("call.json", "call.1.json", "call.wav.json", f"{DIGEST}.json", "call[1].json"):
        (tmp_path / name).write_text(text_of(name))
    (tmp_path / "note.txt").write_text("\ufeffHello there.", encoding="utf-8")
    (tmp_path / "call.wav").write_bytes(b"audio")
    (tmp_path / "deep.json").mkdir()
    rules = ScriptedEngine.from_path(tmp_path).rules

    def found(name: str, content: bytes = b"other") -> str | None:
        digest = hashlib.sha256(content).hexdigest()
        rule = next((rule for rule in rules if rule.fits(name, lambda: digest)), None)
        return None if rule is None else rule.text or Path(str(rule.transcript)).name

    assert found("x.wav", b"audio") == found("call.wav", b"audio") == f"{DIGEST}.json"
    assert found("call.wav") == "call.wav.json"
    assert found("call.mp3") == found("call") == "call.json"
    assert found("call.1.mp3") == "call.1.json"
    assert found("call[1].mp3") == "call[1].json"
    assert found("note.mp3") == "Hello there."
    assert [found(name) for name in ("call1.mp3", "deep.wav", "x.wav")] == [None, None, None]


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    """So are one without transcripts, two files for one audio, text that is none, and a transcript that is none."""
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InvalidInputError, match=re.escape(str(path))):
            ScriptedEngine.from_path(path)
    (tmp_path / "a.txt").write_bytes(b"\xff")
    with pytest.raises(InvalidInputError, match=r"cannot read .*a\.txt: .*utf-8"):
        ScriptedEngine.from_path(tmp_path)
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InvalidInputError, match=r"a\.json and a\.txt are for the same audio"):
        ScriptedEngine.from_path(tmp_path)
    (tmp_path / "a.txt").unlink()
    with pytest.raises(InvalidInputError, match=r"rule for name 'a': .*a\.json"):
        ScriptedEngine.from_path(str(tmp_path))


TOML = """
[[scripted]]
name = "call-*.wav"
transcript = "texts/call.json"
delay = 1.5

[[scripted]]
name = "flaky.wav"
reject = "no speech was found"
times = 1

[[scripted]]
text = "Hello world."

[[faults]]
status = 503
"""


@pytest.mark.parametrize("kind", ["toml", "json"])
def test_a_file_is_rules(tmp_path: Path, kind: str) -> None:
    """Paths begin at its folder; a transcript may stand in it as well; what else it has is for others."""
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "call.json").write_text(json.dumps(RECORDED))
    file = tmp_path / f"rules.{kind}"
    file.write_text(TOML if kind == "toml" else json.dumps(tomllib.loads(TOML)))
    assert ScriptedEngine.from_path(file).rules == (
        ScriptedRule(name="call-*.wav", transcript=tmp_path / "texts" / "call.json", delay=1.5),
        ScriptedRule(name="flaky.wav", reject="no speech was found", times=1),
        ScriptedRule(text="Hello world."),
    )
    file = tmp_path / "inline.json"
    file.write_text(json.dumps({"scripted": [{"transcript": RECORDED}]}))
    assert ScriptedEngine.from_path(file).rules == (ScriptedRule(transcript=RECORDED),)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"text": "a", "nmae": "b"}, "rule 1 of scripted: there is no field 'nmae'; did you mean name?"),
        ({"name": "b"}, "rule 1 of scripted: rule for name 'b': one of transcript, text and reject is needed"),
        ({"text": 3}, "rule 1 of scripted: text is 3: Input should be a valid string"),
        ({"transcript": []}, "rule 1 of scripted: transcript is []: "),
    ],
)
def test_a_file_that_is_wrong_is_an_error(tmp_path: Path, rule: dict[str, Any], message: str) -> None:
    """It names file, rule and field."""
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"scripted": [rule]}))
    with pytest.raises(InvalidInputError) as caught:
        ScriptedEngine.from_path(file)
    assert str(caught.value).startswith(f"{file}, {message}")


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """A server of a few rules that tests share."""
    rules = [
        ScriptedRule(name="recorded.*", transcript=RECORDED),
        ScriptedRule(name="bad.wav", reject="no speech was found"),
        ScriptedRule(name="flaky.wav", reject="not yet", times=1),
        ScriptedRule(name="flaky.wav", text="At last."),
        ScriptedRule(name="slow.wav", text="Slow.", delay=3600),
        ScriptedRule(name="later.wav", text="Later.", delay=0.3),
        ScriptedRule(name="hello.*", text='Hello, "big" world!'),
        ScriptedRule(name="silence.wav", text=""),
        ScriptedRule(sha256=DIGEST, text="By content."),
    ]
    with LocalServer(engine=ScriptedEngine(rules)) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: LocalServer) -> Iterator[ParsedBatchClient]:
    """A client of it."""
    with BatchClient(server.connection_settings, parse=True) as parsed:
        yield parsed


def post(server: LocalServer, config: dict[str, Any], name: str = "hello.wav", **query: str) -> httpx.Response:
    """Answers a submission once its job has ended."""
    parts: dict[str, Any] = {"config": (None, json.dumps(config)), "data_file": (name, b"x")}
    query = {"wait": "60", **query}
    return httpx.post(f"{server.url}/jobs", files=parts, params=query, trust_env=False, timeout=60)


def transcribe(
    client: ParsedBatchClient, name: str, audio: bytes = b"x", config: dict[str, Any] = CONFIG
) -> Transcript:
    """What is heard."""
    return client.transcribe((name, audio), config, timeout=60)


def ended(client: ParsedBatchClient, name: str, audio: bytes = b"x") -> JobDetails:
    """A job once it has ended."""
    return client.check_job_status(client.submit_job((name, audio), CONFIG), wait=60)


def test_a_transcript_carries_the_job_that_was_asked_for(server: LocalServer) -> None:
    """Its id, time, name and tracking; all else is as it was recorded, what is not known too."""
    for more in ({}, {"tracking": {"title": "new"}}):
        answer = post(server, CONFIG | more, "calls/recorded.mp3", format="json-v2").json()
        details = httpx.get(f"{server.url}/jobs/{answer['id']}", trust_env=False).json()["job"]
        job = {"id": answer["id"], "created_at": details["created_at"], "data_name": "calls/recorded.mp3"}
        assert answer["json-v2"] == RECORDED | {"job": job | {"duration": 12} | more}
        assert details["duration"] == 12
    assert post(server, CONFIG, "recorded.wav", format="txt").json()["txt"] == "SPEAKER: S1\nHallo\n"


@pytest.mark.parametrize("overrides", [{"max_line_length": 5, "copy": 1}, {"max_lines": "x"}, {"max_line_length": 0}])
def test_limits_of_lines_are_those_of_the_transcript(server: LocalServer, overrides: dict[str, Any]) -> None:
    """Where they are limits, and whatever else stands there."""
    config = CONFIG | {"output_config": {"srt_overrides": {"copy": 1}}}
    assert "world" in post(server, config, format="srt").json()["srt"]
    script = RECORDED | {"metadata": RECORDED["metadata"] | {"output_config": {"srt_overrides": overrides}}}
    with LocalServer(engine=ScriptedEngine([ScriptedRule(transcript=script)])) as other:
        assert "Hallo" in post(other, CONFIG, format="srt").json()["srt"]


def test_text_becomes_a_transcript(client: ParsedBatchClient) -> None:
    """One in which strict validation finds nothing, in the language that was asked for; none is silence."""
    for language in ("en", "de", "auto"):
        heard = transcribe(
            client, "hello.wav", config={"transcription_config": {"language": language}} | {"type": "transcription"}
        )
        assert heard.to_text() == 'Hello, "big" world!\n'
        assert heard.job is not None
        assert heard.job.duration == 2
        assert [(word.alternatives or [])[0].content for word in heard.words()] == ["Hello", "big", "world"]
        report = validate_transcript(heard, strict=True)
        assert report.ok, str(report)
        languages = {item.alternatives[0].language for item in heard.results if item.alternatives}
        assert languages == {"en" if language == "auto" else language}
    assert transcribe(client, "silence.wav").results == []


def test_jobs_are_rejected(client: ParsedBatchClient) -> None:
    """With the rule's reason; one that no rule fits is told its name and digest."""
    with pytest.raises(TranscriptionError, match="no speech was found"):
        transcribe(client, "bad.wav")
    job = ended(client, "other.wav", b"other")
    assert (job.status, job.duration) == ("rejected", 0)
    digest = hashlib.sha256(b"other").hexdigest()
    reason = f"no scripted rule fits the file name 'other.wav' or the SHA-256 '{digest}'"
    assert [error.message for error in job.errors or ()] == [reason]
    assert f"rejected: {reason}" in client.get_job_log(job.id)


def test_content_decides_whatever_the_name(client: ParsedBatchClient) -> None:
    """By its SHA-256."""
    assert transcribe(client, "any.wav", b"audio").to_text() == "By content.\n"


def test_a_rule_applies_so_many_times(client: ParsedBatchClient) -> None:
    """Then the next one that fits does."""
    assert ended(client, "flaky.wav").status == "rejected"
    assert transcribe(client, "flaky.wav").to_text() == "At last.\n"
    assert ended(client, "flaky.wav").status == "done"


def test_delays_overlap(client: ParsedBatchClient) -> None:
    """A job that runs for long holds up no other; none ends early; a forced deletion ends one."""
    slow = client.submit_job(("slow.wav", b"x"), CONFIG)
    started = time.monotonic()
    assert transcribe(client, "later.wav").to_text() == "Later.\n"
    assert time.monotonic() - started >= 0.3
    assert client.check_job_status(slow).status == "running"
    assert "(rule for name 'slow.wav'), to end after 3600 s" in client.get_job_log(slow)
    client.delete_job(slow, force=True)
    assert client.check_job_status(slow).status == "deleted"


def test_nothing_is_fetched_and_nobody_outside_is_notified(client: ParsedBatchClient) -> None:
    """The name of the URL chooses; the log says what was left out."""
    config = CONFIG | {
        "fetch_data": {"url": "https://nowhere.invalid/calls/hello.mp3?signature=x"},
        "notification_config": [{"url": "https://8.8.8.8/hook"}],
    }
    job_id = client.submit_job(None, config)
    assert client.wait_for_completion(job_id, "txt") == 'Hello, "big" world!\n'
    assert "fetch_data: a scripted job fetches nothing" in client.get_job_log(job_id)
    refusal = "notification 1 failed: the address is not one that this server connects to"
    eventually(lambda: refusal in client.get_job_log(job_id))
    nothing = client.submit_job(None, CONFIG | {"fetch_data": {"url": "https://nowhere.invalid/x.mp3"}})
    errors = client.check_job_status(nothing, wait=60).errors or []
    assert errors[0].message == "no scripted rule fits the file name 'x.mp3' or the SHA-256 ''"


def test_what_the_service_would_take_is_accepted(server: LocalServer) -> None:
    """Fields and values that this package does not know too; what contradicts itself is refused all the same."""
    asked = {"language": "xx", "diarization": "by-face", "translation": True, "enable_entities": True}
    answer = post(server, {"type": "transcription", "transcription_config": asked, "poetry_config": {}})
    assert (answer.status_code, answer.json()["status"]) == (201, "done")
    assert answer.json()["json-v2"]["metadata"]["transcription_config"] == asked
    refused = post(server, {"type": "transcription", "transcription_config": {}})
    assert (refused.status_code, refused.json()["error"]) == (400, "No language selected")


@given(config=wire_job_configs(unknown=True).filter(lambda config: "fetch_data" not in config))
def test_any_configuration_is_accepted(server: LocalServer, config: dict[str, Any]) -> None:
    """Whatever this package or a newer one would send."""
    answer = post(server, config)
    assert (answer.status_code, answer.json().get("status")) == (201, "done"), answer.text


@given(script=wire_transcripts(unknown=True), config=wire_job_configs())
def test_any_transcript_is_answered(script: dict[str, Any], config: dict[str, Any]) -> None:
    """With all its parts, and its own times; the job is the one that was asked for."""
    engine = ScriptedEngine([ScriptedRule(transcript=script)])
    asked = Job("asked00000", "2026-01-01T00:00:00Z", "a.wav", config, "running", None, 0.0, [], "")
    answer = engine.transcript_for(0, asked)
    read = Transcript.model_validate(script).to_dict()
    assert answer | {"job": None} == read | {"job": None}
    expected = {"id": "asked00000", "created_at": "2026-01-01T00:00:00Z", "data_name": "a.wav"}
    assert expected.items() <= answer["job"].items()
    assert answer["job"].get("tracking") == (config.get("tracking") or None)


def test_a_restart_begins_anew(tmp_path: Path) -> None:
    """Jobs that have not ended end with the next server, by its rules and their counts."""
    data_dir = tmp_path / "jobs"
    slow = ScriptedEngine([ScriptedRule(reject="slow", delay=3600)])
    with LocalServer(engine=slow, data_dir=data_dir) as server, BatchClient(server.connection_settings) as client:
        job_ids = [client.submit_job(("a.wav", b"audio"), CONFIG) for _ in range(3)]
    quick = ScriptedEngine([ScriptedRule(sha256=DIGEST, text="Done.", times=2), ScriptedRule(reject="no more")])
    with LocalServer(engine=quick, data_dir=data_dir) as server, BatchClient(server.connection_settings) as client:
        states = [client.check_job_status(job_id, wait=60)["job"]["status"] for job_id in job_ids]
        assert states == ["done", "done", "rejected"]


def test_the_rules_of_the_guide_are_followed(tmp_path: Path) -> None:
    """Its snippet runs as it stands, and its file is read."""
    exec(compile(snippet("local-server", "ScriptedEngine("), "local-server.md", "exec"), {})
    file = tmp_path / "rules.toml"
    file.write_text(snippet("local-server", "[[scripted]]", "toml"))
    (tmp_path / "call.json").write_text(json.dumps(RECORDED))
    assert len(ScriptedEngine.from_path(file).rules) == 3
