"""Every change of a strategy group over HTTP is in the audit chain."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.app.test_audited_routes import AuditedApi, audited, expected, first_writes
from tests.configured import add_reference
from tests.review.screening.samples import rule

PATH = "/v1/strategy-groups"
DOCUMENT = {"features": [], "rules": [rule("everybody", "true")]}


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[AuditedApi]:
    async with audited(database_url, tmp_path) as api:
        async with api.installation.database.transaction() as conn:
            await add_reference(conn, now=api.installation.clock.now())
        yield api


async def test_each_change_about_groups_writes_exactly_the_entries_that_it_should(api: AuditedApi) -> None:
    key = await api.key(name="risk")
    new = {"application": "cash_loan", "scene": "activation", "name": "new customers", "document": DOCUMENT}
    one = f"{PATH}/{(await api.post(PATH, new, key=key)).body['id']}"
    changed = {"features": [], "rules": [rule("nobody", "false")]}
    await api.post(f"{one}/revisions", {"expected_revision": 1, "document": changed}, key=key)
    await api.post(f"{one}/restorations", {"revision": 1, "expected_revision": 2}, key=key)
    await api.call("PUT", f"{one}/live-revision", key=key, json={"revision": 3})
    await api.call("DELETE", f"{one}/activations", key=key)
    await api.call("POST", f"{one}/activations", key=key)
    await api.call("PUT", f"{one}/place", key=key, json={"place": 3})
    await api.post(f"{one}/try", {}, key=key)
    assert first_writes(api) == expected(PATH)
