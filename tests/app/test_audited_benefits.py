"""Every change of an order over HTTP is in the audit chain."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.benefits.rules import BUSINESS_ZONE
from opsdesk.kit.ids import new_id
from tests.app.test_audited_routes import AuditedApi, audited, expected, first_writes
from tests.app.test_openapi_open_platform import Partner, envelope, link, meant
from tests.benefits.making import furnish, listed
from tests.benefits.partners.partnering import a_partner, added
from tests.points.moving import granted

PATH = "/v1/benefit-orders"
WISH = {"channel": "crm", "customer_id": "C-1", "service": "lounge"}


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[AuditedApi]:
    async with audited(database_url, tmp_path) as api:
        now = api.installation.clock.now()
        async with api.installation.database.transaction() as conn:
            await furnish(conn)
        async with api.installation.database.transaction() as conn:
            await listed(conn, {"C-1": 10**8}, day=now.date(), now=now)
        await a_partner(api.installation.database)
        await granted(api.installation.database, 1000, now=now, expires_at=now.replace(year=now.year + 1))
        yield api


async def test_each_change_about_orders_writes_exactly_the_entries_that_it_should(api: AuditedApi) -> None:
    key = await api.key(name="mobile-bank")
    made = await api.post(PATH, WISH, key=key, once="1")
    one = f"{PATH}/{made.body['order_id']}"
    await link(api, key, made.body, "booking")
    quote = (await api.post(f"{one}/quotes", {}, key=key)).body["quote_id"]
    await api.post(f"{one}/refunds", {"quote_id": quote}, key=key, once="2")
    assert first_writes(api) == expected(PATH)


async def test_what_comes_over_the_bus_and_from_partners_writes_the_entries_that_it_should(api: AuditedApi) -> None:
    key = await api.key(name="bank")
    airport = Partner(api, await added(api.installation.database))
    made = (await api.post("/v1/esb-messages", envelope("benefit.redeem", WISH), key=key)).body["body"]
    await airport.post("/open/v1/bookings", meant(made, await link(api, key, made, "booking")))
    leaving = meant(made, await link(api, key, made, "cancellation"))
    quote = (await airport.post("/open/v1/quotes", leaving)).body["quote_id"]
    await airport.post("/open/v1/cancellations", leaving | {"quote_id": quote})
    made = (await api.post(PATH, WISH, key=key, once=str(new_id()))).body
    await airport.post("/open/v1/bookings", meant(made, await link(api, key, made, "booking")))
    now = api.installation.clock.now().astimezone(BUSINESS_ZONE).strftime("%Y%m%d%H%M%S")
    report = {"benefit_code": made["benefit_code"], "service": "lounge", "completed_at": now}
    await airport.post("/open/v1/completions", report)
    assert first_writes(api) == {
        **expected("/open/v1/bookings", "/open/v1/quotes", "/open/v1/cancellations", "/open/v1/completions"),
        **expected("/v1/esb-messages"),
        f"POST {PATH}": ["benefit.redeem"],
        f"POST {PATH}/{{order_id}}/links": ["benefit_link.issue"],
    }
