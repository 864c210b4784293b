"""Checks of configurations and transcripts that go beyond a schema, for pipelines that must not trust their input.

`validate_config` and `validate_transcript` take whatever there is - a dict, JSON text, bytes, a path, a model - and
give a `ValidationReport`. They never raise for what the data holds. `validate_configs` and `validate_transcripts` go
through many files, in several processes if that is wanted.

    >>> from speechmatics.validation import validate_config
    >>> print(validate_config({"transcription_config": {"language": "en", "diarization": "speakers"}}))
    warning at transcription_config.diarization: 'speakers' is not a known value; known are channel, none, speaker; \
did you mean speaker? (unknown_value)
"""

from __future__ import annotations

from speechmatics import _installation as _installation
from speechmatics.validation.many import Sources, validate_configs, validate_transcripts
from speechmatics.validation.one import validate_config, validate_transcript
from speechmatics.validation.report import (
    ProblemCode,
    ProblemRecord,
    ReportDict,
    Severity,
    ValidationProblem,
    ValidationReport,
)
from speechmatics.validation.source import Source

__all__ = [
    "ProblemCode",
    "ProblemRecord",
    "ReportDict",
    "Severity",
    "Source",
    "Sources",
    "ValidationProblem",
    "ValidationReport",
    "validate_config",
    "validate_configs",
    "validate_transcript",
    "validate_transcripts",
]
