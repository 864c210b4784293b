"""`speechmatics render`: json-v2 transcripts as text, subtitles and pages, without a key."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechmatics.cli.jobs import TextFormat
from speechmatics.cli.output import print_result, say

if TYPE_CHECKING:
    from speechmatics.models.transcript import Transcript

__all__ = ["render", "rendered"]


def render(
    transcripts: Annotated[list[str], typer.Argument(help="json-v2 files, or - for standard input.")],
    text_format: Annotated[TextFormat, typer.Option("--format", help="What is made of them.")] = TextFormat.TXT,
    audio: Annotated[
        str | None, typer.Option(help="What a page of HTML plays: an address, or a path relative to the page.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder to write files to.")] = None,
) -> None:
    """Render json-v2 transcripts as text, subtitles or pages of HTML.

    Without --output they are printed; with it, calls/a.json becomes OUTPUT/a.srt.
    """
    from speechmatics.exceptions import InvalidInputError
    from speechmatics.models.transcript import Transcript

    if audio is not None and (text_format != TextFormat.HTML or len(transcripts) > 1):
        raise InvalidInputError("--audio is for one transcript, with --format html")
    for name in transcripts:
        transcript = Transcript.from_json(sys.stdin.read()) if name == "-" else Transcript.from_file(name)
        text = rendered(transcript, text_format, audio)
        if output is None:
            print_result(text)
            continue
        stem = "transcript" if name == "-" else Path(name).stem
        file = output / f"{stem}.{text_format}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        say(str(file))


def rendered(transcript: Transcript, text_format: TextFormat, audio: str | None = None) -> str:
    """A transcript in a format; a page plays the audio that is given."""
    match text_format:
        case TextFormat.JSON:
            return transcript.to_json()
        case TextFormat.SRT:
            return transcript.to_srt()
        case TextFormat.VTT:
            return transcript.to_vtt()
        case TextFormat.HTML:
            return transcript.to_html(audio)
        case TextFormat.TXT:
            return transcript.to_text()
