"""What operators are told of the review desk: kept until somebody closes it, and an event beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from opsdesk import jobs
from opsdesk.access import Actor, Scope, audit, require
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.canonical import canonical
from opsdesk.review.errors import AlertUnknown

SHOWN_MAX = 100
OF_ONE_CASE = frozenset({"flow_no", "ticket_id", "problem", "due_at"})
"""Facts that differ each time; the others tell one cause from another."""

_SQL = statements(__file__)
_RAISE = _SQL["raise"]
_OPEN = _SQL["open"]
_ABOUT = _SQL["about"]
_CLOSE = _SQL["close"]
_COUNT = _SQL["count"]


class Alert(StrEnum):
    """What somebody has to look at. The facts are ids and names, never a value of a customer's."""

    ADAPT_MISSING = "AdaptMissing"
    """A screening type was to look at an application and has no adapt to its application and scene."""
    RULE_UNDECIDED = "RuleUndecided"
    """A rule of a strategy group could not be decided for an application, which was told so."""
    NO_REASON_LEFT = "NoReasonLeft"
    """A screening type has no reason any more that a reviewer could tick: all their reject codes are inactive."""
    NEARLY_LATE = "ScreeningTicketNearlyLate"
    """A screening ticket will soon be late: it went to another role, or up in the queue."""
    RESULT_GIVEN_UP = "ResultGivenUp"
    """The result of a ticket could not be delivered for as long as it is tried."""


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that nobody has closed yet."""

    alert_id: int
    kind: Alert
    facts: Mapping[str, Any]
    """Of the last time."""
    times: int
    first_at: datetime
    last_at: datetime


async def tell(conn: Connection, alert: Alert, facts: Mapping[str, Any], *, now: datetime) -> None:
    """Raise an alert, and tell whoever subscribed once the transaction commits. One that is open counts on."""
    cause = canonical({name: value for name, value in facts.items() if name not in OF_ONE_CASE})
    await conn.execute(_RAISE, {"kind": alert, "cause": cause, "facts": Jsonb(facts), "now": now})
    await jobs.publish(conn, jobs.Event(alert.value, facts))


async def open_alerts(conn: Connection) -> Sequence[OpenAlert]:
    """Those that nobody has closed, the last that came first, SHOWN_MAX at most."""
    return await _read(conn, _OPEN, {"rows": SHOWN_MAX})


async def alerts_about(conn: Connection, *, flow_no: str, ticket_id: UUID | None) -> Sequence[OpenAlert]:
    """The open ones that tell of an application or of its ticket as the last case, the last that came first."""
    about = {"flow_no": flow_no, "ticket_id": None if ticket_id is None else str(ticket_id)}
    return await _read(conn, _ABOUT, about | {"rows": SHOWN_MAX})


async def _read(conn: Connection, statement: bytes, values: Mapping[str, Any]) -> Sequence[OpenAlert]:
    rows = await (await conn.cursor(row_factory=dict_row).execute(statement, values)).fetchall()
    return [OpenAlert(**row | {"kind": Alert(row["kind"])}) for row in rows]


async def count_alerts(conn: Connection) -> Mapping[str, int]:
    """How many are open, of each kind."""
    return dict.fromkeys(map(str, Alert), 0) | dict(await (await conn.execute(_COUNT)).fetchall())


async def close_alert(conn: Connection, *, alert_id: int, actor: Actor, now: datetime) -> None:
    """Say that it was looked after; should it come again, it is a new one. Raises ScopeMissing, AlertUnknown."""
    require(actor, Scope.OPERATIONS_WRITE)
    values = {"alert_id": alert_id, "closed_by": actor.id, "now": now}
    row = await (await conn.execute(_CLOSE, values)).fetchone()
    if row is None:
        raise AlertUnknown(alert_id)
    await audit.record(
        conn,
        actor=actor,
        action="alert.close",
        object_kind="alert",
        object_id=str(alert_id),
        after={"kind": row[0]},
        now=now,
    )
