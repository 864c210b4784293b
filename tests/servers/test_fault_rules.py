"""Each field of a rule does what it says, wrong rules are refused, and the random faults are of all kinds."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import httpx
import pytest

from tests.servers.fault_clients import (
    LONG,
    client_of,
    connect,
    eventually,
    head_of,
    make_job,
    read_all,
    read_answer,
    submit,
)
from tests.servers.fault_rules import PAGE, Quirks, Rule, RuleError, read_rules
from tests.servers.fault_server import FaultServer, transcript_of
from tests.servers.random_faults import random_faults

pytestmark = pytest.mark.slow  # starts servers

BUSY = '{"detail": "Server busy: try again"}'


def statuses(rules: list[Rule], requests: list[tuple[str, str]], seed: int = 0) -> list[int]:
    """The statuses of answers to requests that are sent one after another."""
    with FaultServer(rules, seed=seed) as server, client_of(server) as client:
        return [client.request(method, path).status_code for method, path in requests]


def is_listening(server: FaultServer) -> bool:
    """Whether a connection can be made."""
    try:
        connect(server).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize(
    ("which", "hit"),
    [
        ({}, [1, 1, 1, 1, 1]),
        ({"method": "DELETE"}, [0, 0, 0, 0, 1]),
        ({"path": "jobs"}, [1, 0, 0, 0, 0]),
        ({"path": "jobs/*"}, [0, 1, 1, 0, 1]),
        ({"path": "jobs/*/transcript"}, [0, 0, 0, 1, 0]),
        ({"path": "jobs/**"}, [0, 1, 1, 1, 1]),
        ({"path": "jobs/a*"}, [0, 1, 1, 0, 0]),
        ({"wait": True}, [0, 1, 0, 1, 0]),
        ({"wait": False}, [1, 0, 1, 0, 1]),
    ],
)
def test_a_rule_fits_by_method_path_and_wait(which: dict[str, Any], hit: list[int]) -> None:
    requests = [
        ("GET", "jobs"),
        ("GET", "jobs/a?wait=5"),
        ("GET", "jobs/a?wait=0"),
        ("GET", "jobs/b/transcript?wait=5"),
        ("DELETE", "jobs/b"),
    ]
    assert [status == 418 for status in statuses([Rule(name="", status=418, **which)], requests)] == hit


def test_a_rule_applies_after_some_requests_and_so_many_times() -> None:
    rules = [Rule(name="", status=418, after=1, times=2), Rule(name="", status=503, times=1)]
    assert statuses(rules, [("GET", "jobs")] * 5) == [503, 418, 418, 200, 200]


def test_chance_is_shared_by_the_rules_and_begins_with_the_seed() -> None:
    rules = [Rule(name="", status=418, probability=0.3), Rule(name="", status=503, probability=0.3)]
    drawn = statuses(rules, [("GET", "jobs")] * 300, seed=7)
    assert drawn == statuses(rules, [("GET", "jobs")] * 300, seed=7)
    assert drawn != statuses(rules, [("GET", "jobs")] * 300, seed=8)
    counts = Counter(drawn)
    assert all(60 < counts[status] < 120 for status in (418, 503))


def test_rules_may_be_exchanged_and_are_recorded() -> None:
    with FaultServer([Rule(name="first", status=418)]) as server, client_of(server) as client:
        client.get("jobs")
        server.use([Rule(name="second", status=503, times=1)])
        assert client.get("jobs").status_code == 503
        assert client.get("jobs").status_code == 200
        assert server.met == {"first", "second"}
        assert [request.rule for request in server.requests] == ["first", "second", None]


@pytest.mark.parametrize(
    ("rule", "status", "content_type", "body"),
    [
        (Rule(name="", status=502, body=PAGE), 502, "text/html", PAGE),
        (Rule(name="", status=503, body=BUSY), 503, "application/json", BUSY),
        (Rule(name="", status=503, body="busy", content_type="text/plain"), 503, "text/plain", "busy"),
        (Rule(name="", status=499), 499, "application/json", ""),
        (Rule(name="", body=PAGE), 200, "text/html", PAGE),
        (Rule(name="", content_type="text/plain"), 200, "text/plain", '{"jobs": []}'),
    ],
)
def test_status_body_and_type_are_as_given_or_the_services_own(
    rule: Rule, status: int, content_type: str, body: str
) -> None:
    with FaultServer([rule]) as server, client_of(server) as client:
        answer = client.get("jobs")
        assert (answer.status_code, answer.headers["content-type"], answer.text) == (status, content_type, body)


def test_headers_are_added_or_replaced() -> None:
    rule = Rule(name="", headers={"Retry-After": "3", "date": "never"})
    with FaultServer([rule]) as server, client_of(server) as client:
        headers = client.get("jobs").headers
        assert (headers["Retry-After"], headers.get_list("Date")) == ("3", ["never"])


def test_an_answer_without_content_has_no_body_and_keeps_the_connection() -> None:
    with FaultServer([Rule(name="", status=204, body="x", times=1)]) as server, client_of(server) as client:
        assert client.get("jobs").content == b""
        assert client.get("jobs").status_code == 200
        assert server.connections == 1


@pytest.mark.parametrize(
    ("rule", "jobs"),
    [
        (Rule(name="", status=502), 0),
        (Rule(name="", status=502, work="before"), 1),
        (Rule(name="", delay=0.01), 1),
    ],
)
def test_work_is_done_as_implied_or_given(rule: Rule, jobs: int) -> None:
    with FaultServer([rule]) as server, client_of(server) as client:
        submit(client)
        assert len(server.jobs) == jobs


@pytest.mark.parametrize("delay", [0.05, LONG])
@pytest.mark.parametrize("fault", [{"status": 504}, {"drop": "after_body"}])
def test_work_may_be_done_late(fault: dict[str, Any], delay: float) -> None:
    rule = Rule(name="", work="late", work_delay=delay, **fault)
    with FaultServer([rule]) as server, client_of(server) as client:
        try:
            assert submit(client).status_code == 504
        except httpx.TransportError:
            assert "drop" in fault
        if delay == LONG:
            assert server.jobs == {}
        else:
            eventually(lambda: server.jobs)


@pytest.mark.parametrize("ending", ["reset", "close"])
@pytest.mark.parametrize(
    ("drop", "read", "jobs"),
    [("before_body", 0, 0), ("during_body", 0.5, 0), ("after_body", 1, 0), ("after_work", 1, 1)],
)
def test_a_connection_is_dropped_by_a_rst_or_a_fin(ending: Any, drop: Any, read: float, jobs: int) -> None:
    with FaultServer([Rule(name="", drop=drop, ending=ending)]) as server, connect(server) as connection:
        request = httpx.Request("POST", server.url, files={"data_file": b"audio"}, data={"config": "{}"})
        body = request.read()
        more = f"Content-Type: {request.headers['Content-Type']}\r\n"
        connection.sendall(head_of("POST", length=len(body), more=more) + body)
        if ending == "reset":
            with pytest.raises(ConnectionResetError):
                read_all(connection)
        else:
            assert read_all(connection) == b""
        assert server.requests[0].body_length == int(len(body) * read)
        assert len(server.jobs) == jobs


@pytest.mark.parametrize(("truncate", "length"), [(3, 3), ("half", 6), (0, 0), (1000, 12)])
def test_a_body_is_cut(truncate: Any, length: int) -> None:
    """Though its length is promised."""
    with FaultServer([Rule(name="", truncate=truncate)]) as server, connect(server) as connection:
        connection.sendall(head_of())
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
        assert b"Content-Length: 12" in head
        assert body == b'{"jobs": []}'[:length]


def test_a_cut_body_may_be_followed_by_a_reset_or_by_silence() -> None:
    rules = [Rule(name="", truncate=3, ending="reset", times=1), Rule(name="", truncate=3, ending="keep")]
    with FaultServer(rules) as server:
        with connect(server) as connection, pytest.raises(ConnectionResetError):
            connection.sendall(head_of())
            read_all(connection)
        with connect(server) as connection:
            connection.sendall(head_of())
            got = b""
            while not got.endswith(b"\r\n\r\n" + b'{"j'):
                got += connection.recv(100)
            connection.settimeout(0.1)
            with pytest.raises(TimeoutError):
                connection.recv(1)


@pytest.mark.parametrize(("less", "promised"), [(2, 10), ("half", 6)])
def test_a_body_may_be_longer_than_promised(less: Any, promised: int) -> None:
    with FaultServer([Rule(name="", promise_less=less)]) as server, connect(server) as connection:
        connection.sendall(head_of())
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
        assert f"Content-Length: {promised}".encode() in head
        assert body == b'{"jobs": []}'


def test_more_than_promised_may_be_left_on_a_kept_connection() -> None:
    """The next answer comes behind it."""
    rule = Rule(name="", promise_less=2, ending="keep", times=1)
    with FaultServer([rule]) as server, connect(server) as connection:
        connection.sendall(head_of())
        assert read_answer(connection) == (200, b'{"jobs": [')
        connection.sendall(head_of())
        assert connection.recv(2) == b"]}"
        assert read_answer(connection)[0] == 200


def test_an_answer_is_delayed_after_the_work() -> None:
    with FaultServer([Rule(name="", delay=0.2)]) as server, client_of(server) as client:
        began = time.monotonic()
        assert submit(client).status_code == 201
        assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(("work", "jobs"), [(None, 0), ("before", 1)])
def test_a_server_hangs_until_the_client_goes(work: Any, jobs: int) -> None:
    rule = Rule(name="", hang=True, work=work, method="POST")
    with FaultServer([rule]) as server, client_of(server) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post("jobs", files={"data_file": b"audio"}, data={"config": "{}"}, timeout=0.2)
        assert len(server.jobs) == jobs
        assert client.get("jobs").status_code == 200


@pytest.mark.parametrize(
    ("drip", "seconds"),
    [
        ({"drip_head": 0.002}, 0.1),
        ({"drip_body": 0.01}, 0.12),
        ({"drip_head": 0.02, "drip_body": 0.02, "drip_bytes": 4}, 0.16),
    ],
)
def test_head_and_body_drip(drip: dict[str, Any], seconds: float) -> None:
    with FaultServer([Rule(name="", **drip)]) as server, client_of(server) as client:
        began = time.monotonic()
        assert client.get("jobs").json() == {"jobs": []}
        assert time.monotonic() - began >= seconds


def test_few_bytes_drip() -> None:
    """The rest comes at once."""
    with FaultServer([Rule(name="", drip_body=LONG, drip_bytes=0)]) as server, client_of(server) as client:
        assert client.get("jobs").json() == {"jobs": []}


def test_a_body_is_read_slowly() -> None:
    with FaultServer([Rule(name="", read_pause=0.02, read_bytes=100)]) as server, connect(server) as connection:
        began = time.monotonic()
        connection.sendall(head_of("POST", length=1000) + bytes(1000))
        assert read_answer(connection)[0] == 400
        assert time.monotonic() - began >= 0.2


def test_an_early_answer_comes_while_the_upload_still_does() -> None:
    """The rest is read, and the connection serves on."""
    rule = Rule(name="", status=413, body=PAGE, early=10, times=1)
    with FaultServer([rule]) as server, connect(server) as connection:
        connection.sendall(head_of("POST", length=1000) + bytes(10))
        assert read_answer(connection) == (413, PAGE.encode())
        assert server.requests[0].body_length == 10
        connection.sendall(bytes(990) + head_of())
        assert read_answer(connection)[0] == 200
        assert server.requests[0].body_length == 1000
        assert server.jobs == {}


def test_an_early_answer_may_be_followed_by_a_reset() -> None:
    rule = Rule(name="", status=413, early=0, ending="reset")
    with FaultServer([rule]) as server, connect(server) as connection:
        connection.sendall(head_of("POST", length=1000))
        with pytest.raises(ConnectionResetError):
            read_all(connection)


def test_an_early_answer_may_be_the_end_of_reading() -> None:
    """The connection stays open, until the client goes."""
    rule = Rule(name="", status=413, early=5, ending="stop")
    with FaultServer([rule], quirks=Quirks(receive_buffer=4096)) as server, connect(server) as connection:
        connection.sendall(head_of("POST", length=50_000_000) + bytes(5))
        assert read_answer(connection)[0] == 413
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.sendall(bytes(49_999_995))
        assert server.requests[0].body_length == 5


def test_a_connection_may_stop_or_end_after_its_answer() -> None:
    rules = [Rule(name="", ending="close", times=1), Rule(name="", ending="stop")]
    with FaultServer(rules) as server:
        with connect(server) as connection:
            connection.sendall(head_of())
            assert read_answer(connection)[0] == 200
            assert connection.recv(1) == b""
        with connect(server) as connection:
            connection.sendall(head_of() + head_of())
            assert read_answer(connection)[0] == 200
            connection.settimeout(0.1)
            with pytest.raises(TimeoutError):
                connection.recv(1)


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [({}, 504, PAGE), ({"status": 502, "body": "gone"}, 502, "gone"), ({"drop": "after_work"}, None, "")],
)
def test_a_held_answer_is_cut(fault: dict[str, Any], status: int | None, body: str) -> None:
    """One that is not held is left as it is."""
    rule = Rule(name="", wait=True, cut_held_after=0.1, **fault)
    with FaultServer([rule], quirks=Quirks(work_seconds=LONG)) as server, client_of(server) as client:
        job_id = make_job(client)
        began = time.monotonic()
        for path in (f"jobs/{job_id}?wait=30", f"jobs/{job_id}/transcript?wait=30"):
            if status is None:
                with pytest.raises(httpx.TransportError):
                    client.get(path)
            else:
                answer = client.get(path)
                assert (answer.status_code, answer.text) == (status, body)
        assert time.monotonic() - began >= 0.2
        server.finish(job_id)
        assert client.get(f"jobs/{job_id}?wait=30").status_code == 200


def test_a_server_restarts() -> None:
    """Nobody listens for a while, then on the same port; connections that are open live on."""
    rule = Rule(name="", restart=0.2, times=1)
    with FaultServer([rule]) as server, client_of(server) as client:
        assert client.get("jobs").status_code == 200
        with pytest.raises(ConnectionRefusedError):
            connect(server)
        assert client.get("jobs").status_code == 200

        eventually(lambda: is_listening(server))


@pytest.mark.parametrize("status", [100, 103])
def test_an_informational_answer_comes_before_the_body_is_read(status: int) -> None:
    with FaultServer([Rule(name="", informational=status)]) as server, connect(server) as connection:
        connection.sendall(head_of("POST", length=5))
        assert read_answer(connection) == (status, b"")
        connection.sendall(bytes(5))
        assert read_answer(connection)[0] == 400


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "rule: an object is needed, not list"),
        ({}, "rule 'without a name': name is missing"),
        ({"name": "a", "stats": 503}, "rule 'a': there is no field 'stats'; is it 'status'?"),
        ({"name": "a", "x": 1}, "rule 'a': there is no field 'x'"),
        ({"name": "a", "status": "503"}, "rule 'a': status is '503': Input should be a valid integer"),
        ({"name": "a", "times": True}, "rule 'a': times is True: Input should be a valid integer"),
        ({"name": "a", "drop": "now"}, "rule 'a': drop is 'now': Input should be 'before_body', 'during_body', "),
        ({"name": "a", "status": 99}, "rule 'a': status is 99; it is from 200 to 999"),
        ({"name": "a", "informational": 101}, "rule 'a': informational is 101; it is 100, or from 102 to 199"),
        ({"name": "a", "probability": 2}, "rule 'a': probability is 2; it is from 0 to 1"),
        ({"name": "a", "delay": -1}, "rule 'a': delay is -1; it is 0 or more"),
        ({"name": "a", "read_bytes": 0}, "rule 'a': read_bytes is 0; it is 1 or more"),
        ({"name": "a", "drop": "after_body", "status": 503}, "rule 'a': drop goes with neither status, body nor hang"),
        ({"name": "a", "hang": True, "status": 503}, "rule 'a': hang goes with no status"),
        ({"name": "a", "drop": "before_body", "work": "late"}, "rule 'a': work is 'late', but with drop"),
        ({"name": "a", "drop": "after_body", "work": "before"}, "'after_work' is what is meant"),
        ({"name": "a", "drop": "after_work", "work": "none"}, "'after_body' is what is meant"),
        ({"name": "a", "early": 0}, "rule 'a': early needs a status"),
        ({"name": "a", "work": "none"}, "there is nothing to answer; give status, drop or hang"),
        ({"name": "a", "cut_held_after": 1, "hang": True}, "cut_held_after goes with neither"),
    ],
)
def test_a_wrong_rule_is_refused_by_naming_what_is_wrong(data: object, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        Rule.from_dict(data)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"list_lags": 1}, "quirks: there is no field 'list_lags'; is it 'list_lag'?"),
        ({"list_lag": -1}, "quirks: list_lag is -1; it is 0 or more"),
        ({"page_cap": 0}, "quirks: page_cap is 0; it is more"),
        ({"tracking": "no"}, "quirks: tracking is 'no': Input should be 'shown', 'not_in_list' or 'never'"),
        ({"foreign_jobs": [1]}, "quirks: foreign_jobs is (1,): Input should be a valid dictionary"),
    ],
)
def test_wrong_quirks_are_refused(data: object, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        Quirks.from_dict(data)
    assert message in str(caught.value)


def test_rules_and_quirks_survive_a_json_file() -> None:
    rules = random_faults(0.5)
    assert read_rules(json.loads(json.dumps([rule.to_dict() for rule in rules]))) == rules
    quirks = Quirks(clock_offset=-20, foreign_jobs=({"id": 1},), created_at="seconds")
    assert Quirks.from_dict(json.loads(json.dumps(quirks.to_dict()))) == quirks
    assert Rule.from_dict(asdict(rules[0])) == rules[0]
    with pytest.raises(RuleError, match="rules are a list, not dict"):
        read_rules({})


@pytest.mark.parametrize(
    ("method", "path", "wait"),
    [
        ("POST", "jobs", False),
        ("GET", "jobs", False),
        ("GET", "jobs/a", True),
        ("GET", "jobs/a/transcript", False),
        ("DELETE", "jobs/a", False),
    ],
)
def test_the_chances_of_the_random_faults_add_up_to_the_rate(method: str, path: str, wait: bool) -> None:
    chances = [rule.probability for rule in random_faults(0.3) if rule.matches(method, path, wait)]
    assert len(chances) > 30
    assert sum(chances) == pytest.approx(0.3)


def test_each_kind_of_random_fault_does_no_harm_to_the_server() -> None:
    """Over another connection it answers as it should."""
    kinds = {rule.name: replace(rule, probability=1, times=1) for rule in random_faults(1)}
    with FaultServer() as server, client_of(server) as undisturbed:
        job_id = make_job(undisturbed)
        for name, rule in kinds.items():
            server.use([rule])
            path = rule.path.replace("*", job_id) + ("?wait=1" if rule.wait else "")
            with client_of(server) as client, suppress(httpx.TransportError):
                if rule.method == "POST":
                    submit(client, timeout=0.2)
                else:
                    client.request(str(rule.method), path, timeout=0.2)
            eventually(lambda: is_listening(server))
            transcript = undisturbed.get(f"jobs/{job_id}/transcript").json()
            assert transcript == transcript_of(job_id, b"audio"), name
        assert server.met == set(kinds)
