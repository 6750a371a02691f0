"""Every change of settlement over HTTP is in the audit chain."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.benefits.settlement.months import Calendar, file_name
from tests.app.test_audited_routes import AuditedApi, audited, expected, first_writes
from tests.app.test_openapi_open_platform import Partner
from tests.benefits.making import furnish
from tests.benefits.partners.partnering import a_partner, added

PATH = "/v1/settlement-periods"


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[AuditedApi]:
    async with audited(database_url, tmp_path) as api:
        async with api.installation.database.transaction() as conn:
            await furnish(conn)
        yield api


async def test_closing_a_month_writes_exactly_the_entries_that_it_should(api: AuditedApi) -> None:
    await api.post(PATH, {}, key=await api.key(name="operator"))
    assert first_writes(api) == expected(PATH)


async def test_an_address_that_is_given_to_a_provider_is_an_entry(api: AuditedApi) -> None:
    await api.post(PATH, {}, key=await api.key(name="operator"))
    await a_partner(api.installation.database)
    airport = Partner(api, await added(api.installation.database))
    month = Calendar().last_due(api.installation.clock.now())
    await airport.post(f"/open/v1/files/{file_name('airport', month)}/downloads", {})
    assert first_writes(api) == expected(PATH, "/open/v1/files/{name}/downloads")
