"""URLs: what is one, what may be shown of it, and which the service or a client can use."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ["bare_url", "check_http_url", "is_public_url", "is_url", "without_queries"]

_URL = re.compile(r"^[\s\"'<\ufeff]*([A-Za-z][A-Za-z0-9+.-]+://|(https?|s3|gs):/)", re.IGNORECASE)
"""A URL; one that became a `Path` has lost a slash."""
_QUERY = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+://[^\s?#\"'<>]*)\?[^\s\"'<>]*")
_UNFIT = re.compile(r"^\s|[\x00-\x1f\x7f]")


def is_url(text: str) -> bool:
    """Whether text is a URL, of whatever scheme."""
    return _URL.search(text) is not None


def bare_url(text: str) -> str:
    """A URL without its query, which may be signed, and without the names and passwords in it."""
    scheme, _, rest = re.split(r"[?#]", text, maxsplit=1)[0].partition(":")
    host, slash, path = rest.lstrip("/").partition("/")
    return f"{scheme}://{'/' if rest.startswith('///') else ''}{host.rpartition('@')[2]}{slash}{path}"


def without_queries(text: str) -> str:
    """A text in which the URLs have no queries, as these may be signed."""
    return _QUERY.sub(r"\1?...", text)


def is_public_url(url: str) -> bool:
    """Whether a URL may lead to a host of the public network, by the host's name alone."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host.rstrip(".") and not host.endswith((".internal", ".local", ".localhost"))


def check_http_url(url: str) -> str:
    """A URL of http or https.

    Raises:
        ValueError: It is none; the message does not show it.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("must begin with http:// or https://")
    if not host:
        raise ValueError("has no host")
    # urlsplit passes over what begins or breaks a URL.
    if _UNFIT.search(url):
        raise ValueError("must not begin with a space, nor hold a line break or another control character")
    if " " in parts.netloc:
        raise ValueError("has a space in its host")
    return url
