"""Who acts, and what they may do."""

import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from opsdesk.access.errors import ScopeMissing


class Scope(StrEnum):
    """What an actor may do, whichever roles they hold."""

    PROCEDURES_READ = "procedures:read"
    PROCEDURES_WRITE = "procedures:write"
    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    TICKETS_READ = "tickets:read"
    TICKETS_DECIDE = "tickets:decide"
    DESK_LEAD = "desk:lead"
    """Gives tickets to people, and takes them back from who holds them; judges none of them by it."""
    SCREENING_READ = "screening:read"
    SCREENING_WRITE = "screening:write"
    """Configures what review tickets look like, which applications get them, and the reference data."""
    APPLICATIONS_READ = "applications:read"
    """Sees which applications came, how they were answered, and whether their results arrived."""
    APPLICATIONS_WRITE = "applications:write"
    """Hands in applications: for the anti-fraud engine."""
    BENEFITS_READ = "benefits:read"
    """Sees the catalogue, orders, disputes, settlements and what providers are known by."""
    BENEFITS_WRITE = "benefits:write"
    """Keeps the catalogue, the list of customers and providers, decides disputes, ends what is due."""
    BENEFITS_BUS = "benefits:bus"
    """Brings the messages of channels and of the open platform: for the bank's bus, which is believed who sent them."""
    BENEFITS_ORDER = "benefits:order"
    """Redeems, refunds and makes links for customers: for the bank's own channels and its bus."""
    PERSONAL_READ = "personal:read"
    """Sees personal values unmasked."""
    KEYS_WRITE = "keys:write"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    """Makes accounts, gives roles, ends sessions of others."""
    AUDIT_READ = "audit:read"
    OPERATIONS_READ = "operations:read"
    """Sees workers, queues, stalls and partners."""
    OPERATIONS_WRITE = "operations:write"
    """Sends results again, and closes alerts."""
    QUALITY_READ = "quality:read"
    """Sees the samples of quality sampling, and how often whose verdicts held."""
    QUALITY_WRITE = "quality:write"
    """Draws samples of decided tickets."""
    POINTS_READ = "points:read"
    """Sees what customers have in points, every movement of them, and what audits of the ledger found."""
    POINTS_WRITE = "points:write"
    """Grants points, and takes out of wallets what is past its date."""


_LOCAL = "cli:"
PERSON = "person:"
"""What the ids of people with an account begin with."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone who acts. Two actors with the same `id` are the same person, whichever way they came in."""

    id: str
    name: str
    roles: frozenset[str]
    scopes: frozenset[str]
    made_by: str | None = None
    """Of a system that acts by a key: the id of the person who made the key, where a person did."""

    @property
    def person(self) -> str:
        """The id of whoever stands behind what is done: who made the key that a system acts by, else the actor."""
        return self.made_by or self.id


class Restricted(Protocol):
    """Something that not everyone with the scope may act upon."""

    @property
    def role(self) -> str | None:
        """Who may: the holders of this role; None: everyone with the scope."""
        ...

    @property
    def requested_by(self) -> str:
        """The id of the actor who asked for it, and may not."""
        ...


def may(actor: Actor, action: Scope, target: Restricted | None = None) -> bool:
    """Whether the actor may do this, with this; every route, page and command asks here."""
    if action not in actor.scopes:
        return False
    if target is None:
        return True
    own = target.requested_by in (actor.id, actor.person)
    return (target.role is None or target.role in actor.roles) and not own


def require(actor: Actor, action: Scope) -> None:
    """Raises ScopeMissing (403) unless the actor may do this at all; with what, the owner of it says."""
    if not may(actor, action):
        raise ScopeMissing(actor=actor.id, scope=action)


def system_actor(name: str) -> Actor:
    """A part of Opsdesk, where no person and no client asked for what it does."""
    return Actor(id=f"system:{name}", name=name, roles=frozenset(), scopes=frozenset())


def is_local(actor: Actor) -> bool:
    """Whether somebody acts who can reach the database itself, and so cannot be kept from anything in it."""
    return actor.id.startswith(_LOCAL)


def is_person(actor_id: str | None) -> bool:
    """Whether it is the id of somebody with an account."""
    return actor_id is not None and actor_id.startswith(PERSON)


def local_actor(roles: Iterable[str]) -> Actor:
    """The person at this machine's command line, who has every scope because they can reach the database itself.

    The name comes from the operating system's account and not from the environment, which anyone can set.
    """
    user_id = os.geteuid()
    try:
        name = pwd.getpwuid(user_id).pw_name
    except KeyError:  # an account that the machine has no name for, as in many containers
        name = str(user_id)
    return Actor(id=f"{_LOCAL}{name}", name=name, roles=frozenset(roles), scopes=frozenset(Scope))
