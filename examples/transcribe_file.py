"""Transcribes a recording: by the service if there is a key in the environment, otherwise by the local server.

Usage: python examples/transcribe_file.py [AUDIO]
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import httpx

from speechmatics import BatchClient, ConnectionSettings, SpeechmaticsError

BUNDLED = Path(__file__).parent / "audio" / "quickstart.wav"


def main(arguments: list[str]) -> int:
    """Prints the text, saves the transcript beside the working directory's files, returns the exit code."""
    audio = Path(arguments[0]) if arguments else BUNDLED
    saved = Path(f"{audio.stem}.json")
    try:
        with ExitStack() as stack:
            settings = ConnectionSettings()
            if settings.auth_token is None:
                from speechmatics.local import LocalServer

                print("No API key in the environment: starting the local server.", file=sys.stderr)
                settings = stack.enter_context(LocalServer()).connection_settings
            client = stack.enter_context(BatchClient(settings, parse=True))
            transcript = client.transcribe(audio)
    except (SpeechmaticsError, httpx.HTTPError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(transcript.to_text(), end="")
    saved.write_text(transcript.to_json(), encoding="utf-8")
    print(f"The transcript is saved as {saved}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
