"""What those who keep benefits find on their desk: an order that was cancelled, and yet rendered, says its provider."""

from datetime import datetime, timedelta

from opsdesk.benefits import disputes
from opsdesk.benefits.disputes import Dispute
from opsdesk.kit.db import Database
from tests.benefits.making import an_order, booked, cancelled, completed, furnish, listed


async def disputed(db: Database, *, now: datetime, is_furnished: bool = False) -> Dispute:
    """A catalogue unless there is one, a list of customers of the day, and an open dispute."""
    if not is_furnished:
        async with db.transaction() as conn:
            await furnish(conn)
    async with db.transaction() as conn:
        if now.date() > datetime(2026, 1, 5).date():
            await listed(conn, {"C-1": 10**8}, day=now.date(), now=now)
    order = await an_order(db, now=now)
    await booked(db, order, now=now + timedelta(seconds=10))
    await cancelled(db, order, now=now + timedelta(seconds=20))
    await completed(db, order, now=now + timedelta(seconds=30))
    async with db.connection() as conn:
        [dispute] = await disputes.list_disputes(conn, is_open=True, limit=1)
    return dispute
