"""Drives one run while a worker holds it: decide, call the world, settle, write, until it ends or only waits."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from opsdesk.flows import leases
from opsdesk.flows.asking import ask
from opsdesk.flows.calling import Caller
from opsdesk.flows.calls import Failed, NodeOutcome
from opsdesk.flows.child_ends import child_ended
from opsdesk.flows.child_runs import tell_others
from opsdesk.flows.circuits import park
from opsdesk.flows.engine import (
    LEASES_LOST_MAX,
    Command,
    Escalate,
    Execute,
    Expire,
    Finish,
    GoRound,
    OpenTicket,
    Sleep,
    StartChildren,
    apply,
    decide,
    fold,
    next_wake,
    status,
)
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.live_run import LiveRun
from opsdesk.flows.observer import tell_kept
from opsdesk.flows.parking import HeldUp, Parked, held_up, parked
from opsdesk.flows.settle import (
    Arrival,
    ArrivalKind,
    expired,
    not_taken_in,
    round_begun,
    settle,
    take_in,
)
from opsdesk.flows.state import NodePhase, RunStatus
from opsdesk.flows.writer import LOST, Append, Header, JournalWriter, RunLost, write
from opsdesk.kit.db import ChangesCrossed, Connection, DatabaseUnavailable
from opsdesk.kit.log import get_logger

log = get_logger(__name__)

KEEP_AWAKE_S = 1.0
"""A run that has to wait no longer than this is not let go in between."""
LINGER_S = 0.05
"""How long a fact that lets nothing go on may wait for company, so that branches that end together share a commit."""
DATABASE_RETRY_S = 0.5
LOST_LEASE_PAUSE_S = 2.0
_ELSEWHERE = (OpenTicket, Escalate, StartChildren)


class Driver:
    """Executes one run. Everything that it appends goes through the writer, or through a transaction with a ticket."""

    def __init__(self, caller: Caller, writer: JournalWriter, worker_id: UUID, stopping: Callable[[], bool]) -> None:
        self._db, self._ports = caller.db, caller.ports
        self._caller = caller
        self._writer = writer
        self._worker_id = worker_id
        self._stopping = stopping

    @staticmethod
    def record(live: LiveRun, fact: Fact) -> None:
        apply(live.program.procedure, live.state, fact)
        live.unsaved.append(fact)

    @staticmethod
    def record_lost_lease(live: LiveRun, now: datetime, *, cause: str) -> None:
        """The run lost its worker, or broke it; too often without progress, and it is set aside."""
        active = [name for name, node in live.state.nodes.items() if node.phase is NodePhase.ACTIVE]
        Driver.record(live, Fact(FactKind.LEASE_LOST, now, payload={"cause": cause, "active": active}))
        if live.state.leases_lost >= LEASES_LOST_MAX and live.state.set_aside is None:
            where = ", ".join(active) or "no node"
            message = f"lost its worker {live.state.leases_lost} times without progress, at {where}: {cause}"
            Driver.record(live, Fact(FactKind.RUN_SET_ASIDE, now, payload={"message": message}))
        elif live.state.leases_lost > 1:
            # At a time of its own, so that a run which breaks its worker does not take the same others with it again.
            live.pause_s = 2.0**live.state.leases_lost * (0.5 + live.run_id.int % 1000 / 1000)

    async def drive(self, live: LiveRun) -> None:
        """Returns when the run has ended or is let go."""
        try:
            while True:
                try:
                    await self._advance(live)
                    return
                except (RunLost, ChangesCrossed):
                    if not await self._reload(live):
                        return
                except DatabaseUnavailable:
                    await asyncio.sleep(DATABASE_RETRY_S)
        except Exception as error:
            # A defect of ours or of a node: this run is set aside after some tries, and the worker serves the others.
            log.exception("run_failed_its_worker", run_id=str(live.run_id))
            await self._give_up(live, error)
        finally:
            for task in live.flying.values():
                task.cancel()
            if live.ended is not None and not live.ended.done():
                if live.state.outcome is not None and not live.unsaved:
                    live.ended.set_result(live.state)
                else:
                    live.ended.cancel()

    async def _advance(self, live: LiveRun) -> None:
        while True:
            await self._take_in_first(live)
            self._settle_outcomes(live)
            commands = self._decide(live)
            if live.state.outcome is not None:
                await self._save(live)
                return
            if self._stopping() and not live.flying:
                await self._release(live, self._now(), "worker: stopped")
                return
            if live.pause_s:
                await self._release(live, self._now() + timedelta(seconds=live.pause_s), "retry: after lost workers")
                return
            if await self._begin_elsewhere(live, commands):
                continue
            # Listed before anything is awaited: a call that ends meanwhile is settled, not made again.
            launches = [] if self._stopping() else self._to_launch(live, commands)
            await self._launch(live, launches)
            if not live.flying and not live.outcomes and await self._sleep(live, commands):
                return
            await self._await_news(live, commands)

    def _now(self) -> datetime:
        return self._ports.clock.now()

    def _decide(self, live: LiveRun) -> list[Command]:
        """The commands that need the world; what follows from time alone is recorded here."""
        while True:
            now = self._now()
            commands = decide(live.program.procedure, live.state, now)
            for command in commands:
                if isinstance(command, Finish):
                    self.record(live, live.ending(command, now))
                    if live.state.outcome is not None:
                        return []
                    break
                if isinstance(command, GoRound):
                    self.record(live, round_begun(command, now))
                    break
                if isinstance(command, Expire):
                    for fact in expired(live.program, live.state, command.node, now):
                        self.record(live, fact)
                    break
            else:
                return commands

    def _to_launch(self, live: LiveRun, commands: list[Command]) -> list[Execute]:
        return [command for command in commands if isinstance(command, Execute) and command.node not in live.flying]

    async def _launch(self, live: LiveRun, launches: list[Execute]) -> None:
        """Make these calls when all that they rest on is durable. What can be prepared is, while it is written."""
        must_save, durable = live.unsaved and (launches or not live.flying), asyncio.Event()
        for command in launches:
            live.flying[command.node] = asyncio.create_task(self._execute(live, command, durable))
        if must_save:
            try:
                await self._save(live)
            except BaseException:
                for command in launches:
                    if (task := live.flying.pop(command.node, None)) is not None:
                        task.cancel()
                raise
        durable.set()

    async def _execute(self, live: LiveRun, command: Execute, durable: asyncio.Event) -> None:
        try:
            call = self._caller.prepared(live, command)
            await durable.wait()
            outcome: NodeOutcome | Parked | HeldUp = await self._caller.outcome(live, command, call)
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            # Also where the node gave itself up: a call without an outcome would be waited for until the worker ends.
            log.exception("node_failed_its_worker", run_id=str(live.run_id), node=command.node)
            outcome = Failed("InternalError", f"{command.node} could not be executed: {type(error).__name__}")
        live.outcomes.append((command, outcome))
        live.flying.pop(command.node, None)
        live.wake.set()

    def _settle_outcomes(self, live: LiveRun) -> None:
        while live.outcomes:
            command, outcome = live.outcomes.popleft()
            now = self._now()
            if isinstance(outcome, Parked):
                facts = parked(live.state, command, outcome.until, now)
            elif isinstance(outcome, HeldUp):
                facts = held_up(live.program, live.state, command, outcome, now)
            else:
                facts = settle(live.program, live.state, command, outcome, now)
            for fact in facts:
                self.record(live, fact)

    async def _take_in_first(self, live: LiveRun) -> None:
        """Take in what arrived, and before any failure also what nobody told us of yet.

        A partner may answer, be told that its answer is kept, and then break the request: the answer counts.
        """
        looked_for = 0
        while live.arrived or live.failures > looked_for:
            looked_for = live.failures
            await self._take_in(live)

    async def _take_in(self, live: LiveRun) -> None:
        live.arrived = False
        try:
            async with self._db.connection() as conn:
                arrivals = await leases.read_arrivals(conn, live.run_id)
        except DatabaseUnavailable:
            live.arrived = True
            raise
        for arrival in arrivals:
            if arrival.inbox_id in live.taken:
                continue
            for fact in self._facts_of(live, arrival):
                self.record(live, fact)
            live.taken.append(arrival.inbox_id)

    def _facts_of(self, live: LiveRun, arrival: Arrival) -> list[Fact]:
        try:
            if arrival.kind is ArrivalKind.CHILD:
                return child_ended(live.program, live.state, arrival, self._now())
            return take_in(live.program, live.state, arrival, self._now(), under_way=live.under_way)
        except Exception as error:
            # It would stay in the inbox, and break whichever worker looks into it, again and again.
            log.exception("arrival_failed_its_worker", run_id=str(live.run_id), inbox_id=arrival.inbox_id)
            return [not_taken_in(live.state, arrival, type(error).__name__, self._now())]

    async def _begin_elsewhere(self, live: LiveRun, commands: list[Command]) -> bool:
        """Ask the review desk and start the runs that are asked for, each in one transaction with its fact."""
        wanted = [command for command in commands if isinstance(command, _ELSEWHERE)]
        for command in wanted:
            await self._save(live)
            now = self._now()
            try:
                async with self._db.transaction() as conn:
                    fact = await ask(conn, self._ports, live, command, now)
                    self.record(live, fact)
                    if fact.kind not in (FactKind.NODE_WAITING, FactKind.NODE_ESCALATED):
                        break
                    header = self._header(live)
                    await self._write_in(conn, live, now, header)
            except DatabaseUnavailable as error:
                # The rows may not be there: the fact that says so must not be written another time.
                raise RunLost(live.run_id) from error
            self._saved(live, header)
        return bool(wanted)

    async def _sleep(self, live: LiveRun, commands: list[Command]) -> bool:
        """Nothing is under way: let the run go until its next wake-up, unless that is very soon. True: it is let go."""
        wake_at, name = next_wake(commands)
        if wake_at is not None and (wake_at - self._now()).total_seconds() <= KEEP_AWAKE_S:
            return False
        if live.arrived:
            return False
        await self._release(live, wake_at, name)
        return True

    async def _release(self, live: LiveRun, wake_at: datetime | None, name: str) -> None:
        header = Header(status(live.state).value, None, self._worker_id, wake_at=wake_at, wake_name=name)
        await self._save(live, header)

    async def _await_news(self, live: LiveRun, commands: list[Command]) -> None:
        """Until a call ends, something arrives, or time says that there is something to do."""
        if live.outcomes or live.arrived:
            return
        moments = [command.until for command in commands if isinstance(command, Sleep) and command.until]
        timeout = (min(moments) - self._now()).total_seconds() if moments else None
        lingering = bool(live.unsaved)
        if lingering:
            timeout = LINGER_S if timeout is None else min(LINGER_S, timeout)
        live.wake.clear()
        # Cheaper than asyncio.wait_for, which makes a task of its own for each wait.
        timer = None if timeout is None else asyncio.get_running_loop().call_later(max(timeout, 0), live.wake.set)
        await live.wake.wait()
        if timer is not None:
            timer.cancel()
        if lingering and not live.outcomes and not live.arrived:
            await self._save(live)

    async def _save(self, live: LiveRun, header: Header | None = None) -> None:
        """Make what is recorded durable."""
        header = header or self._header(live)
        if not live.unsaved and header is None and not live.taken:
            return
        if live.is_quiet:
            await self._writer.append(self._append(live, header))
            self._saved(live, header)
            return
        tickets, clocks = live.tickets_to_close(), live.moved_clocks()
        timed_out = any(fact.payload.get("timeout") for fact in live.unsaved)
        others = live.concerns_others
        parked_calls = live.parked_now() if live.has_parked() else live.parked
        if tickets or clocks or timed_out or others or parked_calls != live.parked:
            now = self._now()
            async with self._db.transaction() as conn:
                for ticket, reason in tickets:
                    await self._ports.close_ticket(conn, ticket, reason, now)
                for ticket, (due_at, stands_since) in clocks.items():
                    await self._ports.move_clock(conn, ticket, due_at, stands_since, now)
                if live.concerns_others:
                    await tell_others(conn, live, now)
                if (tickets or timed_out) and await leases.arrived_meanwhile(
                    conn, run_id=live.run_id, taken=live.taken
                ):
                    # Whoever answered was told that the answer is kept: it counts, and not that its time ran out.
                    raise RunLost(live.run_id)
                if parked_calls != live.parked and not await park(conn, live.run_id, parked_calls, live.customers()):
                    # The outage has ended meanwhile: the call can be made.
                    raise RunLost(live.run_id)
                await self._write_in(conn, live, now, header)
            live.cancelled.update(live.unwanted)
            live.parked = parked_calls
        else:
            await self._writer.append(self._append(live, header))
        live.clocks_told.update(clocks)
        self._saved(live, header)

    def _append(self, live: LiveRun, header: Header | None) -> Append:
        facts, taken = list(live.unsaved), list(live.taken)
        subjects = live.find_subjects()
        return Append(live.run_id, live.durable_seq + 1, facts, header, taken, live.new_run, subjects)

    async def _write_in(self, conn: Connection, live: LiveRun, now: datetime, header: Header | None) -> None:
        """Raises RunLost like the writer does."""
        try:
            await write(conn, [self._append(live, header)], now=now)
        except LOST as error:
            raise RunLost(live.run_id) from error

    def _saved(self, live: LiveRun, header: Header | None = None) -> None:
        live.subjects.update(live.unsaved_subjects)
        if self._ports.observer is not None:
            tell_kept(self._ports.observer, live.program.procedure, live.run_id, live.unsaved, live.state.trace)
        live.unsaved, live.unsaved_subjects, live.taken, live.new_run = [], [], [], None
        live.header_status = RunStatus(header.status) if header else live.header_status

    def _header(self, live: LiveRun) -> Header | None:
        """The header when it has to change: the run has ended, or its status is another."""
        state, current = live.state, status(live.state)
        if state.outcome is not None:
            return Header(
                current.value,
                None,
                self._worker_id,
                ended_at=state.ended_at,
                outcome_node=state.outcome_node,
                outcome_reason=state.outcome_reason,
            )
        if current is live.header_status:
            return None
        return Header(current.value, self._worker_id, self._worker_id)

    async def _reload(self, live: LiveRun) -> bool:
        """The journal has moved on without us, and the state is read anew. True: the run is still ours."""
        while True:
            try:
                async with self._db.connection() as conn:
                    header_status = await leases.status_if_owned(conn, worker_id=self._worker_id, run_id=live.run_id)
                    # It may have been us, by a commit whose answer was lost: whoever waits for the end is told of it.
                    if header_status is None and live.ended is None:
                        return False
                    facts = leases.facts((await leases.read_journals(conn, [live.run_id]))[live.run_id])
                break
            except DatabaseUnavailable:
                await asyncio.sleep(DATABASE_RETRY_S)
        live.state = fold(live.program.procedure, facts, run_id=str(live.run_id))
        live.unsaved, live.taken, live.new_run, live.arrived, live.clocks_told = [], [], None, True, {}
        live.parked = live.parked_now()
        if header_status is None:
            return False
        live.header_status = header_status
        return True

    async def _give_up(self, live: LiveRun, error: Exception) -> None:
        if not await self._reload(live):
            return
        self.record_lost_lease(live, self._now(), cause=type(error).__name__)
        wake_at, name = self._now() + timedelta(seconds=LOST_LEASE_PAUSE_S), "retry: after a failure"
        with suppress(RunLost):
            if live.state.set_aside is not None:
                await self._release(live, *next_wake(self._decide(live)))
            else:
                await self._release(live, wake_at, name)
