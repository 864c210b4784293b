"""The client against the local server over HTTP."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import httpx
import pytest

import speechmatics as sm
from speechmatics import BatchClient, BatchTranscriptionConfig, ConnectionSettings, JobConfig, ParsedBatchClient
from speechmatics.local import LocalServer
from tests.conftest import ScriptedEngine

pytestmark = pytest.mark.slow  # waits for jobs

CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}


def test_every_form_of_audio_arrives_whole(client: BatchClient, engine: ScriptedEngine, tmp_path: Path) -> None:
    """Paths, bytes, file objects and tuples arrive byte for byte, file objects from where they stand."""
    content = os.urandom(3_000_001)
    path = tmp_path / 'Grüße "x".wav'
    path.write_bytes(content)
    standing = io.BytesIO(b"header" + content)
    standing.seek(6)
    read_end, write_end = os.pipe()

    def feed() -> None:
        with os.fdopen(write_end, "wb") as pipe:
            pipe.write(content)

    feeder = threading.Thread(target=feed)
    feeder.start()
    with path.open("rb") as file, os.fdopen(read_end, "rb") as pipe:
        forms: list[str | Path | bytes | IO[bytes] | tuple[str, bytes] | tuple[str, IO[bytes]]] = [
            str(path),
            path,
            content,
            file,
            ("name.mp3", content),
            ("name.mp3", standing),
            pipe,
        ]
        names = [client.check_job_status(client.submit_job(form, CONFIG))["job"]["data_name"] for form in forms]
    feeder.join()
    assert names == ['Grüße "x".wav', 'Grüße "x".wav', "audio", 'Grüße "x".wav', "name.mp3", "name.mp3", "audio"]
    for job in client.list_jobs():
        client.wait_for_completion(job["id"])
    assert [received == content for received in engine.received] == [True] * len(forms)


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        ("missing.wav", "no audio file at missing.wav"),
        (b"", "audio is empty"),
        (("x.wav", b""), "x.wav is empty"),
        (io.BytesIO(b""), "audio is empty"),
        (b"x" * 2000, "must stay below 1500"),
        (Path("/"), "cannot read the audio file /"),
        (None, "there is no audio"),
    ],
)
def test_wrong_audio_is_an_error_before_anything_is_sent(
    settings: ConnectionSettings, audio: str | bytes | Path | None, message: str
) -> None:
    """The error says what is wrong; the server sees no request."""
    settings.max_upload_bytes = 1500
    with BatchClient(settings, http_client=httpx.Client(transport=httpx.MockTransport(_refuse))) as client:
        with pytest.raises(sm.AudioError, match=message):
            client.submit_job(audio, CONFIG)


def _refuse(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"{request.url} was asked for")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"language": "en"}, "transcription_config"),
        ({"type": "transcription"}, "transcription_config is missing"),
        ({**CONFIG, "fetch_data": {"url": "https://example.com/a.wav"}}, "both given"),
        ("missing.json", "no configuration file"),
        (
            {"transcription_config": {"language": "en", "punctuation_overrides": {"sensitivity": 2}}},
            "transcription_config.punctuation_overrides.sensitivity: must be from 0 to 1, not 2",
        ),
    ],
)
def test_a_wrong_config_is_an_error_before_anything_is_sent(config: dict[str, object] | str, message: str) -> None:
    """The error names the field; the server sees no request."""
    with BatchClient(ConnectionSettings(), http_client=httpx.Client(transport=httpx.MockTransport(_refuse))) as client:
        with pytest.raises(sm.ConfigError, match=message):
            client.submit_job(b"audio", config)


def test_a_missing_file_is_also_python_s_own_error(client: BatchClient) -> None:
    """`except FileNotFoundError` in existing code keeps working."""
    with pytest.raises(FileNotFoundError):
        client.submit_job("missing.wav", CONFIG)
    with pytest.raises(FileNotFoundError):
        client.submit_job(b"audio", "missing.json")


@pytest.mark.parametrize(("real", "claimed", "message"), [(500_000, 1_000_000, "shrank"), (900_000, 10, "grew")])
def test_audio_that_changes_while_it_is_sent_makes_no_job(
    client: BatchClient, real: int, claimed: int, message: str
) -> None:
    """A file that turns out shorter or longer than it said is an error, and no job exists afterwards."""

    class Changing(io.BytesIO):
        def seek(self, offset: int, whence: int = 0, /) -> int:
            return claimed if whence == io.SEEK_END else super().seek(offset, whence)

    with pytest.raises(sm.AudioError, match=message):
        client.submit_job(("x.wav", Changing(b"x" * real)), CONFIG)
    assert client.list_jobs() == []


def test_every_form_of_config_is_taken(parsed_client: ParsedBatchClient) -> None:
    """A dict, a `JobConfig` and the flat configuration ask for the same job."""
    flat = BatchTranscriptionConfig(language="en")
    for config in (CONFIG, JobConfig.model_validate(CONFIG), flat):
        job = parsed_client.check_job_status(parsed_client.submit_job(b"audio", config))
        assert job.config is not None
        details = job.config.to_dict()
        assert list(details.pop("tracking")["details"]) == ["submission_id"]
        assert details == CONFIG


def test_transcribe_in_each_format(client: BatchClient, parsed_client: ParsedBatchClient) -> None:
    """json-v2 by any of its names is a dict or a model, txt and srt are text."""
    assert client.transcribe(b"audio")["format"] == "2.9"
    assert client.transcribe(b"audio", CONFIG, "txt") == "Hello world.\n"
    assert client.transcribe(b"audio", transcription_format="srt").startswith("1\n00:00:00,100 --> 00:00:01,100\n")
    transcript = parsed_client.transcribe(b"audio", CONFIG, "json_v2")
    assert transcript.to_text() == "Hello world.\n"
    assert transcript.job is not None
    assert transcript.job.duration == 2


def test_transcribe_tells_of_the_upload(client: BatchClient) -> None:
    """As `submit_job` does, before the job's first status."""
    told: list[object] = []

    def tell(sent: int, total: int | None) -> None:
        told.append((sent, total))

    client.transcribe(b"audio", on_progress=tell, on_status=lambda job: told.append(job.status))
    assert told[0] == (5, 5)
    assert told[-1] == "done"
    assert told.count((5, 5)) == 1


