"""What comes in from outside for a run: kept in its inbox in the caller's transaction, and taken in by its owner."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from opsdesk import access
from opsdesk.flows.calls import Failed
from opsdesk.flows.errors import AnswerInvalid, KeyReused, NodeUnknown, NoIncident, NotWaiting, RunFinished, RunNotFound
from opsdesk.flows.nodes.callbacks import CallbackTarget
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.procedure import NodeType, Procedure
from opsdesk.flows.runs import content_digest, read_state
from opsdesk.flows.settle import ANSWERABLE, ArrivalKind
from opsdesk.flows.state import OPEN, NodePhase, State
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
LOCK_OPEN_RUN = _SQL["lock_open_run"]
INSERT_ARRIVAL = _SQL["insert_arrival"]
FIND_ARRIVAL = _SQL["find_arrival"]
COUNT_RETRIES = _SQL["count_retries"]
NOTIFY = _SQL["notify"]

ANSWER_REFUSALS = (RunNotFound, NodeUnknown, RunFinished, NotWaiting, KeyReused, AnswerInvalid)
"""What the answer of a partner, or one in its place, may be refused for."""
DECISION_REFUSALS = (RunFinished,)
"""What the decision of a ticket may be refused for."""


async def accept_callback(conn: Connection, *, target: CallbackTarget, answer: Any, now: datetime) -> bool:
    """A partner's answer to a node. False: the same answer came before.

    Raises RunNotFound, NodeUnknown, AnswerInvalid (nothing is kept, the partner may answer again), KeyReused (another
    answer came before), RunFinished, NotWaiting.
    """
    values = {"run_id": target.run_id, "node": target.node, "iteration": target.iteration}
    row = await (await conn.execute(COUNT_RETRIES, values)).fetchone()
    if await _came_before(conn, run_id=target.run_id, key=_callback_key(target, row[0] if row else 0), content=answer):
        return False
    await _lock_open_run(conn, target.run_id)
    procedure, state, _ = await read_state(conn, target.run_id)
    _check_answer(procedure, state, run_id=target.run_id, node=target.node, answer=answer)
    key = _callback_key(target, state.nodes[target.node].retries)
    return await _keep(
        conn,
        run_id=target.run_id,
        kind=ArrivalKind.CALLBACK,
        key=key,
        node=target.node,
        iteration=target.iteration,
        content=answer,
        payload={"answer": answer},
        actor=_partner(target),
        now=now,
    )


def _partner(target: CallbackTarget) -> access.Actor:
    """Whoever holds the address of a node's callback; nothing more is known of them."""
    return access.Actor(id=f"partner:{target.node}", name=target.node, roles=frozenset(), scopes=frozenset())


def _callback_key(target: CallbackTarget, retries: int) -> str:
    """One answer counts each time that a person has the node executed again; the partner has the same address."""
    return f"callback:{target.node}:{target.iteration}" + (f":{retries}" if retries else "")


async def signal(
    conn: Connection,
    *,
    run_id: UUID,
    node: str,
    answer: Any,
    actor: access.Actor,
    now: datetime,
    key: str | None = None,
) -> bool:
    """Answer a node in its partner's place: it ends with this answer. False: the same signal came before.

    A human node is answered at the review desk only, where the role of whoever answers is checked. Raises as
    `accept_callback` does.
    """
    key = f"signal:{key or new_id()}"
    if await _came_before(conn, run_id=run_id, key=key, content=[node, answer]):
        return False
    await _lock_open_run(conn, run_id)
    procedure, state, _ = await read_state(conn, run_id)
    _check_answer(procedure, state, run_id=run_id, node=node, answer=answer)
    return await _keep(
        conn,
        run_id=run_id,
        kind=ArrivalKind.SIGNAL,
        key=key,
        node=node,
        iteration=state.nodes[node].iteration,
        content=[node, answer],
        payload={"answer": answer},
        actor=actor,
        now=now,
    )


