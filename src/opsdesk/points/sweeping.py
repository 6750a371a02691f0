"""Lots that are past their date are swept: in batches, each of which commits by itself, until nothing is left."""

from dataclasses import dataclass
from datetime import datetime

from opsdesk import access
from opsdesk.kit.db import Database
from opsdesk.kit.ids import new_id
from opsdesk.points import ledger

LOTS_AT_ONCE = 1000
"""So many that a wallet is locked for a fraction of a second."""
BATCHES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class SweepDone:
    """What a sweep has done."""

    lots: int
    points: int
    batches: int
    is_done: bool
    """Whether nothing was left to be swept."""


async def sweep_due(
    database: Database, *, actor: access.Actor, now: datetime, lots: int = LOTS_AT_ONCE, batches_max: int = BATCHES_MAX
) -> SweepDone:
    """Take out of all wallets what was past its date by `now`. Two at once share the work.

    What was swept stays so, whatever ends it early.
    """
    swept_lots = swept_points = batches = 0
    while batches < batches_max:
        async with database.transaction() as conn:
            swept = await ledger.sweep(conn, now=now, lots=lots)
            if swept is None:
                return SweepDone(swept_lots, swept_points, batches, is_done=True)
            if swept.lots:
                await access.audit.record(
                    conn,
                    actor=actor,
                    action="points.sweep",
                    object_kind="points_sweep",
                    object_id=str(new_id()),
                    after={"lots": swept.lots, "points": swept.points},
                    now=now,
                )
        batches += 1
        swept_lots += swept.lots
        swept_points += swept.points
    return SweepDone(swept_lots, swept_points, batches, is_done=False)
