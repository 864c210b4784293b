"""Faults as data: what they fit, how often they apply, what is refused, and the files that hold them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from speechmatics import InvalidInputError
from speechmatics.local import Fault
from speechmatics.local.faults import Faults, read_faults
from tests.servers.fault_rules import Rule
from tests.snippets import snippet

TOML = """
[[faults]]
name = "busy"
method = "POST"
path = "jobs"
status = 503
headers = { Retry-After = "1" }
times = 2

[[faults]]
path = "jobs/*/transcript"
truncate = "half"
delay = 1
"""
FAULTS = [
    Fault(name="busy", method="POST", path="jobs", status=503, headers={"Retry-After": "1"}, times=2),
    Fault(path="jobs/*/transcript", truncate="half", delay=1),
]


def met(faults: Faults, count: int) -> list[str | None]:
    """What so many submissions meet."""
    chosen = [faults.choose("POST", "jobs") for _ in range(count)]
    return [fault.name if fault else None for fault in chosen]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A file of rules."""
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.mark.parametrize(
    ("path", "fits", "passes"),
    [
        ("**", ["jobs", "jobs/a/transcript", "v1/api_keys", ""], []),
        ("jobs", ["jobs"], ["jobs/a", "usage", "my/jobs"]),
        ("jobs/*", ["jobs/a", "jobs/"], ["jobs", "jobs/a/log"]),
        ("jobs/**", ["jobs/a", "jobs/a/log"], ["jobs", "usage"]),
        ("jobs/*/transcript", ["jobs/a/transcript"], ["jobs/a/log", "jobs/a/b/transcript"]),
        ("j.bs", ["j.bs"], ["jobs"]),
    ],
)
def test_a_path_may_have_wildcards(path: str, fits: list[str], passes: list[str]) -> None:
    """One star stays within a segment, two do not, and nothing else is special."""
    fault = Fault(path=path, status=500)
    assert [one for one in fits + passes if fault.matches("GET", one)] == fits


def test_a_method_is_any_or_one() -> None:
    """As it is written in HTTP."""
    assert Fault(status=500).matches("DELETE", "jobs/a")
    assert Fault(method="GET", status=500).matches("GET", "jobs")
    assert not Fault(method="GET", status=500).matches("POST", "jobs")


@pytest.mark.parametrize(
    ("fault", "works"),
    [
        (Fault(delay=1), True),
        (Fault(truncate=3), True),
        (Fault(headers={"X": "y"}), True),
        (Fault(body="<html>"), True),
        (Fault(status=500), False),
        (Fault(status=500, work="before"), True),
        (Fault(drop="before_body"), False),
        (Fault(drop="after_body"), False),
        (Fault(drop="after_work"), True),
    ],
)
def test_whether_the_work_is_done_follows_from_the_rest(fault: Fault, works: bool) -> None:
    """A fault that only changes the answer lets it be done."""
    assert fault.works is works


def test_a_fault_applies_so_many_times_after_so_many_requests() -> None:
    """Another that fits as well takes the rest; one that is passed over counts what fits it."""
    once = Fault(name="once", method="POST", status=500, after=1, times=1)
    faults = Faults([once, Fault(name="late", status=500, after=4)])
    assert faults.choose("GET", "jobs") is None
    assert met(faults, 5) == [None, "once", None, "late", "late"]
    faults.use([once])
    assert met(faults, 3) == [None, "once", None]
    faults.use([])
    assert met(faults, 2) == [None, None]


def test_chance_follows_from_the_seed() -> None:
    """The same one gives the same, another gives others, and the share is what it says, 0 and 1 included."""

    def drawn(seed: int, share: float) -> list[str | None]:
        return met(Faults([Fault(name="x", status=500, probability=share, seed=seed)]), 1000)

    assert drawn(1, 0.3) == drawn(1, 0.3) != drawn(2, 0.3)
    assert 230 < sum(name == "x" for name in drawn(1, 0.3)) < 370
    assert {*drawn(1, 0)} == {None}
    assert {*drawn(1, 1)} == {"x"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"probability": 1.5}, "probability is 1.5; it is from 0 to 1"),
        ({"probability": float("nan")}, "probability is nan; it is from 0 to 1"),
        ({"status": 100}, "status is 100; it is from 200 to 599"),
        ({"status": 600}, "status is 600; it is from 200 to 599"),
        ({"times": 0}, "times is 0; it is 1 or more"),
        ({"after": -1}, "after is -1; it is 0 or more"),
        ({"delay": -0.5}, "delay is -0.5; it is 0 or more"),
        ({"delay": float("inf")}, "delay is inf; it is 0 or more"),
        ({"truncate": -1}, "truncate is -1; it is 0 or more"),
        ({"path": "/jobs"}, "path is '/jobs'; it has no slash at its ends ('jobs')"),
        ({"headers": {"Retry After": "1"}}, "headers: 'Retry After': '1' cannot be sent as one"),
        ({"headers": {"X": "a\r\nY: b"}}, r"headers: 'X': 'a\r\nY: b' cannot be sent as one"),
        ({"headers": {"Content-Length": "3"}}, "headers: Content-Length follows from the answer's body"),
        ({"content_type": "text/html"}, "content_type is that of body, which is not given"),
        ({"drop": "after_body", "status": 500}, "drop goes with no status: nothing is answered"),
        ({"drop": "after_body", "body": "x"}, "drop goes with no body: nothing is answered"),
        ({"drop": "after_body", "truncate": 1}, "drop goes with no truncate: nothing is answered"),
        ({"drop": "after_body", "headers": {"X": "y"}}, "drop goes with no headers: nothing is answered"),
        ({"drop": "before_body", "work": "before"}, "'after_work' is what is meant"),
        ({"drop": "after_work", "work": "none"}, "'after_body' is what is meant"),
        ({"work": "none"}, "there is nothing to answer; give status or drop"),
        ({"status": 204, "body": "x"}, "an answer with status 204 has no body"),
    ],
)
def test_what_makes_no_sense_is_an_error(values: dict[str, Any], message: str) -> None:
    """It names the fault, the field, what it is and what it can be."""
    with pytest.raises(InvalidInputError) as caught:
        Fault(name="mine", **values)
    assert str(caught.value).startswith("fault 'mine': ")
    assert message in str(caught.value)


