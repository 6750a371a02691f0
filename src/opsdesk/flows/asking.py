"""What a run asks of others: of the review desk, and of runs that it starts; each in one transaction with its fact."""

from dataclasses import replace
from datetime import datetime

from opsdesk.flows.calls import Failed
from opsdesk.flows.child_runs import start_children
from opsdesk.flows.clocks import escalated
from opsdesk.flows.engine import Escalate, OpenTicket, StartChildren
from opsdesk.flows.errors import CannotAsk
from opsdesk.flows.facts import Fact
from opsdesk.flows.live_run import LiveRun
from opsdesk.flows.ports import Ports
from opsdesk.flows.settle import failed
from opsdesk.flows.tickets import TicketRequest
from opsdesk.flows.waits import person_asked
from opsdesk.kit.db import Connection


async def ask(
    conn: Connection, ports: Ports, live: LiveRun, command: OpenTicket | Escalate | StartChildren, now: datetime
) -> Fact:
    """Open the ticket of a node or escalate it, or start its runs; the fact is still to be recorded. Raises RunLost."""
    if isinstance(command, StartChildren):
        return await start_children(conn, live, command, now)
    procedure = live.program.procedure
    node, state = procedure.nodes[command.node], live.state.nodes[command.node]
    if isinstance(command, Escalate):
        assert state.wait is not None
        assert state.wait.ticket is not None
        step = node.approval.escalations[state.wait.escalated]
        await ports.escalate_ticket(
            conn, state.wait.ticket, role=step.role, priority=step.priority, event=step.event, now=now
        )
        return escalated(procedure, command.node, state, now)
    due_at = person_asked(node, state, "", now)[1]
    request = TicketRequest(
        run_id=live.run_id,
        procedure_id=procedure.id,
        node=node,
        iteration=state.iteration,
        generation=state.retries + 1,
        inputs={field.name: state.scope[field.name] for field in node.inputs if field.name in state.scope},
        due_at=due_at,
        requested_by=live.state.actor,
        screening=node.approval.screening,
    )
    try:
        ticket, derived = await _open(conn, ports, request, now)
    except CannotAsk as refused:
        failure = Failed(refused.code, refused.message)
        return failed(live.program, live.state, node.id, failure, now, attempt=state.attempt)
    live.clocks_told[ticket] = (due_at, None)
    fact = person_asked(node, state, ticket, now)[0]
    return replace(fact, payload={**fact.payload, **derived})


async def _open(conn: Connection, ports: Ports, request: TicketRequest, now: datetime) -> tuple[str, dict[str, str]]:
    """The ticket, and whether it was derived from the node for want of its screening type. Raises CannotAsk."""
    try:
        return await ports.open_ticket(conn, request, now), {}
    except CannotAsk as refused:
        screening = request.screening
        if screening is None or not refused.without_type or not screening.may_derive:
            raise
        return await ports.open_ticket(conn, replace(request, screening=None), now), {"without_type": screening.type}
