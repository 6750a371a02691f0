"""What a run asks of others: of the review desk, and of runs that it starts; each in one transaction with its fact."""

from datetime import datetime

from opsdesk.flows.child_runs import start_children
from opsdesk.flows.clocks import escalated
from opsdesk.flows.engine import Escalate, OpenTicket, StartChildren
from opsdesk.flows.facts import Fact
from opsdesk.flows.live_run import LiveRun
from opsdesk.flows.ports import Ports
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
    )
    ticket = await ports.open_ticket(conn, request, now)
    live.clocks_told[ticket] = (due_at, None)
    return person_asked(node, state, ticket, now)[0]
