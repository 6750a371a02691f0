"""After every test that settles, the books hold."""

from collections.abc import AsyncIterator
from datetime import date

import pytest

from opsdesk.benefits import catalogue
from opsdesk.benefits.catalogue import Provider
from opsdesk.kit.db import Database
from tests.benefits.making import DENTAL, LOUNGE, broken, listed, put
from tests.benefits.settlement.settling import moment
from tests.points.moving import BANK


@pytest.fixture
async def bank(db: Database) -> AsyncIterator[Database]:
    """Two providers and a rich customer, before the months that are settled."""
    now = moment("2025-10-01 08:00:00")
    async with db.transaction() as conn:
        for name in ("airport", "clinic"):
            await catalogue.put_provider(conn, Provider(name, f"服务商{name}", name), actor=BANK, now=now)
        await put(conn, LOUNGE)
        await put(conn, DENTAL)
        await listed(conn, {"C-1": 50_000_000}, day=date(2025, 10, 1), now=now)
    yield db
    assert await broken(db) == {}
