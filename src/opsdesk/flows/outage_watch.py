"""What a worker knows of outages: kept in memory, so that a call to an endpoint that answers costs no round trip."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from opsdesk.flows import circuits
from opsdesk.flows.calls import Failed, NodeCall, NodeOutcome
from opsdesk.flows.circuits import Circuit, CircuitState, OutageLimits
from opsdesk.flows.nodes.failures import NOT_ASKED
from opsdesk.flows.parking import HeldUp
from opsdesk.flows.ports import EndpointOf
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import ChangesCrossed, Connection, Database, DatabaseUnavailable

STEP_S = 0.5
"""How often what is due at circuits is done, while there is an outage."""
DATABASE_RETRY_S = 0.5
_AT_WORK = frozenset({CircuitState.OPEN, CircuitState.RELEASING})


@dataclass(frozen=True, slots=True)
class Admitted:
    """The call may be made."""

    canary: bool = False
    """It is the one that tries whether the endpoint answers again."""


class OutageWatch:
    """Asked before and after each call. `known` are the circuits that something is wrong with."""

    def __init__(self, db: Database, clock: Clock, endpoint_of: EndpointOf, limits: OutageLimits) -> None:
        self._db = db
        self._clock = clock
        self._endpoint_of = endpoint_of
        self._limits = limits
        self._changed = asyncio.Event()
        self.known: Mapping[str, Circuit] = {}

    async def refresh(self, conn: Connection) -> None:
        """Know what the database says now: when a notification comes, and with the heartbeat where one was lost."""
        self.known = {circuit.endpoint: circuit for circuit in await circuits.read_circuits(conn)}
        self._changed.set()

    async def work(self) -> None:
        """One round of what is due at circuits; without an outage it waits for one."""
        due = [circuit.endpoint for circuit in self.known.values() if circuit.state in _AT_WORK]
        if not due:
            self._changed.clear()
            await self._changed.wait()
            return
        for endpoint in due:
            async with self._db.transaction() as conn:
                await circuits.look_after(conn, endpoint=endpoint, limits=self._limits, now=self._clock.now())
        await asyncio.sleep(STEP_S)

    async def admit(self, call: NodeCall) -> Admitted | HeldUp:
        """Before the call: asks the database only where this worker knows of an outage."""
        endpoint = self._endpoint_of(call)
        circuit = self.known.get(endpoint) if endpoint else None
        if endpoint is None or circuit is None or not circuit.is_shut:
            return Admitted()
        while True:
            try:
                async with self._db.transaction() as conn:
                    shut, canary = await circuits.admit(
                        conn, endpoint=endpoint, run_id=call.run_id, node=call.node.id, now=self._clock.now()
                    )
                return Admitted(canary) if shut is None else HeldUp(endpoint)
            except (DatabaseUnavailable, ChangesCrossed):
                await asyncio.sleep(DATABASE_RETRY_S)

    async def judge(self, call: NodeCall, outcome: NodeOutcome, admitted: Admitted) -> NodeOutcome | HeldUp:
        """After the call: what it says of the endpoint. To be asked where it failed, or where anything is known."""
        endpoint = self._endpoint_of(call)
        if endpoint is None:
            return outcome
        failure = outcome if isinstance(outcome, Failed) and outcome.outage else None
        asked = not (isinstance(outcome, Failed) and outcome.code in NOT_ASKED)
        if not admitted.canary and failure is None and not (asked and self._is_watched(endpoint)):
            return outcome
        while True:
            try:
                async with self._db.transaction() as conn:
                    circuit = await self._told(conn, endpoint, call, failure, admitted, asked=asked)
                break
            except (DatabaseUnavailable, ChangesCrossed):
                await asyncio.sleep(DATABASE_RETRY_S)
        if failure is not None and circuit is not None and circuit.is_shut:
            return HeldUp(endpoint, failure)
        return outcome

    def _is_watched(self, endpoint: str) -> bool:
        circuit = self.known.get(endpoint)
        return circuit is not None and circuit.state is CircuitState.WATCHED

    async def _told(
        self,
        conn: Connection,
        endpoint: str,
        call: NodeCall,
        failure: Failed | None,
        admitted: Admitted,
        *,
        asked: bool,
    ) -> Circuit | None:
        now, run_id = self._clock.now(), call.run_id
        if admitted.canary:
            return await circuits.settle_canary(
                conn,
                endpoint=endpoint,
                run_id=run_id,
                node=call.node.id,
                failure=failure,
                asked=asked,
                limits=self._limits,
                now=now,
            )
        if failure is None:
            await circuits.forget_failures(conn, endpoint)
            self.known = {name: circuit for name, circuit in self.known.items() if name != endpoint}
            return None
        return await circuits.record_failure(
            conn, endpoint=endpoint, run_id=run_id, failure=failure, limits=self._limits, now=now
        )
