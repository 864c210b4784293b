"""How long audio is, before it is decoded; a job says so from its submission on, as older clients need to know."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

__all__ = ["probe_duration"]

PROBE_SECONDS = 1.0
"""How long a submission waits for the length of its audio at most."""


async def probe_duration(audio: Path) -> float:
    """Seconds of audio, as its container says; 0 where it does not, or not soon."""
    with anyio.move_on_after(PROBE_SECONDS):
        return await anyio.to_thread.run_sync(_read_duration, audio, abandon_on_cancel=True)
    return 0.0


def _read_duration(audio: Path) -> float:
    try:
        av: Any = importlib.import_module("av")
        with av.open(str(audio)) as container:
            return max(float(container.duration or 0) / float(av.time_base), 0.0)
    except Exception:
        # Whatever its decoder raises: the engine says what is wrong with the audio.
        return 0.0
