"""What a settlement file costs: a million completed orders, beside the bare COPY of the same lines.

`freeze`: what the files of the month say of customers is kept, masked and hashed. `bare_copy`: the lines of the file
are read, and thrown away. `file`: the same, hashed, compressed, hashed again, written and signed, in turns with the
bare one. `memory`: by how much the process grows while it writes them, beside 100 MB.

    .venv/bin/python bench/settlement.py [--orders 1000000] [--rounds 3] [--json]
"""

import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from figures import arguments, line, tell
from opsdesk.access import Actor
from opsdesk.app import process
from opsdesk.app.wiring import MIGRATION_STEPS
from opsdesk.benefits.rules import midnight
from opsdesk.benefits.settlement import making, periods
from opsdesk.benefits.settlement.keys import SettlementKeys
from opsdesk.benefits.settlement.months import Calendar
from opsdesk.kit.db import Database
from opsdesk.kit.embedded import EmbeddedServer
from opsdesk.kit.log import bound
from opsdesk.kit.migrate import migrate
from opsdesk.kit.sql import statements

MONTH, PROVIDER = date(2025, 12, 1), "airport"
CLOSED = datetime.fromisoformat("2026-01-03T01:00:00+08:00")
OPERATOR = Actor(id="cli:bench", name="bench", roles=frozenset(), scopes=frozenset())
KEYS = SettlementKeys(Ed25519PrivateKey.generate(), b"customers", b"addresses")
GROWTH_MB = 100.0
LOOK_S = 0.02

_SQL = statements(__file__)


@asynccontextmanager
async def bank(orders: int) -> AsyncIterator[Database]:
    """A scratch database, with a month of this many orders, of one customer in four orders."""
    with tempfile.TemporaryDirectory(prefix="opsdesk-bench-") as folder, EmbeddedServer(Path(folder)) as url:
        await migrate(url, steps=MIGRATION_STEPS)
        db = Database(url)
        await db.open()
        try:
            async with db.connection() as conn:
                for name in ("catalogue", "customers", "orders"):
                    await conn.execute(_SQL[name], {"orders": orders, "customers": max(orders // 4, 1)})
                await conn.execute(b"vacuum analyze")
            yield db
        finally:
            await db.close()


async def bare_copy(db: Database) -> float:
    """How long the database and the driver need to hand over the lines."""
    about = {"provider": PROVIDER, "month": MONTH, "begin": midnight(MONTH)}
    lines = statements(making.__file__)["lines"]
    began = time.perf_counter()
    async with db.transaction() as conn, conn.cursor() as cursor, cursor.copy(lines, about) as copy:
        async for _ in copy:
            pass
    return time.perf_counter() - began


async def file(db: Database, folder: Path) -> float:
    """How long the file takes, with its manifest."""
    began = time.perf_counter()
    async with db.transaction() as conn:
        made = await making.make_file(conn, provider=PROVIDER, month=MONTH, closed_at=CLOSED, path=folder / "file")
    made.signed(KEYS)
    return time.perf_counter() - began


class Watch:
    """The most memory that this process had, from when on it is watched."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.before = self.most = self._process.memory_info().rss
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def growth_mb(self) -> float:
        return (self.most - self.before) / 2**20

    def _look(self) -> None:
        while not self._ended.wait(LOOK_S):
            self.most = max(self.most, self._process.memory_info().rss)


async def measured(orders: int, rounds: int) -> list[dict[str, Any]]:
    async with bank(orders) as db:
        async with db.transaction() as conn:
            await periods.close_period(conn, MONTH, calendar=Calendar(), actor=OPERATOR, now=CLOSED)
        began = time.perf_counter()
        async with db.transaction() as conn:
            keys = {PROVIDER: KEYS.customer_key(PROVIDER)}
            await periods.freeze_customers(conn, MONTH, keys, now=CLOSED)
        frozen = time.perf_counter() - began
        bare, made = [], []
        with tempfile.TemporaryDirectory(prefix="opsdesk-bench-") as folder, Watch() as watch:
            for _ in range(rounds):
                bare.append(await bare_copy(db))
                made.append(await file(db, Path(folder)))
            size = (Path(folder) / "file").stat().st_size
    limit, value = orders / median(bare), orders / median(made)
    return [
        line("freeze", orders / 4 / frozen, "rows/s"),
        line("bare_copy", limit, "lines/s"),
        line("file", value, "lines/s", limit=limit, at_least=0.6),
        line("file_size", size / 2**20, "MB"),
        line("memory", watch.growth_mb, "MB", limit=GROWTH_MB, at_most=1.0),
    ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with bound(request_id="bench"):
        return tell(process.run(measured(options.orders, options.rounds)), options)


if __name__ == "__main__":
    sys.exit(main())
