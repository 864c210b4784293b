"""Command lines, and what they show in terminals of 80 and 200 columns and in pipes.

`screens/` keeps what they showed when it was looked at.

`python -m tests.cli.scenes` writes it anew: look at each change before it is committed.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from importlib.metadata import version
from pathlib import Path
from typing import Any

from speechmatics import BatchClient
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule

SCREENS = Path(__file__).parent / "screens"
WIDTHS = {"pipe": None, "80": 80, "200": 200}
SCENES = {
    "jobs": [
        "jobs list",
        "jobs list --limit 1 --json",
        "jobs list --tag quarterly",
        "jobs list --tag nobody",
        "jobs show CALL",
        "jobs show nothing",
        "jobs wait CALL BAD",
        "jobs result CALL",
        "jobs result CALL --format srt",
        "jobs result BAD",
        "jobs result CALL --format doc",
        "jobs log CALL",
        "jobs audio CALL -o copy.wav",
        "jobs audio CALL",
        "jobs delete",
        "jobs delete --tag quarterly",
        "jobs delete --tag nobody",
        "jobs delete CALL nothing",
        "jobs remove CALL",
    ],
    "account": [
        "usage",
        "usage --since 2026-13-01",
        "usage --json",
        "features",
        "check",
        "check --json",
        "--url http://127.0.0.1:1/v2 check",
        "--profile nobody check",
    ],
    "validate": [
        "validate config good.json",
        "validate config good.json wrong.json odd.json",
        "validate config --strict odd.json",
        "validate config --json wrong.json",
        "validate config --records wrong.json",
        "validate config missing.json",
        "validate transcript said.json cut.json",
        "validate transcript --records cut.json",
        "validate",
    ],
    "render": [
        "render said.json",
        "render said.json --format srt",
        "render said.json --format vtt --output rendered",
        "render said.json --format pdf",
        "render cut.json",
        "render missing.json",
        "render said.json --audio call.wav",
    ],
    "evaluate": [
        "evaluate said.json said.txt",
        "evaluate said.json said.txt --alignment",
        "evaluate said.json said.txt --json",
        "evaluate said.json missing.txt",
    ],
    "config": [
        "config show",
        "config set client_ref team-a",
        "config set urll http://host",
        "config set read_timeout soon",
        "config unset client_ref",
        "config unset urll",
    ],
    "transcribe": [
        "transcribe calls/call.wav",
        "transcribe calls/call.wav --format srt",
        "transcribe calls/bad.wav",
        "transcribe missing.wav",
        "transcribe calls/cal.wav",
        "transcribe nowhere/call.wav",
        "transcribe 'calls/*.wav'",
        "transcribe 'calls/c*.wav'",
        "transcribe 'calls/*.mp3'",
        "transcribe 'nowhere/*.mp3'",
        "transcribe calls",
        "transcribe calls/call.wav --format doc",
        "transcribe calls/call.wav --diarization speakers",
        "transcribe calls/call.wav --language english",
        "transcribe calls --output out --dry-run --price 0.3",
        "transcribe calls --output out",
        "transcribe calls --output out",
        "transcribe calls --output out --json",
        "transcribe missing --output out",
        "transcribe calls --auth-token the-key",
    ],
    "batch": [
        "batch submit calls/call.wav --language en",
        "batch transcribe calls/call.wav calls/bad.wav",
        "batch job-status --job-id nothing",
        "batch submit missing.wav",
        "rt transcribe call.wav",
    ],
    "command": [
        "transcrib call.wav",
        "serve --scripted missing",
    ],
}
HELP = [
    "--help",
    *(f"{name} --help" for name in ("transcribe", "usage", "features", "check", "render", "evaluate")),
    *(f"jobs {name} --help" for name in ("list", "show", "wait", "result", "log", "audio", "delete")),
    *(f"{group} --help" for group in ("jobs", "validate", "config")),
    *("validate config --help", "validate transcript --help"),
    *("config show --help", "config set --help", "config unset --help"),
]
"""What typer lays out; of `batch` and `serve` it is argparse, which each Python has do it otherwise."""
CHILD = """
import json, sys
from speechmatics.cli import main
for line in json.loads(sys.argv[1]):
    sys.argv = ["speechmatics", *line]
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        stream.write(f"\\x1e{code}\\x1e")
        stream.flush()
