"""A local server under requests that nobody should send: the API answers each, never by 500, and no file is theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from speechmatics.testing import wire_job_configs

pytestmark = pytest.mark.slow  # waits for jobs

JSON: SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["type", "language", "transcription_config", "fetch_data", "url", "tracking", "output_config"])
CONFIGS = (
    st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=3), max_size=4).map(json.dumps).map(str.encode)
    | wire_job_configs(unknown=True).map(json.dumps).map(str.encode)
    | st.binary(max_size=50)
    | st.sampled_from(
        [b"[" * 100_000, b'{"a":' * 20_000, b'{"transcription_config": {"language": "\\ud800"}}', b"1e999"]
    )
)
NAMES = st.sampled_from(["../../x", "/etc/x", "a\\b", "x" * 5000, ".", "..", "con", "%00", "a;b"]) | st.text(
    max_size=20
)
PIECES = st.sampled_from(
    [b"--B", b"--B--", b"\r\n", b"\n", b"\r", b"--", b"\0", b":", b"Content-Disposition: form-data; "]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of nobody's but the server's."""
    return tmp_path_factory.mktemp("all")


@pytest.fixture(scope="module")
def api(folder: Path) -> Iterator[httpx.Client]:
    """A client of a server that takes whatever it can."""
    engine = ScriptedEngine([ScriptedRule(text="Hello.")])
    with LocalServer(engine=engine, data_dir=folder / "data") as server:
        with httpx.Client(base_url=server.url.removesuffix("v2"), trust_env=False, timeout=60) as client:
            yield client


def check(answer: httpx.Response, folder: Path) -> None:
    """It is an answer of the API, and nothing has been written anywhere else."""
    assert answer.status_code in (200, 201, 400, 401, 403, 404, 405, 413, 422), (answer.status_code, answer.text)
    if answer.status_code >= 400:
        assert answer.json()["code"] == answer.status_code
        assert "Traceback" not in answer.text
        assert str(folder) not in answer.text
    assert [each.name for each in folder.iterdir()] == ["data"]
    assert {each.name for each in (folder / "data").iterdir()} <= {"audio", "jobs.sqlite", "jobs.sqlite-wal", "reserve"}


def submit(api: httpx.Client, body: bytes) -> httpx.Response:
    """Answers a body that says it has parts."""
    return api.post("v2/jobs", content=body, headers={"Content-Type": "multipart/form-data; boundary=B"})


@given(config=CONFIGS, name=NAMES, audio=st.binary(max_size=20))
def test_any_configuration_and_name(api: httpx.Client, folder: Path, config: bytes, name: str, audio: bytes) -> None:
    """As an upload has them."""
    named = name.encode("utf-8", "surrogatepass").replace(b"\r", b"").replace(b"\n", b"").replace(b'"', b"%22")
    head = b'--B\r\nContent-Disposition: form-data; name="config"\r\n\r\n'
    file = b'\r\n--B\r\nContent-Disposition: form-data; name="data_file"; filename="' + named + b'"\r\n\r\n'
    answer = submit(api, head + config + file + audio + b"\r\n--B--\r\n")
    check(answer, folder)
    if answer.status_code == 201:
        check(api.get(f"v2/jobs/{answer.json()['id']}?wait=60"), folder)
        check(api.get("v2/jobs?limit=5"), folder)
        check(api.get(f"v2/jobs/{answer.json()['id']}/transcript?format=srt"), folder)


@given(pieces=st.lists(PIECES | st.binary(max_size=30), max_size=20))
def test_any_body(api: httpx.Client, folder: Path, pieces: list[bytes]) -> None:
    """Of parts that are none."""
    check(submit(api, b"".join(pieces)), folder)


@given(
    path=st.sampled_from(["v2/jobs", "v2/usage", "v2/jobs/a", "v2/jobs/a/transcript", "v1/api_keys", "live"])
    | st.lists(st.text(max_size=5), max_size=4).map("/".join),
    names=st.lists(
        st.sampled_from(["limit", "created_before", "include_deleted", "wait", "format", "since", "until", "force"])
        | st.text(max_size=5),
        max_size=3,
    ),
    values=st.lists(st.binary(max_size=30) | st.integers().map(lambda n: str(n).encode()), min_size=3, max_size=3),
    method=st.sampled_from(["GET", "DELETE", "PUT", "PATCH", "OPTIONS"]),
)
def test_any_path_and_query(
    api: httpx.Client, folder: Path, path: str, names: list[str], values: list[bytes], method: str
) -> None:
    """Of any method."""
    quoted = [quote_from_bytes(value) for value in values]
    query = "&".join(
        f"{quote_from_bytes(name.encode('utf-8', 'surrogatepass'))}={value}"
        for name, value in zip(names, quoted, strict=False)
    )
    target = quote_from_bytes(path.encode("utf-8", "surrogatepass"), safe="/")
    check(api.request(method, f"{api.base_url}{target}?{query}"), folder)


@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                [b"Authorization", b"Host", b"Origin", b"Content-Type", b"Accept", b"X-SM-Processing-Data"]
            ),
            st.binary(max_size=40).map(lambda value: bytes(each for each in value if each > 32 and each != 127)),
        ),
        max_size=4,
        unique_by=lambda header: header[0],
    )
)
def test_any_headers(api: httpx.Client, folder: Path, headers: list[tuple[bytes, bytes]]) -> None:
    """Of a list, and of a submission."""
    check(api.get("v2/jobs?limit=1", headers=headers), folder)
    check(api.post("v2/jobs", headers=headers, content=b"--B--"), folder)
