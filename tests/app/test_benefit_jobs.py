"""Expiry over HTTP: in calls that end some of it, and the log of what ran, as they are described."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock
from tests.app.described import DescribedApi, described
from tests.app.test_audited_routes import audited, expected, first_writes
from tests.app.test_openapi import missing
from tests.benefits.making import an_order, broken, furnish
from tests.points.moving import NOW, days

PATH = "/v1/benefit-expiry-runs"
LOG = "/v1/benefit-job-runs"


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, ManualClock(NOW + days(90))) as api:
        async with api.installation.database.transaction() as conn:
            await furnish(conn)
        yield api
        assert await broken(api.installation.database) == {}


@pytest.mark.req("PTS-602")
async def test_a_scheduler_ends_what_is_due_and_the_log_is_there_for_readers(api: DescribedApi) -> None:
    for _ in range(3):
        await an_order(api.installation.database)
    key = await api.key("benefits:write", "benefits:read", name="scheduler")
    made = await api.post(PATH, {}, key=key, once="1")
    assert (made.status, made.body) == (
        201,
        {"job_run_id": 1, "expired": 3, "returned": 300, "forfeited": 0, "remaining": 0},
    )
    again = await api.post(PATH, {}, key=key, once="1")
    assert (again.status, again.body) == (201, made.body)
    assert (await api.post(PATH, {}, key=key, once="2")).body["expired"] == 0
    first = (await api.get(f"{LOG}?limit=1", key=key)).body
    assert (first["items"][0]["orders"], first["items"][0]["kind"]) == (0, "expiry")
    rest = (await api.get(f"{LOG}?limit=1&cursor={first['next']}", key=key)).body
    assert (rest["items"][0]["orders"], rest["items"][0]["begun_by"], rest["next"]) == (3, "key:scheduler", None)
    assert missing(api, PATH, LOG) == []


async def test_what_is_not_asked_as_it_has_to_be_is_refused(api: DescribedApi) -> None:
    key = await api.key("benefits:write", name="scheduler")
    assert (await api.post(PATH, {}, key=key)).status == 422
    assert (await api.post(PATH, {"orders": 5}, key=key, once="1")).status == 422
    assert (await api.get(LOG, key=key)).code == "ScopeMissing"
    reader = await api.key("benefits:read", name="reader")
    assert (await api.get(f"{LOG}?limit=0", key=reader)).code == "BadPageSize"
    assert (await api.get(f"{LOG}?cursor=x", key=reader)).code == "BadCursor"
    assert (await api.post(PATH, {}, key=reader, once="1")).code == "ScopeMissing"


async def test_expiry_over_http_writes_an_entry_for_each_batch_and_one_for_the_call(
    database_url: str, tmp_path: Path
) -> None:
    async with audited(database_url, tmp_path) as api:
        db, now = api.installation.database, api.installation.clock.now()
        async with db.transaction() as conn:
            await furnish(conn)
        await an_order(db, now=NOW, expires_at=now + days(900))
        await api.post(PATH, {}, key=await api.key(name="scheduler"), once="1")
        assert first_writes(api) == expected(PATH)
