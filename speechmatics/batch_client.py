# Made from async_batch_client.py by .ci/make_blocking_client.py; edit that one.
"""`BatchClient`: submit recordings, wait, read transcripts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from types import TracebackType
from typing import Generic, Literal, Self, TypeAlias, TypeVar, cast, overload

import httpx
from pydantic import SecretStr
from typing_extensions import Unpack

from speechmatics._core import endpoints, flows, iterators, submission, transcription, waiting
from speechmatics._core.arguments import as_settings, check_callback, check_client
from speechmatics._core.audio_input import AudioInput
from speechmatics._core.copying import portable_state
from speechmatics._core.drivers import BlockingDriver
from speechmatics._core.iterators import OnError
from speechmatics._core.operations import (
    JsonFormat,
    JsonObject,
    Operation,
    RequestOptions,
    TextFormat,
    TranscriptFormat,
)
from speechmatics._core.options import TIMEOUTS, ClientOptions, settings_with
from speechmatics._core.parameters import check_parse, gives_models
from speechmatics._core.prepared import Progress
from speechmatics._core.readers import PARSED, RAW, JobT, Readers, TranscriptT, UsageT, as_sent
from speechmatics._core.session import ResponseInfo, Retry, Session
from speechmatics._core.steps import Reader
from speechmatics._secrets import forgetting_locals
from speechmatics.models.config import ConfigSource
from speechmatics.models.discovery import Features
from speechmatics.models.job import JobDetails, UsageReport
from speechmatics.models.transcript import Transcript
from speechmatics.settings import ConnectionSettings

__all__ = ["BatchClient", "ParsedBatchClient"]

_T = TypeVar("_T")
_RawT = TypeVar("_RawT")
_ModelT = TypeVar("_ModelT")


class BatchClient(Generic[JobT, TranscriptT, UsageT]):
    """Client of the Speechmatics Batch v2 API.

    The first request opens the connection; `close`, or the end of a `with` block, closes it. One client may be used
    from many threads.

    The type parameters are the types of a job, of a transcript in json-v2 and of a usage report: dicts, or models.
    `ParsedBatchClient` is the client that gives models; a subclass of it does so without `parse=True`.

    Example:
        >>> with BatchClient(settings, parse=True) as client:  # doctest: +SKIP
        ...     print(client.transcribe("call.wav").to_text())

    Args:
        connection_settings: Settings, or a token, or None to take everything from the environment. What is
            changed in them later may or may not be noticed.
        from_cli: Taken for compatibility; has no effect.
        parse: False gives plain dicts as the server sent them, True gives models. Left out, the type parameters of a
            subclass decide; dicts where they do not.
        auth: What authorises requests in place of the settings' token: a `TemporaryKeyAuth` that clients share, or any
            `httpx.Auth`.
        http_client: An existing `httpx.Client` to send requests through, not closed here.
        on_retry: Called for each request that failed and is sent again.
        on_response: Called with each answer that came, its status and its request id; what it raises ends the call.

    Raises:
        SettingsError: A setting from the environment is wrong.
        InvalidInputError: An argument is of a wrong type.
        TypeError: `parse` contradicts the type parameters. Where those are given by what is called, as in
            `BatchClient[JobDetails, Transcript, UsageReport](...)`, `connect` and the methods that depend on
            them raise it, before anything is sent.
    """

    @overload
    def __init__(
        self: BatchClient[JsonObject, JsonObject, JsonObject],
        connection_settings: ConnectionSettings | SecretStr | str | None = None,
        from_cli: bool = False,
        *,
        parse: Literal[False] = False,
        auth: httpx.Auth | None = None,
        http_client: httpx.Client | None = None,
        on_retry: Callable[[Retry], None] | None = None,
        on_response: Callable[[ResponseInfo], None] | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: BatchClient[JobDetails, Transcript, UsageReport],
        connection_settings: ConnectionSettings | SecretStr | str | None = None,
        from_cli: bool = False,
        *,
        parse: Literal[True] = True,
        auth: httpx.Auth | None = None,
        http_client: httpx.Client | None = None,
        on_retry: Callable[[Retry], None] | None = None,
        on_response: Callable[[ResponseInfo], None] | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: BatchClient[JsonObject | JobDetails, JsonObject | Transcript, JsonObject | UsageReport],
        connection_settings: ConnectionSettings | SecretStr | str | None = None,
        from_cli: bool = False,
        *,
        parse: bool,
        auth: httpx.Auth | None = None,
        http_client: httpx.Client | None = None,
        on_retry: Callable[[Retry], None] | None = None,
        on_response: Callable[[ResponseInfo], None] | None = None,
    ) -> None: ...
    def __init__(
        self,
        connection_settings: ConnectionSettings | SecretStr | str | None = None,
        from_cli: bool = False,
        *,
        parse: bool | None = None,
        auth: httpx.Auth | None = None,
        http_client: httpx.Client | None = None,
        on_retry: Callable[[Retry], None] | None = None,
        on_response: Callable[[ResponseInfo], None] | None = None,
    ) -> None:
        if isinstance(connection_settings, str):
            # From here on the token stands in no frame whose locals others show.
            connection_settings = SecretStr(connection_settings)
        check_client(
            connection_settings,
            parse=parse,
            auth=auth,
            http_client=http_client,
            on_retry=on_retry,
            on_response=on_response,
            is_async=BlockingDriver.awaits,
        )
        check_parse(self, BatchClient, parse)
        self._settings = as_settings(connection_settings)
        self._parse = parse
        self._auth = auth
        self._on_retry = on_retry
        self._on_response = on_response
        self._set_up(http_client)

    def _set_up(self, http_client: httpx.Client | None) -> None:
        self._http_client = http_client
        self._driver = BlockingDriver(self._settings, http_client, auth=self._auth, on_response=self._on_response)
        self._session = Session(settings=self._settings, on_retry=self._on_retry)

    def __repr__(self) -> str:
        settings = getattr(self, "_settings", None)
        if settings is None:
            return f"<{type(self).__name__} without settings>"
        try:
            parse = self._gives_models()
        except TypeError:
            parse = self._parse is True
        return f"{type(self).__name__}({settings.base_url!r}, parse={parse})"

    def __getstate__(self) -> dict[str, object]:
        """What a pickle holds: the settings with their key, but no connections.

        Raises:
            TypeError: There is an `http_client`, or a hook, an `auth` or an `ssl_context` that cannot be pickled.
        """
        return portable_state(
            self,
            ("_driver", "_session", "_http_client"),
            http_client=self._http_client,
            auth=self._auth,
            on_retry=self._on_retry,
            on_response=self._on_response,
            ssl_context=self._settings.ssl_context,
        )

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._set_up(None)

    def __enter__(self) -> Self:
        return self.connect()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def connection_settings(self) -> ConnectionSettings:
        """The settings that the client was made with, or took from the environment."""
        return self._settings

    def with_options(self, **options: Unpack[ClientOptions]) -> Self:
        """Another client that does some things otherwise, over the connections of this one.

        It is closed with this client: `close`, and the end of a `with` block, close nothing of what is shared. What
        one of them learns of the server, the other knows.

        Args:
            **options: Fields of `ConnectionSettings` that concern requests rather than connections, `on_retry` and
                `on_response`. `headers` are added to those of this client; everything else takes the place of what
                this client has.

        Raises:
            TypeError: There is no such option, or it belongs to connections (`verify`, `proxy`, `http2`, limits).
            SettingsError: A value is wrong.

        Example:
            >>> patient = client.with_options(read_timeout=300, retry_attempts=8)
        """
        try:
            settings = settings_with(self._settings, options)
        finally:
            token_is_given = "auth_token" in options
            asks_for_time = not TIMEOUTS.isdisjoint(options)
            on_retry = options.get("on_retry", self._on_retry)
            on_response = options.get("on_response", self._on_response)
            del options  # a traceback shows the locals of its frames
        if token_is_given and self._auth is not None:
            raise TypeError("the client has an auth, which authorises its requests in place of an auth_token")
        check_callback("on_retry", on_retry)
        check_callback("on_response", on_response)
        client = object.__new__(type(self))
        client.__dict__.update(self.__dict__)
        client._settings, client._on_retry, client._on_response = settings, on_retry, on_response
        timeout = settings.timeout if self._http_client is None or asks_for_time else None
        client._driver = self._driver.sharing(settings, auth=self._auth, on_response=on_response, timeout=timeout)
        client._session = replace(self._session, settings=settings, on_retry=on_retry)
        return client

    def _gives_models(self) -> bool:
        return gives_models(self, BatchClient, self._parse)

    @property
    def _read(self) -> Readers[JobT, TranscriptT, UsageT]:
        """How answers are read. Checkers know the types by the class or the flag, the cast says that it is these."""
        return cast("Readers[JobT, TranscriptT, UsageT]", PARSED if self._gives_models() else RAW)

    def _send(
        self, operation: Operation[_RawT, _ModelT], form: Callable[[Operation[_RawT, _ModelT]], Reader[_T]]
    ) -> _T:
        return self._driver.run(flows.send_with_retry(operation, form(operation), self._session))

    def connect(self) -> Self:
        """Opens the connection pool; the first request does so too.

        Raises:
            TypeError: The flag contradicts the type parameters.
        """
        self._gives_models()
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
        flow = flows.send_custom(method, path, kwargs, self._session)
        del path, kwargs  # a traceback shows the locals of its frames
        return self._driver.run(flow)

    def list_jobs(
        self,
        *,
        created_before: datetime | str | None = None,
        limit: int | None = None,
        include_deleted: bool | None = None,
    ) -> list[JobT]:
        """Lists jobs, the most recent first: the last 100 of 7 days, unless the arguments say otherwise.

        Args:
            created_before: Only jobs created before this moment; a `datetime` or ISO 8601 text.
            limit: At most this many, 1 to 100.
            include_deleted: Whether deleted jobs are listed too.

        Raises:
            InvalidInputError: `limit` is out of range; nothing was sent.
            APIStatusError, RequestError: As `send_request`.
        """
        operation = endpoints.list_jobs(created_before=created_before, limit=limit, include_deleted=include_deleted)
        return self._send(operation, self._read.jobs)

    def iter_jobs(self, *, include_deleted: bool = False, page_size: int = 100) -> Iterator[JobT]:
        """Iterates over all jobs, page by page, the most recent first; each job comes once.

        Args:
            include_deleted: Whether deleted jobs are listed too.
            page_size: Jobs asked for at once, 1 to 100.

        Raises:
            InvalidInputError: `page_size` is out of range; nothing was sent.
            APIStatusError, RequestError: As `send_request`, when a page is read.
        """
        return self._driver.each(
            iterators.iter_jobs(self._session, self._read, include_deleted=include_deleted, page_size=page_size)
        )

    def submit_job(
        self,
        audio: AudioInput | None,
        transcription_config: ConfigSource,
        *,
        on_progress: Progress | None = None,
        timeout: float | None = None,
        submission_id: str | None = None,
        look_first: bool = False,
    ) -> str:
        """Submits audio for transcription.

        Args:
            audio: A path (`str` or `PathLike`), bytes, a binary file object (sent from where it stands), a tuple of a
                file name and bytes or a file object, or None where the configuration has `fetch_data`. Files are
                streamed.
            transcription_config: The wire's dict, a `JobConfig`, a `BatchTranscriptionConfig`, or the path of a JSON
                file.
            on_progress: Called with the bytes of audio that the network has taken so far, and those in all where that
                is known.
            timeout: Seconds that all of it may take, the search for a job whose answer was lost among it; None for no
                limit but those of each step. A read of the caller's file object is not cut short by it.
            submission_id: The id of the submission, sent in `tracking.details`; None for a fresh one.
            look_first: Whether a job with this `submission_id` is searched for first, and returned if
                there is one: for programs that resume.

        Returns:
            The new job's id.

        Raises:
            AudioError, ConfigError, InvalidInputError: An argument is wrong; nothing was sent.
            SubmissionUncertainError: The answer was lost, and whether the job was created could not be found out.
            WaitTimeoutError: The time was over before the upload was; no job was created.
            APIStatusError, RequestError: The submission failed, and there is no job.
        """
        flow = submission.submit_job(
            audio,
            transcription_config,
            self._session,
            on_progress=on_progress,
            timeout=timeout,
            submission_id=submission_id,
            look_first=look_first,
        )
        del audio, transcription_config  # a traceback shows the locals of its frames
        return self._driver.run(flow)

    def find_submissions(self, ids: Iterable[str], since: datetime) -> dict[str, str]:
        """Finds the jobs of earlier submissions by their ids, in one pass over the list of jobs.

        Args:
            ids: The submissions, as `submit_job` was given them or `SubmissionUncertainError` named them.
            since: When the first of them was sent; without a time zone it is UTC. Jobs that are five minutes older are
                left out.

        Returns:
            The job's id of each submission that was found; the others have no job that the service keeps, lists by now
                and was not asked to delete.

        Raises:
            SubmissionUncertainError: Some were not found, and may have jobs all the same, because the list does not
                reach back far enough or does not show what jobs were submitted with; `found` has those that were.
            APIStatusError, RequestError: As `send_request`.
        """
        return self._driver.run(submission.find_submissions(ids, since, self._session))

    def check_job_status(self, job_id: str, *, wait: int | None = None) -> JobT:
        """Asks for the status of a job.

        Args:
            job_id: The job.
            wait: Whole seconds that the service may hold the answer back until the job ends.

        Returns:
            `{"job": {...}}` as the server sent it, or `JobDetails`.

        Raises:
            JobNotFoundException: There is no such job.
            APIStatusError, RequestError: As `send_request`.
        """
        return self._send(endpoints.get_job(job_id, wait=wait), self._read.job)

    @overload
    def get_job_result(
        self, job_id: str, transcription_format: JsonFormat = "json-v2", *, wait: int | None = None
    ) -> TranscriptT | Literal[False]: ...
    @overload
    def get_job_result(
        self, job_id: str, transcription_format: TextFormat, *, wait: int | None = None
    ) -> str | Literal[False]: ...
    @overload
    def get_job_result(
        self, job_id: str, transcription_format: TranscriptFormat, *, wait: int | None = None
    ) -> TranscriptT | str | Literal[False]: ...
    def get_job_result(
        self, job_id: str, transcription_format: TranscriptFormat = "json-v2", *, wait: int | None = None
    ) -> TranscriptT | str | Literal[False]:
        """Asks for a transcript.

        Args:
            job_id: The job.
            transcription_format: `json-v2` (also `json`, `json_v2`), `txt` or `srt`.
            wait: Whole seconds that the service may hold the answer back until the transcript is ready.

        Returns:
            A dict or a `Transcript` for json-v2, text for the others, or False while the job is still running.

        Raises:
            JobNotFoundException: There is no such job.
            TranscriptionError: The job ended without a transcript, or the format is unknown.
            APIStatusError, RequestError: As `send_request`.
        """
        request, read = self._read.get_transcript(job_id, transcription_format, wait=wait)
        return self._driver.run(flows.get_result(request, job_id, read, self._session))

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
        self,
        job_id: str,
        transcription_format: JsonFormat,
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
    ) -> TranscriptT: ...
    @overload
    def wait_for_completion(
        self,
        job_id: str,
        transcription_format: TranscriptFormat,
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
    ) -> TranscriptT | str: ...
    def wait_for_completion(
        self,
        job_id: str,
        transcription_format: TranscriptFormat = "txt",
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
    ) -> TranscriptT | str:
        """Waits until a job ends, and returns its transcript.

        Args:
            job_id: The job.
            transcription_format: `txt`, `srt` or `json-v2` (also `json`, `json_v2`).
            timeout: Seconds to wait at most, to a tenth of a second; 0 polls once, however long that takes, and None
                is the setting `wait_timeout`, which by default has no limit.
            on_status: Called with the job when its status is first known and when it changes.

        Raises:
            JobNotFoundException: There is no such job.
            TranscriptionError: The job was rejected, deleted or has expired, or the format is unknown.
            WaitTimeoutError: It did not end in time and is still running, or its transcript did not come in time.
            APIStatusError, RequestError: As `send_request`, where failures were not transient.
        """
        request, read = self._read.get_transcript(job_id, transcription_format)
        return self._driver.run(
            waiting.wait_for_completion(request, job_id, read, self._session, timeout=timeout, on_status=on_status)
        )

    @overload
    def transcribe(
        self,
        audio: AudioInput | None,
        transcription_config: ConfigSource | None = None,
        transcription_format: JsonFormat = "json-v2",
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
        on_progress: Progress | None = None,
    ) -> TranscriptT: ...
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
        self,
        audio: AudioInput | None,
        transcription_config: ConfigSource | None = None,
        transcription_format: TranscriptFormat = "json-v2",
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
        on_progress: Progress | None = None,
    ) -> TranscriptT | str: ...
    def transcribe(
        self,
        audio: AudioInput | None,
        transcription_config: ConfigSource | None = None,
        transcription_format: TranscriptFormat = "json-v2",
        *,
        timeout: float | None = None,
        on_status: Callable[[JobDetails], None] | None = None,
        on_progress: Progress | None = None,
    ) -> TranscriptT | str:
        """Submits audio, waits for the job, and returns its transcript.

        Arguments, results and errors are those of `submit_job` (`on_progress`) and `wait_for_completion`
        (`on_status`). An error after the submission carries the job's id.

        Args:
            audio: As for `submit_job`.
            transcription_config: As for `submit_job`; None asks for a transcription of English (`"language": "en"`),
                which is logged once.
            transcription_format: `json-v2` (also `json`, `json_v2`), `txt` or `srt`.
            timeout: Seconds that all of it may take, the upload among it; None for no limit on the upload, and the
                setting `wait_timeout` for the wait.
            on_status: As for `wait_for_completion`.
            on_progress: As for `submit_job`.
        """
        flow = transcription.transcribe(
            audio,
            transcription_config,
            transcription_format,
            self._session,
            self._read,
            timeout=timeout,
            on_status=on_status,
            on_progress=on_progress,
        )
        del audio, transcription_config  # a traceback shows the locals of its frames
        return self._driver.run(flow)

    def delete_job(self, job_id: str, force: bool = False) -> str | Literal[False]:
        """Deletes a job and all that belongs to it.

        Args:
            job_id: The job.
            force: Whether a running job is ended.

        Returns:
            A sentence that says so, or False if the job is still running and `force` is not set.

        Raises:
            JobNotFoundException: There is no such job.
            APIStatusError, RequestError: As `send_request`.
        """
        return self._driver.run(flows.delete_job(job_id, self._session, force=force))

    def get_job_log(self, job_id: str) -> str:
        """The log of a job.

        Raises:
            JobNotFoundException: There is no such job, or it has no log.
            APIStatusError, RequestError: As `send_request`.
        """
        return self._send(endpoints.get_job_log(job_id), as_sent)

    def get_job_audio(self, job_id: str) -> bytes:
        """The audio that a job was submitted with, as it was sent (documentation; for audio that was uploaded).

        Raises:
            JobNotFoundException: There is no such job, or its audio is not kept.
            ResponseTooLargeError: It is larger than the setting `max_response_bytes`.
            APIStatusError, RequestError: As `send_request`.
        """
        return self._send(endpoints.get_job_audio(job_id), as_sent)

    def get_features(self) -> Features:
        """What the server offers: languages, domains, locales and translations; a model whatever `parse` is.

        `validate_config(config, features=...)` checks a configuration by it.

        Raises:
            APIStatusError: The server has no feature discovery (404), or the answer is another error.
            RequestError: No whole answer came.
        """
        return self._send(endpoints.get_features(), as_sent)

    def get_usage(self, since: date | str | None = None, until: date | str | None = None) -> UsageT:
        """How much has been transcribed.

        Args:
            since: First day counted, a `date` or `YYYY-MM-DD`.
            until: Last day counted.

        Raises:
            InvalidInputError: A day is not of that form; nothing was sent.
            APIStatusError, RequestError: As `send_request`.
        """
        return self._send(endpoints.get_usage(since, until), self._read.usage)

    def submit_jobs(
        self,
        audio_paths: Iterable[str | os.PathLike[str]],
        transcription_config: ConfigSource,
        concurrency: int = 5,
        *,
        on_error: OnError | None = None,
    ) -> Iterator[tuple[str | os.PathLike[str], str]]:
        """Submits many files, some at a time, and yields each path with its job's id as the job ends.

        Where the service refuses because there are too many (429), there are fewer at once and fewer a second until it
        takes them again. Without `on_error`, a file that the service refuses for another reason is logged as a warning
        and skipped, a job that ends without a transcript is yielded like the others, and any other error ends the
        iteration. What ends it, Ctrl-C among it, has the jobs that are still running and their files in its notes; an
        iterator that is dropped logs them.

        Args:
            audio_paths: The files.
            transcription_config: As for `submit_job`.
            concurrency: Jobs that run at once, 1 to 50.
            on_error: Called with the path and the error of a file that cannot be submitted, or whose job ends without
                a transcript and is not yielded then; the others are still processed. What it raises ends the
                iteration.

        Raises:
            InvalidInputError: `concurrency` is out of range.
            ConfigError: The configuration is wrong.
            AudioError, SubmissionUncertainError, APIStatusError, RequestError: As `submit_job` and `wait_for_many`,
                when a result is asked for.
        """
        try:
            with forgetting_locals():
                stream = iterators.submit_jobs(
                    audio_paths,
                    transcription_config,
                    self._session,
                    concurrency=concurrency,
                    on_error=on_error,
                    may_be_awaited=BlockingDriver.awaits,
                )
        finally:
            del audio_paths, transcription_config  # a traceback shows the locals of its frames
        return self._driver.each(stream)

    def wait_for_many(self, job_ids: Iterable[str | None], *, timeout: float | None = None) -> Iterator[JobT]:
        """Waits for many jobs, and yields each as it ends, done or not: its `status` says which.

        Three jobs or more are polled by pages of the list. What ends the iteration, Ctrl-C among it, has the jobs that
        are still running in its notes. The error of one job comes after the results of the others that are known.

        Args:
            job_ids: The jobs. An iterator may grow: it is asked for more ids before each round, until it yields None,
                where it has none at the moment, or ends.
            timeout: Seconds to wait at most in all, from the first result that is asked for and to a tenth of a
                second; None for the setting `wait_timeout`.

        Raises:
            InvalidInputError: A job id is empty; nothing was sent.
            JobNotFoundException: There is no such job.
            WaitTimeoutError: Not all ended in time; those that have not are still running.
            APIStatusError, RequestError: As `send_request`, where failures were not transient.
        """
        return self._driver.each(iterators.wait_for_many(job_ids, self._session, self._read, timeout=timeout))


ParsedBatchClient: TypeAlias = BatchClient[JobDetails, Transcript, UsageReport]
"""A client that gives models, to annotate with and to derive from."""
