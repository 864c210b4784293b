"""What commands print, and how they end: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from enum import IntEnum
from pathlib import Path

__all__ = ["ExitCode", "exit_code_of", "print_json", "print_result", "read_text", "say"]


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    SETTINGS = 3
    """A setting or the key is wrong, or missing."""
    UNREACHABLE = 4
    INTERRUPTED = 130


def print_result(text: str) -> None:
    """Prints a result, with a line break at its end; characters that standard output lacks are written out."""
    encoding = sys.stdout.encoding
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    sys.stdout.flush()


def print_json(value: object) -> None:
    """Prints a result as one line of JSON."""
    print_result(json.dumps(value, ensure_ascii=False, default=str))


def say(text: str) -> None:
    """Tells something that is no result."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def read_text(file: Path) -> str:
    """The text of a file.

    Raises:
        InvalidInputError: It is not there, cannot be read, or is no text in UTF-8.
    """
    from speechmatics.exceptions import InvalidInputError

    try:
        return file.read_text("utf-8-sig")
    except FileNotFoundError:
        raise InvalidInputError(f"there is no file {file}") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{file} is no text in UTF-8") from None
    except OSError as error:
        raise InvalidInputError(f"{file} cannot be read: {error.strerror}") from None


def exit_code_of(error: Exception) -> ExitCode | None:
    """How a command ends that met an error; None where the error is a fault of ours."""
    from speechmatics import exceptions as errors

    if isinstance(error, errors.SettingsError | errors.AuthenticationError | errors.PermissionDeniedError):
        return ExitCode.SETTINGS
    if isinstance(error, errors.RequestError | errors.ServerError):
        return ExitCode.UNREACHABLE
    if isinstance(error, errors.TranscriptionError):
        return ExitCode.SOME_FAILED
    if isinstance(error, errors.InvalidInputError | errors.MissingExtraError):
        return ExitCode.USAGE
    if isinstance(error, errors.SpeechmaticsError | OSError):
        return ExitCode.SOME_FAILED
    return None