"""
"""Runs all lines in one process, which imports the package once, and writes how each ended to both streams."""
_ENDS = re.compile(r"\x1e(\w+)\x1e")
_TALLEST = 400
"""Lines of a terminal that shows all of what a command prints."""


def play(width: int | None) -> dict[str, str]:
    """What the lines of each scene show; in a pipe, what is told on standard error is marked."""
    rules = [
        ScriptedRule(name="bad.wav", reject="the audio has no speech"),
        ScriptedRule(text="Good morning, this is a call about the garden. Please call me back before the weekend."),
    ]
    with (
        tempfile.TemporaryDirectory() as name,
        LocalServer(engine=ScriptedEngine(rules), token="the-key") as server,
    ):
        folder = Path(name)
        _make_files(folder)
        ids = _make_jobs(server)
        lines = [line for scene in SCENES.values() for line in scene]
        typed = [shlex.split(re.sub("CALL|BAD", lambda word: ids[word[0]], line)) for line in [*lines, *HELP]]
        shown = _shown(typed, width, folder, server, ids)
    texts = iter(shown)
    screens = {
        name: "".join(f"$ speechmatics {line}\n{next(texts)}" for line in scene) for name, scene in SCENES.items()
    }
    return screens | {"help": "".join(f"$ speechmatics {line}\n{next(texts)}" for line in HELP)}


def _make_files(folder: Path) -> None:
    """The files that the lines name."""
    (folder / "calls").mkdir()
    for name in ("call.wav", "bad.wav", "twin.wav"):
        (folder / "calls" / name).write_bytes(name.encode())
    language = {"language": "en"}
    words = ["Good", "morning", "this", "is", "a", "call", "about", "the", "garden"]
    results = [
        {
            "type": "word",
            "start_time": number / 2,
            "end_time": number / 2 + 0.4,
            "alternatives": [{"content": word, "confidence": 0.9, **language}],
        }
        for number, word in enumerate(words)
    ]
    for name, content in {
        "good.json": {"type": "transcription", "transcription_config": language},
        "wrong.json": {
            "type": "transcription",
            "transcription_config": {"diarization": "speakers", "max_delay": "late"},
            "notification_config": [{"url": "nowhere"}],
        },
        "odd.json": {
            "type": "transcription",
            "transcription_config": {"language": "english", "diarisation": "speaker"},
        },
        "said.json": {
            "format": "2.9",
            "metadata": {"created_at": "2026-01-31T12:00:00Z", "type": "transcription"},
            "results": results,
        },
    }.items():
        (folder / name).write_text(json.dumps(content))
    (folder / "cut.json").write_text('{"format": "2.9", "metadata": {}, "results": [{"type": "wor')
    (folder / "said.txt").write_text("Good morning. This was a call about a garden!")


def _make_jobs(server: LocalServer) -> dict[str, str]:
    """Jobs that have ended; their ids, by the word that lines have for them."""
    long = "Rücksprache mit der Gärtnerei über den Brunnen und die Blumen, zweiter Teil.wav"
    config = {"type": "transcription", "transcription_config": {"language": "en"}}
    with BatchClient(server.connection_settings) as client:
        ids = {
            word: client.submit_job((file, b"audio"), {**config, "tracking": {"tags": tags}})
            for word, file, tags in [
                ("CALL", "call.wav", ["quarterly"]),
                ("BAD", "bad.wav", ["quarterly", "loud"]),
                ("LONG", long, []),
            ]
        }
        for job_id in ids.values():
            client.check_job_status(job_id, wait=60)
    return ids


def _shown(
    lines: list[list[str]], width: int | None, folder: Path, server: LocalServer, ids: dict[str, str]
) -> list[str]:
    """What each line shows, with its exit code, and without what differs each time."""
    environ = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")}
    environ |= {
        "HOME": str(folder),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "SPEECHMATICS_URL": server.url,
        "SPEECHMATICS_API_KEY": "the-key",
        "SPEECHMATICS_RETRY_ATTEMPTS": "1",
    }
    command = [sys.executable, "-c", CHILD, json.dumps(lines)]
    known = {job_id: f"{word.lower():x<10}" for word, job_id in ids.items()}
    known[str(folder)] = "/home/me"
    known[server.url] = "http://127.0.0.1:12345/v2"
    if width is None:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=folder, env=environ, check=True
        )
        printed, told = (_ENDS.split(_masked(text, known)) for text in (done.stdout, done.stderr))
        return [
            said + "".join(f"stderr: {line}\n" for line in error.splitlines()) + _end(code)
            for said, error, code in zip(printed[:-1:2], told[:-1:2], printed[1::2], strict=True)
        ]
    # On a terminal both streams are one, so that each end is there twice.
    parts = _ENDS.split(_masked(in_terminal(command, width, folder, environ), known))
    return [_screen(text, width) + _end(code) for text, code in zip(parts[:-1:4], parts[1::4], strict=True)]


def _end(code: str) -> str:
    return "" if code == "0" else f"exit code {code}\n"


def in_terminal(command: list[str], width: int, folder: Path, environ: dict[str, str], code: int = 0) -> str:
    """All that a terminal of this width is sent, by a command that ends with this code."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    process = subprocess.Popen(command, stdout=slave, stderr=slave, stdin=subprocess.DEVNULL, cwd=folder, env=environ)
    os.close(slave)
    sent = b""
    try:
        while part := os.read(master, 65536):
            sent += part
    except OSError:
        pass  # how Linux says that nobody writes any more
    os.close(master)
    assert process.wait(60) == code
    return sent.decode()


