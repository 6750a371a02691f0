"""The pool and its transactions, on a real server."""

import pytest

from opsdesk.kit.db import Connection, Database


async def test_each_test_has_a_migrated_database(db: Database) -> None:
    async with db.connection() as conn:
        row = await (await conn.execute("SELECT count(*) FROM schema_migration")).fetchone()
    assert row is not None


@pytest.mark.parametrize("value", [1, 2])
async def test_what_a_test_writes_is_rolled_back(conn: Connection, value: int) -> None:
    await conn.execute("CREATE TABLE left_behind (value integer)")
    await conn.execute("INSERT INTO left_behind VALUES (%s)", (value,))
