"""Outages as people see them: which there are, who waits, and that somebody holds an endpoint or lets calls through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from psycopg.rows import class_row

from opsdesk import access
from opsdesk.flows.circuits import (
    Circuit,
    CircuitState,
    answered,
    lock_or_add,
    read_circuits,
    write,
)
from opsdesk.flows.circuits import OutageLimits as OutageLimits
from opsdesk.flows.draw_status import OutageTold
from opsdesk.flows.errors import EndpointUnreadable, OutageNotFound
from opsdesk.flows.state import State
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
COUNT_WAITING = _SQL["count_waiting"]
READ_WAITING = _SQL["read_waiting"]
READ_CUSTOMERS = _SQL["read_customers"]

CUSTOMERS_COUNTED_MAX = 10_000
"""Of so many runs, the oldest, the customers are told apart."""
WAITING_SHOWN = 50
ENDPOINT_CHARACTERS_MAX = 300
HOLD_REFUSALS = (EndpointUnreadable,)
RELEASE_REFUSALS = (OutageNotFound,)
_PORTS = {"https": 443, "http": 80, "postgresql": 5432}


@dataclass(frozen=True, slots=True)
class Outage:
    """An endpoint that does not answer, or that somebody keeps calls from, and who waits for it."""

    circuit: Circuit
    runs: int
    """That wait."""
    customers: int
    """Different ones that these runs are about, as far as they say so."""
    waiting_since: datetime | None
    """The oldest of them."""


@dataclass(frozen=True, slots=True)
class WaitingRun:
    """A call that waits for an outage to be over."""

    run_id: UUID
    node: str
    procedure_id: str
    since: datetime


async def list_outages(conn: Connection) -> list[Outage]:
    """The oldest first. Endpoints whose failures are only counted so far are none."""
    counts = await _counts(conn)
    found = [circuit for circuit in await read_circuits(conn) if circuit.state is not CircuitState.WATCHED]
    return [await _outage(conn, circuit, counts) for circuit in found]


async def count_waiting(conn: Connection) -> Mapping[tuple[str, str], int]:
    """Waiting runs by endpoint and state of the circuit, for metrics."""
    counts = await _counts(conn)
    found = [circuit for circuit in await read_circuits(conn) if circuit.state is not CircuitState.WATCHED]
    return {(each.endpoint, each.state.value): counts.get(each.endpoint, (0, None))[0] for each in found}


async def show_outage(conn: Connection, *, outage_id: UUID | None = None, endpoint: str = "") -> Outage:
    """By its id or its endpoint. Raises OutageNotFound."""
    for circuit in await read_circuits(conn):
        is_meant = circuit.outage_id == outage_id or circuit.endpoint == endpoint
        if is_meant and circuit.state is not CircuitState.WATCHED:
            return await _outage(conn, circuit, await _counts(conn))
    raise OutageNotFound(endpoint or str(outage_id))


async def waiting_runs(conn: Connection, endpoint: str, *, limit: int = WAITING_SHOWN) -> list[WaitingRun]:
    """Who waits, in the order in which they are let through."""
    async with conn.cursor(row_factory=class_row(WaitingRun)) as rows:
        return await (await rows.execute(READ_WAITING, {"endpoint": endpoint, "limit": limit})).fetchall()


async def hold(conn: Connection, *, endpoint: str, reason: str, actor: access.Actor, now: datetime) -> Outage:
    """Let no call through until somebody releases it, whether it answers or not. Raises EndpointUnreadable."""
    before = await lock_or_add(conn, normalised(endpoint))
    after = replace(
        before,
        state=CircuitState.HELD,
        since=before.since or now,
        held_by=actor.id,
        held_because=reason,
        canary_run=None,
        canary_node=None,
        canary_at=None,
        released_at=None,
    )
    await write(conn, after)
    await _record(conn, "hold", before, after, actor=actor, reason=reason, now=now)
    return await _outage(conn, after, await _counts(conn))


async def release(
    conn: Connection,
    *,
    outage_id: UUID | None = None,
    endpoint: str = "",
    reason: str,
    actor: access.Actor,
    now: datetime,
) -> Outage:
    """Let through what waits, the oldest first, without waiting for a canary. Raises OutageNotFound.

    Where the endpoint still does not answer, it is out again as soon as enough runs were failed.
    """
    outage = await show_outage(conn, outage_id=outage_id, endpoint=endpoint)
    before = await lock_or_add(conn, outage.circuit.endpoint)
    if before.outage_id != outage.circuit.outage_id:
        raise OutageNotFound(outage.circuit.endpoint)
    after = before if before.state is CircuitState.RELEASING else answered(before)
    await write(conn, after)
    await _record(conn, "release", before, after, actor=actor, reason=reason, now=now)
    return await _outage(conn, after, await _counts(conn))


async def told_of(conn: Connection, state: State) -> dict[str, OutageTold]:
    """Of the endpoints that nodes of this run wait for: since when they are out, and how many runs wait."""
    waited_for = {node.wait.outage for node in state.nodes.values() if node.is_parked and node.wait is not None}
    if not waited_for:
        return {}
    counts = await _counts(conn)
    told = {}
    for circuit in await read_circuits(conn):
        if circuit.endpoint in waited_for and circuit.since is not None:
            waiting = counts.get(circuit.endpoint, (0, None))[0]
            told[circuit.endpoint] = OutageTold(circuit.since, waiting, is_held=circuit.state is CircuitState.HELD)
    return told


def normalised(endpoint: str) -> str:
    """Scheme, host and port as circuits have them. Raises EndpointUnreadable."""
    try:
        parts = urlsplit(endpoint.strip())
        port, host = parts.port or _PORTS.get(parts.scheme), parts.hostname
    except ValueError:
        raise EndpointUnreadable(endpoint) from None
    rest = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in _PORTS or not host or not port or rest or len(endpoint) > ENDPOINT_CHARACTERS_MAX:
        raise EndpointUnreadable(endpoint)
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def distinct_customers(runs: Sequence[Sequence[int]]) -> int:
    """How many customers these runs are about: runs that share one digest are about one."""
    leads_to: dict[int, int] = {}

    def first_of(digest: int) -> int:
        while (before := leads_to[digest]) != digest:
            leads_to[digest] = leads_to[before]
            digest = before
        return digest

    for digests in runs:
        for digest in digests:
            leads_to.setdefault(digest, digest)
            leads_to[first_of(digest)] = first_of(digests[0])
    return len({first_of(digest) for digest in leads_to})


async def _counts(conn: Connection) -> dict[str, tuple[int, datetime | None]]:
    return {endpoint: (count, since) for endpoint, count, since in await (await conn.execute(COUNT_WAITING)).fetchall()}


async def _outage(conn: Connection, circuit: Circuit, counts: Mapping[str, tuple[int, datetime | None]]) -> Outage:
    count, since = counts.get(circuit.endpoint, (0, None))
    values = {"endpoint": circuit.endpoint, "limit": CUSTOMERS_COUNTED_MAX}
    about = [row[0] for row in await (await conn.execute(READ_CUSTOMERS, values)).fetchall()] if count else []
    return Outage(circuit, count, distinct_customers(about), since)


async def _record(
    conn: Connection, verb: str, before: Circuit, after: Circuit, *, actor: access.Actor, reason: str, now: datetime
) -> None:
    await access.audit.record(
        conn,
        actor=actor,
        action=f"outage.{verb}",
        object_kind="outage",
        object_id=after.endpoint,
        before={"state": before.state.value},
        after={"state": after.state.value},
        reason=reason,
        now=now,
    )
