"""A local server that speaks HTTPS, with a certificate that is tried before it starts."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from speechmatics import BatchClient, ConnectError, InvalidInputError
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule

pytestmark = pytest.mark.slow  # starts a server

ENGINE = ScriptedEngine([ScriptedRule(text="Hello.")])
CONFIG = {"type": "transcription", "transcription_config": {"language": "en"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates and keys: of two servers, the first of which has its authority's certificate with it."""
    folder = tmp_path_factory.mktemp("pem")
    authority = trustme.CA()
    for name in ("one", "two"):
        issued = authority.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        chain = [issued.cert_chain_pems[0].bytes(), authority.cert_pem.bytes()]
        (folder / f"{name}.pem").write_bytes(b"".join(chain))
        issued.private_key_and_cert_chain_pem.write_to_path(str(folder / f"{name}-both.pem"))
    key = serialization.load_pem_private_key((folder / "one.key").read_bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"secret")
    locked = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    (folder / "locked.key").write_bytes(locked)
    (folder / "text.pem").write_text("no certificate")
    return folder


def test_our_client_transcribes(folder: Path) -> None:
    """With the server's own settings; a client that does not know the certificate does not ask."""
    with LocalServer(engine=ENGINE, certfile=folder / "one.pem", keyfile=folder / "one.key") as server:
        assert server.url.startswith("https://127.0.0.1:")
        settings = server.connection_settings
        with BatchClient(settings) as client:
            assert client.transcribe(("a.wav", b"audio"), CONFIG, "txt") == "Hello.\n"
        settings.verify = True
        settings.retry_attempts = 1
        with BatchClient(settings) as client, pytest.raises(ConnectError, match="certificate"):
            client.list_jobs()


def test_a_key_may_be_in_the_file_of_the_certificate(folder: Path) -> None:
    """As many tools write them."""
    with LocalServer(engine=ENGINE, certfile=folder / "two-both.pem") as server:
        port = int(server.url.rpartition(":")[2].partition("/")[0])
        assert "BEGIN CERTIFICATE" in ssl.get_server_certificate(("127.0.0.1", port), timeout=30)


@pytest.mark.parametrize(
    ("certfile", "keyfile", "reason"),
    [
        ("one.pem", "two.key", "key values mismatch"),
        ("nowhere.pem", None, "No such file or directory"),
        ("one.pem", "nowhere.key", "No such file or directory"),
        ("one.pem", None, ""),
        ("text.pem", "one.key", ""),
        ("one.pem", "text.pem", ""),
        ("one.pem", "locked.key", ""),
    ],
)
def test_what_is_no_certificate_with_its_key_is_refused(
    folder: Path, certfile: str, keyfile: str | None, reason: str
) -> None:
    """At once, and it says which files they are; nobody is asked for a password."""
    with pytest.raises(InvalidInputError) as caught:
        LocalServer(engine=ENGINE, certfile=folder / certfile, keyfile=folder / keyfile if keyfile else None)
    begin = f"certfile {folder / certfile}" + (f" with keyfile {folder / keyfile}" if keyfile else "")
    assert str(caught.value).startswith(f"{begin}: {reason}")
    assert not str(caught.value).endswith(": ")


def test_a_key_without_a_certificate_is_refused(folder: Path) -> None:
    """It would be HTTP, and nobody would know."""
    with pytest.raises(InvalidInputError, match="keyfile is given without certfile"):
        LocalServer(engine=ENGINE, keyfile=folder / "one.key")
