"""`BatchClient`: submit recordings, wait, read transcripts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from types import TracebackType
from typing import Generic, Literal, Self, overload

import httpx
from pydantic import SecretStr
from typing_extensions import TypeVar, Unpack

from speechmatics import flows, operations, streams
from speechmatics.drivers import BlockingDriver
from speechmatics.flows import Conduct, Retry
from speechmatics.media import AudioInput
from speechmatics.models.config import BatchTranscriptionConfig, ConfigSource
from speechmatics.models.job import JobDetails, UsageReport
from speechmatics.models.transcript import Transcript
from speechmatics.operations import (
    CustomRequest,
    JsonFormat,
    JsonObject,
    Operation,
    RequestOptions,
    TextFormat,
    TranscriptFormat,
)
from speechmatics.settings import ConnectionSettings
from speechmatics.submission import Progress, submit

__all__ = ["BatchClient", "Parsed", "Raw"]


class Raw:
    """Marks a client that returns plain dicts."""


class Parsed:
    """Marks a client that returns models."""


def as_settings(given: ConnectionSettings | str | SecretStr | None) -> ConnectionSettings:
    """Settings from what a client is given: settings, a token, or nothing for the environment's."""
    if isinstance(given, str):
        given = SecretStr(given)  # before anything fails: a traceback may show the locals of its frames
    if isinstance(given, SecretStr):
        return ConnectionSettings(auth_token=given)
    return given or ConnectionSettings()


def deletion_message(job_id: str, status: str) -> str:
    """What `delete_job` returns."""
    return f"Job {job_id} {status}" if status == "deleted" else f"Job {job_id} was not deleted: {status}"


_Mode = TypeVar("_Mode", default=Raw)
_RawT = TypeVar("_RawT")
_ParsedT = TypeVar("_ParsedT")


