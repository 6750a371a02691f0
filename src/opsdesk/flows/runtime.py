"""The worker's side of runs: claims them, keeps its lease, listens for what comes in, and lets go in order."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from opsdesk.flows import leases
from opsdesk.flows.calling import Caller
from opsdesk.flows.circuits import CHANNEL as OUTAGE_CHANNEL
from opsdesk.flows.definitions import Definitions
from opsdesk.flows.driver import Driver
from opsdesk.flows.engine import fold
from opsdesk.flows.facts import Fact, FactKind, start_payload
from opsdesk.flows.live_run import LiveRun
from opsdesk.flows.outage_watch import OutageWatch
from opsdesk.flows.parking import parked_calls
from opsdesk.flows.ports import Ports
from opsdesk.flows.settle import ignored
from opsdesk.flows.state import RunStatus, State
from opsdesk.flows.writer import LOST, Append, JournalWriter, NewRun, write
from opsdesk.kit.db import Database, DatabaseUnavailable
from opsdesk.kit.ids import new_id
from opsdesk.kit.log import get_logger

log = get_logger(__name__)

RUNS_MAX = 2000
"""Runs that one worker holds at a time."""
CLAIM_MAX = 50
"""Taken at a time, so that what is due together is shared by the workers: one that is busy asks for more later."""
POLL_S = 0.5
"""How often due runs are looked for; notifications wake the worker earlier."""
DATABASE_RETRY_S = 1.0
STOP_GRACE_S = 10.0
"""How long a stopping worker waits for calls under way."""
UNREADABLE_PAUSE_S = 60.0
CLOCK_STEP_S = 1.0
"""Business time that passed so much faster or slower than the machine's was moved."""
CHANNEL = "opsdesk_flow"
LEASE_S = 15.0
"""A worker that has not been heard of for so long has lost its runs."""


