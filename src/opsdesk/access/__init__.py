"""Who acts and what they may do: API keys, scopes and roles."""

from opsdesk.access.actor import Actor, Scope, local_actor, require
from opsdesk.access.errors import KeyNotFound, KeyRefused, KeyUnknown, ScopeMissing, Unauthenticated
from opsdesk.access.keys import ApiKey, NewKey, authenticate, create_key, list_keys, revoke_key

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
    "list_keys",
    "local_actor",
    "require",
    "revoke_key",
]