async def deliver_decision(
    conn: Connection,
    *,
    run_id: UUID,
    node: str,
    iteration: int,
    ticket: str,
    answer: Mapping[str, Any],
    decided_by: str,
    actor: access.Actor,
    now: datetime,
) -> None:
    """The review desk has decided a ticket: in the transaction of the decision, so that neither is without the other.

    `decided_by` is what the journal says of who decided; `actor` is whose answer was the last one needed.
    Raises RunFinished.
    """
    await _lock_open_run(conn, run_id)
    await _keep(
        conn,
        run_id=run_id,
        kind=ArrivalKind.DECISION,
        key=f"ticket:{ticket}",
        node=node,
        iteration=iteration,
        content=answer,
        payload={"answer": answer, "ticket": ticket},
        actor=actor,
        called=decided_by,
        now=now,
    )


async def cancel(conn: Connection, *, run_id: UUID, reason: str, actor: access.Actor, now: datetime) -> None:
    """Ask for the run to end now; its open tickets are closed. Raises RunNotFound, RunFinished."""
    await _lock_open_run(conn, run_id)
    await _keep(
        conn,
        run_id=run_id,
        kind=ArrivalKind.CANCEL,
        key=f"cancel:{new_id()}",
        content=reason,
        payload={"reason": reason},
        actor=actor,
        now=now,
    )


async def retry(
    conn: Connection, *, run_id: UUID, node: str | None, new_key: bool, actor: access.Actor, now: datetime
) -> str | None:
    """Have the node with the incident executed again; without a name the only one there is, or a run set aside.

    `new_key`: with a new idempotency key, for a partner that would repeat its first answer; without it, a partner that
    did the work already is not asked to do it twice. Returns the node. Raises RunNotFound, RunFinished, NodeUnknown,
    NoIncident.
    """
    await _lock_open_run(conn, run_id)
    _, state, _ = await read_state(conn, run_id)
    node = _incident(state, run_id=run_id, node=node)
    await _keep(
        conn,
        run_id=run_id,
        kind=ArrivalKind.RETRY,
        key=f"retry:{new_id()}",
        node=node or "",
        content=new_key,
        payload={"new_key": new_key},
        actor=actor,
        now=now,
    )
    return node


def _incident(state: State, *, run_id: UUID, node: str | None) -> str | None:
    if node is not None and node not in state.nodes:
        raise NodeUnknown(run_id, node)
    blocked = [name for name, node_state in state.nodes.items() if node_state.phase is NodePhase.BLOCKED]
    if node is None and state.set_aside is not None:
        return None
    if node in blocked:
        return node
    if node is None and len(blocked) == 1:
        return blocked[0]
    if node is None and blocked:
        raise NoIncident(run_id, ", ".join(blocked), "several nodes have incidents: name one")
    raise NoIncident(run_id, node or "", state.nodes[node].phase.value if node else "no incident")


def _check_answer(procedure: Procedure, state: State, *, run_id: UUID, node: str, answer: Any) -> None:
    declared = procedure.nodes.get(node)
    if declared is None:
        raise NodeUnknown(run_id, node)
    if declared.type is NodeType.HUMAN:
        raise NotWaiting(run_id, node, "a person answers it, at the review desk")
    if state.nodes[node].phase not in ANSWERABLE:
        raise NotWaiting(run_id, node, state.nodes[node].phase.value)
    bound = bind_outputs(declared, answer)
    if isinstance(bound, Failed):
        raise AnswerInvalid(node, bound.message)


async def _lock_open_run(conn: Connection, run_id: UUID) -> None:
    row = await (await conn.execute(LOCK_OPEN_RUN, {"run_id": run_id})).fetchone()
    if row is None:
        raise RunNotFound(run_id)
    if row[0] not in OPEN:
        raise RunFinished(run_id, row[0])


async def _came_before(conn: Connection, *, run_id: UUID, key: str, content: Any) -> bool:
    row = await (await conn.execute(FIND_ARRIVAL, {"run_id": run_id, "key": key})).fetchone()
    if row is not None and row[0] != content_digest(content):
        raise KeyReused(key)
    return row is not None


async def _keep(
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
    """`called` is what the run is told of who it was, where that is more than one."""
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
        await _came_before(conn, run_id=run_id, key=key, content=content)
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
