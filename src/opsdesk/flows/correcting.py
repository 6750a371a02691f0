"""Corrections as they come in: the data of a human node, or inputs of the run; kept in the caller's transaction."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.access import Actor
from opsdesk.flows import corrections
from opsdesk.flows.errors import AnswerInvalid, DecidedUpon, InputsInvalid, KeyReused, RunFinished, RunNotFound
from opsdesk.flows.inbox import came_before, keep, lock_open_run
from opsdesk.flows.nodes.schemas import schema_problem
from opsdesk.flows.nodes.storable import storage_problem
from opsdesk.flows.runs import complete_inputs, read_state
from opsdesk.flows.settle import ArrivalKind
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id

AMENDMENT_REFUSALS = (RunFinished, DecidedUpon, AnswerInvalid)
CORRECTION_REFUSALS = (RunNotFound, RunFinished, DecidedUpon, InputsInvalid, KeyReused)

Correct = Callable[..., Awaitable[None]]
"""Corrects inputs of a run and what its tickets show: run_id, values, reason, actor, now, key. Handed in by wiring."""


async def deliver_amendment(
    conn: Connection,
    *,
    run_id: UUID,
    node: str,
    iteration: int,
    ticket: str,
    snapshot: int,
    values: Mapping[str, Any],
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """The review desk has amended a ticket: in the transaction of the amendment, so that people and run see the same.

    Raises RunFinished; DecidedUpon; AnswerInvalid where a value is not what the node declares.
    """
    await lock_open_run(conn, run_id)
    procedure, state, _ = await read_state(conn, run_id)
    _check_undecided(run_id, corrections.decided_before(procedure, state, node, values))
    for field in procedure.nodes[node].inputs:
        if field.name not in values:
            continue
        problem = storage_problem(values[field.name]) or schema_problem(field.schema, values[field.name])
        if problem is not None:
            raise AnswerInvalid(node, f"{field.name}{problem}")
    await keep(
        conn,
        run_id=run_id,
        kind=ArrivalKind.AMEND,
        key=f"ticket:{ticket}:{snapshot}",
        node=node,
        iteration=iteration,
        content=values,
        payload={"values": values, "ticket": ticket, "reason": reason},
        actor=actor,
        now=now,
    )


async def tickets_showing(conn: Connection, *, run_id: UUID, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By open ticket of the run: those of these inputs that it shows.

    Raises RunNotFound, InputsInvalid; DecidedUpon for what people have decided on already.
    """
    procedure, state, _ = await read_state(conn, run_id)
    complete_inputs(procedure, {**state.inputs, **values})
    _check_undecided(run_id, corrections.decided_upon(procedure, state, values))
    found = corrections.shown(procedure, state, values)
    waits = {node_id: state.nodes[node_id].wait for node_id in found}
    return {wait.ticket: found[node_id] for node_id, wait in waits.items() if wait is not None and wait.ticket}


def _check_undecided(run_id: UUID, decided: Mapping[str, str]) -> None:
    for name, node in decided.items():
        raise DecidedUpon(run_id, name, node)


async def is_corrected(conn: Connection, *, run_id: UUID, values: Mapping[str, Any], reason: str, key: str) -> bool:
    """Whether this correction is kept already. Raises KeyReused."""
    return await came_before(conn, run_id=run_id, key=f"correct:{key}", content=[values, reason])


async def correct(
    conn: Connection,
    *,
    run_id: UUID,
    values: Mapping[str, Any],
    amended: Collection[str],
    reason: str,
    actor: Actor,
    now: datetime,
    key: str | None = None,
) -> None:
    """Have inputs of an open run be these from now on; `amended` are the tickets that show them already.

    Whatever has happened stays as it happened. Raises CORRECTION_REFUSALS.
    """
    await lock_open_run(conn, run_id)
    await keep(
        conn,
        run_id=run_id,
        kind=ArrivalKind.CORRECT,
        key=f"correct:{key or new_id()}",
        content=[values, reason],
        payload={"values": values, "amended": list(amended), "reason": reason},
        actor=actor,
        now=now,
    )
