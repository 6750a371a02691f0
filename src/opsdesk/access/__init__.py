"""Who acts and what they may do: people, their sessions, API keys, scopes and roles.

Used noun by noun: `access.people.create_person(…)`; what everything else asks for at every turn has its name here. What
needs the web framework or hashes passwords is imported when it is first asked for, so that commands start without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from opsdesk.access.actor import Actor, Scope, local_actor, may, require, system_actor
from opsdesk.access.roles import Role

if TYPE_CHECKING:
    from opsdesk.access import (
        audit,
        errors,
        forgetting,
        guard,
        keys,
        links,
        oidc,
        people,
        routes,
        second_factor,
        sessions,
        sign_in,
        standing,
    )

__all__ = [
    "Actor",
    "Role",
    "Scope",
    "audit",
    "errors",
    "forgetting",
    "guard",
    "keys",
    "links",
    "local_actor",
    "may",
    "oidc",
    "people",
    "require",
    "routes",
    "second_factor",
    "sessions",
    "sign_in",
    "standing",
    "system_actor",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
