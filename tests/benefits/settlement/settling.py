"""Months that are settled in tests: orders that were completed in them, and the files that come of it."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from opsdesk.benefits import catalogue
from opsdesk.benefits.catalogue import Provider
from opsdesk.benefits.model import Order
from opsdesk.benefits.rules import Rules
from opsdesk.benefits.settlement.issuing import Settled, Settlement, settle
from opsdesk.benefits.settlement.keys import SettlementKeys
from opsdesk.benefits.settlement.months import Calendar, read_month
from opsdesk.benefits.settlement.stores import FolderStore
from opsdesk.kit.db import Connection, Database
from tests.actors import actor
from tests.benefits.making import DENTAL, LOUNGE, booked, completed, listed, put, read, redeemed
from tests.points.moving import BANK, granted

OPERATOR = actor("person:operator@example.com")
KEYS = SettlementKeys(Ed25519PrivateKey.from_private_bytes(bytes(range(32))), b"customers", b"addresses")
RULES = Rules(list_age_days_max=1000)
THIRD = datetime.fromisoformat("2026-01-03T01:00:00+08:00")
"""When December is closed."""


def moment(text: str) -> datetime:
    """`2025-12-31 23:59:59.999`, in Shanghai."""
    return datetime.fromisoformat(f"{text}+08:00")


async def furnish(conn: Connection) -> None:
    """Two providers with a service each and a rich customer, before the months that are settled."""
    now = moment("2025-10-01 08:00:00")
    for name in ("airport", "clinic"):
        await catalogue.put_provider(conn, Provider(name, f"服务商{name}", name), actor=BANK, now=now)
    await put(conn, LOUNGE)
    await put(conn, DENTAL)
    await listed(conn, {"C-1": 50_000_000}, day=date(2025, 10, 1), now=now)


async def furnish_month(db: Database) -> None:
    """A month that was settled, of which the files themselves are kept nowhere for long."""
    async with db.transaction() as conn:
        await furnish(conn)
    await done(db, "2025-12-21 10:00:00")
    with TemporaryDirectory() as folder:
        await settled(db, settlement_in(Path(folder)))


def settlement_in(folder: Path) -> Settlement:
    return Settlement(
        store=FolderStore(folder / "store"),
        keys=KEYS,
        calendar=Calendar(),
        work_dir=folder / "work",
        base_url="https://bank.example.com",
    )


async def done(db: Database, at: str, *, heard: str | None = None) -> Order:
    """An order of the lounge that was performed at this time in Shanghai, and reported then or later."""
    performed = moment(at)
    order = await redeemed_at(db, performed - timedelta(days=1))
    assert (await booked(db, order, now=performed - timedelta(hours=1))).is_ok
    now = moment(heard) if heard else performed
    answer = await completed(db, order, at=performed, now=now)
    assert answer.is_ok, answer
    return await read(db, order)


async def redeemed_at(db: Database, now: datetime) -> Order:
    """An order of the lounge for C-1, who got the points for it; however old the list of customers is."""
    await granted(db, 100, expires_at=now + timedelta(days=300), now=now)
    [answer] = await redeemed(db, now=now, rules=RULES)
    assert answer.is_ok, answer
    return await read(db, answer)


async def settled(
    db: Database, settlement: Settlement, *, month: str | None = "2025-12", now: datetime = THIRD
) -> Settled:
    wanted = read_month(month) if month else None
    return await settle(db, settlement, month=wanted, actor=OPERATOR, now=now)


@dataclass(frozen=True, slots=True)
class Read:
    """What is in a file."""

    head: Sequence[str]
    lines: Sequence[Sequence[str]]
    tail: Sequence[str]


def read_file(folder: Path, name: str) -> Read:
    head, *lines, tail = gzip.decompress((folder / "store" / name).read_bytes()).decode().splitlines()
    return Read(head.split("|"), [line.split("|") for line in lines], tail.split("|"))
