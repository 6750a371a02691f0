"""What the header of a run says is what its journal says: checked after every story, over all runs there are."""

from datetime import datetime
from uuid import UUID

from opsdesk.flows import runs
from opsdesk.flows.engine import Sleep, decide, next_wake, status
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.state import OPEN, State
from opsdesk.kit.db import Connection, Database

NOT_OF_THE_JOURNAL = ("worker: ", "retry: ")
"""Wake-ups that a worker gave the run as it let go of it, to be looked at at once or after a while."""


async def headers_agree(db: Database, *, now: datetime) -> None:
    async with db.transaction() as conn:
        await conn.execute(b"set transaction isolation level repeatable read")
        found = await (await conn.execute(b"select run_id, wake_at from flow_run")).fetchall()
        for run_id, wake_at in found:
            procedure, state, facts = await runs.read_state(conn, run_id)
            await _ended_as_it_says(conn, run_id, state)
            if state.outcome is None and (wake_at is None or now < wake_at):
                await _wakes_as_it_says(conn, run_id, procedure, state, now=now)
            seqs = await (
                await conn.execute(b"select seq from flow_journal where run_id = %s order by 1", (run_id,))
            ).fetchall()
            assert [seq for (seq,) in seqs] == list(range(1, len(facts) + 1))


async def _ended_as_it_says(conn: Connection, run_id: UUID, state: State) -> None:
    run = await runs.show_run(conn, run_id)
    said = (run.status, run.outcome_node, run.outcome_reason, run.ended_at)
    assert said == (status(state), state.outcome_node, state.outcome_reason, state.ended_at), str(run_id)


async def _wakes_as_it_says(
    conn: Connection, run_id: UUID, procedure: Procedure, state: State, *, now: datetime
) -> None:
    run = await runs.show_run(conn, run_id)
    if run.owned or (run.wake_name or "").startswith(NOT_OF_THE_JOURNAL):
        return
    commands = decide(procedure, state, now)
    assert all(isinstance(command, Sleep) for command in commands), f"{run_id} has something to do and nobody does it"
    assert run.status in OPEN
    assert (run.wake_at, run.wake_name) == next_wake(commands), str(run_id)
