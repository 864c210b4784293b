"""What type checkers infer from the flag and the format; checked, never run.

Each `type: ignore` marks an argument that must be rejected: a checker that accepts it reports the comment as unused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, assert_type

import httpx
from pydantic import SecretStr

from speechmatics import (
    BatchClient,
    BatchTranscriptionConfig,
    ConnectionSettings,
    FetchData,
    JobConfig,
    JobDetails,
    Parsed,
    Raw,
    Transcript,
    TranscriptionConfig,
    UsageReport,
)
from speechmatics.operations import TranscriptFormat

Json = dict[str, Any]


def the_flag_decides_the_mode(settings: ConnectionSettings, flag: bool) -> None:
    assert_type(BatchClient(), BatchClient[Raw])
    assert_type(BatchClient("key"), BatchClient[Raw])
    assert_type(BatchClient(settings), BatchClient[Raw])
    assert_type(BatchClient(settings, parse=False), BatchClient[Raw])
    assert_type(BatchClient(settings, parse=True), BatchClient[Parsed])
    assert_type(BatchClient(settings, parse=flag), BatchClient[Raw | Parsed])
    with BatchClient(settings, parse=True) as client:
        assert_type(client, BatchClient[Parsed])
    plain: BatchClient = BatchClient(settings)
    assert_type(plain, BatchClient[Raw])


def dicts(client: BatchClient, fmt: TranscriptFormat) -> None:
    assert_type(client.list_jobs(), list[Json])
    assert_type(client.iter_jobs(), Iterator[Json])
    assert_type(client.wait_for_many(["id"]), Iterator[Json])
    assert_type(client.check_job_status("id"), Json)
    assert_type(client.get_job_result("id"), Json | Literal[False])
    assert_type(client.get_job_result("id", "json"), Json | Literal[False])
    assert_type(client.get_job_result("id", "json_v2"), Json | Literal[False])
    assert_type(client.get_job_result("id", "json-v2"), Json | Literal[False])
    assert_type(client.get_job_result("id", "txt"), str | Literal[False])
    assert_type(client.get_job_result("id", "srt"), str | Literal[False])
    assert_type(client.get_job_result("id", fmt), Json | str | Literal[False])
    assert_type(client.wait_for_completion("id"), str)
    assert_type(client.wait_for_completion("id", "srt"), str)
    assert_type(client.wait_for_completion("id", "json"), Json)
    assert_type(client.wait_for_completion("id", transcription_format="json-v2"), Json)
    assert_type(client.wait_for_completion("id", fmt), Json | str)
    assert_type(client.transcribe("a.wav"), Json)
    assert_type(client.transcribe("a.wav", None, "json"), Json)
    assert_type(client.transcribe("a.wav", None, "txt"), str)
    assert_type(client.transcribe("a.wav", transcription_format="srt"), str)
    assert_type(client.transcribe("a.wav", transcription_format=fmt), Json | str)
    assert_type(client.transcribe("a.wav", None, fmt), Json | str)
    assert_type(client.get_usage(), Json)
    assert_type(client.wait_for_many(["id"]), Iterator[Json])


def models(client: BatchClient[Parsed], fmt: TranscriptFormat) -> None:
    assert_type(client.list_jobs(), list[JobDetails])
    assert_type(client.iter_jobs(), Iterator[JobDetails])
    assert_type(client.wait_for_many(["id"]), Iterator[JobDetails])
    assert_type(client.check_job_status("id"), JobDetails)
    assert_type(client.get_job_result("id"), Transcript | Literal[False])
    assert_type(client.get_job_result("id", "json"), Transcript | Literal[False])
    assert_type(client.get_job_result("id", "txt"), str | Literal[False])
    assert_type(client.get_job_result("id", "srt"), str | Literal[False])
    assert_type(client.get_job_result("id", fmt), Transcript | str | Literal[False])
    assert_type(client.wait_for_completion("id"), str)
    assert_type(client.wait_for_completion("id", "json_v2"), Transcript)
    assert_type(client.wait_for_completion("id", fmt), Transcript | str)
    assert_type(client.transcribe("a.wav"), Transcript)
    assert_type(client.transcribe("a.wav", transcription_format="txt"), str)
    assert_type(client.transcribe("a.wav", transcription_format=fmt), Transcript | str)
    assert_type(client.get_usage(), UsageReport)
    assert_type(client.wait_for_many(["id"]), Iterator[JobDetails])


def either(client: BatchClient[Raw | Parsed], fmt: TranscriptFormat) -> None:
    assert_type(client.list_jobs(), list[Json] | list[JobDetails])
    assert_type(client.iter_jobs(), Iterator[Json] | Iterator[JobDetails])
    assert_type(client.wait_for_many(["id"]), Iterator[Json] | Iterator[JobDetails])
    assert_type(client.check_job_status("id"), Json | JobDetails)
    assert_type(client.get_job_result("id", "txt"), str | Literal[False])
    assert_type(client.get_job_result("id", fmt), Json | Transcript | str | Literal[False])
    assert_type(client.wait_for_completion("id"), str)
    assert_type(client.wait_for_completion("id", fmt), Json | Transcript | str)
    assert_type(client.transcribe("a.wav", transcription_format="txt"), str)
    assert_type(client.transcribe("a.wav", transcription_format=fmt), Json | Transcript | str)
    assert_type(client.get_usage(), Json | UsageReport)
    assert_type(client.wait_for_many(["id"]), Iterator[Json] | Iterator[JobDetails])


def the_same_in_every_mode(client: BatchClient[Raw | Parsed]) -> None:
    assert_type(client.submit_job("a.wav", {}), str)
    assert_type(client.submit_job(Path("a.wav"), Path("config.json")), str)
    assert_type(client.submit_job(("a.wav", b""), JobConfig()), str)
    assert_type(client.submit_job(None, BatchTranscriptionConfig(language="en")), str)
    assert_type(client.delete_job("id", force=True), str | Literal[False])
    assert_type(client.get_job_log("id"), str)
    assert_type(client.send_request("GET", "jobs", params={"limit": 3}), httpx.Response)


def settings_and_configs() -> None:
    assert_type(ConnectionSettings("https://example.com", auth_token="secret").auth_token, SecretStr | None)
    assert_type(JobConfig().transcription_config, TranscriptionConfig | None)
    assert_type(BatchTranscriptionConfig(language="en").as_config(), str)


def what_must_be_rejected(client: BatchClient, flag: str) -> None:
    BatchClient(42)  # type: ignore[call-overload]
    BatchClient(parse=flag)  # type: ignore[call-overload]
    ConnectionSettings(auth_token=42)  # type: ignore[arg-type]
    ConnectionSettings(tokn="x")  # type: ignore[call-arg]
    client.submit_job(42, {})  # type: ignore[arg-type]
    client.submit_job("a.wav", 42)  # type: ignore[arg-type]
    client.get_job_result("id", "xml")  # type: ignore[call-overload]
    client.get_job_result(42)  # type: ignore[call-overload]
    client.wait_for_completion("id", "xml")  # type: ignore[call-overload]
    client.wait_for_completion("id", timeout="soon")  # type: ignore[call-overload]
    client.delete_job("id", force="yes")  # type: ignore[arg-type]
    client.list_jobs(limit="all")  # type: ignore[call-overload]
    client.send_request("GET", "jobs", parms={})  # type: ignore[call-arg]
    BatchTranscriptionConfig(language=3)  # type: ignore[arg-type]
    FetchData(url=b"https://example.com")  # type: ignore[arg-type]
