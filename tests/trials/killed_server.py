"""What becomes of jobs where the local server is killed: run `python -m tests.trials.killed_server`.

A server is killed (SIGKILL) at random moments and started anew on the same data directory, while jobs are submitted to
it, each with audio of its own that says what is to be heard. In the end every job whose id a client was given has ended
once, as its rule says, with its own transcript, and its audio is kept, and no other. A submission whose answer was lost
may be a job too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx

__all__ = ["main"]

CONFIG = json.dumps({"type": "transcription", "transcription_config": {"language": "en"}})


class KilledServer:
    """A server that dies and comes back at the same port."""

    def __init__(self, folder: Path, rules: Path) -> None:
        self._command = [
            sys.executable,
            "-m",
            "speechmatics.local",
            "--data-dir",
            str(folder),
            "--scripted",
            str(rules),
        ]
        self._port = 0
        self._start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}/v2"

    def kill(self) -> None:
        """Ends it as the system does that has no memory left, and starts it anew."""
        self._process.kill()
        self._process.communicate()
        self._start()

    def stop(self) -> int:
        """Ends it as a person does; gives the exit code."""
        self._process.terminate()
        self._process.communicate()
        return self._process.returncode

    def _start(self) -> None:
        command = [*self._command, "--port", str(self._port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", self._process.stdout.readline())
        assert found, "the server did not start"
        self._port = int(found[1])


def main() -> int:
    """Runs the trial; gives 0 where nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as temporary:
        rules, folder = Path(temporary, "rules.json"), Path(temporary, "data")
        contents = [f"job number {number}".encode() for number in range(options.jobs)]
        rules.write_text(json.dumps({"scripted": [_rule(content, chance) for content in contents]}))
        server = KilledServer(folder, rules)
        accepted: dict[str, bytes] = {}
        submitting = threading.Thread(target=_submit, args=[server, contents, accepted, options.kills])
        submitting.start()
        for _ in range(options.kills):
            time.sleep(chance.uniform(0, 0.3))
            server.kill()
        submitting.join()
        problems = list(_problems(server, accepted, folder))
        exit_code = server.stop()
    print(f"{options.kills} kills, {len(accepted)} jobs accepted, exit code {exit_code}, {len(problems)} problems")
    print("\n".join(problems))
    return 1 if problems or exit_code else 0


def _rule(content: bytes, chance: random.Random) -> dict[str, Any]:
    answer = {"reject": content.decode()} if chance.random() < 0.2 else {"text": content.decode()}
    return {"sha256": hashlib.sha256(content).hexdigest(), "delay": chance.choice([0, 0, 0.1, 1]), **answer}


def _submit(server: KilledServer, contents: list[bytes], accepted: dict[str, bytes], kills: int) -> None:
    """Submits each content until it is accepted, spread over the time of the kills."""
    for content in contents:
        while True:
            try:
                files: dict[str, Any] = {"config": (None, CONFIG), "data_file": ("a.wav", content)}
                answer = httpx.post(f"{server.url}/jobs", files=files, trust_env=False, timeout=10)
                accepted[answer.raise_for_status().json()["id"]] = content
                break
            except httpx.HTTPError:
                time.sleep(0.01)
        time.sleep(kills * 0.5 / len(contents))


def _problems(server: KilledServer, accepted: dict[str, bytes], folder: Path) -> Any:
    with httpx.Client(base_url=f"{server.url}/", trust_env=False, timeout=60) as api:
        for job_id, content in accepted.items():
            job = api.get(f"jobs/{job_id}", params={"wait": 30}).json()["job"]
            if job["status"] == "rejected":
                heard = [error["message"] for error in job["errors"]]
            else:
                heard = [api.get(f"jobs/{job_id}/transcript", params={"format": "txt"}).text.strip()]
            if heard != [content.decode()]:
                yield f"{job_id} is {job['status']}: {heard}, not {content.decode()!r}"
        kept = {file.name for file in (folder / "audio").iterdir()}
        yield from (f"no audio is kept: {job_id}" for job_id in accepted.keys() - kept)
        for name in kept - accepted.keys():
            if api.get(f"jobs/{name}", params={"wait": 0}).status_code != 200:
                yield f"audio is left: {name}"


if __name__ == "__main__":
    sys.exit(main())
