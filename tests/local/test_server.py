"""The local server over plain HTTP, as any client of the API sees it."""

from __future__ import annotations

import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from speechmatics import BatchClient, JobConfig, SpeechmaticsError
from speechmatics.exceptions import InvalidInputError
from speechmatics.local import LocalServer, Recognition
from tests.conftest import ScriptedEngine
from tests.servers.fault_clients import eventually

pytestmark = pytest.mark.slow  # waits for jobs

Config = dict[str, Any]
CONFIG: Config = {"type": "transcription", "transcription_config": {"language": "en"}}


def http_client(server: LocalServer, token: str | None = "test-token") -> httpx.Client:
    """A client of nobody's making."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"{server.url}/", headers=headers, trust_env=False, timeout=30)


@pytest.fixture
def api(server: LocalServer) -> Iterator[httpx.Client]:
    """The server, as httpx sees it."""
    with http_client(server) as client:
        yield client


@pytest.fixture(scope="module")
def jobless_api() -> Iterator[httpx.Client]:
    """A server that tests share which make no job."""
    with LocalServer(engine=ScriptedEngine(), token="test-token") as server, http_client(server) as client:
        yield client


def post(api: httpx.Client, config: Config | str = CONFIG, audio: bytes | None = b"audio", **query: str) -> Any:
    """Answers the submission of a job."""
    text = config if isinstance(config, str) else json.dumps(config)
    parts: dict[str, Any] = {"config": (None, text)}
    if audio is not None:
        parts["data_file"] = ("call.wav", audio)
    return api.post("jobs", files=parts, params=query)


def submit(api: httpx.Client, config: Config = CONFIG, audio: bytes | None = b"audio") -> str:
    """The id of a new job."""
    response = post(api, config, audio)
    assert response.status_code == 201, response.text
    assert set(response.json()) == {"id"}
    return str(response.json()["id"])


def ended(api: httpx.Client, job_id: str) -> dict[str, Any]:
    """The details of a job once it has ended."""
    details: dict[str, Any] = api.get(f"jobs/{job_id}", params={"wait": 20}).json()["job"]
    assert details["status"] != "running"
    return details


def with_transcription(**parts: object) -> Config:
    """A configuration with more parts of the transcription's own."""
    return {"type": "transcription", "transcription_config": {"language": "en", **parts}}


class AudioHost:
    """Serves one recording; remembers who asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.failures = 0
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.asked.append((self.path, self.headers.get("User-Agent"), self.headers.get("X-Key")))
                found = "missing" not in self.path and len(host.asked) > host.failures
                self.send_response(200 if found else 404)
                self.end_headers()
                self.wfile.write(b"fetched audio" if found else b"no")

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def host() -> Iterator[AudioHost]:
    """A server of audio on this machine."""
    audio_host = AudioHost()
    with audio_host.server as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield audio_host
        server.shutdown()
        thread.join()


def test_a_job_from_submission_to_transcript(api: httpx.Client, engine: ScriptedEngine) -> None:
    """Its details, its transcript and its log say what the specification says they do."""
    job_id = submit(api, {**CONFIG, "tracking": {"title": "Call"}})
    details = ended(api, job_id)
    assert datetime.fromisoformat(details.pop("created_at")).utcoffset() == timedelta(0)
    assert details == {
        "id": job_id,
        "data_name": "call.wav",
        "status": "done",
        "duration": 2,
        "config": {**CONFIG, "tracking": {"title": "Call"}},
    }
    response = api.get(f"jobs/{job_id}/transcript")
    assert response.headers["Content-Type"] == "application/vnd.speechmatics.v2+json"
    transcript = response.json()
    assert transcript["job"]["tracking"] == {"title": "Call"}
    assert (transcript["job"]["id"], transcript["job"]["duration"]) == (job_id, 2)
    assert transcript["metadata"]["transcription_config"] == {"language": "en"}
    assert transcript["metadata"]["type"] == "transcription"
    assert [result["type"] for result in transcript["results"]] == ["word", "word", "punctuation"]
    assert "recognition ends: 3 results, 2.40 s" in api.get(f"jobs/{job_id}/log").text
    assert engine.received == [b"audio"]


def test_the_three_formats(api: httpx.Client) -> None:
    """json-v2 is the default; txt and srt are plain text; the configuration's limits hold for srt."""
    job_id = submit(api, {**CONFIG, "output_config": {"srt_overrides": {"max_line_length": 6}}})
    ended(api, job_id)
    transcript = f"jobs/{job_id}/transcript"
    assert api.get(transcript).json() == api.get(transcript, params={"format": "json-v2"}).json()
    assert api.get(transcript).json()["metadata"]["output_config"]["srt_overrides"] == {"max_line_length": 6}
    text, srt = (api.get(transcript, params={"format": name}) for name in ("txt", "srt"))
    assert text.headers["Content-Type"] == srt.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert text.text == "Hello world.\n"
    assert srt.text == "1\n00:00:00,100 --> 00:00:01,100\nHello\nworld.\n\n"


