"""What people and frameworks see of models: signatures before first use, bodies and dependencies of FastAPI, reprs."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, TypeAdapter

from speechmatics import ConnectionSettings, JobConfig, JobDetails, Transcript


@pytest.mark.slow
def test_a_signature_shows_the_fields_before_first_use() -> None:
    """Of models of this package, and of those derived from them; nothing is built before somebody asks."""
    code = """
import inspect
from speechmatics import BatchTranscriptionConfig, Transcript, TranscriptionConfig
assert not Transcript.__pydantic_complete__
class Mine(Transcript):
    mine: int = 1
assert not Mine.__pydantic_complete__
print("language" in inspect.signature(TranscriptionConfig).parameters)
print({"results", "mine"} <= set(inspect.signature(Mine).parameters))
print(inspect.signature(BatchTranscriptionConfig).parameters["language"].default)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["True", "True", "en"], "")


def test_fastapi_takes_models_as_bodies() -> None:
    """Without a warning (which would be an error here), with their schemas."""
    app = FastAPI()

    @app.post("/jobs")
    def submit(body: JobConfig) -> JobDetails:
        return JobDetails(id="j", status="running", config=body)

    @app.post("/words")
    def count(body: Transcript) -> int:
        return len(list(body.words()))

    with TestClient(app) as client:
        config = {"type": "transcription", "transcription_config": {"language": "en"}}
        assert client.post("/jobs", json=config).json()["config"]["transcription_config"]["language"] == "en"
        assert client.post("/words", json={"results": []}).json() == 0
        assert client.post("/words", json={}).status_code == 422
        schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert any(name.startswith("JobConfig") for name in schemas)


def test_settings_are_a_dependency_that_no_request_can_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """They come from the environment, whatever the query says."""
    monkeypatch.setenv("SPEECHMATICS_URL", "https://here")
    app = FastAPI()

    @app.get("/")
    def show(settings: Annotated[ConnectionSettings, Depends(ConnectionSettings)]) -> str:
        return settings.url

    with TestClient(app) as client:
        assert client.get("/", params={"url": "https://elsewhere", "auth_token": "x"}).json() == "https://here"
        assert client.get("/openapi.json").json()["paths"]["/"]["get"].get("parameters") is None
    assert inspect.signature(ConnectionSettings.__init__).parameters["url"] is not None


def test_adapters_are_built_at_once() -> None:
    """A type that has our models among others is not half ready."""
    adapter = TypeAdapter(dict[str, Transcript | JobDetails])
    assert adapter.validate_python({"a": {"results": []}})["a"] == Transcript(results=[])

    class Whole(BaseModel):
        transcript: Transcript

    assert Whole.model_validate({"transcript": {"results": []}}).transcript.results == []


def test_the_repr_of_what_is_received_is_short() -> None:
    """However long a transcript is; it shows the first results, and how many there are."""
    word = {"type": "word", "start_time": 0, "end_time": 0, "alternatives": [{"content": "hello", "confidence": 1}]}
    long = Transcript.model_validate(
        {"results": [word] * 50_000, "summary": {"content": "x" * 100_000}, "x-new": {str(n): n for n in range(9999)}}
    )
    for text in (repr(long), str(long)):
        assert len(text) < 6000
        assert "content='hello'" in text
        assert "… 50,000 in all]" in text
        assert "… 9,999 in all}" in text
    short = Transcript.model_validate({"results": [word]})
    assert "in all" not in repr(short)
