"""Hypothesis strategies for what goes to the service and what comes back; needs the extra `testing`.

Each gives valid, lifelike values, in which strict validation finds nothing, with every part that may be asked for or
left out sometimes there and sometimes not: times in order, marks that attach to words, speakers or channels, entities
with their forms, translations, summaries, and so on. The models come from `job_configs`, `job_details` and
`transcripts`; the same as the wire's JSON comes from their `wire_` twins, which can also mix in what this package does
not know.

Example:
    >>> from hypothesis import given
    >>> from speechmatics.testing import transcripts
    >>> @given(transcripts())
    ... def test_every_transcript_is_stored(transcript): ...
"""

from __future__ import annotations

from typing import Any

from speechmatics.exceptions import MissingExtraError

try:
    from hypothesis.strategies import SearchStrategy
except ImportError:
    raise MissingExtraError("speechmatics.testing", "testing") from None

from speechmatics.models import JobConfig, JobDetails, Transcript
from speechmatics.testing import _wire_configs, _wire_jobs, _wire_transcripts
from speechmatics.testing._mixing import with_unknown

__all__ = [
    "job_configs",
    "job_details",
    "transcripts",
    "wire_job_configs",
    "wire_job_details",
    "wire_transcripts",
]


def job_configs() -> SearchStrategy[JobConfig]:
    """Configurations that are taken without an error or a warning."""
    return wire_job_configs().map(JobConfig.model_validate)


def job_details() -> SearchStrategy[JobDetails]:
    """Jobs that run, are done, or have failed, each with what goes with that."""
    return wire_job_details().map(JobDetails.model_validate)


def transcripts() -> SearchStrategy[Transcript]:
    """Transcripts of a few sentences, or of silence, whose parts agree with one another."""
    return wire_transcripts().map(Transcript.model_validate)


def wire_job_configs(*, unknown: bool = False) -> SearchStrategy[dict[str, Any]]:
    """Configurations as JSON objects.

    Args:
        unknown: Whether to mix in fields and values that this package does not know; the models take these with an
            `UnknownConfigWarning`.
    """
    configs = _wire_configs.job_configs()
    return with_unknown(configs, JobConfig, received=False) if unknown else configs


def wire_job_details(*, unknown: bool = False) -> SearchStrategy[dict[str, Any]]:
    """What the service answers under `job`.

    Args:
        unknown: Whether to mix in fields and values that this package does not know, and nulls where servers send them.
    """
    jobs = _wire_jobs.job_details()
    return with_unknown(jobs, JobDetails, received=True) if unknown else jobs


def wire_transcripts(*, unknown: bool = False) -> SearchStrategy[dict[str, Any]]:
    """Transcripts in the json-v2 format.

    Args:
        unknown: Whether to mix in fields, values and types of results that this package does not know, and nulls where
            servers send them.
    """
    found = _wire_transcripts.transcripts()
    return with_unknown(found, Transcript, received=True) if unknown else found
