"""Who acts and what they may do: API keys, scopes and roles."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from opsdesk.access.actor import Actor, Scope, local_actor, may, require
from opsdesk.access.errors import KeyNotFound, KeyRefused, KeyUnknown, ScopeMissing, Unauthenticated
from opsdesk.access.keys import ApiKey, NewKey, authenticate, create_key, list_keys, revoke_key

if TYPE_CHECKING:
    from opsdesk.access import guard, routes

__all__ = [
    "Actor",
    "ApiKey",
    "KeyNotFound",
    "KeyRefused",
    "KeyUnknown",
    "NewKey",
    "Scope",
    "ScopeMissing",
    "Unauthenticated",
    "authenticate",
    "create_key",
    "guard",
    "list_keys",
    "local_actor",
    "may",
    "require",
    "revoke_key",
    "routes",
]


def __getattr__(name: str) -> ModuleType:
    """What needs the web framework is imported when it is first asked for, so that commands start without it."""
    if name in ("guard", "routes"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
