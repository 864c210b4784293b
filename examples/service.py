"""A web service that takes recordings and is called back when they are transcribed; configured by its environment.

Usage: CALLS_PUBLIC_URL=https://calls.example.com CALLS_CALLBACK_SECRET=... SPEECHMATICS_API_KEY=... \
    uvicorn examples.service:app

    curl -F recording=@call.wav https://calls.example.com/recordings      {"job_id": "a1b2c3d4e5"}
    curl https://calls.example.com/recordings/a1b2c3d4e5                  {"status": "done", "text": "Hello."}

The service calls back under the public URL. A callback may be lost: a text that has not come is asked for, so that
nothing depends on it. It needs fastapi, python-multipart and uvicorn.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request, UploadFile
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from speechmatics import (
    AsyncBatchClient,
    InvalidInputError,
    InvalidResponseError,
    JobConfig,
    JobNotFoundException,
    Notification,
    NotificationConfig,
    TranscriptionConfig,
    TranscriptionError,
)


class CallsSettings(BaseSettings):
    """What this service is told; `SPEECHMATICS_...` configures the client beside it."""

    model_config = SettingsConfigDict(env_prefix="CALLS_", hide_input_in_errors=True)

    public_url: str
    """Where Speechmatics reaches this service."""
    callback_secret: SecretStr
    """What callbacks carry, so that nobody else can make one."""
    language: str = "en"
    """Of all recordings."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Settings are read and the client is made once, when the service starts: what is missing is said then."""
    app.state.calls = Calls(CallsSettings.model_validate({}))  # from the environment, which checkers do not see
    async with app.state.calls.client:
        yield


class Calls:
    """What the handlers share. The texts are kept in memory here; a service of many processes has a database."""

    def __init__(self, settings: CallsSettings) -> None:
        self.client = AsyncBatchClient(parse=True)
        self.authorization = SecretStr(f"Bearer {settings.callback_secret.get_secret_value()}")
        self.texts: dict[str, str] = {}
        self.config = JobConfig(
            transcription_config=TranscriptionConfig(language=settings.language),
            notification_config=[
                NotificationConfig(
                    url=f"{settings.public_url.rstrip('/')}/callbacks",
                    contents=["transcript.txt"],
                    auth_headers=[f"Authorization: {self.authorization.get_secret_value()}"],
                )
            ],
        )

    async def text_of(self, job_id: str) -> str | None:
        """The text of a job, or None while the job is still running."""
        if job_id not in self.texts:
            text = await self.client.get_job_result(job_id, "txt")
            if text is False:
                return None
            self.texts[job_id] = text
        return self.texts[job_id]


app = FastAPI(lifespan=lifespan)


def calls_of(request: Request) -> Calls:
    """What was made when the service started."""
    calls: Calls = request.app.state.calls
    return calls


@app.post("/recordings", status_code=202)
async def submit(recording: UploadFile, request: Request) -> dict[str, str]:
    """Sends a recording on, and answers at once."""
    calls = calls_of(request)
    try:
        return {"job_id": await calls.client.submit_job((recording.filename or "recording", recording), calls.config)}
    except InvalidInputError as error:
        raise HTTPException(422, str(error)) from None


@app.get("/recordings/{job_id}")
async def read(job_id: str, request: Request) -> dict[str, str]:
    """The text of a recording, once there is one."""
    try:
        text = await calls_of(request).text_of(job_id)
    except JobNotFoundException:
        raise HTTPException(404, "there is no such recording") from None
    except TranscriptionError as error:
        return {"status": "rejected", "reason": str(error)}
    return {"status": "running"} if text is None else {"status": "done", "text": text}


@app.post("/callbacks")
async def called_back(request: Request) -> None:
    """Takes a callback. It is repeated unless it is answered 2xx, so an error is for what may not be ours."""
    calls = calls_of(request)
    if not Notification.is_authorized(request.headers, calls.authorization):
        raise HTTPException(401)
    try:
        notification = Notification.from_request(request.url.query, request.headers, await request.body())
    except InvalidResponseError as error:
        raise HTTPException(400, str(error)) from None
    if notification.txt is not None:
        calls.texts[notification.id] = notification.txt
