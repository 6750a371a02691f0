"""Starts the runs that carry out a node of another run, and has parents and children hear of each other's ends.

Everything here happens in the transaction of the fact that it belongs to, so that neither is ever there alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from opsdesk import access
from opsdesk.flows.children import DEPTH_MAX, REASON, end_of_child
from opsdesk.flows.definitions import latest_definition
from opsdesk.flows.engine import Execute, StartChildren
from opsdesk.flows.errors import InputsInvalid, ProcedureNotFound
from opsdesk.flows.facts import Fact, FactKind, start_payload
from opsdesk.flows.live_run import LiveRun
from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.nodes.names import NO_ENV, lookup_for
from opsdesk.flows.procedure import Children, EdgeMode, Node, OnChildFailure, Procedure
from opsdesk.flows.references import ReferenceMissing, resolve_all
from opsdesk.flows.runs import complete_inputs, content_digest
from opsdesk.flows.settle import failed
from opsdesk.flows.subjects import subject_names, subjects_of
from opsdesk.flows.writer import LOST, RunLost
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.log import bound
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
PARENT_HEADER = _SQL["parent_header"]
INSERT_CHILDREN = _SQL["insert_children"]
INSERT_LINKS = _SQL["insert_links"]
INSERT_END = _SQL["insert_end"]
INSERT_CANCELLATIONS = _SQL["insert_cancellations"]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the children of a node run, and what each of them is told."""

    definition_id: int
    procedure: Procedure
    payloads: Sequence[Mapping[str, Any]]


async def start_children(conn: Connection, live: LiveRun, command: StartChildren, now: datetime) -> Fact:
    """Start them all; returns the fact that the node waits for them, or that it failed because they cannot be started.

    Raises RunLost where another worker has started them.
    """
    node = live.program.procedure.nodes[command.node]
    assert node.children is not None
    try:
        plan = await _plan(conn, live, command, node, node.children)
    except NodeFailure as refused:
        return failed(live.program, live.state, node.id, refused.failed, now, attempt=command.attempt)
    run_ids = sorted(new_id() for _ in plan.payloads)
    try:
        await _insert(conn, live, command, plan, run_ids, now)
    except LOST as error:
        raise RunLost(live.run_id) from error
    payload: dict[str, Any] = {"reason": REASON, "attempt": command.attempt, "runs": [str(each) for each in run_ids]}
    if node.children.procedure is not None:
        payload |= {"procedure": plan.procedure.id, "digest": plan.procedure.digest}
        if node.timeout_s is not None:
            payload["until"] = (now + timedelta(seconds=node.timeout_s)).isoformat()
    return Fact(FactKind.NODE_WAITING, now, node.id, command.iteration, payload)


async def _plan(conn: Connection, live: LiveRun, command: StartChildren, node: Node, children: Children) -> _Plan:
    """Raises NodeFailure."""
    own, parent = live.program.procedure, live.state.parent
    chain = [*(parent.chain if parent is not None else ()), own.id]
    if parent is not None and not parent.may_spawn:
        raise NodeFailure(
            Failure.SPAWN_REFUSED, f"{node.id}: the spawn_policy of {parent.node} in run {parent.run} is against it"
        )
    if len(chain) > DEPTH_MAX:
        raise NodeFailure(Failure.CHILD_TOO_DEEP, f"runs start runs deeper than {DEPTH_MAX}: {' → '.join(chain)}")
    told = _parent_of(live, command, node, children, chain)
    if children.procedure is None:
        row = await (await conn.execute(PARENT_HEADER, {"run_id": live.run_id})).fetchone()
        assert row is not None
        return _Plan(row[0], own, [_part(live, command, children, told, index) for index in range(children.count)])
    try:
        definition_id, procedure = await latest_definition(conn, children.procedure)
    except ProcedureNotFound as error:
        message = f"{node.id}: there is no procedure {children.procedure}"
        raise NodeFailure(Failure.CHILD_NOT_STARTED, message) from error
    payloads = []
    for index in range(children.count):
        try:
            inputs = complete_inputs(procedure, _given(live, command, node, children, index))
        except InputsInvalid as error:
            message = f"{node.id}: {procedure.id} does not take its inputs: {'; '.join(error.problems)}"
            raise NodeFailure(Failure.CHILD_NOT_STARTED, message) from error
        payloads.append({**start_payload(inputs, live.state.actor), "parent": told | {"index": index}})
    return _Plan(definition_id, procedure, payloads)


def _parent_of(
    live: LiveRun, command: StartChildren, node: Node, children: Children, chain: list[str]
) -> dict[str, Any]:
    outgoing = live.program.procedure.outgoing[node.id]
    again = children.procedure is not None and command.attempt <= node.retry.max_retries
    return {
        "run": str(live.run_id),
        "node": node.id,
        "iteration": command.iteration,
        "count": children.count,
        "chain": chain,
        "returns": [output.name for output in children.outputs],
        "takes_failure": again
        or children.on_failure is OnChildFailure.IGNORE
        or any(edge.by_failure and edge.mode is not EdgeMode.TIMEOUT for edge in outgoing),
        "takes_timeout": any(edge.mode is EdgeMode.TIMEOUT for edge in outgoing),
        "may_spawn": children.may_spawn,
    }


