"""Every hour, link keys that are due are offered, those that are over are destroyed, and old nonces forgotten."""

import asyncio
from datetime import timedelta

from opsdesk.app.partner_jobs import keep_partner_keys
from opsdesk.benefits import catalogue
from opsdesk.benefits.catalogue import Provider
from opsdesk.benefits.partners import link_keys
from opsdesk.benefits.partners.link_keys import OPENS_AFTER_S, ROTATED_AFTER_DAYS, EpochState
from opsdesk.benefits.partners.requests import NONCE_S
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.benefits.partners.partnering import a_partner, a_request, acknowledged, added, checked
from tests.points.moving import BANK, NOW


async def served(db: Database) -> None:
    async with db.transaction() as conn:
        await catalogue.put_provider(conn, Provider("airport", "机场", "Airport"), actor=BANK, now=NOW)
    await a_partner(db)


async def states(db: Database, clock: ManualClock) -> list[EpochState]:
    async with db.connection() as conn:
        return [each.state(clock.now()) for each in await link_keys.list_epochs(conn, "airport")]


async def test_keys_are_offered_when_they_are_due_and_destroyed_when_they_are_over(db: Database) -> None:
    await served(db)
    clock = ManualClock(NOW + timedelta(days=ROTATED_AFTER_DAYS))
    keep = keep_partner_keys(clock)
    await asyncio.gather(keep(db, {}), keep(db, {}))
    await keep(db, {})
    assert await states(db, clock) == [EpochState.OFFERED, EpochState.CURRENT]
    await acknowledged(db, 2, now=clock.now())
    clock.advance(seconds=OPENS_AFTER_S)
    await keep(db, {})
    assert await states(db, clock) == [EpochState.CURRENT, EpochState.DESTROYED]


async def test_nonces_that_nobody_could_use_are_forgotten(db: Database) -> None:
    await served(db)
    key = await added(db)
    async with db.transaction() as conn:
        await checked(conn, a_request(), key)
    await keep_partner_keys(ManualClock(NOW + timedelta(seconds=NONCE_S + 1)))(db, {})
    async with db.connection() as conn:
        row = await (await conn.execute(b"select count(*) from benefit_partner_nonce")).fetchone()
    assert row == (0,)
