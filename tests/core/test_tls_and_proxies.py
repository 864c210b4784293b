"""TLS and proxies, with real handshakes on loopback."""

from __future__ import annotations

import hashlib
import logging
import os
import ssl
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import speechmatics as sm
from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings, TemporaryKeyAuth
from tests.servers.serving import Answer, Received, Serving, serving

pytestmark = pytest.mark.slow  # starts servers with TLS

CONFIG: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}


class Authority:
    """A certificate authority, and what it signs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ca = trustme.CA()
        self.pem = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.pem))

    def server(self, *, name: str = "127.0.0.1", asks_for_certificate: bool = False) -> ssl.SSLContext:
        """A server's context."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._signed(name))
        if asks_for_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.pem)
        return context

    def client(self, name: str) -> Path:
        """A file with a client's certificate and its key."""
        return self._signed(f"{name}@example.com")

    def _signed(self, name: str) -> Path:
        place = self.folder / f"{name}.pem"
        self._ca.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(str(place))
        return place

    def hashed_folder(self) -> Path:
        """A folder of certificates as `openssl rehash` leaves it: the name of a file is the hash of its subject."""
        certificate = x509.load_pem_x509_certificate(self.pem.read_bytes())
        canonical = x509.Name(
            [x509.NameAttribute(part.oid, " ".join(str(part.value).lower().split())) for part in certificate.subject]
        ).public_bytes()
        # The hash is over the parts without the frame around them (a tag and a length below 128).
        digest = hashlib.sha1(canonical[2:]).digest()
        folder = self.folder / "hashed"
        folder.mkdir()
        (folder / f"{int.from_bytes(digest[:4], 'little'):08x}.0").write_bytes(self.pem.read_bytes())
        return folder


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority that nobody trusts unasked."""
    return Authority(tmp_path)


def ask_blocking(settings: ConnectionSettings) -> object:
    """Lists jobs by the blocking client."""
    with BatchClient(settings) as client:
        return client.list_jobs()


def ask_awaiting(settings: ConnectionSettings) -> object:
    """Lists jobs by the other client."""

    async def main() -> object:
        async with AsyncBatchClient(settings) as client:
            return await client.list_jobs()

    return anyio.run(main)


Ask = Callable[[ConnectionSettings], object]
both = pytest.mark.parametrize("ask", [ask_blocking, ask_awaiting])


def settings_for(server: Serving, **more: Any) -> ConnectionSettings:
    """Settings of a client that takes nothing from the environment unless told to."""
    values: dict[str, Any] = {"auth_token": "token", "trust_env": False, **more}
    return ConnectionSettings(server.url, **values)


@both
def test_a_stranger_s_certificate_is_refused(authority: Authority, ask: Ask) -> None:
    """At once: it stays a stranger's. Nothing is sent."""
    began = time.monotonic()
    with serving(tls=authority.server()) as server:
        with pytest.raises(sm.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            ask(settings_for(server, retry_delay=60, retry_delay_max=60))
        assert server.connections == 1
        assert not server.received
    assert time.monotonic() - began < 20


def test_a_submission_to_a_stranger_is_no_submission(authority: Authority) -> None:
    """There is no doubt about the job."""
    with serving(tls=authority.server()) as server, BatchClient(settings_for(server)) as client:
        with pytest.raises(sm.ConnectError):
            client.submit_job(b"audio", CONFIG)
        assert server.connections == 1


@both
def test_a_bundle_of_certificates_is_trusted(authority: Authority, ask: Ask) -> None:
    """As a file, as a folder prepared by `openssl rehash`, and from the environment where that is allowed."""
    with serving(tls=authority.server()) as server:
        assert ask(settings_for(server, verify=authority.pem)) == []
        assert ask(settings_for(server, verify=str(authority.pem))) == []
        assert ask(settings_for(server, verify=authority.hashed_folder())) == []


def test_the_environment_s_bundle(authority: Authority) -> None:
    """Is trusted if `trust_env` is not switched off. A process of its own, since contexts are kept."""
    code = """
import sys
from speechmatics import BatchClient, ConnectError, ConnectionSettings

for trust_env in (True, False):
    with BatchClient(ConnectionSettings(sys.argv[1], auth_token="token", trust_env=trust_env)) as client:
        try:
            print(client.list_jobs())
        except ConnectError:
            print("refused")
"""
    environment = {**os.environ, "SSL_CERT_FILE": str(authority.pem), "NO_PROXY": "*"}
    with serving(tls=authority.server()) as server:
        done = subprocess.run(
            [sys.executable, "-c", code, server.url], env=environment, capture_output=True, text=True, timeout=60
        )
    assert done.stdout.split("\n") == ["[]", "refused", ""], done.stderr


@both
def test_a_certificate_for_another_name_is_refused(authority: Authority, ask: Ask) -> None:
    """Though its authority is trusted."""
    with serving(tls=authority.server(name="example.com")) as server:
        with pytest.raises(sm.ConnectError, match="IP address mismatch"):
            ask(settings_for(server, verify=authority.pem))


@both
def test_the_check_can_be_switched_off(authority: Authority, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an argument or by the environment."""
    with serving(tls=authority.server(name="example.com")) as server:
        assert ask(settings_for(server, verify=False)) == []
        monkeypatch.setenv("SPEECHMATICS_VERIFY", "false")
        assert ask(settings_for(server)) == []


@both
def test_a_client_s_certificate(authority: Authority, ask: Ask) -> None:
    """Is shown to a server that asks for it."""
    with serving(tls=authority.server(asks_for_certificate=True)) as server:
        settings = settings_for(server, verify=authority.pem, client_cert=authority.client("alice"))
        assert ask(settings) == []
        assert "alice@example.com" in str(server.received[0].client_cert)


@both
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_without_its_certificate(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory, ask: Ask, version: ssl.TLSVersion
) -> None:
    """Is turned away, and not again and again; so is one whose certificate nobody knows."""
    stranger = Authority(tmp_path_factory.mktemp("stranger")).client("mallory")
    context = authority.server(asks_for_certificate=True)
    context.maximum_version = version
    with serving(tls=context) as server:
        for client_cert in (None, stranger):
            with pytest.raises(sm.RequestError):
                ask(settings_for(server, verify=authority.pem, client_cert=client_cert, retry_delay=0.001))
        assert not server.received
        # With TLS 1.3 the alert comes when the client has begun to send, and on asyncio it may get lost.
        if version == ssl.TLSVersion.TLSv1_2 or ask is ask_blocking:
            assert server.connections == 2


@pytest.mark.parametrize("alert", ["TLSV13_ALERT_CERTIFICATE_REQUIRED", "TLSV1_ALERT_UNKNOWN_CA"])
def test_an_alert_after_the_submission_began_is_no_doubt_about_the_job(alert: str) -> None:
    """Who does not trust the client reads no request of it; asyncio has such an alert as it comes."""
    asked: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        raise ssl.SSLError(1, f"[SSL: {alert}] alert (_ssl.c:2580)")

    def refuse_as_httpx_does(request: httpx.Request) -> httpx.Response:
        try:
            return refuse(request)
        except ssl.SSLError as error:
            raise httpx.ReadError(str(error)) from error

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as transport:
            await AsyncBatchClient("token", http_client=transport).submit_job(b"audio", CONFIG)

    with pytest.raises(sm.ReadError, match=alert):
        anyio.run(main)
    with httpx.Client(transport=httpx.MockTransport(refuse_as_httpx_does)) as transport:
        with pytest.raises(sm.ReadError, match=alert):
            BatchClient("token", http_client=transport).submit_job(b"audio", CONFIG)
    assert asked == ["POST", "POST"]


def test_a_client_s_key_that_needs_a_password(authority: Authority) -> None:
    """Is an error of the settings, and no question at the terminal."""
    place = authority.client("alice")
    content = place.read_bytes()
    key = serialization.load_pem_private_key(content, None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"word")
    )
    place.write_bytes(encrypted + content[content.index(b"-----BEGIN CERTIFICATE") :])
    code = """
import sys
from speechmatics import BatchClient, ConnectionSettings, SettingsError
try:
    BatchClient(ConnectionSettings(client_cert=sys.argv[1])).connect()
except SettingsError as error:
    print(error)
"""
    # A process without a terminal, which would ask its input.
    done = subprocess.run(
        [sys.executable, "-c", code, str(place)],
        input="word\n",
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,
    )
    assert done.stdout.startswith(f"client_cert: {place} cannot be loaded: "), done.stderr


@both
def test_a_context_of_one_s_own(authority: Authority, ask: Ask) -> None:
    """Says by itself how certificates are checked, and shows its own."""
    context = ssl.create_default_context(cafile=str(authority.pem))
    context.load_cert_chain(authority.client("bob"))
    with serving(tls=authority.server(asks_for_certificate=True)) as server:
        assert ask(settings_for(server, ssl_context=context)) == []
        assert "bob@example.com" in str(server.received[0].client_cert)
        contradictions: list[dict[str, Any]] = [
            {"verify": False},
            {"verify": authority.pem},
            {"client_cert": authority.client("alice")},
        ]
        for contradiction in contradictions:
            with pytest.raises(sm.SettingsError, match="ssl_context says how certificates are checked"):
                ask(settings_for(server, ssl_context=context, **contradiction))


def test_one_context_is_shared_and_only_built_for_tls() -> None:
    """A client of a plain HTTP server loads no certificates; those of TLS servers load them once."""
    code = """
import gc, ssl
import anyio
from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings, TemporaryKeyAuth

def loaded():
    gc.collect()
    return sum(isinstance(each, ssl.SSLContext) and bool(each.cert_store_stats()["x509"]) for each in gc.get_objects())

plain, tls = ConnectionSettings("http://127.0.0.1:9", trust_env=False), ConnectionSettings(trust_env=False)
clients = [BatchClient(plain).connect(), anyio.run(AsyncBatchClient(plain).connect)]
print(loaded())
clients += [BatchClient(plain, auth=TemporaryKeyAuth("key")).connect()]
print(loaded())
clients += [BatchClient(tls).connect(), BatchClient(tls).connect(), anyio.run(AsyncBatchClient(tls).connect)]
print(loaded())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["0", "1", "1"], done.stderr


@both
def test_a_platform_behind_tls_is_checked_too(authority: Authority, ask: Ask) -> None:
    """Even where the service itself is plain HTTP."""

    def make_key(received: Received) -> Answer:
        return Answer(201, b'{"key_value": "key"}')

    with serving(make_key, tls=authority.server()) as platform, serving() as server:
        temporary: dict[str, Any] = {"generate_temp_token": True, "mp_url": platform.url}
        assert ask(settings_for(server, verify=authority.pem, **temporary)) == []
        with pytest.raises(sm.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            ask(settings_for(server, **temporary))
        assert len(server.received) == len(platform.received) == 1
        auth = TemporaryKeyAuth("long-lived", url=platform.url)
        with BatchClient(settings_for(server, auth_token=None, verify=authority.pem), auth=auth) as client:
            assert client.list_jobs() == []


def test_a_redirect_from_plain_http_to_tls_is_refused(authority: Authority) -> None:
    """Even to a server whose certificate would be trusted: no certificate was loaded, and none is taken unchecked."""
    with serving(tls=authority.server()) as secure:
        with serving(lambda received: Answer(302, b"", {"Location": f"{secure.url}/v2/jobs"})) as server:
            with BatchClient(settings_for(server, verify=authority.pem)) as client:
                with pytest.raises(sm.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                    client.send_request("GET", "jobs", follow_redirects=True)
                with pytest.raises(sm.APIStatusError, match="302"):
                    client.list_jobs()
        assert not secure.received


# A host that only the proxy could reach.
BEYOND = "http://speech.example:8080"


@contextmanager
def proxies_in(monkeypatch: pytest.MonkeyPatch, **proxies: str) -> Generator[None]:
    """An environment with these proxies and no others."""
    with monkeypatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        for name, url in proxies.items():
            patch.setenv(name, url)
        yield


@both
def test_a_plain_request_goes_through_the_proxy(ask: Ask) -> None:
    """Of the settings, which shows it its credentials; the proxy answers for a host that nobody else knows."""
    with serving() as proxy:
        url = proxy.url.replace("//", "//user:very-secret@")
        assert ask(ConnectionSettings(BEYOND, auth_token="token", proxy=url, trust_env=False)) == []
    [received] = proxy.received
    assert received.path == f"{BEYOND}/v2/jobs"
    assert received.headers["Proxy-Authorization"] == "Basic dXNlcjp2ZXJ5LXNlY3JldA=="


@both
def test_a_tls_request_goes_through_a_tunnel(authority: Authority, ask: Ask) -> None:
    """The proxy sees neither the token nor the request; the server's certificate is checked through the tunnel."""
    with serving(tls=authority.server()) as server, serving() as proxy:
        url = proxy.url.replace("//", "//user:very-secret@")
        assert ask(settings_for(server, verify=authority.pem, proxy=url)) == []
        with pytest.raises(sm.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            ask(settings_for(server, proxy=url))
    assert [received.method for received in proxy.received] == ["CONNECT", "CONNECT"]
    assert proxy.received[0].path == server.url.removeprefix("https://")
    assert "Authorization" not in proxy.received[0].headers
    assert proxy.received[0].headers["Proxy-Authorization"] == "Basic dXNlcjp2ZXJ5LXNlY3JldA=="
    [received] = server.received
    assert received.headers["Authorization"] == "Bearer token"
    assert "Proxy-Authorization" not in received.headers


@both
def test_a_proxy_behind_tls_is_checked_as_the_server_is(authority: Authority, ask: Ask) -> None:
    """By the same certificates."""
    with serving(tls=authority.server()) as proxy:
        settings = ConnectionSettings(BEYOND, proxy=proxy.url, verify=authority.pem, trust_env=False)
        assert ask(settings) == []
        settings.verify = True
        with pytest.raises(sm.RequestError, match="CERTIFICATE_VERIFY_FAILED"):
            ask(settings)
    assert len(proxy.received) == 1


@both
def test_a_proxy_of_the_environment(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is used, unless `no_proxy` names the host, `trust_env` is off, or the settings have another."""
    with serving() as proxy, serving() as other, serving() as server:
        with proxies_in(monkeypatch, HTTP_PROXY=proxy.url):
            assert ask(ConnectionSettings(BEYOND)) == []
            assert ask(ConnectionSettings(BEYOND, proxy=other.url)) == []
            assert ask(settings_for(server)) == []
            assert (len(proxy.received), len(other.received), len(server.received)) == (1, 1, 1)
            with pytest.raises(sm.ConnectError):
                ask(ConnectionSettings(BEYOND, trust_env=False, retry_attempts=1))
        with proxies_in(monkeypatch, ALL_PROXY=proxy.url, NO_PROXY="127.0.0.1"):
            assert ask(settings_for(server, trust_env=True)) == []
            assert ask(ConnectionSettings(BEYOND)) == []
        with proxies_in(monkeypatch, HTTP_PROXY=proxy.url.removeprefix("http://")):
            assert ask(ConnectionSettings(BEYOND)) == []
    assert (len(proxy.received), len(server.received)) == (3, 2)


def test_a_proxy_that_refuses(authority: Authority) -> None:
    """Is a `ProxyError`, not tried again with the same credentials; one that fails for the moment is."""
    answers = [Answer(407)]
    with serving(tls=authority.server()) as server, serving(lambda received: answers.pop(0)) as proxy:
        settings = settings_for(server, verify=authority.pem, proxy=proxy.url, retry_delay=0.01)
        with BatchClient(settings) as client:
            with pytest.raises(sm.ProxyError, match="407"):
                client.submit_job(b"audio", CONFIG)
            assert len(proxy.received) == 1
            answers += [Answer(503), Answer(502), Answer()]
            assert client.list_jobs() == []
    assert len(server.received) == 1


def test_a_socks_proxy_without_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names the extra, whether it is the settings' or the environment's."""
    monkeypatch.setitem(sys.modules, "socksio", None)
    for url in ("socks5://127.0.0.1:1080", "SOCKS5H://127.0.0.1:1080"):
        with pytest.raises(sm.MissingExtraError, match=r'a SOCKS proxy needs the extra "socks" of .*\[socks\]'):
            BatchClient(ConnectionSettings(proxy=url)).connect()
        with proxies_in(monkeypatch, ALL_PROXY=url):
            with pytest.raises(sm.MissingExtraError):
                BatchClient(ConnectionSettings()).connect()
            BatchClient(ConnectionSettings(trust_env=False)).connect().close()


@pytest.mark.parametrize("url", ["socks://user:very-secret@127.0.0.1:1080", "http://user:very-secret@host:port"])
def test_a_proxy_that_cannot_be_used(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is an error of the settings that names where it stands and does not show it."""
    with proxies_in(monkeypatch, ALL_PROXY=url):
        with pytest.raises(sm.SettingsError, match="the environment's all_proxy must be an http, https") as caught:
            BatchClient(ConnectionSettings()).connect()
        BatchClient(ConnectionSettings(trust_env=False)).connect().close()
    assert "very-secret" not in str(caught.value)
    with pytest.raises(sm.SettingsError, match="the argument proxy must be an http, https") as caught:
        ConnectionSettings(proxy=url)
    assert "very-secret" not in str(caught.value)


@both
@pytest.mark.parametrize("from_environment", [False, True])
def test_no_credentials_of_a_proxy_are_shown(
    authority: Authority,
    ask: Ask,
    from_environment: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In no error, no traceback with locals, no repr, no log record at DEBUG."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    servers = serving(tls=authority.server()), serving(lambda received: Answer(407))
    with servers[0] as server, servers[1] as proxy:
        url = proxy.url.replace("//", "//user:very-secret@")
        for place in (url, url.replace(proxy.url[7:], "127.0.0.1:9")):
            proxies = {"HTTPS_PROXY": place} if from_environment else {}
            with proxies_in(monkeypatch, **proxies):
                own: dict[str, Any] = {} if from_environment else {"proxy": place}
                settings = settings_for(server, trust_env=True, retry_attempts=1, verify=authority.pem, **own)
                try:
                    ask(settings)
                except sm.RequestError as error:
                    report = traceback.TracebackException.from_exception(error, capture_locals=True)
                    # What the test's own frames show is not the package's to hide.
                    report.stack[:] = [frame for frame in report.stack if "tests" not in frame.filename]
                    shown += ["".join(report.format()), str(error), repr(error), repr(error.request)]
                shown += [repr(settings), str(settings), repr(BatchClient(settings))]
    assert len(shown) == 14
    shown += [record.getMessage() for record in caplog.records]
    for secret in ("very-secret", "dXNlcjp2ZXJ5LXNlY3JldA=="):
        assert not [text for text in shown if secret in text]
