"""The sealer of a worker: it seals while the worker works, and once more before it ends."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from opsdesk import access
from opsdesk.app.sealing import Sealer
from opsdesk.app.wiring import MIGRATION_STEPS
from opsdesk.kit.clock import ManualClock, SystemClock
from opsdesk.kit.db import Database
from opsdesk.kit.migrate import migrate
from tests.access.audit.chains import KEY, chain, verified, write
from tests.app.own_server import own_server
from tests.app.serving import Api, serving, until, working_for


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, SystemClock()) as api:
        yield api


async def state(db: Database) -> access.audit.ChainState:
    async with db.connection() as conn:
        return await access.audit.chain_state(conn)


async def test_a_worker_seals_what_is_written_and_tells_the_head(api: Api) -> None:
    await api.key()
    db = api.installation.database
    with capture_logs() as lines:
        async with working_for(api.installation):

            async def is_sealed() -> bool:
                return (await state(db)).unsealed == 0

            await until(is_sealed)
    head = (await state(db)).head
    assert head is not None
    [told] = [line for line in lines if line["event"] == "audit_sealed"]
    assert (told["entries"], told["seq"], told["head"]) == (1, head.seq, head.hash)


async def test_what_is_written_until_a_worker_ends_is_sealed_before_it_ends(db: Database, clock: ManualClock) -> None:
    sealer = Sealer(db, KEY, clock=clock)
    sealing = asyncio.create_task(sealer.run())
    await write(db, clock.now(), count=2)
    sealer.stop()
    await sealing
    assert (await state(db)).unsealed == 0


async def test_two_sealers_at_once_seal_each_entry_once(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now(), count=4)
    sealers = [Sealer(db, KEY, clock=clock) for _ in range(2)]
    sealing = [asyncio.create_task(sealer.run()) for sealer in sealers]
    await asyncio.gather(*[write(db, clock.now(), count=5) for _ in range(8)])
    for sealer in sealers:
        sealer.stop()
    await asyncio.gather(*sealing)
    report = await verified(db)
    assert (report.entries, report.unsealed, report.findings) == (44, 0, [])


async def test_a_database_that_is_away_is_told_once_and_waited_for(session_folder: Path, clock: ManualClock) -> None:
    with own_server(session_folder / uuid4().hex) as server:
        await migrate(server.url, steps=MIGRATION_STEPS)
        db = Database(server.url, wait_s=0.5)
        await db.open()
        await write(db, clock.now(), count=2)
        sealer = Sealer(db, KEY, clock=clock)
        with capture_logs() as lines:
            server.go_away()
            await sealer.once()
            await sealer.once()
            server.come_back()

            async def is_sealed() -> bool:
                await sealer.once()
                return any(line["event"] == "audit_sealed" for line in lines)

            await until(is_sealed)
        assert [line["event"] for line in lines] == ["audit_not_sealed", "audit_sealed"]
        await db.close()
