"""What an answer of HTTP says of itself: whose it is, the API's own error, and the id that support asks for."""

from __future__ import annotations

import httpx
from pydantic_core import from_json
from typing_extensions import TypeIs

__all__ = [
    "REQUEST_ID_HEADERS",
    "decoded",
    "is_in_api_words",
    "is_page",
    "read_error_body",
    "request_id_of",
    "request_of",
    "sent_id",
    "shown_url",
    "unsent_request",
    "without_key",
]

REQUEST_ID_HEADERS = ("Request-Id", "X-Azure-Ref", "X-Request-Id")
"""Where the service names a request, in the order of trust; support asks for it. The last is the id sent with it."""

BUSY = "Server busy"
"""How `detail` begins where a worker on premises turns a request away (documentation)."""
_BODY_EXCERPT = 200
"""Characters of an answer's body that an error message quotes."""


def is_page(response: httpx.Response) -> bool:
    """Whether an answer is a page of HTML, as gateways and other servers than the API's answer."""
    return "html" in response.headers.get("Content-Type", "").lower() or response.content[:100].lstrip(
        b"\xef\xbb\xbf \t\r\n"
    ).lower().startswith((b"<!doctype html", b"<html"))


def is_in_api_words(response: httpx.Response) -> bool:
    """Whether an error is the API's own rather than that of something in between."""
    try:
        body: object = from_json(response.content)
    except ValueError:
        return False
    if not _is_object(body):
        return False
    if body.get("code") == response.status_code and body.get("error"):
        return True
    return str(body.get("detail") or "").startswith(BUSY)


def request_id_of(response: httpx.Response) -> str | None:
    """The service's id of a request, or that which the request was sent with, or None."""
    for name in REQUEST_ID_HEADERS:
        if value := response.headers.get(name):
            return str(value)
    return sent_id(request_of(response))


def request_of(response: httpx.Response) -> httpx.Request:
    """What an answer answers; a request that was never sent for an answer that was made by hand."""
    try:
        return response.request
    except RuntimeError:
        return unsent_request()


def shown_url(request: httpx.Request) -> str:
    """Where a request went, without what may be secret: a query, which may be signed, and a password."""
    return str(request.url.copy_with(userinfo=b"", query=None, fragment=None))


def unsent_request() -> httpx.Request:
    return httpx.Request("GET", "https://unsent.invalid/")


def sent_id(request: httpx.Request) -> str | None:
    sent: str | None = request.headers.get(REQUEST_ID_HEADERS[-1])
    return sent


def without_key(text: str, answer: httpx.Response) -> str:
    """What a server says, without the key if it says that too."""
    sent = request_of(answer).headers.get("Authorization", "")
    key = sent.rpartition(" ")[2]
    return text.replace(key, "**********") if key else text


def read_error_body(response: httpx.Response) -> tuple[str, str | None]:
    """`error` and `detail` of the API's error body, or the best that another body offers."""
    reason = response.reason_phrase or "Error"
    try:
        body: object = from_json(response.content)
    except ValueError:
        body = None
    if not _is_object(body):
        text = None if is_page(response) else decoded(response)
        if text is None and not is_page(response):
            text = response.content.decode(errors="replace")
        return reason, (text or "").strip()[:_BODY_EXCERPT] or None
    error, detail = body.get("error"), body.get("detail")
    return (str(error) if error else reason), (str(detail) if detail else None)


def decoded(response: httpx.Response) -> str | None:
    """The text of an answer; None where the charset that it names is none."""
    try:
        return response.text
    except Exception:  # codecs raise what they like: Python has `rot13`, `hex`, `idna` and `undefined` among them
        return None


def _is_object(value: object) -> TypeIs[dict[str, object]]:
    return isinstance(value, dict)
