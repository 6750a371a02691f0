"""Every hour, what is kept of signing in for a while only is forgotten."""

from collections.abc import Mapping
from typing import Any

from opsdesk import access, jobs
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database

EVERY_HOUR = "17 * * * *"


def forget_sign_ins(clock: Clock) -> jobs.Handler:
    """The handler of the cron."""

    async def forget(database: Database, _payload: Mapping[str, Any]) -> jobs.JobOutcome:
        async with database.transaction() as conn:
            await access.forgetting.forget_old(conn, now=clock.now())
        return jobs.Done()

    return forget
