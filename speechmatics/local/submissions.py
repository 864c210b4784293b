"""What a submission asks for, as far as a server takes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from pydantic import TypeAdapter, ValidationError

from speechmatics._urls import check_http_url
from speechmatics.exceptions import ConfigError
from speechmatics.local.errors import bad_request, unsupported
from speechmatics.local.uploads import Submission
from speechmatics.models._leniency import Leniency, leniency
from speechmatics.models.config import JobConfig, as_job_config
from speechmatics.validation import ProblemCode, validate_config

__all__ = ["data_name_of", "read_config", "unknown_parts"]

_OBJECT = TypeAdapter(dict[str, Any])


def read_config(text: str, level: Leniency) -> tuple[JobConfig, dict[str, Any]]:
    """A configuration, as a model and as it came.

    Raises:
        ApiError: 400, it is no JSON object, or no configuration of a transcription.
    """
    try:
        data = _OBJECT.validate_json(text)
    except ValidationError:
        raise bad_request("Job config JSON is invalid") from None
    try:
        with leniency(level):
            parsed = as_job_config(data)
    except ConfigError as error:
        asked = data.get("transcription_config")
        if isinstance(asked, dict) and "language" not in asked:
            raise bad_request(str(error), error="No language selected") from None
        raise bad_request(str(error)) from None
    if parsed.transcription_config is None:
        raise unsupported(f"type {parsed.type!r}: this server only transcribes, and there is no transcription_config")
    return parsed, data


def data_name_of(config: JobConfig, submission: Submission) -> str:
    """The name of a submission's audio: that of its file, or of the URL that it is fetched from.

    Raises:
        ApiError: 400, there is no audio, or more than one.
    """
    if config.fetch_data is not None:
        if submission.file_name is not None:
            raise bad_request("data_file and fetch_data are both given")
        try:
            check_http_url(config.fetch_data.url)
        except ValueError as error:
            raise bad_request(f"fetch_data.url {error}") from None
        path = re.sub(r"[?#].*", "", config.fetch_data.url).partition("://")[2].partition("/")[2]
        return unquote(PurePosixPath(path).name)
    if submission.file_name is None:
        raise bad_request("neither data_file nor fetch_data is given", error="Missing data_file")
    if not submission.size:
        raise bad_request("data_file is empty", error="Job rejected due to invalid audio")
    return submission.file_name


def unknown_parts(data: dict[str, Any]) -> Iterator[str]:
    """What a configuration has that this package does not know."""
    for problem in validate_config(data).problems:
        if problem.code in (ProblemCode.UNKNOWN_FIELD, ProblemCode.UNKNOWN_VALUE):
            yield f"{problem.location}: {problem.message}"
