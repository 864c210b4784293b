"""A local server whose disk is full says so, deletes jobs all the same, and takes further ones once there is space."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # runs a process

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.skipif(sys.platform != "linux", reason="makes a small disk")
def test_a_full_disk(tmp_path: Path) -> None:
    """Real, of 4 MB; `on_full_disk` says what must hold on it."""
    disk = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=4m tmpfs {shlex.quote(str(tmp_path))}"
    if shutil.which("unshare") is None or subprocess.run([*disk, mount], check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    inside = f"{mount} && exec {shlex.join([sys.executable, '-m', 'tests.local.on_full_disk', str(tmp_path)])}"
    done = subprocess.run([*disk, inside], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
