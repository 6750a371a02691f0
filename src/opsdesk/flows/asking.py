"""Asks a person: opens the ticket of a human node, in the caller's transaction."""

from datetime import datetime

from opsdesk.flows.facts import Fact
from opsdesk.flows.live_run import LiveRun
from opsdesk.flows.ports import Ports
from opsdesk.flows.tickets import TicketRequest
from opsdesk.flows.waits import person_asked
from opsdesk.kit.db import Connection


async def ask_person(ports: Ports, conn: Connection, live: LiveRun, node_id: str, now: datetime) -> Fact:
    """Open the ticket of a human node; returns the fact that it is there."""
    node, state = live.program.procedure.nodes[node_id], live.state.nodes[node_id]
    request = TicketRequest(
        run_id=live.run_id,
        procedure_id=live.program.procedure.id,
        node=node,
        iteration=state.iteration,
        generation=state.retries + 1,
        inputs={field.name: state.scope[field.name] for field in node.inputs if field.name in state.scope},
        due_at=person_asked(node, state, "", now)[1],
        requested_by=live.state.actor,
    )
    ticket = await ports.open_ticket(conn, request, now)
    return person_asked(node, state, ticket, now)[0]
