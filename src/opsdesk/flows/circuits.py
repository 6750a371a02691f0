"""Circuits: what is known of an endpoint over all workers, and which calls are let through to it.

A circuit has a row only while something is wrong. `watched`: so many runs in a row that it failed. `open`: it does not
answer; one call at a time, the canary, tries whether it does. `held`: a person keeps calls from it. `releasing`: it
answers, and what waited is let through, the oldest first and so many a second; new calls pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from psycopg.errors import ForeignKeyViolation
from psycopg.rows import class_row

from opsdesk import access
from opsdesk.flows.calls import Failed
from opsdesk.flows.parking import ParkedCall
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.log import bound, get_logger
from opsdesk.kit.masking import mask_text
from opsdesk.kit.sql import statements

log = get_logger(__name__)

_SQL = statements(__file__)
READ_CIRCUITS = _SQL["read_circuits"]
READ_CIRCUIT = _SQL["read_circuit"]
ADD_CIRCUIT = _SQL["add_circuit"]
LOCK_CIRCUIT = _SQL["lock_circuit"]
LOCK_CIRCUIT_UNLESS_LOCKED = _SQL["lock_circuit_unless_locked"]
WRITE_CIRCUIT = _SQL["write_circuit"]
FORGET_FAILURES = _SQL["forget_failures"]
END_OUTAGE = _SQL["end_outage"]
IS_WAITED_FOR = _SQL["is_waited_for"]
IS_CANARY_LOST = _SQL["is_canary_lost"]
LET_THROUGH = _SQL["let_through"]
PARK = _SQL["park"]
PARK_NO_MORE = _SQL["park_no_more"]
NOTIFY = _SQL["notify"]

CHANNEL = "opsdesk_outage"
CIRCUITS_MAX = 1000
"""Endpoints that are looked at."""
WINDOW_S = 300.0
"""Failures that are further apart are not in a row."""
PAUSE_GROWTH = 2.0
JITTER = 0.2
"""By so much of itself a pause is longer at most, so that not everything is tried at one moment."""
CANARY_MAX_S = 900.0
"""A canary that has not been heard of for so long is given up; no call takes that long."""
BURST_S = 2.0
"""After a time without a worker, no more is let through at once than in so many seconds."""


class CircuitState(StrEnum):
    """Whether calls are let through."""

    WATCHED = "watched"
    OPEN = "open"
    HELD = "held"
    RELEASING = "releasing"


SHUT = frozenset({CircuitState.OPEN, CircuitState.HELD})
"""No call is let through but the canary."""


@dataclass(frozen=True, slots=True)
class OutageLimits:
    """When a circuit opens, and how it closes."""

    runs: int = 3
    """Different runs in a row that the endpoint failed."""
    pause_s: float = 5.0
    """From the opening to the first canary; doubled with each that fails."""
    pause_max_s: float = 300.0
    release_per_s: float = 10.0
    """Calls that are let through after the outage."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """A row of `flow_circuit`."""

    endpoint: str
    outage_id: UUID
    state: CircuitState
    failed_runs: Sequence[UUID] = ()
    first_failed_at: datetime | None = None
    since: datetime | None = None
    code: str | None = None
    message: str | None = None
    """Of the last failure that counted; masked."""
    held_by: str | None = None
    held_because: str | None = None
    pause_s: float = 0.0
    probe_at: datetime | None = None
    """When the next canary tries."""
    probes: int = 0
    """Canaries that failed."""
    canary_run: UUID | None = None
    canary_node: str | None = None
    canary_at: datetime | None = None
    released_at: datetime | None = None
    """When calls were last let through after the outage."""

    @property
    def is_shut(self) -> bool:
        return self.state in SHUT

    def is_canary(self, run_id: UUID, node: str) -> bool:
        return (self.canary_run, self.canary_node) == (run_id, node)


def counted(circuit: Circuit, run_id: UUID, failure: Failed, *, limits: OutageLimits, now: datetime) -> Circuit:
    """With one more failure. It opens when so many different runs in a row were failed."""
    if circuit.is_shut:
        return circuit
    first = circuit.first_failed_at
    in_a_row = first is not None and now - first <= timedelta(seconds=WINDOW_S)
    runs = list(circuit.failed_runs) if in_a_row else []
    runs = runs if run_id in runs else [*runs, run_id]
    told = replace(
        circuit,
        failed_runs=runs,
        first_failed_at=first if in_a_row else now,
        code=failure.code,
        message=mask_text(failure.message),
    )
    return _opened(told, now=now, limits=limits) if len(runs) >= limits.runs else told


def missed(circuit: Circuit, failure: Failed, *, limits: OutageLimits, now: datetime) -> Circuit:
    """The canary came to nothing: the next one tries after a longer pause."""
    told = replace(circuit, code=failure.code, message=mask_text(failure.message), probes=circuit.probes + 1)
    return _opened(told, now=now, limits=limits)


def answered(circuit: Circuit) -> Circuit:
    """It answers: what waited may be let through."""
    return replace(
        _without_canary(circuit),
        state=CircuitState.RELEASING,
        failed_runs=[],
        first_failed_at=None,
        held_by=None,
        held_because=None,
        probe_at=None,
    )


def _opened(circuit: Circuit, *, limits: OutageLimits, now: datetime) -> Circuit:
    pause_s = min(circuit.pause_s * PAUSE_GROWTH if circuit.pause_s else limits.pause_s, limits.pause_max_s)
    seed = f"{circuit.endpoint}:{circuit.probes}".encode()
    longer = 1 + JITTER * int.from_bytes(sha256(seed).digest()[:4], "big") / 2**32
    return replace(
        _without_canary(circuit),
        state=CircuitState.OPEN,
        since=circuit.since or now,
        pause_s=pause_s,
        probe_at=now + timedelta(seconds=pause_s * longer),
        failed_runs=[],
        first_failed_at=None,
        released_at=None,
    )


def _without_canary(circuit: Circuit) -> Circuit:
    return replace(circuit, canary_run=None, canary_node=None, canary_at=None)


async def read_circuits(conn: Connection) -> list[Circuit]:
    """Those that something is wrong with, the oldest outage first."""
    async with conn.cursor(row_factory=class_row(Circuit)) as rows:
        found = await (await rows.execute(READ_CIRCUITS, {"limit": CIRCUITS_MAX})).fetchall()
    return [_typed(circuit) for circuit in found]


async def read_circuit(conn: Connection, endpoint: str, *, statement: bytes = READ_CIRCUIT) -> Circuit | None:
    async with conn.cursor(row_factory=class_row(Circuit)) as rows:
        found = await (await rows.execute(statement, {"endpoint": endpoint})).fetchone()
    return _typed(found) if found else None


def _typed(circuit: Circuit) -> Circuit:
    return replace(circuit, state=CircuitState(circuit.state))


async def record_failure(
    conn: Connection, *, endpoint: str, run_id: UUID, failure: Failed, limits: OutageLimits, now: datetime
) -> Circuit:
    """Count a failure that means that the endpoint does not answer. Locks the circuit."""
    before = await lock_or_add(conn, endpoint)
    after = counted(before, run_id, failure, limits=limits, now=now)
    if after != before:
        await write(conn, after)
    if after.is_shut and not before.is_shut:
        log.warning("outage_began", endpoint=endpoint, code=after.code)
        await _told(conn, after, "open", now=now)
    return after


async def forget_failures(conn: Connection, endpoint: str) -> None:
    """The endpoint has answered: what it failed before is not in a row with what comes."""
    if (await conn.execute(FORGET_FAILURES, {"endpoint": endpoint})).rowcount:
        await conn.execute(NOTIFY)


async def admit(
    conn: Connection, *, endpoint: str, run_id: UUID, node: str, now: datetime
) -> tuple[Circuit | None, bool]:
    """The circuit where it lets this call not through, and whether the call is the canary.

    It is, where it was chosen, and also where a canary is due and nothing waits that could be one.
    """
    circuit = await read_circuit(conn, endpoint)
    if circuit is None or not circuit.is_shut:
        return None, False
    if circuit.is_canary(run_id, node):
        return None, True
    if not _is_due(circuit, now) or await _is_waited_for(conn, endpoint):
        return circuit, False
    locked = await read_circuit(conn, endpoint, statement=LOCK_CIRCUIT)
    if locked is None or not _is_due(locked, now):
        return circuit, False
    await write(conn, replace(locked, canary_run=run_id, canary_node=node, canary_at=now))
    return None, True


def _is_due(circuit: Circuit, now: datetime) -> bool:
    if circuit.state is not CircuitState.OPEN or circuit.canary_run is not None:
        return False
    return circuit.probe_at is not None and circuit.probe_at <= now


async def _is_waited_for(conn: Connection, endpoint: str) -> bool:
    row = await (await conn.execute(IS_WAITED_FOR, {"endpoint": endpoint})).fetchone()
    return row is not None and bool(row[0])


async def settle_canary(
    conn: Connection,
    *,
    endpoint: str,
    run_id: UUID,
    node: str,
    failure: Failed | None,
    asked: bool,
    limits: OutageLimits,
    now: datetime,
) -> Circuit | None:
    """What came of the canary: an answer, or `failure`; not `asked`: it did not come to the call, and another tries."""
    circuit = await read_circuit(conn, endpoint, statement=LOCK_CIRCUIT)
    if circuit is None or not circuit.is_canary(run_id, node):
        return circuit
    if not asked:
        after = replace(_without_canary(circuit), probe_at=now)
    elif failure is not None:
        after = missed(circuit, failure, limits=limits, now=now)
    else:
        after = answered(circuit)
        log.info("outage_answered", endpoint=endpoint, probes=circuit.probes)
        await _told(conn, after, "answer", now=now)
    await write(conn, after)
    return after


async def look_after(conn: Connection, *, endpoint: str, limits: OutageLimits, now: datetime) -> None:
    """What is due at a circuit: choose a canary, let through what waits, end the outage. By one worker at a time."""
    circuit = await read_circuit(conn, endpoint, statement=LOCK_CIRCUIT_UNLESS_LOCKED)
    if circuit is None:
        return
    if circuit.canary_run is not None and await _is_canary_lost(conn, circuit, now):
        circuit = replace(_without_canary(circuit), probe_at=now)
        await write(conn, circuit)
    if _is_due(circuit, now):
        for run_id, node in await _let_through(conn, circuit, count=1, canary=True, now=now):
            await write(conn, replace(circuit, canary_run=run_id, canary_node=node, canary_at=now))
    if circuit.state is CircuitState.RELEASING:
        await _release(conn, circuit, limits=limits, now=now)


async def _is_canary_lost(conn: Connection, circuit: Circuit, now: datetime) -> bool:
    assert circuit.canary_at is not None
    if now - circuit.canary_at > timedelta(seconds=CANARY_MAX_S):
        return True
    row = await (await conn.execute(IS_CANARY_LOST, {"run_id": circuit.canary_run})).fetchone()
    return row is not None and bool(row[0])


async def _release(conn: Connection, circuit: Circuit, *, limits: OutageLimits, now: datetime) -> None:
    count = 1
    if circuit.released_at is not None:
        count = int(min((now - circuit.released_at).total_seconds(), BURST_S) * limits.release_per_s)
    if count < 1:
        return
    if await _let_through(conn, circuit, count=count, canary=False, now=now):
        await write(conn, replace(circuit, released_at=now))
        return
    await _end(conn, circuit, now=now)


async def _let_through(
    conn: Connection, circuit: Circuit, *, count: int, canary: bool, now: datetime
) -> list[tuple[UUID, str]]:
    values = {"endpoint": circuit.endpoint, "limit": count, "canary": canary, "now": now}
    return [(run_id, node) for run_id, node, _ in await (await conn.execute(LET_THROUGH, values)).fetchall()]


async def _end(conn: Connection, circuit: Circuit, *, now: datetime) -> None:
    try:
        async with conn.transaction():
            ended = (await conn.execute(END_OUTAGE, {"endpoint": circuit.endpoint})).rowcount
    except ForeignKeyViolation:
        return
    if ended:
        log.info("outage_ended", endpoint=circuit.endpoint)
        await _told(conn, circuit, "end", now=now)


async def park(conn: Connection, run_id: UUID, calls: Mapping[str, ParkedCall], customers: Sequence[int]) -> bool:
    """Keep which calls of a run wait, by node, and no others. False: an outage that one waits for has ended."""
    await conn.execute(PARK_NO_MORE, {"run_id": run_id, "nodes": list(calls)})
    for node, call in calls.items():
        values = {"run_id": run_id, "node": node, "customers": list(customers), **asdict(call)}
        if await (await conn.execute(PARK, values)).fetchone() is None:
            return False
    return True


async def lock_or_add(conn: Connection, endpoint: str) -> Circuit:
    """The circuit, locked; one that nothing was wrong with is watched from now on."""
    while True:
        await conn.execute(ADD_CIRCUIT, {"endpoint": endpoint, "outage_id": new_id()})
        # It may have ended in between, and then it is another one.
        circuit = await read_circuit(conn, endpoint, statement=LOCK_CIRCUIT)
        if circuit is not None:
            return circuit


async def write(conn: Connection, circuit: Circuit) -> None:
    """Keep the circuit as it is now, and tell the workers."""
    values: Mapping[str, object] = asdict(circuit) | {"failed_runs": list(circuit.failed_runs)}
    await conn.execute(WRITE_CIRCUIT, values)
    await conn.execute(NOTIFY)


async def _told(conn: Connection, circuit: Circuit, verb: str, *, now: datetime) -> None:
    """In the audit chain; by Opsdesk itself, where no person did it."""
    with bound(request_id=f"outage:{circuit.outage_id}"):
        await access.audit.record(
            conn,
            actor=access.system_actor("outages"),
            action=f"outage.{verb}",
            object_kind="outage",
            object_id=circuit.endpoint,
            after={"state": circuit.state.value, "code": circuit.code, "since": circuit.since},
            now=now,
        )
    await conn.execute(NOTIFY)
