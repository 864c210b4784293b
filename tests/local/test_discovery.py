"""What a local server says of itself."""

from __future__ import annotations

import httpx
import pytest

from speechmatics import BatchClient
from speechmatics.local import LocalServer, ScriptedEngine, ScriptedRule
from tests.conftest import ScriptedEngine as TwoWordEngine

pytestmark = pytest.mark.slow  # starts servers


def test_features_are_what_the_engine_can_do(server: LocalServer) -> None:
    """English, without domains, locales or translations."""
    with BatchClient(server.connection_settings) as client:
        features = client.get_features()
    assert features.languages == {"en"}
    assert not features.domains("en") | features.locales("en") | features.translations("en")


def test_rules_offer_whatever_is_asked_for() -> None:
    """So nothing is said of it: no configuration is wrong by it."""
    with LocalServer(engine=ScriptedEngine([ScriptedRule(text="")])) as server:
        with BatchClient(server.connection_settings) as client:
            assert client.get_features().batch is None


@pytest.mark.parametrize(
    ("path", "key"), [("live", "alive"), ("ready", "ready"), ("started", "started"), ("live/", "alive")]
)
def test_health_needs_no_token(path: str, key: str) -> None:
    """As probes of containers have none; all else needs one."""
    with LocalServer(engine=TwoWordEngine(), token="the-token") as server:
        root = server.url.removesuffix("v2")
        answer = httpx.get(f"{root}{path}", trust_env=False)
        assert (answer.status_code, answer.json()) == (200, {key: True})
        assert httpx.get(f"{root}v1/discovery/features", trust_env=False).status_code == 401
        assert httpx.get(f"{root}{path}", headers={"Host": "evil.example"}, trust_env=False).status_code == 403