def test_a_file_is_toml_or_json(tmp_path: Path) -> None:
    """By its suffix; a byte order mark is passed over."""
    as_json = json.dumps(
        {
            "faults": [
                {
                    "name": "busy",
                    "method": "POST",
                    "path": "jobs",
                    "status": 503,
                    "headers": {"Retry-After": "1"},
                    "times": 2,
                },
                {"path": "jobs/*/transcript", "truncate": "half", "delay": 1},
            ]
        }
    )
    assert read_faults(write(tmp_path, "faults.toml", TOML)) == FAULTS
    assert read_faults(write(tmp_path, "FAULTS.TOML", b"\xef\xbb\xbf" + TOML.encode())) == FAULTS
    assert read_faults(write(tmp_path, "faults.json", as_json)) == FAULTS


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.toml", "[[faults]", "a.toml is not TOML: "),
        ("a.json", "{", "a.json is not JSON: "),
        ("a.json", "[" * 100_000, "a.json is not JSON: "),
        ("a.json", b"\xff\xfe{\x00", "a.json is not text in UTF-8"),
        ("a.json", "[]", "a.json: an object with scripted or faults is needed, not a list"),
        ("a.json", "null", "a.json: an object with scripted or faults is needed, not null"),
        ("a.json", "{}", "a.json: there are no rules under 'faults'; a list of them is needed"),
        ("a.json", '{"faults": []}', "there are no rules under 'faults'"),
        ("a.json", '{"faults": {"status": 500}}', "there are no rules under 'faults'"),
        ("a.json", '{"fault": []}', "'fault' is none of its keys (scripted, faults); did you mean faults?"),
        ("a.json", '{"faults": [3]}', "a.json, rule 1 of faults: an object is needed, not a number"),
        ("a.json", '{"faults": [{}, {"stauts": 3}]}', "rule 2 of faults: there is no field 'stauts'; did you mean"),
        ("a.json", '{"faults": [{"status": "503"}]}', "status is '503': Input should be a valid integer"),
        ("a.json", '{"faults": [{"status": true}]}', "status is True: Input should be a valid integer"),
        ("a.json", '{"faults": [{"headers": {"Retry-After": 1}}]}', "headers is {'Retry-After': 1}: "),
        ("a.json", '{"faults": [{"drop": "now"}]}', "drop is 'now': Input should be 'before_body', "),
        ("a.json", '{"faults": [{"status": 99}]}', "rule 1 of faults: fault 'fault': status is 99"),
    ],
)
def test_a_file_that_is_wrong_is_an_error(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    """It names the file, the rule by its number, and the field, with what it can be."""
    with pytest.raises(InvalidInputError) as caught:
        read_faults(write(tmp_path, name, content))
    assert str(caught.value).startswith(str(tmp_path))
    assert message in str(caught.value)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """So is a folder in its place."""
    with pytest.raises(InvalidInputError, match=r"cannot read the rules in .*none\.toml: No such file"):
        read_faults(tmp_path / "none.toml")
    with pytest.raises(InvalidInputError, match="cannot read the rules in"):
        read_faults(tmp_path)


NOT_HERE = {*Rule.__dataclass_fields__} - {*Fault.__dataclass_fields__} - {"wait"}
VALUES = dict.fromkeys(NOT_HERE, 1) | {"drop": "during_body", "work": "late"}


@pytest.mark.parametrize("name", sorted(VALUES))
def test_what_an_asgi_server_cannot_do_is_refused_by_name(tmp_path: Path, name: str) -> None:
    """Whatever rules for the tests' own server of faults have, and this one has not."""
    file = write(tmp_path, "a.json", json.dumps({"faults": [{"status": 500, name: VALUES[name]}]}))
    with pytest.raises(InvalidInputError) as caught:
        read_faults(file)
    assert f"rule 1 of faults: {name}: the local server cannot " in str(caught.value)


def test_the_file_of_the_guide_is_read(tmp_path: Path) -> None:
    """As it stands."""
    [fault] = read_faults(write(tmp_path, "faults.toml", snippet("local-server", "[[faults]]", "toml")))
    assert fault == Fault(method="POST", path="jobs", drop="after_work", times=1)
