"""Throw-away environments with the clients that are compared, all upon the same versions of what they share."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

__all__ = ["NEWER", "OLDER", "Environments", "run_python"]

OLDER = "speechmatics-python==5.0.0.post1"
NEWER = "speechmatics-batch==1.1.0"
_ROOT = Path(__file__).parents[2]


class Environments:
    """The environments, by name: `ours`, `older`, `newer`; those that are there are used as they are.

    Our own package is installed anew each time, from this checkout.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        place.mkdir(parents=True, exist_ok=True)
        if self._make("ours"):
            self._pip("ours", "install", str(_ROOT))
        else:
            self._pip("ours", "install", "--force-reinstall", "--no-deps", str(_ROOT))
        shared = place / "constraints.txt"
        shared.write_text(
            "".join(f"{line}\n" for line in self.packages("ours") if "==" in line and "speechmatics" not in line)
        )
        for name, package in (("older", OLDER), ("newer", NEWER)):
            if self._make(name):
                self._pip(name, "install", "-c", str(shared), package)

    def python(self, name: str) -> Path:
        """The interpreter of an environment."""
        return self._place / name / "bin" / "python"

    def packages(self, name: str) -> list[str]:
        """What an environment holds, as `name==version`."""
        return self._pip(name, "freeze").splitlines()

    def _make(self, name: str) -> bool:
        """Makes an environment; False if it is there."""
        if self.python(name).exists():
            return False
        venv.create(self._place / name, with_pip=True)
        return True

    def _pip(self, name: str, *arguments: str) -> str:
        command = [str(self.python(name)), "-I", "-m", "pip", "-qq", "--disable-pip-version-check", *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _clean_environ(home: Path) -> dict[str, str]:
    """Variables for a process that is measured: no proxies, no settings of its user."""
    return {"PATH": os.environ.get("PATH", ""), "HOME": str(home)}


def run_python(python: Path, arguments: Sequence[str], home: Path) -> str:
    """What an isolated interpreter prints."""
    done = subprocess.run(
        [str(python), "-I", *arguments], env=_clean_environ(home), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout
