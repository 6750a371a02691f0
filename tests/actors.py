"""Those who act in tests."""

from opsdesk.access import Actor


def actor(name: str = "tester") -> Actor:
    """Somebody with this id, no roles and no scopes."""
    return Actor(id=name, name=name, roles=frozenset(), scopes=frozenset())
