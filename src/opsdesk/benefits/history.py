"""What an order left behind: its steps, what was told, made and answered, in the order in which it happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

ROWS_MAX = 500
"""What is more is left out: an order takes four steps at most, the rest is requests that changed nothing."""

_SQL = statements(__file__)


class Kind(StrEnum):
    """What a row was kept for."""

    LINK = "link"
    QUOTE = "quote"
    EVENT = "event"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Kept:
    """One row, with the way that its request came."""

    kind: Kind
    at: datetime
    trace_id: str
    path: str
    facts: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", Kind(self.kind))


async def read_history(conn: Connection, order_id: UUID) -> Sequence[Kept]:
    """The first comes first."""
    async with conn.cursor(row_factory=class_row(Kept)) as rows:
        return await (await rows.execute(_SQL["history"], {"order_id": order_id, "limit": ROWS_MAX})).fetchall()
