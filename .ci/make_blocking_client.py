"""Makes `speechmatics/batch_client.py` from `speechmatics/async_batch_client.py`, the one that is edited.

With `--check` nothing is written: it fails where the file is not what would be made.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "speechmatics"
SOURCE, TARGET = PACKAGE / "async_batch_client.py", PACKAGE / "batch_client.py"

PASSAGES = {
    "submit recordings, wait, read transcripts, awaited.": "submit recordings, wait, read transcripts.",
    " for asyncio and trio.": ".",
    "The methods are those of `BatchClient`, awaited; `iter_jobs`, `submit_jobs` and `wait_for_many` are read by "
    "`async for`. ": "",
    "closes it. One client may be used by many tasks of one event loop. A task that is cancelled while it waits leaves "
    "the job running.": "closes it. One client may be used\n    from many threads.",
    'transcript = await client.transcribe("call.wav")': 'print(client.transcribe("call.wav").to_text())',
    " A file object may be one whose `read` is awaited, of `aiofiles`, `anyio.open_file` or an `UploadFile` of "
    "Starlette and FastAPI: it is read on the event loop.": "",
    " It may be a coroutine function.": "",
}
"""Where the two clients differ in more than a word; lines may be broken anywhere."""

WORDS = {
    "an `async ": "a `",
    "async ": "",
    "await ": "",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "AsyncAudioInput": "AudioInput",
    "AsyncBatchClient": "BatchClient",
    "AsyncClient": "Client",
    "AsyncIterator": "Iterator",
    "AwaitingDriver": "BlockingDriver",
    "ParsedAsyncBatchClient": "ParsedBatchClient",
}
"""The words that differ."""

HEADER = "# Made from async_batch_client.py by .ci/make_blocking_client.py; edit that one.\n"


def in_blocking_words(text: str) -> str:
    """Text of the async client as the blocking one has it."""
    for passage, other in PASSAGES.items():
        text = _found(passage).sub(other, text)
    words = "|".join(map(re.escape, WORDS))
    return re.sub(rf"\b(?:{words})\b", lambda found: WORDS[found[0]], text)


def _found(passage: str) -> re.Pattern[str]:
    return re.compile(r"\s+".join(map(re.escape, passage.split(" "))))


def make_blocking_client() -> str:
    """The source of the blocking client, formatted."""
    source = SOURCE.read_text(encoding="utf-8")
    for passage in PASSAGES:
        if len(_found(passage).findall(source)) != 1:
            raise SystemExit(f"{SOURCE.name} must have this once: {passage!r}")
    made = HEADER + in_blocking_words(source)
    for command in (["check", "--quiet", "--fix", "--select", "I"], ["format", "--quiet"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(TARGET), "-"]
        made = subprocess.run(ruff, input=made, capture_output=True, encoding="utf-8", check=True).stdout
    return made


if __name__ == "__main__":
    blocking = make_blocking_client()
    if "--check" not in sys.argv:
        TARGET.write_text(blocking, encoding="utf-8")
    elif TARGET.read_text(encoding="utf-8") != blocking:
        raise SystemExit(f"{TARGET.name} is not what is made from {SOURCE.name}: run .ci/{Path(__file__).name}")
