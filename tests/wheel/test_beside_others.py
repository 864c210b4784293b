"""Beside packages that own `speechmatics/__init__.py` too: what is said, and that the repair it names works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

OLDER = "speechmatics-python==5.0.0.post1"
VOICE = "speechmatics-voice==0.2.8"
OURS = "from speechmatics import BatchClient; from speechmatics.exceptions import SettingsError; BatchClient('a-key')"


class Environment:
    """A virtual environment, and what is typed in it."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.python = folder / "bin" / "python"
        self.wheel = wheel
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)

    def pip(self, *arguments: object) -> None:
        command = [str(self.python), "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True)

    def error(self, code: str) -> str:
        """What a program of that code, away from any other checkout, prints to standard error; empty if it succeeds."""
        done = subprocess.run([self.python, "-I", "-c", code], capture_output=True, text=True)
        assert bool(done.stderr) == bool(done.returncode), done.stderr
        return done.stderr

    def repair(self) -> None:
        """As the message says it."""
        self.pip("install", "--force-reinstall", "--no-deps", self.wheel)


@pytest.fixture
def environment(tmp_path: Path, wheel: Path) -> Environment:
    """A new and empty one."""
    return Environment(tmp_path / "venv", wheel)


def test_the_older_package_installed_after_this_one(environment: Environment) -> None:
    """Every module that only this package has names the other, and the two commands that it gives repair it."""
    environment.pip("install", environment.wheel)
    environment.pip("install", OLDER)
    for module in ("settings", "models", "validation", "rendering", "testing", "local", "async_batch_client"):
        assert "pip uninstall speechmatics-python" in environment.error(f"import speechmatics.{module}")
    environment.pip("uninstall", "-y", "speechmatics-python")
    environment.repair()
    assert environment.error(OURS) == ""


def test_the_older_package_installed_before_this_one(environment: Environment) -> None:
    """All is well until it is uninstalled, which takes files of this package along; the repair brings them back."""
    environment.pip("install", OLDER)
    environment.pip("install", environment.wheel)
    assert environment.error(OURS) == ""
    environment.pip("uninstall", "-y", "speechmatics-python")
    error = environment.error("import speechmatics.models")
    assert "missing or is not its own" in error
    assert "--force-reinstall --no-deps" in error
    environment.repair()
    assert environment.error(OURS) == ""


def test_the_voice_package(environment: Environment) -> None:
    """Installed after this one it is named; after the repair both work."""
    environment.pip("install", environment.wheel)
    environment.pip("install", VOICE)
    assert "speechmatics-voice 0.2.8 has replaced" in environment.error("import speechmatics.batch_client")
    environment.repair()
    assert environment.error(f"{OURS}; import speechmatics.rt") == ""
