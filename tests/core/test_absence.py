"""What proves that a job is absent: where it is not proved, nothing is sent twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest

import speechmatics as sm
from tests.core.submitting import (
    AUDIO,
    CONFIG,
    DRIVERS,
    Driver,
    api_words,
    lists_of,
    posts_of,
    settings_of,
    submit,
)
from tests.servers.fault_rules import PAGE, Rule
from tests.servers.fault_server import FaultServer, Quirks

pytestmark = pytest.mark.slow  # searches lists over HTTP

SUBMISSION = "the-submission"
NAMED = ("call.wav", AUDIO)


def lost(*, is_there: bool) -> Rule:
    """The first submission's answer is lost, after the work or before it."""
    return Rule(name="lost", method="POST", path="jobs", times=1, drop="after_work" if is_there else "after_body")


def foreign(number: int, age: float = 1, **fields: Any) -> Mapping[str, Any]:
    """A job of others, created so many seconds ago."""
    created_at = (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    return {
        "id": f"foreign-{number}",
        "status": "done",
        "created_at": created_at,
        "data_name": "other.wav",
        "config": CONFIG,
        **fields,
    }


def without(job: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    return {name: value for name, value in job.items() if name not in names}


def found_id(server: FaultServer, driver: Driver = "sync", audio: Any = NAMED, **options: Any) -> str:
    """Submits, and checks that there is just one job."""
    job_id = submit(driver, settings_of(server), audio, submission_id=SUBMISSION, **options)
    assert server.submissions_of(SUBMISSION) == [job_id]
    return job_id


def uncertain(
    server: FaultServer, driver: Driver = "sync", audio: Any = NAMED, **options: Any
) -> sm.SubmissionUncertainError:
    """Submits, and checks that it is uncertain, says what to look for, and was sent once."""
    with pytest.raises(sm.SubmissionUncertainError) as caught:
        submit(driver, settings_of(server, **options), audio, submission_id=SUBMISSION)
    error = caught.value
    assert (error.submission_id, error.audio, posts_of(server)) == (SUBMISSION, "call.wav", 1)
    assert SUBMISSION in str(error)
    assert "call.wav" in str(error)
    assert isinstance(error.failure, sm.RequestError)
    return error


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_empty_list(driver: Driver) -> None:
    """There is nothing: the submission is sent again."""
    with FaultServer([lost(is_there=False)]) as server:
        found_id(server, driver)
        assert posts_of(server) == 2


def test_a_job_that_is_older_by_five_minutes() -> None:
    """The list is read no further than to it."""
    jobs = tuple(foreign(number, age=305 + number) for number in range(150))
    with FaultServer([lost(is_there=False)], quirks=Quirks(foreign_jobs=jobs)) as server:
        found_id(server)
        assert posts_of(server) == 2
        assert not any("created_before" in received.query for received in server.requests)


def test_a_job_that_is_older_by_less() -> None:
    """The list is read on to its end, which is an empty page."""
    jobs = tuple(foreign(number, age=200 + number / 100) for number in range(150))
    with FaultServer([lost(is_there=False)], quirks=Quirks(foreign_jobs=jobs)) as server:
        found_id(server)
        assert posts_of(server) == 2
        assert any("created_before" in received.query for received in server.requests)


@pytest.mark.parametrize("is_there", [False, True])
def test_pages_that_the_server_caps(is_there: bool) -> None:
    """A page that is shorter than was asked for is not the last one: a job on the third is found."""
    jobs = tuple(foreign(number, age=-number / 100) for number in range(100))
    with FaultServer([lost(is_there=is_there)], quirks=Quirks(foreign_jobs=jobs, page_cap=40)) as server:
        found_id(server)
        assert posts_of(server) == (1 if is_there else 2)


@pytest.mark.parametrize("is_there", [False, True])
def test_a_list_that_shows_no_times(is_there: bool) -> None:
    """There is no going back in it: what is not on its first page may be there all the same."""
    jobs = tuple(without(foreign(number), "created_at") for number in range(100))
    quirks = Quirks(foreign_jobs=jobs, created_at="absent", page_cap=40)
    with FaultServer([lost(is_there=is_there)], quirks=quirks) as server:
        if is_there:
            found_id(server)
        else:
            assert "does not reach back" in str(uncertain(server))


@pytest.mark.parametrize("is_there", [False, True])
def test_more_jobs_within_a_second_than_a_page_shows(is_there: bool) -> None:
    """Those that the pages have no place for may be the submission."""
    moment = (datetime.now(UTC) + timedelta(seconds=1)).replace(microsecond=0)
    jobs = tuple(foreign(number, created_at=moment.isoformat()) for number in range(120))
    with FaultServer([lost(is_there=is_there)], quirks=Quirks(foreign_jobs=jobs, created_at="seconds")) as server:
        if is_there:
            found_id(server)
        else:
            assert "more jobs were created at" in str(uncertain(server))


def test_more_jobs_within_a_second_long_ago() -> None:
    """They do not matter."""
    moment = (datetime.now(UTC) - timedelta(seconds=200)).replace(microsecond=0)
    old = moment - timedelta(seconds=200)
    jobs = tuple(foreign(number, created_at=old.isoformat()) for number in range(120))
    jobs += (foreign(1000, created_at=moment.isoformat()),)
    with FaultServer([lost(is_there=False)], quirks=Quirks(foreign_jobs=jobs)) as server:
        found_id(server)
        assert posts_of(server) == 2


@pytest.mark.parametrize("is_there", [False, True])
def test_answers_without_a_date(is_there: bool) -> None:
    """No job is known to be older then, so that the list is read to its end."""
    jobs = tuple(foreign(number, age=3600 + number) for number in range(150))
    with FaultServer([lost(is_there=is_there)], quirks=Quirks(foreign_jobs=jobs, date=False)) as server:
        found_id(server)
        assert posts_of(server) == (1 if is_there else 2)


@pytest.mark.parametrize("offset", [20, 250, -250])
def test_clocks_that_differ(offset: float) -> None:
    """A `Date` that is ahead of `created_at`, or behind, hides no job."""
    jobs = tuple(foreign(number, age=-number / 100) for number in range(150))
    quirks = Quirks(clock_offset=offset, foreign_jobs=jobs, page_cap=40)
    with FaultServer([lost(is_there=True)], quirks=quirks) as server:
        found_id(server)
        assert posts_of(server) == 1


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("config", [True, False])
def test_tracking_that_the_list_hides(driver: Driver, config: bool) -> None:
    """It is looked for in the job's details, which show it."""
    quirks = Quirks(tracking="not_in_list", config=config, foreign_jobs=(foreign(1),))
    with FaultServer([lost(is_there=True)], quirks=quirks) as server:
        found_id(server, driver)
        assert posts_of(server) == 1
        assert not any(received.path == "jobs/foreign-1" for received in server.requests)


@pytest.mark.parametrize("driver", DRIVERS)
def test_tracking_that_is_hidden_everywhere(driver: Driver) -> None:
    """A job with the same file name may be the submission."""
    with FaultServer([lost(is_there=True)], quirks=Quirks(tracking="never")) as server:
        error = uncertain(server, driver)
        assert "does not show the tracking of job job0000000" in str(error)
        assert error.submission_id is not None
        assert len(server.submissions_of(error.submission_id)) == 1


def test_tracking_that_the_server_has_shown_before() -> None:
    """A job without any is not the submission then."""
    quirks = Quirks(tracking="not_in_list", foreign_jobs=(foreign(1, data_name="call.wav"),))
    second_too = Rule(name="lost", method="POST", path="jobs", after=1, times=1, drop="after_body")
    with FaultServer([lost(is_there=True), second_too], quirks=quirks) as server:
        with sm.BatchClient(settings_of(server)) as client:
            client.submit_job(("another.wav", AUDIO), CONFIG)
            second = client.submit_job(NAMED, CONFIG, submission_id=SUBMISSION)
        assert server.submissions_of(SUBMISSION) == [second]
        assert posts_of(server) == 3


@pytest.mark.parametrize(
    ("shown", "is_certain"),
    [
        ({"data_name": "other.wav"}, True),
        ({"data_name": "call.wav"}, False),
        ({"data_name": None}, False),
        ({"data_name": ""}, False),
        ({"data_name": "other.wav", "config": None}, True),
        ({"data_name": "call.wav", "config": None}, False),
        ({"data_name": "call.wav", "config": {"fetch_data": {"url": "https://example.com/a"}}}, True),
    ],
)
def test_which_jobs_may_be_the_submission(shown: Mapping[str, Any], is_certain: bool) -> None:
    """Those that show no tracking, and the same file name or none."""
    with FaultServer([lost(is_there=False)], quirks=Quirks(foreign_jobs=(foreign(1, **shown),))) as server:
        if is_certain:
            found_id(server)
            assert not any(received.path == "jobs/foreign-1" for received in server.requests)
        else:
            uncertain(server)


def test_names_that_a_server_may_show_in_another_way() -> None:
    """A job with any name may be a submission whose own name is not plain."""
    with FaultServer([lost(is_there=False)], quirks=Quirks(foreign_jobs=(foreign(1),))) as server:
        with pytest.raises(sm.SubmissionUncertainError):
            submit("sync", settings_of(server), ("Gespräch 1.wav", AUDIO))


@pytest.mark.parametrize(
    ("shown", "is_certain"),
    [("https://example.com/other", True), ("https://example.com/a?key=secret", False), (None, False)],
)
def test_jobs_whose_audio_is_fetched(shown: str | None, is_certain: bool) -> None:
    """Those that show no tracking, and the same URL or none, may be the submission."""
    config = {**CONFIG, "fetch_data": {"url": "https://example.com/a?key=secret"}}
    theirs = CONFIG if shown is None else {**CONFIG, "fetch_data": {"url": shown}}
    with FaultServer([lost(is_there=False)], quirks=Quirks(foreign_jobs=(foreign(1, config=theirs),))) as server:
        if is_certain:
            found_id(server, audio=None, config=config)
            return
        with pytest.raises(sm.SubmissionUncertainError) as caught:
            submit("sync", settings_of(server), None, config)
        assert (caught.value.audio, posts_of(server)) == ("https://example.com/a", 1)


MALFORMED: list[Mapping[str, Any]] = [
    {"errors": ["x"]},
    {"errors": "x"},
    {"errors": {"message": 1}},
    {"duration": "abc"},
    {"duration": -1},
    {"duration": {}},
    {"created_at": "yesterday"},
    {"created_at": 5},
    {"created_at": "9999-12-31T23:59:59.999999Z"},
    {"created_at": "0001-01-01T00:00:00+14:00"},
    {"created_at": ["2026-01-01"]},
    {"id": 5},
    {"id": ""},
    {"id": "."},
    {"id": {"a": 1}},
    {"status": None},
    {"status": 7},
    {"status": "dreaming"},
    {"config": "x"},
    {"config": ["x"]},
    {"config": {"tracking": "x"}},
    {"config": {"tracking": {"details": "x"}}},
    {"config": {"tracking": {"details": {"submission_id": {"a": 1}}}}},
    {"config": {"fetch_data": {}}},
    {"config": {"transcription_config": {"language": None, "additional_vocab": ["gnocchi"]}}},
    {"data_name": 5},
    {"tracking": ["x"]},
]


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("is_alone", [False, True])
@pytest.mark.parametrize("strange", MALFORMED, ids=str)
def test_a_strange_job_of_others_does_not_matter(strange: Mapping[str, Any], is_alone: bool, is_there: bool) -> None:
    """Wherever it stands in the list; nor does an entry that is no job at all."""
    jobs: tuple[Mapping[str, Any], ...] = (foreign(1, age=0.5, **strange),)
    if not is_alone:
        jobs += (foreign(2, age=-1), foreign(3, age=10))
    with FaultServer([lost(is_there=is_there)], quirks=Quirks(foreign_jobs=jobs)) as server:
        found_id(server)
        assert posts_of(server) == (1 if is_there else 2)


def test_old_jobs_without_a_configuration_are_not_opened() -> None:
    """Nor is more of the list read than that to the first of them."""
    jobs = tuple(without(foreign(number, age=600 + number), "config", "data_name") for number in range(1500))
    with FaultServer([lost(is_there=False)], quirks=Quirks(foreign_jobs=jobs, config=False)) as server:
        found_id(server)
        assert {received.path for received in server.requests} == {"jobs"}
        assert lists_of(server) <= 6


def test_young_jobs_without_a_configuration_are_opened_within_bounds() -> None:
    """However many they are: what is not looked at is not known to be absent."""
    jobs = tuple(without(foreign(number, age=number / 100), "config", "data_name") for number in range(400))
    with FaultServer([lost(is_there=False)], quirks=Quirks(foreign_jobs=jobs)) as server:
        uncertain(server)
        assert sum(received.path.startswith("jobs/") for received in server.requests) <= 200


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_list_that_lags_within_the_window(driver: Driver) -> None:
    """The job is found by a later look."""
    with FaultServer([lost(is_there=True)], quirks=Quirks(list_lag=0.3)) as server:
        settings = settings_of(server, recovery_window=0, recovery_window_long=1)
        job_id = submit(driver, settings, submission_id=SUBMISSION)
        assert server.submissions_of(SUBMISSION) == [job_id]
        assert posts_of(server) == 1


@pytest.mark.parametrize("driver", DRIVERS)
def test_details_that_lag(driver: Driver) -> None:
    """A job that is listed, and whose details are said not to exist, may be the submission."""
    with FaultServer([lost(is_there=True)], quirks=Quirks(tracking="not_in_list", details_lag=3600)) as server:
        uncertain(server, driver)


def test_details_that_lag_within_the_window() -> None:
    """They are asked for again."""
    with FaultServer([lost(is_there=True)], quirks=Quirks(tracking="not_in_list", details_lag=0.3)) as server:
        settings = settings_of(server, recovery_window_long=1)
        submit("sync", settings, submission_id=SUBMISSION)
        assert posts_of(server) == 1


def test_a_list_of_active_jobs() -> None:
    """It does not show one that has ended already, but one that it shows is found."""
    with FaultServer([lost(is_there=False)], quirks=Quirks(active_jobs=True)) as server:
        assert "jobs that have ended" in str(uncertain(server))
    with FaultServer([lost(is_there=True)], quirks=Quirks(active_jobs=True)) as server:
        found_id(server)


@pytest.mark.parametrize("driver", DRIVERS)
def test_submissions_that_are_not_tracked(driver: Driver) -> None:
    """Nothing is looked for, and nothing is sent twice."""
    with FaultServer([lost(is_there=True)]) as server:
        with pytest.raises(sm.SubmissionUncertainError, match="not tracked") as caught:
            submit(driver, settings_of(server, track_submissions=False), NAMED)
        assert (caught.value.submission_id, caught.value.audio) == (None, "call.wav")
        assert (posts_of(server), lists_of(server)) == (1, 0)


@pytest.mark.parametrize(
    "listing",
    [
        {"status": 200, "body": PAGE},
        {"status": 200, "body": '{"jobs": [{"id"'},
        {"status": 200, "body": '{"jobs": 5}'},
        {"status": 500, "body": PAGE},
        {"status": 404, "body": api_words(404)},
        {"status": 401, "body": PAGE},
        {"status": 401, "body": api_words(401)},
        {"status": 403, "body": api_words(403)},
        {"drop": "after_body"},
    ],
    ids=str,
)
def test_a_list_that_cannot_be_read(listing: Mapping[str, Any]) -> None:
    """Nothing is known then, and nothing is sent twice."""
    rules = [lost(is_there=False), Rule(name="list", method="GET", path="jobs", **listing)]
    with FaultServer(rules) as server:
        uncertain(server)


def test_a_list_that_can_be_read_in_the_end() -> None:
    """What went wrong with it before does not matter."""
    page = Rule(name="list", method="GET", path="jobs", status=200, body=PAGE, times=2)
    with FaultServer([lost(is_there=True), page]) as server:
        found_id(server)
    refusing = Rule(name="list", method="GET", path="jobs", status=503, body=PAGE, times=20)
    with FaultServer([lost(is_there=True), refusing]) as server:
        found_id(server)
        assert lists_of(server) == 21


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_stream_that_cannot_be_rewound(driver: Driver) -> None:
    """It is looked for all the same, and never sent twice."""

    class Pipe(BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError("a pipe has no position")

    with FaultServer([lost(is_there=True)]) as server:
        found_id(server, driver, Pipe(AUDIO))
    with FaultServer([lost(is_there=False)]) as server:
        with pytest.raises(sm.RequestError) as caught:
            submit(driver, settings_of(server), Pipe(AUDIO))
        assert posts_of(server) == 1
        assert "cannot be rewound" in caught.value.__notes__[0]
