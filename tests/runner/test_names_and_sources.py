"""Where audio comes from, and what its outputs are called."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechmatics.exceptions import InvalidInputError
from speechmatics.runner.names import name_of_file, name_of_url
from speechmatics.runner.sources import Source, find_sources


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("calls/a.wav", "calls/a.wav"),
        ("./calls/a.wav", "calls/a.wav"),
        ("/data/calls/a.wav", "a.wav"),
        ("../calls/a.wav", "a.wav"),
        ("calls/12:30.wav", "calls/12_30.wav"),
        ('a<b>"c"|d?e*.wav', "a_b__c__d_e_.wav"),
        ("calls/con.wav", "calls/_con.wav"),
        ("aux", "_aux"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("calls./a. .wav.", "calls_/a. .wav_"),
        ("a\nb.wav", "a_b.wav"),
        ("grüße 1.wav", "grüße 1.wav"),
    ],
)
def test_names_keep_the_tree_and_are_safe_everywhere(path: str, name: str) -> None:
    """Also where another system has devices of that name."""
    assert name_of_file(PurePosixPath(path)) == name


@given(st.lists(st.text(min_size=1).filter(lambda part: "/" not in part and "\0" not in part), min_size=1, max_size=3))
def test_any_name_is_one_that_windows_takes(parts: list[str]) -> None:
    """And goes down, not up; a part is short enough for a suffix."""
    name = name_of_file(PurePosixPath("x", *parts))
    safe = PureWindowsPath(name)
    assert not safe.is_absolute()
    assert not safe.drive
    assert ".." not in name.split("/")
    for part in name.split("/"):
        assert part == part.rstrip(". ")
        assert not set(part) & set('<>:"\\|?*')
        assert len(part.encode("utf-8", "replace")) <= 202


def test_long_names_stay_apart() -> None:
    """They are cut, and told apart by what they were."""
    first, second = (name_of_file(PurePosixPath("a" * 300 + end)) for end in ("1.wav", "2.wav"))
    assert first != second
    assert len(first) <= 200


def test_a_url_has_its_host_and_path_and_no_query() -> None:
    """What is signed is in no name."""
    assert name_of_url("https://me:pw@h.example/a%20b/../c.wav?sig=x#y") == "h.example/a b/c.wav"
    assert name_of_url("https://h.example") == "h.example"


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"audio")


def found(*given: str | Path) -> list[str]:
    return [source.output for source in find_sources(given)]


def test_a_folder_is_searched_for_audio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And those below it, in a steady order; what is hidden and what is no audio is passed over."""
    write(tmp_path, "calls/b.WAV", "calls/a/c.mp3", "calls/notes.txt", "calls/.hidden/d.wav", "calls/.e.wav")
    assert found(tmp_path / "calls") == ["calls/a/c.mp3", "calls/b.WAV"]
    monkeypatch.chdir(tmp_path)
    assert found("calls", "./calls/a/c.mp3") == ["calls/a/c.mp3", "calls/b.WAV", "calls/a/c.mp3"]
    monkeypatch.chdir(tmp_path / "calls")
    assert found(".") == ["a/c.mp3", "b.WAV"]
    (tmp_path / "calls" / ".hidden" / "empty").mkdir()
    with pytest.raises(InvalidInputError, match=r"no audio in the folder .*\.flac"):
        found(tmp_path / "calls" / ".hidden" / "empty")


def test_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They match whatever they say, audio or not; `**` goes down; a file with such a name is that file."""
    write(tmp_path, "calls/a.wav", "calls/x/b.wav", "calls/x/c.bin", "odd[1].wav")
    monkeypatch.chdir(tmp_path)
    assert found("calls/**/*.wav") == ["calls/a.wav", "calls/x/b.wav"]
    assert found(str(tmp_path / "calls" / "*" / "*")) == ["calls/x/b.wav", "calls/x/c.bin"]
    assert found("odd[1].wav") == ["odd[1].wav"]
    with pytest.raises(InvalidInputError, match=r"no file matches the pattern '\*\.mp3'"):
        found("*.mp3")


def test_what_is_not_there_is_an_error() -> None:
    """That names it."""
    with pytest.raises(InvalidInputError, match=r"there is no file, folder or pattern 'nowhere\.wav'"):
        found("nowhere.wav")


def test_a_url_is_kept_from_the_name_and_the_repr() -> None:
    """Its query may be signed."""
    [source] = find_sources("https://h.example/a.wav?signature=s3cret")
    assert source == Source(
        "https://h.example/a.wav", "h.example/a.wav", url="https://h.example/a.wav?signature=s3cret"
    )
    assert "s3cret" not in repr(source)


def test_a_manifest_names_audio_with_its_own_configuration(tmp_path: Path) -> None:
    """Files beside it or by their whole path, and URLs; blank lines are passed over."""
    write(tmp_path, "calls/a.wav", "b.wav")
    lines = [
        {"audio": "calls/a.wav", "config": {"transcription_config": {"language": "de"}}, "reference": "Guten Tag."},
        {"audio": "https://h.example/c.wav?x=1"},
        {"audio": str(tmp_path / "b.wav")},
    ]
    manifest = tmp_path / "all.jsonl"
    manifest.write_text("\n\n".join(map(json.dumps, lines)))
    first, second, third = find_sources(manifest)
    assert (first.output, first.reference) == ("calls/a.wav", "Guten Tag.")
    assert first.overrides == {"transcription_config": {"language": "de"}}
    assert (second.url, third.output) == ("https://h.example/c.wav?x=1", "b.wav")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "is not JSON"),
        ('{"file": "a.wav"}', "audio: Field required"),
        ('{"audio": "a.wav", "conifg": {}}', "conifg: Extra inputs are not permitted"),
        ('{"audio": "missing.wav"}', "there is no file"),
    ],
)
def test_a_malformed_manifest_is_named_with_its_line(tmp_path: Path, line: str, problem: str) -> None:
    """Before anything is sent."""
    manifest = tmp_path / "all.jsonl"
    manifest.write_text(f"\n{line}\n")
    with pytest.raises(InvalidInputError, match=f"line 2 of .*{problem}"):
        found(manifest)


def test_what_may_have_been_meant_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose name is nearly that, or the folder that is missing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "monday.wav").write_bytes(b"x")
    for text, words in [
        ("calls/munday.wav", "'calls/munday.wav'; did you mean monday.wav?"),
        ("call", "'call'; did you mean calls?"),
        ("calls/x.wav", "'calls/x.wav'"),
        ("nowhere/a.wav", "'nowhere/a.wav': there is no folder 'nowhere'"),
        ("a\0b", "there is no file"),
        ("calls/*.mp3", "no file matches the pattern 'calls/*.mp3'"),
        ("nowhere/*.mp3", "no file matches the pattern 'nowhere/*.mp3': there is no folder 'nowhere'"),
    ]:
        with pytest.raises(InvalidInputError) as caught:
            list(find_sources(text))
        assert words in str(caught.value)


def test_a_line_of_a_manifest_is_one_recording(tmp_path: Path) -> None:
    """Not a folder, nor a pattern."""
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"x")
    manifest = tmp_path / "calls.jsonl"
    for several in (str(tmp_path), str(tmp_path / "*.wav")):
        manifest.write_text(json.dumps({"audio": several}))
        with pytest.raises(InvalidInputError, match=r"line 1 of .* is several files, and a line is one"):
            list(find_sources(manifest))
