"""What operators do to a run beside ending it: pause and resume it, skip a node, run again from a node."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.access import Actor
from opsdesk.flows.calls import Failed
from opsdesk.flows.engine import status
from opsdesk.flows.errors import (
    AnswerInvalid,
    KeyReused,
    NodeNotReached,
    NodeNotSkippable,
    NodeUnknown,
    RunFinished,
    RunIsPaused,
    RunIsUndone,
    RunNotFound,
    RunNotPaused,
)
from opsdesk.flows.inbox import came_before, keep, lock_open_run
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.procedure import Node, NodeType
from opsdesk.flows.runs import read_state
from opsdesk.flows.settle import RERUNNABLE, SKIPPABLE, ArrivalKind
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id

PAUSE_REFUSALS = (RunNotFound, RunFinished, RunIsPaused, KeyReused)
RESUME_REFUSALS = (RunNotFound, RunFinished, RunNotPaused, KeyReused)
SKIP_REFUSALS = (RunNotFound, NodeUnknown, RunFinished, NodeNotSkippable, AnswerInvalid, KeyReused)
RERUN_REFUSALS = (RunNotFound, NodeUnknown, RunFinished, RunIsUndone, NodeNotReached, KeyReused)


def key_of(actor: Actor, key: str | None) -> str | None:
    """Keys of one actor never meet those of another."""
    return None if key is None else f"{actor.id} {key}"


async def pause(
    conn: Connection, *, run_id: UUID, reason: str, actor: Actor, now: datetime, key: str | None = None
) -> None:
    """Let nothing new begin in the run. Calls under way end; what comes in is kept, and leads on after the pause.

    Raises PAUSE_REFUSALS.
    """
    asked = _key(ArrivalKind.PAUSE, key)
    if await came_before(conn, run_id=run_id, key=asked, content=reason):
        return
    await lock_open_run(conn, run_id)
    _, state, _ = await read_state(conn, run_id)
    if state.pause is not None:
        raise RunIsPaused(run_id, status(state).value)
    payload = {"reason": reason}
    await keep(
        conn,
        run_id=run_id,
        kind=ArrivalKind.PAUSE,
        key=asked,
        content=reason,
        payload=payload,
        actor=actor,
        now=now,
    )


async def resume(conn: Connection, *, run_id: UUID, actor: Actor, now: datetime, key: str | None = None) -> None:
    """End the pause: the run goes on with everything that came in, and time that ran out has now run out.

    Raises RESUME_REFUSALS.
    """
    asked = _key(ArrivalKind.RESUME, key)
    if await came_before(conn, run_id=run_id, key=asked, content=None):
        return
    await lock_open_run(conn, run_id)
    _, state, _ = await read_state(conn, run_id)
    if state.pause is None:
        raise RunNotPaused(run_id, status(state).value)
    await keep(conn, run_id=run_id, kind=ArrivalKind.RESUME, key=asked, content=None, payload={}, actor=actor, now=now)


async def skip(
    conn: Connection,
    *,
    run_id: UUID,
    node: str,
    reason: str,
    actor: Actor,
    now: datetime,
    outputs: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> None:
    """End a node without its call: with these outputs, which have to be what it declares, or with none.

    Where a condition behind it then cannot be decided, the run is blocked there and says so. A node that a person
    answers is never skipped, so that nobody is approved past the review desk; but one that undoes another, because
    nothing is approved by it. Raises SKIP_REFUSALS.
    """
    content = [node, reason, outputs]
    asked = _key(ArrivalKind.SKIP, key)
    if await came_before(conn, run_id=run_id, key=asked, content=content):
        return
    await lock_open_run(conn, run_id)
    procedure, state, _ = await read_state(conn, run_id)
    declared = procedure.nodes.get(node)
    if declared is None:
        raise NodeUnknown(run_id, node)
    if declared.type is NodeType.HUMAN and node not in procedure.undo_nodes:
        raise NodeNotSkippable(run_id, node, "a person answers it, at the review desk")
    if state.nodes[node].phase not in SKIPPABLE:
        raise NodeNotSkippable(run_id, node, state.nodes[node].phase.value)
    await keep(
        conn,
        run_id=run_id,
        kind=ArrivalKind.SKIP,
        key=asked,
        node=node,
        iteration=state.nodes[node].iteration,
        content=content,
        payload={"reason": reason, "outputs": _checked(declared, outputs)},
        actor=actor,
        now=now,
    )


def _checked(declared: Node, outputs: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if outputs is None:
        return None
    bound = bind_outputs(declared, outputs)
    if isinstance(bound, Failed):
        raise AnswerInvalid(declared.id, bound.message)
    unknown = sorted(set(outputs) - set(bound.outputs))
    if unknown:
        raise AnswerInvalid(declared.id, f"the node declares no output {unknown[0]}")
    return bound.outputs


async def rerun(
    conn: Connection, *, run_id: UUID, node: str, reason: str, actor: Actor, now: datetime, key: str | None = None
) -> None:
    """Run again from this node: it and everything behind it get a new iteration, and their open tickets are closed.

    Raises RERUN_REFUSALS.
    """
    content = [node, reason]
    asked = _key(ArrivalKind.RERUN, key)
    if await came_before(conn, run_id=run_id, key=asked, content=content):
        return
    await lock_open_run(conn, run_id)
    _, state, _ = await read_state(conn, run_id)
    if node not in state.nodes:
        raise NodeUnknown(run_id, node)
    if state.undoing is not None:
        raise RunIsUndone(run_id)
    if state.nodes[node].phase not in RERUNNABLE:
        raise NodeNotReached(run_id, node, state.nodes[node].phase.value)
    await keep(
        conn,
        run_id=run_id,
        kind=ArrivalKind.RERUN,
        key=asked,
        node=node,
        iteration=state.nodes[node].iteration,
        content=content,
        payload={"reason": reason},
        actor=actor,
        now=now,
    )


def _key(kind: ArrivalKind, given: str | None) -> str:
    return f"{kind.value}:{given or new_id()}"
