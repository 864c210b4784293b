"""What is written of a transcript: all formats from one json-v2, each file whole or absent."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args
from urllib.parse import quote

from speechmatics.exceptions import InvalidInputError
from speechmatics.models.transcript import Transcript
from speechmatics.runner.folders import OutputFile, OutputFolder

__all__ = ["OutputFormat", "check_formats", "output_names", "write_outputs"]

OutputFormat: TypeAlias = Literal["json", "txt", "srt", "vtt", "html"]
"""The suffix of an output: the json-v2 as it came, or what `Transcript` renders of it."""


def check_formats(formats: Sequence[str]) -> tuple[OutputFormat, ...]:
    """The formats, each once.

    Raises:
        InvalidInputError: There is none, or one is not known.
    """
    known: tuple[OutputFormat, ...] = get_args(OutputFormat)
    if unknown := [each for each in formats if each not in known]:
        raise InvalidInputError(f"unknown format {unknown[0]!r}: it must be one of {', '.join(known)}")
    if not formats:
        raise InvalidInputError(f"a format is needed: {', '.join(known)}")
    return tuple(each for each in known if each in formats)


def output_names(output: str, formats: Sequence[OutputFormat]) -> list[str]:
    """What the outputs of a file are called in their folder."""
    return [f"{output}.{each}" for each in formats]


def write_outputs(
    folder: OutputFolder,
    output: str,
    formats: Sequence[OutputFormat],
    transcript: dict[str, Any],
    audio: str | None = None,
) -> None:
    """Writes a transcript in each format; a page plays the audio, a file of this machine, from where that is.

    Raises:
        OSError: One cannot be written; those before it are there.
    """
    parsed = None if tuple(formats) == ("json",) else Transcript.model_validate(transcript)
    for name, each in zip(output_names(output, formats), formats, strict=True):
        if each == "json" or parsed is None:
            text = json.dumps(transcript, ensure_ascii=False, separators=(",", ":"))
        elif each == "txt":
            text = parsed.to_text()
        elif each == "srt":
            text = parsed.to_srt()
        elif each == "vtt":
            text = parsed.to_vtt()
        else:
            text = parsed.to_html(_from_page(folder.where(name), audio))
        folder.write(name, text)


def _from_page(page: OutputFile, audio: str | None) -> str | None:
    """The address of audio relative to a page; None where they are on different machines or drives."""
    if audio is None or isinstance(page, str):
        return None
    try:
        relative = Path(os.path.relpath(audio, page.parent))
    except ValueError:
        return None
    return quote(os.fsencode(relative.as_posix()))