@pytest.mark.parametrize(
    ("method", "path", "code", "error", "detail"),
    [
        ("GET", "jobs/nosuchjob0", 404, "Job not found", "nosuchjob0"),
        ("DELETE", "jobs/nosuchjob0", 404, "Job not found", "nosuchjob0"),
        ("GET", "jobs/nosuchjob0/transcript", 404, "Job not found", "nosuchjob0"),
        ("GET", "jobs/nosuchjob0/transcript?wait=5", 404, "Job not found", "nosuchjob0"),
        ("GET", "jobs/nosuchjob0/log", 404, "Job not found", "nosuchjob0"),
        ("GET", "nowhere", 404, "Not Found", None),
        ("PUT", "jobs", 405, "Method Not Allowed", None),
        ("GET", "jobs?limit=0", 422, "Unprocessable Entity", "limit in query"),
        ("GET", "jobs?limit=101", 422, "Unprocessable Entity", "limit in query"),
        ("GET", "jobs?limit=many", 422, "Unprocessable Entity", "limit in query"),
        ("GET", "jobs?created_before=yesterday", 422, "Unprocessable Entity", "created_before in query"),
        ("GET", "jobs?include_deleted=perhaps", 422, "Unprocessable Entity", "include_deleted in query"),
        ("GET", "jobs/nosuchjob0?wait=-1", 422, "Unprocessable Entity", "wait in query"),
        ("GET", "jobs/nosuchjob0/transcript?format=xml", 422, "Unprocessable Entity", "format in query"),
        ("GET", "usage?since=yesterday", 422, "Unprocessable Entity", "since in query"),
        ("POST", "jobs", 400, "Malformed request", "multipart/form-data"),
    ],
)
def test_error_bodies(
    jobless_api: httpx.Client, method: str, path: str, code: int, error: str, detail: str | None
) -> None:
    """Each is the specification's: code, error, and detail where there is more to say."""
    response = jobless_api.request(method, path)
    assert response.status_code == code
    body = response.json()
    assert (body["code"], body["error"]) == (code, error)
    assert ("detail" in body) == (detail is not None)
    assert detail is None or detail in body["detail"]
    assert response.headers["Request-Id"]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "test-token"}])
def test_a_wrong_token_is_401(server: LocalServer, header: dict[str, str]) -> None:
    """For whatever is asked; a server without a token of its own asks for none."""
    with httpx.Client(base_url=f"{server.url}/", trust_env=False) as api:
        for path in ("jobs", "nowhere"):
            response = api.get(path, headers=header)
            assert (response.status_code, response.json()) == (401, {"code": 401, "error": "Permission Denied"})


def test_a_server_without_a_token_takes_any(engine: ScriptedEngine) -> None:
    """And its settings have none."""
    with LocalServer(engine=engine) as server:
        assert server.connection_settings.auth_token is None
        for token in (None, "whatever"):
            with http_client(server, token) as api:
                assert api.get("jobs").json() == {"jobs": []}


