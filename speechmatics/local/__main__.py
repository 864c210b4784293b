"""`python -m speechmatics.local`: the server as a process, until Ctrl-C."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from speechmatics.exceptions import SpeechmaticsError
from speechmatics.local.engine_processes import MAX_AUDIO_SECONDS, MAX_MEMORY, WhisperEngine
from speechmatics.local.faults import read_faults
from speechmatics.local.options import MAX_BACKLOG, RECEIVE_TIMEOUT, RETENTION_DAYS
from speechmatics.local.scripted import ScriptedEngine
from speechmatics.local.server import LocalServer

__all__ = ["main"]

_EPILOG = (
    "Every token is accepted, unless the environment variable SPEECHMATICS_LOCAL_TOKEN names the only one that is."
)


def main(arguments: list[str] | None = None, program: str = "python -m speechmatics.local") -> int:
    """Runs the server until it is asked to stop; returns the exit code."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__, epilog=_EPILOG)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default %(default)s)")
    parser.add_argument("--port", type=_port, default=8080, help="port to listen at, 0 for any (default %(default)s)")
    parser.add_argument("--data-dir", type=Path, help="folder that keeps the jobs (default: a temporary one)")
    heard = parser.add_mutually_exclusive_group()
    heard.add_argument(
        "--model",
        type=Path,
        metavar="FOLDER",
        help="model for faster-whisper (default: the packaged one, which knows English)",
    )
    heard.add_argument(
        "--scripted",
        type=Path,
        metavar="PATH",
        help="folder of transcripts, or TOML or JSON file of rules, that say what was heard (default: a speech engine)",
    )
    parser.add_argument(
        "--accept-unsupported",
        action="store_true",
        help="ignore what the speech engine cannot do, and say so in the job's log and in a header",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="name by which the server may be asked, beside localhost and addresses, as in a network of containers",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="origin of web pages that may use the server, as https://app.example; * for all, which needs a token",
    )
    parser.add_argument(
        "--on-premises",
        action="store_true",
        help="be as the container on premises: 503 where its engines are busy, nothing is deleted, wait is ignored",
    )
    parser.add_argument(
        "--receive-timeout",
        type=float,
        default=RECEIVE_TIMEOUT,
        metavar="SECONDS",
        help="time for the head of a request, and for each 16 KiB of its body (default %(default)g)",
    )
    parser.add_argument(
        "--certfile", type=Path, metavar="PEM", help="certificate to show; the server speaks HTTPS then"
    )
    parser.add_argument("--keyfile", type=Path, metavar="PEM", help="its private key (default: in --certfile)")
    parser.add_argument("--processes", type=int, default=2, help="jobs that are done at once (default %(default)s)")
    parser.add_argument(
        "--max-audio-hours", type=float, default=MAX_AUDIO_SECONDS / 3600, help="length of audio (default %(default)g)"
    )
    parser.add_argument(
        "--max-memory-mb",
        type=int,
        default=MAX_MEMORY // 1_000_000,
        help="MB of memory that a job may need beside the model (default %(default)s)",
    )
    parser.add_argument(
        "--max-backlog",
        type=int,
        default=MAX_BACKLOG,
        metavar="JOBS",
        help="how many jobs may have yet to end (default %(default)s)",
    )
    parser.add_argument(
        "--allow-private-addresses",
        action="store_true",
        help="fetch audio from this machine and its network, too, and send notifications there",
    )
    parser.add_argument(
        "--retention-days",
        type=float,
        default=RETENTION_DAYS,
        metavar="DAYS",
        help="how long jobs are kept (default %(default)g)",
    )
    parser.add_argument("--fault", type=Path, metavar="FILE", help="TOML or JSON file with faults, which go wrong")
    options = parser.parse_args(arguments)
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    logging.getLogger("speechmatics.local").setLevel(logging.INFO)
    logging.getLogger("speechmatics.local").addHandler(logging.StreamHandler())
    try:
        engine: ScriptedEngine | WhisperEngine
        if options.scripted:
            engine = ScriptedEngine.from_path(options.scripted)
        else:
            engine = WhisperEngine(
                options.model,
                processes=options.processes,
                max_audio_seconds=options.max_audio_hours * 3600,
                max_memory=options.max_memory_mb * 1_000_000,
            )
        server = LocalServer(
            host=options.host,
            port=options.port,
            data_dir=options.data_dir,
            token=os.environ.get("SPEECHMATICS_LOCAL_TOKEN") or None,
            engine=engine,
            accept_unsupported=options.accept_unsupported,
            allowed_hosts=options.allow_host,
            allowed_origins=options.allow_origin,
            max_backlog=options.max_backlog,
            certfile=options.certfile,
            keyfile=options.keyfile,
            on_premises=options.on_premises,
            receive_timeout=options.receive_timeout,
            retention_days=options.retention_days,
            allow_private_addresses=options.allow_private_addresses,
            faults=read_faults(options.fault) if options.fault else (),
        )
        with server:
            sys.stdout.write(f"listening at {server.url} (clients: SPEECHMATICS_URL={server.url}); Ctrl-C stops\n")
            sys.stdout.flush()
            # A signal that another thread is given wakes nobody who waits without end.
            while not stop.wait(0.5):
                pass
    except OSError as error:
        place = f"keep jobs in {error.filename}" if error.filename else f"listen at {options.host}:{options.port}"
        reason = str(error.strerror).partition(" (while ")[0]  # newer Pythons name the address once more
        sys.stderr.write(f"cannot {place}: {reason}\n")
        return 1
    except SpeechmaticsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"must be from 0 to 65535, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
