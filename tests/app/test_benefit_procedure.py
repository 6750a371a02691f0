"""The procedure that ends orders every night, as a run against a real server."""

from pathlib import Path
from typing import Any

import pytest

from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.app.serving import Api, serving, until, working_for
from tests.benefits.making import an_order, broken, furnish
from tests.points.moving import NOW, days

FILE = Path(__file__).parents[2] / "procedures" / "benefits" / "expiry.osop.yaml"
MIDNIGHT = NOW + days(91)
LOCK = b"select from benefit_order where order_id = %(order_id)s for no key update"


async def ended(api: Api, run: str, *, key: str) -> dict[str, Any]:
    async def look() -> Any:
        body = (await api.get(f"/v1/runs/{run}", key=key)).body
        return body if body["status"] in ("completed", "failed", "cancelled") else None

    return dict(await until(look))


async def left(db: Database) -> int:
    async with db.connection() as conn:
        row = await (await conn.execute(b"select count(*) from benefit_order where status = 100")).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.req("PTS-601", "PTS-602", "PTS-605")
async def test_the_nightly_procedure_goes_on_until_nothing_is_left_that_it_can_end(
    database_url: str, tmp_path: Path
) -> None:
    """Somebody holds one of the orders: it asks once more, ends nothing, and leaves that one to the next night."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    async with serving(database_url, tmp_path / "data", ManualClock(MIDNIGHT), secrets_dir=secrets) as api:
        db = api.installation.database
        async with db.transaction() as conn:
            await furnish(conn)
        made = [await an_order(db) for _ in range(3)]
        key = await api.key(name="engineer")
        (secrets / "OPSDESK_URL").write_text(api.url)
        (secrets / "BENEFITS_API_KEY").write_text(await api.key("benefits:write", name="scheduler"))
        assert (await api.store(FILE.read_text(encoding="utf-8"), key=key)).status == 201
        async with working_for(api.installation):
            async with db.transaction() as conn:
                await conn.execute(LOCK, {"order_id": made[0].order_id})
                first = await ended(api, await api.start("benefit-expiry", key=key, due="2026-04-06"), key=key)
            assert (first["status"], await left(db)) == ("completed", 1)
            second = await ended(api, await api.start("benefit-expiry", key=key, once="2", due="2026-04-07"), key=key)
            assert (second["status"], await left(db)) == ("completed", 0)
        log = (await api.get("/v1/benefit-job-runs", key=key)).body["items"]
        assert [(each["orders"], each["remaining"], each["begun_by"]) for each in log] == [(3, 0, "key:scheduler")]
        async with db.connection() as conn:
            calls = await (await conn.execute(b"select orders from benefit_job_call order by answered_at")).fetchall()
        assert sorted(calls) == [(0,), (1,), (2,)]
        assert await broken(db) == {}
