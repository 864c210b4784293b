"""Job details as servers send them, with the nulls and doublets that their configurations have."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from speechmatics.testing._wire_configs import job_configs
from speechmatics.testing._wire_values import IDS, TEXTS, TIMESTAMPS, TRACKING, Json, some

__all__ = ["job_details"]

_ERRORS = st.lists(
    st.fixed_dictionaries(
        {
            "timestamp": TIMESTAMPS,
            "message": st.sampled_from(["Audio fetch error, http status 418", "Notification could not be sent"]),
        }
    ),
    min_size=1,
    max_size=3,
)
_DURATIONS: SearchStrategy[int | float] = st.integers(0, 40_000) | st.integers(0, 400_000).map(lambda n: n / 10)

_PARTS = some(
    config=job_configs(),
    text_name=TEXTS,
    lang=st.sampled_from(["en", "de"]),
    tracking=TRACKING,
    request_id=IDS,
)


@st.composite
def job_details(draw: DrawFn) -> Json:
    """One job, running or ended; a rejected one says why, fetched audio may have neither name nor length."""
    status = draw(st.sampled_from(["running", "done", "rejected", "deleted", "expired"]))
    job: Json = {"id": draw(IDS), "status": status, "created_at": draw(TIMESTAMPS)} | draw(_PARTS)
    config = job.get("config", {})
    if "fetch_data" in config:
        job |= draw(some(data_name=st.just(""), duration=_DURATIONS))
    else:
        job |= {"data_name": draw(TEXTS), "duration": draw(_DURATIONS)}
    if status == "rejected":
        job["errors"] = draw(_ERRORS)
    elif config.get("notification_config"):
        job |= draw(some(errors=_ERRORS))
    if config:
        _as_echoed(draw, config)
    return job


def _as_echoed(draw: DrawFn, config: Json) -> None:
    """Servers write `null` for parts that were not asked for, and the model under both its names."""
    transcription = config["transcription_config"]
    for part, name in (
        (config, "notification_config"),
        (config, "translation_config"),
        (transcription, "additional_vocab"),
    ):
        if name not in part and draw(st.booleans()):
            part[name] = None
    if "model" in transcription and draw(st.booleans()):
        transcription["operating_point"] = transcription["model"]
