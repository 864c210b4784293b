"""Whatever the public methods are given, and whatever is answered, what they raise is the package's own."""

from __future__ import annotations

import pytest

import speechmatics as sm
from tests.trials.fuzz import fuzz, public_methods

pytestmark = pytest.mark.slow  # calls everything with anything


def test_what_leaves_a_public_method_is_ours() -> None:
    """For arguments, files, answers and environments; the table of what was raised is printed."""
    seen = fuzz(1200)
    print(seen)
    assert not seen.foreign, "\n".join(seen.foreign.values())
    called = {method for method, _ in seen.outcomes}
    expected = {
        f"{kind.__name__}.{name}" for kind in (sm.BatchClient, sm.AsyncBatchClient) for name in public_methods(kind)
    }
    assert expected <= called
    assert "environment" in called
    kinds = {kind for _, kind in seen.outcomes}
    assert {"InvalidInputError", "InvalidResponseError", "SettingsError"} <= kinds
