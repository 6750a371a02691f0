"""The database is lost in the moment in which a ticket is opened."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import pytest

from opsdesk import review
from opsdesk.app import desk
from opsdesk.flows import runs
from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.ports import Ports
from opsdesk.flows.runtime import Runtime
from opsdesk.flows.tickets import TicketRequest
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from tests.app.serving import until

ASK = """\
osop_version: "2.0"
id: ask
name: Ask
nodes:
  - {id: review, type: human, name: Look, purpose: Decide, role: greeter, outputs: [decision]}
edges: []
"""


@dataclass
class FirstTimeLost:
    """The review desk; the connection is lost when the first ticket is there and not yet committed."""

    db: Database
    opened: list[str] = field(default_factory=list)

    async def open_ticket(self, conn: Connection, request: TicketRequest, now: datetime) -> str:
        self.opened.append(await desk.open_ticket(conn, request, now))
        if len(self.opened) == 1:
            async with self.db.connection() as other:
                await other.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))
        return self.opened[-1]


@pytest.mark.req("FLO-314")
async def test_a_run_never_waits_for_a_ticket_that_is_not_there(db: Database, clock: ManualClock) -> None:
    lost = FirstTimeLost(db)
    ports = Ports(
        clock=clock,
        nodes={},
        open_ticket=lost.open_ticket,
        close_ticket=desk.close_ticket,
        callback_url=lambda _run, _node, _iteration: "",
    )
    async with db.transaction() as conn:
        await store_procedure(conn, text=ASK, file_name="ask.osop.yaml", now=clock.now())
        run, _ = await runs.start_run(conn, procedure_id="ask", inputs={}, actor="key:anna", now=clock.now())
    runtime = Runtime(db, ports)
    await runtime.start()
    try:
        ticket = await until(lambda: ticket_waited_for(db, run.run_id))
    finally:
        await runtime.stop()
    async with db.connection() as conn:
        assert (await review.show_ticket(conn, ticket_id=UUID(ticket))).status is review.TicketStatus.OPEN


async def ticket_waited_for(db: Database, run_id: UUID) -> str | None:
    async with db.connection() as conn:
        _procedure, state, _facts = await runs.read_state(conn, run_id)
    wait = state.nodes["review"].wait
    return wait.ticket if wait else None
