"""One configuration or transcript -> a report of all that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pydantic import BaseModel

from speechmatics.models import BatchTranscriptionConfig, Features, JobConfig, Transcript
from speechmatics.models._collector import CollectorHeld
from speechmatics.validation.config import check_config
from speechmatics.validation.ordinary import find_ordinary
from speechmatics.validation.report import Findings, ProblemCode, ValidationProblem, ValidationReport
from speechmatics.validation.source import FindOrdinary, Json, Source, Unreadable, name_of, read
from speechmatics.validation.transcript import check_transcript
from speechmatics.validation.values import value_in_config, value_in_transcript

__all__ = ["validate_config", "validate_transcript"]


def validate_config(
    data: Source | JobConfig | BatchTranscriptionConfig, strict: bool = False, *, features: Features | None = None
) -> ValidationReport:
    """Checks a job's configuration: types, ranges, what belongs together, and what is not known.

    A report that is `ok` means that `submit_job` takes the configuration.

    Args:
        data: The wire's dict, a `JobConfig`, a `BatchTranscriptionConfig`, JSON text or bytes, or the path of a JSON
            file. A `str` is JSON text where its first character, white space aside, is `{` or `[`, and a path
            otherwise; any `PathLike` is a path. A model is checked as it would be sent.
        strict: Whether unknown fields and values, and what the service is not known to offer, are errors rather than
            warnings.
        features: What a server offers, as `get_features` asks it: what it does not is an error.

    Returns:
        The report, whatever `data` is: nothing in it makes this raise. Rules between the fields of one part are
        checked once its fields are right, so a mended configuration may show a further problem.
    """
    check = partial(check_config, features=features)
    return _validated(data, strict, check, value_in_config, (JobConfig, BatchTranscriptionConfig))


def validate_transcript(data: Source | Transcript, strict: bool = False) -> ValidationReport:
    """Checks a json-v2 transcript: types, times, confidences, readings, and whether its parts agree.

    Times may disagree by 0.02 s, as they are rounded, and a `duration` in whole seconds by 1 s. Order and overlap are
    judged on each channel by itself, since channels are interleaved; overlap between words of one speaker only. Takes
    time in proportion to the length, of ten hours one to two times that of `json.loads`, and more where much is wrong.

    Args:
        data: The dict, a `Transcript`, JSON text or bytes, or the path of a JSON file; `str` as for `validate_config`.
        strict: Whether unknown fields and values, and the lack of a field that the API documents as always there, are
            errors rather than warnings.

    Returns:
        The report, whatever `data` is: nothing in it makes this raise.
    """
    return _validated(data, strict, check_transcript, value_in_transcript, (Transcript,), find_ordinary)


def _validated(
    data: object,
    strict: bool,
    check: Callable[[Json, Findings], None],
    value_in: Callable[[Json, ValidationProblem], str | None],
    models: tuple[type[BaseModel], ...],
    find_ordinary: FindOrdinary | None = None,
) -> ValidationReport:
    findings = Findings(strict)
    examined: Json = None
    try:
        if isinstance(data, BaseModel) and not isinstance(data, models):
            expected = " or a ".join(model.__name__ for model in models)
            findings.add((), ProblemCode.WRONG_TYPE, f"must be a {expected}, not a {type(data).__name__}")
        else:
            with CollectorHeld():
                examined = read(data, findings, find_ordinary)
                check(examined, findings)
    except Unreadable:
        pass
    except Exception:  # objects of Python can raise anything when they are read
        findings.add((), ProblemCode.UNREADABLE, "the data cannot be examined to its end")
    return findings.report(name_of(data), partial(value_in, examined))
