"""What type checkers infer of `AsyncBatchClient` from the flag and the format; checked, never run.

Each `type: ignore` marks an argument that must be rejected: a checker that accepts it reports the comment as unused.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal, assert_type

import httpx

from speechmatics import (
    AsyncBatchClient,
    BatchClient,
    BatchTranscriptionConfig,
    ConnectionSettings,
    Features,
    JobConfig,
    JobDetails,
    ParsedAsyncBatchClient,
    ParsedBatchClient,
    TemporaryKeyAuth,
    Transcript,
    UsageReport,
)
from speechmatics._core.operations import JsonFormat, TextFormat, TranscriptFormat

Json = dict[str, Any]
Raw = AsyncBatchClient[Json, Json, Json]
Either = AsyncBatchClient[Json | JobDetails, Json | Transcript, Json | UsageReport]


async def the_flag_decides_the_mode(settings: ConnectionSettings, flag: bool) -> None:
    assert_type(AsyncBatchClient(), Raw)
    assert_type(AsyncBatchClient("key"), Raw)
    assert_type(AsyncBatchClient(settings), Raw)
    assert_type(AsyncBatchClient(settings, False, parse=False), Raw)
    assert_type(AsyncBatchClient(settings, parse=True), ParsedAsyncBatchClient)
    assert_type(AsyncBatchClient(settings, parse=flag), Either)
    async with AsyncBatchClient(settings) as raw:
        assert_type(raw, Raw)
    async with AsyncBatchClient(settings, parse=True) as parsed:
        assert_type(parsed, ParsedAsyncBatchClient)
    assert_type(await AsyncBatchClient(settings, parse=True).connect(), ParsedAsyncBatchClient)
    plain: AsyncBatchClient = AsyncBatchClient(settings)
    assert_type(plain, Raw)


async def dicts(client: AsyncBatchClient, fmt: TranscriptFormat, json: JsonFormat, text: TextFormat) -> None:
    assert_type(await client.list_jobs(), list[Json])
    assert_type(client.iter_jobs(), AsyncIterator[Json])
    assert_type([job async for job in client.iter_jobs()], list[Json])
    assert_type(await client.check_job_status("id"), Json)
    assert_type(await client.get_job_result("id"), Json | Literal[False])
    assert_type(await client.get_job_result("id", "json"), Json | Literal[False])
    assert_type(await client.get_job_result("id", "json_v2"), Json | Literal[False])
    assert_type(await client.get_job_result("id", "json-v2"), Json | Literal[False])
    assert_type(await client.get_job_result("id", json), Json | Literal[False])
    assert_type(await client.get_job_result("id", "txt"), str | Literal[False])
    assert_type(await client.get_job_result("id", "srt"), str | Literal[False])
    assert_type(await client.get_job_result("id", text), str | Literal[False])
    assert_type(await client.get_job_result("id", fmt), Json | str | Literal[False])
    assert_type(await client.wait_for_completion("id"), str)
    assert_type(await client.wait_for_completion("id", text), str)
    assert_type(await client.wait_for_completion("id", json), Json)
    assert_type(await client.wait_for_completion("id", transcription_format="json-v2"), Json)
    assert_type(await client.wait_for_completion("id", fmt), Json | str)
    assert_type(await client.transcribe("a.wav"), Json)
    assert_type(await client.transcribe("a.wav", None, json), Json)
    assert_type(await client.transcribe("a.wav", None, "txt"), str)
    assert_type(await client.transcribe("a.wav", transcription_format=text), str)
    assert_type(await client.transcribe("a.wav", transcription_format=fmt), Json | str)
    assert_type(await client.get_usage(), Json)
    assert_type(await client.get_features(), Features)
    assert_type(await client.get_job_audio("j"), bytes)
    assert_type(await client.with_options(read_timeout=5).get_usage(), Json)
    assert_type(client.wait_for_many(["id"]), AsyncIterator[Json])


async def models(client: ParsedAsyncBatchClient, fmt: TranscriptFormat, json: JsonFormat, text: TextFormat) -> None:
    assert_type(await client.list_jobs(), list[JobDetails])
    assert_type(client.iter_jobs(), AsyncIterator[JobDetails])
    assert_type([job async for job in client.iter_jobs()], list[JobDetails])
    assert_type(await client.check_job_status("id"), JobDetails)
    assert_type(await client.get_job_result("id"), Transcript | Literal[False])
    assert_type(await client.get_job_result("id", json), Transcript | Literal[False])
    assert_type(await client.get_job_result("id", text), str | Literal[False])
    assert_type(await client.get_job_result("id", fmt), Transcript | str | Literal[False])
    assert_type(await client.wait_for_completion("id"), str)
    assert_type(await client.wait_for_completion("id", "json_v2"), Transcript)
    assert_type(await client.wait_for_completion("id", fmt), Transcript | str)
    assert_type(await client.transcribe("a.wav"), Transcript)
    assert_type(await client.transcribe("a.wav", transcription_format="txt"), str)
    assert_type(await client.transcribe("a.wav", transcription_format=fmt), Transcript | str)
    assert_type(await client.get_usage(), UsageReport)
    assert_type(await client.get_features(), Features)
    assert_type(await client.with_options(read_timeout=5).get_usage(), UsageReport)
    assert_type(client.wait_for_many(["id"]), AsyncIterator[JobDetails])


async def either(client: Either, fmt: TranscriptFormat) -> None:
    assert_type(await client.list_jobs(), list[Json | JobDetails])
    assert_type(client.iter_jobs(), AsyncIterator[Json | JobDetails])
    assert_type(await client.check_job_status("id"), Json | JobDetails)
    assert_type(await client.get_job_result("id"), Json | Transcript | Literal[False])
    assert_type(await client.get_job_result("id", "txt"), str | Literal[False])
    assert_type(await client.get_job_result("id", fmt), Json | Transcript | str | Literal[False])
    assert_type(await client.wait_for_completion("id"), str)
    assert_type(await client.wait_for_completion("id", fmt), Json | Transcript | str)
    assert_type(await client.transcribe("a.wav"), Json | Transcript)
    assert_type(await client.transcribe("a.wav", transcription_format="txt"), str)
    assert_type(await client.transcribe("a.wav", transcription_format=fmt), Json | Transcript | str)
    assert_type(await client.get_usage(), Json | UsageReport)
    assert_type(client.wait_for_many(["id"]), AsyncIterator[Json | JobDetails])


async def the_same_in_every_mode(client: Either) -> None:
    assert_type(await client.submit_job("a.wav", {}), str)
    assert_type(await client.submit_job(Path("a.wav"), Path("config.json")), str)
    assert_type(await client.submit_job(("a.wav", b""), JobConfig()), str)
    assert_type(await client.submit_job(None, BatchTranscriptionConfig(language="en")), str)
    assert_type(await client.delete_job("id", force=True), str | Literal[False])
    assert_type(await client.get_job_log("id"), str)
    assert_type(client.submit_jobs(["a.wav"], {}), AsyncIterator[tuple[str | os.PathLike[str], str]])
    assert_type(await client.send_request("GET", "jobs", params={"limit": 3}), httpx.Response)
    assert_type(await client.close(), None)


async def progress_is_reported(
    raw: AsyncBatchClient,
    parsed: ParsedAsyncBatchClient,
    either: Either,
    fmt: TranscriptFormat,
) -> None:
    def note(sent: int, total: int | None) -> None: ...

    assert_type(await raw.submit_job("a.wav", {}, on_progress=note), str)
    assert_type(await raw.transcribe("a.wav", on_progress=note), Json)
    assert_type(await raw.transcribe("a.wav", transcription_format="txt", on_progress=note), str)
    assert_type(await raw.transcribe("a.wav", None, "txt", on_progress=note), str)
    assert_type(await raw.transcribe("a.wav", None, fmt, on_progress=note), Json | str)
    assert_type(await parsed.transcribe("a.wav", on_progress=note), Transcript)
    assert_type(await parsed.transcribe("a.wav", None, fmt, on_progress=note), Transcript | str)
    assert_type(await either.transcribe("a.wav", None, fmt, on_progress=note), Json | Transcript | str)


def authorisation_may_be_given(settings: ConnectionSettings) -> None:
    auth = TemporaryKeyAuth("key", ttl=60, client_ref="customer", region="eu")
    assert_type(AsyncBatchClient(settings, auth=auth), Raw)
    assert_type(AsyncBatchClient(settings, auth=httpx.BasicAuth("a", "b"), parse=True), ParsedAsyncBatchClient)
    assert_type(BatchClient(settings, auth=auth), BatchClient[Json, Json, Json])
    assert_type(BatchClient(settings, auth=auth, parse=True), ParsedBatchClient)


async def what_must_be_rejected(client: AsyncBatchClient, flag: str) -> None:
    AsyncBatchClient(42)  # type: ignore[call-overload]
    AsyncBatchClient(parse=flag)  # type: ignore[call-overload]
    AsyncBatchClient(http_client=httpx.Client())  # type: ignore[call-overload]
    AsyncBatchClient(auth="key")  # type: ignore[call-overload]
    TemporaryKeyAuth("key", region="us")  # type: ignore[arg-type]
    ConnectionSettings(region="us")  # type: ignore[arg-type]
    await client.submit_job(42, {})  # type: ignore[arg-type]
    await client.get_job_result("id", "xml")  # type: ignore[call-overload]
    await client.wait_for_completion("id", timeout="soon")  # type: ignore[call-overload]
    await client.transcribe("a.wav", transcription_format="xml")  # type: ignore[call-overload]
    await client.transcribe("a.wav", on_progress="told")  # type: ignore[call-overload]
    await client.delete_job("id", force="yes")  # type: ignore[arg-type]
    await client.list_jobs(limit="all")  # type: ignore[arg-type]
    await client.send_request("GET", "jobs", parms={})  # type: ignore[call-arg]
