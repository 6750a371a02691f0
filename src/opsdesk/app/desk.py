"""Between runs and the review desk, which do not know each other: a human node opens a ticket, a decision ends it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk import access, flows, review
from opsdesk.access import Actor
from opsdesk.app import desk_screening, events
from opsdesk.kit import log
from opsdesk.kit.db import Connection
from opsdesk.kit.masking import is_personal

SOURCE = "run"
_DONE = review.TicketField("done", "完成 / Done", {"type": "boolean", "const": True}, required=True, personal=False)
"""Asked for where a node declares no outputs: somebody has to say that it is done."""


async def open_ticket(conn: Connection, request: flows.TicketRequest, now: datetime) -> str:
    """Open the ticket of a human node; the port `open_ticket` of the runtime. Raises CannotAsk."""
    with log.bound(request_id=f"{request.run_id}:{request.node.id}:{request.iteration}"):
        if request.screening is not None:
            ticket = await desk_screening.make_ticket(conn, request, source=SOURCE, now=now)
        else:
            ticket = await review.open_ticket(conn, new_ticket(request), now=now)
    opened = events.TicketOpened(
        ticket_id=str(ticket.id),
        run_id=ticket.subject,
        node=ticket.node,
        role=ticket.role,
        due_at=ticket.due_at.isoformat() if ticket.due_at else None,
    )
    await events.publish(conn, opened)
    return str(ticket.id)


def new_ticket(request: flows.TicketRequest) -> review.NewTicket:
    """The node's inputs are shown, its outputs are asked for."""
    node = request.node
    asked = tuple(
        review.TicketField(
            name=output.name,
            label=output.description or output.name,
            schema=output.schema,
            required=output.required,
            personal=output.personal,
        )
        for output in node.outputs
    )
    return review.NewTicket(
        source=SOURCE,
        subject=str(request.run_id),
        node=node.id,
        iteration=request.iteration,
        generation=request.generation,
        title=node.name,
        purpose=node.purpose,
        role=node.approval.role,
        shown=request.inputs,
        shown_personal=_personal(request),
        asked=asked or (_DONE,),
        required_approvers=node.approval.required_approvers,
        due_at=request.due_at,
        requested_by=request.requested_by,
        reasons=node.approval.reasons,
    )


async def close_ticket(conn: Connection, ticket_id: str, reason: str, now: datetime) -> None:
    """Close a ticket that nobody can answer any more; the port `close_ticket` of the runtime.

    Raises RunLost where people decided it just before its time ran out: the answer is in the run's inbox by then, so
    the run reads its journal again and goes on with the answer.
    """
    closing = review.TicketClosing(reason)
    with log.bound(request_id=f"ticket:{ticket_id}:{reason}"):
        ticket = await review.close_ticket(conn, ticket_id=UUID(ticket_id), reason=closing, now=now)
    if closing is review.TicketClosing.EXPIRED and ticket.status is review.TicketStatus.DECIDED:
        raise flows.arrivals.RunLost(UUID(ticket.subject))


async def escalate_ticket(
    conn: Connection, ticket: str, *, role: str | None, priority: int | None, event: str | None, now: datetime
) -> None:
    """Escalate a ticket whose time is running out; the port `escalate_ticket` of the runtime.

    Raises RunLost where people decided it just before.
    """
    with log.bound(request_id=f"ticket:{ticket}:escalation"):
        found = await review.deadlines.escalate(
            conn, ticket_id=UUID(ticket), role=role, priority=priority, told=event, now=now
        )
    if found.status is review.TicketStatus.DECIDED:
        raise flows.arrivals.RunLost(UUID(found.subject))
    escalated = events.TicketEscalated(
        ticket_id=ticket,
        run_id=found.subject,
        node=found.node,
        role=found.role,
        priority=found.priority,
        event=event,
    )
    await events.publish(conn, escalated)


