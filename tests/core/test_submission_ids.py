"""What a submission is known by: ids that are given, looked for first, and named; files that errors name; doubles."""

from __future__ import annotations

import logging
import pickle
import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import speechmatics as sm
from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings
from tests.core.submitting import (
    AUDIO,
    CONFIG,
    DRIVERS,
    Driver,
    api_words,
    posts_of,
    run_async,
    settings_of,
    submit,
)
from tests.servers.fault_rules import PAGE, Rule
from tests.servers.fault_server import FaultServer, Quirks

pytestmark = pytest.mark.slow  # searches lists over HTTP

SUBMISSION = "the-submission"


def config_with(**details: object) -> dict[str, Any]:
    return {**CONFIG, "tracking": {"details": details}}


def foreign(number: int, age: float, **fields: Any) -> Mapping[str, Any]:
    created_at = (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    return {"id": f"foreign-{number}", "status": "done", "created_at": created_at, "config": CONFIG, **fields}


def post_rule(**fields: Any) -> Rule:
    return Rule(name="fault", method="POST", path="jobs", **fields)


def find(driver: Driver, settings: ConnectionSettings, ids: list[str], since: datetime) -> dict[str, str]:
    if driver == "sync":
        with BatchClient(settings) as client:
            return client.find_submissions(ids, since)

    async def main() -> dict[str, str]:
        async with AsyncBatchClient(settings) as client:
            return await client.find_submissions(ids, since)

    return run_async(driver, main)


def late_first(seconds: float = 0.3) -> Quirks:
    """A server whose list shows a job later than it is searched for."""
    return Quirks(list_lag=seconds)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("as_errors", [False, True])
def test_a_first_job_that_turns_up_after_the_second_was_submitted(
    driver: Driver, as_errors: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning and a line of the log name both, and the first is given; also where warnings are errors."""
    rules = [post_rule(times=1, drop="after_work"), post_rule(delay=0.4)]
    with FaultServer(rules, quirks=late_first()) as server:
        expecting = nullcontext() if as_errors else pytest.warns(sm.DuplicateJobWarning, match="job0000001")
        with expecting, caplog.at_level(logging.ERROR, "speechmatics"):
            job_id = submit(driver, settings_of(server), submission_id=SUBMISSION)
        assert server.submissions_of(SUBMISSION) == [job_id, "job0000001"]
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert all(name in record.message for name in (SUBMISSION, job_id, "job0000001"))


@pytest.mark.parametrize("driver", DRIVERS)
def test_two_jobs_of_a_second_submission_whose_answer_was_lost_too(driver: Driver) -> None:
    """They are found by the search for it, and named as well."""
    rules = [post_rule(times=1, drop="after_work"), post_rule(times=1, delay=0.4, status=500, body=PAGE, work="before")]
    with FaultServer(rules, quirks=late_first(0.2)) as server:
        with pytest.warns(sm.DuplicateJobWarning, match="job0000001"):
            job_id = submit(driver, settings_of(server, recovery_window=1), submission_id=SUBMISSION)
        assert server.submissions_of(SUBMISSION) == [job_id, "job0000001"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_first_job_that_turns_up_before_a_refusal(driver: Driver) -> None:
    """It is given, rather than the refusal raised."""
    rules = [post_rule(times=1, drop="after_work"), post_rule(status=429, body=api_words(429), delay=0.3)]
    with FaultServer(rules, quirks=late_first(0.2)) as server:
        job_id = submit(driver, settings_of(server, retry_attempts=2), submission_id=SUBMISSION)
        assert server.submissions_of(SUBMISSION) == [job_id]


@pytest.mark.parametrize("listing", [{"status": 500, "body": PAGE}, {"status": 401, "body": api_words(401)}], ids=str)
def test_a_look_for_a_first_job_that_fails(listing: Mapping[str, Any]) -> None:
    """The second one's id, which has come, is given."""
    rules = [
        post_rule(times=1, status=503, body=PAGE),
        Rule(name="list", method="GET", path="jobs", after=1, **listing),
    ]
    with FaultServer(rules) as server:
        job_id = submit("sync", settings_of(server), submission_id=SUBMISSION)
        assert server.submissions_of(SUBMISSION) == [job_id]


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_id_that_is_given_and_looked_for_first(driver: Driver) -> None:
    """A job that has it is given, and nothing is sent; else the submission is sent."""
    with FaultServer() as server:
        first = submit(driver, settings_of(server), submission_id=SUBMISSION, look_first=True)
        again = submit(driver, settings_of(server), submission_id=SUBMISSION, look_first=True)
        other = submit(driver, settings_of(server), submission_id="another", look_first=True)
        assert first == again != other
        assert posts_of(server) == 2


def test_a_job_that_is_days_old_is_looked_for_through_many_pages() -> None:
    """However many are newer, and whatever they are."""
    jobs = tuple(foreign(number, age=number * 600, errors=["x"], data_name="b.wav") for number in range(1200))
    old = foreign(5000, age=1200 * 600, config=config_with(submission_id=SUBMISSION))
    older = tuple(foreign(number, age=number * 600) for number in range(1300, 1400))
    with FaultServer(quirks=Quirks(foreign_jobs=(*jobs, old, *older), page_cap=40)) as server:
        found = submit("sync", settings_of(server), ("a.wav", AUDIO), submission_id=SUBMISSION, look_first=True)
        assert found == "foreign-5000"
        assert posts_of(server) == 0
        assert len(server.requests) <= 35


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_first_look_that_proves_nothing(driver: Driver) -> None:
    """Nothing is sent then."""
    young = tuple(foreign(number, age=number / 100, created_at=None) for number in range(100))
    with FaultServer(quirks=Quirks(foreign_jobs=young)) as server:
        with pytest.raises(sm.SubmissionUncertainError) as caught:
            submit(driver, settings_of(server), ("a.wav", AUDIO), submission_id=SUBMISSION, look_first=True)
        assert (caught.value.submission_id, caught.value.audio) == (SUBMISSION, "a.wav")
        assert posts_of(server) == 0
    with FaultServer([Rule(name="list", method="GET", path="jobs", status=403, body=api_words(403))]) as server:
        with pytest.raises(sm.PermissionDeniedError) as refused:
            submit(driver, settings_of(server), ("a.wav", AUDIO), submission_id=SUBMISSION, look_first=True)
        assert (refused.value.audio, posts_of(server)) == ("a.wav", 0)


@pytest.mark.parametrize("options", [{"look_first": True}, {"submission_id": ""}, {"submission_id": " "}], ids=str)
def test_ids_that_cannot_be_looked_for(options: Mapping[str, Any]) -> None:
    """They are refused before anything is sent."""
    with FaultServer() as server:
        with pytest.raises(sm.InvalidInputError):
            submit("sync", settings_of(server), **options)
        assert server.requests == []


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("own", ["own", 7, None, SUBMISSION])
@pytest.mark.parametrize("given", [None, SUBMISSION])
def test_a_value_of_the_user_s_in_the_place_of_the_id(driver: Driver, own: object, given: str | None) -> None:
    """It is kept, and the job found by the id beside it; another job with the same value is not taken for it."""
    theirs = foreign(1, age=-1, config=config_with(submission_id=own))
    with FaultServer([post_rule(times=1, drop="after_work")], quirks=Quirks(foreign_jobs=(theirs,))) as server:
        if own is not None and own == given:
            # A job that has the id that is given is this submission's.
            assert submit(driver, settings_of(server), submission_id=given, look_first=True) == "foreign-1"
            return
        job_id = submit(driver, settings_of(server), config=config_with(submission_id=own), submission_id=given)
        details = server.jobs[job_id].tracking_details
        assert own in (details.get("submission_id"), None)
        assert given in (None, *details.values())
        assert posts_of(server) == 1


ECHOED: list[dict[str, object]] = [
    {"submission_id": "sm-typed-earlier"},
    {"submission_id": "run-1"},
    {"submission_id": "run-1", "speechmatics_submission_id": "sm-typed-earlier"},
    {"submission_id": "run-1", "speechmatics_submission_id": "run-2"},
    {"speechmatics_submission_id": "sm-typed-earlier"},
    {"speechmatics_submission_id": "run-1", "mine": 1},
]


@pytest.mark.parametrize("given", [None, "run-3"])
@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("echoed", ECHOED, ids=str)
def test_a_configuration_that_brings_an_earlier_id_along(
    echoed: dict[str, object], is_there: bool, given: str | None
) -> None:
    """The new submission is known by its own id, and is not taken for the earlier one."""
    earlier = foreign(1, age=-1, config=config_with(**echoed))
    rule = post_rule(times=1, drop="after_work" if is_there else "after_body")
    with FaultServer([rule], quirks=Quirks(foreign_jobs=(earlier,))) as server:
        job_id = submit("sync", settings_of(server), config=config_with(**echoed), submission_id=given)
        assert list(server.jobs) == [job_id]
        assert posts_of(server) == (1 if is_there else 2)
        assert given in (None, *server.jobs[job_id].tracking_details.values())


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("tracking", ["shown", "not_in_list"])
def test_submissions_are_found_in_one_pass(driver: Driver, tracking: Any) -> None:
    """Those that have no job are left out."""
    with FaultServer(quirks=Quirks(tracking=tracking, page_cap=40)) as server:
        settings = settings_of(server)
        made = {name: submit("sync", settings, submission_id=name) for name in ("run-1", "run-2", "run-3")}
        server.requests.clear()
        since = datetime.now(UTC)
        assert find(driver, settings, ["run-1", "run-3", "absent"], since) == {
            name: made[name] for name in ("run-1", "run-3")
        }
        assert sum(received.path == "jobs" for received in server.requests) == 3
        assert find(driver, settings, [], since) == {}


@pytest.mark.parametrize("driver", DRIVERS)
def test_submissions_some_of_which_are_uncertain(driver: Driver) -> None:
    """The error has those that were found."""
    hidden = foreign(1, age=1, config={})
    shown = foreign(2, age=2, config=config_with(submission_id="mine"))
    with FaultServer(quirks=Quirks(foreign_jobs=(hidden, shown))) as server:
        since = datetime.now(UTC) - timedelta(minutes=1)
        assert find(driver, settings_of(server), ["mine"], since) == {"mine": "foreign-2"}
        # The server has shown tracking: the job without any has none.
        assert find(driver, settings_of(server), ["mine", "other"], since) == {"mine": "foreign-2"}
    with FaultServer(quirks=Quirks(foreign_jobs=(hidden,))) as server:
        with pytest.raises(sm.SubmissionUncertainError) as caught:
            find(driver, settings_of(server), ["mine", "other"], since)
        assert (caught.value.submission_id, caught.value.found) == ("mine", {})
    lagging = foreign(1, age=1, config=None)
    details = Rule(name="details", method="GET", path="jobs/foreign-1", status=404, body=api_words(404))
    with FaultServer([details], quirks=Quirks(foreign_jobs=(lagging, shown))) as server:
        with pytest.raises(sm.SubmissionUncertainError) as caught:
            find(driver, settings_of(server), ["mine", "other"], since)
        assert (caught.value.submission_id, caught.value.found) == ("other", {"mine": "foreign-2"})


def test_submissions_of_before() -> None:
    """The list is read back to five minutes before `since`, by whatever clock it is given."""
    jobs = tuple(
        foreign(minutes, age=60 * minutes, config=config_with(submission_id=f"run-{minutes}"))
        for minutes in range(0, 600, 5)
    )
    now = datetime.now(UTC)
    with FaultServer(quirks=Quirks(foreign_jobs=jobs)) as server:
        settings = settings_of(server)
        assert find("sync", settings, ["run-60", "run-100"], now - timedelta(minutes=56)) == {"run-60": "foreign-60"}
        assert find("sync", settings, ["run-60"], (now - timedelta(minutes=56)).replace(tzinfo=None)) != {}
        assert find("sync", settings, ["run-595"], datetime.min) == {"run-595": "foreign-595"}
        assert find("sync", settings, ["run-595"], datetime.min.replace(tzinfo=UTC)) == {"run-595": "foreign-595"}
        with BatchClient(settings) as client, pytest.raises(sm.InvalidInputError):
            client.find_submissions("run-60", now)


class Named(BytesIO):
    """A file object as `open` gives it."""

    name = "/recordings/call.wav"


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("kind", ["path", "str", "tuple", "tuple of a file", "file", "nameless", "bytes", "URL"])
def test_errors_name_the_file(driver: Driver, kind: str, tmp_path: Path) -> None:
    """In their message and as `audio`, in a copy from another process too; a URL without what is secret of it."""
    path = tmp_path / "call.wav"
    path.write_bytes(AUDIO)
    fetched = {**CONFIG, "fetch_data": {"url": "https://user:secret@example.com/call.wav?sig=secret#secret"}}
    kinds: dict[str, tuple[Any, Any, str | None]] = {
        "path": (path, CONFIG, str(path)),
        "str": (str(path), CONFIG, str(path)),
        "tuple": (("call.wav", AUDIO), CONFIG, "call.wav"),
        "tuple of a file": (("call.wav", Named(AUDIO)), CONFIG, "call.wav"),
        "file": (Named(AUDIO), CONFIG, "/recordings/call.wav"),
        "nameless": (BytesIO(AUDIO), CONFIG, None),
        "bytes": (AUDIO, CONFIG, None),
        "URL": (None, fetched, "https://example.com/call.wav"),
    }
    audio, config, name = kinds[kind]
    for rule in (post_rule(status=400, body=api_words(400)), post_rule(drop="after_work")):
        hidden = Rule(name="list", method="GET", path="jobs", status=500, body=PAGE)
        with FaultServer([rule, hidden]) as server:
            with pytest.raises(sm.SpeechmaticsError) as caught:
                submit(driver, settings_of(server), audio, config)
        for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
            assert error.audio == name
            assert name is None or name in str(error)
            assert "secret" not in str(error)


def test_a_file_that_cannot_be_sent_is_named(tmp_path: Path) -> None:
    """Before anything is sent."""
    missing = str(tmp_path / "none.wav")
    with pytest.raises(sm.AudioNotFoundError) as caught:
        submit("sync", settings_of("http://127.0.0.1:9"), missing)
    assert caught.value.audio == missing
    with pytest.raises(sm.AudioError) as empty:
        submit("sync", settings_of("http://127.0.0.1:9"), ("empty.wav", b""))
    assert (empty.value.audio, str(empty.value).count("empty.wav")) == ("empty.wav", 1)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("is_lost", [False, True])
def test_each_job_is_one_line_of_the_log(driver: Driver, is_lost: bool, caplog: pytest.LogCaptureFixture) -> None:
    """With its file, its id, and the submission's."""
    rules = [post_rule(times=1, drop="after_work")] if is_lost else []
    with FaultServer(rules) as server, caplog.at_level(logging.INFO, "speechmatics"):
        job_id = submit(driver, settings_of(server), ("call.wav", AUDIO), submission_id=SUBMISSION)
    [record] = [record for record in caplog.records if record.name == "speechmatics"]
    assert record.levelname == "INFO"
    assert all(part in record.message for part in ("call.wav", job_id, SUBMISSION))


def test_no_warning_without_a_second_job() -> None:
    """Not even after a submission that was sent again."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with FaultServer([post_rule(times=1, status=503, body=PAGE)]) as server:
            submit("sync", settings_of(server))
