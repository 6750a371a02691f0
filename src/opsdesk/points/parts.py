"""What became of the points that an order took, lot by lot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_SQL = statements(__file__)


class Fate(StrEnum):
    """Where the points of a lot are that an order took."""

    HELD = "held"
    RETURNED = "returned"
    FORFEITED = "forfeited"
    SPENT = "spent"


_FATES: Mapping[int | None, Fate] = {None: Fate.HELD, 3: Fate.RETURNED, 4: Fate.FORFEITED, 5: Fate.SPENT}
"""By the kind of the posting that let go of them."""


@dataclass(frozen=True, slots=True)
class OrderPart:
    """Points of one lot that an order took."""

    lot_id: int
    points: int
    expires_at: datetime
    fate: Fate


async def read_parts(conn: Connection, order_id: UUID) -> Sequence[OrderPart]:
    """Those that expire first come first."""
    rows = await (await conn.execute(_SQL["of_order"], {"order_id": order_id})).fetchall()
    return [OrderPart(lot_id, points, expires_at, _FATES[kind]) for lot_id, points, expires_at, kind in rows]
