"""After every test that moves points, the invariants of the ledger and of orders hold."""

from collections.abc import AsyncIterator

import pytest

from opsdesk.kit.db import Database
from tests.benefits.making import broken, furnish


@pytest.fixture
async def bank(db: Database) -> AsyncIterator[Database]:
    """A database with a catalogue and customers, whose books are checked when the test is over."""
    async with db.transaction() as conn:
        await furnish(conn)
    yield db
    assert await broken(db) == {}
