"""What comes in from outside for a run: kept in its inbox in the caller's transaction, and taken in by its owner."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk import access
from opsdesk.flows import migrating
from opsdesk.flows.calls import Failed
from opsdesk.flows.correcting import (
    AMENDMENT_REFUSALS,
    CORRECTION_REFUSALS,
    correct,
    deliver_amendment,
    is_corrected,
    tickets_showing,
)
from opsdesk.flows.errors import (
    AnswerInvalid,
    KeyReused,
    NodeUnknown,
    NoIncident,
    NotWaiting,
    RunFinished,
    RunIsUndone,
    RunNotFound,
)
from opsdesk.flows.events import send_event
from opsdesk.flows.inbox import came_before, keep, lock_open_run
from opsdesk.flows.nodes.callbacks import CallbackTarget
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.procedure import NodeType, Procedure
from opsdesk.flows.runs import read_state
from opsdesk.flows.screening import TicketVerdict, answer_of
from opsdesk.flows.settle import ANSWERABLE, ArrivalKind
from opsdesk.flows.state import NodePhase, State
from opsdesk.flows.steering import key_of, pause, rerun, resume, skip
from opsdesk.flows.ways import behind
from opsdesk.flows.writer import RunLost
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements

__all__ = [
    "AMENDMENT_REFUSALS",
    "ANSWER_REFUSALS",
    "CANCEL_REFUSALS",
    "CORRECTION_REFUSALS",
    "DECISION_REFUSALS",
    "RunLost",
    "TicketVerdict",
    "accept_callback",
    "behind",
    "cancel",
    "correct",
    "deliver_amendment",
    "deliver_decision",
    "deliver_verdict",
    "is_corrected",
    "key_of",
    "migrating",
    "pause",
    "rerun",
    "resume",
    "retry",
    "send_event",
    "signal",
    "skip",
    "tickets_showing",
]

_SQL = statements(__file__)
COUNT_RETRIES = _SQL["count_retries"]

ANSWER_REFUSALS = (RunNotFound, NodeUnknown, RunFinished, NotWaiting, KeyReused, AnswerInvalid)
"""What the answer of a partner, or one in its place, may be refused for."""
CANCEL_REFUSALS = (RunNotFound, RunFinished, RunIsUndone)
DECISION_REFUSALS = (RunFinished, AnswerInvalid)
"""What the decision of a ticket may be refused for."""


async def accept_callback(conn: Connection, *, target: CallbackTarget, answer: Any, now: datetime) -> bool:
    """A partner's answer to a node. False: the same answer came before.

    Raises RunNotFound, NodeUnknown, AnswerInvalid (nothing is kept, the partner may answer again), KeyReused (another
    answer came before), RunFinished, NotWaiting.
    """
    values = {"run_id": target.run_id, "node": target.node, "iteration": target.iteration}
    row = await (await conn.execute(COUNT_RETRIES, values)).fetchone()
    if await came_before(conn, run_id=target.run_id, key=_callback_key(target, row[0] if row else 0), content=answer):
        return False
    await lock_open_run(conn, target.run_id)
    procedure, state, _ = await read_state(conn, target.run_id)
    _check_answer(procedure, state, run_id=target.run_id, node=target.node, answer=answer, iteration=target.iteration)
    key = _callback_key(target, state.nodes[target.node].retries)
    return await keep(
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
    if await came_before(conn, run_id=run_id, key=key, content=[node, answer]):
        return False
    await lock_open_run(conn, run_id)
    procedure, state, _ = await read_state(conn, run_id)
    _check_answer(procedure, state, run_id=run_id, node=node, answer=answer)
    return await keep(
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
    await lock_open_run(conn, run_id)
    await keep(
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


async def deliver_verdict(
    conn: Connection,
    *,
    run_id: UUID,
    node: str,
    iteration: int,
    ticket: str,
    verdict: TicketVerdict,
    decided_by: str,
    actor: access.Actor,
    now: datetime,
) -> None:
    """As `deliver_decision`, of a ticket that a screening type made: the node says what the verdict is in its outputs.

    Raises RunFinished; AnswerInvalid where the node does not take it, so that whoever decides says it otherwise.
    """
    await lock_open_run(conn, run_id)
    procedure, _, _ = await read_state(conn, run_id)
    declared = procedure.nodes.get(node)
    screening = declared.approval.screening if declared is not None else None
    if declared is None or screening is None:
        # The run was moved to a version that asks for something else; its ticket is closed when it is driven next.
        raise AnswerInvalid(node, "the procedure does not ask for a verdict here any more")
    answer = answer_of(screening, verdict)
    bound = bind_outputs(declared, answer)
    if isinstance(bound, Failed):
        raise AnswerInvalid(node, bound.message)
    await deliver_decision(
        conn,
        run_id=run_id,
        node=node,
        iteration=iteration,
        ticket=ticket,
        answer=answer,
        decided_by=decided_by,
        actor=actor,
        now=now,
    )


async def cancel(conn: Connection, *, run_id: UUID, reason: str, actor: access.Actor, now: datetime) -> None:
    """Ask for the run to end now; its open tickets are closed, and what it has done is undone where its nodes say how.

    Raises CANCEL_REFUSALS.
    """
    await lock_open_run(conn, run_id)
    _, state, _ = await read_state(conn, run_id)
    if state.undoing is not None:
        raise RunIsUndone(run_id)
    await keep(
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
    await lock_open_run(conn, run_id)
    _, state, _ = await read_state(conn, run_id)
    node = _incident(state, run_id=run_id, node=node)
    await keep(
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


def _check_answer(
    procedure: Procedure, state: State, *, run_id: UUID, node: str, answer: Any, iteration: int | None = None
) -> None:
    declared = procedure.nodes.get(node)
    if declared is None:
        raise NodeUnknown(run_id, node)
    if declared.type is NodeType.HUMAN:
        raise NotWaiting(run_id, node, "a person answers it, at the review desk")
    if state.nodes[node].phase not in ANSWERABLE:
        raise NotWaiting(run_id, node, state.nodes[node].phase.value)
    if iteration not in (None, state.nodes[node].iteration):
        raise NotWaiting(run_id, node, f"run again: in its iteration {state.nodes[node].iteration}")
    bound = bind_outputs(declared, answer)
    if isinstance(bound, Failed):
        raise AnswerInvalid(node, bound.message)
