"""Every change of an order over HTTP is in the audit chain."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.app.test_audited_routes import AuditedApi, audited, expected, first_writes
from tests.benefits.making import furnish, listed
from tests.points.moving import granted

PATH = "/v1/benefit-orders"


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[AuditedApi]:
    async with audited(database_url, tmp_path) as api:
        now = api.installation.clock.now()
        async with api.installation.database.transaction() as conn:
            await furnish(conn)
        async with api.installation.database.transaction() as conn:
            await listed(conn, {"C-1": 10**8}, day=now.date(), now=now)
        yield api


async def test_each_change_about_orders_writes_exactly_the_entries_that_it_should(api: AuditedApi) -> None:
    key = await api.key(name="mobile-bank")
    now = api.installation.clock.now()
    await granted(api.installation.database, 100, now=now, expires_at=now.replace(year=now.year + 1))
    made = await api.post(PATH, {"channel": "crm", "customer_id": "C-1", "service": "lounge"}, key=key, once="1")
    one = f"{PATH}/{made.body['order_id']}"
    quote = (await api.post(f"{one}/quotes", {}, key=key)).body["quote_id"]
    await api.post(f"{one}/refunds", {"quote_id": quote}, key=key, once="2")
    assert first_writes(api) == expected(PATH)
