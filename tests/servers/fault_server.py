"""A server over raw sockets that speaks the Batch v2 API, and goes wrong as rules say."""

from __future__ import annotations

import contextlib
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.servers.fault_rules import NO_FAULT, PAGE, Ending, Quirks, Rule
from tests.servers.fault_service import Answer, Job, Service, held_seconds, transcript_of, word_of
from tests.servers.fault_wire import Body, Upload, Wire, status_line
from tests.servers.random_faults import random_faults

__all__ = [
    "FaultServer",
    "Job",
    "Quirks",
    "Received",
    "Rule",
    "random_faults",
    "transcript_of",
    "word_of",
]


@dataclass
class Received:
    """A request that came.

    Attributes:
        method: HTTP method.
        path: Path below `/v2`, without a slash at its ends.
        query: Query parameters.
        headers: Headers, by their names in lower case.
        connection: Number of the connection that it came over, from 0.
        rule: Name of the rule that it met, or None.
        body_length: Bytes of its body that were read so far.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    connection: int
    rule: str | None = None
    body_length: int = 0


class FaultServer:
    """A server that goes wrong as its rules say, from entering it to leaving it.

    Args:
        rules: What goes wrong. Of the rules that fit a request, it meets one at most: the first whose turn it is.
        seed: Where chance begins.
        quirks: In what the server differs from the usual one in all its answers.
        tls: A server's context, for https.

    Attributes:
        requests: The requests that came, in the order of their coming.
        connections: Connections that were made.
        met: Names of the rules that were met.

    Example:
        >>> rule = Rule(name="lost answer", method="POST", path="jobs", times=1, drop="after_work")
        >>> with FaultServer([rule]) as server:
        ...     server.url.endswith("/v2")
        True
    """

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        *,
        seed: int = 0,
        quirks: Quirks | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.seed = seed
        self.quirks = quirks or Quirks()
        self.requests: list[Received] = []
        self.connections = 0
        self.met: set[str] = set()
        self._service = Service(self.quirks)
        self._chance = random.Random(seed)
        self._tls = tls
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._rules: tuple[Rule, ...] = ()
        self._fitting: list[int] = []
        self._applied: list[int] = []
        self.use(rules)
        # It is never listened on: it keeps the port while nobody listens.
        self._placeholder = _bind(("127.0.0.1", 0))
        self._address: tuple[str, int] = self._placeholder.getsockname()[:2]
        self._listener = self._listen()

    def __enter__(self) -> Self:
        self._start(partial(self._accept, self._listener))
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._service.close()
        with self._lock:
            self._stop_listening()
            for connection in self._open:
                _shutdown(connection)
        self._placeholder.close()
        while threads := self._copy_threads():
            for thread in threads:
                thread.join()

    @property
    def url(self) -> str:
        """The base URL of the API."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{self._address[0]}:{self._address[1]}/v2"

    @property
    def jobs(self) -> dict[str, Job]:
        """The jobs that were made, by their ids, in the order of their making."""
        return self._service.copy_jobs()

    @property
    def open_connections(self) -> int:
        """How many connections are open."""
        with self._lock:
            return len(self._open)

    def submissions_of(self, submission_id: str) -> list[str]:
        """The ids of the jobs whose `tracking.details` hold the id of a submission."""
        return [job.id for job in self.jobs.values() if submission_id in job.tracking_details.values()]

    def finish(self, job_id: str) -> None:
        """Makes a job be done now, however long it was to run."""
        self._service.finish(job_id)

    def use(self, rules: Iterable[Rule]) -> None:
        """Puts rules in place of those that hold; their counts begin anew."""
        with self._lock:
            self._rules = tuple(rules)
            self._fitting = [0] * len(self._rules)
            self._applied = [0] * len(self._rules)

    def _choose(self, received: Received) -> Rule:
        """Records a request, and draws the rule that it meets."""
        wait = held_seconds(received.query) > 0
        with self._lock:
            self.requests.append(received)
            draw = self._chance.random()
            chosen: Rule | None = None
            for index, rule in enumerate(self._rules):
                if not rule.matches(received.method, received.path, wait):
                    continue
                self._fitting[index] += 1
                is_over = rule.times is not None and self._applied[index] >= rule.times
                if chosen is not None or is_over or self._fitting[index] <= rule.after:
                    continue
                if draw < rule.probability:
                    chosen = rule
                    self._applied[index] += 1
                draw -= rule.probability
            if chosen is None:
                return NO_FAULT
            received.rule = chosen.name
            self.met.add(chosen.name)
            return chosen

    def _start(self, work: Callable[[], None]) -> bool:
        """Starts a thread, unless the server closes."""

        def run() -> None:
            try:
                work()
            finally:
                with self._lock:
                    self._threads.discard(thread)

        thread = threading.Thread(target=run, daemon=True)
        with self._lock:
            if self._closing.is_set():
                return False
            self._threads.add(thread)
            thread.start()
        return True

    def _copy_threads(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._threads)

    def _later(self, seconds: float, work: Callable[[], object]) -> None:
        def run() -> None:
            if not self._closing.wait(seconds):
                work()

        self._start(run)

    def _pause(self, seconds: float) -> None:
        """Waits, and ends the connection when the server closes meanwhile."""
        if seconds and self._closing.wait(seconds):
            raise ConnectionAbortedError

    def _listen(self) -> socket.socket:
        listener = _bind(self._address)
        if self.quirks.receive_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.quirks.receive_buffer)
        listener.listen(256)
        return listener

    def _stop_listening(self) -> None:
        _shutdown(self._listener)
        self._listener.close()

    def _restart(self, seconds: float) -> None:
        with self._lock:
            if self._listener.fileno() < 0:
                return
            self._stop_listening()
        self._later(seconds, self._listen_again)

    def _listen_again(self) -> None:
        with self._lock:
            if self._closing.is_set():
                return
            listener = self._listener = self._listen()
        self._start(partial(self._accept, listener))

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            if not self._start(partial(self._serve, connection, self.connections - 1)):
                connection.close()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        except OSError:
            connection.close()
            return
        with self._lock:
            self._open.add(connection)
            if self._closing.is_set():
                _shutdown(connection)
        wire = Wire(connection, self._pause)
        try:
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            ending: Ending = "keep"
            while ending == "keep" and (head := wire.read_head()) is not None:
                received, body = _read_request(head, number)
                ending = self._exchange(wire, received, body)
            wire.end(ending)
        except (OSError, ValueError):
            return
        finally:
            with self._lock:
                self._open.discard(connection)
                connection.close()

    def _exchange(self, wire: Wire, received: Received, body: Body) -> Ending:
        """Reads a request, and answers it."""
        rule = self._choose(received)
        if rule.drop == "before_body":
            return rule.ends
        if rule.informational is not None:
            wire.send_informational(rule.informational)
        if received.headers.get("expect", "").lower() == "100-continue" and rule.early is None:
            wire.send_informational(100)
        upload = Upload(received.headers.get("content-type", ""))
        pieces = wire.read_body(body, rule)
        for piece in pieces:
            upload.feed(piece)
            received.body_length += len(piece)
        if rule.drop == "during_body":
            return rule.ends
        if rule.early is not None:
            return self._answer_early(wire, received, body, rule)
        if rule.restart is not None:
            self._restart(rule.restart)
        ending = self._answer(wire, received, upload, rule)
        return "close" if ending == "keep" and not _may_keep(received) else ending

    def _answer_early(self, wire: Wire, received: Received, body: Body, rule: Rule) -> Ending:
        """Answers before the request's body has come, and reads the rest of it if the connection is kept."""
        self._pause(rule.delay)
        self._send(wire, _answer_of(rule), rule)
        if rule.ends == "keep":
            for piece in wire.read_body(body, NO_FAULT):
                received.body_length += len(piece)
        return rule.ends

    def _answer(self, wire: Wire, received: Received, upload: Upload, rule: Rule) -> Ending:
        """Does the work as far as the rule lets it, and answers as the rule says."""
        work = partial(self._service.answer, received.method, received.path, received.query, upload)
        answer: Answer | None = None
        if rule.works == "late":
            self._later(rule.work_delay, work)
        elif rule.works == "before":
            answer = work(rule.cut_held_after)
        if rule.cut_held_after is not None and answer is not None:
            rule = NO_FAULT
        if rule.drop is not None:
            return rule.ends
        if rule.hang:
            wire.wait_until_gone()
            return rule.ends
        self._pause(rule.delay)
        self._send(wire, _answer_of(rule, answer), rule)
        return rule.ends

    def _send(self, wire: Wire, answer: Answer, rule: Rule) -> None:
        body = b"" if answer.status in (204, 304) else answer.body
        promised = len(body) - _length(rule.promise_less, len(body), 0)
        lines = {"Content-Type": answer.content_type, "Content-Length": str(promised)}
        if answer.status in (204, 304):
            lines.clear()
        if self.quirks.date:
            lines["Date"] = formatdate(time.time() + self.quirks.clock_offset, usegmt=True)
        replaced = {name.lower() for name in rule.headers}
        lines = {name: value for name, value in lines.items() if name.lower() not in replaced} | dict(rule.headers)
        headers = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        sent = body[: _length(rule.truncate, len(body), len(body))]
        wire.send(f"{status_line(answer.status)}{headers}\r\n".encode(), sent, rule)


