"""Workers in the process of a test, with a partner and a review desk of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.flows import runs
from opsdesk.flows.calls import Done, Failed, NodeCall, NodeOutcome, Wait
from opsdesk.flows.circuits import OutageLimits
from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.ports import Ports
from opsdesk.flows.procedure import NodeType
from opsdesk.flows.runtime import Runtime
from opsdesk.flows.state import OPEN
from opsdesk.flows.tickets import TicketRequest
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from tests.actors import actor
from tests.flows.agreement import headers_agree

HEAD = """
osop_version: "2.0"
id: test
name: Test
"""
CHAIN = f"""{HEAD}
nodes:
  - {{id: first, type: api, purpose: p, runtime: {{url: "https://a.test"}}, outputs: [x]}}
  - {{id: second, type: api, purpose: p, runtime: {{url: "https://a.test"}}, inputs: [x], outputs: [y]}}
edges:
  - {{from: first, to: second}}
"""
REVIEW = f"""{HEAD}
nodes:
  - id: review
    type: human
    purpose: p
    role: officer
    outputs: [decision]
    approval_gate: {{required_approvers: 1, timeout_min: 60}}
  - {{id: after, type: api, purpose: p, runtime: {{url: "https://a.test"}}, inputs: [decision]}}
edges:
  - {{from: review, to: after, mode: conditional, condition: "decision == 'approved'"}}
"""
LIMITED = f"""{HEAD}
nodes:
  - id: only
    type: api
    purpose: p
    runtime: {{url: "https://a.test"}}
    security: {{rate_limit: "2/minute"}}
  - {{id: after, type: api, purpose: p, runtime: {{url: "https://a.test"}}}}
edges:
  - {{from: only, to: after}}
"""


@dataclass
class World:
    """A partner and a review desk of the test's own: what they were asked, and what they answer."""

    answers: dict[str, Callable[[NodeCall], Any]] = field(default_factory=dict)
    calls: list[NodeCall] = field(default_factory=list)
    tickets: list[TicketRequest] = field(default_factory=list)
    closed: list[tuple[str, str]] = field(default_factory=list)
    limits: OutageLimits = field(default_factory=OutageLimits)

    async def call(self, call: NodeCall) -> NodeOutcome:
        self.calls.append(call)
        answer: Callable[[NodeCall], Any] = self.answers.get(call.node.id, lambda _: Done({"x": 1, "y": 2}))
        outcome = answer(call)
        if asyncio.iscoroutine(outcome):
            outcome = await outcome
        assert isinstance(outcome, Done | Failed | Wait)
        return outcome

    async def open_ticket(self, conn: Connection, request: TicketRequest, now: datetime) -> str:
        self.tickets.append(request)
        return f"ticket-{len(self.tickets)}"

    async def close_ticket(self, conn: Connection, ticket: str, reason: str, now: datetime) -> None:
        self.closed.append((ticket, reason))

    def ports(self, clock: ManualClock) -> Ports:
        return Ports(
            clock=clock,
            nodes={NodeType.API: self.call},
            open_ticket=self.open_ticket,
            close_ticket=self.close_ticket,
            callback_url=lambda run_id, node, iteration: f"https://opsdesk.test/{run_id}/{node}/{iteration}",
            endpoint_of=lambda call: str(call.node.runtime["url"]),
            outage_limits=self.limits,
        )


@asynccontextmanager
async def working(db: Database, world: World, clock: ManualClock, **more: Any) -> AsyncIterator[Runtime]:
    runtime = Runtime(db, world.ports(clock), **more)
    await runtime.start()
    try:
        yield runtime
    finally:
        await runtime.stop(grace_s=5)
    await headers_agree(db, now=clock.now())


async def start(
    db: Database, clock: ManualClock, text: str, inputs: Mapping[str, Any] | None = None, **more: Any
) -> UUID:
    async with db.transaction() as conn:
        await store_procedure(conn, text=text, file_name="test.osop.yaml", actor=actor(), now=clock.now())
        run, _ = await runs.start_run(
            conn, procedure_id="test", inputs=inputs or {}, actor=actor("tester"), now=clock.now(), **more
        )
    return run.run_id


async def until(db: Database, run_id: UUID, reached: Callable[[runs.Run], bool]) -> runs.Run:
    """Polls, because what is waited for happens in another process in real life; pytest-timeout ends a wait in vain."""
    while True:
        async with db.connection() as conn:
            run = await runs.show_run(conn, run_id)
        if reached(run):
            return run
        await asyncio.sleep(0.02)


def let_go(run: runs.Run) -> bool:
    return run.status != "running" and not run.owned


async def ended(db: Database, run_id: UUID) -> runs.Run:
    return await until(db, run_id, lambda run: run.status not in OPEN)


async def facts_of(db: Database, run_id: UUID) -> list[tuple[str, str]]:
    async with db.connection() as conn:
        return [(row.fact, row.node) for row in await runs.read_journal(conn, run_id)]
