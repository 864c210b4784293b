"""What people see of a local server in a browser, and that nobody else sees it."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from speechmatics import BatchClient, Transcript
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from tests.rendering.test_page import HOSTILE, Reader, assert_safe, hostile
from tests.servers.browser import CHROMIUM, open_browser

pytestmark = pytest.mark.slow  # starts servers

TOKEN = "a-token"
CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}
RULES = [
    ScriptedRule(name="bad.wav", reject="<b>no speech</b>"),
    ScriptedRule(name="slow*", text="Later.", delay=3600),
    ScriptedRule(name="long.wav", text="Hello world. " * 60),
    ScriptedRule(text="Hello world."),
]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer(engine=ScriptedEngine(RULES), token=TOKEN) as running:
        yield running


def browse(server: LocalServer, path: str, password: str | None = TOKEN, **headers: str) -> httpx.Response:
    """What a browser gets of a path beside the API."""
    auth = None if password is None else ("anyone", password)
    return httpx.get(f"{server.url.removesuffix('/v2')}{path}", auth=auth, headers=headers, trust_env=False)


def submit(server: LocalServer, name: str, audio: bytes = b"some audio", *, wait: bool = True) -> str:
    """A job, which has ended."""
    with BatchClient(server.connection_settings) as client:
        job_id = client.submit_job((name, audio), CONFIG)
        while wait and client.check_job_status(job_id)["job"]["status"] == "running":
            pass
        return job_id


def test_the_list_and_the_transcript(server: LocalServer) -> None:
    """A job that is done leads to its page, which plays its audio, whole or in part."""
    job_id = submit(server, "call.wav")
    jobs = browse(server, "/")
    assert jobs.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f'<a href="/jobs/{job_id}"><bdi>call.wav</bdi></a>' in jobs.text
    page = browse(server, f"/jobs/{job_id}")
    reader = Reader(page.text)
    assert "Hello world." in reader.text()
    [audio] = reader.all("audio")
    whole = browse(server, str(audio["src"]))
    assert (whole.status_code, whole.content) == (200, b"some audio")
    assert whole.headers["Content-Type"].startswith("audio/")
    part = browse(server, str(audio["src"]), Range="bytes=5-9")
    assert (part.status_code, part.content) == (206, b"audio")
    for answer in (jobs, page, whole):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert TOKEN not in answer.text


def test_jobs_that_have_no_transcript(server: LocalServer) -> None:
    """They are listed with what is wrong with them; while one is running, the list is loaded again."""
    rejected = submit(server, "bad.wav")
    assert "http-equiv" not in browse(server, "/").text
    listed = browse(server, "/").text
    assert "rejected; &lt;b&gt;no speech&lt;/b&gt;" in listed
    assert f"/jobs/{rejected}" not in listed
    assert browse(server, f"/jobs/{rejected}").json()["detail"] == "there is no transcript: the job is rejected"
    running = submit(server, "slow.wav", wait=False)
    assert '<meta http-equiv="refresh" content="3">' in browse(server, "/").text
    assert browse(server, f"/jobs/{running}").json()["detail"] == "there is no transcript: the job is running"
    with BatchClient(server.connection_settings) as client:
        client.delete_job(running, force=True)
    for path in (f"/jobs/{running}", f"/jobs/{running}/audio"):
        assert browse(server, path).json()["error"] == "File Expired"
    assert running not in browse(server, "/").text
    for path in ("/jobs/none", "/jobs/none/audio"):
        assert browse(server, path).json()["error"] == "Job not found"
    with LocalServer(engine=ScriptedEngine([])) as empty:
        assert "No jobs yet." in browse(empty, "/", None).text


def test_audio_that_is_not_fetched(server: LocalServer) -> None:
    """Is missed by nobody: the page comes without a player."""
    with BatchClient(server.connection_settings) as client:
        config = CONFIG | {"fetch_data": {"url": "https://example.com/call.wav"}}
        job_id = client.submit_job(None, config)
        client.wait_for_completion(job_id)
    assert "<audio" not in browse(server, f"/jobs/{job_id}").text
    assert browse(server, f"/jobs/{job_id}/audio").status_code == 404


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x"])
def test_audio_is_never_a_page(server: LocalServer, name: str) -> None:
    """Whatever its name says."""
    job_id = submit(server, name, b"<script>alert(1)</script>")
    answer = browse(server, f"/jobs/{job_id}/audio")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_text(server: LocalServer, name: str) -> None:
    """On the list too."""
    with LocalServer(engine=ScriptedEngine([ScriptedRule(transcript=Transcript.model_validate(hostile(name)))])) as one:
        job_id = submit(one, name)
        for path in ("/", f"/jobs/{job_id}"):
            text = browse(one, path, None).text
            reader = Reader(text.replace(f'href="/jobs/{job_id}"', "").replace(f'src="/jobs/{job_id}/audio"', ""))
            assert name in reader.text()
        assert_safe(reader)


@pytest.mark.parametrize(("path", "code"), [("/", 200), ("/jobs/x", 404), ("/jobs/x/audio", 404), ("/v2/jobs", 401)])
def test_browsers_have_the_token_as_a_password(server: LocalServer, path: str, code: int) -> None:
    """For pages alone: the API asks for no password, and takes none."""
    assert browse(server, path).status_code == code
    assert browse(server, path, None, Authorization=f"Bearer {TOKEN}").status_code != 401
    for answer in (
        browse(server, path, None),
        browse(server, path, "wrong"),
        browse(server, path, ""),
        browse(server, path, None, Authorization="Basic ???"),
        browse(server, path, None, Authorization="Basic"),
        browse(server, path, None, Authorization=f"Digest {TOKEN}"),
    ):
        assert answer.status_code == 401
        assert answer.json()["error"] == "Permission Denied"
        assert answer.headers.get("WWW-Authenticate", "").startswith("Basic realm=") is (code != 401)


def test_who_may_not_see_pages(server: LocalServer) -> None:
    """Those who may not ask the API: other origins, and names that were pointed at this machine."""
    assert browse(server, "/", Host="evil.example").status_code == 403
    assert browse(server, "/", Origin="https://evil.example").status_code == 403
    url = server.url.removesuffix("/v2")
    assert httpx.post(f"{url}/", auth=("x", TOKEN), trust_env=False).status_code == 405


def test_a_container_has_no_pages() -> None:
    """And asks for no password."""
    with LocalServer(engine=ScriptedEngine([]), on_premises=True, token=TOKEN) as container:
        assert browse(container, "/").status_code == 401
        assert "WWW-Authenticate" not in browse(container, "/").headers
        assert browse(container, "/", None, Authorization=f"Bearer {TOKEN}").status_code == 404


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_a_browser_goes_from_the_list_to_a_word(server: LocalServer, tmp_path: Path) -> None:
    """With the token once; what is clicked plays, though it is late in the audio, and nothing complains."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(bytes(32000 * 600))
    job_id = submit(server, "long.wav", file.getvalue())
    with open_browser(tmp_path) as page:
        page.open(server.url.removesuffix("/v2").replace("://", f"://anyone:{TOKEN}@") + "/")
        assert page.complaints == []
        page.click(f"a[href='/jobs/{job_id}']")
        page.wait_for("document.querySelector('audio')?.readyState > 0")
        page.click(".turn:last-child p span:last-child")
        page.wait_for("document.querySelector('audio').currentTime > 5")
        page.wait_for("document.querySelector('.here') !== null")
        assert page.complaints == []
