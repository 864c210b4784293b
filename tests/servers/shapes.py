"""The shapes of answers that the specification gives, and what holds each answer of a local server against them."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import jsonschema
from jsonschema import Draft202012Validator
from jsonschema import ValidationError as JsonSchemaError

__all__ = ["AnswerChecks", "problem_of"]

Json: TypeAlias = dict[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

# Written after the definitions of the specification; what it does not name, our server does not send.
_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "number"}
_MOMENT: Json = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
_ID: Json = {"type": "string", "minLength": 1}


def _object(required: Json, **optional: Any) -> Json:
    return {
        "type": "object",
        "required": [*required],
        "properties": {**required, **optional},
        "additionalProperties": False,
    }


def _list(item: Json) -> Json:
    return {"type": "array", "items": item}


_JOB = _object(
    {
        "id": _ID,
        "created_at": _MOMENT,
        "data_name": _TEXT,
        "status": {"enum": ["running", "done", "rejected", "deleted", "expired"]},
    },
    duration={"type": "integer", "minimum": 0},
    errors=_list(_object({"timestamp": _MOMENT, "message": _TEXT})),
    config={"type": "object"},
    lang=_TEXT,
    text_name=_TEXT,
)
_ALTERNATIVE = _object(
    {"content": _TEXT, "confidence": {"type": "number", "minimum": 0, "maximum": 1}, "language": _TEXT},
    display={"type": "object"},
    speaker=_TEXT,
    tags=_list(_TEXT),
)
_RESULT: Json = {
    "type": "object",
    "required": ["start_time", "end_time", "type"],
    "properties": {
        "start_time": _NUMBER,
        "end_time": _NUMBER,
        "type": {"enum": ["word", "punctuation", "entity"]},
        "alternatives": _list(_ALTERNATIVE),
        "channel": _TEXT,
        "attaches_to": {"enum": ["previous", "next", "both", "none"]},
        "is_eos": {"type": "boolean"},
        "volume": {"type": "number", "minimum": 0, "maximum": 100},
    },
}
_TRANSCRIPT: Json = {
    "type": "object",
    "required": ["format", "job", "metadata", "results"],
    "properties": {
        "format": {"type": "string", "pattern": r"^\d+\.\d+$"},
        "job": _object(
            {"id": _ID, "created_at": _MOMENT, "data_name": _TEXT, "duration": {"type": "integer", "minimum": 0}},
            tracking={"type": "object"},
        ),
        "metadata": {
            "type": "object",
            "required": ["created_at", "type"],
            "properties": {
                "created_at": _MOMENT,
                "type": {"const": "transcription"},
                "transcription_config": {"type": "object"},
                "language_pack_info": {"type": "object", "required": ["word_delimiter"]},
            },
        },
        "results": _list(_RESULT),
    },
}
_USAGE_ROW = _object(
    {
        "mode": {"enum": ["batch"]},
        "type": {"enum": ["transcription"]},
        "count": {"type": "integer", "minimum": 1},
        "duration_hrs": {"type": "number", "minimum": 0},
    },
    language=_TEXT,
    # Whatever was asked for: where rules say what was heard, any model is accepted.
    model=_TEXT,
    operating_point=_TEXT,
)
_HEALTH = {name: _object({name: {"const": True}}) for name in ("started", "alive", "ready")}

_JSON = "application/json"
_V2 = "application/vnd.speechmatics.v2+json"
_PLAIN = "text/plain; charset=utf-8"
_HTML = "text/html; charset=utf-8"
# Method, path, the status of success, and the schema of each content type: None for any text, no type for anything.
_ANSWERS: list[tuple[str, str, int, dict[str, Json | None]]] = [
    (
        "POST",
        r"/v2/jobs",
        201,
        {
            _JSON: _object(
                {"id": _ID},
                **{
                    "status": {"enum": ["created", "done", "rejected", "deleted"]},
                    "json-v2": _TRANSCRIPT,
                    "txt": _TEXT,
                    "srt": _TEXT,
                },
            )
        },
    ),
    ("GET", r"/v2/jobs", 200, {_JSON: _object({"jobs": _list(_JOB)})}),
    ("GET", r"/v2/jobs/[^/]+", 200, {_JSON: _object({"job": _JOB})}),
    ("DELETE", r"/v2/jobs/[^/]+", 200, {_JSON: _object({"job": _JOB})}),
    ("GET", r"/v2/jobs/[^/]+/transcript", 200, {_V2: _TRANSCRIPT, _PLAIN: None}),
    ("GET", r"/v2/jobs/[^/]+/data", 200, {}),
    ("GET", r"/v2/jobs/[^/]+/log", 200, {_PLAIN: None}),
    # Of no specification: what people open in a browser.
    ("GET", r"/|/jobs/[^/]+", 200, {_HTML: None}),
    *(("GET", r"/jobs/[^/]+/audio", status, dict[str, Json | None]()) for status in (200, 206, 416)),
    (
        "GET",
        r"/v2/usage",
        200,
        {
            _JSON: _object(
                {"since": _MOMENT, "until": _MOMENT, "summary": _list(_USAGE_ROW), "details": _list(_USAGE_ROW)}
            )
        },
    ),
    ("POST", r"/v1/api_keys", 201, {_JSON: {"type": "object", "required": ["key_value"]}}),
    ("GET", r"/v1/discovery/features", 200, {_JSON: {"type": "object", "required": ["metadata"]}}),
    ("GET", r"/started", 200, {_JSON: _HEALTH["started"]}),
    ("GET", r"/live", 200, {_JSON: _HEALTH["alive"]}),
    ("GET", r"/ready", 200, {_JSON: _HEALTH["ready"]}),
]
_JOB_ON_PREMISES: Json = {**_JOB, "properties": {**_JOB["properties"], "request_id": _ID}}
_COUNT: Json = {"type": "integer", "minimum": 0}
_READY = _object({"ready": {"type": "boolean"}, "engines_used": _COUNT})
# Written after the documentation of the container.
_ANSWERS_ON_PREMISES: list[tuple[str, str, int, dict[str, Json | None]]] = [
    ("POST", r"/v2/jobs", 201, {_JSON: _object({"id": _ID, "job_id": _ID})}),
    ("GET", r"/v2/jobs", 200, {_JSON: _object({"jobs": _list(_JOB)})}),
    ("GET", r"/v2/jobs/[^/]+", 200, {_JSON: _object({"job": _JOB_ON_PREMISES})}),
    ("GET", r"/v2/jobs/[^/]+/transcript", 200, {_V2: _TRANSCRIPT, _PLAIN: None}),
    ("GET", r"/v2/jobs/[^/]+/log", 200, {_PLAIN: None}),
    (
        "GET",
        r"/jobs",
        200,
        {
            _JSON: _object(
                {
                    "active_jobs": _list(_object({"job_id": _ID, "parallel_engines": _COUNT})),
                    "max_engines": _COUNT,
                    "unused_engines": _COUNT,
                }
            )
        },
    ),
    ("GET", r"/live", 200, {_JSON: _object({"live": {"const": True}})}),
    ("GET", r"/ready", 200, {_JSON: _READY}),
    ("GET", r"/ready", 503, {_JSON: _READY}),
]
_WORDS = {
    400: {
        "Bad Request",
        "Job rejected",
        "Job rejected due to invalid audio",
        "Malformed request",
        "Missing data_file",
        "No language selected",
        "Requested product not available",
    },
    401: {"Permission Denied"},
    403: {"Forbidden"},
    404: {"Job not found", "Transcription not ready", "Job rejected", "Not Found"},
    405: {"Method Not Allowed"},
    408: {"Request Timeout"},
    410: {"File Expired", "Job Expired"},
    413: {"Payload Too Large"},
    422: {"Unprocessable Entity"},
    423: {"Resource Locked"},
    429: {"Max concurrent running jobs exceeded"},
    500: {"Internal Server Error"},
    501: {"Not Implemented"},
    503: {"Server busy"},
}
"""The errors of each status: those of the specification, and where it names none, of HTTP."""


def problem_of(
    method: str, path: str, status: int, content_type: str | None, body: bytes, *, on_premises: bool = False
) -> str | None:
    """What is wrong with an answer; None where it has a shape of the specification, or of a container on premises."""
    what = f"{method} {path} -> {status}"
    path = "/" + path.strip("/")
    answers = _ANSWERS_ON_PREMISES if on_premises else _ANSWERS
    documented = {
        code: schemas for other, pattern, code, schemas in answers if other == method and re.fullmatch(pattern, path)
    }
    if status in documented:
        schemas = documented[status]
        if schemas and content_type not in schemas:
            return f"{what}: {content_type} is none of {[*schemas]}"
        return _violation(what, schemas.get(content_type or ""), body)
    if status >= 400:
        return _problem_of_error(what, status, content_type, body, on_premises)
    if documented:
        return f"{what}: {' or '.join(map(str, documented))} is what is documented"
    return f"{what}: nothing is documented"


def _problem_of_error(what: str, status: int, content_type: str | None, body: bytes, on_premises: bool) -> str | None:
    if content_type != _JSON:
        return f"{what}: an error is {_JSON}, not {content_type}"
    if on_premises:
        return _violation(what, _object({"detail": _TEXT}), body)
    words = {"enum": sorted(_WORDS.get(status, ()))}
    return _violation(what, _object({"code": {"const": status}, "error": words}, detail=_TEXT), body)


def _violation(what: str, schema: Json | None, body: bytes) -> str | None:
    if schema is None:
        return None
    try:
        jsonschema.validate(json.loads(body), schema, cls=Draft202012Validator)
    except JsonSchemaError as error:
        return f"{what}: {error.json_path}: {error.message}"
    return None


class AnswerChecks:
    """An application that holds what another answers against the specification; problems are kept in a list."""

    def __init__(self, app: App, problems: list[str], *, on_premises: bool = False) -> None:
        self._app = app
        self._on_premises = on_premises
        self._problems = problems

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        start: Message = {}
        parts: list[bytes] = []

        async def check(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    self._check(scope, start, b"".join(parts))
            await send(message)

        await self._app(scope, receive, check)

    def _check(self, scope: Message, start: Message, body: bytes) -> None:
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        if scope["method"] == "HEAD" and not body:
            return
        try:
            problem = problem_of(
                method,
                scope["path"],
                start["status"],
                headers.get("content-type"),
                body,
                on_premises=self._on_premises,
            )
        except ValueError as error:
            problem = f"{method} {scope['path']}: {error}"
        if problem is not None:
            self._problems.append(problem)