@pytest.mark.parametrize(
    ("config", "audio", "error", "detail"),
    [
        ("{", b"audio", "Job rejected", "JSON is invalid"),
        ("[]", b"audio", "Job rejected", "JSON is invalid"),
        ('"/etc/hostname"', b"audio", "Job rejected", "JSON is invalid"),
        ("{}", b"audio", "Job rejected", "transcription_config is missing"),
        ({"type": "alignment"}, b"audio", "Job rejected", "alignment"),
        ({"language": "en"}, b"audio", "Job rejected", "language at the top"),
        ({"type": "transcription", "transcription_config": {}}, b"audio", "No language selected", "language"),
        (with_transcription(languages=["en"]), b"audio", "Job rejected", "languages"),
        (with_transcription(diarization=True), b"audio", "Job rejected", "diarization"),
        (with_transcription(max_delay_mode="sometimes"), b"audio", "Job rejected", "max_delay_mode"),
        (CONFIG, None, "Missing data_file", "neither"),
        ({**CONFIG, "fetch_data": {"url": "http://h/a.wav"}}, b"audio", "Job rejected", "both"),
        ({**CONFIG, "fetch_data": {"url": "ftp://h/a.wav"}}, None, "Job rejected", "http"),
        (CONFIG, b"", "Job rejected due to invalid audio", "empty"),
    ],
)
def test_what_cannot_become_a_job_is_400(
    jobless_api: httpx.Client, config: Config | str, audio: bytes | None, error: str, detail: str
) -> None:
    """The error says what is wrong, and no job is made."""
    response = post(jobless_api, config, audio)
    assert response.status_code == 400
    assert response.json()["error"] == error
    assert detail in response.json()["detail"]
    assert jobless_api.get("jobs").json() == {"jobs": []}


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (with_transcription(language="de"), "'de'"),
        (with_transcription(language="auto"), "'auto'"),
        (with_transcription(diarization="speaker"), "'speaker'"),
        (with_transcription(enable_entities=True), "enable_entities"),
        (with_transcription(domain="medical"), "domain"),
        (with_transcription(output_locale="en-GB"), "output_locale"),
        (with_transcription(punctuation_overrides={"sensitivity": 0.1}), "punctuation_overrides"),
        (with_transcription(audio_filtering_config={"volume_threshold": 1}), "audio_filtering_config"),
        (with_transcription(transcript_filtering_config={"remove_disfluencies": True}), "transcript_filtering_config"),
        (with_transcription(language_hints=["en"]), "language_hints"),
        ({**CONFIG, "translation_config": {"target_languages": ["de"]}}, "translation_config"),
        ({**CONFIG, "language_identification_config": {}}, "language_identification_config"),
        ({**CONFIG, "summarization_config": {}}, "summarization_config"),
        ({**CONFIG, "sentiment_analysis_config": {}}, "sentiment_analysis_config"),
        ({**CONFIG, "topic_detection_config": {}}, "topic_detection_config"),
        ({**CONFIG, "auto_chapters_config": {}}, "auto_chapters_config"),
        ({**CONFIG, "audio_events_config": {}}, "audio_events_config"),
        ({**CONFIG, "fetch_text": {"url": "http://h/a.txt"}}, "fetch_text"),
    ],
)
def test_what_the_engine_cannot_do_is_refused(jobless_api: httpx.Client, config: Config, name: str) -> None:
    """With the API's own error, which names it; nothing is invented or left out in silence."""
    response = post(jobless_api, config)
    assert response.status_code == 400
    assert response.json()["error"] == "Requested product not available"
    assert name in response.json()["detail"]


def test_unreadable_audio_ends_as_rejected(api: httpx.Client) -> None:
    """The job says why, and so does the 404 on its transcript."""
    job_id = submit(api, audio=b"bad")
    details = ended(api, job_id)
    assert details["status"] == "rejected"
    assert [error["message"] for error in details["errors"]] == ["the audio cannot be decoded: it is bad"]
    assert datetime.fromisoformat(details["errors"][0]["timestamp"]).tzinfo is not None
    assert details["duration"] == 0, "not known"
    response = api.get(f"jobs/{job_id}/transcript")
    assert (response.status_code, response.json()["error"]) == (404, "Job rejected")
    assert "it is bad" in response.json()["detail"]


def test_deleting(api: httpx.Client, engine: ScriptedEngine) -> None:
    """423 while the job runs, unless forced; afterwards its files are 410 and it is listed only on demand."""
    engine.go.clear()
    job_id, queued = submit(api), submit(api)
    response = api.delete(f"jobs/{job_id}")
    assert (response.status_code, response.json()["error"]) == (423, "Resource Locked")
    assert api.get(f"jobs/{job_id}").json()["job"]["status"] == "running"
    for each in (job_id, queued):
        assert api.delete(f"jobs/{each}", params={"force": "true"}).json()["job"]["status"] == "deleted"
    engine.go.set()
    last = submit(api)
    assert ended(api, last)["status"] == "done"
    assert engine.received == [b"audio", b"audio"], "the queued job was never begun"
    for path in ("transcript", "log"):
        response = api.get(f"jobs/{job_id}/{path}")
        assert (response.status_code, response.json()["error"]) == (410, "File Expired")
    assert api.delete(f"jobs/{last}").json()["job"]["status"] == "deleted"
    assert api.get("jobs").json() == {"jobs": []}
    listed = api.get("jobs", params={"include_deleted": "true"}).json()["jobs"]
    assert [job["id"] for job in listed] == [last, queued, job_id]


