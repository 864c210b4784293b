"""The site builds without a warning, asks nothing of other hosts, and its snippets run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from speechmatics import exceptions
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from tests.snippets import DOCS, snippet, snippets

pytestmark = pytest.mark.slow  # builds the site, starts servers

ROOT = Path(__file__).parents[2]
SNIPPETS = {
    f"{page}-{number}": code
    for page in ("quickstart", "errors", "validation", "testing", "logging")
    for number, code in enumerate(snippets(page))
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as the project says, with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(DOCS), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    built = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_is_there_and_in_the_index_of_the_search(site: Path) -> None:
    """A page of Markdown is one of HTML; the search reads a file that stands beside them."""
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert (site / f"{page.stem}.html").exists()
        assert f'"{page.stem}"' in index


def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    """Neither scripts nor styles, fonts or images; links may lead anywhere."""
    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]*)", text)
        loaded += re.findall(r"<link\b[^>]*\brel=\"(?:stylesheet|preload|icon)\"[^>]*\bhref=\"([^\"]*)", text)
        assert loaded
        assert not [each for each in loaded if re.match(r"(?:\w+:)?//", each)]


def test_the_reference_has_docstrings_as_they_are_meant(site: Path) -> None:
    """Methods, fields of models and errors are there; code is code, and what was a table is one."""
    text = (site / "reference.html").read_text(encoding="utf-8")
    for name in (
        "batch_client.BatchClient.submit_job",
        "models.Transcript.to_srt",
        "models.TranscriptionConfig.diarization",
        "exceptions.JobNotFoundException",
        "runner.TranscriptionRun.plan",
        "settings.ConnectionSettings.read_timeout",
    ):
        assert f'id="speechmatics.{name}"' in text
    assert ">WordRecord</span>" in text
    assert "|---|" not in text
    assert not re.search(r"<p>[^<]*`", text)


def test_the_errors_of_the_table_exist() -> None:
    """In its first column; each is one of this package's."""
    rows = re.findall(r"^\| (`[^|]*) \|", (DOCS / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert len(named) > 10
    for name in named:
        assert issubclass(getattr(exceptions, name), exceptions.SpeechmaticsError)


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_snippet_runs(name: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder; one that holds a test is run by pytest."""
    code = SNIPPETS[name]
    if "def test_" in code:
        pytester.makepyfile(code)
        pytester.runpytest_subprocess(timeout=120).assert_outcomes(passed=1)
    else:
        monkeypatch.chdir(pytester.path)
        exec(compile(code, name, "exec"), {"__name__": name})


def test_the_snippet_of_many_files_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file and a URL, with settings from the environment."""
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "a.wav").write_bytes(b"any bytes")
    monkeypatch.chdir(tmp_path)
    with LocalServer(engine=ScriptedEngine([ScriptedRule(text="Good morning.")])) as server:
        monkeypatch.setenv("SPEECHMATICS_URL", server.connection_settings.url)
        exec(compile(snippet("many-files", "transcribe_files"), "many-files.md", "exec"), {})
    assert capsys.readouterr().out == "2 0 0\n"
    assert (tmp_path / "out" / "calls" / "a.wav.srt").exists()
