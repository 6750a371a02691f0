"""Between runs and the review desk: what is asked of whom, and which answer counts."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from opsdesk import review
from opsdesk.access import Actor, Scope
from opsdesk.app import desk
from opsdesk.flows import runs
from opsdesk.flows.approval import Approval
from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.errors import RunFinished
from opsdesk.flows.procedure import Field, Node, NodeType
from opsdesk.flows.tickets import TicketRequest
from opsdesk.flows.writer import RunLost
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection
from tests.actors import actor
from tests.app.documents import greet

BO = Actor("key:bo", "bo", frozenset({"greeter"}), frozenset(Scope))
REVIEW = Node(
    id="review",
    type=NodeType.HUMAN,
    name="Look at it",
    purpose="Decide",
    inputs=(Field("score"), Field("remark", personal=True), Field("email")),
    outputs=(
        Field("decision", {"type": "string"}, description="Decision"),
        Field("notes", required=False, personal=True),
    ),
    approval=Approval(role="greeter", required_approvers=2),
)
RUN = UUID("0190a0b0-0000-7000-8000-000000000001")


def request(clock: ManualClock, *, node: Node = REVIEW, run_id: UUID = RUN, **more: Any) -> TicketRequest:
    inputs = {"score": 0.5, "remark": "tall", "email": "li@example.com"}
    return TicketRequest(
        run_id=run_id,
        procedure_id="greet",
        node=node,
        iteration=more.get("iteration", 1),
        generation=more.get("generation", 1),
        inputs=inputs,
        due_at=clock.now() + timedelta(hours=1),
        requested_by="key:anna",
    )


async def open_run(conn: Connection, clock: ManualClock) -> UUID:
    await store_procedure(conn, text=greet(), file_name="greet.osop.yaml", actor=actor(), now=clock.now())
    run, _ = await runs.start_run(
        conn, procedure_id="greet", inputs={"email": "a@b.cn"}, actor=actor("key:anna"), now=clock.now()
    )
    return run.run_id


async def decided(conn: Connection, clock: ManualClock, ticket: str) -> review.Ticket:
    answers = {"decision": "approved", "notes": "fine"}
    return await review.decide(
        conn,
        ticket_id=UUID(ticket),
        actor=BO,
        answers=answers,
        key="1",
        now=clock.now(),
        on_decided=desk.on_decided,
    )


@pytest.mark.req("FLO-006")
def test_a_ticket_shows_the_inputs_and_asks_for_the_outputs(clock: ManualClock) -> None:
    ticket = desk.new_ticket(request(clock))
    assert (ticket.source, ticket.subject, ticket.node, ticket.iteration) == ("run", str(RUN), "review", 1)
    assert ticket.shown == {"score": 0.5, "remark": "tall", "email": "li@example.com"}
    assert [(field.name, field.label, field.required, field.personal) for field in ticket.asked] == [
        ("decision", "Decision", True, False),
        ("notes", "notes", False, True),
    ]
    assert (ticket.role, ticket.required_approvers, ticket.requested_by) == ("greeter", 2, "key:anna")
    assert ticket.due_at == clock.now() + timedelta(hours=1)


def test_what_looks_personal_is_personal_though_the_node_does_not_say_so(clock: ManualClock) -> None:
    assert desk.new_ticket(request(clock)).shown_personal == {"remark", "email"}


def test_a_node_without_outputs_asks_whether_it_is_done(clock: ManualClock) -> None:
    node = Node(id="call", type=NodeType.HUMAN, name="Call the customer")
    (asked,) = desk.new_ticket(request(clock, node=node)).asked
    assert (asked.name, asked.required, asked.schema["const"]) == ("done", True, True)


async def test_the_same_request_gives_the_same_ticket(conn: Connection, clock: ManualClock) -> None:
    first, again = [await desk.open_ticket(conn, request(clock), clock.now()) for _ in range(2)]
    retried = await desk.open_ticket(conn, request(clock, generation=2), clock.now())
    assert first == again != retried


async def test_a_decision_just_before_the_time_ran_out_counts(conn: Connection, clock: ManualClock) -> None:
    run_id = await open_run(conn, clock)
    ticket = await desk.open_ticket(conn, request(clock, node=one_approver(), run_id=run_id), clock.now())
    await decided(conn, clock, ticket)
    with pytest.raises(RunLost):
        await desk.close_ticket(conn, ticket, "expired", clock.now())


async def test_a_decided_ticket_does_not_keep_a_run_from_being_cancelled(conn: Connection, clock: ManualClock) -> None:
    run_id = await open_run(conn, clock)
    ticket = await desk.open_ticket(conn, request(clock, node=one_approver(), run_id=run_id), clock.now())
    await decided(conn, clock, ticket)
    await desk.close_ticket(conn, ticket, "cancelled", clock.now())
    assert (await review.show_ticket(conn, ticket_id=UUID(ticket))).status is review.TicketStatus.DECIDED


async def test_an_expired_ticket_takes_no_decision(conn: Connection, clock: ManualClock) -> None:
    ticket = await desk.open_ticket(conn, request(clock), clock.now())
    await desk.close_ticket(conn, ticket, "expired", clock.now())
    assert (await review.show_ticket(conn, ticket_id=UUID(ticket))).status is review.TicketStatus.EXPIRED


async def test_a_decision_for_a_finished_run_is_refused(conn: Connection, clock: ManualClock) -> None:
    run_id = await open_run(conn, clock)
    ticket = await desk.open_ticket(conn, request(clock, node=one_approver(), run_id=run_id), clock.now())
    await conn.execute("update flow_run set status = 'cancelled', ended_at = now(), wake_at = null")
    with pytest.raises(RunFinished):
        await decided(conn, clock, ticket)


def one_approver() -> Node:
    return Node(
        id="review", type=NodeType.HUMAN, name="Look", outputs=REVIEW.outputs, approval=Approval(role="greeter")
    )
