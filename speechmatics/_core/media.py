"""The body of a submission: a multipart stream that is never read whole, and can be sent again where possible."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

from speechmatics._core.audio import CHUNK_SIZE, Audio
from speechmatics.exceptions import AudioError

__all__ = ["MultipartBody"]


class MultipartBody:
    """The body of a submission: the configuration, and the audio if there is any.

    Args:
        config: The configuration's JSON.
        audio: The audio.
        on_progress: Called with the bytes of audio that the network has taken so far, and those in all where that is
            known; from the beginning each time the body is sent again.

    Attributes:
        is_being_sent: Whether a piece of it has been handed on.
        is_observed: Whether the network tells of what it writes, by `begin_write`.
        callers_error: What the audio or `on_progress` raised, if anything.
    """

    def __init__(
        self, config: str, audio: Audio | None, on_progress: Callable[[int, int | None], None] | None = None
    ) -> None:
        self.audio = audio
        self.is_being_sent = False
        self.is_observed = False
        self.callers_error: BaseException | None = None
        self._on_progress = on_progress
        self._begun = False
        self._is_handed_on = False
        self._is_given = False
        self._sent = 0
        self._boundary = secrets.token_hex(16)
        self._before = self._part('name="config"', "application/json") + config.encode() + b"\r\n"
        self._after = b"--" + self._boundary.encode() + b"--\r\n"
        if audio is not None:
            name = _quoted(audio.name)
            self._before += self._part(f'name="data_file"; filename={name}', audio.content_type)
            self._after = b"\r\n" + self._after

    def __repr__(self) -> str:
        return f"MultipartBody(audio={self.audio.name if self.audio else None!r}, length={self.length})"

    def __iter__(self) -> Iterator[bytes]:
        self.start()
        for piece in self.pieces():
            self.hand_on(piece)
            yield piece
            self.count(piece)

    def pieces(self, chunk_size: int = CHUNK_SIZE) -> Iterator[bytes]:
        """The pieces of the body, read as they are asked for; audio at most so many bytes at once.

        Raises:
            AudioError: The audio cannot be read, or a second time, or has changed.
        """
        yield self._before
        if self.audio is not None:
            try:
                self._begin(self.audio)
                yield from self.audio.chunks(chunk_size)
            except Exception as error:
                self.callers_error = error
                raise
        yield self._after

    def start(self) -> None:
        """Nothing has been handed on yet, or it is to be handed on once more."""
        self.is_being_sent = self._is_handed_on = self._is_given = False
        self._sent = 0

    def hand_on(self, piece: bytes) -> None:
        """Notes that a piece goes to the network."""
        self.is_being_sent = True
        self._is_handed_on = piece is self._after

    def begin_write(self) -> None:
        """Notes that what was handed on is being written: from now on it may have arrived."""
        self._is_given = self._is_handed_on

    def count(self, piece: bytes) -> None:
        """Tells the program of a piece that the network took."""
        if self.audio is not None and piece is not self._before and piece is not self._after:
            self._sent += len(piece)
            if self._on_progress is not None:
                try:
                    self._on_progress(self._sent, self.audio.size)
                except BaseException as error:
                    self.callers_error = error
                    raise

    @property
    def is_in_memory(self) -> bool:
        """Whether no file is read for it."""
        return self.audio is None or isinstance(self.audio.source, bytes)

    @property
    def is_given(self) -> bool:
        """Whether the piece with the closing boundary may have left: before that there can be no job.

        Where no network of ours observes the writing, it counts as given as soon as it is handed on.
        """
        return self._is_given if self.is_observed else self._is_handed_on

    @property
    def replayable(self) -> bool:
        """Whether the body can be sent once more."""
        return self.audio is None or self.audio.replayable or not self._begun

    def _begin(self, audio: Audio) -> None:
        if not self.replayable:
            raise AudioError(f"{audio.name} cannot be rewound and sent again")
        self._begun = True

    @property
    def length(self) -> int | None:
        """Bytes in all, or None where the audio does not say."""
        size = 0 if self.audio is None else self.audio.size
        return None if size is None else len(self._before) + size + len(self._after)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that describe the body; without a length it goes in chunks."""
        headers = {"Content-Type": f"multipart/form-data; boundary={self._boundary}"}
        if self.length is None:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(self.length)
        return headers

    def _part(self, disposition: str, content_type: str) -> bytes:
        lines = f"--{self._boundary}", f"Content-Disposition: form-data; {disposition}", f"Content-Type: {content_type}"
        return "\r\n".join([*lines, "", ""]).encode(errors="replace")


def _quoted(name: str) -> str:
    for character, replacement in (("\\", "\\\\"), ('"', '\\"'), ("\r", "%0D"), ("\n", "%0A")):
        name = name.replace(character, replacement)
    return f'"{name}"'
