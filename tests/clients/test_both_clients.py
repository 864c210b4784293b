"""The blocking client and the async one are one client in two forms."""

from __future__ import annotations

import inspect
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_overloads
from unittest.mock import create_autospec

import pytest

from speechmatics import AsyncBatchClient, BatchClient, ConnectionSettings, async_batch_client, batch_client

SCRIPT: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[2] / ".ci" / "make_blocking_client.py"))
in_blocking_words: Callable[[str], str] = SCRIPT["in_blocking_words"]


def surface(client: type) -> dict[str, list[str]]:
    """The signatures, with their types, and the docstring of each member of a client, and of the client."""
    members: dict[str, Callable[..., object]] = {
        name: value for name, value in vars(client).items() if inspect.isfunction(value)
    }
    described = {
        name: [str(inspect.signature(each)) for each in [*get_overloads(member), member]] + [str(member.__doc__)]
        for name, member in members.items()
    }
    described |= {name: [str(value.__doc__)] for name, value in vars(client).items() if isinstance(value, property)}
    return {**described, "the class": [str(client.__doc__)]}


def unbroken(text: str) -> str:
    """Text without its line breaks, which differ."""
    return " ".join(text.split())


def test_both_clients_are_alike() -> None:
    """In signatures, types, overloads and docstrings, but for the words that must differ."""
    expected = {
        in_blocking_words(name): [unbroken(in_blocking_words(text)) for text in texts]
        for name, texts in surface(AsyncBatchClient).items()
    }
    assert {name: [unbroken(text) for text in texts] for name, texts in surface(BatchClient).items()} == expected
    assert [in_blocking_words(name) for name in async_batch_client.__all__] == batch_client.__all__
    assert {"transcribe", "connection_settings", "__enter__", "__init__"} <= expected.keys()
    assert "async" not in str(expected.values()).lower()


def test_one_is_made_from_the_other() -> None:
    """`.ci/make_blocking_client.py` makes just what is there."""
    assert SCRIPT["TARGET"].read_text(encoding="utf-8") == SCRIPT["make_blocking_client"]()


@pytest.mark.parametrize("client", [BatchClient, AsyncBatchClient])
def test_the_settings_of_a_client_can_be_read(client: Any) -> None:
    """And not assigned: its connections were made with them. A mock of a client has them too."""
    settings = ConnectionSettings()
    made = client(settings)
    assert made.connection_settings is settings
    with pytest.raises(AttributeError, match="connection_settings"):
        made.connection_settings = ConnectionSettings()
    mock = create_autospec(client, instance=True)
    assert mock.connection_settings is not None
    assert mock.submit_job is not None
    with pytest.raises(AttributeError):
        _ = mock.connection_setting
