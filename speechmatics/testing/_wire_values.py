"""The small pieces that generated configurations, jobs and transcripts share: texts, times, names, JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

__all__ = [
    "IDS",
    "JSON_VALUES",
    "LANGUAGES",
    "SPEAKER_IDENTIFIERS",
    "SPEAKER_NAMES",
    "TEXTS",
    "TIMESTAMPS",
    "TRACKING",
    "Json",
    "some",
]

Json = dict[str, Any]
"""A JSON object."""

LANGUAGES: SearchStrategy[str] = st.sampled_from(["ar", "cmn", "de", "es", "fr", "it", "ja", "ko", "pt", "sv"])
"""ISO codes other than English."""

TEXTS: SearchStrategy[str] = st.sampled_from(["Quarterly call", "Überblick", "/data/calls/17.wav"]) | st.text(
    min_size=1, max_size=12
)
"""Free text that people write, and whatever else fits in a string."""

IDS: SearchStrategy[str] = st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=10, max_size=10)
"""Job ids as the service gives them."""

SPEAKER_NAMES: SearchStrategy[str] = st.sampled_from(["Agent", "Caller", "Ann Lee", "Zoë", "山田"])
"""Labels of known speakers; none has the service's own form (`S1`, `UU`)."""

SPEAKER_IDENTIFIERS: SearchStrategy[list[str]] = st.lists(
    st.binary(min_size=6, max_size=9).map(lambda voice: f"{voice.hex()}=="), min_size=1, max_size=3, unique=True
)
"""Voices of one speaker."""

JSON_VALUES: SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
"""Anything that JSON can say."""


TIMESTAMPS: SearchStrategy[str] = st.builds(
    datetime.strftime,
    st.datetimes(datetime(2018, 1, 1), datetime(2037, 12, 31)),
    st.sampled_from(
        [
            "%Y-%m-%dT%H:%M:%S.%fZ",
            "%Y-%m-%dT%H:%M:%SZ",
            "%Y-%m-%dT%H:%M:%S.%f789Z",
            "%Y-%m-%dT%H:%M:%S.%f+00:00",
        ]
    ),
)
"""Points in time as servers write them: with and without a fraction, to the nanosecond, with an offset."""


def some(**parts: SearchStrategy[Any]) -> SearchStrategy[Json]:
    """An object that has any of `parts`, or none."""
    return st.fixed_dictionaries({}, optional=parts)


TRACKING: SearchStrategy[Json] = some(
    title=TEXTS,
    reference=TEXTS,
    tags=st.lists(TEXTS, max_size=3),
    details=st.dictionaries(st.text(max_size=8), JSON_VALUES, max_size=3),
)
"""The customer's own notes."""
