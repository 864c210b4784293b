"""All the ways in which requests go wrong, as rules that apply at random."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.servers.fault_rules import PAGE, Rule

__all__ = ["random_faults"]


def _answer(name: str, status: int, body: str = PAGE, **more: Any) -> Rule:
    return Rule(name=name, status=status, body=body, **more)


_BUSY = '{"detail": "Server busy: try again"}'
_TOO_MANY = '{"code": 429, "error": "Too Many Requests"}'

_ANYWHERE = (
    Rule(name="reset before the body", drop="before_body"),
    Rule(name="close before the body", drop="before_body", ending="close"),
    Rule(name="reset during the body", drop="during_body"),
    Rule(name="close during the body", drop="during_body", ending="close"),
    Rule(name="reset after the body", drop="after_body"),
    Rule(name="close after the body", drop="after_body", ending="close"),
    Rule(name="work, then reset", drop="after_work"),
    Rule(name="work, then close", drop="after_work", ending="close"),
    Rule(name="work late, then reset", drop="after_body", work="late"),
    Rule(name="work, then half the answer", truncate="half", ending="reset"),
    Rule(name="work, then half the answer and silence", truncate="half", ending="keep"),
    Rule(name="promise more than is sent", truncate="half"),
    Rule(name="promise less than is sent", promise_less="half"),
    Rule(name="hang", hang=True),
    Rule(name="work, then hang", hang=True, work="before"),
    Rule(name="drip the head", drip_head=0.0002, drip_bytes=100),
    Rule(name="drip the body", drip_body=0.0002, drip_bytes=100),
    Rule(name="read slowly", read_pause=0.0002, read_bytes=64),
    Rule(name="restart", restart=0.02, drop="after_body"),
    Rule(name="103 first", informational=103),
    Rule(name="kept, but dead after the answer", ending="close"),
    _answer("401 page", 401),
    _answer("429 page", 429),
    _answer("429", 429, _TOO_MANY, headers={"Retry-After": "0"}),
    _answer("503", 503, _BUSY),
    _answer("502 page", 502),
    _answer("504 page", 504),
    _answer("408 page", 408),
    _answer("work, then 408 page", 408, work="before"),
    _answer("work, then 429 page", 429, work="before"),
    _answer("work, then 499 page", 499, work="before"),
    _answer("work, then 500 page", 500, work="before"),
    _answer("work, then 502 page", 502, work="before"),
    _answer("work, then 503 page", 503, work="before"),
    _answer("work, then 504 page", 504, work="before"),
    _answer("work, then 520 page", 520, work="before"),
    _answer("work, then 522 page", 522, work="before"),
    _answer("work, then 524 page", 524, work="before"),
    _answer("work late, then 504 page", 504, work="late"),
)
_SUBMISSIONS = (
    _answer("early 503, then read on", 503, _BUSY, early=1),
    _answer("early 503, then stop reading", 503, _BUSY, early=1, ending="stop"),
    _answer("early 503, then reset", 503, _BUSY, early=1, ending="reset"),
    _answer("early 413 page", 413, early=1, headers={"Connection": "close"}, ending="close"),
    _answer("work, then 201 page", 201, work="before"),
    _answer("work, then 200 page", 200, work="before"),
    _answer("work, then 201 cut", 201, '{"id": "jo', work="before"),
    _answer("work, then 201 without an id", 201, '{"id": ""}', work="before"),
)
_POLLS = (
    _answer("200 page", 200),
    _answer("204", 204, ""),
    _answer("206 cut", 206, '{"job": {"id'),
    _answer("404 page", 404),
)
_HELD = (
    Rule(name="held, then 504 page", cut_held_after=0.05),
    Rule(name="held, then reset", cut_held_after=0.05, drop="after_work"),
)


def random_faults(rate: float) -> tuple[Rule, ...]:
    """Rules by which each request goes wrong with a probability of `rate`, in one of all the ways that fit it.

    Args:
        rate: Share of the requests that go wrong, 0 to 1.
    """
    requests: tuple[tuple[str, str, bool | None, tuple[Rule, ...]], ...] = (
        ("POST", "jobs", None, _ANYWHERE + _SUBMISSIONS),
        ("GET", "jobs", None, _ANYWHERE),
        ("DELETE", "jobs/*", None, _ANYWHERE),
        *(("GET", path, False, _ANYWHERE + _POLLS) for path in ("jobs/*", "jobs/*/transcript")),
        *(("GET", path, True, _ANYWHERE + _POLLS + _HELD) for path in ("jobs/*", "jobs/*/transcript")),
    )
    return tuple(
        replace(rule, method=method, path=path, wait=wait, probability=rate / len(rules))
        for method, path, wait, rules in requests
        for rule in rules
    )
