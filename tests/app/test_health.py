"""What the two addresses for machines that watch tell."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from opsdesk.app.wiring import MIGRATION_STEPS
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.migrate import migrate
from tests.app.documents import greet
from tests.app.own_server import own_server
from tests.app.serving import Api, serving


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


async def test_an_installation_in_order_is_ready(api: Api) -> None:
    answer = await api.get("/readyz")
    assert (answer.status, answer.body["ready"]) == (200, True)
    assert answer.body["checks"] == {"database": "ok", "migrations": "ok", "runs": "ok"}


@pytest.mark.req("FLO-314")
async def test_a_run_that_nothing_wakes_is_not_in_order(api: Api, clock: ManualClock) -> None:
    key = await api.key()
    await api.store(greet(), key=key)
    await api.start("greet", key=key, email="a@b.cn")
    assert (await api.get("/readyz")).status == 200
    clock.advance(seconds=timedelta(minutes=2).total_seconds())
    answer = await api.get("/readyz")
    assert (answer.status, answer.body["checks"]["runs"]) == (503, "1 stalled")


async def test_a_database_that_is_older_than_the_code_is_not_in_order(api: Api) -> None:
    async with api.installation.database.connection() as conn:
        await conn.execute("delete from schema_migration where version = (select max(version) from schema_migration)")
    answer = await api.get("/readyz")
    assert (answer.status, answer.body["checks"]["migrations"]) == (503, "1 pending: run `opsdesk migrate`")


async def test_a_database_that_is_newer_than_the_code_is_not_in_order(api: Api) -> None:
    async with api.installation.database.connection() as conn:
        await conn.execute("update schema_migration set version = 9999 where version = 1")
    answer = await api.get("/readyz")
    assert answer.status == 503
    assert "newer" in answer.body["checks"]["migrations"]


async def test_without_its_database_a_process_lives_and_is_not_ready(
    session_folder: Path, tmp_path: Path, clock: ManualClock
) -> None:
    with own_server(session_folder / uuid4().hex) as server:
        await migrate(server.url, steps=MIGRATION_STEPS)
        async with serving(server.url, tmp_path, clock) as api:
            key = await api.key()
            server.go_away()
            alive, ready = await api.get("/healthz"), await api.get("/readyz")
            listed = await api.get("/v1/runs", key=key)
    assert (alive.status, ready.status) == (200, 503)
    assert ready.body == {"ready": False, "checks": {"database": "does not answer"}}
    assert (listed.status, listed.code, listed.body["error"]["retry"]) == (503, "DatabaseUnavailable", True)
    assert int(listed.headers["Retry-After"]) > 0
