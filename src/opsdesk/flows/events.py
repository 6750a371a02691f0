"""Events that runs wait for: told by whoever saw them, for one run or for whom runs are about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk import access
from opsdesk.flows.errors import KeyReused, NobodyWaits, RunFinished, RunNotFound, TooManyRuns
from opsdesk.flows.expressions import compile_conditions
from opsdesk.flows.inbox import came_before, keep, lock_open_run
from opsdesk.flows.program import Program
from opsdesk.flows.runs import read_state
from opsdesk.flows.settle import ArrivalKind, awaiting
from opsdesk.flows.subjects import subject_digest
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
OPEN_RUNS_OF_SUBJECT = _SQL["open_runs_of_subject"]

RUNS_MAX = 100
"""Open runs of one subject that an event is looked at for."""
EVENT_REFUSALS = (RunNotFound, RunFinished, NobodyWaits, TooManyRuns, KeyReused)


async def send_event(
    conn: Connection,
    *,
    name: str,
    data: Mapping[str, Any],
    run_id: UUID | None = None,
    subject: str | None = None,
    actor: access.Actor,
    now: datetime,
    key: str | None = None,
) -> list[UUID]:
    """Tell an event to one run, or to every open run about the subject; returns those that waited for it.

    What nobody waits for is refused, and nothing of it is kept: who sent it knows, and may send it again. The same key
    with the same event is told each run once. Raises what EVENT_REFUSALS lists.
    """
    assert (run_id is None) != (subject is None), "an event is for a run or for a subject"
    event = {"name": name, "data": data, "key": key or ""}
    arrival_key = f"event:{key or new_id()}"
    told = []
    for found in [run_id] if run_id is not None else await _open_runs(conn, subject or "", arrival_key):
        if await came_before(conn, run_id=found, key=arrival_key, content=event):
            told.append(found)
            continue
        try:
            await lock_open_run(conn, found)
        except RunFinished:
            if run_id is not None:
                raise
            continue
        if await _waits(conn, found, event):
            payload = {"event": event}
            await keep(
                conn,
                run_id=found,
                kind=ArrivalKind.EVENT,
                key=arrival_key,
                content=event,
                payload=payload,
                actor=actor,
                now=now,
            )
            told.append(found)
    if not told:
        raise NobodyWaits(name)
    return told


async def _open_runs(conn: Connection, subject: str, key: str) -> list[UUID]:
    """In the order of their ids, in which they are locked. Raises TooManyRuns."""
    values = {"subject": subject_digest(subject), "key": key, "limit": RUNS_MAX + 1}
    rows = await (await conn.execute(OPEN_RUNS_OF_SUBJECT, values)).fetchall()
    if len(rows) > RUNS_MAX:
        raise TooManyRuns(RUNS_MAX)
    return [row[0] for row in rows]


async def _waits(conn: Connection, run_id: UUID, event: Mapping[str, Any]) -> bool:
    procedure, state, _ = await read_state(conn, run_id)
    if not state.awaited:
        return False
    return bool(awaiting(Program(procedure, compile_conditions(procedure)), state, event))
