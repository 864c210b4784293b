"""A job's configuration: its shape, and the rules that hold within and between its fields."""

from __future__ import annotations

from pydantic import ValidationError

from speechmatics._secrets import problems_of
from speechmatics.models import Features, JobConfig, Leniency, leniency
from speechmatics.models._offers import not_offered
from speechmatics.validation.report import Findings, Path, ProblemCode
from speechmatics.validation.shapes import check_shape
from speechmatics.validation.source import Json

__all__ = ["check_config"]

_CODES = {"out_of_range": ProblemCode.OUT_OF_RANGE, "missing": ProblemCode.MISSING_FIELD}


def check_config(data: Json, findings: Findings, features: Features | None = None) -> None:
    """Checks a configuration, its types first, then its rules by building the model, which knows them.

    What the service is not known to offer comes last; what the server of these features does not is an error.
    """
    check_shape(JobConfig, data, findings)
    if not isinstance(data, dict):
        return
    try:
        with leniency(Leniency.SILENT):
            config = JobConfig.model_validate(data)
    except ValidationError as error:
        for problem in problems_of(error):
            code = _CODES.get(problem.kind, ProblemCode.INVALID_VALUE)
            findings.add_new(_path(problem.location, data), code, problem.message)
        return
    for path, message, by_server in not_offered(config, features):
        findings.add(path, ProblemCode.NOT_OFFERED if by_server else ProblemCode.UNKNOWN_OFFER, message)


def _path(location: Path, data: Json) -> Path:
    """A location of Pydantic's as keys and indexes of the data: it also names members of unions, and lists of one."""
    path: list[str | int] = []
    for step in location:
        if isinstance(data, dict) and isinstance(step, str):
            path.append(step)
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            path.append(step)
            data = data[step]
    return tuple(path)
