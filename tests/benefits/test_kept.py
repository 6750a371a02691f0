"""What happened is kept: nothing takes it away, and nothing writes over it."""

import pytest
from psycopg.errors import RestrictViolation

from opsdesk.kit.db import Database
from tests.benefits.making import an_order, quoted

KEPT = [
    "points_posting",
    "points_lot",
    "points_wallet",
    "benefit_order",
    "benefit_event",
    "benefit_answer",
    "benefit_quote",
]


@pytest.mark.req("PTS-806")
@pytest.mark.parametrize("table", KEPT)
async def test_a_row_is_kept_as_long_as_the_database(bank: Database, table: str) -> None:
    await quoted(bank, await an_order(bank))
    async with bank.connection() as conn:
        for statement in (f"delete from {table}", f"truncate {table} cascade"):
            with pytest.raises(RestrictViolation):
                await conn.execute(statement.encode())
        assert (await (await conn.execute(f"select count(*) from {table}".encode())).fetchall())[0][0] > 0