def _part(
    live: LiveRun, command: StartChildren, children: Children, told: Mapping[str, Any], index: int
) -> dict[str, Any]:
    """It sees what the node would see if it were called in the parent."""
    call = live.call(Execute(command.node, command.attempt), "")
    part = {"node": command.node, "scope": {**call.scope, **_own_names(children, index)}, "outputs": call.outputs}
    started = start_payload(call.run_inputs, live.state.actor)
    return {**started, "parent": {**told, "index": index}, "part": part}


def _own_names(children: Children, index: int) -> dict[str, Any]:
    return {"spawn.index": index, "spawn.count": children.count}


def _given(live: LiveRun, command: StartChildren, node: Node, children: Children, index: int) -> dict[str, Any]:
    """What the procedure is started with. Raises NodeFailure."""
    call = live.call(Execute(node.id, command.attempt), "")
    if children.inputs is None:
        return dict(call.inputs)
    scope = {**call.scope, **_own_names(children, index)}

    def no_secret(name: str) -> str:
        raise NodeFailure(Failure.CHILD_NOT_STARTED, f"{node.id}: the secret {name} would be kept in a journal")

    try:
        given = resolve_all(
            dict(children.inputs), lookup_for(replace(call, scope=scope), secrets=no_secret, env=NO_ENV)
        )
    except ReferenceMissing as error:
        raise NodeFailure(Failure.REFERENCE_MISSING, str(error)) from error
    return dict(given)


async def _insert(
    conn: Connection, live: LiveRun, command: StartChildren, plan: _Plan, run_ids: Sequence[UUID], now: datetime
) -> None:
    names, about = subject_names(plan.procedure), []
    for run_id, payload in zip(run_ids, plan.payloads, strict=True):
        started = Fact(FactKind.RUN_STARTED, now, payload=payload)
        about += [(run_id, digest) for digest in subjects_of(names, [started])]
    values = {
        "run_ids": list(run_ids),
        "definition_id": plan.definition_id,
        "procedure_id": plan.procedure.id,
        "actor": live.state.actor,
        "payloads": [orjson.dumps(payload).decode() for payload in plan.payloads],
        "subject_runs": [run_id for run_id, _ in about],
        "subjects": [digest for _, digest in about],
        "now": now,
    }
    await conn.execute(INSERT_CHILDREN, values)
    links = {
        "run_ids": list(run_ids),
        "parent_id": live.run_id,
        "node": command.node,
        "iteration": command.iteration,
        "retries": command.retries,
        "attempt": command.attempt,
        "is_part": plan.procedure is live.program.procedure,
    }
    await conn.execute(INSERT_LINKS, links)
    after = {
        str(run_id): {
            "procedure": plan.procedure.id,
            "digest": plan.procedure.digest,
            "inputs": payload["inputs"],
            "parent": str(live.run_id),
        }
        for run_id, payload in zip(run_ids, plan.payloads, strict=True)
    }
    with bound(request_id=f"{live.run_id}:{command.node}:{command.iteration}"):
        await access.audit.record_each(
            conn, actor=_actor(live.state.actor), action="run.start", object_kind="run", after=after, now=now
        )


async def tell_others(conn: Connection, live: LiveRun, now: datetime) -> None:
    """Tell the parent of the run that it has ended, and the children that nothing waits for any more to end."""
    if live.has_ended_as_child:
        await _tell_parent(conn, live, now)
    if unwanted := live.unwanted:
        await _cancel(conn, live, unwanted, now)


async def _tell_parent(conn: Connection, live: LiveRun, now: datetime) -> None:
    parent = live.state.parent
    assert parent is not None
    payload = end_of_child(live.program.procedure, live.state, str(live.run_id))
    values = {
        "parent_id": UUID(parent.run),
        "key": f"child:{live.run_id}",
        "digest": content_digest(payload),
        "node": parent.node,
        "iteration": parent.iteration,
        "payload": orjson.dumps(payload).decode(),
        "actor": f"run:{live.run_id}",
        "now": now,
    }
    await conn.execute(INSERT_END, values)


async def _cancel(conn: Connection, live: LiveRun, unwanted: Mapping[str, str], now: datetime) -> None:
    payloads = {run: {"reason": reason} for run, reason in unwanted.items()}
    actor = f"run:{live.run_id}"
    values = {
        "run_ids": [UUID(run) for run in payloads],
        "key": f"parent:{live.run_id}",
        "digests": [content_digest(payload) for payload in payloads.values()],
        "payloads": [orjson.dumps(payload).decode() for payload in payloads.values()],
        "actor": actor,
        "now": now,
    }
    kept = await (await conn.execute(INSERT_CANCELLATIONS, values)).fetchall()
    if kept:
        after = {str(run_id): payloads[str(run_id)] for run_id, _ in kept}
        with bound(request_id=f"{live.run_id}:children"):
            await access.audit.record_each(
                conn, actor=_actor(actor), action="run.cancel", object_kind="run", after=after, now=now
            )


def _actor(actor_id: str) -> access.Actor:
    """For whom a run acts; what they may do was asked when they started it."""
    return access.Actor(id=actor_id, name=actor_id, roles=frozenset(), scopes=frozenset())
