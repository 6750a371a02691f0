"""Pictures and masked values of a ticket: shown to those who may see them, once they asked to."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from opsdesk.access import Actor, Scope
from opsdesk.kit.db import Connection
from opsdesk.kit.masking import is_personal
from opsdesk.kit.sql import statements
from opsdesk.review.model import Ticket, TicketEventKind
from opsdesk.review.pictures.errors import NotRevealed, PersonalHidden, PictureMissing, PictureUnknown, RevealInvalid
from opsdesk.review.pictures.model import Content, Picture, PictureState
from opsdesk.review.screening.frozen import FrozenKey, modules_of
from opsdesk.review.screening.model import DisplayType
from opsdesk.review.tickets import record_change, record_event, show_ticket

_SQL = statements(__file__)
_PICTURES = _SQL["pictures"]
_CONTENT = _SQL["content"]
_OUTLINE = _SQL["outline"]
_REVEALED = _SQL["revealed"]
_INSERT_REVEALS = _SQL["insert_reveals"]


async def list_pictures(conn: Connection, *, ticket_id: UUID) -> Sequence[Picture]:
    """The pictures of a ticket, whatever became of them."""
    cursor = conn.cursor(row_factory=class_row(Picture))
    return await (await cursor.execute(_PICTURES, {"ticket_id": ticket_id})).fetchall()


def may_see(actor: Actor, ticket: Ticket, *, now: datetime) -> bool:
    """Whether the actor may see what is personal in a ticket: by their scopes, or because they hold it."""
    held = ticket.claim_at(now)
    return Scope.PERSONAL_READ in actor.scopes or (held is not None and held[0] == actor.id)


def masked_keys(ticket: Ticket) -> Mapping[str, FrozenKey]:
    """The texts of a screening ticket that are shown in outline until somebody asks for them, by the ids of their keys.

    The name of the key or the text itself says that it is about a person.
    """
    return {
        each.key.id: each
        for each in _keys(ticket)
        if each.key.display is DisplayType.TEXT and each.value is not None and is_personal(each.key.name, each.value)
    }


async def revealed_keys(conn: Connection, *, ticket_id: UUID, actor: Actor) -> frozenset[str]:
    """The ids of the keys of which the actor asked to see the value."""
    rows = await conn.execute(_REVEALED, {"ticket_id": ticket_id, "actor": actor.id})
    return frozenset(key_id for (key_id,) in await rows.fetchall())


async def reveal(
    conn: Connection, *, ticket_id: UUID, key_ids: Collection[str] | None, actor: Actor, now: datetime
) -> frozenset[str]:
    """Show the actor the values of these keys, or of all, from now on; the first time is told in the ticket's history.

    Returns all that is revealed to them. Raises TicketUnknown, PersonalHidden, RevealInvalid.
    """
    ticket = await show_ticket(conn, ticket_id=ticket_id)
    if not may_see(actor, ticket, now=now):
        raise PersonalHidden(str(ticket_id))
    names = await _hidden(conn, ticket)
    if unknown := sorted(set(key_ids or ()) - names.keys()):
        raise RevealInvalid(str(ticket_id), unknown)
    wanted = [key_id for key_id in names if key_ids is None or key_id in key_ids]
    row = {"ticket_id": ticket_id, "key_ids": wanted, "actor": actor.id, "now": now}
    first = {key_id for (key_id,) in await (await conn.execute(_INSERT_REVEALS, row)).fetchall()}
    if first:
        told = ", ".join(name for key_id, name in names.items() if key_id in first)
        await record_event(
            conn, ticket_id=ticket_id, kind=TicketEventKind.REVEALED, actor=actor.id, now=now, reason=told
        )
        await record_change(conn, ticket, action="reveal", actor=actor, after={"keys": sorted(first)}, now=now)
    return await revealed_keys(conn, ticket_id=ticket_id, actor=actor)


async def show_picture(
    conn: Connection, *, ticket_id: UUID, actor: Actor, now: datetime, token: str | None = None, key_id: str = ""
) -> Content:
    """A picture by its token or by its key, for an actor who asked to see it.

    Raises TicketUnknown, PictureUnknown, PersonalHidden, PictureMissing, NotRevealed.
    """
    picture = await _visible(conn, ticket_id=ticket_id, actor=actor, now=now, token=token, key_id=key_id)
    if picture.content_sha256 and picture.key_id not in await revealed_keys(conn, ticket_id=ticket_id, actor=actor):
        raise NotRevealed(str(ticket_id), picture.key_id)
    return await _content(conn, _CONTENT, picture)


async def show_outline(conn: Connection, *, ticket_id: UUID, token: str, actor: Actor, now: datetime) -> Content:
    """A few pixels of a picture, which tell nobody who is on it.

    Raises TicketUnknown, PictureUnknown, PersonalHidden, PictureMissing.
    """
    picture = await _visible(conn, ticket_id=ticket_id, actor=actor, now=now, token=token)
    return await _content(conn, _OUTLINE, picture)


async def _visible(
    conn: Connection, *, ticket_id: UUID, actor: Actor, now: datetime, token: str | None, key_id: str = ""
) -> Picture:
    ticket = await show_ticket(conn, ticket_id=ticket_id)
    named = [
        each
        for each in await list_pictures(conn, ticket_id=ticket_id)
        if (each.key_id == key_id if token is None else each.token == token)
    ]
    if not named:
        raise PictureUnknown(str(ticket_id))
    if not may_see(actor, ticket, now=now):
        raise PersonalHidden(str(ticket_id))
    return named[0]


async def _content(conn: Connection, statement: bytes, picture: Picture) -> Content:
    if picture.content_sha256 is None:
        raise PictureMissing(str(picture.ticket_id), picture.state, picture.reason)
    cursor = conn.cursor(row_factory=class_row(Content), binary=True)
    content = await (await cursor.execute(statement, {"sha256": picture.content_sha256})).fetchone()
    assert content is not None, "what a picture refers to is never deleted"
    return content


async def _hidden(conn: Connection, ticket: Ticket) -> dict[str, str]:
    """The names of all keys whose values are hidden at first, in the order in which they are shown."""
    pictures = await list_pictures(conn, ticket_id=ticket.id)
    kept = {each.key_id for each in pictures if each.state is PictureState.KEPT}
    hidden = kept | masked_keys(ticket).keys()
    return {each.key.id: each.key.name for each in _keys(ticket) if each.key.id in hidden}


def _keys(ticket: Ticket) -> Sequence[FrozenKey]:
    if ticket.screening is None:
        return ()
    return [key for module in modules_of(ticket.shown) for key in module.keys]
