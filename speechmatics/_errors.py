"""What every error of this package shares, and those that settings, models and validation raise.

They are public in `speechmatics.exceptions`, which also has those of clients, and draws the tree of all.
"""

from __future__ import annotations

import copy
from typing import Any

import httpx

from speechmatics._answers import REQUEST_ID_HEADERS, decoded

__all__ = [
    "AnswerMismatchError",
    "AudioError",
    "AudioNotFoundError",
    "AudioNotReadableError",
    "ConfigError",
    "ConfigNotFoundError",
    "ConfigNotReadableError",
    "InvalidInputError",
    "InvalidResponseError",
    "MissingExtraError",
    "ResponseTooLargeError",
    "SettingsError",
    "SpeechmaticsError",
    "TranscriptNotFoundError",
    "TranscriptNotReadableError",
]


class SpeechmaticsError(Exception):
    """Base of every error of this package.

    Attributes:
        job_id: The job the error concerns, or None.
        audio: The file that the error concerns, by its path, name or URL (without its query), or None.
    """

    job_id: str | None = None
    audio: str | None = None

    def __init__(self, message: str = "", *, job_id: str | None = None) -> None:
        super().__init__(message)
        self.job_id = job_id

    def __str__(self) -> str:
        """The message, which names the file that it concerns."""
        message = super().__str__()
        return message if self.audio is None or self.audio in message else f"{self.audio}: {message}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets a worker process raise it: errors travel between processes by pickle, and the token does not.

        What was sent is known by its method, URL and id afterwards, in a copy too: the headers hold the token, and the
        body the audio. What the service answered travels whole, but for cookies.
        """
        return _arrived, (type(self), self.args), {name: _portable(value) for name, value in self._travelling().items()}

    def _travelling(self) -> dict[str, Any]:
        """The attributes that travel."""
        return vars(self)


class SettingsError(SpeechmaticsError, ValueError):
    """A connection setting is wrong; the message names the variable or file it came from."""


class InvalidInputError(SpeechmaticsError, ValueError):
    """An argument is wrong; nothing was sent."""


class AudioError(InvalidInputError):
    """The audio cannot be sent: empty, too large, of a wrong type, or changed while it was read."""


class AudioNotFoundError(AudioError, FileNotFoundError):
    """There is no file at the given path."""


class AudioNotReadableError(AudioError, OSError):
    """The audio exists but cannot be read."""


class ConfigError(InvalidInputError):
    """The job configuration is not valid; the message names each field that is wrong."""


class ConfigNotFoundError(ConfigError, FileNotFoundError):
    """There is no configuration file at the given path."""


class ConfigNotReadableError(ConfigError, OSError):
    """The configuration file exists but cannot be read."""


class TranscriptNotReadableError(InvalidInputError, OSError):
    """The file of a transcript exists but cannot be read."""


class TranscriptNotFoundError(TranscriptNotReadableError, FileNotFoundError):
    """There is no transcript at the given path."""


class MissingExtraError(SpeechmaticsError, ImportError):
    """A part of the package needs an extra that is not installed; the message names it."""

    def __init__(self, what: str = "", extra: str | None = None, *, job_id: str | None = None) -> None:
        # No name of an index: until the package is published, anybody could take it there.
        needs = (
            ""
            if extra is None
            else f' needs the extra "{extra}" of speechmatics-typed: pip install ".[{extra}]" in a clone of it, or '
            f'pip install "WHEEL[{extra}]" with the path of its wheel'
        )
        super().__init__(what + needs, job_id=job_id)


class InvalidResponseError(SpeechmaticsError, ValueError):
    """What was received is not what the API documents.

    Attributes:
        body: What was received.
        request: The request that was answered so, where that is another than the one made: that for a temporary key.
    """

    def __init__(
        self, message: str = "", *, body: bytes = b"", job_id: str | None = None, request: httpx.Request | None = None
    ) -> None:
        super().__init__(message, job_id=job_id)
        self.body = body
        self.request = request


class AnswerMismatchError(InvalidResponseError):
    """An answer is about another job than the one asked for, twice in a row: something in between mixes up answers.

    Attributes:
        answered: The id of the job that the answer is about; `job_id` is that of the job asked for.
    """

    def __init__(
        self, message: str = "", *, body: bytes = b"", job_id: str | None = None, answered: str | None = None
    ) -> None:
        super().__init__(message, body=body, job_id=job_id)
        self.answered = answered


class ResponseTooLargeError(InvalidResponseError):
    """An answer has more bytes than the setting `max_response_bytes` allows; it was not read to its end."""


def _portable(value: Any) -> Any:
    """A value of an error as another process gets it."""
    if isinstance(value, httpx.Request):
        known = {name: value.headers[name] for name in REQUEST_ID_HEADERS if name in value.headers}
        # A query may be a signature.
        return httpx.Request(value.method, value.url.copy_with(query=None), headers=known)
    if isinstance(value, httpx.Response):
        response = copy.copy(value)
        response.__dict__.update({name: _portable(part) for name, part in vars(response).items()})
        response.history = [_portable(step) for step in response.history]
        response.headers = httpx.Headers([item for item in value.headers.multi_items() if item[0] != "set-cookie"])
        response.default_encoding = "utf-8" if decoded(value) is None else value.encoding or "utf-8"
        return response
    return value


def _arrived(kind: type[SpeechmaticsError], args: tuple[Any, ...]) -> SpeechmaticsError:
    """An error of which nothing but the arguments is known yet."""
    # `kind.__new__` may be that of ValueError, which does not make an OSError.
    error = OSError.__new__(kind) if issubclass(kind, OSError) else kind.__new__(kind)
    error.args = args
    if isinstance(error, ImportError):
        error.msg = str(error)
    return error
