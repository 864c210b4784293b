"""A web handler that answers with the text of a short recording, while other requests are served.

Usage: SPEECHMATICS_API_KEY=... uvicorn examples.web_handler:app

    curl -F recording=@voicemail.wav http://127.0.0.1:8000/transcribe

One client serves all requests; its connections belong to the event loop. A caller who waits too long gets a 504 with
the id of the job, which is still running and can be asked for later. It needs fastapi, python-multipart and uvicorn.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from speechmatics import (
    AsyncBatchClient,
    InvalidInputError,
    RateLimitError,
    SpeechmaticsError,
    TranscriptionError,
    WaitTimeoutError,
)

PATIENCE = 25
"""Seconds for the upload and the job; less than what proxies and browsers wait."""
CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}

client = AsyncBatchClient(parse=True)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Closes the client's connections with the application."""
    async with client:
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/transcribe")
async def transcribe(recording: UploadFile) -> PlainTextResponse:
    """The text of a recording, which is streamed on while it is read."""
    audio = (recording.filename or "recording", recording)
    return PlainTextResponse(await client.transcribe(audio, CONFIG, "txt", timeout=PATIENCE))


STATUSES: dict[type[SpeechmaticsError], int] = {
    InvalidInputError: 422,  # no audio at all, or too much of it
    TranscriptionError: 422,  # the service could not read it
    RateLimitError: 503,
    WaitTimeoutError: 504,
}


@app.exception_handler(SpeechmaticsError)
async def on_error(request: Request, error: Exception) -> Response:
    """One answer for each kind of error; what is not the caller's fault is a 502."""
    status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 502)
    return JSONResponse({"error": str(error), "job_id": getattr(error, "job_id", None)}, status)
