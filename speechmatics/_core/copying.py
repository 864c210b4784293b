"""What of a client a pickle takes along."""

from __future__ import annotations

import pickle
from collections.abc import Mapping

__all__ = ["portable_state"]


def portable_state(
    client: object, dropped: tuple[str, ...], *, http_client: object, **parts: object
) -> dict[str, object]:
    """The attributes of a client without its connections: settings with their key, and what was given beside.

    Args:
        client: The client.
        dropped: Attributes that are made anew.
        http_client: The client that it was given, or None.
        **parts: What may not be picklable, by the name of the argument that it came in.

    Raises:
        TypeError: A part cannot be pickled; the message names it.
    """
    kind = type(client).__name__
    if http_client is not None:
        raise TypeError(f"a {kind} with an http_client cannot be pickled or copied: its connections have one owner")
    for name, part in parts.items():
        try:
            pickle.dumps(part)
        except Exception as error:
            # Not chained: what could not be pickled may hold a key.
            reason = type(error).__name__
            raise TypeError(f"a {kind} cannot be pickled: its {name} cannot ({reason})") from None
    attributes: Mapping[str, object] = vars(client)
    return {name: value for name, value in attributes.items() if name not in dropped}