def test_lists_are_cut_and_paged(api: httpx.Client) -> None:
    """The most recent first, `limit` at most, and all from before the cursor, in whatever zone it is given."""
    ids: list[str] = []
    for _ in range(5):
        ids.insert(0, submit(api))
        time.sleep(0.003)
    jobs = api.get("jobs").json()["jobs"]
    assert [job["id"] for job in jobs] == ids
    assert [job["id"] for job in api.get("jobs", params={"limit": 2}).json()["jobs"]] == ids[:2]
    moment = datetime.fromisoformat(jobs[2]["created_at"])
    after = moment.replace(microsecond=moment.microsecond // 1000 * 1000) + timedelta(milliseconds=1)
    cursors = {
        jobs[2]["created_at"]: ids[3:],
        jobs[2]["created_at"].replace("Z", "999Z"): ids[3:],
        moment.astimezone(timezone(timedelta(hours=5))).isoformat(): ids[3:],
        moment.replace(tzinfo=None).isoformat(): ids[3:],
        after.isoformat(): ids[2:],
        "2100-01-01T00:00:00Z": ids,
    }
    for cursor, expected in cursors.items():
        page = api.get("jobs", params={"created_before": cursor}).json()["jobs"]
        assert [job["id"] for job in page] == expected, cursor


def test_a_list_stops_at_a_hundred(api: httpx.Client) -> None:
    """Without a limit the 100 most recent jobs are listed."""
    ids = [submit(api) for _ in range(101)]
    assert [job["id"] for job in api.get("jobs").json()["jobs"]] == ids[:0:-1]


def test_usage_counts_what_was_done(api: httpx.Client) -> None:
    """By day of creation, both ends included; rejected jobs cost nothing."""
    assert api.get("usage").json()["summary"] == []
    for audio in (b"audio", b"bad", b"audio"):
        ended(api, submit(api, audio=audio))
    today = api.get("jobs").json()["jobs"][0]["created_at"][:10]
    usage = api.get("usage", params={"since": today, "until": today}).json()
    row = {"mode": "batch", "type": "transcription", "count": 2, "duration_hrs": 0.0013}
    assert usage == {
        "since": f"{today}T00:00:00Z",
        "until": f"{today}T23:59:59Z",
        "summary": [row],
        "details": [{**row, "language": "en", "model": "standard", "operating_point": "standard"}],
    }
    assert api.get("usage").json()["summary"] == [row]
    assert api.get("usage", params={"until": "2020-01-01"}).json()["details"] == []


def test_wait_holds_an_answer_back_until_the_job_ends(api: httpx.Client, engine: ScriptedEngine) -> None:
    """Details and transcript come the moment there is something to say, and not later than asked for."""
    engine.go.clear()
    job_id = submit(api)
    started = time.monotonic()
    assert api.get(f"jobs/{job_id}").json()["job"]["status"] == "running"
    assert api.get(f"jobs/{job_id}/transcript").json()["error"] == "Transcription not ready"
    assert time.monotonic() - started < 10
    started = time.monotonic()
    response = api.get(f"jobs/{job_id}", params={"wait": 1})
    assert response.json()["job"]["status"] == "running"
    assert time.monotonic() - started > 0.9
    response = api.get(f"jobs/{job_id}/transcript", params={"wait": 1})
    assert (response.status_code, response.json()["error"]) == (404, "Transcription not ready")
    with ThreadPoolExecutor(2) as pool:
        details = pool.submit(api.get, f"jobs/{job_id}", params={"wait": 20})
        transcript = pool.submit(api.get, f"jobs/{job_id}/transcript", params={"wait": 20, "format": "txt"})
        time.sleep(0.2)
        assert not details.done()
        started = time.monotonic()
        engine.go.set()
        assert details.result().json()["job"]["status"] == "done"
        assert transcript.result().text == "Hello world.\n"
        assert time.monotonic() - started < 5


def test_a_submission_may_wait_for_its_transcript(api: httpx.Client, engine: ScriptedEngine) -> None:
    """The answer then has a status, and the transcript under the name of its format."""
    done = post(api, wait="20").json()
    assert done["status"] == "done"
    assert done["json-v2"]["job"]["id"] == done["id"]
    text = post(api, wait="20", format="txt").json()
    assert (text["status"], text["txt"]) == ("done", "Hello world.\n")
    assert post(api, wait="20", format="srt").json()["srt"].startswith("1\n")
    rejected = post(api, audio=b"bad", wait="20").json()
    assert set(rejected) == {"id", "status"}
    assert rejected["status"] == "rejected"
    engine.go.clear()
    created = post(api, wait="0").json()
    assert set(created) == {"id", "status"}
    assert created["status"] == "created"


def test_wait_may_be_ignored_as_on_premises(engine: ScriptedEngine) -> None:
    """With `honour_wait=False` every answer comes at once."""
    engine.go.clear()
    with LocalServer(engine=engine, honour_wait=False) as server, http_client(server, None) as api:
        started = time.monotonic()
        job = post(api, wait="20").json()
        assert set(job) == {"id"}
        assert api.get(f"jobs/{job['id']}", params={"wait": 20}).json()["job"]["status"] == "running"
        assert api.get(f"jobs/{job['id']}/transcript", params={"wait": 20}).status_code == 404
        assert time.monotonic() - started < 10
        engine.go.set()


def test_many_who_wait_keep_nobody_else_waiting(api: httpx.Client, engine: ScriptedEngine) -> None:
    """A hundred held answers leave the server free for others."""
    engine.go.clear()
    job_id = submit(api)
    with ThreadPoolExecutor(100) as pool:
        held = [pool.submit(api.get, f"jobs/{job_id}", params={"wait": 30}) for _ in range(90)]
        time.sleep(1)
        assert len(api.get("jobs").json()["jobs"]) == 1
        assert not any(answer.done() for answer in held)
        engine.go.set()
        assert {answer.result().json()["job"]["status"] for answer in held} == {"done"}


def test_fetch_data_is_fetched(api: httpx.Client, engine: ScriptedEngine, host: AudioHost) -> None:
    """With the service's user agent and the headers asked for; the name is the URL's, without its query."""
    fetch = {"url": f"{host.url}/calls/my%20call.wav?key=secret", "auth_headers": ["X-Key:  open"]}
    details = ended(api, submit(api, {**CONFIG, "fetch_data": fetch}, None))
    assert (details["status"], details["data_name"]) == ("done", "my call.wav")
    assert host.asked == [("/calls/my%20call.wav?key=secret", "Speechmatics-API/2.0", "open")]
    assert engine.received == [b"fetched audio"]
    bare = ended(api, submit(api, {**CONFIG, "fetch_data": {"url": host.url}}, None))
    assert (bare["status"], bare["data_name"]) == ("done", "")


def test_a_fetch_is_tried_again(api: httpx.Client, host: AudioHost) -> None:
    """One failure does not end the job."""
    host.failures = 1
    details = ended(api, submit(api, {**CONFIG, "fetch_data": {"url": f"{host.url}/a.wav"}}, None))
    assert details["status"] == "done"
    assert len(host.asked) == 2


def test_a_fetch_that_fails_is_rejected(api: httpx.Client, engine: ScriptedEngine, host: AudioHost) -> None:
    """With one error for each attempt, which says why."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refusing = f"http://127.0.0.1:{closed.getsockname()[1]}/a.wav"
    for url, reason in (
        (f"{host.url}/missing.wav", "http status 404"),
        (refusing, "refused"),
        (f"{host.url}/{'a' * 70_000}.wav", "URL too long"),
    ):
        details = ended(api, submit(api, {**CONFIG, "fetch_data": {"url": url}}, None))
        assert details["status"] == "rejected"
        messages = [error["message"] for error in details["errors"]]
        assert len(messages) == 3
        assert all(message.startswith("failed to fetch file: ") and reason in message for message in messages)
        assert reason in api.get(f"jobs/{details['id']}/log").text
    assert engine.received == []


def test_an_engine_that_fails_costs_one_job() -> None:
    """The job is rejected with the reason, whatever it is, and the next one is done."""

    class Fragile:
        def transcribe(self, audio: Path, config: JobConfig) -> Recognition:
            match audio.read_bytes():
                case b"error":
                    raise ZeroDivisionError("no luck")
                case b"nonsense":
                    return Recognition(1, [{"type": {"not", "JSON"}}])
                case _:
                    return Recognition(1, [])

    with LocalServer(engine=Fragile()) as server, http_client(server, None) as api:
        reasons = [ended(api, submit(api, audio=audio)) for audio in (b"error", b"nonsense")]
        assert [job["status"] for job in reasons] == ["rejected", "rejected"]
        assert reasons[0]["errors"][0]["message"] == "the engine failed: ZeroDivisionError: no luck"
        assert "TypeError" in reasons[1]["errors"][0]["message"]
        assert ended(api, submit(api, audio=b"fine"))["status"] == "done"


def test_a_disk_that_fails_is_500_and_no_job(
    engine: ScriptedEngine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer is the API's; the log says why; nothing is left running."""
    with LocalServer(engine=engine, data_dir=tmp_path) as server, http_client(server, None) as api:
        (tmp_path / "audio").rmdir()
        response = post(api)
        error = {"code": 500, "error": "Internal Server Error", "detail": "jobs cannot be kept"}
        assert (response.status_code, response.json()) == (500, error)
        assert api.get("jobs").json() == {"jobs": []}
    assert "POST /v2/jobs failed" in caplog.text


def test_a_restart_keeps_jobs_and_finishes_those_in_the_queue(tmp_path: Path, engine: ScriptedEngine) -> None:
    """What was done stays done; what was queued is done by the next server, from the audio it was given."""
    with LocalServer(engine=engine, data_dir=tmp_path) as server, http_client(server, None) as api:
        done = submit(api, audio=b"first")
        before = ended(api, done)
        engine.go.clear()
        held, queued = submit(api, audio=b"second"), submit(api, audio=b"third")
    with LocalServer(engine=engine, data_dir=tmp_path) as server, http_client(server, None) as api:
        assert ended_many(api, engine, held, queued) == ["done", "done"]
        assert api.get(f"jobs/{done}").json()["job"] == before
        assert api.get(f"jobs/{done}/transcript", params={"format": "txt"}).text == "Hello world.\n"
        assert [job["id"] for job in api.get("jobs").json()["jobs"]] == [queued, held, done]
    assert engine.received == [b"first", b"second", b"second", b"third"]
    assert {file.name for file in (tmp_path / "audio").iterdir()} == {held, queued, done}


def test_the_audio_of_a_job_is_kept_as_it_came(tmp_path: Path, engine: ScriptedEngine) -> None:
    """While it runs and afterwards, by the type that its name says; it is gone with the job."""
    with LocalServer(engine=engine, data_dir=tmp_path) as server, http_client(server, None) as api:
        engine.go.clear()
        job_id = submit(api, audio=b"as it came")
        for _ in range(2):
            answer = api.get(f"jobs/{job_id}/data/", headers={"Range": "bytes=none"})
            assert (answer.status_code, answer.content) == (200, b"as it came")
            assert answer.headers["Content-Type"] == "audio/x-wav"
            assert answer.headers["Content-Disposition"] == 'attachment; filename="call.wav"'
            engine.go.set()
            assert ended(api, job_id)["status"] == "done"
        assert api.get("jobs/unknown/data").status_code == 404
        api.delete(f"jobs/{job_id}")
        gone = api.get(f"jobs/{job_id}/data")
        assert (gone.status_code, gone.json()["error"]) == (410, "File Expired")
        assert list((tmp_path / "audio").iterdir()) == []
        with BatchClient(server.connection_settings) as client:
            assert client.get_job_audio(submit(api, audio=b"for our own client")) == b"for our own client"


def test_jobs_are_kept_for_so_many_days(tmp_path: Path, engine: ScriptedEngine) -> None:
    """From their submission on, while the server runs and while none does; one that runs is kept until it ends."""
    with LocalServer(engine=engine, data_dir=tmp_path) as server, http_client(server, None) as api:
        earlier = submit(api)
        assert ended(api, earlier)["status"] == "done"
    second = 1 / 86_400
    options: dict[str, Any] = {"engine": engine, "data_dir": tmp_path}
    with LocalServer(**options, retention_days=second) as server, http_client(server, None) as api:
        engine.go.clear()
        running = submit(api)
        eventually(lambda: api.get(f"jobs/{earlier}").status_code == 410)
        assert api.get(f"jobs/{earlier}").json()["error"] == "Job Expired"
        assert api.get(f"jobs/{earlier}/transcript").json()["error"] == "File Expired"
        time.sleep(1.2)
        assert api.get(f"jobs/{running}", params={"wait": 0}).json()["job"]["status"] == "running"
        engine.go.set()
        eventually(lambda: api.get(f"jobs/{running}").status_code == 410)
        assert list((tmp_path / "audio").iterdir()) == []
    assert b"Hello" not in (tmp_path / "jobs.sqlite").read_bytes()
    for wrong in (0, -1, float("nan")):
        with pytest.raises(InvalidInputError, match="retention_days must be above 0, or None, not"):
            LocalServer(retention_days=wrong)


def test_without_wait_answers_are_held_back_for_two_seconds(engine: ScriptedEngine) -> None:
    """On both GETs, or until the job ends; `wait=0` and `honour_wait=False` answer at once."""
    engine.go.clear()
    with LocalServer(engine=engine) as server, http_client(server, None) as api:
        job_id = submit(api)
        for path, status in ((f"jobs/{job_id}", 200), (f"jobs/{job_id}/transcript", 404)):
            begin = time.monotonic()
            assert api.get(path).status_code == status
            assert time.monotonic() - begin >= 2
        begin = time.monotonic()
        assert api.get(f"jobs/{job_id}", params={"wait": 0}).json()["job"]["status"] == "running"
        assert time.monotonic() - begin < 2
        with ThreadPoolExecutor(2) as pool:
            held = [pool.submit(api.get, path) for path in (f"jobs/{job_id}", f"jobs/{job_id}/transcript")]
            eventually(lambda: len(server.requests) == 6)
            engine.go.set()
            assert [answer.result().status_code for answer in held] == [200, 200]


def ended_many(api: httpx.Client, engine: ScriptedEngine, *job_ids: str) -> list[str]:
    """Lets the engine go and gives the states in which the jobs end."""
    engine.go.set()
    return [ended(api, job_id)["status"] for job_id in job_ids]


def test_stopping_lets_the_job_in_hand_end(tmp_path: Path, engine: ScriptedEngine) -> None:
    """A job that ends within a few seconds of the stop is kept as done; those behind it wait for the next server."""
    engine.go.clear()
    with LocalServer(engine=engine, data_dir=tmp_path) as server, http_client(server, None) as api:
        first, second = submit(api, audio=b"first"), submit(api, audio=b"second")
        while not engine.received:
            time.sleep(0.01)
        threading.Timer(0.5, engine.go.set).start()
    assert engine.received == [b"first"]
    with LocalServer(engine=engine, data_dir=tmp_path) as server, http_client(server, None) as api:
        assert [ended(api, job_id)["status"] for job_id in (first, second)] == ["done", "done"]
    assert engine.received == [b"first", b"second"]


def test_stopping_answers_those_who_wait(engine: ScriptedEngine) -> None:
    """A held answer comes when the server stops, and says that the job still runs."""
    engine.go.clear()
    server = LocalServer(engine=engine).start()
    with http_client(server, None) as api, ThreadPoolExecutor(1) as pool:
        held = pool.submit(api.get, f"jobs/{submit(api)}", params={"wait": 60})
        time.sleep(0.3)
        engine_freed = threading.Timer(1, engine.go.set)
        engine_freed.start()
        server.stop()
        assert held.result(5).json()["job"]["status"] == "running"
        engine_freed.join()


def test_starting_and_stopping_twice_is_harmless(engine: ScriptedEngine) -> None:
    """A server that does not run has no URL, and can be started again."""
    server = LocalServer(engine=engine)
    server.stop()
    with pytest.raises(SpeechmaticsError, match="does not run"):
        _ = server.url
    assert server.start().url == server.start().url
    server.stop()
    server.stop()
    with server, http_client(server, None) as api:
        assert api.get("jobs").json() == {"jobs": []}


def test_a_port_in_use_and_a_folder_that_is_none(engine: ScriptedEngine, tmp_path: Path) -> None:
    """Each is its own error, and leaves nothing open."""
    with LocalServer(engine=engine) as server:
        port = httpx.URL(server.url).port
        assert port is not None
        with pytest.raises(OSError, match="in use"):
            LocalServer(engine=engine, port=port).start()
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        LocalServer(engine=engine, data_dir=tmp_path / "file").start()
    (tmp_path / "jobs.sqlite").write_text("this is not a database, and it is long enough to be seen as none " * 20)
    with pytest.raises(SpeechmaticsError, match="not a database"):
        LocalServer(engine=engine, data_dir=tmp_path).start()