class Runtime:
    """Executes runs until it is stopped. Any number of them may work on one database."""

    def __init__(self, db: Database, ports: Ports, *, lease_s: float = LEASE_S) -> None:
        self._db = db
        self._lease_s = lease_s
        self._ports = ports
        self._definitions = Definitions(db)
        self._writer = JournalWriter(db, ports.clock)
        self._outages = OutageWatch(db, ports.clock, ports.endpoint_of, ports.outage_limits)
        self._caller = Caller(db, ports, self._outages)
        self._live: dict[UUID, LiveRun] = {}
        self._drives: dict[UUID, asyncio.Task[None]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._poll = asyncio.Event()
        self._stopping = False
        self._claiming = asyncio.Lock()
        self._search = False
        """Look for runs that are ours by the database and driven by nobody."""
        self._database_away = False
        self._clocks: tuple[datetime, float] | None = None
        self._claimed_while_live: set[UUID] = set()
        """Let go by us and claimed by us again before its drive had ended: taken over when it has."""
        self.worker_id = new_id()

    async def start(self) -> None:
        """Register, and begin to claim and execute runs."""
        async with self._db.connection() as conn:
            await leases.register(conn, worker_id=self.worker_id, lease_s=self._lease_s)
            # Before anything is called: an endpoint that is held is held for a worker that has just started, too.
            await self._outages.refresh(conn)
        self._writer.start()
        loops: list[Callable[[], Any]] = [self._heartbeat, self._claim, self._listen, self._outages.work]
        self._tasks = [asyncio.create_task(self._surviving(loop)) for loop in loops]

    async def stop(self, *, grace_s: float = STOP_GRACE_S) -> None:
        """Stop claiming, let calls under way end within the grace, save what they gave, and let go of everything."""
        self._stopping = True
        for live in self._live.values():
            live.wake.set()
        if self._drives:
            await asyncio.wait(self._drives.values(), timeout=grace_s)
        for task in [*self._tasks, *self._drives.values()]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._drives.values(), return_exceptions=True)
        await self._writer.stop()
        async with self._db.connection() as conn:
            await leases.leave(conn, worker_id=self.worker_id, now=self._ports.clock.now())

    async def begin(
        self, *, run_id: UUID, definition_id: int, inputs: Mapping[str, Any], actor: str
    ) -> "asyncio.Future[State]":
        """Start a run and execute it here at once. The future gives its state when it has ended.

        It is durable when its first node is executed, and the audit chain does not know who asked for it: for measuring
        the runtime by itself. Everybody else's starts go through `start_run`.
        """
        program = await self._definitions.program(definition_id)
        now = self._ports.clock.now()
        live = LiveRun(run_id, program, fold(program.procedure, (), run_id=str(run_id)), arrived=False)
        live.new_run = NewRun(definition_id, program.procedure.id, actor, now, self.worker_id)
        live.ended = asyncio.get_running_loop().create_future()
        payload = start_payload(inputs, actor)
        Driver.record(live, Fact(FactKind.RUN_STARTED, now, payload=payload))
        self._drive(live)
        return live.ended

    def _drive(self, live: LiveRun) -> None:
        self._live[live.run_id] = live
        driver = Driver(self._caller, self._writer, self.worker_id, lambda: self._stopping)
        task = asyncio.create_task(driver.drive(live))
        self._drives[live.run_id] = task
        task.add_done_callback(lambda _: self._let_go(live))

    def _let_go(self, live: LiveRun) -> None:
        self._live.pop(live.run_id, None)
        task = self._drives.pop(live.run_id, None)
        if task is not None and not task.cancelled() and task.exception() is not None:
            log.error("run_let_go_after_failure", run_id=str(live.run_id), exc_info=task.exception())
        if live.arrived or live.run_id in self._claimed_while_live:
            # Something came in while the run was being let go: look again without waiting for the next poll.
            self._search |= live.run_id in self._claimed_while_live
            self._claimed_while_live.discard(live.run_id)
            self._poll.set()

    async def _surviving(self, loop: Callable[[], Any]) -> None:
        """Run a loop for as long as the worker lives, whatever happens in it."""
        while not self._stopping:
            try:
                await loop()
            except DatabaseUnavailable:
                if not self._database_away:
                    log.warning("database_unavailable", loop=loop.__name__)
                self._database_away = True
                await asyncio.sleep(DATABASE_RETRY_S)
            except Exception:
                log.exception("worker_loop_failed", loop=loop.__name__)
                await asyncio.sleep(DATABASE_RETRY_S)

    async def _heartbeat(self) -> None:
        # On a connection of its own: however many wait for one of the pool, the lease is extended in time.
        async with self._db.dedicated() as conn:
            while not self._stopping:
                if not await leases.extend(conn, worker_id=self.worker_id, lease_s=self._lease_s):
                    await self._start_anew()
                await self._outages.refresh(conn)
                if self._database_away:
                    log.info("database_back")
                self._database_away = False
                self._search = True
                await asyncio.sleep(self._lease_s / leases.HEARTBEATS)

    async def _start_anew(self) -> None:
        """The lease ran out (the process was frozen, the database away): what was held may be another's. Drop it."""
        log.warning("lease_lost", worker_id=str(self.worker_id), runs=len(self._live))
        async with self._claiming:
            while self._drives:
                for task in self._drives.values():
                    task.cancel()
                await asyncio.gather(*self._drives.values(), return_exceptions=True)
            self.worker_id = new_id()
            async with self._db.connection() as conn:
                await leases.register(conn, worker_id=self.worker_id, lease_s=self._lease_s)

    async def _find_again(self) -> None:
        """Take over what the database says is ours and nobody drives: a claim whose answer was lost on its way."""
        async with self._claiming:
            # One that is being let go is ours when the database is asked, and need not be when it answers.
            live = set(self._live)
            async with self._db.connection() as conn:
                claims = await leases.owned(conn, worker_id=self.worker_id)
            forgotten = [claim for claim in claims if claim.run_id not in live and claim.run_id not in self._live]
            if forgotten:
                log.warning("runs_found_again", runs=len(forgotten))
                await self._take_over(forgotten)

    async def _claim(self) -> None:
        self._poll.clear()
        self._notice_moved_clock()
        if self._search:
            self._search = False
            await self._find_again()
        room = min(RUNS_MAX - len(self._live), CLAIM_MAX)
        claimed = 0
        if room > 0:
            async with self._claiming:
                async with self._db.connection() as conn:
                    now = self._ports.clock.now()
                    claims = await leases.claim(conn, worker_id=self.worker_id, now=now, limit=room)
                await self._take_over(claims)
            claimed = len(claims)
        await self._record_late_arrivals()
        if claimed == 0:
            try:
                await asyncio.wait_for(self._poll.wait(), POLL_S)
            except TimeoutError:
                return

    async def _take_over(self, claims: list[leases.Claim]) -> None:
        if not claims:
            return
        async with self._db.connection() as conn:
            journals = await leases.read_journals(conn, [claim.run_id for claim in claims])
        for claim in claims:
            if claim.run_id in self._live:
                self._claimed_while_live.add(claim.run_id)
                continue
            try:
                facts = leases.facts(journals[claim.run_id])
                program = (await self._definitions.program(claim.definition_id)).of_run(facts[0])
                state = fold(program.procedure, facts, run_id=str(claim.run_id))
            except DatabaseUnavailable:
                raise
            except Exception as error:
                # The others that were claimed with it go on.
                log.exception("run_unreadable", run_id=str(claim.run_id))
                await self._let_go_unreadable(claim, type(error).__name__)
                continue
            live = LiveRun(claim.run_id, program, state, RunStatus(claim.status), parked=parked_calls(state))
            if claim.orphan:
                Driver.record_lost_lease(live, self._ports.clock.now(), cause="its worker died")
            self._drive(live)

    async def _let_go_unreadable(self, claim: leases.Claim, cause: str) -> None:
        wake_at = self._ports.clock.now() + timedelta(seconds=UNREADABLE_PAUSE_S)
        async with self._db.connection() as conn:
            await leases.let_go_unreadable(
                conn, worker_id=self.worker_id, run_id=claim.run_id, cause=cause, wake_at=wake_at
            )

    def _notice_moved_clock(self) -> None:
        """Runs that are held here wait by the machine's clock for moments of business time: have them look again."""
        clocks = self._ports.clock.now(), asyncio.get_running_loop().time()
        if self._clocks is not None:
            business_s = (clocks[0] - self._clocks[0]).total_seconds()
            if abs(business_s - (clocks[1] - self._clocks[1])) > CLOCK_STEP_S:
                for live in self._live.values():
                    live.wake.set()
        self._clocks = clocks

    async def _listen(self) -> None:
        async with self._db.listener(CHANNEL, OUTAGE_CHANNEL) as notifications:
            # What was notified before the connection was there is not repeated.
            for held in self._live.values():
                held.poke()
            self._poll.set()
            async for channel, payload in notifications:
                if channel == OUTAGE_CHANNEL:
                    await self._know_outages()
                    continue
                live = self._live.get(UUID(payload)) if payload else None
                if live is not None:
                    live.poke()
                else:
                    self._poll.set()

    async def _know_outages(self) -> None:
        async with self._db.connection() as conn:
            await self._outages.refresh(conn)

    async def _record_late_arrivals(self) -> None:
        # LOST: another worker records something for the same run at this moment, and this comes next time.
        with suppress(*LOST):
            await self._record_those_not_locked()

    async def _record_those_not_locked(self) -> None:
        async with self._db.transaction() as conn:
            now = self._ports.clock.now()
            recorded: Counter[UUID] = Counter()
            for late in await leases.late_arrivals(conn):
                recorded[late.run_id] += 1
                facts = [ignored(late.arrival, "the run had ended", now)]
                seq = late.seq + recorded[late.run_id]
                await write(conn, [Append(late.run_id, seq, facts, taken=[late.arrival.inbox_id])], now=now)
