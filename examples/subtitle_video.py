"""Makes subtitles for a video: SubRip for players, WebVTT for web pages.

Usage: SPEECHMATICS_API_KEY=... python examples/subtitle_video.py VIDEO [--language en] [--line-length 42] [--lines 2]

The video is uploaded as it is (mp4, mpeg; under 1 GB): the service reads its sound. What is larger, or of another kind,
gives its sound first, which is a small upload too:

    ffmpeg -i film.mkv -vn -c:a libopus -b:a 32k film.ogg
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from speechmatics import BatchClient, SpeechmaticsError


def main(arguments: list[str] | None = None) -> int:
    """Writes `VIDEO.srt` and `VIDEO.vtt` beside the video, without its suffix, and returns the exit code."""
    parser = argparse.ArgumentParser(description="Makes subtitles for a video.")
    parser.add_argument("video", type=Path)
    parser.add_argument("--language", default="en", help="ISO code, or auto (default: %(default)s)")
    parser.add_argument("--line-length", type=int, default=42, help="columns of a line (default: %(default)s)")
    parser.add_argument("--lines", type=int, default=2, help="lines of a subtitle (default: %(default)s)")
    given = parser.parse_args(arguments)

    config = {"type": "transcription", "transcription_config": {"language": given.language}}
    try:
        with BatchClient(parse=True) as client:
            transcript = client.transcribe(given.video, config)
        # Both come from the one transcript, so that other lengths cost no second job.
        srt = transcript.to_srt(max_line_length=given.line_length, max_lines=given.lines)
        vtt = transcript.to_vtt(max_line_length=given.line_length, max_lines=given.lines)
    except SpeechmaticsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for suffix, subtitles in ((".srt", srt), (".vtt", vtt)):
        path = given.video.with_suffix(suffix)
        path.write_text(subtitles, encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
