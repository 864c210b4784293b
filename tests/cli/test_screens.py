"""What a run shows in a terminal, narrow and wide, and in a pipe."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule

pytest.importorskip("fcntl", reason="there are no such terminals")
pty = pytest.importorskip("pty")

pytestmark = pytest.mark.slow  # starts processes

ENGINE = ScriptedEngine([ScriptedRule(name="bad.wav", reject="too noisy"), ScriptedRule(text="Hello.", delay=0.2)])
SUMMARY = "4 files: 3 done, 0 done before, 1 rejected; out/results.jsonl"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "calls").mkdir()
    for name in ("a.wav", "b.wav", "c.wav", "bad.wav"):
        (tmp_path / "calls" / name).write_bytes(name.encode())
    return tmp_path


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "speechmatics", *arguments]


def environment(server: LocalServer) -> dict[str, str]:
    variables = {
        name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR", "CI")
    }
    return {**variables, "SPEECHMATICS_URL": server.url, "TERM": "xterm-256color"}


def shown(server: LocalServer, folder: Path, columns: int, **others: str) -> str:
    """All that a terminal is sent."""
    from tests.cli.scenes import in_terminal

    line = command("transcribe", "calls", "--output", "out")
    return in_terminal(line, columns, folder, {**environment(server), **others}, code=1)


@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_has_a_line_that_changes(columns: int, folder: Path) -> None:
    """Files, hours, rate, failures and time left, in the width there is; failures and the summary stay."""
    with LocalServer(engine=ENGINE) as server:
        sent = shown(server, folder, columns)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent)
    assert all(len(line) <= columns for line in re.split(r"[\r\n]+", plain))
    assert re.search(r" ?4/4 \d+\.\d h, \d+\.\d files/s, 1 failed \d:\d\d:\d\d", plain)
    assert "calls/bad.wav: rejected: too noisy\r\n" in plain
    assert plain.rstrip().endswith(SUMMARY)


def test_no_color_where_none_is_wanted(folder: Path) -> None:
    """The line changes all the same."""
    with LocalServer(engine=ENGINE) as server:
        sent = shown(server, folder, 80, NO_COLOR="1")
    assert "\x1b[3" not in sent
    assert SUMMARY in sent


def test_a_pipe_has_plain_lines(folder: Path) -> None:
    """One for each failure, and the summary."""
    with LocalServer(engine=ENGINE) as server:
        line = command("transcribe", "calls", "--output", "out")
        done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=folder, env=environment(server))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"calls/bad.wav: rejected: too noisy\n{SUMMARY}\n"


@pytest.mark.parametrize("kind", ["pipe", "80", "200"])
def test_what_commands_show_is_what_was_looked_at(kind: str) -> None:
    """`python -m tests.cli.scenes` writes the files anew; help and usage are compared where typer is that one, too."""
    from tests.cli import scenes

    width = scenes.WIDTHS[kind]
    is_same_typer = (scenes.SCREENS / "versions.txt").read_text("utf-8") == scenes.versions()
    for name, text in scenes.play(width).items():
        expected = (scenes.SCREENS / f"{name}.{kind}.txt").read_text("utf-8")
        if is_same_typer:
            assert text == expected
        elif name != "help" and kind != "80":  # where lines of typer are wrapped
            assert own_words(text) == own_words(expected)
        assert "\x1b" not in text
        if width is not None:
            assert all(len(line) <= width for line in text.splitlines() if not line.startswith("$ "))


def own_words(text: str) -> list[str]:
    """What is shown, without the lines that are typer's."""
    typers = r"(stderr: )?((Usage|Try|Error)\b.*)?"
    return [line for line in text.splitlines() if not re.fullmatch(typers, line)]


def test_json_goes_to_standard_output_while_a_terminal_shows_how_far_it_is(folder: Path) -> None:
    """As with `> results.jsonl`: each line is whole, and there."""
    with LocalServer(engine=ENGINE) as server:
        master, slave = pty.openpty()
        line = command("transcribe", "calls", "--output", "out", "--json")
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=slave, cwd=folder, env=environment(server))
        os.close(slave)
        printed, _ = process.communicate(timeout=60)
        os.close(master)
    states = [json.loads(each)["state"] for each in printed.splitlines()]
    assert sorted(states) == ["done", "done", "done", "rejected"]
