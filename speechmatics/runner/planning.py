"""From sources to a plan: what each file is, how it is configured, whether it can be submitted at all."""

from __future__ import annotations

import hashlib
import json
import wave
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from speechmatics.exceptions import ConfigError
from speechmatics.models.config import as_job_config
from speechmatics.runner.journal import Journal, Planned
from speechmatics.runner.sources import EXTENSIONS, Source
from speechmatics.runner.stores import StoredFile

__all__ = ["Planner", "duration_of", "mark_duplicates", "merge_json"]

_JSON_OBJECT = TypeAdapter(dict[str, Any])
_OTHER_MEDIA = frozenset({".avi", ".flv", ".m4v", ".mkv", ".mov", ".opus", ".ts", ".webm", ".wma", ".wmv"})
"""What is known not to be taken."""


class Planner:
    """Makes the plan of a run.

    Args:
        config: The configuration of all, as the wire has it.
        max_bytes: Bytes that a file may have to be uploaded; None for no limit.
        is_fetched: Whether the service fetches the files of stores; None where that depends on the store.

    Attributes:
        urls: The URLs of the sources that have one, by name, as they were given: they may be signed, so they are
            in no file.
    """

    def __init__(self, config: Mapping[str, Any], max_bytes: int | None, is_fetched: bool | None = None) -> None:
        self._config = config
        self._is_fetched = is_fetched
        self._max_bytes = max_bytes
        self.urls: dict[str, str] = {}

    def plan(self, sources: Iterable[Source]) -> Iterator[Planned]:
        """The files to be done, one after another.

        Raises:
            ConfigError: What the manifest says of one makes no configuration; it names the file.
        """
        for source in sources:
            overrides = None if not source.overrides else json.dumps(source.overrides, sort_keys=True)
            config = hash_of(self.config_of(overrides, source.name))
            if source.stored is not None:
                yield self._of_stored(source, source.stored, overrides, config)
                continue
            if source.path is None:
                self.urls[source.name] = source.url or ""
                yield Planned(source.name, source.output, None, overrides, None, source.name, config)
                continue
            yield self._of_file(source, source.path, overrides, config)

    def config_of(self, overrides: str | None, name: str) -> dict[str, Any]:
        """The configuration of a file, as the wire has it.

        Raises:
            ConfigError: It is none.
        """
        if overrides is None:
            return {**self._config}
        try:
            return as_job_config(merge_json(self._config, _JSON_OBJECT.validate_json(overrides))).to_dict()
        except ConfigError as error:
            raise ConfigError(f"{name}: {error}") from None

    def _of_file(self, source: Source, path: Path, overrides: str | None, config: str) -> Planned:
        name, output = _as_text(source.name), _as_text(source.output)
        if name != source.name or _as_text(str(path)) != str(path):
            # Neither the journal nor the service has such names.
            reason = "its name is not text in UTF-8; rename the file, or its folder"
            return Planned(name, output, None, overrides, None, "", config, reason)
        try:
            found = path.stat()
        except OSError as error:
            unreadable = f"the file cannot be read: {error.strerror}"
            return Planned(source.name, source.output, str(path), overrides, None, "", config, unreadable)
        identity = f"{found.st_size}-{found.st_mtime_ns}"
        refusal = self._refusal(path, found.st_size)
        return Planned(source.name, source.output, str(path), overrides, found.st_size, identity, config, refusal)

    def _of_stored(self, source: Source, file: StoredFile, overrides: str | None, config: str) -> Planned:
        refusal = self._refusal(Path(source.output), file.size, is_uploaded=self._is_fetched is False)
        return Planned(source.name, source.output, None, overrides, file.size, file.identity, config, refusal)

    def _refusal(self, path: Path, size: int | None, *, is_uploaded: bool = True) -> str | None:
        if path.suffix.lower() in _OTHER_MEDIA:
            return (
                f"the service does not take {path.suffix}; it takes {', '.join(sorted(EXTENSIONS))}. Make one of these "
                "of it, for example: ffmpeg -i INPUT -vn OUTPUT.flac"
            )
        if size == 0:
            return "the file is empty"
        if self._max_bytes is not None and size is not None and size > self._max_bytes and is_uploaded:
            return (
                f"the file has {size} bytes, and an upload at most {self._max_bytes}. Compress it (ffmpeg -i INPUT -vn "
                "OUTPUT.flac), or give a URL from which the service fetches it"
            )
        return None


def _as_text(name: str) -> str:
    """A name with its bytes that are no UTF-8 written out."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def hash_of(config: Mapping[str, Any]) -> str:
    """What tells one configuration from another."""
    text = json.dumps(config, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def mark_duplicates(journal: Journal) -> None:
    """Finds files that are the same: reads those that have the same size and configuration."""
    for file in journal.duplicates():
        try:
            with Path(file.path or "").open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
        except OSError:
            continue  # it fails by itself when it is submitted
        journal.set_digest(file.number, digest)


def duration_of(path: Path) -> float | None:
    """Seconds of a WAV file, by its header; None where that is not known."""
    try:
        with wave.open(str(path)) as recording:
            return float(recording.getnframes() / recording.getframerate())
    except (OSError, EOFError, wave.Error, ZeroDivisionError):
        return None


def merge_json(config: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """JSON over JSON: objects are merged, and everything else is replaced."""
    merged = {**config}
    for name, value in overrides.items():
        known: object = merged.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            merged[name] = merge_json(_JSON_OBJECT.validate_python(known), _JSON_OBJECT.validate_python(value))
        else:
            merged[name] = value
    return merged
