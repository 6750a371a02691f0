"""What is done with points at night."""

from collections.abc import Mapping
from typing import Any

from opsdesk import access, jobs, points
from opsdesk.kit import log
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database

SWEEP_AT = "5 0 * * *"

_log = log.get_logger("opsdesk.operations")


def sweep_points(clock: Clock) -> jobs.Handler:
    """The handler of the cron: takes out of wallets what is past its date, and tells how much it was.

    Each batch commits by itself, so that a failure leaves what was done; run twice, or on two nodes at once, nothing is
    swept twice.
    """

    async def sweep(database: Database, payload: Mapping[str, Any]) -> jobs.JobOutcome:
        with log.bound(request_id=f"sweep_points:{payload.get('due_at')}"):
            done = await points.sweeping.sweep_due(database, actor=access.system_actor("scheduler"), now=clock.now())
            _log.info("points_swept", lots=done.lots, points=done.points, batches=done.batches)
        return jobs.Done()

    return sweep