def test_a_running_job_has_no_result_and_is_not_deleted(client: BatchClient, engine: ScriptedEngine) -> None:
    """`get_job_result` and `delete_job` return False while the job runs; `force` ends it."""
    engine.go.clear()
    job_id = client.submit_job(b"audio", CONFIG)
    assert client.get_job_result(job_id) is False
    assert client.get_job_result(job_id, "txt") is False
    assert client.delete_job(job_id) is False
    with pytest.raises(sm.WaitTimeoutError) as timed_out:
        client.wait_for_completion(job_id, timeout=0.05)
    assert timed_out.value.job_id == job_id
    assert client.delete_job(job_id, force=True) == f"Job {job_id} deleted"
    with pytest.raises(sm.TranscriptionError, match="deleted"):
        client.wait_for_completion(job_id)


def test_an_unknown_job_is_its_own_error(client: BatchClient) -> None:
    """Every method that names a job raises `JobNotFoundException` with the job's id."""
    for ask in (client.check_job_status, client.get_job_result, client.wait_for_completion, client.delete_job):
        with pytest.raises(sm.JobNotFoundException) as caught:
            ask("nosuchjob0")
        assert (caught.value.job_id, caught.value.status_code) == ("nosuchjob0", 404)
        assert caught.value.request_id
        assert caught.value.request_id in str(caught.value)


def test_a_rejected_job_raises_with_the_service_s_reasons(parsed_client: ParsedBatchClient) -> None:
    """Unreadable audio ends the job as rejected, and the error carries why."""
    job_id = parsed_client.submit_job(b"bad", CONFIG)
    with pytest.raises(sm.TranscriptionError) as caught:
        parsed_client.wait_for_completion(job_id)
    assert caught.value.job_id == job_id
    assert [error.message for error in caught.value.errors] == ["the audio cannot be decoded: it is bad"]
    assert "it is bad" in str(caught.value)
    with pytest.raises(sm.TranscriptionError):
        parsed_client.get_job_result(job_id)


def test_an_unknown_format_is_an_error_before_anything_is_sent() -> None:
    """The error is a `TranscriptionError`, as the reference says."""
    with BatchClient(ConnectionSettings(), http_client=httpx.Client(transport=httpx.MockTransport(_refuse))) as client:
        for ask in (client.get_job_result, client.wait_for_completion):
            with pytest.raises(sm.TranscriptionError, match="use json-v2, txt or srt"):
                _call(ask, "job", "xml")


def _call(function: Callable[..., object], *arguments: str) -> object:
    return function(*arguments)


def test_status_changes_are_told(client: BatchClient, engine: ScriptedEngine) -> None:
    """`on_status` hears each status once."""
    engine.go.clear()
    heard: list[str] = []

    def hear(job: sm.JobDetails) -> None:
        heard.append(job.status)
        engine.go.set()

    client.wait_for_completion(client.submit_job(b"audio", CONFIG), on_status=hear)
    assert heard == ["running", "done"]


