"""The alarm, every minute: an open run that nothing will wake, a trigger that nobody fires, a file that is missing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from opsdesk import benefits, flows, jobs
from opsdesk.app import events
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database
from opsdesk.kit.log import get_logger

EVERY_MINUTE = "* * * * *"

_NAMESPACE = UUID("0f3c6f5e-2c55-4b8e-9a1b-6f3f0a6c2d71")
_log = get_logger("opsdesk.operations")


def stall_check(clock: Clock, calendar: benefits.settlement.months.Calendar) -> jobs.Handler:
    """The handler of the cron: one line of severity error for each stall, and of runs the event RunStalled."""

    async def check(database: Database, _payload: Mapping[str, Any]) -> jobs.JobOutcome:
        async with database.transaction() as conn:
            for run in await flows.runs.stalled_runs(conn, now=clock.now()):
                _log.error(
                    "run_stalled",
                    run_id=str(run.run_id),
                    procedure=run.procedure_id,
                    status=run.status,
                    wake_name=run.wake_name,
                    wake_at=run.wake_at and run.wake_at.isoformat(),
                    reason=run.reason,
                )
                await events.publish(conn, _event(run))
            for trigger in await flows.triggering.overdue_triggers(conn, now=clock.now()):
                _log.error(
                    "trigger_overdue",
                    procedure=trigger.procedure_id,
                    trigger=trigger.name,
                    due_at=trigger.due_at.isoformat(),
                )
            for file in await benefits.settlement.periods.missing_files(conn, calendar=calendar, now=clock.now()):
                _log.error("settlement_overdue", provider=file.provider, month=file.month.isoformat()[:7])
        return jobs.Done()

    return check


def _event(run: flows.runs.StalledRun) -> events.RunStalled:
    """With an id of the stall, so that of the events about one only one at a time waits to be delivered."""
    stall = f"{run.run_id} {run.reason} {run.wake_name} {run.wake_at}"
    return events.RunStalled(
        id=uuid5(_NAMESPACE, stall), run_id=str(run.run_id), procedure=run.procedure_id, reason=run.reason
    )
