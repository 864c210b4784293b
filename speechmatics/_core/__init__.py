"""How the clients work; nothing in here is public."""

from speechmatics import _installation as _installation

__all__: list[str] = []
