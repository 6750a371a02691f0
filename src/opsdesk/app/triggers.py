"""Triggers by the clock, fired by whichever worker comes first."""

from collections.abc import Mapping
from typing import Any

from opsdesk import flows, jobs
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database


def fire_triggers(clock: Clock) -> jobs.Handler:
    """The handler of the cron, which is due at every minute, as cron expressions are."""

    async def fire(database: Database, _payload: Mapping[str, Any]) -> jobs.JobOutcome:
        await flows.triggering.fire_due(database, clock=clock)
        return jobs.Done()

    return fire
