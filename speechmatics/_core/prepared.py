"""A submission that is ready to be sent: its request, what its job is known by, and what messages call its audio."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

from speechmatics._core import endpoints
from speechmatics._core.audio import Audio
from speechmatics._core.audio_input import AsyncAudioInput, label_of, open_audio
from speechmatics._core.operations import JsonObject, Operation
from speechmatics._core.search import ID_PREFIX, place_of_id
from speechmatics._urls import bare_url
from speechmatics.exceptions import AudioError, ConfigError
from speechmatics.models._leniency import report_unknown
from speechmatics.models._offers import not_offered
from speechmatics.models.config import ConfigSource, JobConfig, as_job_config
from speechmatics.models.delivery import TrackingData
from speechmatics.settings import ConnectionSettings

__all__ = ["Progress", "Submission", "prepare"]

Progress = Callable[[int, int | None], None]
"""Called with the bytes of audio that the network has taken so far, and those in all where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submission that is ready to be sent.

    Attributes:
        operation: Its request.
        id: What its job is known by; None where submissions are not tracked.
        audio: Its file, by path, name or URL (without its query); None for bytes without a name.
        data_name: The file name that its job shows; None where that is not known.
        url: Where the service fetches the audio, if it does.
    """

    operation: Operation[str, str]
    id: str | None
    audio: str | None
    data_name: str | None
    url: str | None = field(repr=False)

    def could_be(self, job: JsonObject) -> bool:
        """Whether a job that shows no tracking could be this one, by the audio that it shows."""
        fetch = endpoints.object_in(endpoints.object_in(job, "config"), "fetch_data")
        shown_url: object = fetch.get("url")
        if self.url is not None:
            return shown_url in (None, self.url)
        name = job.get("data_name")
        return shown_url is None and (self.data_name is None or not name or name == self.data_name)


def prepare(
    audio: AsyncAudioInput | Audio | None,
    source: ConfigSource,
    settings: ConnectionSettings,
    on_progress: Progress | None,
    submission_id: str | None,
) -> Submission:
    """Checks audio and configuration, and gives the configuration the submission's id.

    Raises:
        AudioError, ConfigError: One of them is wrong.
    """
    config = as_job_config(source)
    for path, message, _ in not_offered(config):
        report_unknown("unknown_offer", f"{'.'.join(map(str, path))}: {message}")
    if audio is not None and config.fetch_data is not None:
        raise ConfigError("audio and fetch_data are both given; the service takes one of them")
    if audio is None and config.fetch_data is None:
        raise AudioError("there is no audio; give a path, bytes or a file object, or fetch_data in the config")
    opened = None if audio is None else open_audio(audio, limit=settings.max_upload_bytes)
    url = None if config.fetch_data is None else config.fetch_data.url
    tracked = _track(config, submission_id) if settings.track_submissions or submission_id is not None else None
    return Submission(
        operation=endpoints.create_job(config, opened, app=settings.app, on_progress=on_progress),
        id=tracked,
        audio=label_of(audio) if url is None else bare_url(url),
        data_name=opened.name if opened is not None and _is_plain(opened.name) else None,
        url=url,
    )


def _track(config: JobConfig, submission_id: str | None) -> str:
    """Writes the submission's id into the configuration's tracking, beside what the user has there, and gives it."""
    tracking = config.tracking or TrackingData()
    details = tracking.details or {}
    tracked = submission_id or ID_PREFIX + uuid4().hex
    tracking.details = {**details, place_of_id(details): tracked}
    config.tracking = tracking
    return tracked


def _is_plain(name: str) -> bool:
    """Whether every server shows a file name as it was sent."""
    return re.fullmatch(r"[A-Za-z0-9._ -]+", name) is not None
