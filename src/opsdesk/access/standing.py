"""Who somebody is at this moment, as a decision has to know it: not as they were when their request came in."""

from dataclasses import replace

from opsdesk.access.actor import PERSON, Actor, is_person
from opsdesk.access.roles import scopes_of
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_KEY = "key:"

_SQL = statements(__file__)
_PERSON_NOW = _SQL["person_now"]
_KEY_MAKERS = _SQL["key_makers"]


async def as_of_now(conn: Connection, actor: Actor) -> Actor:
    """The actor in the roles that they hold now, which stay theirs until this transaction ends.

    A person's roles are read again and locked, so that of a decision and the loss of a role at the same moment the
    first counts and the other sees it. Keys of systems keep the roles that they were made with.
    """
    if not is_person(actor.id):
        return actor
    row = await (await conn.execute(_PERSON_NOW, {"email": actor.id.removeprefix(PERSON)})).fetchone()
    roles, disabled_at = row if row is not None else ([], None)
    scopes = scopes_of(roles) if disabled_at is None else frozenset[str]()
    return replace(actor, roles=frozenset(roles), scopes=actor.scopes & scopes)


async def people_behind(conn: Connection, actor_id: str) -> frozenset[str]:
    """Who may have acted by this id: the actor, and of a system everybody who made a key of its name."""
    if not actor_id.startswith(_KEY):
        return frozenset({actor_id})
    made = await (await conn.execute(_KEY_MAKERS)).fetchall()
    name = actor_id.removeprefix(_KEY)
    return frozenset({actor_id, *(made_by for key_name, made_by in made if key_name.casefold() == name)})
