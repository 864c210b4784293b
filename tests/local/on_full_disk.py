"""What `test_full_disk` runs in a process of its own, in a folder on a small disk."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
FULL = {"code": 500, "error": "Internal Server Error", "detail": "jobs cannot be kept: the disk is full"}
ENGINE = ScriptedEngine(
    [
        ScriptedRule(name="slow.wav", text="Hello.", delay=3600),
        ScriptedRule(name="late.wav", text="Hello.", delay=1),
        ScriptedRule(text="Hello."),
    ]
)


class Api:
    """Asks a server."""

    def __init__(self, server: LocalServer) -> None:
        self.http = httpx.Client(base_url=f"{server.url}/", trust_env=False, timeout=30)

    def submit(self, name: str, size: int = 10) -> httpx.Response:
        """Answers a submission, once the job has ended where that is soon."""
        data, files = {"config": json.dumps(CONFIG)}, {"data_file": (name, bytes(size))}
        return self.http.post("jobs", params={"wait": 1} if name == "a.wav" else {}, data=data, files=files)

    def get(self, job_id: str) -> dict[str, Any]:
        """A job as it stands."""
        job: dict[str, Any] = self.http.get(f"jobs/{job_id}", params={"wait": 0}).raise_for_status().json()["job"]
        return job

    def delete(self, job_id: str) -> str:
        """The status of a job that has been deleted."""
        answer = self.http.delete(f"jobs/{job_id}", params={"force": True})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["job"]["status"])

    def ended(self, job_id: str) -> dict[str, Any]:
        """A job once it has ended."""
        deadline = time.monotonic() + 30
        while (job := self.get(job_id))["status"] == "running":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return job


def fill(folder: Path) -> Path:
    """A file that leaves no space."""
    file = folder / "everything"
    try:
        with file.open("ab", buffering=0) as filling:
            while True:
                filling.write(bytes(4096))
    except OSError:
        return file


def main(folder: Path) -> None:
    """Runs a server there until the disk is full, and on."""
    with LocalServer(engine=ENGINE, data_dir=folder) as server:
        api = Api(server)
        done = [api.submit("a.wav").json()["id"] for _ in range(40)]
        running, late = (api.submit(name).json()["id"] for name in ("slow.wav", "late.wav"))
        everything = fill(folder)
        for size in (10, 1_000_000):
            assert api.submit("a.wav", size).json() == FULL
        fetched = {**CONFIG, "fetch_data": {"url": "http://127.0.0.1:9/a.wav"}}
        answer = api.http.post("jobs", files={"config": (None, json.dumps(fetched))})
        assert (answer.status_code, answer.json()) == (500, FULL)
        reason = "the transcript cannot be kept: database or disk is full"
        assert [error["message"] for error in api.ended(late)["errors"]] == [reason]
        assert api.http.get(f"jobs/{done[0]}/transcript").status_code == 200
        fill(folder)
        assert [api.delete(job_id) for job_id in [running, *done[:-2]]] == ["deleted"] * 39
        fill(folder)
    with LocalServer(engine=ENGINE, data_dir=folder) as server:
        api = Api(server)
        assert api.get(done[-1])["status"] == "done"
        assert api.delete(done[-2]) == "deleted"
        everything.unlink()
        later = api.submit("late.wav").json()["id"]
        (folder / "reserve").unlink()
        fill(folder)
        time.sleep(2)
        assert api.get(later)["status"] == "running"
        everything.unlink()
        assert api.ended(later)["errors"][0]["message"] == reason
        answer = api.submit("a.wav", 1_000_000)
        assert (answer.status_code, answer.json()["status"]) == (201, "done")
        kept = {late, later, done[-1], answer.json()["id"]}
        assert {file.name for file in (folder / "audio").iterdir()} == kept
        assert {job["id"] for job in api.http.get("jobs").json()["jobs"]} == kept


if __name__ == "__main__":
    main(Path(sys.argv[1]))
