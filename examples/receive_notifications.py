"""Receives notification callbacks, prints what they say and saves what they bring.

Usage: python examples/receive_notifications.py [--host HOST] [--port PORT] [--directory DIRECTORY]

The service must reach this server under a public URL. Ask for callbacks in the job's configuration:

    "notification_config": [{
        "url": "https://callbacks.example.com/",
        "contents": ["transcript.json-v2", "jobinfo"],
        "auth_headers": ["Authorization: Bearer s3cret"]
    }]

and give the same secret to this server, which then answers 401 to everybody else:

    CALLBACK_AUTHORIZATION="Bearer s3cret" python examples/receive_notifications.py

The standard library's server is good for trying callbacks out; put the same few lines into the web framework that you
run in earnest.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path

from speechmatics import InvalidResponseError, JobDetails, Notification

MAX_BODY = 1 << 30
"""Bytes of a callback: it may bring the audio back, which is below 1 GB."""
MAX_CHUNK_LINE = 1024
"""Bytes of the line that says how long a chunk is."""


def reasons(notification: Notification) -> list[str]:
    """Why the job failed, or what else went wrong with it, where its details were asked for (`jobinfo`)."""
    job = notification.jobinfo
    errors = job.errors if isinstance(job, JobDetails) else None
    return [error.message or "for no reason that is given" for error in errors or ()]


def save(notification: Notification, directory: Path) -> list[Path]:
    """Writes what a callback brought, one file for each item, and returns the files.

    Raises:
        InvalidResponseError: The job's id could not be part of a file name; anybody can send a callback.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", notification.id):
        raise InvalidResponseError("the job's id is not one of the service's")
    items = {
        "json": notification.transcript.to_json().encode() if notification.transcript else None,
        "txt": notification.txt.encode() if notification.txt is not None else None,
        "srt": notification.srt.encode() if notification.srt is not None else None,
        "jobinfo.json": notification.jobinfo.to_json().encode() if notification.jobinfo else None,
        "audio": notification.data.content if notification.data else None,
    }
    directory.mkdir(parents=True, exist_ok=True)
    saved: list[Path] = []
    for suffix, content in items.items():
        if content is not None:
            saved.append(directory / f"{notification.id}.{suffix}")
            saved[-1].write_bytes(content)
    return saved


def read_body(handler: BaseHTTPRequestHandler) -> bytes:
    """The body of a request, chunked or not.

    Raises:
        InvalidResponseError: It is too large, or its chunks are broken.
    """
    if "chunked" in handler.headers.get("Transfer-Encoding", "").lower():
        return read_chunks(handler.rfile)
    length = handler.headers.get("Content-Length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        raise InvalidResponseError(f"a body of {length} bytes is not taken")
    return handler.rfile.read(int(length))


def read_chunks(stream: BufferedIOBase) -> bytes:
    """A chunked body put together; what follows its last chunk is left to the connection's end."""
    body = bytearray()
    while True:
        line = stream.readline(MAX_CHUNK_LINE).partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", line) or len(body) + int(line, 16) > MAX_BODY:
            raise InvalidResponseError("the chunks of the body are broken or too large")
        size = int(line, 16)
        if size == 0:
            return bytes(body)
        chunk = stream.read(size)
        if len(chunk) < size or stream.readline(MAX_CHUNK_LINE) != b"\r\n":
            raise InvalidResponseError("the body is cut off")
        body += chunk


def make_server(host: str, port: int, directory: Path, authorization: str | None) -> ThreadingHTTPServer:
    """A server that saves callbacks in `directory`; its `serve_forever` begins the work."""

    class Receiver(BaseHTTPRequestHandler):
        timeout = 60

        def do_POST(self) -> None:
            """Answers 200 to a callback that is saved; the service repeats a callback that gets anything else."""
            if authorization is not None and not Notification.is_authorized(self.headers, authorization):
                self.answer(HTTPStatus.UNAUTHORIZED)
                return
            try:
                notification = Notification.from_request(self.path, self.headers, read_body(self))
                saved = save(notification, directory)
            except InvalidResponseError as error:
                print(f"refused: {error}", file=sys.stderr)
                self.answer(HTTPStatus.BAD_REQUEST)
                return
            print(f"job {notification.id}: {notification.status}", *reasons(notification), *saved, sep=", ", flush=True)
            self.answer(HTTPStatus.OK)

        def do_PUT(self) -> None:
            """The same, for a configuration that asks for `"method": "put"`."""
            self.do_POST()

        def answer(self, status: HTTPStatus) -> None:
            """An answer without a body; the connection ends with it."""
            self.close_connection = True
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Says nothing: the request line may hold secrets of the URL."""

    return ThreadingHTTPServer((host, port), Receiver)


def main(arguments: list[str] | None = None) -> int:
    """Serves until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Receives notification callbacks and saves what they bring.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--directory", type=Path, default=Path("notifications"), help="where to save (default: %(default)s)"
    )
    given = parser.parse_args(arguments)
    authorization = os.environ.get("CALLBACK_AUTHORIZATION")
    if not authorization:
        print("CALLBACK_AUTHORIZATION is not set: callbacks are taken from anybody.", file=sys.stderr)
    with make_server(given.host, given.port, given.directory, authorization or None) as server:
        print(f"Listening on http://{server.server_name}:{server.server_port}/ for callbacks.", file=sys.stderr)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
