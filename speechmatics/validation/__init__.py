"""Checks of configurations and transcripts that go beyond a schema, for pipelines that must not trust their input.

`validate_config` and `validate_transcript` take whatever there is - a dict, JSON text, bytes, a path, a model - and
give a `ValidationReport`. They never raise for what the data holds.

    >>> from speechmatics.validation import validate_config
    >>> print(validate_config({"transcription_config": {"language": "en", "diarization": "speakers"}}))
    warning at transcription_config.diarization: 'speakers' is not a known value; known are channel, none, speaker \
(unknown_value)
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel

from speechmatics import _installation as _installation
from speechmatics.models import BatchTranscriptionConfig, JobConfig, Transcript
from speechmatics.validation.config import check_config
from speechmatics.validation.report import Findings, ProblemCode, Severity, ValidationProblem, ValidationReport
from speechmatics.validation.source import Json, Source, Unreadable, read
from speechmatics.validation.transcript import check_transcript

__all__ = [
    "ProblemCode",
    "Severity",
    "ValidationProblem",
    "ValidationReport",
    "validate_config",
    "validate_transcript",
]


def validate_config(data: Source | JobConfig | BatchTranscriptionConfig, strict: bool = False) -> ValidationReport:
    """Checks a job's configuration: types, ranges, what belongs together, and what is not known.

    A report that is `ok` means that `submit_job` takes the configuration.

    Args:
        data: The wire's dict, a `JobConfig`, a `BatchTranscriptionConfig`, JSON text or bytes, or the path of a JSON
            file. A `str` is JSON text where its first character, white space aside, is `{` or `[`, and a path
            otherwise; any `PathLike` is a path. A model is checked as it would be sent.
        strict: Whether unknown fields and values are errors rather than warnings.

    Returns:
        The report, whatever `data` is: nothing in it makes this raise. Rules between the fields of one part are
        checked once its fields are right, so a mended configuration may show a further problem.
    """
    return _validated(data, strict, check_config, (JobConfig, BatchTranscriptionConfig))


def validate_transcript(data: Source | Transcript, strict: bool = False) -> ValidationReport:
    """Checks a json-v2 transcript: types, times, confidences, readings, and whether its parts agree.

    Times may disagree by 0.02 s, as they are rounded, and a `duration` in whole seconds by 1 s. Order and overlap are
    judged on each channel by itself, since channels are interleaved; overlap between words of one speaker only. Takes
    time in proportion to the length, about as much as parsing the transcript into models.

    Args:
        data: The dict, a `Transcript`, JSON text or bytes, or the path of a JSON file; `str` as for `validate_config`.
        strict: Whether unknown fields and values, and the lack of a field that the API documents as always there, are
            errors rather than warnings.

    Returns:
        The report, whatever `data` is: nothing in it makes this raise.
    """
    return _validated(data, strict, check_transcript, (Transcript,))


def _validated(
    data: object, strict: bool, check: Callable[[Json, Findings], None], models: tuple[type[BaseModel], ...]
) -> ValidationReport:
    findings = Findings(strict)
    try:
        if isinstance(data, BaseModel) and not isinstance(data, models):
            expected = " or a ".join(model.__name__ for model in models)
            findings.add((), ProblemCode.WRONG_TYPE, f"must be a {expected}, not a {type(data).__name__}")
        else:
            check(read(data, findings), findings)
    except Unreadable:
        pass
    except Exception:  # objects of Python can raise anything when they are read
        findings.add((), ProblemCode.UNREADABLE, "the data cannot be examined to its end")
    return findings.report()
