"""The Batch v2 API on this machine, with a speech engine of its own; needs the extra `local`."""

from speechmatics import _installation as _installation
from speechmatics.local.engine import Engine, Recognition, UnreadableAudio
from speechmatics.local.engine_processes import WhisperEngine
from speechmatics.local.faults import Fault
from speechmatics.local.requests import ReceivedRequest
from speechmatics.local.scripted import ScriptedEngine, ScriptedRule
from speechmatics.local.server import LocalServer

__all__ = [
    "Engine",
    "Fault",
    "LocalServer",
    "ReceivedRequest",
    "Recognition",
    "ScriptedEngine",
    "ScriptedRule",
    "UnreadableAudio",
    "WhisperEngine",
]
