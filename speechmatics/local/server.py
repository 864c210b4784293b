"""`LocalServer`: the server in a thread of this process."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from speechmatics.exceptions import InvalidInputError, SpeechmaticsError
from speechmatics.local.engine import Engine
from speechmatics.local.errors import ApiError
from speechmatics.local.faults import Fault, Faults
from speechmatics.local.options import (
    ANY_ORIGIN,
    FETCH_TIMEOUT,
    MAX_AUDIO_BYTES,
    MAX_BACKLOG,
    RECEIVE_TIMEOUT,
    RETENTION_DAYS,
    ServerOptions,
    read_origins,
)
from speechmatics.local.requests import ReceivedRequest, RequestLog
from speechmatics.local.running import RunningServer
from speechmatics.local.scripted import ScriptedEngine
from speechmatics.local.tls import check_certificate
from speechmatics.models.job import JobStatus
from speechmatics.settings import ConnectionSettings

__all__ = ["LocalServer"]


class LocalServer:
    """The Batch v2 API on this machine, with a speech engine of its own; needs the extra `local`.

    Example:
        >>> with LocalServer() as server, BatchClient(server.connection_settings) as client:  # doctest: +SKIP
        ...     client.transcribe("call.wav")

    Args:
        host: Address to listen at; one that other machines can reach needs a token.
        port: Port to listen at; 0 for any that is free.
        data_dir: Where jobs are kept, by one server at a time; it is made for its owner alone if it is not there. None
            for a temporary folder.
        token: The only token accepted; None accepts every request.
        engine: Something else to recognise speech with, or rules that say what becomes of jobs.
        honour_wait: Whether answers about a job that runs are held back, for `wait` seconds or 2 without it, as the
            real service does and on-premises servers do not.
        max_audio_bytes: Bytes of audio that a submission may have; 413 is answered above that.
        allowed_hosts: Names by which the server may be asked, beside `localhost`, `host` and addresses; others are
            answered with 403, and so are web pages, lest they use it behind its owner's back.
        allowed_origins: Origins of web pages that may use the server, as `https://app.example`; `*`, which needs a
            token, for all.
        faults: What goes wrong; see `use_faults`.
        accept_unsupported: Whether to take whatever the service might, and to ignore what the engine cannot do: the log
            of the job and the header `Speechmatics-Local-Ignored` say what that is. A `ScriptedEngine` always does,
            and ignores nothing.
        max_backlog: How many jobs may have yet to end; further submissions are answered with 429.
        certfile: PEM file with the certificate to show, and those that it is signed by; the server speaks HTTPS then.
        keyfile: PEM file with the unencrypted private key; None where it is in `certfile`.
        on_premises: Whether to be as the vendor's container on premises: it takes a job where it has free engines for
            it (503 otherwise), and lists them at `/jobs`; it ignores `wait`, deletes nothing and reports no usage.
        receive_timeout: Seconds that a client may take to send the head of a request, or 16 KiB more of its body, or to
            read some of an answer; then the connection ends, with 408 where that can be said.
        retention_days: Days for which a job and its files are kept, from its submission on; None for ever. 410 is
            answered afterwards.
        allow_private_addresses: Whether audio is fetched from addresses, and notifications are sent to addresses, that
            are not public, as those of this machine and its network.
        fetch_timeout: Seconds that fetching audio may take, for each of three attempts.

    Raises:
        InvalidInputError: `host` can be reached by other machines, and there is no token; or a value is out of its
            range.
        MissingExtraError: The extra is not installed.
        OSError: The port is taken, or `data_dir` cannot be made.
        SpeechmaticsError: Another server uses `data_dir`, or what is in it are no jobs.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        data_dir: Path | None = None,
        token: str | None = None,
        engine: Engine | ScriptedEngine | None = None,
        honour_wait: bool = True,
        max_audio_bytes: int = MAX_AUDIO_BYTES,
        max_backlog: int = MAX_BACKLOG,
        allowed_hosts: Iterable[str] = (),
        allowed_origins: Iterable[str] = (),
        faults: Iterable[Fault] = (),
        accept_unsupported: bool = False,
        certfile: Path | None = None,
        keyfile: Path | None = None,
        on_premises: bool = False,
        receive_timeout: float = RECEIVE_TIMEOUT,
        retention_days: float | None = RETENTION_DAYS,
        allow_private_addresses: bool = False,
        fetch_timeout: float = FETCH_TIMEOUT,
    ) -> None:
        if token is None and not _is_loopback(host):
            raise InvalidInputError(f"other machines can reach {host}: a token is needed")
        if not fetch_timeout > 0:
            raise InvalidInputError(f"fetch_timeout must be above 0, not {fetch_timeout}")
        self._address = (host, port)
        if retention_days is not None and not retention_days > 0:
            raise InvalidInputError(f"retention_days must be above 0, or None, not {retention_days}")
        if not receive_timeout > 0:
            raise InvalidInputError(f"receive_timeout must be above 0, not {receive_timeout}")
        check_certificate(certfile, keyfile)
        if max_backlog < 1:
            raise InvalidInputError(f"max_backlog must be 1 or more, not {max_backlog}")
        try:
            origins = read_origins(allowed_origins)
        except ValueError as error:
            raise InvalidInputError(f"allowed_origins: {error}") from None
        if token is None and ANY_ORIGIN in origins:
            raise InvalidInputError("any web page could use the server: a token is needed")
        self._data_dir = data_dir
        self._token = None if token is None else SecretStr(token)
        self._engine = engine
        self._options = ServerOptions(
            hosts=frozenset(name.lower() for name in (host, *allowed_hosts)),
            allowed_origins=origins,
            honour_wait=honour_wait and not on_premises,
            certfile=certfile,
            keyfile=keyfile,
            on_premises=on_premises,
            receive_timeout=receive_timeout,
            max_audio_bytes=max_audio_bytes,
            max_backlog=max_backlog,
            accept_unsupported=accept_unsupported or isinstance(engine, ScriptedEngine),
            retention_days=retention_days,
            allow_private_addresses=allow_private_addresses,
            fetch_timeout=fetch_timeout,
        )
        self._faults = Faults(faults)
        self._requests = RequestLog()
        self._running: RunningServer | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The base URL of the API, while the server runs."""
        host, port = self._get_running().address
        return f"{'https' if self._options.certfile else 'http'}://{host}:{port}/v2"

    @property
    def connection_settings(self) -> ConnectionSettings:
        """Settings for a client of this server, which trusts `certfile`; nothing of the environment goes into them."""
        verify = self._options.certfile or True
        return ConnectionSettings(self.url, auth_token=self._token or SecretStr(""), trust_env=False, verify=verify)

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The requests that came, in their order, those that met a fault too; the last 10,000 of them."""
        return self._requests.copy()

    def use_faults(self, faults: Iterable[Fault]) -> None:
        """Puts faults in place of those that hold; their counts begin anew. `use_faults([])` ends them.

        Of the faults that fit a request, it meets one at most: the first whose turn it is.
        """
        self._faults.use(faults)

    def expire(self, job_id: str) -> None:
        """Makes a job be one that was kept as long as jobs are kept: its files are gone, and 410 is answered.

        Raises:
            InvalidInputError: There is no such job, or it has not ended, or it has been deleted.
            SpeechmaticsError: The server does not run.
        """
        try:
            job = self._get_running().store.expire(job_id)
        except ApiError:
            raise InvalidInputError(f"there is no job {job_id!r}") from None
        if job.status != JobStatus.EXPIRED:
            raise InvalidInputError(f"job {job_id} is {job.status}; a job that is done or rejected expires")

    def start(self) -> Self:
        """Starts the server, and returns once it answers; does nothing if it runs."""
        if self._running is None:
            token = None if self._token is None else self._token.get_secret_value()
            self._running = RunningServer(
                self._address,
                self._data_dir,
                self._engine,
                token,
                self._options,
                self._requests,
                self._faults,
            )
        return self

    def stop(self) -> None:
        """Stops the server; does nothing if it does not run."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    def _get_running(self) -> RunningServer:
        if self._running is None:
            raise SpeechmaticsError("the local server does not run; start it, or use it in a with block")
        return self._running


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
