"""Redemptions that come at the same moment are asked for together, by the rules that the settings give."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from opsdesk import benefits
from opsdesk.kit.clock import Clock
from opsdesk.kit.coalescing import Coalescer
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.http_requests import database_now
from opsdesk.kit.settings import Settings


def benefit_rules(settings: Settings) -> benefits.rules.Rules:
    """What the settings say of benefits."""
    return benefits.rules.Rules(
        aum_min_fen=settings.benefit_aum_min_fen,
        list_age_days_max=settings.benefit_list_days,
        bookable_days=settings.benefit_days,
        expiry_by=benefits.rules.ExpiryBy(settings.benefit_expiry_by),
        quote_s=settings.benefit_quote_s,
        skew_s=settings.benefit_skew_s,
    )


@asynccontextmanager
async def redemptions(
    settings: Settings, database: Database, clock: Clock
) -> AsyncIterator["benefits.redeeming.Redeem"]:
    """What asks for one of them; those that wait are answered before the block ends."""
    rules = benefit_rules(settings)

    async def ask_many(
        conn: Connection, wanted: Sequence["benefits.redeeming.Redemption"]
    ) -> Sequence["benefits.model.Answer"]:
        now = await database_now(conn, clock)
        return await benefits.redeeming.redeem_many(conn, wanted, rules=rules, now=now)

    together = Coalescer(database, ask_many)
    try:
        yield together.ask
    finally:
        await together.stop()
