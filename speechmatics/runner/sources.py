"""Where audio comes from: files, folders, patterns, URLs, and manifests that name them."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from speechmatics._names import did_you_mean
from speechmatics._urls import is_url
from speechmatics.exceptions import InvalidInputError
from speechmatics.runner.names import name_of_file, name_of_stored, name_of_url
from speechmatics.runner.stores import StoredFile, find_in_store, is_store_url, open_text

__all__ = ["EXTENSIONS", "Source", "SourceInput", "find_sources"]

EXTENSIONS = frozenset({".wav", ".mp3", ".aac", ".ogg", ".mpeg", ".amr", ".m4a", ".mp4", ".flac"})
"""What the service takes (documentation); folders are searched for it."""
_URL_SCHEMES = ("http://", "https://")
_MOST_NAMES = 10_000
"""Names of a folder that are looked at for one that was meant."""

SourceInput: TypeAlias = "str | os.PathLike[str]"
"""A file, a folder, a pattern (`calls/**/*.wav`), a URL of http or https, a manifest (`.jsonl`), or a file, folder,
pattern or manifest of a store (`s3://bucket/calls/`) where fsspec and its package for that are installed."""


@dataclass(frozen=True, slots=True)
class Source:
    """Audio to be transcribed.

    Attributes:
        name: The file as it was given or found, or the URL without its query; what the journal knows it by.
        output: Where its outputs go, below the output folder and without their suffix.
        path: The file, or None.
        url: The URL, or None; it may be signed, and is in no repr.
        overrides: What the manifest says of the configuration for it alone.
        reference: The text that was said, where the manifest knows it.
        stored: The file in a store, or None; its name is its URL then.
    """

    name: str
    output: str
    path: Path | None = None
    url: str | None = field(default=None, repr=False)
    overrides: Mapping[str, Any] | None = field(default=None, repr=False)
    reference: str | None = field(default=None, repr=False)
    stored: StoredFile | None = None


class _Line(BaseModel):
    """A line of a manifest."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    audio: str
    config: dict[str, Any] | None = None
    reference: str | None = None


def find_sources(given: SourceInput | Iterable[SourceInput]) -> Iterator[Source]:
    """Finds the audio that is meant, in a steady order, as it goes along.

    Args:
        given: One or several of: a file; a folder, which is searched with those below it for `EXTENSIONS`; a pattern
            with `*`, `?`, `[` or `**`; a URL; the same in a store; a manifest in JSON lines (`.jsonl`), on disk or in
            a store, with `audio`, and where needed `config` (what is otherwise in the configuration) and `reference`.

    Raises:
        InvalidInputError: There is no such file, a pattern or folder has no audio, or a manifest is malformed; the
            message names which.
    """
    several = [given] if isinstance(given, str | os.PathLike) else given
    for one in several:
        yield from _sources_of(os.fspath(one))


def _sources_of(text: str) -> Iterator[Source]:
    if text.lower().startswith(_URL_SCHEMES):
        bare = text.partition("#")[0].partition("?")[0]
        yield Source(bare, name_of_url(text), url=text)
        return
    if is_store_url(text):
        if _is_manifest(text):
            with open_text(text) as lines:
                yield from _in_manifest(lines, text)
            return
        for file in find_in_store(text, EXTENSIONS):
            yield Source(file.url, name_of_stored(file.url), stored=file)
        return
    path = Path(text)
    if path.is_dir():
        yield from _in_folder(path)
    elif path.exists():
        if not _is_manifest(text):
            yield _of_file(path)
            return
        with path.open(encoding="utf-8-sig") as lines:
            yield from _in_manifest(lines, text)
    elif glob.has_magic(text):
        yield from _matching(text)
    elif is_url(text):
        raise InvalidInputError(f"{text!r} is a URL that became a path; give it as a str")
    else:
        raise InvalidInputError(f"there is no file, folder or pattern {text!r}{_near(path)}")


def _near(path: Path) -> str:
    """The name that may have been meant, of those in its folder."""
    try:
        with os.scandir(path.parent) as entries:
            names = tuple(entry.name for entry in islice(entries, _MOST_NAMES))
    except (OSError, ValueError):
        return f": there is no folder {str(path.parent)!r}"
    return did_you_mean(path.name, names)


def _is_manifest(text: str) -> bool:
    return text.lower().endswith(".jsonl")


def _of_file(path: Path) -> Source:
    return Source(str(path), name_of_file(path), path)


def _in_folder(folder: Path) -> Iterator[Source]:
    root = folder.parent if folder.is_absolute() or ".." in folder.parts else Path()
    if folder.name == "":
        root = folder
    is_empty = True
    for path in _walk(folder):
        is_empty = False
        yield Source(str(path), name_of_file(path.relative_to(root)), path)
    if is_empty:
        raise InvalidInputError(f"there is no audio in the folder {str(folder)!r} ({', '.join(sorted(EXTENSIONS))})")


def _walk(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        elif Path(entry.name).suffix.lower() in EXTENSIONS and entry.is_file():
            yield Path(entry.path)


def _matching(pattern: str) -> Iterator[Source]:
    fixed = Path(*_before_magic(Path(pattern)))
    found = [path for path in sorted(glob.glob(pattern, recursive=True)) if Path(path).is_file()]
    if not found:
        where = "" if fixed.is_dir() else f": there is no folder {str(fixed)!r}"
        raise InvalidInputError(f"no file matches the pattern {pattern!r}{where}")
    root = fixed.parent if fixed.is_absolute() or ".." in fixed.parts else Path()
    for path in map(Path, found):
        yield Source(str(path), name_of_file(path.relative_to(root)), path)


def _before_magic(pattern: Path) -> Iterator[str]:
    for part in pattern.parts:
        if glob.has_magic(part):
            return
        yield part


def _in_manifest(lines: Iterable[str], manifest: str) -> Iterator[Source]:
    try:
        for number, text in enumerate(lines, 1):
            if not text.strip():
                continue
            where = f"line {number} of {manifest!r}"
            line = _read_line(text, where)
            yield replace(_of_line(line.audio, manifest, where), overrides=line.config, reference=line.reference)
    except UnicodeDecodeError:
        raise InvalidInputError(f"{manifest!r} is not text in UTF-8") from None


def _of_line(audio: str, manifest: str, where: str) -> Source:
    is_stored = is_store_url(manifest)
    if not audio.lower().startswith(_URL_SCHEMES) and not is_store_url(audio):
        if is_stored:
            audio = f"{manifest.rpartition('/')[0]}/{audio}"
        elif not Path(audio).is_absolute():
            found = Path(manifest).parent / audio
            if not found.is_file():
                raise InvalidInputError(f"{where}: there is no file {str(found)!r}")
            return Source(str(found), name_of_file(Path(audio)), found)
    if _is_manifest(audio):
        raise InvalidInputError(f"{where}: {audio!r} is another manifest")
    try:
        sources = iter(_sources_of(audio))
        source = next(sources)
        if next(sources, None) is not None:
            raise InvalidInputError(f"{audio!r} is several files, and a line is one")
    except InvalidInputError as error:
        raise InvalidInputError(f"{where}: {error}") from None
    return source


def _read_line(text: str, where: str) -> _Line:
    try:
        return _Line.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"{where} is not JSON: {error.msg}") from None
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'line'}: {each['msg']}" for each in error.errors())
        raise InvalidInputError(f"{where}: {problems}") from None
