"""The wheel under test comes from `--wheel`; it is installed alone, in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/wheel --wheel dist/NAME.whl`."""
    parser.addoption("--wheel", type=Path, default=None, help="the built wheel to test")


@pytest.fixture(scope="session")
def wheel(request: pytest.FixtureRequest) -> Path:
    """The wheel's path."""
    path: Path | None = request.config.getoption("--wheel")
    if path is None:
        pytest.fail("say which wheel: pytest tests/wheel --wheel dist/NAME.whl")
    return path.resolve()


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the wheel and what it depends on, and no more."""
    environment = tmp_path_factory.mktemp("wheel") / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel], check=True)
    return python
