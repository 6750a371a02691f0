"""The inbox of a run: what comes in from outside is kept here in the caller's transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from opsdesk import access
from opsdesk.flows.errors import KeyReused, RunFinished, RunNotFound
from opsdesk.flows.runs import content_digest
from opsdesk.flows.settle import ArrivalKind
from opsdesk.flows.state import OPEN
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
LOCK_OPEN_RUN = _SQL["lock_open_run"]
INSERT_ARRIVAL = _SQL["insert_arrival"]
FIND_ARRIVAL = _SQL["find_arrival"]
NOTIFY = _SQL["notify"]


async def lock_open_run(conn: Connection, run_id: UUID) -> None:
    """Keep the run from ending until this transaction does. Raises RunNotFound, RunFinished."""
    row = await (await conn.execute(LOCK_OPEN_RUN, {"run_id": run_id})).fetchone()
    if row is None:
        raise RunNotFound(run_id)
    if row[0] not in OPEN:
        raise RunFinished(run_id, row[0])


async def came_before(conn: Connection, *, run_id: UUID, key: str, content: Any) -> bool:
    """Whether this arrival is kept already. Raises KeyReused where the key came with other content."""
    row = await (await conn.execute(FIND_ARRIVAL, {"run_id": run_id, "key": key})).fetchone()
    if row is not None and row[0] != content_digest(content):
        raise KeyReused(key)
    return row is not None


async def keep(
    conn: Connection,
    *,
    run_id: UUID,
    kind: ArrivalKind,
    key: str,
    content: Any,
    payload: Mapping[str, Any],
    actor: access.Actor,
    now: datetime,
    called: str | None = None,
    node: str = "",
    iteration: int = 1,
) -> bool:
    """Keep an arrival, once for its key, and tell the workers. False: it came before. Raises KeyReused.

    `called` is what the run is told of who it was, where that is more than one.
    """
    values = {
        "run_id": run_id,
        "kind": kind.value,
        "key": key,
        "digest": content_digest(content),
        "node": node,
        "iteration": iteration,
        "payload": orjson.dumps(payload).decode(),
        "actor": called or actor.id,
        "now": now,
    }
    if await (await conn.execute(INSERT_ARRIVAL, values)).fetchone() is None:
        # Two came at the same moment; the insert waited for the other, so the other is visible now.
        await came_before(conn, run_id=run_id, key=key, content=content)
        return False
    await access.audit.record(
        conn,
        actor=actor,
        action=f"run.{kind.value}",
        object_kind="run",
        object_id=str(run_id),
        after={"node": node, "iteration": iteration, **payload},
        reason=payload.get("reason"),
        now=now,
    )
    await conn.execute(NOTIFY, {"run_id": str(run_id)})
    return True
