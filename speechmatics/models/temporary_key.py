"""What the management platform is asked for a temporary key, and what it answers."""

from typing import Annotated

from pydantic import Field, StrictInt

from speechmatics.models._base import ReceivedModel, SentModel
from speechmatics.models._markers import KnownValues, Within
from speechmatics.settings import LONGEST_KEY_LIFE, SHORTEST_KEY_LIFE, KeyRegion

__all__ = ["TemporaryKey", "TemporaryKeyRequest"]


class TemporaryKeyRequest(SentModel):
    """Asks for a key that expires by itself."""

    ttl: Annotated[StrictInt, Within(SHORTEST_KEY_LIFE, LONGEST_KEY_LIFE)]
    """Seconds until the key expires; 60 to 86,400 (a day)."""
    client_ref: str | None = None
    """The customer's own reference of a client: the key sees only jobs made with the same one, and no usage."""
    region: KnownValues[KeyRegion] | None = None
    """`eu`, `usa` or `au`; deprecated by the service."""


class TemporaryKey(ReceivedModel):
    """The key that was made."""

    key_value: str = Field(repr=False)
    """The key, a JWT, to be used as a bearer token; secret, so not in the repr."""
