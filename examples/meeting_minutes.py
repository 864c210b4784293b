"""Makes minutes of a meeting, in Markdown: who spoke for how long, the summary, and who said what when.

Usage: SPEECHMATICS_API_KEY=... python examples/meeting_minutes.py RECORDING [--name S1=Alice --name S2=Bob]

The speakers are told apart by their voices (speaker diarization) and called S1, S2, ...; a first run shows who is who.
The transcript is saved as RECORDING.json: where it is there already, nothing is paid again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from speechmatics import BatchClient, InvalidInputError, SpeechmaticsError, Transcript

CONFIG = {
    "type": "transcription",
    "transcription_config": {"language": "en", "diarization": "speaker"},
    "summarization_config": {"content_type": "conversational", "summary_type": "bullets"},
}
NOBODY = "UU"
"""The service's name for a speaker that it could not tell."""


def transcribe(recording: Path) -> Transcript:
    """The transcript of a recording: the saved one, or a new one, which is saved."""
    saved = recording.with_name(f"{recording.name}.json")
    if saved.exists():
        return Transcript.from_file(saved)
    with BatchClient(parse=True) as client:
        transcript = client.transcribe(recording, CONFIG)
    saved.write_text(transcript.to_json(), encoding="utf-8")
    return transcript


def minutes(transcript: Transcript, title: str) -> Iterator[str]:
    """The lines of the minutes."""
    turns = list(transcript.turns())
    seconds: dict[str, float] = {}
    for turn in turns:
        speaker = turn.speaker or NOBODY
        seconds[speaker] = seconds.get(speaker, 0.0) + turn.end - turn.start
    longest_first = sorted(seconds.items(), key=lambda item: item[1], reverse=True)
    yield f"# {title}\n"
    yield "| speaker | spoke for |\n|---|---|"
    yield from (f"| {speaker} | {clock(spoken)} |" for speaker, spoken in longest_first)
    if transcript.summary and transcript.summary.content:
        yield f"\n## Summary\n\n{transcript.summary.content}"
    yield "\n## What was said"
    yield from (f"\n**{turn.speaker or NOBODY}** ({clock(turn.start)}): {turn.text}" for turn in turns)


def clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def speaker_name(text: str) -> tuple[str, str]:
    """What `--name` is given."""
    label, equals, name = text.partition("=")
    if not (label and equals and name):
        raise argparse.ArgumentTypeError(f"{text!r} is not like S1=Alice")
    return label, name


def main(arguments: list[str] | None = None) -> int:
    """Writes `RECORDING.md`, and returns the exit code."""
    parser = argparse.ArgumentParser(description="Makes minutes of a meeting.")
    parser.add_argument("recording", type=Path)
    parser.add_argument("--name", type=speaker_name, action="append", default=[], help="S1=Alice; again for others")
    given = parser.parse_args(arguments)
    try:
        transcript = transcribe(given.recording)
        transcript = transcript.rename_speakers(dict(given.name))
    except InvalidInputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except SpeechmaticsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    page = given.recording.with_name(f"{given.recording.name}.md")
    page.write_text("\n".join(minutes(transcript, given.recording.stem)) + "\n", encoding="utf-8")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
