"""What is always true of files is asked for in a way that finds damage."""

from pathlib import Path

import pytest

from opsdesk import points
from opsdesk.benefits.settlement.invariants import INVARIANTS
from opsdesk.kit.db import Database
from tests.benefits.settlement.settling import done, settled, settlement_in


@pytest.mark.req("PTS-709")
@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("update benefit_settlement_file set total_fen = total_fen + 1 where rows = 1", "I10"),
        ("update benefit_settlement_file set rows = rows + 1 where rows = 1", "I10"),
        ("update benefit_order set settle_month = '2026-01-01'", "I10"),
        ("delete from benefit_settlement_file; delete from benefit_settlement_due", "I10a"),
    ],
)
async def test_a_file_that_is_not_of_its_orders_is_found(
    bank: Database, tmp_path: Path, damage: str, found: str
) -> None:
    await done(bank, "2025-12-21 10:00:00")
    await settled(bank, settlement_in(tmp_path))
    async with bank.connection() as conn, conn.transaction(force_rollback=True):
        await conn.execute("set transaction isolation level repeatable read")
        await conn.execute("set local session_replication_role = replica")
        for statement in damage.split(";"):
            await conn.execute(statement.encode())
        assert list(await points.invariants.broken(conn, INVARIANTS)) == [found]