def _bind(address: tuple[str, int]) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(address)
    return bound


def _shutdown(connection: socket.socket) -> None:
    """Wakes whoever reads from a socket, writes to it or accepts from it."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _read_request(head: str, connection: int) -> tuple[Received, Body]:
    request_line, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, version = request_line.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if version != "HTTP/1.1":
        headers.setdefault("connection", "close")
    url = urlsplit(target)
    path = unquote(url.path).removeprefix("/v2").strip("/")
    received = Received(method, path, dict(parse_qsl(url.query)), headers, connection)
    length = int(headers.get("content-length", "0"))
    return received, Body(length, length, headers.get("transfer-encoding", "").lower() == "chunked")


def _may_keep(received: Received) -> bool:
    return received.headers.get("connection", "").lower() != "close"


def _answer_of(rule: Rule, real: Answer | None = None) -> Answer:
    """What a rule answers; what it does not say is the service's own."""
    status, body = rule.status, rule.body
    if rule.cut_held_after is not None and status is None:
        status, body = 504, PAGE if body is None else body
    if real is not None and status is None:
        text = real.body if body is None else body.encode()
        return Answer(real.status, text, rule.content_type or _type_of(body) or real.content_type)
    return Answer(status or 200, (body or "").encode(), rule.content_type or _type_of(body) or "application/json")


def _type_of(body: str | None) -> str | None:
    if body is None:
        return None
    return "text/html" if body.startswith("<") else "application/json"


def _length(given: int | str | None, whole: int, otherwise: int) -> int:
    """A number of bytes of a whole."""
    if given is None:
        return otherwise
    return whole // 2 if isinstance(given, str) else min(given, whole)
