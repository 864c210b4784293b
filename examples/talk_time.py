"""Your own code: how long each speaker spoke. `examples/test_talk_time.py` tests it.

Usage: python examples/talk_time.py TRANSCRIPT.json
"""

from __future__ import annotations

import sys

from speechmatics import Transcript


def talk_time(transcript: Transcript) -> dict[str, float]:
    """Seconds for each speaker, the longest first; `UU` where no speaker is known.

    The length of each word counts, not that of the turn: pauses are nobody's.
    """
    seconds: dict[str, float] = {}
    for word in transcript.words():
        if word.start_time is not None and word.end_time is not None and word.alternatives:
            speaker = word.alternatives[0].speaker or "UU"
            seconds[speaker] = seconds.get(speaker, 0.0) + word.end_time - word.start_time
    return dict(sorted(seconds.items(), key=lambda item: item[1], reverse=True))


if __name__ == "__main__":
    for name, spoken in talk_time(Transcript.from_file(sys.argv[1])).items():
        print(f"{name}: {spoken:.1f} s")
