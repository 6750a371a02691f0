"""One call of one node by a worker: in its turn under a rate limit, past its circuit, seen by the observer."""

import asyncio
from dataclasses import dataclass

from opsdesk.flows.calls import Failed, NodeCall, NodeOutcome
from opsdesk.flows.engine import Execute
from opsdesk.flows.live_run import LiveRun
from opsdesk.flows.observer import names_of_call, told_of
from opsdesk.flows.outage_watch import Admitted, OutageWatch
from opsdesk.flows.parking import HeldUp, Parked
from opsdesk.flows.ports import Ports
from opsdesk.flows.procedure import RateLimit
from opsdesk.flows.rate_limit import take_turn
from opsdesk.kit.db import Database, DatabaseUnavailable

DATABASE_RETRY_S = 0.5


@dataclass(frozen=True, slots=True)
class Caller:
    """Makes the calls of one worker."""

    db: Database
    ports: Ports
    outages: OutageWatch

    async def outcome(self, live: LiveRun, command: Execute, call: NodeCall) -> NodeOutcome | Parked | HeldUp:
        """What came of the call, or why it is not made now; `call` is as `prepared` made it of the command."""
        node, admitted = call.node, Admitted()
        if self.outages.known:
            let_in = await self.outages.admit(call)
            if isinstance(let_in, HeldUp):
                return let_in
            admitted = let_in
        if node.security.rate_limit is not None and not command.has_turn:
            parked = await self._turn(f"{live.program.procedure.id}:{node.id}", node.security.rate_limit)
            if parked is not None:
                return parked
        if live.state.nodes[node.id].iteration != command.iteration:
            return Failed("BegunAgain", f"{node.id} was begun again before it was called")
        outcome = await self._made(call, live)
        if self.outages.known or (isinstance(outcome, Failed) and outcome.outage):
            return await self.outages.judge(call, outcome, admitted)
        return outcome

    def prepared(self, live: LiveRun, command: Execute) -> NodeCall:
        """What a command asks for, as the run is now."""
        iteration = live.state.nodes[command.node].iteration
        return live.call(command, self.ports.callback_url(live.run_id, command.node, iteration))

    async def _turn(self, rate_key: str, limit: RateLimit) -> Parked | None:
        while True:
            try:
                async with self.db.transaction() as conn:
                    now = self.ports.clock.now()
                    turn = await take_turn(conn, rate_key=rate_key, limit=limit, now=now)
                return Parked(turn) if turn > now else None
            except DatabaseUnavailable:
                await asyncio.sleep(DATABASE_RETRY_S)

    async def _made(self, call: NodeCall, live: LiveRun) -> NodeOutcome:
        execute, observer = self.ports.nodes[call.node.type], self.ports.observer
        if observer is None:
            return await execute(call)
        with observer.call(call.node.type, names_of_call(call), live.state.trace) as tell:
            outcome = await execute(call)
            tell(*told_of(outcome))
        return outcome
