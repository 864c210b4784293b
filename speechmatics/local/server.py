"""`LocalServer`: the server in a thread of this process."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
import anyio.to_thread
from pydantic import SecretStr

from speechmatics.exceptions import SpeechmaticsError
from speechmatics.local.engine import Engine, WhisperEngine, require_extra
from speechmatics.local.state import JobStore
from speechmatics.local.worker import Worker
from speechmatics.settings import ConnectionSettings

__all__ = ["LocalServer"]

MAX_REQUESTS = 400
"""Requests that are answered at once; each of them may be waiting for a job."""
STOP_SECONDS = 5
"""Seconds that a job in hand may take to end when the server stops."""


class LocalServer:
    """The Batch v2 API on this machine, with a speech engine of its own; needs the extra `local`.

    Example:
        >>> with LocalServer() as server, BatchClient(server.connection_settings) as client:  # doctest: +SKIP
        ...     client.transcribe("call.wav")

    Args:
        host: Address to listen at.
        port: Port to listen at; 0 for any that is free.
        data_dir: Where jobs are kept; None for a temporary folder.
        token: The only token accepted; None accepts every request.
        engine: Something else to recognise speech with.
        honour_wait: Whether `wait` holds answers back, as the real service does and on-premises servers do not.

    Raises:
        MissingExtraError: The extra is not installed.
        OSError: The port is taken, or `data_dir` cannot be made.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        data_dir: Path | None = None,
        token: str | None = None,
        engine: Engine | None = None,
        honour_wait: bool = True,
    ) -> None:
        self._address = (host, port)
        self._data_dir = data_dir
        self._token = None if token is None else SecretStr(token)
        self._engine = engine
        self._honour_wait = honour_wait
        self._running: _Running | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The base URL of the API, while the server runs."""
        if self._running is None:
            raise SpeechmaticsError("the local server does not run; start it, or use it in a with block")
        host, port = self._running.address
        return f"http://{host}:{port}/v2"

    @property
    def connection_settings(self) -> ConnectionSettings:
        """Settings for a client of this server; nothing of the environment goes into them."""
        return ConnectionSettings(self.url, auth_token=self._token or SecretStr(""), trust_env=False)

    def start(self) -> Self:
        """Starts the server, and returns once it answers; does nothing if it runs."""
        if self._running is None:
            token = None if self._token is None else self._token.get_secret_value()
            self._running = _Running(
                self._address, self._data_dir, self._engine or WhisperEngine(), token, self._honour_wait
            )
        return self

    def stop(self) -> None:
        """Stops the server; does nothing if it does not run."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()


class _Running:
    """What exists while a server runs."""

    def __init__(
        self, address: tuple[str, int], data_dir: Path | None, engine: Engine, token: str | None, honour_wait: bool
    ) -> None:
        require_extra("the local server", "fastapi", "python_multipart", "uvicorn")
        import uvicorn

        from speechmatics.local.routes import create_app

        with ExitStack() as resources:
            self._socket = resources.enter_context(socket.create_server(address))
            # Connections inherit it. Without it the body of each answer waits 40 ms for its headers to be acknowledged.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.address: tuple[str, int] = self._socket.getsockname()[:2]
            if data_dir is None:
                temporary = tempfile.TemporaryDirectory(prefix="speechmatics-", ignore_cleanup_errors=True)
                data_dir = Path(resources.enter_context(temporary))
            audio_dir = data_dir / "audio"
            audio_dir.mkdir(parents=True, exist_ok=True)
            self._store = resources.enter_context(closing(JobStore(data_dir / "jobs.sqlite")))
            worker = Worker(self._store, engine, audio_dir)
            worker.start()
            resources.callback(worker.stop, STOP_SECONDS)
            app = create_app(self._store, worker, token=token, honour_wait=honour_wait)
            config = uvicorn.Config(
                app, log_config=None, access_log=False, ws="none", lifespan="off", timeout_graceful_shutdown=1
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
        self._resources.close()

    async def _serve(self) -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = MAX_REQUESTS
        await self._server.serve(sockets=[self._socket])

    def _end_serving(self) -> None:
        self._store.end_waiting()
        self._server.should_exit = True
        self._thread.join()
