"""Help for tests of code that uses this package: hypothesis strategies, and fixtures with a local server.

The strategies need the extra `testing`; the fixtures, in `speechmatics.testing.plugin`, need `local` as well.
"""

import importlib
from typing import TYPE_CHECKING

from speechmatics import _installation as _installation

# pytest imports the plugin, and so this package, whenever it starts: nothing is imported before it is used.
if TYPE_CHECKING:
    from speechmatics.testing.strategies import (
        job_configs,
        job_details,
        transcripts,
        wire_job_configs,
        wire_job_details,
        wire_transcripts,
    )

__all__ = [
    "job_configs",
    "job_details",
    "transcripts",
    "wire_job_configs",
    "wire_job_details",
    "wire_transcripts",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in __all__:
            return getattr(importlib.import_module(f"{__name__}.strategies"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
