"""What the two addresses for machines that watch tell."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from opsdesk.app.wiring import MIGRATION_STEPS, open_app
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.migrate import DatabaseNewer, migrate
from opsdesk.kit.settings import Settings
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


async def test_a_process_goes_on_while_a_newer_version_upgrades_the_database(
    api: Api, database_url: str, tmp_path: Path
) -> None:
    async with api.installation.database.connection() as conn:
        await conn.execute(
            "insert into schema_migration (version, name, digest)"
            " select 9999, 'later', digest from schema_migration limit 1"
        )
    assert (await api.get("/readyz")).status == 200
    settings = Settings(database_url=database_url, data_dir=tmp_path)
    with pytest.raises(DatabaseNewer):
        async with open_app(settings):
            pass
    async with open_app(settings.model_copy(update={"accept_newer_database": True})):
        pass


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
