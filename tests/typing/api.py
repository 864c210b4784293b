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
    Features,
    FetchData,
    JobConfig,
    JobDetails,
    JobInfo,
    Notification,
    NotificationPart,
    ParsedBatchClient,
    RecognitionResult,
    Transcript,
    TranscriptionConfig,
    Turn,
    UsageReport,
    WordRecord,
)
from speechmatics._core.operations import TranscriptFormat

Json = dict[str, Any]
Raw = BatchClient[Json, Json, Json]
Either = BatchClient[Json | JobDetails, Json | Transcript, Json | UsageReport]


def the_flag_decides_the_mode(settings: ConnectionSettings, flag: bool) -> None:
    assert_type(BatchClient(), Raw)
    assert_type(BatchClient("key"), Raw)
    assert_type(BatchClient(settings), Raw)
    assert_type(BatchClient(settings, parse=False), Raw)
    assert_type(BatchClient(settings, parse=True), ParsedBatchClient)
    assert_type(BatchClient(settings, parse=flag), Either)
    with BatchClient(settings, parse=True) as client:
        assert_type(client, ParsedBatchClient)
    plain: BatchClient = BatchClient(settings)
    assert_type(plain, Raw)


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
    assert_type(client.get_features(), Features)
    assert_type(client.get_job_audio("j"), bytes)
    assert_type(client.with_options(read_timeout=5).get_usage(), Json)
    assert_type(client.wait_for_many(["id"]), Iterator[Json])


def models(client: ParsedBatchClient, fmt: TranscriptFormat) -> None:
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
    assert_type(client.get_features(), Features)
    assert_type(client.with_options(read_timeout=5).get_usage(), UsageReport)
    assert_type(client.wait_for_many(["id"]), Iterator[JobDetails])


def either(client: Either, fmt: TranscriptFormat) -> None:
    assert_type(client.list_jobs(), list[Json | JobDetails])
    assert_type(client.iter_jobs(), Iterator[Json | JobDetails])
    assert_type(client.wait_for_many(["id"]), Iterator[Json | JobDetails])
    assert_type(client.check_job_status("id"), Json | JobDetails)
    assert_type(client.get_job_result("id", "txt"), str | Literal[False])
    assert_type(client.get_job_result("id"), Json | Transcript | Literal[False])
    assert_type(client.get_job_result("id", fmt), Json | Transcript | str | Literal[False])
    assert_type(client.wait_for_completion("id"), str)
    assert_type(client.wait_for_completion("id", "json"), Json | Transcript)
    assert_type(client.wait_for_completion("id", fmt), Json | Transcript | str)
    assert_type(client.transcribe("a.wav", transcription_format="txt"), str)
    assert_type(client.transcribe("a.wav"), Json | Transcript)
    assert_type(client.transcribe("a.wav", transcription_format=fmt), Json | Transcript | str)
    assert_type(client.get_usage(), Json | UsageReport)
    assert_type(client.wait_for_many(["id"]), Iterator[Json | JobDetails])


def the_same_in_every_mode(client: Either) -> None:
    assert_type(client.submit_job("a.wav", {}), str)
    assert_type(client.submit_job(Path("a.wav"), Path("config.json")), str)
    assert_type(client.submit_job(("a.wav", b""), JobConfig()), str)
    assert_type(client.submit_job(None, BatchTranscriptionConfig(language="en")), str)
    assert_type(client.delete_job("id", force=True), str | Literal[False])
    assert_type(client.get_job_log("id"), str)
    assert_type(client.send_request("GET", "jobs", params={"limit": 3}), httpx.Response)


def progress_is_reported(raw: BatchClient, parsed: ParsedBatchClient, either: Either, fmt: TranscriptFormat) -> None:
    def note(sent: int, total: int | None) -> None: ...

    assert_type(raw.submit_job("a.wav", {}, on_progress=note), str)
    assert_type(raw.transcribe("a.wav", on_progress=note), Json)
    assert_type(raw.transcribe("a.wav", transcription_format="txt", on_progress=note), str)
    assert_type(raw.transcribe("a.wav", None, "txt", on_progress=note), str)
    assert_type(raw.transcribe("a.wav", None, fmt, on_progress=note), Json | str)
    assert_type(parsed.transcribe("a.wav", on_progress=note), Transcript)
    assert_type(parsed.transcribe("a.wav", None, fmt, on_progress=note), Transcript | str)
    assert_type(either.transcribe("a.wav", None, fmt, on_progress=note), Json | Transcript | str)


def settings_and_configs() -> None:
    assert_type(ConnectionSettings("https://example.com", auth_token="secret").auth_token, SecretStr | None)
    assert_type(JobConfig().transcription_config, TranscriptionConfig | None)
    assert_type(BatchTranscriptionConfig(language="en").as_config(), str)


def what_a_transcript_is_rendered_as(transcript: Transcript) -> None:
    for turn in transcript.turns():
        assert_type(turn, Turn)
        assert_type(turn.words, tuple[RecognitionResult, ...])
    for word in transcript.words():
        assert_type(word, RecognitionResult)
    for record in transcript.to_records():
        assert_type(record, WordRecord)
        assert_type(record["start_time"], float | None)
    assert_type(transcript.to_vtt(speaker_labels=False), str)


def what_a_callback_brings(notification: Notification, headers: dict[str, str], body: bytes) -> None:
    assert_type(Notification.from_request("id=a&status=success", headers, body), Notification)
    assert_type(Notification.from_request({"id": ["a"]}, [(b"a", b"b")], body), Notification)
    assert_type(notification.transcript, Transcript | None)
    assert_type(notification.data, NotificationPart | None)
    if notification.jobinfo is not None:
        assert_type(notification.jobinfo.data_name, str | None)
        assert_type(notification.jobinfo.duration, int | float | None)
    if isinstance(notification.jobinfo, JobDetails):
        assert_type([error.message for error in notification.jobinfo.errors or ()], list[str | None])
    elif notification.jobinfo is not None:
        assert_type(notification.jobinfo, JobInfo)


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
    client.transcribe("a.wav", on_progress="told")  # type: ignore[call-overload]
    client.delete_job("id", force="yes")  # type: ignore[arg-type]
    client.list_jobs(limit="all")  # type: ignore[arg-type]
    client.send_request("GET", "jobs", parms={})  # type: ignore[call-arg]
    BatchTranscriptionConfig(language=3)  # type: ignore[arg-type]
    FetchData(url=b"https://example.com")  # type: ignore[arg-type]
