"""What exists while a server runs: its socket, its jobs, and the threads that do them and answer."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import anyio

from speechmatics.exceptions import SpeechmaticsError
from speechmatics.local.background import Background
from speechmatics.local.engine import Engine, require_extra
from speechmatics.local.engine_processes import InProcessPool, WhisperEngine
from speechmatics.local.faults import Faults
from speechmatics.local.fetching import Fetcher
from speechmatics.local.jobs import Job
from speechmatics.local.notify import Notifier
from speechmatics.local.options import ServerOptions
from speechmatics.local.outbound import Outbound, is_public
from speechmatics.local.requests import RequestLog, Requests
from speechmatics.local.retention import Retention
from speechmatics.local.scripted import ScriptedEngine
from speechmatics.local.scripted_worker import ScriptedWorker
from speechmatics.local.state import JobStore
from speechmatics.local.worker import Worker

__all__ = ["RunningServer"]

STOP_SECONDS = 1
"""Seconds that a job in hand may take to end when the server stops."""


class RunningServer:
    """What exists while a server runs.

    Args:
        address: Host and port to listen at.
        data_dir: Where jobs are kept; None for a temporary folder.
        engine: What recognises speech, or the rules that are followed instead; None for the packaged one.
        token: The only token accepted; None accepts every request.
        options: What the server was given otherwise.
        requests: Where requests are noted.
        faults: What goes wrong.

    Attributes:
        address: Host and port that it listens at.
        store: Its jobs.

    Raises:
        MissingExtraError: The extra `local` is not installed.
        OSError: The port is taken, or `data_dir` cannot be made.
        SpeechmaticsError: Another server uses `data_dir`, or what is in it are no jobs.
    """

    def __init__(
        self,
        address: tuple[str, int],
        data_dir: Path | None,
        engine: Engine | ScriptedEngine | None,
        token: str | None,
        options: ServerOptions,
        requests: RequestLog,
        faults: Faults,
    ) -> None:
        require_extra("the local server", "python_multipart", "starlette", "uvicorn")
        import uvicorn

        from speechmatics.local.connections import connections_with
        from speechmatics.local.cors import Cors
        from speechmatics.local.routes import create_app

        with ExitStack() as resources:
            self._socket = resources.enter_context(socket.create_server(address))
            # Connections inherit it. Without it the body of each answer waits 40 ms for its headers to be acknowledged.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.address: tuple[str, int] = self._socket.getsockname()[:2]
            if data_dir is None:
                temporary = tempfile.TemporaryDirectory(prefix="speechmatics-", ignore_cleanup_errors=True)
                data_dir = Path(resources.enter_context(temporary))
            if not data_dir.exists():
                data_dir.mkdir(mode=0o700, parents=True)
            self.store = resources.enter_context(closing(JobStore(data_dir)))
            self.store.sweep()
            if options.retention_days is not None:
                retention = Retention(self.store, options.retention_days)
                retention.start()
                resources.callback(retention.stop)
            if engine is None:
                engine = resources.enter_context(WhisperEngine())
            worker: Worker | ScriptedWorker
            if isinstance(engine, ScriptedEngine):
                worker = ScriptedWorker(self.store, engine)
            elif isinstance(engine, WhisperEngine):
                worker = Worker(self.store, engine)
            else:
                worker = Worker(self.store, InProcessPool(engine))
            begin = self._begin_with(worker, options, resources)
            for job in self.store.running():
                begin(job)
            worker.start()
            resources.callback(worker.stop, STOP_SECONDS)
            app = create_app(self.store, worker, begin, token=token, options=options)
            self._app = Requests(app, requests, faults)
            config = uvicorn.Config(
                Cors(self._app, options.allowed_origins) if options.allowed_origins else self._app,
                http=connections_with(options.receive_timeout),
                log_config=None,
                access_log=False,
                ws="none",
                lifespan="off",
                ssl_certfile=options.certfile,
                ssl_keyfile=options.keyfile,
                proxy_headers=False,
                timeout_graceful_shutdown=1,
            )
            self._server = uvicorn.Server(config)
            self._thread = threading.Thread(
                target=anyio.run, args=[self._serve], name="speechmatics-local", daemon=True
            )
            self._thread.start()
            resources.callback(self._end_serving)
            while not self._server.started:
                if not self._thread.is_alive():
                    raise SpeechmaticsError("the local server did not start")
                time.sleep(0.005)
            self._resources = resources.pop_all()

    def stop(self) -> None:
        """Ends everything that was begun."""
        self._resources.close()

    def _begin_with(
        self, worker: Worker | ScriptedWorker, options: ServerOptions, resources: ExitStack
    ) -> Callable[[Job], object]:
        """What begins a job: its audio is fetched if need be, and the worker takes it. Notifications follow."""
        background = Background()
        resources.callback(background.stop)
        is_scripted = isinstance(worker, ScriptedWorker)
        # What is scripted is a test, which has nothing to say to anybody outside.
        outbound = Outbound(_is_private if is_scripted else _is_any if options.allow_private_addresses else is_public)
        notifier = Notifier(self.store, outbound, background)
        self.store.on_end = notifier.take
        notifier.start()
        if is_scripted:
            return lambda job: worker.take(job.id)
        return Fetcher(
            self.store,
            outbound,
            background,
            worker.take,
            max_bytes=options.max_audio_bytes,
            max_seconds=options.fetch_timeout,
        ).take

    async def _serve(self) -> None:
        await self._server.serve(sockets=[self._socket])

    def _end_serving(self) -> None:
        self.store.end_waiting()
        self._app.end_delays()
        self._server.should_exit = True
        self._thread.join()


def _is_private(address: str) -> bool:
    return not is_public(address)


def _is_any(address: str) -> bool:
    return True
