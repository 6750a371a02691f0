"""Who acts at the command line: whoever has the database, or the actor of an API key, with exactly its scopes."""

import os
from collections.abc import Collection
from dataclasses import dataclass, replace

from opsdesk import access
from opsdesk.access import Actor, Scope
from opsdesk.app.wiring import Opsdesk
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import Refused

API_KEY = "OPSDESK_API_KEY"
"""The variable with the key that a command acts by."""


@dataclass(eq=False)
class NotWithKey(Refused):
    """A command that acts by the API key in OPSDESK_API_KEY is in the roles of the key, and named by it."""


async def acting(
    opsdesk: Opsdesk, conn: Connection, *needed: Scope, roles: Collection[str] = (), as_name: str | None = None
) -> Actor:
    """The actor of this command, who has every scope that is needed.

    With a key in the environment its actor acts, in its roles and as nobody else. Without one it is the person at this
    machine, who can reach the database and so has every scope; of several people there, the one that `as_name` names.

    Raises KeyUnknown, ScopeMissing, NotWithKey.
    """
    key = os.environ.get(API_KEY)
    if key is None:
        actor = access.local_actor(roles)
        return actor if as_name is None else replace(actor, id=f"{actor.id}/{as_name}", name=as_name)
    if roles or as_name is not None:
        raise NotWithKey
    actor = await access.keys.authenticate(conn, key=key.strip(), now=opsdesk.clock.now())
    for scope in needed:
        access.require(actor, scope)
    return actor


async def reading(opsdesk: Opsdesk, conn: Connection, needed: Scope, *, reveal: bool) -> Actor:
    """The actor of this command as a reader. Raises what `acting` and `sees` raise."""
    return sees(await acting(opsdesk, conn, needed), reveal=reveal)


def sees(actor: Actor, *, reveal: bool) -> Actor:
    """The actor as a reader, for whom personal values are masked unless they ask for them.

    Raises ScopeMissing for one who asks and may not.
    """
    if reveal:
        access.require(actor, Scope.PERSONAL_READ)
        return actor
    return replace(actor, scopes=actor.scopes - {Scope.PERSONAL_READ})
