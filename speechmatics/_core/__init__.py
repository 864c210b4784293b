"""How the clients work; nothing in here is public."""

__all__: list[str] = []
