"""The steps of orders start runs: procedures whose triggers name them."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from opsdesk import access, benefits, flows, jobs
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.fences import Fence

ROUNDS_MAX = 200
"""Of one minute; what is left is told in the next."""
WAITS_S = 0.05
_TELLER = access.system_actor("benefits")


def tell_steps(clock: Clock) -> jobs.Handler:
    """The handler of the cron."""

    async def tell(database: Database, _payload: Mapping[str, Any]) -> jobs.JobOutcome:
        async with database.connection() as conn:
            fence = await benefits.relay.fence(conn)
        for _ in range(ROUNDS_MAX):
            told = await tell_some(database, fence, clock)
            if told == 0:
                break
            if told is None:
                # Who was writing then still writes: in a moment they have ended, or it is for the next minute.
                await asyncio.sleep(WAITS_S)
        return jobs.Done()

    return tell


async def tell_some(database: Database, fence: Fence, clock: Clock) -> int | None:
    """Tell a batch to the triggers that want it; returns how many steps there were, None if it cannot be said yet."""
    async with database.transaction() as conn:
        steps = await benefits.relay.take_steps(conn, fence)
        if steps is None:
            return None
        names = benefits.relay.EVENT_NAMES
        wanted = await flows.triggering.events_wanted(conn, set(names.values()))
        for step in steps:
            if (name := names[step.status]) in wanted:
                await _tell(conn, name, step, now=clock.now())
    return len(steps)


async def _tell(conn: Connection, name: str, step: benefits.orders.Event, *, now: datetime) -> None:
    data = {"order_id": str(step.order_id), "effective_at": step.effective_at.isoformat()}
    key = f"benefit-step-{step.event_id}"
    # Every trigger may have passed it over, by its condition.
    with suppress(flows.errors.NobodyWaits):
        await flows.triggering.tell_event(conn, name=name, data=data, actor=_TELLER, now=now, key=key)
