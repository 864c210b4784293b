"""Callbacks of the local server, received as a customer's server would, and read by `Notification`."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from speechmatics import BatchClient, JobDetails, Notification, ParsedBatchClient
from speechmatics.exceptions import ConfigError
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from tests import conftest
from tests.servers.fault_clients import eventually

pytestmark = pytest.mark.slow  # waits for callbacks

CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}
TEXT = "Good morning."
ENGINE = ScriptedEngine([ScriptedRule(name="bad.wav", reject="too noisy"), ScriptedRule(text=TEXT)])


@dataclass
class Receiver:
    """A customer's server: what came, and which statuses it answers with before 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list[int])
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(
        default_factory=list[tuple[str, str, dict[str, str], bytes]]
    )

    def only(self) -> Notification:
        """The one callback that came."""
        eventually(lambda: self.requests)
        [(_, path, headers, body)] = self.requests
        return Notification.from_request(path, headers, body)


@contextmanager
def receiving() -> Generator[Receiver]:
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append((self.command, self.path, dict(self.headers.items()), body))
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_PUT(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook?key=k"
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with receiving() as each:
        yield each


@pytest.fixture
def client() -> Generator[ParsedBatchClient]:
    with LocalServer(engine=ENGINE) as server, BatchClient(server.connection_settings, parse=True) as client:
        yield client


def submit(client: ParsedBatchClient, *configs: dict[str, Any], name: str = "call.wav") -> str:
    return client.submit_job((name, b"audio"), {**CONFIG, "notification_config": list(configs)})


def test_a_single_item_is_the_body(client: ParsedBatchClient, receiver: Receiver) -> None:
    """Of its own type; the query says which job it was and how it ended, beside what the URL had."""
    for name, kind in (("transcript", "json"), ("transcript.txt", "plain"), ("transcript.srt", "plain")):
        receiver.requests.clear()
        job_id = submit(client, {"url": receiver.url, "contents": [name]})
        received = receiver.only()
        assert (received.id, received.status, received.query["key"]) == (job_id, "success", ["k"])
        [(method, _, headers, _)] = receiver.requests
        assert (method, headers["User-Agent"]) == ("POST", "Speechmatics-API/2.0")
        assert kind in headers["Content-Type"]
        given = received.transcript.to_text() if received.transcript else received.txt or received.srt or ""
        assert TEXT in given


def test_several_items_are_attachments(client: ParsedBatchClient, receiver: Receiver) -> None:
    """By their names, the audio among them."""
    contents = ["jobinfo", "transcript.json-v2", "transcript.txt", "transcript.srt", "data"]
    job_id = submit(client, {"url": receiver.url, "contents": contents, "method": "put"})
    received = receiver.only()
    assert receiver.requests[0][0] == "PUT"
    assert isinstance(received.jobinfo, JobDetails)
    assert (received.jobinfo.id, received.jobinfo.status) == (job_id, "done")
    assert received.transcript is not None
    assert received.transcript.to_text() == received.txt == TEXT + "\n"
    assert received.srt is not None
    assert received.data is not None
    assert (received.data.content, received.data.filename) == (b"audio", "call.wav")
    assert received.others == []


def test_the_audio_is_an_attachment_also_alone(client: ParsedBatchClient, receiver: Receiver) -> None:
    """As the service has it."""
    submit(client, {"url": receiver.url, "contents": ["data"]})
    received = receiver.only()
    assert received.data is not None
    assert (received.data.name, received.data.content) == ("data", b"audio")


def test_no_contents_are_an_empty_body_and_none_the_file_of_old(client: ParsedBatchClient, receiver: Receiver) -> None:
    """An empty list, and no list."""
    submit(client, {"url": receiver.url, "contents": []})
    assert receiver.only().transcript is None
    assert receiver.requests[0][3] == b""
    receiver.requests.clear()
    submit(client, {"url": receiver.url})
    received = receiver.only()
    assert received.transcript is not None
    assert b'name="data_file"' in receiver.requests[0][3]


def test_after_an_error_just_the_job_is_sent(client: ParsedBatchClient, receiver: Receiver) -> None:
    """With its errors."""
    submit(client, {"url": receiver.url, "contents": ["jobinfo", "transcript", "data"]}, name="bad.wav")
    received = receiver.only()
    assert (received.status, received.is_success) == ("error", False)
    assert isinstance(received.jobinfo, JobDetails)
    assert [error.message for error in received.jobinfo.errors or []] == ["too noisy"]
    assert (received.transcript, received.data) == (None, None)


def test_audio_that_could_not_be_fetched_is_an_error_of_its_own(receiver: Receiver) -> None:
    """`fetch_error`."""
    with LocalServer(engine=conftest.ScriptedEngine(), allow_private_addresses=True) as server:
        with BatchClient(server.connection_settings) as client:
            url = receiver.url.replace("/hook", "/missing.wav")
            config: dict[str, Any] = {
                "fetch_data": {"url": url},
                "notification_config": [{"url": receiver.url, "contents": []}],
            }
            client.submit_job(None, {**CONFIG, **config})
            assert receiver.only().status == "fetch_error"


def test_each_of_three_is_told_with_its_headers(client: ParsedBatchClient) -> None:
    """One that fails keeps none of the others from it; a fourth is refused."""
    with receiving() as first, receiving() as second, receiving() as third:
        third.statuses += [500]
        targets = [{"url": each.url, "auth_headers": ["X-Key: s3cret"]} for each in (first, second, third)]
        job_id = submit(client, *targets)
        eventually(lambda: len(third.requests) == 2)
        for each in (first, second, third):
            assert each.requests[-1][2]["X-Key"] == "s3cret"
        assert (len(first.requests), len(second.requests)) == (1, 1)
        eventually(lambda: "notification 3 sent" in client.get_job_log(job_id))
        job = client.check_job_status(job_id)
        assert (job.status, [error.message for error in job.errors or []]) == (
            "done",
            ["notification 3 failed: http status 500"],
        )
        log = client.get_job_log(job_id)
        assert "notification 1 sent" in log
        assert "s3cret" not in log
        assert "key=k" not in log
        with pytest.raises(ConfigError):
            submit(client, *targets, targets[0])


def test_a_receiver_that_is_away_keeps_nobody_waiting(client: ParsedBatchClient) -> None:
    """The job is done, others are done, and leaving the server ends the attempts."""
    job_id = submit(client, {"url": "http://127.0.0.1:9/hook"})
    client.wait_for_completion(job_id)
    eventually(lambda: "notification 1 failed: Connection refused" in client.get_job_log(job_id))
    assert client.transcribe(("a.wav", b"x"), CONFIG).to_text() == TEXT + "\n"


def test_another_server_tells_what_the_last_one_could_not(receiver: Receiver, tmp_path: Path) -> None:
    """Once; and not again by the next."""
    receiver.statuses += [500]
    with LocalServer(engine=ENGINE, data_dir=tmp_path) as server:
        with BatchClient(server.connection_settings, parse=True) as client:
            job_id = submit(client, {"url": receiver.url, "contents": []})
            eventually(lambda: "notification 1 failed: http status 500" in client.get_job_log(job_id))
    before = len(receiver.requests)
    with LocalServer(engine=ENGINE, data_dir=tmp_path) as server:
        with BatchClient(server.connection_settings, parse=True) as client:
            eventually(lambda: "notification 1 sent" in client.get_job_log(job_id))
    with LocalServer(engine=ENGINE, data_dir=tmp_path) as server:
        with BatchClient(server.connection_settings, parse=True) as client:
            client.transcribe(("a.wav", b"x"), CONFIG)
    assert len(receiver.requests) == before + 1


def test_the_real_engine_s_server_tells_no_private_address(receiver: Receiver) -> None:
    """Unless that is allowed; it is not tried again."""
    with LocalServer(engine=conftest.ScriptedEngine()) as server:
        with BatchClient(server.connection_settings, parse=True) as client:
            job_id = submit(client, {"url": receiver.url})
            refusal = "notification 1 failed: the address is not one that this server connects to"
            eventually(lambda: refusal in client.get_job_log(job_id))
    assert receiver.requests == []
