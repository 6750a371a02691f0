"""What fails now, and who works: for those who watch the installation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from opsdesk.flows.definitions import read_definition
from opsdesk.flows.draw_status import partner
from opsdesk.flows.procedure import Procedure
from opsdesk.kit.db import Connection
from opsdesk.kit.masking import mask_text
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
TROUBLED_NODES = _SQL["troubled_nodes"]
LIST_WORKERS = _SQL["list_workers"]

RUNS_MAX = 10_000
"""Runs that are looked at; more than these say nothing new."""
NODES_MAX = 200
WORKERS_MAX = 100


@dataclass(frozen=True, slots=True)
class TroubledNode:
    """A node that open runs are held up at by failures."""

    procedure_id: str
    node: str
    name: str
    runs: int
    """That wait for it."""
    retried: int
    """Of these, those that are tried again by themselves; the others wait for an operator."""
    next_at: datetime | None
    """The next attempt; None: none by itself."""
    since: datetime
    """The first failure of a run that waits."""
    last_at: datetime
    code: str
    message: str
    """Of the last failure; masked."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A partner, by its host, or what else the nodes call, and where it is missed."""

    partner: str
    """Empty where the address is put together at run time, or a person or a command is called."""
    runs: int
    since: datetime
    next_at: datetime | None
    nodes: Sequence[TroubledNode]


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that executes runs. By the database's clock, which leases go by."""

    worker_id: UUID
    name: str
    lease_until: datetime
    alive: bool
    left_s: float
    runs: int
    """That it holds."""


async def outages(conn: Connection) -> list[Outage]:
    """What open runs are held up by now, the partner with most of them first."""
    rows = await (await conn.execute(TROUBLED_NODES, {"runs_max": RUNS_MAX, "limit": NODES_MAX})).fetchall()
    known: dict[int, Procedure] = {}
    by_partner: dict[str, list[TroubledNode]] = {}
    for definition_id, procedure_id, node, runs, retried, next_at, since, last_at, code, message in rows:
        if definition_id not in known:
            known[definition_id] = await read_definition(conn, definition_id)
        declared = known[definition_id].nodes.get(node)
        troubled = TroubledNode(
            procedure_id=procedure_id,
            node=node,
            name=declared.name if declared else node,
            runs=runs,
            retried=retried,
            next_at=next_at,
            since=since,
            last_at=last_at,
            code=code or "",
            message=mask_text(message or ""),
        )
        by_partner.setdefault(partner(declared) if declared else "", []).append(troubled)
    found = [_outage(host, nodes) for host, nodes in by_partner.items()]
    return sorted(found, key=lambda outage: -outage.runs)


def _outage(host: str, nodes: Sequence[TroubledNode]) -> Outage:
    return Outage(
        partner=host,
        runs=sum(node.runs for node in nodes),
        since=min(node.since for node in nodes),
        next_at=min((node.next_at for node in nodes if node.next_at), default=None),
        nodes=nodes,
    )


async def list_workers(conn: Connection) -> list[Worker]:
    """Those that work, and those that died and are not forgotten yet."""
    async with conn.cursor(row_factory=class_row(Worker)) as rows:
        return await (await rows.execute(LIST_WORKERS, {"limit": WORKERS_MAX})).fetchall()
