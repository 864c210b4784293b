"""A local server that takes what its engine cannot do, and says what it ignores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given

from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from speechmatics.testing import wire_job_configs
from tests.conftest import ScriptedEngine as TwoWordEngine

pytestmark = pytest.mark.slow  # waits for jobs

HEADER = "Speechmatics-Local-Ignored"


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """A server whose engine knows English words and nothing else."""
    with LocalServer(engine=TwoWordEngine(), accept_unsupported=True) as running:
        yield running


def post(server: LocalServer, **config: Any) -> httpx.Response:
    """Answers a submission once its job has ended."""
    text = json.dumps({"type": "transcription", **config})
    parts: dict[str, Any] = {"config": (None, text), "data_file": ("a.wav", b"audio")}
    query = {"wait": "60", "format": "txt"}
    return httpx.post(f"{server.url}/jobs", files=parts, params=query, trust_env=False, timeout=60)


def test_what_is_ignored_is_said(server: LocalServer) -> None:
    """In a header of the answer and in the job's log, each with the reason, what is unknown too."""
    asked = {"language": "de", "diarization": "speaker", "diarisation": "speaker"}
    answer = post(server, transcription_config=asked, summarization_config={}, tracking={"title": "kept"})
    assert answer.json()["txt"] == "Hello world.\n"
    reasons = [
        "language 'de': this server knows English (en) only",
        "summarization_config: this server does not do that",
        "diarization 'speaker': this server tells channels apart, but not speakers",
        "transcription_config.diarisation: not a known field of TranscriptionConfig; did you mean diarization?",
    ]
    assert answer.headers[HEADER] == "; ".join(reasons)
    log = httpx.get(f"{server.url}/jobs/{answer.json()['id']}/log", trust_env=False).text
    assert [line.partition("ignored: ")[2] for line in log.splitlines() if "ignored: " in line] == reasons


def test_nothing_is_said_where_nothing_is_ignored(server: LocalServer) -> None:
    """Nor by a scripted engine, whose transcripts have whatever they have."""
    assert HEADER not in post(server, transcription_config={"language": "en"}).headers
    with LocalServer(engine=ScriptedEngine([ScriptedRule(text="Hallo.")]), accept_unsupported=True) as scripted:
        answer = post(scripted, transcription_config={"language": "de"}, new_config={})
        assert (answer.json()["txt"], HEADER in answer.headers) == ("Hallo.\n", False)


def test_a_header_is_one_whatever_is_unknown(server: LocalServer) -> None:
    """Line breaks, other scripts and endless names are no part of it; the log has them."""
    answer = post(server, transcription_config={"language": "en"}, **{"a\r\nX: b": 1, "名前": 2, "x" * 9000: 3})
    assert answer.json()["status"] == "done"
    assert "a??X: b: not a known field of JobConfig; ??: not a known field" in answer.headers[HEADER]
    assert "X" not in answer.headers
    assert len(answer.headers[HEADER]) == 4000
    assert "名前: not a known field" in httpx.get(f"{server.url}/jobs/{answer.json()['id']}/log", trust_env=False).text


def test_what_contradicts_itself_is_refused_all_the_same(server: LocalServer) -> None:
    """As the service does."""
    answer = post(server, transcription_config={"language": "en", "language_hints": ["en"], "diarization": 3})
    assert (answer.status_code, answer.json()["error"]) == (400, "Job rejected")


@given(config=wire_job_configs(unknown=True).filter(lambda config: "fetch_data" not in config))
def test_any_configuration_becomes_a_transcript(server: LocalServer, config: dict[str, Any]) -> None:
    """Whatever this package or a newer one would send."""
    answer = post(server, **config)
    assert answer.json().get("txt") == "Hello world.\n", answer.text


def test_an_error_names_all_that_cannot_be_done() -> None:
    """Where it is not asked to ignore it."""
    with LocalServer(engine=TwoWordEngine()) as server:
        answer = post(server, transcription_config={"language": "de", "enable_entities": True})
    assert (answer.status_code, answer.json()["error"]) == (400, "Requested product not available")
    assert answer.json()["detail"] == (
        "language 'de': this server knows English (en) only; enable_entities: this server does not find entities"
    )