async def move_clock(
    conn: Connection, ticket_id: str, due_at: datetime | None, stands_since: datetime | None, now: datetime
) -> None:
    """Tell a ticket when it is due now; the port `move_clock` of the runtime."""
    with log.bound(request_id=f"ticket:{ticket_id}:clock"):
        await review.deadlines.move_clock(
            conn, ticket_id=UUID(ticket_id), due_at=due_at, stands_since=stands_since, now=now
        )


async def on_amended(
    conn: Connection, ticket: review.Ticket, values: Mapping[str, Any], actor: Actor, reason: str, now: datetime
) -> None:
    """Hand an amendment to its run, in the transaction of the amendment. Raises RunFinished, AnswerInvalid."""
    assert ticket.source == SOURCE, "only runs ask for tickets"
    await flows.arrivals.deliver_amendment(
        conn,
        run_id=UUID(ticket.subject),
        node=ticket.node,
        iteration=ticket.iteration,
        ticket=str(ticket.id),
        snapshot=ticket.snapshot,
        values=values,
        reason=reason,
        actor=actor,
        now=now,
    )


async def correct_inputs(
    conn: Connection,
    *,
    run_id: UUID,
    values: Mapping[str, Any],
    reason: str,
    actor: Actor,
    now: datetime,
    key: str | None = None,
) -> None:
    """Correct inputs of a run, and with it what its open tickets show of them; all of it in this transaction.

    What people have decided on is not corrected behind them: not either where they did so a moment before. Raises
    ScopeMissing, TicketNotOpen, CORRECTION_REFUSALS.
    """
    access.require(actor, access.Scope.RUNS_WRITE)
    if key is not None and await flows.arrivals.is_corrected(
        conn, run_id=run_id, values=values, reason=reason, key=key
    ):
        return
    tickets = await flows.arrivals.tickets_showing(conn, run_id=run_id, values=values)
    amended = []
    for ticket_id, shown in sorted(tickets.items()):
        await review.amendments.amend(
            conn,
            ticket_id=UUID(ticket_id),
            actor=actor,
            values=shown,
            reason=reason,
            now=now,
            on_amended=_with_its_run,
        )
        amended.append(ticket_id)
    await flows.arrivals.correct(
        conn, run_id=run_id, values=values, amended=amended, reason=reason, actor=actor, now=now, key=key
    )


async def _with_its_run(
    conn: Connection, ticket: review.Ticket, values: Mapping[str, Any], actor: Actor, reason: str, now: datetime
) -> None:
    """The run is told of the correction as a whole."""


async def on_decided(conn: Connection, ticket: review.Ticket, decision: review.TicketDecision) -> None:
    """Hand a decision to whoever asked, in the transaction of the decision: a run, or credit, whose application it was.

    Raises RunFinished, AnswerInvalid.
    """
    if ticket.source == review.model.SCREENING:
        await review.applications.results.record_decided(conn, ticket, now=decision.decided_at)
        return
    if ticket.screening is not None:
        await desk_screening.tell_run(conn, ticket, decision)
    else:
        await flows.arrivals.deliver_decision(
            conn,
            run_id=UUID(ticket.subject),
            node=ticket.node,
            iteration=ticket.iteration,
            ticket=str(ticket.id),
            answer=decision.answers,
            decided_by=", ".join(decision.decided_by),
            actor=decision.concluded_by,
            now=decision.decided_at,
        )
    decided = events.TicketDecided(
        ticket_id=str(ticket.id), run_id=ticket.subject, node=ticket.node, decided_by=list(decision.decided_by)
    )
    await events.publish(conn, decided)


def _personal(request: flows.TicketRequest) -> frozenset[str]:
    """A node may name an input without saying again that it is personal; then its name and its looks say so."""
    declared = {field.name for field in request.node.inputs if field.personal}
    return frozenset(declared | {name for name, value in request.inputs.items() if is_personal(name, value)})
