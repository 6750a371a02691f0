"""The API keys of the demo: made when it starts, shown once, and revoked when it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opsdesk import access
from opsdesk.access import Scope
from opsdesk.app.wiring import Opsdesk

PORTAL, REVIEWER, ENGINE, BANK = "demo-portal", "demo-reviewer", "demo-anti-fraud", "demo-bank"
"""Nobody else's keys are called so: what has these names is revoked."""
_ENGINE_SCOPES = (Scope.APPLICATIONS_READ, Scope.APPLICATIONS_WRITE)
_BANK_SCOPES = (Scope.BENEFITS_READ, Scope.BENEFITS_ORDER, Scope.BENEFITS_BUS, Scope.POINTS_READ)
REVIEWER_ROLE = "compliance_officer"
_PORTAL_SCOPES = (
    Scope.PROCEDURES_READ,
    Scope.PROCEDURES_WRITE,
    Scope.RUNS_READ,
    Scope.RUNS_WRITE,
    Scope.TICKETS_READ,
)
_REVIEWER_SCOPES = (Scope.RUNS_READ, Scope.TICKETS_READ, Scope.TICKETS_DECIDE, Scope.PERSONAL_READ)


@dataclass(frozen=True, slots=True)
class DemoKey:
    name: str
    purpose: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DemoKeys:
    portal: DemoKey
    """Of the system in which customers apply."""
    reviewer: DemoKey
    """Of a person of another name, because nobody decides what they have asked for themselves."""
    engine: DemoKey
    """Of the anti-fraud engine, which hands applications in."""
    bank: DemoKey
    """Of the channels of the bank and its bus."""


@asynccontextmanager
async def demo_keys(opsdesk: Opsdesk) -> AsyncIterator[DemoKeys]:
    """Keys for as long as the block runs. Those that a killed demo left behind end here too."""
    await _revoke_all(opsdesk)
    now = opsdesk.clock.now()
    actor = access.local_actor(())
    async with opsdesk.database.transaction() as conn:
        portal = await access.keys.create_key(conn, name=PORTAL, scopes=_PORTAL_SCOPES, roles=(), actor=actor, now=now)
        reviewer = await access.keys.create_key(
            conn, name=REVIEWER, scopes=_REVIEWER_SCOPES, roles=[REVIEWER_ROLE], actor=actor, now=now
        )
        engine = await access.keys.create_key(conn, name=ENGINE, scopes=_ENGINE_SCOPES, roles=(), actor=actor, now=now)
        bank = await access.keys.create_key(conn, name=BANK, scopes=_BANK_SCOPES, roles=(), actor=actor, now=now)
    try:
        yield DemoKeys(
            portal=DemoKey(PORTAL, "stores procedures, starts and reads runs", portal.key),
            reviewer=DemoKey(REVIEWER, f"role {REVIEWER_ROLE}: decides tickets", reviewer.key),
            engine=DemoKey(ENGINE, "hands applications in, and asks what became of them", engine.key),
            bank=DemoKey(BANK, "redeems, refunds and makes links for customers", bank.key),
        )
    finally:
        await _revoke_all(opsdesk)


async def _revoke_all(opsdesk: Opsdesk) -> None:
    async with opsdesk.database.transaction() as conn:
        for key in await access.keys.list_keys(conn):
            if key.name in (PORTAL, REVIEWER, ENGINE, BANK) and key.revoked_at is None:
                await access.keys.revoke_key(conn, key_id=key.id, actor=access.local_actor(()), now=opsdesk.clock.now())
