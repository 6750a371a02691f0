"""Triggers by the clock: fired when they are due, each time once over all workers, and found where they are not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.rows import class_row

from opsdesk import access
from opsdesk.flows.runs import STALL_GRACE_S, STALLED_ROWS_MAX
from opsdesk.flows.trigger import Missed, TriggerKind
from opsdesk.flows.triggers.deliveries import Delivery, DeliveryState, Verdict, deliver, judged
from opsdesk.flows.triggers.errors import TriggerStateWrong
from opsdesk.flows.triggers.occurrence import of_event, of_schedule, of_webhook
from opsdesk.flows.triggers.schedule import latest_due, next_due
from opsdesk.flows.triggers.standing import Standing, TriggerState, show_trigger
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.ids import new_id
from opsdesk.kit.log import get_logger
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
NEXT_DUE = _SQL["next_due"]
DUE_NEXT_AT = _SQL["due_next_at"]
OVERDUE = _SQL["overdue"]

MISSED_AFTER_S = 300.0
"""A time that went by longer ago was missed. Until then a worker may be late with it, or taking over from another."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OverdueTrigger:
    """An active trigger whose time has come, and that nobody has fired."""

    procedure_id: str
    name: str
    due_at: datetime


async def fire_due(database: Database, *, clock: Clock) -> int:
    """Fire every trigger that is due, each in one transaction with its run and its next time; returns how many.

    Any number of workers may do this at once. One that is killed has done it for a trigger, or not at all. A trigger
    that fails is left as it is for the next time, and is overdue meanwhile; the others are fired.
    """
    fired, failed = 0, list[int]()
    while True:
        trigger_id = -1
        try:
            async with database.transaction() as conn:
                now = clock.now()
                row = await (await conn.execute(NEXT_DUE, {"now": now, "but": failed})).fetchone()
                if row is None:
                    return fired
                standing = await show_trigger(conn, row[0], row[1])
                trigger_id = standing.trigger_id
                await _fire(conn, standing, now=now)
                fired += 1
        except Exception:
            if trigger_id < 0:
                raise
            failed.append(trigger_id)
            _log.exception("trigger_failed", trigger_id=trigger_id)


async def _fire(conn: Connection, standing: Standing, *, now: datetime) -> None:
    trigger, first = standing.trigger, standing.due_at
    assert first is not None, "it was found by its time"
    due, count = latest_due(trigger.cron, trigger.time_zone, first=first, now=now)
    content = of_schedule(due, trigger.time_zone)
    verdict = judged(standing, content)
    if trigger.missed is Missed.SKIP and now - due > timedelta(seconds=MISSED_AFTER_S):
        verdict = Verdict(DeliveryState.MISSED, reason="no worker was there when it was due")
    await deliver(
        conn,
        standing,
        key=due.astimezone(UTC).isoformat(),
        content=content,
        verdict=verdict,
        by=access.system_actor("clock"),
        now=now,
        missed=count - 1,
    )
    following = next_due(trigger.cron, trigger.time_zone, after=now)
    await conn.execute(DUE_NEXT_AT, {"trigger_id": standing.trigger_id, "due_at": following})


async def fire(
    conn: Connection,
    standing: Standing,
    *,
    data: Mapping[str, Any],
    actor: access.Actor,
    now: datetime,
    key: str | None = None,
) -> Delivery:
    """Fire a trigger by hand, as if what it waits for had come: `data` is the body or what the event holds.

    The same key with the same data gives the first answer again. Raises KeyReused, and TriggerStateWrong unless it is
    active.
    """
    if standing.state is not TriggerState.ACTIVE:
        raise TriggerStateWrong(standing.procedure_id, standing.name, standing.state)
    key = f"by hand:{key or new_id()}"
    trigger = standing.trigger
    match trigger.kind:
        case TriggerKind.CRON:
            content = of_schedule(now.replace(microsecond=0), trigger.time_zone)
        case TriggerKind.WEBHOOK:
            content = of_webhook(key, now.replace(microsecond=0), dict(data))
        case _:
            content = of_event(trigger.event, key, data)
    return await deliver(conn, standing, key=key, content=content, verdict=judged(standing, content), by=actor, now=now)


async def overdue_triggers(conn: Connection, *, now: datetime) -> list[OverdueTrigger]:
    """Every active trigger whose time is long over; none, or something is wrong with Opsdesk."""
    values = {"before": now - timedelta(seconds=STALL_GRACE_S), "limit": STALLED_ROWS_MAX}
    async with conn.cursor(row_factory=class_row(OverdueTrigger)) as rows:
        return await (await rows.execute(OVERDUE, values)).fetchall()
