"""Every minute, screening tickets that will soon be late are escalated."""

from collections.abc import Mapping
from typing import Any

from opsdesk import jobs, review
from opsdesk.kit import log
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database


def escalate_tickets(clock: Clock) -> jobs.Handler:
    """The handler of the cron. Each batch commits by itself, so that a failure leaves what was done."""

    async def escalate(database: Database, payload: Mapping[str, Any]) -> jobs.JobOutcome:
        with log.bound(request_id=f"escalate_tickets:{payload.get('due_at')}"):
            while True:
                async with database.transaction() as conn:
                    escalated = await review.deadlines.escalate_due(conn, now=clock.now())
                if len(escalated) < review.deadlines.ESCALATED_MAX:
                    return jobs.Done()

    return escalate
