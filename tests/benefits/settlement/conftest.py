"""After every test that settles, the books hold."""

from collections.abc import AsyncIterator

import pytest

from opsdesk.kit.db import Database
from tests.benefits.making import broken
from tests.benefits.settlement.settling import furnish


@pytest.fixture
async def bank(db: Database) -> AsyncIterator[Database]:
    """Two providers and a rich customer, before the months that are settled."""
    async with db.transaction() as conn:
        await furnish(conn)
    yield db
    assert await broken(db) == {}
