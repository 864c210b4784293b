"""An S3 of the tests: moto's, over HTTP, whose requests are counted, and some of which are refused where asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import httpx
import pytest

__all__ = ["KEY_ID", "SECRET", "ObjectStore", "running_object_store", "set_environment"]

SECRET = "s3cret-of-the-store"
"""What no file, log, error or task may show."""
KEY_ID = "AKIAOFTHESTORE"
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@dataclass
class ObjectStore:
    """A server of S3 with one bucket, `calls`.

    Attributes:
        url: Where it is.
        requests: Methods and targets, in the order of their coming.
        refusals: Requests still to be answered with 503 (SlowDown).
    """

    url: str
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    refusals: int = 0

    def reset(self) -> None:
        """Begins anew, with an empty bucket."""
        self.refusals = 0
        httpx.post(f"{self.url}/moto-api/reset").raise_for_status()
        httpx.post(f"{self.url}/moto-api/reset-auth", content=b"inf").raise_for_status()
        self.backend.create_bucket("calls", "us-east-1")
        self.requests.clear()
        self.forget_connections()

    def require_known_keys(self) -> None:
        """Every key is unknown from now on, as moto knows only those that IAM made."""
        httpx.post(f"{self.url}/moto-api/reset-auth", content=b"0").raise_for_status()
        self.forget_connections()

    @property
    def backend(self) -> Any:
        """What moto keeps."""
        return import_module("moto.s3.models").s3_backends["123456789012"]["aws"]

    def put(self, key: str, content: bytes) -> None:
        """Puts an object into the bucket, as another program would."""
        self.backend.put_object("calls", key, content)

    def contents(self, prefix: str = "") -> dict[str, bytes]:
        """The objects of the bucket whose keys begin so."""
        keys = self.backend.buckets["calls"].keys.items()
        return {key: found.value for key, found in keys if key.startswith(prefix)}

    @staticmethod
    def forget_connections() -> None:
        """Has fsspec read the environment again."""
        import_module("s3fs").S3FileSystem.clear_instance_cache()


@contextmanager
def running_object_store() -> Generator[ObjectStore]:
    """A server that runs until it is left."""
    apps: Any = import_module("moto.moto_server.werkzeug_app")
    serving: Any = import_module("werkzeug.serving")
    backend: Any = apps.DomainDispatcherApplication(apps.create_backend_app)
    store = ObjectStore("")

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        query = environ["QUERY_STRING"]
        if not environ["PATH_INFO"].startswith("/moto-api"):
            target = environ["REQUEST_URI"].partition("?")[0]
            store.requests.append((environ["REQUEST_METHOD"], f"{target}?{query}" if query else target))
            if store.refusals:
                store.refusals -= 1
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                body = b"" if environ["REQUEST_METHOD"] == "HEAD" else _SLOW_DOWN
                start("503 Slow Down", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
                return [body]
        answered: Iterable[bytes] = backend(environ, start)
        return answered

    quiet: Any = type("Quiet", (apps.MotoRequestHandler,), {"log": _log_nothing})
    server = serving.make_server("127.0.0.1", 0, answer, threaded=True, request_handler=quiet)
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _log_nothing(*arguments: object) -> None:
    """Requests are in `ObjectStore.requests`."""


def set_environment(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a user has in the environment to reach a store."""
    values = {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": store.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "2",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
