"""What goes wrong on a local server, as data: rules that a test writes, or that a file holds."""

from __future__ import annotations

import hashlib
import math
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from speechmatics.exceptions import InvalidInputError
from speechmatics.local.rules import read_rule, rules_in

__all__ = ["NO_BODY", "Drop", "Fault", "Faults", "read_faults"]

Drop = Literal["before_body", "after_body", "after_work"]
"""When the connection is dropped without an answer: before the request's body is read, after it, or after the work."""
Work = Literal["none", "before"]
"""Whether what was asked for is done before the fault is seen, or not at all."""

NO_BODY = (204, 304)
"""Statuses of answers without a body (RFC 9110)."""
_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[^\0-\x1f\x7f\u0100-\U0010ffff]*")
_FRAMING = ("content-length", "transfer-encoding")

_MORE_THAN_ASGI = {
    "drip_head": "send an answer's head in pieces",
    "drip_body": "send an answer's body in pieces",
    "drip_bytes": "send an answer in pieces",
    "read_pause": "read a request slowly",
    "read_bytes": "read a request slowly",
    "early": "answer before a request's body has come",
    "informational": "send an informational answer",
    "ending": "choose how a connection ends",
    "promise_less": "send a Content-Length that is too small",
    "hang": "hang for ever; a long delay does it",
    "cut_held_after": "cut an answer that is held; drop or truncate does it",
    "restart": "close its port for a while; stop it and start another on the same port",
    "work_delay": "do the work after the fault",
}
"""Fields of rules for servers of their own HTTP, and what of it an ASGI server cannot do."""
_IMPOSSIBLE_VALUES = {
    ("drop", "during_body"): "drop a connection in the middle of a request's body",
    ("work", "late"): "do the work after the fault",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Which requests go wrong, when, and how.

    A fault that only changes the answer (`delay`, `headers`, `body`, `truncate`) lets the work be done; one that has a
    `status` or a `drop` does not, unless `work` says so.

    Attributes:
        name: What the fault is called in `server.requests`, by default `fault`.
        method: HTTP method, or None for any.
        path: Path below `/v2` without slashes at its ends (`jobs`, `jobs/*/transcript`); others as they are
            (`v1/api_keys`). `*` is any text within a segment, `**` any text.
        probability: Share of the requests that meet the fault, 0 to 1.
        seed: Where the chance of this fault begins; the same seed and requests give the same faults.
        times: How often it applies at most, or None for always.
        after: How many fitting requests pass before it applies first.
        status: Status to answer instead of the service's own, 200 to 599.
        headers: Headers to add to the answer, or to put in place of those that it has, such as `Retry-After`.
        body: Text to answer instead of the service's own; nothing where only a status is given.
        content_type: Type of `body`, by default `text/html` for one that begins with `<`, else `application/json`.
        delay: Seconds between the work and the answer, or the drop.
        drop: When the connection is dropped without an answer.
        truncate: Bytes of the answer's body that are sent, or "half", before the connection ends, although
            `Content-Length` promises all.
        work: Whether the work is done all the same, or None for what the rest implies.

    Raises:
        InvalidInputError: A value is out of its range, or two contradict each other.

    Example:
        >>> busy = Fault(method="POST", path="jobs", status=503, headers={"Retry-After": "1"}, times=2)
        >>> lost_answer = Fault(method="POST", path="jobs", drop="after_work", times=1)
    """

    name: str = "fault"
    method: str | None = None
    path: str = "**"
    probability: float = 1
    seed: int = 0
    times: int | None = None
    after: int = 0
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    body: str | None = None
    content_type: str | None = None
    delay: float = 0
    drop: Drop | None = None
    truncate: int | Literal["half"] | None = None
    work: Work | None = None

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise InvalidInputError(f"fault {self.name!r}: {problem}")

    def _problems(self) -> Iterator[str]:
        if not 0 <= self.probability <= 1:
            yield f"probability is {self.probability}; it is from 0 to 1"
        if self.status is not None and not 200 <= self.status <= 599:
            yield f"status is {self.status}; it is from 200 to 599"
        if self.times is not None and self.times < 1:
            yield f"times is {self.times}; it is 1 or more"
        for field_name, number in (("after", self.after), ("delay", self.delay), ("truncate", self.truncate)):
            if isinstance(number, int | float) and not 0 <= number < math.inf:
                yield f"{field_name} is {number}; it is 0 or more"
        if self.path != self.path.strip("/"):
            yield f"path is {self.path!r}; it has no slash at its ends ({self.path.strip('/')!r})"
        for name, value in self.headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                yield f"headers: {name!r}: {value!r} cannot be sent as one"
            if name.lower() in _FRAMING:
                yield f"headers: {name} follows from the answer's body"
        yield from self._contradictions()

    def _contradictions(self) -> Iterator[str]:
        for name in ("status", "body", "truncate"):
            if self.drop is not None and getattr(self, name) is not None:
                yield f"drop goes with no {name}: nothing is answered"
        if self.drop is not None and self.headers:
            yield "drop goes with no headers: nothing is answered"
        if self.status in NO_BODY and (self.body is not None or self.truncate is not None):
            yield f"an answer with status {self.status} has no body"
        if self.content_type is not None and self.body is None:
            yield "content_type is that of body, which is not given"
        if self.drop in ("before_body", "after_body") and self.work == "before":
            yield f"work is 'before', but drop is {self.drop!r}; 'after_work' is what is meant"
        if self.drop == "after_work" and self.work == "none":
            yield "work is 'none', but drop is 'after_work'; 'after_body' is what is meant"
        if self.work == "none" and self.status is None and self.drop is None:
            yield "work is 'none', so that there is nothing to answer; give status or drop"

    @property
    def works(self) -> bool:
        """Whether the work is done, as given or as implied."""
        if self.work is not None:
            return self.work == "before"
        return self.drop == "after_work" if self.drop is not None else self.status is None

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is one that the fault is about; `path` is as that of `ReceivedRequest`."""
        return self.method in (None, method) and _pattern(self.path).fullmatch(path) is not None


class Faults:
    """The faults of a server, and how often each has applied; may be used from many threads."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self.use(faults)

    def use(self, faults: Iterable[Fault]) -> None:
        """Puts faults in place of those that hold; their counts and chances begin anew."""
        counted = [_Counted(fault) for fault in faults]
        with self._lock:
            self._counted = counted

    def choose(self, method: str, path: str) -> Fault | None:
        """The fault that a request meets: the first that fits and whose turn it is, or None."""
        with self._lock:
            chosen: Fault | None = None
            for counted in self._counted:
                if counted.fault.matches(method, path) and counted.is_its_turn(taken=chosen is not None):
                    chosen = counted.fault
            return chosen


class _Counted:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._fitting = 0
        self._applied = 0

    def is_its_turn(self, *, taken: bool) -> bool:
        """Counts a request that fits, and says whether the fault applies; not where another has `taken` it."""
        self._fitting += 1
        is_drawn = _chance(self.fault.seed, self._fitting) < self.fault.probability
        is_over = self.fault.times is not None and self._applied >= self.fault.times
        if taken or is_over or not is_drawn or self._fitting <= self.fault.after:
            return False
        self._applied += 1
        return True


def _chance(seed: int, number: int) -> float:
    """A number from 0 to 1, without 1, that looks random and is the same on every machine."""
    digest = hashlib.blake2b(f"{seed} {number}".encode(), digest_size=6).digest()
    return int.from_bytes(digest) / 256**6


def read_faults(file: Path) -> list[Fault]:
    """The faults that a TOML or JSON file has under `faults`.

    Raises:
        InvalidInputError: It cannot be read, or a fault is wrong or asks for what the server cannot do; the message
            names the file, the fault and the field.
    """
    faults: list[Fault] = []
    for number, data in enumerate(rules_in(file, "faults"), 1):
        where = f"{file}, rule {number} of faults"
        for name, value in data.items():
            impossible = _MORE_THAN_ASGI.get(name) or _IMPOSSIBLE_VALUES.get((name, str(value)))
            if impossible:
                raise InvalidInputError(f"{where}: {name}: the local server cannot {impossible}")
        faults.append(read_rule(Fault, data, where))
    return faults


@lru_cache(1024)
def _pattern(path: str) -> re.Pattern[str]:
    escaped = re.escape(path).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return re.compile(escaped, re.DOTALL)
