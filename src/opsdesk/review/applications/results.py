"""What goes back to credit: one result for a ticket, written in the transaction that ends it, and how it arrives."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, dict_row

from opsdesk import jobs
from opsdesk.access import Actor, Scope, audit, require
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.applications.errors import ResultNotSendable, ResultUnknown
from opsdesk.review.model import ScreeningStatus, Ticket, Verdict, screening_status

JOB = "deliver_result"
TRIED_S = 3 * 24 * 3600
"""A result that does not arrive is tried for three days, and then given up."""
ATTEMPTS_SHOWN = 50
LATEST_SHOWN = 20
EVENT = "application.decided"

_SQL = statements(__file__)
_INSERT = _SQL["insert"]
_SHOW = _SQL["show"]
_LATEST = _SQL["latest"]
_LOCK = _SQL["lock"]
_ATTEMPTS = _SQL["attempts"]
_SETTLE = _SQL["settle"]
_COUNT = _SQL["count"]
_CODES = _SQL["codes"]


class DeliveryState(StrEnum):
    """Where the delivery of a result stands."""

    WAITING = "waiting"
    """It is about to be sent."""
    RETRYING = "retrying"
    """It did not arrive, and is sent again."""
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    """It did not arrive for as long as it is tried; a person can have it sent again."""
    UNSENT = "unsent"
    """Its application has no receiver: whoever waits for it asks."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a ticket, and how its delivery stands."""

    ticket_id: UUID
    flow_no: str
    application: str
    status: ScreeningStatus
    result: Verdict | None
    """None: it ended without a verdict, and nobody passes by that."""
    codes: Sequence[str]
    body: str
    ended_at: datetime
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    until: datetime
    """Until when it is tried."""
    problem: str | None
    """Why the last attempt did not arrive."""
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that a result was sent."""

    number: int
    at: datetime
    url: str
    status: int | None
    problem: str | None


async def record_result(conn: Connection, ticket: Ticket, *, codes: Sequence[str], now: datetime) -> None:
    """Write down what goes back for a ticket that has just ended, and have it delivered: once for a ticket.

    One that expired or was cancelled goes back as well, without a result: nobody waits for it for ever.
    """
    screening = ticket.screening
    assert screening is not None, "only tickets of applications have results"
    status = screening_status(ticket, now)
    values: dict[str, Any] = {
        "ticket_id": ticket.id,
        "flow_no": ticket.flow_no,
        "application": screening.application,
        "status": status,
        "result": screening.result,
        "codes": list(codes),
        "body": _body(ticket, status, codes, now),
        "now": now,
        "until": now + timedelta(seconds=TRIED_S),
    }
    if await (await conn.execute(_INSERT, values)).fetchone() is not None:
        await enqueue_delivery(conn, ticket.id, at=None)


async def record_decided(conn: Connection, ticket: Ticket, *, now: datetime) -> None:
    """Write down what goes back for a ticket that has just been decided: the codes of the judgement that counts."""
    row = await (await conn.execute(_CODES, {"ticket_id": ticket.id})).fetchone()
    await record_result(conn, ticket, codes=row[0] if row else (), now=now)


async def find_result(conn: Connection, *, ticket_id: UUID) -> Result | None:
    """The result of a ticket; None: it has not ended, or no application came with it."""
    row = await (await conn.cursor(row_factory=dict_row).execute(_SHOW, {"ticket_id": ticket_id})).fetchone()
    return None if row is None else _result(row)


async def latest_results(conn: Connection) -> Sequence[Result]:
    """What went back last, of every application; LATEST_SHOWN at most."""
    rows = await (await conn.cursor(row_factory=dict_row).execute(_LATEST, {"rows": LATEST_SHOWN})).fetchall()
    return [_result(row) for row in rows]


async def list_attempts(conn: Connection, *, ticket_id: UUID) -> Sequence[Attempt]:
    """The times that it was sent, the last first, ATTEMPTS_SHOWN at most."""
    rows = conn.cursor(row_factory=class_row(Attempt))
    return await (await rows.execute(_ATTEMPTS, {"ticket_id": ticket_id, "rows": ATTEMPTS_SHOWN})).fetchall()


async def count_undelivered(conn: Connection) -> Mapping[str, int]:
    """How many results have not arrived, by where their delivery stands."""
    return dict(await (await conn.execute(_COUNT)).fetchall())


async def send_again(conn: Connection, *, ticket_id: UUID, actor: Actor, now: datetime) -> Result:
    """Have a result sent now, under the same id and for another three days, to where results go by now.

    Raises ScopeMissing, ResultUnknown; ResultNotSendable for one that is being sent anyhow.
    """
    require(actor, Scope.OPERATIONS_WRITE)
    before = await lock_result(conn, ticket_id=ticket_id)
    if before is None:
        raise ResultUnknown(str(ticket_id))
    if before.state is DeliveryState.WAITING:
        raise ResultNotSendable(str(ticket_id), before.state)
    until = now + timedelta(seconds=TRIED_S)
    after = replace(before, state=DeliveryState.WAITING, next_at=now, until=until, problem=None, delivered_at=None)
    await settle(conn, after)
    await enqueue_delivery(conn, ticket_id, at=None)
    await audit.record(
        conn,
        actor=actor,
        action="result.send_again",
        object_kind="ticket",
        object_id=str(ticket_id),
        before={"state": before.state, "attempts": before.attempts},
        after={"state": after.state},
        now=now,
    )
    return after


async def lock_result(conn: Connection, *, ticket_id: UUID) -> Result | None:
    await conn.execute(_LOCK, {"ticket_id": ticket_id})
    return await find_result(conn, ticket_id=ticket_id)


async def settle(conn: Connection, result: Result) -> None:
    """Write how the delivery of a locked result stands."""
    await conn.execute(_SETTLE, asdict(result))


async def enqueue_delivery(conn: Connection, ticket_id: UUID, *, at: datetime | None) -> None:
    """Have it sent, at a time or as soon as this transaction commits."""
    await jobs.enqueue(conn, kind=JOB, payload={"ticket_id": str(ticket_id)}, run_at=at, key=str(ticket_id))


def _body(ticket: Ticket, status: ScreeningStatus, codes: Sequence[str], now: datetime) -> str:
    assert ticket.screening is not None
    of = ticket.screening
    told = {
        "type": EVENT,
        "timestamp": now.isoformat(),
        "flow_no": ticket.flow_no,
        "application": of.application,
        "scene": of.scene,
        "user_id": of.user_id,
        "ticket_id": str(ticket.id),
        "status": status.value,
        "result": of.result and of.result.value,
        "codes": list(codes),
        "screening_type": ticket.title,
        "type_version": of.type_version,
        "adapt_version": of.adapt_version,
    }
    return json.dumps(told, ensure_ascii=False)


def _result(row: Mapping[str, Any]) -> Result:
    return Result(
        **{
            **row,
            "status": ScreeningStatus(row["status"]),
            "result": Verdict(row["result"]) if row["result"] else None,
            "codes": tuple(row["codes"]),
            "state": DeliveryState(row["state"]),
        }
    )