def _screen(sent: str, width: int) -> str:
    """What stands on the terminal's screen in the end."""
    pyte: Any = importlib.import_module("pyte")  # which has no types
    screen = pyte.Screen(width, _TALLEST)
    pyte.Stream(screen).feed(sent)
    lines: list[str] = [line.rstrip() for line in screen.display]
    return "\n".join(lines).rstrip() + "\n" if any(lines) else ""


def _masked(text: str, known: dict[str, str]) -> str:
    """Without what differs each time, each in the length it has."""
    for given, name in known.items():
        text = text.replace(given, name)
    text = re.sub(r"\d{4}-\d\d-\d\d(?=[ T]\d\d:)", "2026-01-31", text)
    text = re.sub(r"(?<=2026-01-31[ T])\d\d:\d\d:\d\d(\.\d{6})?", "12:00:00", text)
    text = re.sub(r"(?<![\d/])20(?!26-01-31|26-13)\d\d-\d\d-\d\d", "2026-02-01", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "0" * 32, text)
    text = re.sub(r"EOF while parsing .*? column \d+", "EOF while parsing", text)  # in words of Pydantic
    return re.sub(
        r'(?<=[Jj]ob )[a-z0-9]{10}\b|(?<=ID: )[a-z0-9]{10}\b|(?<="job_id": ")[a-z0-9]{10}\b', "xxxxxxxxxx", text
    )


def versions() -> str:
    """Those of the packages that lay out help and the errors of wrong options."""
    return "".join(f"{name} {version(name)}\n" for name in ("typer", "click"))


def write() -> None:
    """Writes the files anew."""
    SCREENS.mkdir(exist_ok=True)
    (SCREENS / "versions.txt").write_text(versions(), encoding="utf-8")
    for kind, width in WIDTHS.items():
        for name, text in play(width).items():
            (SCREENS / f"{name}.{kind}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
