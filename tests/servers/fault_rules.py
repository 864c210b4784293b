"""What goes wrong on a server of faults, as data: rules that a test writes, or that a JSON file holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Literal, TypeVar, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError

__all__ = [
    "NO_FAULT",
    "PAGE",
    "Drop",
    "Ending",
    "Quirks",
    "Rule",
    "RuleError",
    "Work",
    "read_rules",
]

Work = Literal["none", "before", "late"]
"""Whether what was asked for is done: not at all, before the fault is seen, or some time after it."""
Drop = Literal["before_body", "during_body", "after_body", "after_work"]
"""When the connection is dropped without an answer; "during_body" is after half of it, or after
the first byte of a chunked one."""
Ending = Literal["keep", "stop", "close", "reset"]
"""What becomes of the connection: it serves on, stays open and is read no more, ends in a FIN, or in a RST."""

PAGE = "<html><body>Something went wrong</body></html>"
"""What a gateway answers."""
BODY_DROPS = ("before_body", "during_body")
"""Drops after which nothing can be worked on, because the request has not come."""

_DataT = TypeVar("_DataT")


class RuleError(ValueError):
    """A rule or a quirk that makes no sense; the message names it and its field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Which requests go wrong, when, and how.

    A rule that only changes the answer (`delay`, `truncate`, `drip_body`, ...) lets the work be done; one that has a
    `status`, a `drop` or a `hang` of its own does not, unless `work` says so.

    Attributes:
        name: What the fault is called in `FaultServer.met`; several rules may share one.
        method: HTTP method, or None for any.
        path: Path below `/v2` without a slash at its ends; `*` is any text within a segment, `**` any text.
        wait: True for requests that may be held (`wait` above 0), False for the others, None for both.
        probability: Share of the requests that meet the rule. The shares of the rules that fit a request add up.
        times: How often it applies at most, or None for always.
        after: How many fitting requests pass before it applies first.
        status: Status to answer instead of the service's own.
        headers: Headers to add to the answer, or to put in place of those that it has.
        body: Text to answer instead of the service's own; nothing where only a status is given.
        content_type: By default `text/html` for a body that begins with `<`, else `application/json`.
        work: Whether the work is done, or None for what the rest of the rule implies.
        work_delay: Seconds from the fault to work that is done late.
        drop: When the connection is dropped instead of an answer.
        ending: What becomes of the connection, or None for what is implied: a drop is a reset; a hang and a wrong
            length are followed by a close; all others keep it. An answer that is early and kept is followed by
            reading the rest of the request.
        truncate: Bytes of the body that are sent, or "half", although `Content-Length` promises all.
        promise_less: Bytes by which `Content-Length` is less than the body, or "half" of it.
        delay: Seconds between the work and the answer.
        hang: Nothing is answered until the client goes away, or the server closes.
        drip_head: Seconds before each byte of the answer's head.
        drip_body: Seconds before each byte of the answer's body.
        drip_bytes: How many bytes of the head, and of the body, drip; the rest comes at once. None for all.
        read_pause: Seconds between two reads of the request's body.
        read_bytes: Bytes of a read, where there is a pause.
        early: Bytes of the request's body that are read before it is answered.
        cut_held_after: Seconds after which an answer that is still held is cut: by the rule's status (504 with a page
            by default) or drop. One that is not held so long is left as it is.
        restart: Seconds during which nobody listens, from when the request's body has come.
        informational: Status, 100 or 102 to 199, of an answer that comes before the body is read and the real answer.
    """

    name: str
    method: str | None = None
    path: str = "**"
    wait: bool | None = None
    probability: float = 1
    times: int | None = None
    after: int = 0
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    body: str | None = None
    content_type: str | None = None
    work: Work | None = None
    work_delay: float = 0.05
    drop: Drop | None = None
    ending: Ending | None = None
    truncate: int | Literal["half"] | None = None
    promise_less: int | Literal["half"] | None = None
    delay: float = 0
    hang: bool = False
    drip_head: float = 0
    drip_body: float = 0
    drip_bytes: int | None = None
    read_pause: float = 0
    read_bytes: int = 1024
    early: int | None = None
    cut_held_after: float | None = None
    restart: float | None = None
    informational: int | None = None

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise RuleError(f"rule {self.name!r}: {problem}")

    def _problems(self) -> Iterable[str]:
        if not 0 <= self.probability <= 1:
            yield f"probability is {self.probability}; it is from 0 to 1"
        if self.status is not None and not 200 <= self.status <= 999:
            yield f"status is {self.status}; it is from 200 to 999"
        if self.informational is not None and (not 100 <= self.informational <= 199 or self.informational == 101):
            yield f"informational is {self.informational}; it is 100, or from 102 to 199"
        if self.read_bytes < 1:
            yield f"read_bytes is {self.read_bytes}; it is 1 or more"
        yield from _negative(self)
        yield from self._contradictions()

    def _contradictions(self) -> Iterable[str]:
        if self.cut_held_after is not None and (self.hang or self.early is not None or self.work):
            yield "cut_held_after goes with neither hang, early nor work"
        if self.drop is not None and (self.status is not None or self.body is not None or self.hang):
            yield "drop goes with neither status, body nor hang: nothing is answered"
        if self.hang and self.status is not None:
            yield "hang goes with no status: nothing is answered"
        if self.drop in BODY_DROPS and self.work in ("before", "late"):
            yield f"work is {self.work!r}, but with drop {self.drop!r} the request never comes"
        if self.drop == "after_body" and self.work == "before":
            yield "work is 'before', but drop is 'after_body'; 'after_work' is what is meant"
        if self.drop == "after_work" and self.work in ("none", "late"):
            yield f"work is {self.work!r}, but drop is 'after_work'; 'after_body' is what is meant"
        if self.early is not None and (self.status is None or self.work in ("before", "late")):
            yield "early needs a status, and goes with no work: the request has not come"
        if self.work in ("none", "late") and self.status is None and self.drop is None and not self.hang:
            yield f"work is {self.work!r}, so that there is nothing to answer; give status, drop or hang"

    @classmethod
    def from_dict(cls, data: object) -> Rule:
        """A rule from what a JSON file has.

        Raises:
            RuleError: A field is unknown, missing, of another type or out of its range.
        """
        name = _as_object(data, "rule").get("name", "without a name")
        return _from_dict(cls, data, f"rule {name!r}")

    def to_dict(self) -> dict[str, Any]:
        """What a JSON file would have: the fields that are not as by default."""
        return _to_dict(self)

    def matches(self, method: str, path: str, wait: bool) -> bool:
        """Whether a request is one that the rule is about.

        Args:
            method: HTTP method.
            path: Path below `/v2`.
            wait: Whether the request may be held.
        """
        if self.method not in (None, method) or self.wait not in (None, wait):
            return False
        return _pattern(self.path).fullmatch(path) is not None

    @property
    def works(self) -> Work:
        """Whether the work is done, as given or as implied."""
        if self.work is not None:
            return self.work
        if self.cut_held_after is not None or self.drop == "after_work":
            return "before"
        return "none" if self.status is not None or self.drop is not None or self.hang else "before"

    @property
    def ends(self) -> Ending:
        """What becomes of the connection, as given or as implied."""
        if self.ending is not None:
            return self.ending
        if self.drop is not None:
            return "reset"
        return "close" if self.hang or self.truncate is not None or self.promise_less is not None else "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """In what a server differs from the usual one, for all its requests.

    Attributes:
        list_lag: Seconds until a new job shows in the list.
        details_lag: Seconds during which a new job is answered 404 when it is asked for.
        page_cap: Jobs of a page at most, whatever `limit` says.
        clock_offset: Seconds that the `Date` header is ahead of `created_at`.
        date: Whether answers have a `Date` header.
        created_at: How exact `created_at` is, or that it is not shown. Jobs are listed by what is exact to this.
        tracking: Where `config.tracking` is shown.
        config: Whether the list shows `config`.
        data_name: Whether `data_name` is shown.
        honours_wait: Whether `wait` has an effect; on premises it has none.
        work_seconds: How long a job runs, 0 for one that is done at once.
        active_jobs: Whether the list is `{"active_jobs": [...]}`, as on premises.
        foreign_jobs: Jobs of others that are listed just as they are given: by their `created_at` where it is a time,
            else as if they had been made when the server began.
        rejects: The file names, as a glob, whose jobs end rejected; None for none.
        max_rate: Submissions a second, above which 429 is answered.
        max_running: Jobs that run at once, above which 429 is answered.
        receive_buffer: Bytes of a request that the system takes before the server reads; small ones make a server
            that reads slowly felt at once.
    """

    list_lag: float = 0
    details_lag: float = 0
    page_cap: int | None = None
    clock_offset: float = 0
    date: bool = True
    created_at: Literal["microseconds", "seconds", "absent"] = "microseconds"
    tracking: Literal["shown", "not_in_list", "never"] = "shown"
    config: bool = True
    data_name: bool = True
    honours_wait: bool = True
    work_seconds: float = 0
    active_jobs: bool = False
    foreign_jobs: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    rejects: str | None = None
    max_rate: float | None = None
    max_running: int | None = None
    receive_buffer: int | None = None

    def __post_init__(self) -> None:
        for problem in _negative(self, but="clock_offset"):
            raise RuleError(f"quirks: {problem}")
        for name in ("page_cap", "max_rate", "receive_buffer"):
            if getattr(self, name) == 0:
                raise RuleError(f"quirks: {name} is 0; it is more")

    @classmethod
    def from_dict(cls, data: object) -> Quirks:
        """Quirks from what a JSON file has.

        Raises:
            RuleError: A field is unknown, of another type or out of its range.
        """
        given = _as_object(data, "quirks")
        jobs: object = given.get("foreign_jobs")
        if isinstance(jobs, list):
            given = {**given, "foreign_jobs": tuple(cast("list[object]", jobs))}
        return _from_dict(cls, given, "quirks")

    def to_dict(self) -> dict[str, Any]:
        """What a JSON file would have: the fields that are not as by default."""
        return _to_dict(self)


def read_rules(data: object) -> tuple[Rule, ...]:
    """Rules from the list that a JSON file has.

    Raises:
        RuleError: It is no list, or one of its rules is wrong.
    """
    if not isinstance(data, list):
        raise RuleError(f"rules are a list, not {type(data).__name__}")
    return tuple(Rule.from_dict(item) for item in cast("list[object]", data))


@lru_cache(1024)
def _pattern(path: str) -> re.Pattern[str]:
    escaped = re.escape(path).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return re.compile(escaped)


def _negative(data: Rule | Quirks, but: str = "") -> Iterable[str]:
    for item in fields(data):
        value: object = getattr(data, item.name)
        if isinstance(value, int | float) and value < 0 and item.name != but:
            yield f"{item.name} is {value}; it is 0 or more"


def _to_dict(data: Rule | Quirks) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for item in fields(data):
        value: Any = getattr(data, item.name)
        default = item.default if item.default_factory is MISSING else item.default_factory()
        if value != default:
            values[item.name] = value
    return values


def _as_object(data: object, what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise RuleError(f"{what}: an object is needed, not {type(data).__name__}")
    return cast("dict[str, Any]", data)


def _from_dict(cls: type[_DataT], data: object, what: str) -> _DataT:
    given = _as_object(data, what)
    hints = get_type_hints(cls)
    for key, value in given.items():
        if key not in hints:
            near = get_close_matches(key, hints, 1)
            raise RuleError(f"{what}: there is no field {key!r}" + (f"; is it {near[0]!r}?" if near else ""))
        adapter: TypeAdapter[object] = TypeAdapter(hints[key])
        try:
            adapter.validate_python(value, strict=True)
        except ValidationError as error:
            reasons = "; ".join(dict.fromkeys(detail["msg"] for detail in error.errors()))
            raise RuleError(f"{what}: {key} is {value!r}: {reasons}") from None
    if cls is Rule and "name" not in given:
        raise RuleError(f"{what}: name is missing")
    return cls(**given)


NO_FAULT = Rule(name="")
"""The rule of a request that meets none."""