def test_lists_usage_and_log(client: BatchClient, parsed_client: ParsedBatchClient) -> None:
    """Jobs are listed the most recent first and page by page; usage counts them; each has a log."""
    ids = [client.submit_job(b"audio", CONFIG) for _ in range(5)]
    for job_id in ids:
        client.wait_for_completion(job_id)
    assert [job["id"] for job in client.list_jobs()] == ids[::-1]
    assert [job.id for job in parsed_client.list_jobs(limit=2)] == ids[:2:-1]
    assert [job["id"] for job in client.iter_jobs(page_size=2)] == ids[::-1]
    client.delete_job(ids[0])
    assert [job.id for job in parsed_client.iter_jobs(page_size=3)] == ids[:0:-1]
    assert [job.id for job in parsed_client.iter_jobs(page_size=3, include_deleted=True)] == ids[::-1]
    usage = parsed_client.get_usage(since="2020-01-01")
    assert usage.summary[0].count == 5
    assert client.get_usage()["summary"][0]["mode"] == "batch"
    assert "recognition ends" in client.get_job_log(ids[1])
    for wrong in (0, 101):
        with pytest.raises(sm.InvalidInputError):
            client.list_jobs(limit=wrong)
    with pytest.raises(sm.InvalidInputError):
        client.get_usage(since="yesterday")


def test_submit_jobs_yields_each_path_with_its_job(client: BatchClient, tmp_path: Path) -> None:
    """Every file comes back once, with a job that has ended."""
    paths = [tmp_path / f"{number}.wav" for number in range(4)]
    for path in paths:
        path.write_bytes(path.name.encode())
    pairs = list(client.submit_jobs(paths, CONFIG, concurrency=2))
    assert sorted(str(path) for path, _ in pairs) == sorted(map(str, paths))
    assert all(client.get_job_result(job_id) for _, job_id in pairs)
    with pytest.raises(sm.InvalidInputError):
        client.submit_jobs(paths, CONFIG, concurrency=51)


def test_opening_and_closing(settings: ConnectionSettings) -> None:
    """The first request opens, closing twice is harmless, and the settings are not changed."""
    before = settings.model_dump()
    client = BatchClient(settings)
    assert client.list_jobs() == []
    client.close()
    client.close()
    assert client.list_jobs() == []
    client.close()
    assert settings.model_dump() == before


def test_a_client_of_one_s_own_is_not_closed(settings: ConnectionSettings) -> None:
    """`http_client` stays open for its owner."""
    with httpx.Client() as own:
        with BatchClient(settings, http_client=own) as client:
            assert client.list_jobs() == []
        assert not own.is_closed


def test_many_threads_share_a_client(client: BatchClient) -> None:
    """Jobs submitted from many threads are all there, none twice."""
    with ThreadPoolExecutor(8) as pool:
        submissions = [pool.submit(client.submit_job, b"audio", CONFIG) for _ in range(24)]
        ids = [submission.result() for submission in submissions]
    assert sorted(job["id"] for job in client.list_jobs()) == sorted(set(ids))


def test_send_request_keeps_the_query(client: BatchClient) -> None:
    """Parameters in the path and in `params` both arrive; another server's URL is refused."""
    for _ in range(3):
        client.submit_job(b"audio", CONFIG)
    response = client.send_request("GET", "jobs?limit=2", params={"include_deleted": "true"})
    assert len(response.json()["jobs"]) == 2
    assert dict(response.request.url.params) == {"limit": "2", "include_deleted": "true"}
    with pytest.raises(sm.InvalidInputError, match="not the server"):
        client.send_request("GET", "https://example.com/v2/jobs")


def test_a_wrong_token_is_an_authentication_error(server: LocalServer) -> None:
    """401 has an error of its own."""
    with BatchClient(ConnectionSettings(server.url, auth_token="wrong")) as client:
        with pytest.raises(sm.AuthenticationError, match="401 Permission Denied"):
            client.list_jobs()


def test_no_server_is_a_connect_error() -> None:
    """It is httpx's error too, and its cause is the operating system's."""
    with BatchClient(ConnectionSettings("http://127.0.0.1:9", trust_env=False, retry_attempts=1)) as client:
        with pytest.raises(httpx.ConnectError) as caught:
            client.list_jobs()
    assert isinstance(caught.value, sm.SpeechmaticsError)
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"jobs": 3}', b'{"jobs": null}'])
def test_an_answer_that_is_not_the_api_s_is_its_own_error(body: bytes) -> None:
    """The error carries the body."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    with BatchClient(ConnectionSettings(), parse=True, http_client=httpx.Client(transport=transport)) as client:
        with pytest.raises(sm.InvalidResponseError) as caught:
            client.list_jobs()
    assert caught.value.body == body
