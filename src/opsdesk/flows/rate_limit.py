"""Rate limits that hold over all runs and workers: a call takes the next free place in time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from opsdesk.flows.procedure import RateLimit
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
LOCK_RATE = _SQL["lock_rate"]
WRITE_RATE = _SQL["write_rate"]


async def take_turn(conn: Connection, *, rate_key: str, limit: RateLimit, now: datetime) -> datetime:
    """When the call may be made: now, or the place in time that is now reserved for it. Locks the limit's row."""
    row = await (await conn.execute(LOCK_RATE, {"rate_key": rate_key})).fetchone()
    assert row is not None
    turn, slots = next_turn(row[0], limit=limit, now=now)
    await conn.execute(WRITE_RATE, {"rate_key": rate_key, "slots": slots})
    return turn


def next_turn(slots: Sequence[datetime], *, limit: RateLimit, now: datetime) -> tuple[datetime, list[datetime]]:
    """The next place such that no period of `per_s` seconds holds more than `calls`, and the places to remember."""
    period = timedelta(seconds=limit.per_s)
    # Without those of long ago: a limit of a million calls a day would remember a million for each call.
    recent = [slot for slot in slots if slot > now - period][-limit.calls :]
    turn = now
    if len(recent) == limit.calls:
        turn = max(now, recent[0] + period)
    return turn, [*recent, turn][-limit.calls :]
