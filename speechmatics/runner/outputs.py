"""What is written of a transcript: all formats from one json-v2, each file whole or absent."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from speechmatics.exceptions import InvalidInputError
from speechmatics.models.transcript import Transcript

__all__ = ["OutputFormat", "check_formats", "output_files", "write_atomically", "write_outputs"]

OutputFormat: TypeAlias = Literal["json", "txt", "srt", "vtt"]
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


def output_files(folder: Path, output: str, formats: Sequence[OutputFormat]) -> list[Path]:
    """Where the outputs of a file are."""
    return [folder / f"{output}.{each}" for each in formats]


def write_outputs(folder: Path, output: str, formats: Sequence[OutputFormat], transcript: dict[str, Any]) -> list[Path]:
    """Writes a transcript in each format, and gives the files.

    Raises:
        OSError: One cannot be written; those before it are there.
    """
    files = output_files(folder, output, formats)
    parsed = None if tuple(formats) == ("json",) else Transcript.model_validate(transcript)
    for file, each in zip(files, formats, strict=True):
        if each == "json" or parsed is None:
            text = json.dumps(transcript, ensure_ascii=False, separators=(",", ":"))
        elif each == "txt":
            text = parsed.to_text()
        elif each == "srt":
            text = parsed.to_srt()
        else:
            text = parsed.to_vtt()
        write_atomically(file, [text])
    return files


def write_atomically(file: Path, parts: Iterable[str]) -> None:
    """Writes a file so that it is whole or not there, whenever the program ends."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n", errors="surrogatepass") as writing:
            writing.writelines(parts)
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
