"""Who acts, and what they may do."""

import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from opsdesk.access.errors import ScopeMissing


class Scope(StrEnum):
    """What an actor may do, whichever roles they hold."""

    PROCEDURES_READ = "procedures:read"
    PROCEDURES_WRITE = "procedures:write"
    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    TICKETS_READ = "tickets:read"
    TICKETS_DECIDE = "tickets:decide"
    PERSONAL_READ = "personal:read"
    """Sees personal values unmasked."""
    KEYS_WRITE = "keys:write"


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone who acts. Two actors with the same `id` are the same person, whichever way they came in."""

    id: str
    name: str
    roles: frozenset[str]
    scopes: frozenset[str]


def require(actor: Actor, scope: Scope) -> None:
    """Raises ScopeMissing (403) unless the actor has the scope."""
    if scope not in actor.scopes:
        raise ScopeMissing(actor=actor.id, scope=scope)


def local_actor(roles: Iterable[str]) -> Actor:
    """The person at this machine's command line, who has every scope because they can reach the database itself.

    The name comes from the operating system's account and not from the environment, which anyone can set.
    """
    user_id = os.geteuid()
    try:
        name = pwd.getpwuid(user_id).pw_name
    except KeyError:  # an account that the machine has no name for, as in many containers
        name = str(user_id)
    return Actor(id=f"cli:{name}", name=name, roles=frozenset(roles), scopes=frozenset(Scope))
