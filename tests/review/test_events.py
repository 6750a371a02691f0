"""What can happen to a ticket, as the code and the tables know it."""

from opsdesk.kit.db import Connection
from opsdesk.review.model import TicketEventKind


async def test_the_database_takes_every_kind_of_event(conn: Connection) -> None:
    name = {"name": "ticket_event_kind_check"}
    found = await conn.execute("select pg_get_constraintdef(oid) from pg_constraint where conname = %(name)s", name)
    row = await found.fetchone()
    assert row is not None
    assert [kind for kind in TicketEventKind if f"'{kind}'" not in row[0]] == []
