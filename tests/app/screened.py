"""A run whose human node names a screening type, on a desk that has it; and how people judge its ticket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from opsdesk import review
from opsdesk.access import Actor, Scope
from opsdesk.app import desk
from opsdesk.app.run_signals import signals
from opsdesk.flows import runs
from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.nodes import system_node
from opsdesk.flows.ports import Ports
from opsdesk.flows.procedure import NodeType
from opsdesk.flows.runtime import Runtime
from opsdesk.flows.state import NodeState, State
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.review.model import Verdict
from opsdesk.review.screening.deciding import Judgement, decide_screening
from tests import configured
from tests.actors import actor
from tests.app.serving import until

LOOK = """\
osop_version: "2.0"
id: look
name: Look
nodes:
  - id: review
    type: human
    name: Look at the face
    purpose: Decide whether it is them
    role: officer
    inputs:
      - {name: customer_id, required: true}
      - {name: customer, required: true, schema: {type: object}, x-personal: true}
      - {name: liveness_check_url1, required: true, schema: {type: string}}
    outputs:
      - {name: outcome, required: true, schema: {type: string, enum: [approved, rejected]}}
      - {name: codes, required: true, schema: {type: array}}
      - {name: why, required: true, schema: {type: array}}
      - {name: notes, required: NOTES, schema: {type: string, minLength: 0, maxLength: 100}, x-personal: true}
    approval_gate: {required_approvers: APPROVERS, timeout_min: 60}
    x-screening:
      type: 人脸比对
      application: cash_loan
      scene: SCENE
      user: customer_id
      outputs: {outcome: {pass: approved, reject: rejected}, why: reasons, notes: remark}
  - {id: tell, type: system, name: Tell, purpose: Tell why, runtime: {operation: log, message: rejected}}
edges:
  - {from: review, to: tell, mode: conditional, when: outcome == 'rejected'}
  - {from: review, to: tell, mode: timeout}
"""
INPUTS: dict[str, Any] = {
    "customer_id": "cus-1",
    "customer": {"full_name": "测试甲", "id_card": {"front_url": "text of the front"}},
    "liveness_check_url1": "text of the face",
}


def officer(name: str, *, roles: frozenset[str] = frozenset({"officer"})) -> Actor:
    return Actor(f"key:{name}", name, roles, frozenset(Scope))


BO, CY = officer("bo"), officer("cy")


def document(*, approvers: int = 1, notes: str = "false", scene: str = "activation", more: str = "") -> str:
    text = LOOK.replace("APPROVERS", str(approvers)).replace("NOTES", notes).replace("SCENE", scene)
    return text.replace("      user: customer_id\n", f"      user: customer_id\n{more}")


@asynccontextmanager
async def running(
    db: Database, clock: ManualClock, text: str, *, with_type: bool = True, **document: Any
) -> AsyncIterator[UUID]:
    """A run of the document, and a worker; `document` is more of the document of the type."""
    async with db.transaction() as conn:
        await configured.add_reference(conn, now=clock.now())
        if with_type:
            shaped = configured.type_document() | document
            found = await configured.add_type(conn, now=clock.now(), document=shaped)
            await configured.add_adapt(conn, found, now=clock.now())
        await store_procedure(conn, text=text, file_name="look.osop.yaml", actor=actor(), now=clock.now())
        run, _ = await runs.start_run(
            conn, procedure_id="look", inputs=INPUTS, actor=actor("key:anna"), now=clock.now()
        )
    ports = Ports(
        clock=clock,
        nodes={NodeType.SYSTEM: system_node(str, signals(db, clock))},
        open_ticket=desk.open_ticket,
        close_ticket=desk.close_ticket,
        callback_url=lambda _run, _node, _iteration: "",
    )
    runtime = Runtime(db, ports)
    await runtime.start()
    try:
        yield run.run_id
    finally:
        await runtime.stop()


async def asked(db: Database, run_id: UUID) -> review.Ticket:
    """The ticket that the run waits for, once there is one."""

    async def waited_for() -> str | None:
        async with db.connection() as conn:
            _, state, _ = await runs.read_state(conn, run_id)
        wait = state.nodes["review"].wait
        return wait.ticket if wait is not None else None

    ticket = await until(waited_for)
    async with db.connection() as conn:
        return await review.show_ticket(conn, ticket_id=UUID(ticket))


async def judged(
    db: Database, ticket: review.Ticket, clock: ManualClock, verdict: Verdict, *, by: Actor = BO, **more: Any
) -> review.Ticket:
    judgement = Judgement(verdict, more.get("ticked", ()), more.get("remark", ""), 1)
    async with db.transaction() as conn:
        await review.claim(conn, ticket_id=ticket.id, actor=by, now=clock.now())
        return await decide_screening(
            conn,
            ticket_id=ticket.id,
            judgement=judgement,
            actor=by,
            key=f"{by.id}:{verdict}",
            now=clock.now(),
            on_decided=desk.on_decided,
            shown_sha256=more.get("seen", ticket.shown_sha256),
        )


async def reason_of(db: Database, ticket: review.Ticket) -> str:
    assert ticket.screening is not None
    async with db.connection() as conn:
        panel = await review.screening.deciding.rejection_panel(conn, type_id=ticket.screening.type_id)
    return panel.rejection.reasons[0].id


async def ended(db: Database, run_id: UUID) -> dict[str, Any]:
    """The outputs of the node, once the run has ended."""

    async def is_over() -> State | None:
        async with db.connection() as conn:
            _, state, _ = await runs.read_state(conn, run_id)
        return state if state.outcome is not None else None

    state = await until(is_over)
    assert isinstance(state, State)
    return dict(state.nodes["review"].outputs)


async def another(db: Database, run_id: UUID, before: review.Ticket) -> review.Ticket | None:
    ticket = await asked(db, run_id)
    return None if ticket.id == before.id else ticket


async def blocked(db: Database, run_id: UUID) -> NodeState | None:
    async with db.connection() as conn:
        _, state, _ = await runs.read_state(conn, run_id)
    return state.nodes["review"] if state.nodes["review"].phase == "blocked" else None
