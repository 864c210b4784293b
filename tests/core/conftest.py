"""What the tests of the network share: certificates, made once."""

from __future__ import annotations

import pytest

from tests.core.clients import Certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority that nobody trusts unasked, and a server's certificate."""
    return Certificates(tmp_path_factory.mktemp("certificates"))
