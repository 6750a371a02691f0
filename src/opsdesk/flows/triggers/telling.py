"""Events: told to the runs that wait for them, and to the triggers that start a run for each."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from opsdesk import access
from opsdesk.flows.errors import NobodyWaits
from opsdesk.flows.events import send_event
from opsdesk.flows.triggers.deliveries import Delivery, DeliveryState, deliver, judged
from opsdesk.flows.triggers.occurrence import of_event
from opsdesk.flows.triggers.standing import SHOW, Standing
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
BY_EVENT = _SQL["by_event"]

TRIGGERS_MAX = 100
"""That one event is told to."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who was told: runs that waited, and what came of it for triggers."""

    runs: Sequence[UUID]
    deliveries: Sequence[Delivery]


async def tell_event(
    conn: Connection,
    *,
    name: str,
    data: Mapping[str, Any],
    actor: access.Actor,
    now: datetime,
    run_id: UUID | None = None,
    subject: str | None = None,
    key: str | None = None,
) -> Told:
    """Tell an event to one run; or to those about a subject, if there is one, and to the triggers that it starts.

    What nobody waits for and no trigger is started by is refused, and nothing of it is kept. The same key with the same
    event is told each run, and starts a run by each trigger, once. Raises what EVENT_REFUSALS lists.
    """
    runs: Sequence[UUID] = ()
    deliveries = [] if run_id is not None else await _started(conn, name, data, key=key, actor=actor, now=now)
    if run_id is not None or subject is not None:
        try:
            runs = await send_event(
                conn, name=name, data=data, run_id=run_id, subject=subject, actor=actor, now=now, key=key
            )
        except NobodyWaits:
            if not deliveries:
                raise
    if not runs and not deliveries:
        raise NobodyWaits(name)
    return Told(runs, deliveries)


async def events_wanted(conn: Connection, names: Set[str]) -> Set[str]:
    """Those of the events that start runs by a trigger now."""
    rows = await (await conn.execute(_SQL["events_wanted"], {"names": sorted(names)})).fetchall()
    return {name for (name,) in rows}


async def _started(
    conn: Connection, name: str, data: Mapping[str, Any], *, key: str | None, actor: access.Actor, now: datetime
) -> list[Delivery]:
    async with conn.cursor(row_factory=class_row(Standing)) as rows:
        found = await (await rows.execute(SHOW + b"\n" + BY_EVENT, {"event": name, "limit": TRIGGERS_MAX})).fetchall()
    key = key or str(new_id())
    content = of_event(name, key, data)
    deliveries = []
    for standing in found:
        verdict = judged(standing, content)
        if verdict.state is not DeliveryState.PASSED:
            deliveries.append(
                await deliver(conn, standing, key=key, content=content, verdict=verdict, by=actor, now=now)
            )
    return deliveries