class BatchClient(Generic[_Mode]):
    """Client of the Speechmatics Batch v2 API.

    The first request opens the connection; `close`, or the end of a `with` block, closes it. One client may be used
    from many threads.

    Example:
        >>> with BatchClient(settings, parse=True) as client:  # doctest: +SKIP
        ...     print(client.transcribe("call.wav").to_text())

    Args:
        connection_settings: Settings, or a token, or None to take everything from the environment. What is
            changed in them later may or may not be noticed.
        from_cli: Taken for compatibility; has no effect.
        parse: False returns plain dicts as the server sent them, True returns models.
        auth: What authorises requests in place of the settings' token: a `TemporaryKeyAuth` that clients share, or any
            `httpx.Auth`.
        http_client: A client of one's own to send requests through; its owner closes it.
        on_retry: Told of each request that failed and is sent again.

    Raises:
        SettingsError: A setting from the environment is wrong.
    """

    @overload
    def __init__(
        self: BatchClient[Raw],
        connection_settings: ConnectionSettings | str | None = None,
        from_cli: bool = False,
        *,
        parse: Literal[False] = False,
        auth: httpx.Auth | None = None,
        http_client: httpx.Client | None = None,
        on_retry: Callable[[Retry], None] | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: BatchClient[Parsed],
        connection_settings: ConnectionSettings | str | None = None,
        from_cli: bool = False,
        *,
        parse: Literal[True],
        auth: httpx.Auth | None = None,
        http_client: httpx.Client | None = None,
        on_retry: Callable[[Retry], None] | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: BatchClient[Raw | Parsed],
        connection_settings: ConnectionSettings | str | None = None,
        from_cli: bool = False,
        *,
        parse: bool,
        auth: httpx.Auth | None = None,
        http_client: httpx.Client | None = None,
        on_retry: Callable[[Retry], None] | None = None,
    ) -> None: ...
    def __init__(
        self,
        connection_settings: ConnectionSettings | str | None = None,
        from_cli: bool = False,
        *,
        parse: bool = False,
        auth: httpx.Auth | None = None,
        http_client: httpx.Client | None = None,
        on_retry: Callable[[Retry], None] | None = None,
    ) -> None:
        self.connection_settings = as_settings(connection_settings)
        self._parse = parse
        self._driver = BlockingDriver(self.connection_settings, http_client, auth=auth)
        self._conduct = Conduct.of(self.connection_settings, on_retry)

    def __repr__(self) -> str:
        return f"BatchClient({self.connection_settings.base_url!r}, parse={self._parse})"

    def __enter__(self) -> Self:
        return self.connect()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def connect(self) -> Self:
        """Opens the connection pool; the first request does so too."""
        self._driver.open()
        return self

    def close(self) -> None:
        """Closes the connection pool; closing twice is harmless."""
        self._driver.close()

    def send_request(self, method: str, path: str, **kwargs: Unpack[RequestOptions]) -> httpx.Response:
        """Sends any request to the API.

        Args:
            method: HTTP method.
            path: Path below the API's base URL, for example `jobs`; a query within it is kept.
            **kwargs: Any keyword of httpx's `request`.

        Raises:
            APIStatusError: The answer is an error (it is an `httpx.HTTPStatusError` too).
            RequestError: No whole answer came (it is an `httpx.RequestError` too).
        """
        return self._driver.run(flows.call(CustomRequest(method, path, kwargs), self._conduct))

    @overload
    def list_jobs(
        self: BatchClient[Raw],
        *,
        created_before: datetime | str | None = None,
        limit: int | None = None,
        include_deleted: bool | None = None,
    ) -> list[JsonObject]: ...
    @overload
    def list_jobs(
        self: BatchClient[Parsed],
        *,
        created_before: datetime | str | None = None,
        limit: int | None = None,
        include_deleted: bool | None = None,
    ) -> list[JobDetails]: ...
    @overload
    def list_jobs(
        self,
        *,
        created_before: datetime | str | None = None,
        limit: int | None = None,
        include_deleted: bool | None = None,
    ) -> list[JsonObject] | list[JobDetails]: ...
    def list_jobs(
        self,
        *,
        created_before: datetime | str | None = None,
        limit: int | None = None,
        include_deleted: bool | None = None,
    ) -> list[JsonObject] | list[JobDetails]:
        """Lists jobs, the most recent first: the last 100 of 7 days, unless the arguments say otherwise.

        Args:
            created_before: Only jobs created before this moment; a `datetime` or ISO 8601 text.
            limit: At most this many, 1 to 100.
            include_deleted: Whether deleted jobs are listed too.

        Raises:
            InvalidInputError: `limit` is out of range; nothing was sent.
            APIStatusError, RequestError: As `send_request`.
        """
        return self._answer(
            operations.list_jobs(created_before=created_before, limit=limit, include_deleted=include_deleted)
        )

    @overload
    def iter_jobs(
        self: BatchClient[Raw], *, include_deleted: bool = False, page_size: int = 100
    ) -> Iterator[JsonObject]: ...
    @overload
    def iter_jobs(
        self: BatchClient[Parsed], *, include_deleted: bool = False, page_size: int = 100
    ) -> Iterator[JobDetails]: ...
    @overload
    def iter_jobs(
        self, *, include_deleted: bool = False, page_size: int = 100
    ) -> Iterator[JsonObject] | Iterator[JobDetails]: ...
    def iter_jobs(self, *, include_deleted: bool = False, page_size: int = 100) -> Iterator[JsonObject | JobDetails]:
        """Goes through all jobs, page by page, the most recent first; each job comes once.

        Args:
            include_deleted: Whether deleted jobs are listed too.
            page_size: Jobs asked for at once, 1 to 100.

        Raises:
            InvalidInputError: `page_size` is out of range; nothing was sent.
            APIStatusError, RequestError: As `send_request`, when a page is read.
        """
        return self._driver.each(
            streams.pages(self._conduct, parse=self._parse, include_deleted=include_deleted, page_size=page_size)
        )

    def submit_job(
        self,
        audio: AudioInput | None,
        transcription_config: ConfigSource,
        *,
        on_progress: Progress | None = None,
    ) -> str:
        """Submits audio for transcription.

        Args:
            audio: A path (`str` or `PathLike`), bytes, a binary file object (sent from where it stands), a tuple of a
                file name and bytes or a file object, or None where the configuration has `fetch_data`. Files are
                streamed.
            transcription_config: The wire's dict, a `JobConfig`, a `BatchTranscriptionConfig`, or the path of a JSON
                file.
            on_progress: Told the bytes of audio handed to the network so far, and those in all where that is known.

        Returns:
            The new job's id.

        Raises:
            AudioError, ConfigError: An argument is wrong; nothing was sent.
            SubmissionUncertainError: The answer was lost, and whether there is a job could not be found out.
            APIStatusError, RequestError: The submission failed, and there is no job.
        """
        return self._driver.run(
            submit(audio, transcription_config, self.connection_settings, self._conduct, on_progress)
        )

    @overload
    def check_job_status(self: BatchClient[Raw], job_id: str, *, wait: int | None = None) -> JsonObject: ...
    @overload
    def check_job_status(self: BatchClient[Parsed], job_id: str, *, wait: int | None = None) -> JobDetails: ...
    @overload
    def check_job_status(self, job_id: str, *, wait: int | None = None) -> JsonObject | JobDetails: ...
    def check_job_status(self, job_id: str, *, wait: int | None = None) -> JsonObject | JobDetails:
        """Asks where a job stands.

        Args:
            job_id: The job.
            wait: Whole seconds that the service may hold the answer back until the job ends.

        Returns:
            `{"job": {...}}` as the server sent it, or `JobDetails`.

        Raises:
            JobNotFoundException: There is no such job.
            APIStatusError, RequestError: As `send_request`.
        """
        return self._answer(operations.get_job(job_id, wait=wait))

    @overload
    def get_job_result(
        self: BatchClient[Raw], job_id: str, transcription_format: JsonFormat = "json-v2", *, wait: int | None = None
    ) -> JsonObject | Literal[False]: ...
    @overload
    def get_job_result(
        self: BatchClient[Parsed], job_id: str, transcription_format: JsonFormat = "json-v2", *, wait: int | None = None
    ) -> Transcript | Literal[False]: ...
    @overload
    def get_job_result(
        self, job_id: str, transcription_format: TextFormat, *, wait: int | None = None
    ) -> str | Literal[False]: ...
    @overload
    def get_job_result(
        self: BatchClient[Raw], job_id: str, transcription_format: TranscriptFormat, *, wait: int | None = None
    ) -> JsonObject | str | Literal[False]: ...
    @overload
    def get_job_result(
        self: BatchClient[Parsed], job_id: str, transcription_format: TranscriptFormat, *, wait: int | None = None
    ) -> Transcript | str | Literal[False]: ...
    @overload
    def get_job_result(
        self, job_id: str, transcription_format: TranscriptFormat = "json-v2", *, wait: int | None = None
    ) -> JsonObject | Transcript | str | Literal[False]: ...
    def get_job_result(
        self, job_id: str, transcription_format: TranscriptFormat = "json-v2", *, wait: int | None = None
    ) -> JsonObject | Transcript | str | Literal[False]:
        """Asks for a transcript.

        Args:
            job_id: The job.
            transcription_format: `json-v2` (also `json`, `json_v2`), `txt` or `srt`.
            wait: Whole seconds that the service may hold the answer back until the transcript is ready.

        Returns:
            A dict or a `Transcript` for json-v2, text for the others, or False while the job runs.

        Raises:
            JobNotFoundException: There is no such job.
            TranscriptionError: The job ended without a transcript, or the format is unknown.
            APIStatusError, RequestError: As `send_request`.
        """
        text_format = operations.text_format(transcription_format)
        if text_format is not None:
            text = operations.get_text_transcript(job_id, text_format, wait=wait)
            response = self._driver.run(flows.result(text, job_id, self._conduct))
            return False if response is None else text.read(response)
        transcript = operations.get_json_transcript(job_id, wait=wait)
        response = self._driver.run(flows.result(transcript, job_id, self._conduct))
        return False if response is None else self._read(transcript, response)

    @overload
    def wait_for_completion(
        self,
        job_id: str,
        transcription_format: TextFormat = "txt",
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
    ) -> str: ...
    @overload
    def wait_for_completion(
        self: BatchClient[Raw],
        job_id: str,
        transcription_format: JsonFormat,
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
    ) -> JsonObject: ...
    @overload
    def wait_for_completion(
        self: BatchClient[Parsed],
        job_id: str,
        transcription_format: JsonFormat,
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
    ) -> Transcript: ...
    @overload
    def wait_for_completion(
        self: BatchClient[Raw],
        job_id: str,
        transcription_format: TranscriptFormat,
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
    ) -> JsonObject | str: ...
    @overload
    def wait_for_completion(
        self: BatchClient[Parsed],
        job_id: str,
        transcription_format: TranscriptFormat,
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
    ) -> Transcript | str: ...
    @overload
    def wait_for_completion(
        self,
        job_id: str,
        transcription_format: TranscriptFormat = "txt",
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
    ) -> JsonObject | Transcript | str: ...
    def wait_for_completion(
        self,
        job_id: str,
        transcription_format: TranscriptFormat = "txt",
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
    ) -> JsonObject | Transcript | str:
        """Waits until a job ends, and returns its transcript.

        Args:
            job_id: The job.
            transcription_format: `txt`, `srt` or `json-v2` (also `json`, `json_v2`).
            timeout: Seconds to wait at most, to a tenth of a second; 0 looks once, however long that
                takes, and None is the setting
                `wait_timeout`, which by default has no limit.
            on_status: Called with the job when its status is first seen and when it changes.

        Raises:
            JobNotFoundException: There is no such job.
            TranscriptionError: The job was rejected, deleted or has expired, or the format is unknown.
            WaitTimeoutError: It did not end in time and still runs, or its transcript did not come in time.
            APIStatusError, RequestError: As `send_request`, where failures did not pass.
        """
        limit = self.connection_settings.wait_timeout if timeout is None else timeout
        text_format = operations.text_format(transcription_format)
        if text_format is not None:
            text = operations.get_text_transcript(job_id, text_format)
            return text.read(self._wait(text, job_id, limit, on_status))
        transcript = operations.get_json_transcript(job_id)
        return self._read(transcript, self._wait(transcript, job_id, limit, on_status))

    @overload
    def transcribe(
        self: BatchClient[Raw],
        audio: AudioInput | None,
        transcription_config: ConfigSource | None = None,
        transcription_format: JsonFormat = "json-v2",
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
        on_progress: Progress | None = None,
    ) -> JsonObject: ...
    @overload
    def transcribe(
        self: BatchClient[Parsed],
        audio: AudioInput | None,
        transcription_config: ConfigSource | None = None,
        transcription_format: JsonFormat = "json-v2",
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
        on_progress: Progress | None = None,
    ) -> Transcript: ...
    @overload
    def transcribe(
        self,
        audio: AudioInput | None,
        transcription_config: ConfigSource | None = None,
        *,
        transcription_format: TextFormat,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
        on_progress: Progress | None = None,
    ) -> str: ...
    @overload
    def transcribe(
        self,
        audio: AudioInput | None,
        transcription_config: ConfigSource | None,
        transcription_format: TextFormat,
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
        on_progress: Progress | None = None,
    ) -> str: ...
    @overload
    def transcribe(
        self: BatchClient[Raw],
        audio: AudioInput | None,
        transcription_config: ConfigSource | None = None,
        transcription_format: TranscriptFormat = "json-v2",
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
        on_progress: Progress | None = None,
    ) -> JsonObject | str: ...
    @overload
    def transcribe(
        self: BatchClient[Parsed],
        audio: AudioInput | None,
        transcription_config: ConfigSource | None = None,
        transcription_format: TranscriptFormat = "json-v2",
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
        on_progress: Progress | None = None,
    ) -> Transcript | str: ...
    @overload
    def transcribe(
        self,
        audio: AudioInput | None,
        transcription_config: ConfigSource | None = None,
        transcription_format: TranscriptFormat = "json-v2",
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
        on_progress: Progress | None = None,
    ) -> JsonObject | Transcript | str: ...
    def transcribe(
        self,
        audio: AudioInput | None,
        transcription_config: ConfigSource | None = None,
        transcription_format: TranscriptFormat = "json-v2",
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
        on_progress: Progress | None = None,
    ) -> JsonObject | Transcript | str:
        """Submits audio, waits for the job, and returns its transcript.

        Arguments, results and errors are those of `submit_job` (`on_progress`) and `wait_for_completion` (`timeout`,
        `on_status`); without a configuration the language is English. An error after the submission carries the job's
        id. `timeout` counts from when the job has been submitted: an upload that is cut short may be a job that nobody
        knows of.
        """
        operations.text_format(transcription_format)
        config = BatchTranscriptionConfig() if transcription_config is None else transcription_config
        job_id = self.submit_job(audio, config, on_progress=on_progress)
        return self.wait_for_completion(job_id, transcription_format, timeout=timeout, on_status=on_status)

    def delete_job(self, job_id: str, force: bool = False) -> str | Literal[False]:
        """Deletes a job and all that belongs to it.

        Args:
            job_id: The job.
            force: Whether a running job is ended.

        Returns:
            A sentence that says so, or False if the job runs and `force` is not set.

        Raises:
            JobNotFoundException: There is no such job.
            APIStatusError, RequestError: As `send_request`.
        """
        status = self._driver.run(flows.delete_job(job_id, self._conduct, force=force))
        return status is not None and deletion_message(job_id, status)

    def get_job_log(self, job_id: str) -> str:
        """The log of a job.

        Raises:
            JobNotFoundException: There is no such job, or it has no log.
            APIStatusError, RequestError: As `send_request`.
        """
        return self._answer(operations.get_job_log(job_id))

    @overload
    def get_usage(
        self: BatchClient[Raw], since: date | str | None = None, until: date | str | None = None
    ) -> JsonObject: ...
    @overload
    def get_usage(
        self: BatchClient[Parsed], since: date | str | None = None, until: date | str | None = None
    ) -> UsageReport: ...
    @overload
    def get_usage(
        self, since: date | str | None = None, until: date | str | None = None
    ) -> JsonObject | UsageReport: ...
    def get_usage(self, since: date | str | None = None, until: date | str | None = None) -> JsonObject | UsageReport:
        """How much has been transcribed.

        Args:
            since: First day counted, a `date` or `YYYY-MM-DD`.
            until: Last day counted.

        Raises:
            InvalidInputError: A day is not of that form; nothing was sent.
            APIStatusError, RequestError: As `send_request`.
        """
        return self._answer(operations.get_usage(since, until))

    def submit_jobs(
        self,
        audio_paths: Iterable[str | os.PathLike[str]],
        transcription_config: ConfigSource,
        concurrency: int = 5,
    ) -> Iterator[tuple[str | os.PathLike[str], str]]:
        """Submits many files, some at a time, and yields each path with its job's id as the job ends.

        A file whose submission the service refuses is logged as a warning and passed over. Whatever else ends the
        iteration, Ctrl-C among it, has the jobs that go on and their files in its notes.

        Args:
            audio_paths: The files.
            transcription_config: As for `submit_job`.
            concurrency: Jobs that run at once, 1 to 50.

        Raises:
            InvalidInputError: `concurrency` is out of range.
            ConfigError: The configuration is wrong.
            AudioError, SubmissionUncertainError, APIStatusError, RequestError: As `submit_job` and `wait_for_many`,
                when a result is asked for.
        """
        return self._driver.each(
            streams.submitted(
                audio_paths, transcription_config, self.connection_settings, self._conduct, concurrency=concurrency
            )
        )

    @overload
    def wait_for_many(
        self: BatchClient[Raw], job_ids: Iterable[str], *, timeout: float | None = None
    ) -> Iterator[JsonObject]: ...
    @overload
    def wait_for_many(
        self: BatchClient[Parsed], job_ids: Iterable[str], *, timeout: float | None = None
    ) -> Iterator[JobDetails]: ...
    @overload
    def wait_for_many(
        self, job_ids: Iterable[str], *, timeout: float | None = None
    ) -> Iterator[JsonObject] | Iterator[JobDetails]: ...
    def wait_for_many(
        self, job_ids: Iterable[str], *, timeout: float | None = None
    ) -> Iterator[JsonObject | JobDetails]:
        """Waits for many jobs, and yields each as it ends, done or not: its `status` says which.

        Three jobs or more are looked at by pages of the list. What ends the iteration, Ctrl-C among it, has the jobs
        that go on in its notes.

        Args:
            job_ids: The jobs.
            timeout: Seconds to wait at most in all, from the first result that is asked for and to a tenth of a
                second; None for the setting `wait_timeout`.

        Raises:
            InvalidInputError: A job id is empty; nothing was sent.
            JobNotFoundException: There is no such job.
            WaitTimeoutError: Not all ended in time; those that have not still run.
            APIStatusError, RequestError: As `send_request`, where failures did not pass.
        """
        limit = self.connection_settings.wait_timeout if timeout is None else timeout
        return self._driver.each(streams.ended(job_ids, self._conduct, parse=self._parse, timeout=limit))

    def _wait(
        self,
        transcript: Operation[object, object],
        job_id: str,
        timeout: float | None,
        on_status: Callable[[JobDetails], None] | None,
    ) -> httpx.Response:
        return self._driver.run(flows.wait(transcript, job_id, self._conduct, timeout=timeout, on_status=on_status))

    def _answer(self, operation: Operation[_RawT, _ParsedT]) -> _RawT | _ParsedT:
        return self._read(operation, self._driver.run(flows.call(operation, self._conduct)))

    def _read(self, operation: Operation[_RawT, _ParsedT], response: httpx.Response) -> _RawT | _ParsedT:
        return operation.parse(response) if self._parse else operation.read(response)
