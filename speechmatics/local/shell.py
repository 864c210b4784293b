"""`LocalServer`: the server in a thread of this process."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from speechmatics.exceptions import MissingExtraError, SpeechmaticsError
from speechmatics.local.engine import Engine, WhisperEngine
from speechmatics.local.state import JobStore
from speechmatics.local.worker import Worker
from speechmatics.settings import ConnectionSettings

__all__ = ["LocalServer"]

START_SECONDS = 30
"""Seconds that starting may take."""
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
        OSError: The port is taken.
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
        try:
            import uvicorn

            from speechmatics.local.routes import create_app
        except ImportError:
            raise MissingExtraError("the local server", "local") from None
        self._socket = socket.create_server(address)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._temporary = tempfile.TemporaryDirectory(prefix="speechmatics-") if data_dir is None else None
        folder = Path(self._temporary.name) if self._temporary else data_dir or Path()
        audio_dir = folder / "audio"
        audio_dir.mkdir(parents=True, exist_ok=True)
        self._store = JobStore(folder / "jobs.sqlite")
        self._worker = Worker(self._store, engine, audio_dir)
        self._worker.start()
        app = create_app(self._store, self._worker, token=token, honour_wait=honour_wait)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, ws="none", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="speechmatics-local", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise SpeechmaticsError("the local server did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        self._store.close()
        self._server.should_exit = True
        self._thread.join()
        self._worker.stop(STOP_SECONDS)
        self._socket.close()
        if self._temporary is not None:
            self._temporary.cleanup()
