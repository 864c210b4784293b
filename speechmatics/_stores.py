"""Files in stores (`s3://`, `gs://`, `az://` and others), by fsspec and its package for each, where these are there."""

from __future__ import annotations

import errno
import importlib
import importlib.util
import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from speechmatics._errors import InvalidInputError
from speechmatics._urls import without_queries

__all__ = [
    "BLOCK",
    "StoreError",
    "has_password",
    "is_store_url",
    "lacks_bucket",
    "naming_store",
    "open_store",
    "write_whole",
]

BLOCK = 4 << 20
"""Bytes that are read of a file at once; some packages ask for 50 MB, and several files are read at the same time."""
_STORE_URL = re.compile(r"(?!https?:|file:)[A-Za-z][A-Za-z0-9+.-]+://", re.IGNORECASE)
_NO_CREDENTIALS = frozenset({"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"})
"""What botocore raises where it finds no keys."""
_AWS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
_GOOGLE = "GOOGLE_APPLICATION_CREDENTIALS"
_AZURE = "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"
_KEYS = {"s3": _AWS, "s3a": _AWS, "gs": _GOOGLE, "gcs": _GOOGLE, "az": _AZURE, "abfs": _AZURE, "abfss": _AZURE}
"""Where the packages of stores with buckets look for credentials, by scheme."""


class StoreError(OSError):
    """A store did not do what it was asked for; the text names the URL, and what to do."""


def is_store_url(text: str) -> bool:
    """Whether text is a URL of a store."""
    return _STORE_URL.match(text) is not None


def has_password(url: str) -> bool:
    """Whether a URL has a name and password in it."""
    try:
        return "://" in url and urlsplit(url).password is not None
    except ValueError:
        return False


def open_store(url: str) -> tuple[Any, str]:
    """The filesystem that knows a URL, as fsspec has them, and the path in it.

    Raises:
        InvalidInputError: The URL has a password in it, or a package that it needs is not installed.
    """
    scheme = url.partition("://")[0]
    if has_password(url):
        raise InvalidInputError(
            f"a URL of {scheme}:// has a password in it, which files of a run would keep; credentials come from the "
            "environment"
        )
    if importlib.util.find_spec("fsspec") is None:
        raise InvalidInputError(f"{scheme}:// needs fsspec: pip install fsspec{_and_package(scheme)}")
    try:
        found: tuple[Any, str] = importlib.import_module("fsspec.core").url_to_fs(url)
    except ImportError as error:
        raise InvalidInputError(f"{url} cannot be read: {error}: pip install{_and_package(scheme)}") from None
    except Exception as error:  # whatever the store's package raises
        raise InvalidInputError(f"{url} cannot be read: {_reason(url, error)}") from None
    return found


@contextmanager
def naming_store(url: str) -> Generator[None]:
    """Makes one error of whatever a store's package raises.

    Raises:
        StoreError: It did raise; the message names the URL and what to do, and shows no signature.
        FileNotFoundError: There is no such file, or no such bucket.
    """
    try:
        yield
    except (InvalidInputError, StoreError):
        raise
    except FileNotFoundError as error:
        is_bucket = "bucket does not exist" in str(error)
        raise FileNotFoundError(f"{url}: there is no such {'bucket' if is_bucket else 'file'}") from None
    except Exception as error:  # whatever the store's package raises
        raise StoreError(f"{url}: {_reason(url, error)}") from None


def lacks_bucket(files: Any, url: str, path: str) -> bool:
    """Whether there is not even the bucket of a file that was not found."""
    if url.partition("://")[0].lower() not in _KEYS:
        return False
    try:
        files.info(path.partition("/")[0])
    except FileNotFoundError:
        return True
    return False


def write_whole(files: Any, path: str, data: bytes) -> None:
    """Writes a file of a store, which is there once all of it is."""
    if getattr(files, "async_impl", False):  # a store of objects, which come to be by one request
        files.pipe_file(path, data)
        return
    if "file" in files.protocol:  # elsewhere folders are no more than a part of names
        files.makedirs(path.rpartition("/")[0], exist_ok=True)
    with files.open(path, "wb", autocommit=False) as file:
        file.write(data)
    file.commit()


def _reason(url: str, error: Exception) -> str:
    scheme = url.partition("://")[0]
    keys = _KEYS.get(scheme.lower(), "as its package documents")
    said = without_queries(str(error)) or type(error).__name__
    if type(error).__name__ in _NO_CREDENTIALS:
        return f"there are no credentials ({said}); set {keys}"
    if isinstance(error, PermissionError):
        return f"the store refuses access ({said}); check the credentials ({keys}), and what they may do there"
    if getattr(error, "errno", None) == errno.EBUSY:  # what s3fs makes of 503
        return f"the store is asked too often ({said}); run it again later"
    return said


def _and_package(scheme: str) -> str:
    """What else is to be installed for a scheme."""
    try:
        known: dict[str, dict[str, str]] = importlib.import_module("fsspec.registry").known_implementations
    except ImportError:
        return " s3fs" if scheme.lower() in ("s3", "s3a") else ""
    module = known.get(scheme.lower(), {}).get("class", "").partition(".")[0]
    return f" {module}" if module not in ("", "fsspec") else ""
