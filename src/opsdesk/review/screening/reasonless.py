"""Screening types which nobody can reject with, since the codes of all their reasons went inactive."""

from collections.abc import Sequence
from datetime import datetime

from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.alerts import Alert, tell
from opsdesk.review.reference.model import FOR_TICKETS

_SQL = statements(__file__)
_TYPES_WITHOUT_REASON = _SQL["types_without_reason"]


async def tell_of_types_without_reason(conn: Connection, *, codes: Sequence[str], now: datetime) -> None:
    """Raise an alert for each type that has one of these codes, and no reason that a reviewer could tick."""
    values = {"codes": list(codes), "for_tickets": list(FOR_TICKETS)}
    for type_id, name in await (await conn.execute(_TYPES_WITHOUT_REASON, values)).fetchall():
        await tell(conn, Alert.NO_REASON_LEFT, {"type_id": type_id, "screening_type": name}, now=now)
