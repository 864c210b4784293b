"""Received JSON as models: what cannot be read is an error that says what it is."""

from __future__ import annotations

from typing import TypeVar

from pydantic import (
    BaseModel,
    ValidationError,
)

from speechmatics._documents import as_utf8, unlike_json
from speechmatics._errors import InvalidInputError, InvalidResponseError
from speechmatics._secrets import problems_of, sentence_of
from speechmatics.models._collector import CollectorHeld

__all__ = ["invalid_response", "read_json", "text_of"]

_ModelT = TypeVar("_ModelT", bound=BaseModel)


def read_json(model: type[_ModelT], data: bytes | str, *, job_id: str | None = None) -> _ModelT:
    """Reads received JSON as `model`; an error is about the job, where one is given.

    Raises:
        InvalidResponseError: `data` is not JSON, or lacks what the API promises.
    """
    text = text_of(model, data, job_id)
    try:
        with CollectorHeld():
            return model.model_validate_json(text)
    except ValidationError as error:
        raise invalid_response(model, text, error, job_id=job_id) from None


def text_of(model: type[BaseModel], data: object, job_id: str | None = None) -> bytes:
    """Received JSON as bytes in UTF-8; a byte order mark is passed over.

    Raises:
        InvalidInputError: It is neither bytes nor text.
        InvalidResponseError: It has no form in UTF-8.
    """
    if not isinstance(data, bytes | bytearray | str):
        raise InvalidInputError(f"the JSON of a {model.__name__} is given as bytes or text, not {type(data).__name__}")
    try:
        return as_utf8(data)
    except ValueError as error:
        raise InvalidResponseError(f"not a {model.__name__} as the API documents it: {error}", job_id=job_id) from None


def invalid_response(
    model: type[BaseModel], data: bytes | str, error: ValidationError, *, job_id: str | None = None
) -> InvalidResponseError:
    """The error for received JSON that `model` cannot read; names each path and carries the body."""
    body = data.encode() if isinstance(data, str) else data
    what = unlike_json(body) or sentence_of(problems_of(error), "body")
    return InvalidResponseError(f"not a {model.__name__} as the API documents it: {what}", body=body, job_id=job_id)
