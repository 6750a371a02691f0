"""After every test that moves points, the invariants hold."""

from collections.abc import AsyncIterator

import pytest

from opsdesk.kit.db import Database
from opsdesk.points import invariants


@pytest.fixture
async def points(db: Database) -> AsyncIterator[Database]:
    """A database whose ledger is checked when the test is over."""
    yield db
    async with db.transaction() as conn:
        await conn.execute(b"set transaction isolation level repeatable read")
        assert await invariants.broken(conn) == {}
